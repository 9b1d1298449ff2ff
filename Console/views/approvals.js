// Calls that wait for a person: what would be done, by whom, and the two answers.

import t from "../texts.js";
import { api, itemsOf, seg } from "../lib/api.js";
import { code, fill, foreign, h } from "../lib/dom.js";
import { countdown, when } from "../lib/format.js";
import { href, setQuery } from "../lib/router.js";
import { session } from "../lib/session.js";
import { button, classBadge, confirm, copyable, empty, facts, field, input, notice, pageHead, segmented, severityBadge, skeleton, stateBadge, table, toast, problemPanel } from "../lib/ui.js";
import { define, View } from "../lib/view.js";
import { argumentsOf, classOf, loadTools, step, typeWord } from "../lib/tools.js";

const standingTone = { pending: "wait", approved: "good", used: "good", denied: "bad", lapsed: "off", expired: "off" };
const reasons = ["not-now", "wrong", "ask", "person"];

class ApprovalsView extends View {
  title = t.nav.approvals;

  start() {
    this.tab = this.route.query.get("show") === "decided" ? "decided" : "pending";
    if (!this.list) {
      this.list = h("div", { class: "inbox-list" });
      this.detail = h("div", { class: "inbox-detail" });
      this.inbox = h("div", { class: "inbox" }, this.list, this.detail);
      this.place = h("div");
      this.every(5000, () => this.fetch(true));
      this.every(1000, () => this.tick());
      this.listen(document, "keydown", (event) => this.key(event));
    }
    fill(this, pageHead(t.nav.approvals, { lead: t.approvals.lead, actions: segmented(t.approvals.show, [["pending", t.approvals.pending], ["decided", t.approvals.decided]], this.tab, (key) => setQuery({ show: key === "decided" ? key : null, id: null })) }), this.place);
    this.fetch(Boolean(this.items) && this.drawnTab === this.tab);
  }

  async fetch(quiet) {
    await this.load(quiet ? h("div") : this.place, () => api.get("/approvals", { limit: 200 }), (page) => {
      const all = itemsOf(page);
      const items = all.filter((each) => (each.standing === "pending") === (this.tab === "pending"));
      const key = this.tab + items.map((each) => each.id + each.standing).join();
      const wanted = this.route.query.get("id");
      if (quiet && key === this.key_) {
        if (wanted && wanted !== this.chosen) this.choose(wanted);
        return null;
      }
      this.key_ = key;
      this.drawnTab = this.tab;
      this.items = items;
      const content = this.tab === "pending" ? this.pending(items) : this.decided(items);
      fill(this.place, content);
      document.dispatchEvent(new Event("toolgate:approvals"));
      return quiet ? null : content;
    }, { quiet, rows: 4, height: 80 });
  }

  pending(items) {
    if (!items.length) {
      this.chosen = null;
      return empty("approvals", t.approvals.emptyTitle, t.approvals.emptyText, h("a", { class: "button", href: "#/policies" }, t.approvals.emptyAction));
    }
    fill(this.list, h("ul", null, items.map((each) => h("li", null, h("a", { class: "inbox-item", href: href(["approvals"], { id: each.id }), dataset: { row: "", id: each.id }, on: { focus: () => matchMedia("(min-width: 901px)").matches && this.choose(each.id) } },
      h("span", { class: "row spread" }, h("strong", { class: "mono clip" }, foreign(each.tool)), h("span", { class: "left muted", dataset: { until: each.lapses } }, each.lapses && countdown(new Date(each.lapses)))),
      h("span", { class: "row spread" }, h("span", { class: "muted clip" }, foreign(each.grant), " · ", foreign(each.server)), (each.class || each.tool_class) && classBadge(each.class ?? each.tool_class, { short: true })))))));
    const wanted = this.route.query.get("id");
    const narrow = matchMedia("(max-width: 900px)").matches;
    const first = items.find((each) => each.id === wanted)?.id ?? (narrow ? null : items[0].id);
    this.chosen = null;
    if (first) this.choose(first);
    else fill(this.detail);
    return this.inbox;
  }

  decided(items) {
    if (!items.length) return empty("approvals", t.approvals.noneDecided, t.approvals.noneDecidedText);
    return table(t.approvals.decided, [
      { label: t.decisions.tool, cell: (row) => h("span", null, foreign(row.tool), h("span", { class: "sub" }, foreign(row.server))) },
      { label: t.approvals.standing, className: "shrink", cell: (row) => stateBadge(t.approvals.standings[row.standing] ?? row.standing, standingTone[row.standing]) },
      { label: t.approvals.by, cell: (row) => foreign(row.decided_by ?? row.by ?? "–") },
      { label: t.approvals.reason, cell: (row) => (row.reason ? foreign(row.reason) : h("span", { class: "muted" }, "–")) },
      { label: t.approvals.asked, cell: (row) => foreign(row.grant) },
      { label: t.approvals.when, className: "end shrink", cell: (row) => when(row.decided ?? row.created) },
    ], items);
  }

  tick() {
    for (const element of this.querySelectorAll("[data-until]")) {
      const until = new Date(element.dataset.until);
      element.textContent = countdown(until);
      element.classList.toggle("soon", until - Date.now() < 120000);
    }
  }

  async choose(id) {
    if (this.chosen === id) return;
    this.chosen = id;
    for (const link of this.list.querySelectorAll("a")) {
      if (link.dataset.id === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const item = this.items.find((each) => each.id === id);
    if (!item) return;
    fill(this.detail, skeleton(6));
    try {
      const [full, tool] = await Promise.all([api.get(`/approvals/${seg(id)}`), this.toolOf(item)]);
      if (this.chosen === id) fill(this.detail, this.page({ ...tool, ...item, ...full }));
    } catch (error) {
      if (this.chosen === id) fill(this.detail, error.status === 403 ? this.page({ ...item, withheld: error }) : problemPanel(error));
    }
  }

  /** What is known of the tool that would be called. */
  async toolOf(item) {
    this.tools ??= new Map();
    if (!this.tools.has(item.server)) this.tools.set(item.server, loadTools(item.server).catch(() => []));
    const tool = (await this.tools.get(item.server)).find((each) => each.name === item.tool);
    return tool ? { class: classOf(tool), severity: tool.severity, input_schema: tool.input_schema, description: tool.description } : {};
  }

  /** One call, laid out by the gateway: nothing that a server wrote stands above the line. */
  page(item) {
    const may = item.may_decide ?? (session.administers && !item.withheld);
    const decide = may ? [button(t.approvals.deny, { glyph: "deny", action: () => this.decide(item, "deny") }), button(t.approvals.approve, { kind: "primary", glyph: "check", action: () => this.decide(item, "approve") })]
      : h("p", { class: "muted" }, t.approvals.notYou);
    return h("article", { class: "card approval" }, h("header", { class: "approval-head" },
      h("div", { class: "grow" }, h("p", { class: "muted" }, t.approvals.wants(item.grant)), h("h2", { class: "mono" }, foreign(item.tool)), h("p", { class: "row" }, (item.class ?? item.tool_class) && classBadge(item.class ?? item.tool_class), item.severity && severityBadge(item.severity))),
      h("div", { class: "approval-clock" }, h("b", { dataset: { until: item.lapses } }, item.lapses ? countdown(new Date(item.lapses)) : ""), h("span", { class: "muted" }, t.approvals.left))),
    h("div", { class: "card-body stack" }, h("section", null, h("h3", null, t.approvals.arguments), this.arguments(item)),
      facts([[t.decisions.server, h("a", { href: href(["servers", item.server]) }, foreign(item.server))], [t.decisions.grant, h("a", { href: href(["grants"], { id: item.grant }) }, foreign(item.grant))],
        [t.approvals.asked, when(item.created)], [t.decisions.rule, code(item.rule)], [t.approvals.approvers, h("span", { class: "chips" }, (item.approvers ?? []).map((each) => code(each, "chip")))],
        [t.approvals.id, copyable(item.id, item.id.slice(0, 8))]]),
      h("details", { class: "plain" }, h("summary", null, t.approvals.serverSays), h("p", { class: "quoted" }, foreign(item.description ?? item.tool_definition?.description ?? t.server.noDescription)))),
    h("footer", { class: "approval-foot" }, h("p", { class: "muted grow" }, t.approvals.binds), decide));
  }

  /** The arguments against the schema: each with its type, and marked when the schema does not name it. */
  arguments(item) {
    if (item.arguments === undefined || item.arguments === null) return notice("info", item.withheld ? item.withheld.message : t.approvals.noArguments);
    const schema = item.input_schema ?? item.tool_definition?.input_schema ?? item.definition?.inputSchema;
    const known = new Map(argumentsOf(schema).map((each) => [each.path, each]));
    const rows = [];
    const visit = (value, path, depth) => {
      if (value && typeof value === "object" && depth < 6 && Object.keys(value).length) {
        for (const [key, each] of Object.entries(value)) visit(each, path + (Array.isArray(value) ? `[${key}]` : step(key)), depth + 1);
        return;
      }
      rows.push([path, value]);
    };
    visit(item.arguments, "args", 0);
    if (!rows.length || (rows.length === 1 && rows[0][0] === "args")) return h("p", { class: "muted" }, t.approvals.emptyArguments);
    return h("dl", { class: "values" }, rows.slice(0, 200).map(([path, value]) => {
      const argument = known.get(path.replace(/\[\d+\]/g, "[*]"));
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return h("div", null, h("dt", null, code(path.replace(/^args\.?/, "")), h("span", { class: "muted" }, argument ? foreign(typeWord(argument)) : schema ? stateBadge(t.approvals.notInSchema, "wait") : typeof value)),
        h("dd", { class: typeof value === "string" ? null : "mono" }, text === "" ? h("span", { class: "muted" }, t.approvals.emptyText2) : foreign(text)));
    }));
  }

  async decide(item, verb) {
    const reason = input({ maxlength: 500, "aria-label": t.approvals.reason });
    const ready = h("div", { class: "row" }, reasons.map((key) => button(t.approvals.reasons[key], { small: true, action: () => { reason.value = t.approvals.reasons[key]; reason.focus(); } })));
    const done = await confirm({
      title: verb === "approve" ? t.approvals.approveTitle(item.tool) : t.approvals.denyTitle(item.tool), danger: verb === "deny", confirmLabel: t.approvals[verb],
      what: h("p", null, verb === "approve" ? t.approvals.approveText(item.grant, item.server) : t.approvals.denyText(item.grant)),
      extra: [field(t.approvals.reasonFor[verb], reason, { optional: true }), verb === "deny" && ready],
      action: async () => {
        const body = reason.value.trim() ? { reason: reason.value.trim() } : {};
        await api.post(`/approvals/${seg(item.id)}/${verb}`, body);
      },
    });
    if (!done) return;
    toast(verb === "approve" ? t.approvals.approved(item.tool) : t.approvals.deniedDone(item.tool));
    this.chosen = null;
    setQuery({ id: null }, { quiet: true });
    this.route.query.delete("id");
    await this.fetch(true);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select") || document.querySelector("dialog[open]")) return;
    const item = this.items?.find((each) => each.id === this.chosen);
    if (!item || this.tab !== "pending") return;
    if (event.key === "a" || event.key === "d") this.decide(item, event.key === "a" ? "approve" : "deny");
  }
}

export default define("tg-approvals", ApprovalsView);
