// Decisions as they are made, and all that were.

import t from "../texts.js";
import { api, itemsOf } from "../lib/api.js";
import { code, debounce, fill, foreign, h, icon } from "../lib/dom.js";
import { absoluteText, timeText, microseconds, ago } from "../lib/format.js";
import { live } from "../lib/live.js";
import { href, setQuery } from "../lib/router.js";
import { announce, button, empty, iconButton, outcomeBadge, pageHead, select, stateBadge, table, tableRow } from "../lib/ui.js";
import { define, View } from "../lib/view.js";
import { idOf, nameOf, openDecision } from "../lib/decision.js";

const filters = ["outcome", "server", "grant", "tool", "rule", "text", "from", "to"];
const most = 500;

const columns = [
  { label: t.decisions.tool, className: "cell-name", cell: (row) => h("span", null, foreign(nameOf(row)), row.method && row.method !== "tools/call" && h("span", { class: "sub" }, code(row.method))) },
  { label: t.decisions.outcome, className: "shrink", cell: (row) => h("span", { class: "row nowrap" }, outcomeBadge(row.outcome), row.shadow && stateBadge(t.decisions.shadowShort, "accent")) },
  { label: t.decisions.rule, cell: (row) => (row.rule ? code(row.rule, "clip rule-cell") : h("span", { class: "muted" }, "–")) },
  { label: t.decisions.server, cell: (row) => foreign(row.server ?? "–") },
  { label: t.decisions.grant, cell: (row) => foreign(row.grant ?? "–") },
  { label: t.decisions.took, className: "end shrink", cell: (row) => h("span", { class: "muted" }, microseconds(row.end?.duration_us ?? row.duration_us)) },
  { label: t.decisions.time, className: "end shrink", cell: (row) => h("time", { datetime: row.time, class: "mono muted", title: `${absoluteText(new Date(row.time))} (${ago(new Date(row.time))})` }, Date.now() - new Date(row.time) > 64800000 ? ago(new Date(row.time)) : timeText(new Date(row.time))) },
];

class DecisionsView extends View {
  title = t.nav.decisions;
  known = new Map();
  held = [];
  paused = false;

  start() {
    if (this.lacks("GET /decisions")) return;
    this.filter = Object.fromEntries(filters.map((name) => [name, this.route.query.get(name) ?? ""]));
    const key = JSON.stringify(this.filter);
    if (this.filterKey !== key) {
      this.filterKey = key;
      this.build();
      this.fetch();
    }
    if (!this.begun) {
      this.begun = true;
      this.atEnd(live.follow((decision) => this.arrived(decision)));
      this.atEnd(live.watch((state) => this.streamState(state)));
      this.listen(document, "visibilitychange", () => document.hidden || this.drain());
    }
    this.detail();
  }

  detail() {
    const id = this.route.query.get("id");
    if (!id || this.open === id) return;
    this.open = id;
    const known = this.known.get(id);
    openDecision(id, { known, onClose: () => {
      this.open = null;
      if (this.isConnected && this.route.query.get("id") === id && location.hash.startsWith("#/decisions")) setQuery({ id: null });
    } });
  }

  build() {
    this.pauseButton = iconButton("pause", t.decisions.pause, () => this.pause(), { pressed: false });
    this.state = h("span", { class: "live-state" });
    this.pill = h("button", { type: "button", class: "pill", hidden: true, on: { click: () => this.drain() } });
    this.place = h("div");
    fill(this, pageHead(t.nav.decisions, { after: this.state, lead: t.decisions.lead, actions: this.pauseButton }), this.bar(), h("div", { class: "pill-place" }, this.pill), this.place);
    if (this.streamWord) this.streamState(this.streamWord);
  }

  bar() {
    const box = h("input", { type: "search", placeholder: t.decisions.search, "aria-label": t.decisions.search, value: this.filter.text, dataset: { filter: "" } });
    box.addEventListener("input", debounce(() => setQuery({ text: box.value.trim() }), 350));
    const outcome = select([["", t.decisions.anyOutcome], ...["allow", "deny", "rate_limited", "approval_required", "hidden", "malformed"].map((key) => [key, t.outcome[key]])], this.filter.outcome, { "aria-label": t.decisions.outcome });
    outcome.addEventListener("change", () => setQuery({ outcome: outcome.value }));
    const choice = (name, all) => {
      const element = select([["", all], ...(this.filter[name] ? [[this.filter[name]]] : [])], this.filter[name], { "aria-label": t.decisions[name] });
      element.addEventListener("change", () => setQuery({ [name]: element.value }));
      const path = name === "server" ? "/servers" : "/grants";
      api.get(path, { limit: 200 }).then((page) => {
        for (const each of itemsOf(page)) {
          const value = each.name ?? each.label;
          if (value !== this.filter[name]) element.append(h("option", { value }, value));
        }
      }, () => undefined);
      return element;
    };
    const tokens = ["tool", "rule", "from", "to"].filter((name) => this.filter[name]).map((name) => h("span", { class: "token" }, h("b", null, t.decisions[name]), " ",
      name === "from" || name === "to" ? absoluteText(new Date(this.filter[name])) : foreign(this.filter[name]), iconButton("cross", t.decisions.removeFilter, () => setQuery({ [name]: null }), { small: true })));
    const some = filters.some((name) => this.filter[name]);
    return h("div", { class: "toolbar", role: "search" }, h("div", { class: "search-box" }, icon("search"), box), outcome, choice("server", t.decisions.anyServer), choice("grant", t.decisions.anyGrant), tokens,
      some && button(t.decisions.clear, { kind: "quiet", small: true, action: () => setQuery(Object.fromEntries(filters.map((name) => [name, null]))) }));
  }

  fetch() {
    this.held = [];
    this.load(this.place, () => api.get("/decisions", { ...this.filter, limit: 60 }), (page) => {
      const rows = itemsOf(page);
      this.known = new Map(rows.map((row) => [idOf(row), row]));
      this.next = page.next;
      if (!rows.length) return this.none();
      return this.list(rows);
    }, { rows: 10, height: 46 });
  }

  none() {
    const some = filters.some((name) => this.filter[name]);
    return some ? empty("filter", t.decisions.noneTitle, t.decisions.noneText, button(t.decisions.clear, { action: () => setQuery(Object.fromEntries(filters.map((name) => [name, null]))) }))
      : empty("decisions", t.decisions.emptyTitle, t.decisions.emptyText, h("a", { class: "button primary", href: "#/grants" }, t.decisions.emptyAction));
  }

  list(rows) {
    this.table = table(t.nav.decisions, columns, rows, this.options);
    this.tbody = this.table.querySelector("tbody");
    this.more = h("div", { class: "pager", hidden: !this.next }, button(t.action.more, { action: () => this.older() }));
    return [this.table, this.more];
  }

  options = { open: (row) => href(["decisions"], { ...this.filter, id: idOf(row) }), key: idOf };

  async older() {
    const page = await api.get("/decisions", { ...this.filter, limit: 60, cursor: this.next });
    for (const row of itemsOf(page)) {
      if (this.known.has(idOf(row))) continue;
      this.known.set(idOf(row), row);
      this.tbody.append(tableRow(columns, row, this.options));
    }
    this.next = page.next;
    this.more.hidden = !this.next;
  }

  matches(decision) {
    const { outcome, server, grant, tool, rule, text, from, to } = this.filter;
    if (outcome && decision.outcome !== outcome) return false;
    if (server && decision.server !== server) return false;
    if (grant && decision.grant !== grant) return false;
    if (tool && decision.tool !== tool) return false;
    if (rule && decision.rule !== rule) return false;
    if (to && decision.time >= to) return false;
    if (from && decision.time < from) return false;
    return !text || JSON.stringify(decision).toLowerCase().includes(text.toLowerCase());
  }

  arrived(decision) {
    if (!this.matches(decision) || this.known.has(idOf(decision))) return;
    this.known.set(idOf(decision), decision);
    this.held.push(decision);
    if (this.held.length > most) this.held.shift();
    const reading = this.paused || document.hidden || scrollY > 220 || this.contains(document.activeElement) && document.activeElement.classList.contains("row-link");
    if (!reading) return this.drain();
    this.pill.hidden = false;
    fill(this.pill, icon("decisions"), t.decisions.newOnes(this.held.length));
  }

  /** Shows what was held back. */
  drain() {
    if (this.paused && !this.draining) this.pause();
    const rows = this.held.splice(0);
    this.pill.hidden = true;
    if (!rows.length) return;
    if (!this.tbody?.isConnected) return this.fetch();
    const open = this.options;
    this.tbody.prepend(...rows.reverse().map((row) => {
      const element = tableRow(columns, row, open);
      element.classList.add("arrives");
      return element;
    }));
    while (this.tbody.childElementCount > most) this.tbody.lastElementChild.remove();
    this.say ??= debounce(() => announce(t.decisions.arrived(this.arrivals.splice(0).length)), 4000);
    this.arrivals ??= [];
    this.arrivals.push(...rows);
    this.say();
  }

  pause() {
    this.paused = !this.paused;
    this.pauseButton.setAttribute("aria-pressed", String(this.paused));
    this.pauseButton.title = this.paused ? t.decisions.resume : t.decisions.pause;
    this.pauseButton.setAttribute("aria-label", this.pauseButton.title);
    fill(this.pauseButton, icon(this.paused ? "play" : "pause"));
    this.streamState(this.streamWord);
    if (!this.paused) {
      this.draining = true;
      this.drain();
      this.draining = false;
    }
  }

  streamState(word) {
    if (word === "gap") return fill(this.state, stateBadge(t.decisions.gap, "wait"));
    this.streamWord = word;
    if (!this.state) return undefined;
    const shown = this.paused ? ["paused", "wait"] : word === "on" ? ["live", "good"] : word === "broken" ? ["broken", "bad"] : ["connecting", "off"];
    fill(this.state, stateBadge(t.decisions.stream[shown[0]], shown[1]));
    this.state.dataset.state = shown[0];
    return undefined;
  }
}

export default define("tg-decisions", DecisionsView);
