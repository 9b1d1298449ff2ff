// What is known of servers and their tools: search, pages with the evidence, attack patterns, token cost.

import t from "../texts.js";
import { api, itemsOf, seg } from "../lib/api.js";
import { code, debounce, fill, foreign, h, icon, marked } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { shareBar } from "../lib/chart.js";
import { href, setQuery } from "../lib/router.js";
import { operations } from "../lib/operations.js";
import { session } from "../lib/session.js";
import { button, card, classBadge, empty, facts, linkButton, menu, notice, pageHead, run, select, severityBadge, snippet, stateBadge, table } from "../lib/ui.js";
import { define, View } from "../lib/view.js";
import { classOf, riskOrder } from "../lib/tools.js";

/** Counts by class, whatever the case of its words. */
const counted = (counts) => riskOrder.map((key) => [key, counts?.[key] ?? counts?.[key[0].toUpperCase() + key.slice(1)] ?? 0]);

class CatalogueView extends View {
  get title() {
    return t.nav.catalogue;
  }

  start() {
    if (this.lacks("GET /catalogue/servers/{}")) return undefined;
    const [, server, second, third] = this.route.path;
    this.classList.toggle("public", !session.current);
    if (server === "-" && second === "attacks") return third ? this.attack(third) : this.attacks();
    if (server && second) return this.tool(server, second);
    if (server) return this.server(server);
    return this.search();
  }

  head(title, options = {}) {
    const crumbs = session.current ? [] : [[t.signIn.title, "#/sign-in"]];
    return pageHead(title, { ...options, back: options.back ?? (crumbs.length ? crumbs : undefined) });
  }

  // --- search -----------------------------------------------------------------------------------------------------

  search() {
    const query = this.route.query;
    if (!this.box?.isConnected) {
      this.box = h("input", { type: "search", placeholder: t.catalogue.search, "aria-label": t.catalogue.search, value: query.get("q") ?? "", dataset: { filter: "" }, class: "big-search" });
      this.box.addEventListener("input", debounce(() => setQuery({ q: this.box.value.trim() }), 250));
      const category = select([["", t.catalogue.anyClass], ...riskOrder.slice(0, 5).map((key) => [key, t.risk[key].word])], query.get("category") ?? "", { "aria-label": t.catalogue.class });
      category.addEventListener("change", () => setQuery({ category: category.value }));
      const severity = select([["", t.catalogue.anySeverity], ...["low", "medium", "high", "critical"].map((key) => [key, t.severity[key]])], query.get("severity") ?? "", { "aria-label": t.catalogue.severity });
      severity.addEventListener("change", () => setQuery({ severity: severity.value }));
      this.results = h("div");
      fill(this, this.head(t.nav.catalogue, { lead: t.catalogue.lead, actions: linkButton(t.catalogue.attacks, href(["catalogue", "-", "attacks"]), { glyph: "error" }) }),
        h("div", { class: "toolbar", role: "search" }, h("div", { class: "search-box wide-search" }, icon("search"), this.box), category, severity), this.results);
      this.box.focus();
    }
    const words = query.get("q") ?? "";
    const filters = { category: query.get("category"), severity: query.get("severity") };
    if (!words && !filters.category && !filters.severity) return this.servers();
    return this.load(this.results, () => api.get("/catalogue/search", { q: words, ...filters, limit: 60 }), (page) => {
      const list = page.tools ?? itemsOf(page);
      if (!list.length) return empty("search", t.catalogue.noneTitle, t.catalogue.noneText);
      return h("ul", { class: "card rows" }, list.map((each) => h("li", null, h("a", { class: "tool-row", href: href(["catalogue", each.server, each.name]), dataset: { row: "" } },
        h("span", { class: "grow" }, h("strong", { class: "mono" }, foreign(each.name)), h("span", { class: "muted" }, " ", foreign(each.server)), h("span", { class: "sub clamp" }, foreign(each.summary ?? each.description ?? ""))), classBadge(classOf(each)), h("span", { class: "hide-narrow" }, severityBadge(each.severity)), h("span", { class: "muted hide-narrow" }, t.server.tokensOf(each.tokens ?? 0)), icon("right")))));
    });
  }

  servers() {
    const own = session.current ? api.all("/servers").catch(() => []) : Promise.resolve([]);
    return this.load(this.results, () => Promise.all([own, (operations.has("GET /connectors") ? api.get("/connectors").then(itemsOf, () => []) : [])]), ([servers, connectors]) => {
      const tile = (name, title, text, glyph) => h("a", { class: "card server-tile", href: href(["catalogue", name]), dataset: { row: "" } }, h("span", { class: "tile" }, icon(glyph)), h("span", { class: "grow" }, h("strong", null, foreign(title)), h("span", { class: "sub clip" }, foreign(text))), icon("right"));
      return [servers.length > 0 && [h("h2", { class: "section-title" }, t.catalogue.yours), h("div", { class: "tiles" }, servers.map((each) => tile(each.name, each.name, each.upstream ?? "", "servers")))],
        connectors.length > 0 && [h("h2", { class: "section-title" }, t.catalogue.shipped), h("div", { class: "tiles" }, connectors.map((each) => tile(each.name, each.title ?? each.name, t.register.tools(each.tools ?? 0), "plug")))],
        !servers.length && !connectors.length && empty("catalogue", t.catalogue.emptyTitle, t.catalogue.emptyText)];
    });
  }

  // --- one server -------------------------------------------------------------------------------------------------

  server(name) {
    return this.load(this, () => api.get(`/catalogue/servers/${seg(name)}`), (page) => {
      const server = page.server ?? {};
      const tools = page.tools ?? [];
      const tokens = page.tokens ?? {};
      return [this.head(foreign(server.name || name), {
        back: [[t.nav.catalogue, "#/catalogue"]], lead: foreign(server.description || t.catalogue.toolCount(tools.length)),
        actions: session.current && [linkButton(t.catalogue.toStack, href(["stack"], { s: name }), { glyph: "stack" }), session.administers && server.transport === "connector" && linkButton(t.catalogue.register, href(["servers"], { add: "yes", connector: name }), { kind: "primary", glyph: "plus" })],
      }), h("div", { class: "summary-strip card" }, h("div", { class: "grow" }, shareBar(counted(server.counts), t.servers.classShares), h("div", { class: "row legend-row" }, counted(server.counts).filter(([, amount]) => amount).map(([key, amount]) => h("span", { class: "row" }, classBadge(key), h("b", null, number(amount)))))),
        tokens.estimate !== undefined && h("div", { class: "strip-figure" }, h("b", null, number(tokens.estimate)), h("span", { class: "muted" }, t.catalogue.tokenShare(tokens.share_of_200k))),
        page.tokens_under_recommended_policy !== undefined && h("div", { class: "strip-figure" }, h("b", null, number(page.tokens_under_recommended_policy)), h("span", { class: "muted" }, t.catalogue.underPolicy))),
      table(t.catalogue.toolsRiskiest, [
        { label: t.decisions.tool, cell: (row) => h("span", { class: "mono" }, foreign(row.name)) }, { label: t.catalogue.class, className: "shrink", cell: (row) => classBadge(classOf(row)) }, { label: t.catalogue.severity, className: "shrink", cell: (row) => severityBadge(row.severity) },
        { label: t.catalogue.tokens, className: "end shrink", cell: (row) => number(row.tokens) }, { label: t.catalogue.ofServer, className: "end shrink hide-narrow", cell: (row) => h("span", { class: "muted" }, tokens.estimate ? Math.round((row.tokens / tokens.estimate) * 100) + " %" : "–") },
      ], tools, { open: (row) => href(["catalogue", name, row.name]) }),
      this.grantScope(tools, tokens.estimate), card(t.catalogue.starter, snippet(JSON.stringify(page.policy ?? {}, null, 2)), { subtitle: t.catalogue.starterText, actions: session.manages && linkButton(t.catalogue.useStarter, href(["policies"], { new: "yes", server: name }), { small: true, kind: "primary" }) }),
      server.facts?.length > 0 && card(t.catalogue.facts, facts(server.facts.map((each) => [each.fact, h("span", null, foreign(each.value), " ", h("span", { class: "muted" }, foreign(`${each.source ?? ""} ${String(each.date ?? "").slice(0, 10)}`)))])))];
    });
  }

  /** What fewer tools would cost in context. */
  grantScope(tools, all) {
    if (!all || tools.length < 4) return null;
    const average = all / tools.length;
    const rows = [tools.length, ...[10, 5, 3].filter((amount) => amount < tools.length)];
    return card(t.catalogue.scope, h("div", { class: "scope-rows" }, rows.map((amount) => {
      const estimate = amount === tools.length ? all : Math.round(amount * average);
      return h("div", null, h("span", null, amount === tools.length ? t.catalogue.allTools(amount) : t.catalogue.someTools(amount)), h("span", { class: "scope-bar" }, h("i", { vars: { part: String(estimate / all) } })), h("b", null, number(estimate)), h("span", { class: "muted" }, amount === tools.length ? "" : `−${Math.round((1 - estimate / all) * 100)} %`));
    })), { subtitle: t.catalogue.scopeText });
  }

  // --- one tool ---------------------------------------------------------------------------------------------------

  tool(server, name) {
    return this.load(this, () => api.get(`/catalogue/servers/${seg(server)}/tools/${seg(name)}`), (page) => {
      const risk = classOf(page);
      return [this.head(h("span", { class: "mono" }, foreign(page.name)), { back: [[t.nav.catalogue, "#/catalogue"], [page.server?.name || server, href(["catalogue", server])]], lead: foreign(page.description || t.server.noDescription), actions: this.limitButton(server, page, risk) }),
        h("div", { class: "row" }, classBadge(risk), severityBadge(page.severity), page.tokens && h("span", { class: "muted" }, t.catalogue.costs(page.tokens.estimate, page.tokens.share_of_200k)), page.confidence !== undefined && h("span", { class: "muted" }, t.catalogue.confidence(Math.round(page.confidence * 100)))),
        h("div", { class: "grid" }, h("div", { class: "span-7 stack" },
          card(t.catalogue.does, h("div", { class: "stack tight" }, h("p", null, foreign(page.does ?? "")), page.misuse && h("p", null, foreign(page.misuse)))),
          card(t.catalogue.why, h("div", { class: "stack" }, h("p", null, foreign(page.rationale ?? "")), page.evidence?.length > 0 && h("ul", { class: "evidence" }, page.evidence.map((each) => h("li", null, h("q", null, foreign(each.quote)), h("span", { class: "muted" }, " ", foreign(t.server.evidence(each.source, each.says)))))),
            (page.findings ?? []).map((each) => notice("bad", h("strong", null, foreign(each.kind ?? each.code ?? "")), " ", foreign(each.says ?? each.message ?? each.text ?? "")))), { subtitle: t.catalogue.whyText }),
          (page.attacks ?? []).length > 0 && card(t.catalogue.abused, h("ul", { class: "rows attack-rows" }, page.attacks.slice(0, 6).map((each) => h("li", null, h("a", { class: "tool-row", href: href(["catalogue", "-", "attacks", each.slug]) }, h("span", { class: "grow" }, h("strong", null, each.title), h("span", { class: "sub" }, each.summary)), icon("right"))))), { flush: true }),
          (page.answers ?? []).length > 0 && card(t.catalogue.questions, h("div", { class: "stack tight" }, page.answers.map((each) => h("details", { class: "plain" }, h("summary", null, foreign(each.question)), h("p", null, foreign(each.answer))))))),
        h("div", { class: "span-5 stack" },
          card(t.catalogue.recommended, h("div", { class: "stack tight" }, snippet(JSON.stringify(page.policy ?? {}, null, 2)), h("p", { class: "muted" }, foreign(page.effect ?? "")), session.manages && this.limitButton(server, page, risk, true))),
          (page.signals ?? []).length > 0 && card(t.catalogue.signals, h("ul", { class: "bullets" }, page.signals.map((each) => h("li", null, marked(each.says), each.suggestion && h("span", { class: "sub" }, marked(each.suggestion)))))),
          (page.parameters ?? []).length > 0 && card(t.catalogue.parameters, h("span", { class: "chips" }, page.parameters.map((each) => h("span", { class: "chip" }, code(each.name), each.required && h("span", { class: "needed", title: t.server.required }, "*"))))),
          (page.related ?? []).length > 0 && card(t.catalogue.related, h("ul", { class: "rows" }, page.related.slice(0, 10).map((each) => h("li", null, h("a", { class: "tool-row", href: href(["catalogue", each.server ?? server, each.name]) }, h("span", { class: "grow mono" }, foreign(each.name)), classBadge(classOf(each)))))), { flush: true })))];
    });
  }

  /** "Limit this tool": opens the builder of one of the server's policies with the tool prefilled. */
  limitButton(server, page, risk, small = false) {
    if (!session.manages) return session.current ? null : small ? null : linkButton(t.signIn.title, "#/sign-in", { glyph: "lock" });
    const words = { read: t.catalogue.cap, write: t.catalogue.limit, execute: t.catalogue.rate, destructive: t.catalogue.restrict, financial: t.catalogue.restrict };
    const state = page.rule === "hide" ? "hide" : page.rule === "deny" ? "deny" : "custom";
    const trigger = button(words[risk] ?? t.catalogue.limit, { kind: "primary", glyph: "policies", small });
    let policies;
    trigger.addEventListener("pointerenter", () => prepare(), { once: true });
    trigger.addEventListener("focus", () => prepare(), { once: true });
    const prepare = () => (policies ??= api.all("/policies").then((list) => list.filter((each) => each.server === server), () => []));
    trigger.addEventListener("click", () => run(trigger, async () => {
      const list = await prepare();
      if (list.length === 1) location.hash = href(["policies", list[0].name], { tool: page.name, do: state });
      else if (!list.length) location.hash = href(["policies"], { new: "yes", server, tool: page.name });
      else choose(list);
    }));
    const chooser = h("button", { type: "button", class: "icon-button", hidden: true });
    let list_ = [];
    const anchor = menu(chooser, () => list_.map((each) => ({ label: each.name, glyph: "policies", href: href(["policies", each.name], { tool: page.name, do: state }) })));
    const choose = (list) => {
      list_ = list;
      chooser.hidden = false;
      chooser.click();
      chooser.hidden = true;
    };
    return h("span", { class: "row nowrap" }, trigger, anchor);
  }

  // --- attacks ----------------------------------------------------------------------------------------------------

  async patterns() {
    this.known ??= api.get("/catalogue/attacks").then((page) => page.attacks ?? itemsOf(page));
    return this.known;
  }

  attacks() {
    return this.load(this, () => this.patterns(), (list) => {
      const families = [...new Set(list.map((each) => each.family))];
      return [this.head(t.catalogue.attacks, { back: [[t.nav.catalogue, "#/catalogue"]], lead: t.catalogue.attacksLead }), families.map((family) => [h("h2", { class: "section-title" }, foreign(family)), h("div", { class: "tiles wide-tiles" }, list.filter((each) => each.family === family).map((each) =>
        h("a", { class: "card attack-tile", href: href(["catalogue", "-", "attacks", each.slug]), dataset: { row: "" } }, h("strong", null, each.title), h("span", { class: "sub" }, each.summary), h("span", { class: "row" }, (each.abuses ?? []).map((risk) => classBadge(risk, { short: true }))))))])];
    });
  }

  attack(slug) {
    return this.load(this, async () => (await this.patterns()).find((each) => each.slug === slug), (page) => {
      if (!page) return [this.head(t.missing.title, { back: [[t.nav.catalogue, "#/catalogue"]] }), empty("search", t.missing.text, "")];
      const list = (items) => h("ul", { class: "bullets" }, (items ?? []).map((each) => h("li", null, foreign(each))));
      return [this.head(page.title, { back: [[t.nav.catalogue, "#/catalogue"], [t.catalogue.attacks, href(["catalogue", "-", "attacks"])]], lead: page.summary, after: stateBadge(page.family, "off") }),
        h("div", { class: "grid" }, h("div", { class: "span-7 stack" }, card(t.catalogue.how, list(page.how)), card(t.catalogue.signs, list(page.signs))), h("div", { class: "span-5 stack" }, card(t.catalogue.containment, h("div", { class: "stack tight" }, h("p", null, foreign(page.containment)), snippet(JSON.stringify(page.policy ?? {}, null, 2)))), card(t.catalogue.hits, h("div", { class: "row" }, (page.abuses ?? []).map((risk) => classBadge(risk))))))];
    });
  }
}

export default define("tg-catalogue", CatalogueView);
