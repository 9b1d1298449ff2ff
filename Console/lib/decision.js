// One decision: as a line, and as a page with the steps that led to it.

import t from "../texts.js";
import { api, seg } from "./api.js";
import { code, fill, foreign, h, icon } from "./dom.js";
import { absoluteText, microseconds, timeText, when } from "./format.js";
import { href } from "./router.js";
import { session } from "./session.js";
import { copyable, copyButton, facts, linkButton, notice, outcomeBadge, problemPanel, sheet, skeleton } from "./ui.js";

/** What opens a decision again. */
export const idOf = (decision) => decision.id ?? decision.request_id;

export const nameOf = (decision) => decision.tool ?? decision.prompt ?? decision.resource ?? decision.method ?? "–";

/** A line of a feed. */
export function decisionRow(decision) {
  return h("a", { class: "feed-row", href: href(["decisions"], { id: idOf(decision) }), dataset: { row: "" } },
    h("time", { class: "muted mono", datetime: decision.time, title: absoluteText(new Date(decision.time)) }, timeText(new Date(decision.time))), outcomeBadge(decision.outcome),
    h("strong", { class: "clip" }, foreign(nameOf(decision))), h("span", { class: "muted clip grow hide-narrow" }, foreign(decision.server ?? ""), " · ", foreign(decision.grant ?? "–")));
}

/** Where in a policy a rule points, as an address of the builder; nothing for rules in parentheses. */
function ruleLink(decision) {
  if (!decision.rule) return h("span", { class: "muted" }, t.decisions.noRule);
  if (!decision.policy || !decision.rule.startsWith("/")) return code(decision.rule);
  const key = decision.rule.startsWith("/tools/") ? decision.rule.split("/")[2].replaceAll("~1", "/").replaceAll("~0", "~") : undefined;
  return h("a", { href: href(["policies", decision.policy], { tool: key }) }, code(decision.rule));
}

const stepTone = { held: "good", failed: "bad", refused: "bad", reserved: "good", skipped: "off", shadow: "accent" };

function steps(decision) {
  const list = decision.steps ?? [];
  const last = h("li", { class: "trace-end", dataset: { outcome: decision.outcome } }, outcomeBadge(decision.outcome), h("div", { class: "grow" }, decision.message && h("p", null, foreign(decision.message)), ruleMeaning(decision.rule)));
  return h("ol", { class: "trace" }, list.map((step) => h("li", { dataset: { tone: stepTone[step.result] ?? "off" } },
    h("span", { class: "trace-mark" }, icon({ held: "check", reserved: "check", failed: "cross", refused: "cross", shadow: "hide", skipped: "minus" }[step.result] ?? "minus")),
    h("div", { class: "grow" }, step.rule ? code(step.rule) : null, step.text && h("p", { class: "muted" }, foreign(step.text)), h("span", { class: "sub" }, t.step[step.result] ?? step.result)))), last);
}

/** What a rule in parentheses means. */
const ruleMeaning = (rule) => (t.ruleMeaning[rule] ? h("p", { class: "muted" }, t.ruleMeaning[rule]) : null);

function body(decision) {
  const end = decision.end ?? {};
  return [
    h("section", null, h("h3", null, t.decisions.why), steps(decision)),
    decision.shadow && notice("info", t.decisions.shadow(t.outcome[decision.shadow.outcome] ?? decision.shadow.outcome), " ", code(decision.shadow.rule)),
    h("section", null, h("h3", null, t.decisions.facts), facts([
      [t.decisions.time, h("span", null, absoluteText(new Date(decision.time)), " ", h("span", { class: "muted" }, "(", when(decision.time), ")"))],
      [t.decisions.grant, decision.grant && h("a", { href: href(["grants"], { id: decision.grant }) }, foreign(decision.grant))],
      [t.decisions.server, decision.server && h("a", { href: href(["servers", decision.server]) }, foreign(decision.server))],
      [t.decisions.tool, decision.tool && h("a", { href: href(["servers", decision.server, "tools"], { tool: decision.tool }) }, foreign(decision.tool))],
      [t.decisions.method, code(decision.method)],
      [t.decisions.policy, decision.policy && h("a", { href: href(["policies", decision.policy]) }, foreign(decision.policy), decision.policy_version && h("span", { class: "muted" }, " ", String(decision.policy_version).slice(0, 12)))],
      [t.decisions.rule, ruleLink(decision)],
      [t.decisions.keys, decision.argument_keys?.length ? h("span", { class: "chips" }, decision.argument_keys.map((key) => code(key, "chip"))) : h("span", { class: "muted" }, t.decisions.noKeys)],
      [t.decisions.client, decision.client && h("span", null, foreign(decision.client.name ?? ""), " ", h("span", { class: "muted" }, foreign(decision.client.version ?? ""), " ", t.decisions.selfSaid))],
      [t.decisions.result, end.result && (t.result[end.result] ?? end.result)],
      [t.decisions.upstream, end.upstream_status ?? decision.upstream_status],
      [t.decisions.took, end.duration_us !== undefined ? microseconds(end.duration_us) : decision.gateway_us !== undefined ? microseconds(decision.gateway_us) : null],
      [t.decisions.revision, decision.revision && code(decision.revision)],
      [t.decisions.request, copyable(decision.request_id ?? idOf(decision))],
    ])),
  ];
}

/** Opens a decision at the side. */
export function openDecision(id, { onClose, known } = {}) {
  const place = h("div", { class: "stack roomy" }, known ? body(known) : skeleton(6));
  const shown = sheet(known ? h("span", { class: "row" }, foreign(nameOf(known))) : t.decisions.one, place, { onClose });
  api.get(`/decisions/${seg(id)}`).then((decision) => {
    fill(shown.element.querySelector("h2"), foreign(nameOf(decision)));
    fill(place, body(decision), h("div", { class: "row" }, copyButton(() => JSON.stringify(decision, null, 2), t.action.copyJson, { withText: true }),
      session.manages && decision.policy && decision.tool && linkButton(t.decisions.makeRule, href(["policies", decision.policy], { tool: decision.tool }), { small: true, glyph: "policies" })));
    place.addEventListener("click", (event) => event.target.closest("a") && shown.close());
  }, (error) => {
    if (!known) fill(place, problemPanel(error));
  });
  return shown;
}
