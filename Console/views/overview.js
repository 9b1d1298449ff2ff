// What happened, and what needs a person.

import t from "../texts.js";
import { api, itemsOf } from "../lib/api.js";
import { outcomeChart } from "../lib/chart.js";
import { code, fill, foreign, h, icon } from "../lib/dom.js";
import { microseconds, number, share, short } from "../lib/format.js";
import { href, setQuery } from "../lib/router.js";
import { session } from "../lib/session.js";
import { card, empty, linkButton, outcomeBadge, pageHead, segmented } from "../lib/ui.js";
import { define, View } from "../lib/view.js";
import { decisionRow } from "../lib/decision.js";
import { live } from "../lib/live.js";

const spans = { "1h": 3600000, "24h": 86400000, "7d": 604800000 };

class OverviewView extends View {
  title = t.nav.overview;

  start() {
    if (this.lacks("GET /overview")) return;
    this.window = spans[this.route.query.get("window")] ? this.route.query.get("window") : "24h";
    const choice = segmented(t.overview.window, Object.keys(spans).map((key) => [key, t.overview.windows[key]]), this.window, (key) => setQuery({ window: key }));
    this.body ??= h("div", { class: "stack roomy" });
    fill(this, pageHead(t.nav.overview, { actions: choice }), this.body);
    this.refresh(false);
    if (!this.begun) {
      this.begun = true;
      this.every(20000, () => this.refresh(true));
      this.recent = h("ol", { class: "feed" });
      this.atEnd(live.follow((decision) => this.arrived(decision)));
    }
  }

  async refresh(quiet) {
    await this.load(this.body, () => Promise.all([api.get("/overview", { window: this.window }), api.get("/servers", { limit: 1 }), api.get("/decisions", { limit: 8 }).catch(() => ({ items: [] }))]),
      ([data, servers, recent]) => this.draw(data, itemsOf(servers).length, itemsOf(recent)), { quiet, rows: 4, height: 120 });
  }

  arrived(decision) {
    if (!this.recent.isConnected) return;
    this.recent.prepend(h("li", { class: "arrives" }, decisionRow(decision)));
    while (this.recent.childElementCount > 8) this.recent.lastElementChild.remove();
  }

  draw(data, servers, recent) {
    const outcomes = data.outcomes ?? {};
    const calls = data.calls ?? Object.values(outcomes).reduce((sum, value) => sum + value, 0);
    const attention = data.attention ?? [];
    if (!servers) return this.first();
    fill(this.recent, recent.map((each) => h("li", null, decisionRow(each))));
    return [
      attention.length > 0 && this.attention(attention),
      h("div", { class: "grid" },
        this.figure(t.overview.calls, short(calls), t.overview.in[this.window]),
        this.figure(t.overview.refused, short((outcomes.deny ?? 0) + (outcomes.hidden ?? 0)), share((outcomes.deny ?? 0) + (outcomes.hidden ?? 0), calls), "deny"),
        this.figure(t.overview.limited, short(outcomes.rate_limited ?? 0), share(outcomes.rate_limited ?? 0, calls), "limit"),
        this.latency(data.latency ?? {})),
      card(t.overview.outcomes, calls ? outcomeChart(data.series ?? [], { span: spans[this.window], pick: (from, to) => (location.hash = href(["decisions"], { from, to })) })
        : h("p", { class: "muted pad" }, t.overview.noCalls)),
      h("div", { class: "grid" },
        h("div", { class: "span-5 fill" }, card(t.overview.topDenials, this.denials(data.top_denials ?? []), { flush: true })),
        h("div", { class: "span-7 fill" }, card(t.overview.recent, recent.length ? this.recent : h("p", { class: "muted pad-in" }, t.overview.noCalls), {
          flush: true, actions: h("a", { href: "#/decisions" }, t.overview.all),
        }))),
    ];
  }

  first() {
    return empty("servers", t.overview.firstTitle, t.overview.firstText,
      session.administers && linkButton(t.servers.add, "#/servers?add=", { kind: "primary", glyph: "plus" }), linkButton(t.overview.lookAround, "#/catalogue"));
  }

  figure(label, value, note, glyph) {
    return h("section", { class: "card figure-card span-3" }, h("h2", null, glyph && icon(glyph), label), h("p", { class: "figure" }, value), h("p", { class: "muted" }, note));
  }

  latency(latency) {
    const of = (key) => latency[key + "_us"] ?? latency[key];
    return h("section", { class: "card figure-card span-3" }, h("h2", null, icon("clock"), t.overview.latency), h("p", { class: "figure" }, microseconds(of("p50"))),
      h("p", { class: "muted" }, t.overview.percentiles(microseconds(of("p95")), microseconds(of("p99")))));
  }

  attention(items) {
    return h("section", { class: "attention", "aria-label": t.overview.attention }, items.map((item) => {
      const glyph = { approvals: "approve", approval: "approve", changed_tools: "changed", new_tools: "plus", server: "servers", health: "servers", policy: "policies", grant: "grants", grants: "grants", keys: "lock" }[item.kind] ?? "error";
      const place = item.link ? (item.link.startsWith("#") ? item.link : "#" + item.link) : null;
      return h(place ? "a" : "div", { class: "attention-item", href: place }, h("span", { class: "attention-mark", dataset: { kind: item.kind } }, icon(glyph)), h("span", { class: "grow" }, item.text), place && icon("right"));
    }));
  }

  denials(rows) {
    if (!rows.length) return h("p", { class: "muted pad-in" }, t.overview.noDenials);
    const most = Math.max(...rows.map((row) => row.count ?? row.calls ?? 0), 1);
    return h("ol", { class: "ranked" }, rows.slice(0, 8).map((row) => {
      const amount = row.count ?? row.calls ?? 0;
      return h("li", null, h("a", { href: href(["decisions"], { tool: row.tool, server: row.server, rule: row.rule }) },
        h("span", { class: "grow" }, h("strong", null, foreign(row.tool ?? "–")), h("span", { class: "sub clip" }, row.rule ? code(row.rule) : outcomeBadge(row.outcome))),
        h("span", { class: "ranked-bar", "aria-hidden": "true" }, h("i", { vars: { part: String(amount / most) } })), h("b", null, number(amount))));
    }));
  }
}

export default define("tg-overview", OverviewView);
