// Trying a policy before it decides anything: one call, and the calls that were.

import t from "../texts.js";
import { api } from "./api.js";
import { code, fill, foreign, h, icon, marked } from "./dom.js";
import { number, share } from "./format.js";
import { parse } from "./json.js";
import { button, empty, field, input, notice, outcomeBadge, run, select, sheet, skeleton, table } from "./ui.js";
import { argumentsOf, step } from "./tools.js";

/** An example of arguments that a schema lets through. */
function example(tool) {
  const value = {};
  for (const each of argumentsOf(tool.input_schema ?? tool.inputSchema)) {
    if (!each.required || (each.path.match(/[.[]/g) ?? []).length !== 1) continue;
    const name = each.path.startsWith("args.") ? each.path.slice(5) : JSON.parse(each.path.slice(5, -1));
    const type = each.types[0];
    value[name] = each.schema.enum?.[0] ?? each.schema.default ?? { string: "text", number: each.schema.minimum ?? 1, integer: Math.max(1, each.schema.minimum ?? 1), boolean: true, array: [], object: {} }[type] ?? null;
  }
  return JSON.stringify(value, null, 2);
}

/** One call against the document as it stands, with every step. */
export function callTester(view) {
  const tool = view.tools.length ? select(view.tools.map((each) => [each.name, each.name]), view.route.query.get("tool") ?? view.tools[0].name) : input({ placeholder: "create_lead" });
  const args = h("textarea", { rows: 8, class: "mono", spellcheck: "false" });
  const start = () => {
    const chosen = view.tools.find((each) => each.name === tool.value);
    args.value = chosen ? example(chosen) : "{}";
  };
  tool.addEventListener("change", start);
  start();
  const result = h("div", { "aria-live": "polite" });
  const go = button(t.trial.judge, { kind: "primary", glyph: "play", type: "submit" });
  const label = input({ placeholder: "ci-runner" });
  const form = h("form", { class: "stack", novalidate: true }, field(t.decisions.tool, tool), field(t.trial.arguments, args, { hint: t.trial.argumentsHint }), field(t.trial.grant, label, { optional: true }), h("div", { class: "row" }, go), result);
  sheet(t.builder.test, form, { subtitle: t.trial.lead });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      parse(args.value || "{}");
    } catch (error) {
      args.closest(".field").setError(error.line ? `${t.builder.line(error.line)}: ${error.message}` : error.message);
      return;
    }
    run(go, async () => {
      const call = `{"tool":${JSON.stringify(tool.value)},"arguments":${args.value || "{}"}${label.value ? `,"grant":{"label":${JSON.stringify(label.value)}}` : ""}}`;
      const answer = await api.request("POST", "/policy/explain", { rawBody: `{"document":${view.text},"call":${call}${view.policy.server ? `,"server":${JSON.stringify(view.policy.server)}` : ""}}` });
      const decision = answer.decisions?.[0] ?? answer.decision ?? answer;
      fill(result, h("div", { class: "verdict" }, h("div", { class: "row" }, outcomeBadge(decision.outcome), decision.rule && code(decision.rule)), decision.message && h("p", null, foreign(decision.message)),
        (decision.steps ?? []).length > 0 && h("ol", { class: "trace" }, decision.steps.map((each) => h("li", { dataset: { tone: { held: "good", reserved: "good", failed: "bad", refused: "bad", shadow: "accent" }[each.result] ?? "off" } }, h("span", { class: "trace-mark" }, icon({ held: "check", reserved: "check", failed: "cross", refused: "cross" }[each.result] ?? "minus")), h("div", { class: "grow" }, code(each.rule), h("span", { class: "sub" }, t.step[each.result] ?? each.result)))))));
    });
  });
}

/** What the document would have done to the calls that were. */
export function previewPanel(view) {
  const place = h("div", { class: "stack" }, skeleton(5));
  const amount = select([["200", t.trial.last(200)], ["1000", t.trial.last(1000)], ["5000", t.trial.last(5000)]], "1000", { "aria-label": t.trial.howMany });
  const load = async () => {
    fill(place, skeleton(5));
    try {
      const answer = await api.request("POST", "/policy/preview", { rawBody: `{"policy":${JSON.stringify(view.name)},"document":${view.text},"last":${amount.value}}` });
      fill(place, previewBody(answer));
    } catch (error) {
      fill(place, notice("bad", h("strong", null, marked(error.message)), error.remedy && h("p", null, marked(error.remedy))));
    }
  };
  amount.addEventListener("change", load);
  sheet(t.builder.impact, [h("div", { class: "row" }, amount), place], { wide: true, subtitle: t.trial.impactLead });
  load();
}

function previewBody(answer) {
  const changed = answer.changed ?? [];
  const sum = changed.reduce((all, each) => all + (each.count ?? 1), 0);
  const judged = answer.judged ?? 0;
  const unjudged = answer.unjudged ?? 0;
  if (!judged && !unjudged) return empty("history", t.trial.noneTitle, t.trial.noneText);
  return [
    h("div", { class: "grid" }, [[t.trial.judged, number(judged), t.trial.ofRecorded(number(judged + unjudged))], [t.trial.changed, number(sum), share(sum, judged)], [t.trial.unjudged, number(unjudged), t.trial.unjudgedText]].map(([label, value, note]) => h("section", { class: "card figure-card span-4" }, h("h3", null, label), h("p", { class: "figure" }, value), h("p", { class: "muted" }, note)))),
    changed.length ? table(t.trial.changed, [
      { label: t.decisions.tool, cell: (row) => foreign(row.tool ?? "–") },
      { label: t.trial.was, className: "shrink", cell: (row) => outcomeBadge(row.from) },
      { label: t.trial.becomes, className: "shrink", cell: (row) => outcomeBadge(row.to) },
      { label: t.decisions.rule, cell: (row) => (row.rule ? code(row.rule, "rule-cell clip") : h("span", { class: "muted" }, "–")) },
      { label: t.trial.calls, className: "end shrink", cell: (row) => number(row.count ?? 1) },
    ], changed) : notice("good", t.trial.nothingChanges),
    (answer.unjudged_reasons ?? []).length > 0 && notice("info", h("strong", null, t.trial.honest), h("ul", { class: "bullets" }, answer.unjudged_reasons.map((each) => h("li", null, typeof each === "string" ? each : `${number(each.count)} × ${each.reason}`)))),
  ];
}
