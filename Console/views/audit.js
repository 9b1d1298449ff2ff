// What people changed, the signed heads of the journal, and whether it is whole.

import t from "../texts.js";
import { api, itemsOf } from "../lib/api.js";
import { code, fill, foreign, h } from "../lib/dom.js";
import { number, when } from "../lib/format.js";
import { operations } from "../lib/operations.js";
import { session } from "../lib/session.js";
import { button, copyButton, copyable, empty, notice, pageHead, snippet, table } from "../lib/ui.js";
import { define, View } from "../lib/view.js";

const known = new Set(["sequence", "revision", "time", "author", "action", "subject", "name", "stream", "seq", "kind"]);

class AuditView extends View {
  title = t.nav.audit;

  start() {
    this.result = h("div", { "aria-live": "polite" });
    this.heads = h("div", { class: "stack tight" });
    this.events = h("div");
    const verify = operations.has("POST /audit/verify") && button(t.audit.verify, { kind: "primary", glyph: "check", action: () => this.verify() });
    if (verify) verify.dataset.primary = "";
    fill(this, pageHead(t.nav.audit, { lead: t.audit.lead, actions: verify }), this.result, operations.has("GET /audit/head") && h("section", { class: "stack tight" }, h("h2", null, t.audit.heads), h("p", { class: "muted" }, t.audit.headsText), this.heads), session.administers && h("section", { class: "stack tight" }, h("h2", null, t.audit.events), this.events));
    if (operations.has("GET /audit/head")) this.load(this.heads, () => api.get("/audit/head"), (page) => {
      const list = page.heads ?? itemsOf(page);
      if (!list.length) return h("p", { class: "muted" }, t.audit.noHeads);
      if (typeof list[0] === "string") return snippet(list.join("\n"), { label: t.audit.heads });
      return [table(t.audit.heads, [
        { label: t.audit.stream, cell: (row) => code(row.stream ?? row.name) }, { label: t.audit.rows, className: "end shrink", cell: (row) => number(row.size ?? row.seq ?? row.rows) },
        { label: t.audit.head, cell: (row) => (row.head ?? row.hash ?? row.digest ? copyable(row.head ?? row.hash ?? row.digest, String(row.head ?? row.hash ?? row.digest).slice(0, 24) + "…") : "–") }, { label: t.decisions.time, className: "end shrink", cell: (row) => when(row.time) },
      ], list), h("div", { class: "row" }, copyButton(() => JSON.stringify(page, null, 2), t.audit.copyHeads, { withText: true }))];
    }, { rows: 3 });
    if (session.administers) this.load(this.events, () => api.get("/admin-events", { limit: 100 }), (page) => this.list(itemsOf(page)), { rows: 6 });
  }

  list(rows) {
    if (!rows.length) return empty("audit", t.audit.noEvents, t.audit.noEventsText);
    return table(t.audit.events, [
      { label: t.audit.what, cell: (row) => h("span", null, h("span", { class: "mono" }, foreign(row.action ?? row.kind)), this.details(row)) }, { label: t.audit.on, cell: (row) => h("span", null, foreign(row.name ?? row.subject ?? "–"), row.name && row.subject && h("span", { class: "sub" }, foreign(row.subject))) },
      { label: t.audit.who, cell: (row) => foreign(row.author ?? row.actor ?? "–") }, { label: t.decisions.time, className: "end shrink", cell: (row) => when(row.time) },
    ], rows);
  }

  details(row) {
    const rest = Object.entries(row).filter(([key, value]) => !known.has(key) && value !== null && typeof value !== "object");
    return rest.length ? h("span", { class: "sub" }, foreign(rest.slice(0, 4).map(([key, value]) => `${key} ${String(value).slice(0, 60)}`).join(" · "))) : null;
  }

  async verify() {
    const answer = await api.post("/audit/verify", {});
    const good = answer.sound ?? answer.ok ?? !(answer.findings ?? answer.faults ?? []).length;
    const found = answer.findings ?? answer.faults ?? answer.statements ?? [];
    fill(this.result, notice(good ? "good" : "bad", h("strong", null, good ? t.audit.whole : t.audit.broken), h("p", null, t.audit.verified(number(Array.isArray(answer.streams) ? answer.streams.reduce((sum, each) => sum + (each.rows ?? 0), 0) : answer.rows ?? 0), number(answer.streams?.length ?? answer.streams ?? 0))), found.length > 0 && h("ul", { class: "bullets" }, found.slice(0, 20).map((each) => h("li", null, foreign(typeof each === "string" ? each : each.meaning ?? each.message ?? JSON.stringify(each)))))));
  }
}

export default define("tg-audit", AuditView);
