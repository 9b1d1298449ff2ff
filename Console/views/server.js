// One server: what it is, its tools by class, what changed since they were accepted, and how it fares.

import t from "../texts.js";
import { api, itemsOf, seg, etagOf } from "../lib/api.js";
import { code, fill, foreign, h, icon } from "../lib/dom.js";
import { differenceView } from "../lib/difference.js";
import { shareBar } from "../lib/chart.js";
import { number, when, timeText } from "../lib/format.js";
import { go, href, setQuery } from "../lib/router.js";
import { operations } from "../lib/operations.js";
import { session } from "../lib/session.js";
import { button, card, classBadge, confirm, copyable, empty, facts, field, iconButton, input, linkButton, menu, notice, pageHead, select, severityBadge, sheet, snippet, stateBadge, tabs, toast } from "../lib/ui.js";
import { define, View } from "../lib/view.js";
import { argumentsOf, classOf, loadTools, riskGravest, riskOrder, typeWord } from "../lib/tools.js";
import { healthBadge, kindOf } from "./servers.js";

const canonical = (value) => JSON.stringify(value, (key, each) => (each && typeof each === "object" && !Array.isArray(each) ? Object.fromEntries(Object.keys(each).sort().map((name) => [name, each[name]])) : each), 2);

const standingBadge = (standing) => stateBadge(t.standing[standing]?.word ?? standing, { pinned: "good", changed: "bad", new: "wait", gone: "off", renamed: "wait" }[standing] ?? "off", { pinned: "lock", changed: "changed", new: "plus", gone: "minus" }[standing]);

class ServerView extends View {
  get title() {
    return this.route.path[1];
  }

  start() {
    this.name = this.route.path[1];
    this.tab = this.route.path[2] ?? "tools";
    if (!this.server) return this.fetch();
    return this.draw();
  }

  async fetch() {
    await this.load(this, () => api.get(`/servers/${seg(this.name)}`), (server) => {
      this.server = server;
      this.body = h("div", { class: "stack roomy" });
      this.head = h("div", { class: "stack" });
      return [this.head, this.body];
    }, { rows: 8 });
    if (this.server) this.draw();
  }

  draw() {
    const server = this.server;
    const waiting = (server.tools_changed ?? 0) + (server.tools_new ?? 0);
    const actions = session.administers ? [
      operations.has("POST /servers/{}/check") && button(t.server.check, { glyph: "refresh", title: t.server.checkTitle, action: () => this.check() }),
      menu(iconButton("more", t.server.more), [
        { label: t.server.edit, glyph: "write", action: () => this.edit() },
        kindOf(server) === "remote" && operations.has("POST /servers/{}/connect") && { label: t.server.connect, glyph: "lock", action: () => this.connect() },
        null,
        { label: t.server.remove, glyph: "trash", danger: true, action: () => this.remove() },
      ])] : null;
    fill(this.head, pageHead(foreign(this.name), { back: [[t.nav.servers, "#/servers"]], after: healthBadge(server), actions, lead: foreign(server.description ?? server.upstream ?? "") }),
      server.health?.error && notice("bad", foreign(server.health.error)),
      tabs(t.server.parts, [["tools", t.server.tools, href(["servers", this.name])], ["changes", t.server.changes, href(["servers", this.name, "changes"]), waiting], ["about", t.server.about, href(["servers", this.name, "about"])], operations.has("GET /servers/{}/logs") && ["logs", t.server.logs, href(["servers", this.name, "logs"])]], this.tab));
    if (this.drawn !== this.tab) {
      this.drawn = this.tab;
      const part = { tools: () => this.tools(), changes: () => this.changes(), about: () => fill(this.body, this.about()), logs: () => this.logs() }[this.tab];
      if (part) part();
      else go(href(["servers", this.name]), { replace: true });
    }
    const tool = this.route.query.get("tool");
    if (tool && this.list) this.openTool(tool);
  }

  // --- tools ----------------------------------------------------------------------------------------------------

  tools() {
    return this.load(this.body, (signal) => loadTools(this.name, signal), (list) => {
      this.list = list;
      const wanted = this.route.query.get("tool");
      if (wanted) queueMicrotask(() => this.openTool(wanted));
      if (!list.length) return empty("servers", t.server.noToolsTitle, t.server.noToolsText, session.administers && operations.has("POST /servers/{}/check") && button(t.server.check, { kind: "primary", glyph: "refresh", action: () => this.check() }));
      const counts = Object.fromEntries(riskOrder.map((key) => [key, list.filter((tool) => classOf(tool) === key).length]));
      const box = h("input", { type: "search", placeholder: t.server.filter, "aria-label": t.server.filter, dataset: { filter: "" } });
      const groups = h("div", { class: "stack" });
      const draw = () => {
        const query = box.value.trim().toLowerCase();
        const found = list.filter((tool) => `${tool.name} ${tool.title ?? ""} ${tool.description ?? ""}`.toLowerCase().includes(query));
        fill(groups, riskGravest.map((risk) => this.group(risk, found.filter((tool) => classOf(tool) === risk))), !found.length && h("p", { class: "muted pad" }, t.server.noneFits));
      };
      box.addEventListener("input", draw);
      draw();
      const tokens = list.reduce((sum, tool) => sum + (tool.tokens ?? 0), 0);
      return [h("div", { class: "summary-strip" }, h("div", { class: "grow" }, shareBar(riskOrder.map((key) => [key, counts[key]]), t.servers.classShares), h("div", { class: "row legend-row" }, riskOrder.filter((key) => counts[key]).map((key) => h("span", { class: "row" }, classBadge(key), h("b", null, number(counts[key])))))),
        tokens > 0 && h("div", { class: "strip-figure" }, h("b", null, number(tokens)), h("span", { class: "muted" }, t.server.tokens)),
        session.manages && linkButton(t.server.makePolicy, href(["policies"], { new: "yes", server: this.name }), { kind: this.server.policies?.length ? "" : "primary", glyph: "policies" })),
        h("div", { class: "toolbar" }, h("div", { class: "search-box" }, icon("search"), box)), groups];
    }, { rows: 8, height: 52 });
  }

  group(risk, list) {
    if (!list.length) return null;
    return h("section", { class: "card flush" }, h("header", null, h("h2", null, classBadge(risk)), h("span", { class: "muted grow" }, t.risk[risk].meaning), h("span", { class: "count" }, String(list.length))),
      h("ul", { class: "card-body rows" }, list.map((tool) => h("li", null, h("a", { class: "tool-row", href: href(["servers", this.name], { tool: tool.name }), dataset: { row: "" } },
        h("span", { class: "grow" }, h("strong", { class: "mono" }, foreign(tool.name)), h("span", { class: "sub clamp" }, foreign(tool.description ?? t.server.noDescription))),
        tool.findings?.length > 0 && stateBadge(t.server.findings(tool.findings.length), "bad", "error"), tool.standing && tool.standing !== "pinned" && standingBadge(tool.standing),
        h("span", { class: "hide-narrow" }, severityBadge(tool.severity)), icon("right"))))));
  }

  openTool(name) {
    if (this.opened === name) return;
    const tool = this.list.find((each) => each.name === name);
    if (!tool) return;
    this.opened = name;
    const shown = sheet(h("span", { class: "mono" }, foreign(tool.name)), this.toolBody(tool, () => shown.close()), {
      wide: true, subtitle: tool.title && tool.title !== tool.name ? foreign(tool.title) : null,
      onClose: () => {
        this.opened = null;
        if (this.isConnected) setQuery({ tool: null });
      },
    });
  }

  toolBody(tool, close) {
    const args = argumentsOf(tool.input_schema ?? tool.inputSchema);
    return [
      h("div", { class: "row" }, classBadge(classOf(tool)), severityBadge(tool.severity), tool.standing && standingBadge(tool.standing), tool.tokens && h("span", { class: "muted" }, t.server.tokensOf(tool.tokens)), session.manages && h("span", { class: "grow row end-row" },
        operations.has("GET /catalogue/servers/{}") && linkButton(t.server.inCatalogue, href(["catalogue", this.name, tool.name]), { small: true, glyph: "catalogue" }), operations.has("PUT /servers/{}/tools/{}/class") && button(t.server.reclass, { small: true, glyph: "custom", action: () => this.reclass(tool, close) }))),
      h("section", null, h("h3", null, t.server.description), h("p", { class: "quoted" }, foreign(tool.description || t.server.noDescription))),
      tool.findings?.length > 0 && h("section", null, h("h3", null, t.server.findingsTitle), tool.findings.map((each) => notice("bad", h("strong", null, foreign(each.kind ?? each.code ?? "")), " ", foreign(each.says ?? each.message ?? each.text ?? JSON.stringify(each))))),
      (tool.rationale || tool.evidence?.length > 0) && h("section", null, h("h3", null, t.server.why), tool.rationale && h("p", null, foreign(tool.rationale)), tool.evidence?.length > 0 && h("ul", { class: "evidence" }, tool.evidence.map((each) => h("li", null, h("q", null, foreign(each.quote)), h("span", { class: "muted" }, " ", t.server.evidence(each.source, each.says)))))),
      args.length > 0 && h("section", null, h("h3", null, t.server.arguments), h("dl", { class: "arguments" }, args.map((each) => h("div", null, h("dt", null, code(each.path.replace(/^args\.?/, "")), each.required && h("span", { class: "needed", title: t.server.required }, "*")), h("dd", null, h("span", { class: "muted" }, foreign(typeWord(each))), each.schema.description && h("p", null, foreign(each.schema.description))))))),
      h("section", null, h("h3", null, t.server.pin), facts([[t.server.accepted, tool.accepted && h("span", null, when(tool.accepted), " ", h("span", { class: "muted" }, foreign(tool.accepted_by ?? "")))], [t.server.digest, tool.digest && copyable(tool.digest, tool.digest.slice(0, 16) + "…")]])),
      h("details", { class: "plain" }, h("summary", null, t.server.schema), snippet(JSON.stringify(tool.input_schema ?? tool.inputSchema ?? {}, null, 2))),
    ];
  }

  reclass(tool, close) {
    const choice = select(riskOrder.slice(0, 5).map((key) => [key, t.risk[key].word]), classOf(tool));
    const reason = input({ required: true, maxlength: 300 });
    return confirm({
      title: t.server.reclassTitle(tool.name), danger: false, confirmLabel: t.action.save, what: h("p", { class: "muted" }, t.server.reclassText),
      extra: [field(t.server.classField, choice), field(t.server.reason, reason, { hint: t.server.reasonHint })],
      action: async () => {
        await api.put(`/servers/${seg(this.name)}/tools/${seg(tool.name)}/class`, { class: choice.value, reason: reason.value });
        toast(t.server.reclassed(tool.name, t.risk[choice.value].word));
        close();
        await this.again();
      },
    });
  }

  // --- changes --------------------------------------------------------------------------------------------------

  changes() {
    return this.load(this.body, () => api.get(`/servers/${seg(this.name)}/changes`).then(itemsOf), (list) => {
      if (!list.length) return empty("lock", t.changes.noneTitle, t.changes.noneText);
      return [h("p", { class: "lead" }, t.changes.lead), list.map((each) => this.change(each))];
    }, { rows: 3, height: 160 });
  }

  change(each) {
    const name = each.tool ?? each.name;
    const before = each.pinned ?? each.accepted_definition ?? each.before;
    const after = each.offered ?? each.after;
    const classes = [each.class, each.offered_class ?? each.class].map((value) => value && String(value).toLowerCase());
    const article = card(h("span", { class: "mono" }, foreign(name)), [
      h("div", { class: "row" }, standingBadge(each.standing), h("span", { class: "muted" }, t.changes.since, " ", when(each.since)), classes[1] && h("span", { class: "row" }, classes[0] !== classes[1] && classes[0] && [classBadge(classes[0]), icon("right")], classBadge(classes[1]))),
      classes[0] && classes[0] !== classes[1] && notice("bad", t.changes.classMoves(t.risk[classes[0]]?.word ?? classes[0], t.risk[classes[1]]?.word ?? classes[1])),
      differenceView(before ? canonical(before) : "", after ? canonical(after) : "", { label: t.changes.differenceOf(name) }),
      session.manages && h("div", { class: "row" }, button(t.changes.accept, { kind: "primary", glyph: "check", action: () => this.settle(each, "accept", article) }), operations.has("POST /servers/{}/tools/{}/reject") && button(t.changes.reject, { glyph: "deny", action: () => this.settle(each, "reject", article) }), h("span", { class: "muted" }, t.changes.meaning)),
    ], { className: "change" });
    article.querySelector(".card-body").classList.add("stack");
    return article;
  }

  settle(each, verb, article) {
    const name = each.tool ?? each.name;
    return confirm({
      title: t.changes[verb + "Title"](name), what: h("p", null, t.changes[verb + "Text"](name, this.name)), confirmLabel: t.changes[verb], danger: verb === "reject",
      action: async () => {
        await api.post(`/servers/${seg(this.name)}/tools/${seg(name)}/${verb}`, { digest: each.offered_digest ?? each.digest });
        toast(t.changes[verb + "ed"](name));
        article.remove();
        await this.again();
      },
    });
  }

  // --- about and logs -------------------------------------------------------------------------------------------

  about() {
    const server = this.server;
    const names = (list, kind) => (list?.length ? h("span", { class: "chips" }, list.map((each) => h("a", { class: "chip", href: kind === "policy" ? href(["policies", each]) : href(["grants"], { id: each }) }, foreign(each)))) : h("span", { class: "muted" }, t.server.none));
    return [h("div", { class: "grid" },
      h("div", { class: "span-7" }, card(t.server.facts, facts([
        [t.server.endpoint, copyable(server.endpoint ?? server.path)], [t.server.upstream, copyable(server.upstream)], [t.server.kind, t.server.kinds[kindOf(server)]],
        [t.server.protocol, server.health?.protocol && code(server.health.protocol)], [t.server.headers, server.headers?.length ? h("span", { class: "chips" }, server.headers.map((each) => code(`${each.name} = ${each.source ?? "…"}`, "chip"))) : null],
        [t.server.credentials, server.credentials?.length ? h("span", { class: "chips" }, server.credentials.map((each) => code(each.name ?? each, "chip"))) : null],
        [t.server.changedTools, t.server.changedToolsWord[server.changed_tools] ?? server.changed_tools], [t.server.limitFailure, t.server.limitFailureWord[server.limit_failure] ?? server.limit_failure],
        [t.servers.added, when(server.created)],
      ]))),
      h("div", { class: "span-5" }, card(t.server.belongs, facts([[t.nav.policies, names(server.policies, "policy")], [t.nav.grants, names(server.grants, "grant")], [t.server.checked, server.health?.checked && when(server.health.checked)]]))))];
  }

  logs() {
    return this.load(this.body, () => api.get(`/servers/${seg(this.name)}/logs`), (page) => {
      const list = itemsOf(page);
      if (!list.length) return empty("terminal", t.server.noLogsTitle, kindOf(this.server) === "command" ? t.server.noLogsText : t.server.noLogsRemote);
      return h("div", { class: "log", role: "log", "aria-label": t.server.logs, tabindex: "0" }, list.map((line) => h("div", { dataset: { kind: line.kind ?? "stderr" } }, line.time && h("time", { class: "muted", datetime: line.time }, timeText(new Date(line.time))), foreign(line.text ?? line.message ?? line))));
    });
  }

  // --- what can be done -----------------------------------------------------------------------------------------

  async again() {
    this.server = await api.get(`/servers/${seg(this.name)}`);
    this.drawn = null;
    this.draw();
  }

  async check() {
    const answer = await api.post(`/servers/${seg(this.name)}/check`);
    if (answer?.ok === false) toast(t.server.checkFailed, { tone: "bad", detail: answer.error ?? answer.detail });
    else toast(t.server.checked2(answer?.tools ?? answer?.tools_listed ?? 0));
    await this.again();
  }

  async connect() {
    const answer = await api.post(`/servers/${seg(this.name)}/connect`, {});
    const address = answer?.url ?? answer?.authorization_url;
    if (!address || !/^https?:\/\//.test(address)) return toast(t.server.noConnect, { tone: "info" });
    sheet(t.server.connect, [h("p", null, t.server.connectText), h("a", { class: "button primary", href: address, target: "_blank", rel: "noopener noreferrer" }, icon("external"), t.server.connectOpen), snippet(address)]);
    return undefined;
  }

  edit() {
    const server = this.server;
    const upstream = input({ value: server.upstream ?? "", type: "url", disabled: kindOf(server) !== "remote" });
    const changed = select([["hide", t.server.changedToolsWord.hide], ["show", t.server.changedToolsWord.show]], server.changed_tools);
    const failure = select([["closed", t.server.limitFailureWord.closed], ["open", t.server.limitFailureWord.open]], server.limit_failure);
    return confirm({
      title: t.server.editTitle(this.name), danger: false, confirmLabel: t.action.save, what: null,
      extra: [field(t.server.upstream, upstream), field(t.server.changedTools, changed), field(t.server.limitFailure, failure)],
      action: async () => {
        const body = { changed_tools: changed.value, limit_failure: failure.value };
        if (kindOf(server) === "remote" && upstream.value.trim() !== server.upstream) body.upstream = upstream.value.trim();
        await api.put(`/servers/${seg(this.name)}`, body, { match: etagOf(server) });
        toast(t.toast.saved);
        await this.again();
      },
    });
  }

  async remove() {
    const server = this.server;
    const gone = await confirm({
      title: t.server.removeTitle(this.name), type: this.name, confirmLabel: t.server.remove,
      what: [h("p", null, t.server.removeText), h("ul", { class: "bullets" }, h("li", null, t.server.removeGrants(server.grants?.length ?? 0)), h("li", null, t.server.removePolicies(server.policies?.length ?? 0)), h("li", null, t.server.removePins))],
      action: () => api.del(`/servers/${seg(this.name)}`, undefined, { match: etagOf(server) }),
    });
    if (gone) {
      toast(t.server.removed(this.name));
      go("#/servers");
    }
  }
}

export default define("tg-server", ServerView);
