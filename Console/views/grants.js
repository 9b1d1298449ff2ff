// Grants: one token for one agent, on one server or bundle, under one policy.

import t from "../texts.js";
import { api, itemsOf, seg } from "../lib/api.js";
import { fill, foreign, h, icon, marked } from "../lib/dom.js";
import { absoluteText, dayText, when } from "../lib/format.js";
import { href, setQuery } from "../lib/router.js";
import { operations } from "../lib/operations.js";
import { session } from "../lib/session.js";
import { button, confirm, copyable, copyButton, empty, facts, field, iconButton, input, linkButton, menu, notice, pageHead, run, select, sheet, snippet, stateBadge, table, toast } from "../lib/ui.js";
import { define, View } from "../lib/view.js";
import { decisionRow } from "../lib/decision.js";

const stateTone = { open: "good", overlapping: "wait", expired: "off", revoked: "off" };
const grantState = (grant) => stateBadge(t.grants.states[grant.state] ?? grant.state, stateTone[grant.state] ?? "off", grant.state === "revoked" ? "deny" : grant.state === "expired" ? "clock" : undefined);

const columns = [
  { label: t.grants.label, cell: (row) => h("span", null, foreign(row.label), row.member && h("span", { class: "sub" }, foreign(row.member))) },
  { label: t.grants.state, className: "shrink", cell: grantState },
  { label: t.grants.opens, cell: (row) => h("span", { class: "row nowrap" }, icon(row.bundle ? "stack" : "servers"), foreign(row.server ?? row.bundle ?? "–")) },
  { label: t.grants.policy, cell: (row) => (row.policy ? foreign(row.policy) : row.bundle ? h("span", { class: "muted" }, t.grants.ofBundle) : stateBadge(t.grants.noPolicy, "wait", "error")) },
  { label: t.grants.lastUsed, className: "shrink", cell: (row) => when(row.last_used, t.time.never) },
  { label: t.grants.expires, className: "end shrink", cell: (row) => (row.expires ? h("span", { title: absoluteText(new Date(row.expires)) }, dayText(new Date(row.expires))) : h("span", { class: "muted" }, t.time.never)) },
];

class GrantsView extends View {
  title = t.nav.grants;

  start() {
    if (!this.place) {
      this.place = h("div", { class: "stack" });
      fill(this, pageHead(t.nav.grants, { lead: t.grants.lead, actions: session.administers && h("button", { type: "button", class: "button primary", dataset: { primary: "" }, on: { click: () => setQuery({ new: "yes" }) } }, icon("plus"), h("span", null, t.grants.mint)) }), this.place);
      this.fetch().then(() => this.detail());
    } else {
      this.detail();
    }
    if (this.route.query.has("new") && session.administers) this.mint();
  }

  fetch() {
    return this.load(this.place, () => api.all("/grants"), (list) => {
      this.list = list;
      if (!list.length) return empty("grants", t.grants.emptyTitle, t.grants.emptyText, session.administers && button(t.grants.mint, { kind: "primary", glyph: "plus", action: () => setQuery({ new: "yes" }) }));
      const shown = [...list].sort((a, b) => (a.state === "revoked" || a.state === "expired") - (b.state === "revoked" || b.state === "expired") || a.label.localeCompare(b.label));
      return table(t.nav.grants, columns, shown, { open: (row) => href(["grants"], { id: row.label }), rowClass: (row) => (row.state === "revoked" || row.state === "expired" ? "dimmed" : null) });
    });
  }

  detail() {
    const label = this.route.query.get("id");
    if (!label || this.opened === label) return;
    const grant = this.list?.find((each) => each.label === label || each.id === label);
    if (!grant) return;
    this.opened = label;
    const shown = sheet(foreign(grant.label), this.body(grant, () => shown.close()), {
      onClose: () => {
        this.opened = null;
        if (this.isConnected && location.hash.startsWith("#/grants")) setQuery({ id: null });
      },
    });
    shown.element.addEventListener("click", (event) => event.target.closest("a[href^='#/']") && shown.close());
  }

  body(grant, close) {
    const recent = h("ol", { class: "feed boxed" }, h("li", { class: "muted pad-in" }, t.register.loading));
    if (operations.has("GET /decisions")) api.get("/decisions", { grant: grant.label, limit: 6 }).then((page) => {
      const rows = itemsOf(page);
      fill(recent, rows.length ? rows.map((each) => h("li", null, decisionRow(each))) : h("li", { class: "muted pad-in" }, t.grants.noCalls));
    }, () => fill(recent));
    const open = grant.state !== "revoked" && grant.state !== "expired";
    const policyPlace = h("div");
    fill(policyPlace, grant.policy ? h("a", { href: href(["policies", grant.policy]) }, foreign(grant.policy)) : grant.bundle ? t.grants.ofBundle : stateBadge(t.grants.noPolicy, "wait", "error"),
      session.manages && open && !grant.bundle && [" ", button(t.grants.change, { small: true, kind: "quiet", action: () => this.changePolicy(grant, close) })]);
    return [
      !grant.policy && !grant.bundle && open && notice("wait", t.grants.noPolicyText),
      facts([[t.grants.state, grantState(grant)], [t.grants.opens, grant.server ? h("a", { href: href(["servers", grant.server]) }, foreign(grant.server)) : foreign(grant.bundle)], [t.grants.policy, policyPlace],
        [t.grants.owner, grant.member ? foreign(grant.member) : h("span", { class: "muted" }, t.grants.nobody)], [t.grants.lastUsed, when(grant.last_used)], [t.grants.expires, grant.expires ? absoluteText(new Date(grant.expires)) : t.time.never],
        [t.grants.generation, grant.generation > 1 ? t.grants.rotated(grant.generation - 1) : null], [t.grants.overlapEnds, grant.overlap_ends && when(grant.overlap_ends)], [t.grants.revoked, grant.revoked && when(grant.revoked)],
        [t.grants.made, h("span", null, when(grant.created), " ", h("span", { class: "muted" }, foreign(grant.created_by ?? "")))], [t.grants.identity, copyable(grant.id, grant.id.slice(0, 8))]]),
      session.administers && h("div", { class: "row" }, open && button(t.grants.rotate, { glyph: "refresh", action: () => this.rotate(grant, close) }), open && button(t.grants.revoke, { glyph: "deny", action: () => this.revoke(grant, close) }),
        h("span", { class: "grow" }), menu(iconButton("more", t.server.more), [{ label: t.grants.remove, glyph: "trash", danger: true, action: () => this.remove(grant, close) }])),
      operations.has("GET /decisions") && h("section", null, h("div", { class: "row spread" }, h("h3", null, t.grants.recent), linkButton(t.overview.all, href(["decisions"], { grant: grant.label }), { kind: "quiet", small: true })), recent),
    ];
  }

  async changePolicy(grant, close) {
    const policies = (await api.all("/policies")).filter((each) => !each.server || each.server === grant.server);
    const choice = select([["", t.grants.noPolicy], ...policies.map((each) => [each.name])], grant.policy ?? "");
    const before = grant.policy;
    const changed = await confirm({
      title: t.grants.changeTitle(grant.label), danger: false, confirmLabel: t.action.save, what: h("p", { class: "muted" }, t.grants.changeText), extra: field(t.grants.policy, choice),
      action: () => api.put(`/grants/${seg(grant.label)}/policy`, { policy: choice.value || null }, { match: grant.etag }),
    });
    if (!changed) return;
    close();
    toast(t.grants.changed(grant.label, choice.value), { undo: async () => { await api.put(`/grants/${seg(grant.label)}/policy`, { policy: before ?? null }); await this.fetch(); } });
    await this.fetch();
  }

  async rotate(grant, close) {
    const overlap = select([["0s", t.grants.overlap.none], ["1h", t.grants.overlap.hour], ["24h", t.grants.overlap.day]], "0s");
    let answer;
    const done = await confirm({
      title: t.grants.rotateTitle(grant.label), danger: false, confirmLabel: t.grants.rotate, what: h("p", null, t.grants.rotateText), extra: field(t.grants.overlap.label, overlap, { hint: t.grants.overlap.hint }),
      action: async () => { answer = await api.post(`/grants/${seg(grant.label)}/rotate`, overlap.value === "0s" ? {} : { overlap: overlap.value }, { idempotent: true }); },
    });
    if (!done) return;
    close();
    showToken(answer, grant.label);
    await this.fetch();
  }

  async revoke(grant, close) {
    const done = await confirm({
      title: t.grants.revokeTitle(grant.label), confirmLabel: t.grants.revoke, what: h("p", null, t.grants.revokeText(grant.label, grant.server ?? grant.bundle)),
      action: () => api.post(`/grants/${seg(grant.label)}/revoke`, {}),
    });
    if (!done) return;
    close();
    toast(t.grants.revokedDone(grant.label));
    await this.fetch();
  }

  async remove(grant, close) {
    const done = await confirm({ title: t.grants.removeTitle(grant.label), type: grant.label, confirmLabel: t.grants.remove, what: h("p", null, t.grants.removeText), action: () => api.del(`/grants/${seg(grant.label)}`, undefined, { match: grant.etag }) });
    if (!done) return;
    close();
    toast(t.grants.removed(grant.label));
    await this.fetch();
  }

  async mint() {
    if (this.minting) return;
    this.minting = true;
    const [servers, bundles, policies, members] = await Promise.all([api.all("/servers"), api.all("/bundles").catch(() => []), api.all("/policies"), api.all("/members").catch(() => [])]);
    const wanted = this.route.query;
    const end = () => {
      this.minting = false;
      if (this.isConnected && location.hash.startsWith("#/grants")) setQuery({ new: null, server: null, policy: null });
    };
    if (!servers.length) {
      const shown = sheet(t.grants.mint, empty("servers", t.grants.noServerTitle, t.grants.noServerText, linkButton(t.servers.add, "#/servers?add=", { kind: "primary" })), { onClose: end });
      shown.element.addEventListener("click", (event) => event.target.closest("a") && shown.close());
      return;
    }
    const label = input({ name: "label", required: true, placeholder: "ana-laptop", maxlength: 64, spellcheck: "false", autofocus: true });
    const target = select([{ group: t.nav.servers, options: servers.map((each) => ["s:" + each.name, each.name]) }, ...(bundles.length ? [{ group: t.servers.bundles, options: bundles.map((each) => ["b:" + each.name, each.name]) }] : [])], "s:" + (wanted.get("server") || servers[0].name));
    const policy = h("select");
    const fit = () => {
      const server = target.value.startsWith("s:") ? target.value.slice(2) : null;
      const fitting = policies.filter((each) => !each.server || each.server === server);
      fill(policy, h("option", { value: "" }, t.grants.noPolicyChoice), fitting.map((each) => h("option", { value: each.name }, each.name)));
      policy.value = fitting.find((each) => each.name === wanted.get("policy"))?.name ?? fitting[0]?.name ?? "";
      policyField.hidden = !server;
    };
    const member = select([["", t.grants.nobody], ...members.filter((each) => each.active !== false).map((each) => [each.label, each.label])], "");
    const expires = select([["30d", t.grants.expiry["30d"]], ["90d", t.grants.expiry["90d"]], ["365d", t.grants.expiry["365d"]], ["never", t.grants.expiry.never]], "90d");
    const policyField = field(t.grants.policy, policy, { hint: t.grants.policyHint });
    const problem = h("div", { role: "alert" });
    const submit = button(t.grants.mint, { kind: "primary", type: "submit", glyph: "grants" });
    const form = h("form", { class: "stack", novalidate: true }, field(t.grants.label, label, { hint: t.grants.labelHint }), field(t.grants.opens, target), policyField, h("div", { class: "fields" }, field(t.grants.owner, member, { hint: t.grants.ownerHint }), field(t.grants.expires, expires)), problem, h("div", { class: "row" }, submit));
    target.addEventListener("change", fit);
    fit();
    const shown = sheet(t.grants.mint, form, { subtitle: t.grants.mintText, onClose: end });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!label.value.trim()) return label.closest(".field").setError(t.form.required);
      return run(submit, async () => {
        const body = { label: label.value.trim(), [target.value.startsWith("b:") ? "bundle" : "server"]: target.value.slice(2) };
        if (policy.value && body.server) body.policy = policy.value;
        if (member.value) body.owner = member.value;
        if (expires.value !== "never") body.expires = new Date(Date.now() + parseInt(expires.value, 10) * 86400000).toISOString();
        try {
          const answer = await api.post("/grants", body, { idempotent: true });
          shown.close();
          showToken(answer, body.label);
          await this.fetch();
        } catch (error) {
          const about = (error.errors ?? []).find((each) => each.pointer === "/label");
          if (about) label.closest(".field").setError(about.message);
          fill(problem, notice("bad", h("strong", null, marked(error.message)), error.remedy && h("p", null, marked(error.remedy))));
        }
      });
    });
  }
}

/** The token, once, and what to paste into each client. */
function showToken(answer, label) {
  const token = answer?.token;
  if (!token) return toast(t.grants.tokenGone, { tone: "info" });
  const setup = Array.isArray(answer.setup) ? answer.setup : Object.entries(answer.setup ?? {}).map(([client, text]) => (typeof text === "string" ? { client, text } : { client, ...text }));
  const place = h("div", { class: "stack tight" });
  const show = (each) => {
    for (const choice of choices.children) choice.setAttribute("aria-pressed", String(choice.dataset.client === each.client));
    fill(place, each.place && h("p", { class: "muted" }, each.place), snippet(pretty(each.text ?? each.snippet ?? ""), { label: t.grants.snippetFor(each.client) }));
  };
  const choices = h("div", { class: "row client-choices" }, setup.map((each) => h("button", { type: "button", class: "button small", dataset: { client: each.client }, "aria-pressed": "false", on: { click: () => show(each) } }, t.grants.clients[each.client] ?? each.client)));
  const shown = sheet(t.grants.madeTitle(label), [
    notice("wait", h("strong", null, t.grants.once), h("p", null, t.grants.onceText)),
    h("section", { class: "stack tight" }, h("h3", null, t.grants.token), h("div", { class: "token-box" }, h("code", { class: "grow", translate: "no", dataset: { token: "" } }, token), copyButton(token, t.grants.copyToken, { withText: true }))),
    answer.endpoint && h("section", { class: "stack tight" }, h("h3", null, t.server.endpoint), copyable(answer.endpoint)),
    setup.length > 0 && h("section", { class: "stack tight" }, h("h3", null, t.grants.paste), choices, place),
    h("p", { class: "muted" }, t.grants.watch, " ", h("a", { href: href(["decisions"], { grant: label }), on: { click: () => shown.close() } }, t.grants.watchLink)),
  ], { wide: true, actions: [button(t.grants.kept, { kind: "primary", action: () => shown.close() })] });
  if (setup.length) show(setup[0]);
  return undefined;
}

/** JSON over several lines; anything else as it is. */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export default define("tg-grants", GrantsView);
