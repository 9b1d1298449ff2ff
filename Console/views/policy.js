// The policy builder: one document, seen as choices per tool and as JSON, without loss either way.

import t from "../texts.js";
import { api, etagOf, itemsOf, seg } from "../lib/api.js";
import { code, debounce, fill, foreign, h, icon, marked } from "../lib/dom.js";
import { differenceView } from "../lib/difference.js";
import { when } from "../lib/format.js";
import { get, JSONProblem, parse, print, remove } from "../lib/json.js";
import { jsonEditor } from "../lib/json-editor.js";
import { matches } from "../lib/names.js";
import { freshText, PolicyModel } from "../lib/policy.js";
import { go, href, setQuery } from "../lib/router.js";
import { operations } from "../lib/operations.js";
import { session } from "../lib/session.js";
import { announce, button, card, classBadge, confirm, dialog, empty, field, iconButton, input, menu, notice, outcomeBadge, pageHead, run, segmented, sheet, stateBadge, table, tabs, toast } from "../lib/ui.js";
import { define, View } from "../lib/view.js";
import { argumentsOf, classOf, loadTools, riskGravest } from "../lib/tools.js";
import { ruleEditor } from "../lib/rules.js";
import { documentSettings } from "../lib/document.js";
import { callTester, previewPanel } from "../lib/trial.js";

const states = [["allow", t.builder.allow, "allow"], ["deny", t.builder.deny, "deny"], ["hide", t.builder.hide, "hide"], ["custom", t.builder.custom, "custom"]];

class PolicyView extends View {
  get title() {
    return this.route.path[1];
  }

  start() {
    this.name = this.route.path[1];
    this.tab = this.route.path[2] === "history" ? "history" : "builder";
    if (!this.policy) return this.fetch();
    this.draw();
    return this.focusTool();
  }

  async fetch() {
    this.classList.add("builder-view");
    await this.load(this, async (signal) => {
      const policy = await api.get(`/policies/${seg(this.name)}`, undefined, { signal });
      const tools = policy.server ? await loadTools(policy.server, signal).catch(() => []) : [];
      return { policy, tools };
    }, ({ policy, tools }) => {
      this.policy = policy;
      this.tools = tools.filter((tool) => tool.standing !== "gone");
      this.head = h("div", { class: "stack" });
      this.body = h("div");
      return [this.head, this.body];
    }, { rows: 10 });
    if (!this.policy) return;
    this.etag = etagOf(this.policy) ?? this.policy.etag;
    this.saved = await this.exact();
    this.past = [];
    this.future = [];
    this.open = new Set();
    this.take(this.saved);
    this.build();
    this.draw();
    this.focusTool();
    this.listen(window, "beforeunload", (event) => this.dirty && event.preventDefault());
    this.listen(document, "keydown", (event) => this.key(event));
  }

  /** The document with its own digits and order: read from the text of the answer, which the browser's reader would change. */
  async exact(version) {
    const node = get(parse(await api.raw(`/policies/${seg(this.name)}${version ? "/versions/" + version : ""}`)), "document");
    return node?.kind === "object" ? print(node) : freshText();
  }

  /** The member that says whose tools a document is for. */
  server() {
    return this.policy.server ? `,"server":${JSON.stringify(this.policy.server)}` : "";
  }

  get dirty() {
    return this.text !== undefined && this.text !== this.saved;
  }

  /** Takes a text as the document; `model` stays the last one that could be read. */
  take(text) {
    this.text = text;
    this.broken = null;
    try {
      this.model = new PolicyModel(text);
    } catch (error) {
      this.broken = error;
      if (!this.model) this.model = new PolicyModel(this.saved || "{}");
    }
  }

  // --- frame ----------------------------------------------------------------------------------------------------

  build() {
    this.editor = jsonEditor({ text: this.text, readOnly: !session.manages, changed: (text) => this.fromText(text) });
    this.list = h("div", { class: "stack tools-pane" });
    this.bar = h("div", { class: "save-bar", hidden: true });
    const pane = h("aside", { class: "json-pane", "aria-label": t.builder.json }, h("header", null, h("h2", { class: "grow" }, t.builder.json), iconButton("undo", t.builder.undo, () => this.undo(), { small: true }), iconButton("copy", t.action.copy, () => navigator.clipboard.writeText(this.text).then(() => toast(t.action.copied)), { small: true })), this.editor.element);
    this.builder = h("div", { class: "builder" }, this.list, pane);
    this.check = debounce(() => this.runCheck(), 500);
    this.atEnd(() => this.check.cancel());
    this.drawList();
    this.check();
  }

  draw() {
    const policy = this.policy;
    fill(this.head, pageHead(foreign(this.name), {
      back: [[t.nav.policies, "#/policies"], ...(policy.server ? [[policy.server, href(["servers", policy.server])]] : [])],
      after: [stateBadge(t.policies.versionNumber(policy.version ?? 0), "off", "history"), this.model.value("mode") === "shadow" && stateBadge(t.builder.shadowMode, "accent", "hide"), !policy.grants?.length && stateBadge(t.policies.unused, "wait")],
      actions: [session.manages && button(t.builder.test, { glyph: "play", action: () => callTester(this) }), operations.has("POST /policy/preview") && button(t.builder.impact, { glyph: "history", action: () => previewPanel(this) }), session.manages && menu(iconButton("more", t.server.more), [
        ...["recommended", "strict", "permissive"].map((preset) => ({ label: t.builder.preset(t.policies.presets[preset].word), glyph: "spark", disabled: !policy.server, action: () => this.preset(preset) })), null,
        { label: t.builder.format, glyph: "code", action: () => this.change(print(parse(this.text))) }, { label: t.policies.remove, glyph: "trash", danger: true, action: () => this.remove_() },
      ])],
    }), tabs(t.builder.parts, [["builder", t.builder.builder, href(["policies", this.name])], ["history", t.builder.history, href(["policies", this.name, "history"])]], this.tab));
    if (this.shown === this.tab) return this.drawBar();
    this.shown = this.tab;
    if (this.tab === "history") {
      this.bar.hidden = true;
      return this.drawHistory();
    }
    fill(this.body, this.builder, this.bar);
    return this.drawBar();
  }

  drawBar() {
    this.bar.hidden = !this.dirty || this.tab !== "builder";
    const errors = (this.findings ?? []).filter((each) => each.severity !== "warning").length;
    fill(this.bar, h("span", { class: "grow", role: "status" }, this.broken ? stateBadge(t.builder.notJson, "bad", "error") : errors ? stateBadge(t.builder.errors(errors), "bad", "error") : stateBadge(t.builder.unsaved, "wait")),
      button(t.builder.discard, { kind: "quiet", action: () => this.discard() }), operations.has("POST /policy/preview") && button(t.builder.impact, { action: () => previewPanel(this), disabled: Boolean(this.broken) }),
      button(t.builder.review, { kind: "primary", disabled: Boolean(this.broken) || errors > 0, action: () => this.review() }));
  }

  // --- changes ----------------------------------------------------------------------------------------------------

  /** The tree was changed by a control. */
  edited({ redraw = false } = {}) {
    this.remember();
    this.text = this.model.text;
    this.editor.text = this.text;
    this.after(redraw);
  }

  /** The document is another text now. */
  change(text) {
    this.remember();
    this.take(text);
    this.editor.text = text;
    this.after(true);
  }

  remember() {
    if (this.past.at(-1) !== this.text) this.past.push(this.text);
    if (this.past.length > 200) this.past.shift();
    this.future = [];
  }

  after(redraw) {
    if (redraw) this.drawList();
    this.drawBar();
    this.check();
  }

  fromText(text) {
    this.remember();
    this.take(text);
    if (this.broken instanceof JSONProblem) this.showFindings([{ severity: "error", line: this.broken.line, column: this.broken.column, message: t.builder.jsonProblem(this.broken.message) }]);
    else this.check();
    this.drawList();
    this.drawBar();
  }

  undo() {
    const before = this.past.pop();
    if (before === undefined) return toast(t.builder.nothingToUndo, { tone: "info" });
    this.future.push(this.text);
    this.take(before);
    this.editor.text = before;
    this.drawList();
    this.drawBar();
    this.check();
    return announce(t.builder.undone);
  }

  key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      if (this.dirty && !this.broken && !document.querySelector("dialog[open]")) this.review();
    }
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z" && !event.target.closest?.("input, textarea")) {
      event.preventDefault();
      this.undo();
    }
  }

  async discard() {
    const text = this.text;
    this.change(this.saved);
    toast(t.builder.discarded, { undo: () => this.change(text) });
  }

  async runCheck() {
    const text = this.text;
    if (this.broken || !session.manages) return;
    try {
      const answer = await api.request("POST", "/policy/check", { rawBody: `{"document":${text}${this.server()}}` });
      if (text === this.text && this.isConnected) this.showFindings(answer.findings ?? answer.errors ?? []);
    } catch (error) {
      if (text === this.text && error.errors?.length) this.showFindings(error.errors);
    }
  }

  showFindings(findings) {
    this.findings = findings;
    this.editor.findings(findings);
    this.drawBar();
    for (const row of this.list.querySelectorAll("[data-tool]")) {
      const pointer = "/tools/" + row.dataset.tool.replaceAll("~", "~0").replaceAll("/", "~1");
      row.classList.toggle("has-error", findings.some((each) => each.severity !== "warning" && (each.pointer === pointer || each.pointer?.startsWith(pointer + "/"))));
    }
  }

  // --- the list of tools --------------------------------------------------------------------------------------------

  drawList() {
    const kept = document.activeElement?.closest?.("[data-tool]")?.dataset.tool;
    if (this.broken) {
      fill(this.list, notice("bad", h("strong", null, t.builder.notJson), h("p", null, t.builder.notJsonText(this.broken.message))));
      return;
    }
    const groups = riskGravest.map((risk) => this.group(risk, this.tools.filter((tool) => classOf(tool) === risk)));
    const box = this.filterBox ??= this.makeFilter();
    fill(this.list, documentSettings(this), this.tools.length > 4 && h("div", { class: "toolbar" }, h("div", { class: "search-box" }, icon("search"), box)), !this.tools.length && notice("info", this.policy.server ? t.builder.noTools : t.builder.noServer), groups, this.entries());
    this.filterList();
    if (kept) this.list.querySelector(`[data-tool="${CSS.escape(kept)}"] input:checked`)?.focus({ preventScroll: true });
  }

  makeFilter() {
    const box = h("input", { type: "search", placeholder: t.server.filter, "aria-label": t.server.filter, dataset: { filter: "" } });
    box.addEventListener("input", () => this.filterList());
    return box;
  }

  filterList() {
    const query = this.filterBox?.value.trim().toLowerCase() ?? "";
    for (const row of this.list.querySelectorAll(".builder-row")) row.hidden = Boolean(query) && !row.dataset.words.includes(query);
  }

  group(risk, tools) {
    if (!tools.length) return null;
    const set = (state) => () => this.setAll(tools, state);
    const all = session.manages && menu(button(t.builder.setAll, { small: true, kind: "quiet", glyph: "down" }), states.slice(0, 3).map(([key, word, glyph]) => ({ label: word, glyph, action: set(key) })));
    return h("section", { class: "card flush builder-group" }, h("header", null, h("h2", null, classBadge(risk)), h("span", { class: "count" }, String(tools.length)), h("span", { class: "grow muted hide-narrow" }, t.risk[risk].meaning), all), h("ul", { class: "card-body rows" }, tools.map((tool) => this.row(tool))));
  }

  row(tool) {
    const risk = classOf(tool);
    const row = h("li", { class: "builder-row", dataset: { tool: tool.name, words: `${tool.name} ${tool.title ?? ""} ${tool.description ?? ""}`.toLowerCase() } });
    const draw = () => {
      const verdict = this.model.judge(tool.name, risk);
      const shownState = this.open.has(tool.name) && verdict.own && verdict.by === "exact" && verdict.state === "allow" ? "custom" : verdict.state;
      const choice = segmented(t.builder.stateOf(tool.name), states, shownState, (state) => this.choose(tool, state, draw));
      if (!session.manages) for (const radio of choice.querySelectorAll("input")) radio.disabled = true;
      const entry = verdict.by === "exact" ? this.model.entry(tool.name) : null;
      const opens = verdict.by === "exact" && shownState === "custom";
      const open = opens && this.open.has(tool.name);
      const toggle = opens && iconButton(open ? "down" : "right", open ? t.builder.fold : t.builder.unfold, () => {
        if (open) this.open.delete(tool.name);
        else this.open.add(tool.name);
        draw();
      }, { small: true });
      toggle && toggle.setAttribute("aria-expanded", String(Boolean(open)));
      fill(row, h("div", { class: "builder-line" }, h("span", { class: "fold" }, toggle), h("div", { class: "grow" }, h("strong", { class: "mono" }, foreign(tool.name)), h("span", { class: "sub clip" }, this.because(verdict), foreign(tool.title && tool.title !== tool.name ? tool.title : tool.description ?? ""))), choice),
        open && entry && h("div", { class: "builder-rules" }, tool.signals?.length > 0 && tool.signals.map((each) => notice("info", marked(each.suggestion ?? each.says))), ruleEditor({ entry, name: tool.name, args: argumentsOf(tool.input_schema ?? tool.inputSchema), changed: () => this.edited() })));
      row.dataset.state = shownState;
    };
    draw();
    return row;
  }

  /** What says so, where it is not the tool's own key. */
  because(verdict) {
    const words = { hide: !verdict.own && t.builder.by.hide(verdict.key), pattern: t.builder.by.pattern(verdict.key), class: t.builder.by.class(t.risk[verdict.key]?.word ?? verdict.key), unclassified: t.builder.by.unclassified }[verdict.by];
    const summary = verdict.by === "exact" && verdict.state === "custom" ? t.builder.summary(PolicyModel.summary(this.model.entry(verdict.key))) : null;
    return words || summary ? h("span", { class: "because" }, words || summary) : null;
  }

  choose(tool, state, draw) {
    const before = this.text;
    const was = this.model.judge(tool.name, classOf(tool));
    const pattern = this.model.setState(tool.name, classOf(tool), state, t.builder.denyReason);
    if (pattern !== undefined) {
      draw();
      return toast(t.builder.hiddenBy(tool.name, pattern), { tone: "bad", detail: t.builder.hiddenByText });
    }
    if (state === "custom") this.open.add(tool.name);
    else this.open.delete(tool.name);
    this.edited();
    draw();
    this.list.querySelector(`[data-tool="${CSS.escape(tool.name)}"] input:checked`)?.focus({ preventScroll: true });
    if (was.by === "exact" && was.state === "custom" && state !== "custom") toast(t.builder.rulesGone(tool.name), { undo: () => this.change(before) });
    return undefined;
  }

  setAll(tools, state) {
    const before = this.text;
    const blocked = tools.filter((tool) => this.model.setState(tool.name, classOf(tool), state, t.builder.denyReason) !== undefined);
    this.edited({ redraw: true });
    toast(t.builder.allSet(tools.length - blocked.length, t.builder[state]), { undo: () => this.change(before), detail: blocked.length ? t.builder.someHidden(blocked.length) : undefined });
  }

  /** Keys of the document that are patterns, or name no tool. */
  entries() {
    const names = new Set(this.tools.map((tool) => tool.name));
    const rest = this.model.entryKeys.filter((key) => !names.has(key));
    const add = session.manages && button(t.builder.addPattern, { small: true, glyph: "plus", action: () => this.addPattern() });
    if (!rest.length && !add) return null;
    return card(t.builder.patterns, rest.length ? h("ul", { class: "rows" }, rest.map((key) => this.entryRow(key))) : h("p", { class: "muted pad-in" }, t.builder.noPatterns), { flush: true, actions: add });
  }

  entryRow(key) {
    const row = h("li", { class: "builder-row", dataset: { tool: key, words: key.toLowerCase() } });
    const covered = this.tools.filter((tool) => key.includes("*") && matches(key, tool.name)).length;
    const draw = () => {
      const entry = this.model.entry(key);
      if (!entry) return;
      const open = this.open.has(key);
      fill(row, h("div", { class: "builder-line" }, h("span", { class: "fold" }, iconButton(open ? "down" : "right", open ? t.builder.fold : t.builder.unfold, () => {
        if (open) this.open.delete(key);
        else this.open.add(key);
        draw();
      }, { small: true })), h("div", { class: "grow" }, h("strong", { class: "mono" }, foreign(key)), h("span", { class: "sub" }, key.includes("*") ? t.builder.covers(covered) : t.builder.namesNone, " · ", t.builder.summary(PolicyModel.summary(entry)))), outcomeBadge({ allow: "allow", deny: "deny", hide: "hidden", custom: "custom" }[this.model.judge(key).state]), session.manages && iconButton("trash", t.builder.removeEntry, () => {
        const before = this.text;
        remove(this.model.tools, key);
        this.edited({ redraw: true });
        toast(t.builder.entryGone(key), { undo: () => this.change(before) });
      }, { small: true })), open && h("div", { class: "builder-rules" }, ruleEditor({ entry, name: key, args: this.sharedArguments(key), changed: () => this.edited() })));
    };
    draw();
    return row;
  }

  /** The arguments that tools under a pattern have. */
  sharedArguments(key) {
    const found = new Map();
    for (const tool of this.tools.filter((each) => matches(key, each.name))) for (const each of argumentsOf(tool.input_schema ?? tool.inputSchema)) if (!found.has(each.path)) found.set(each.path, each);
    return [...found.values()];
  }

  addPattern() {
    const box = input({ placeholder: "get_*", spellcheck: "false", required: true });
    return confirm({
      title: t.builder.addPattern, danger: false, confirmLabel: t.builder.add, what: h("p", { class: "muted" }, t.builder.patternText), extra: field(t.builder.pattern, box),
      action: async () => {
        const key = box.value.trim();
        if (!key) throw new Error(t.form.required);
        if (!this.model.entry(key)) this.model.ensure("tools").members.push({ key, value: { kind: "object", members: [] } });
        this.open.add(key);
        this.edited({ redraw: true });
      },
    });
  }

  /** Opens the tool that the address asks for. */
  focusTool() {
    const name = this.route.query.get("tool");
    if (!name || this.tab !== "builder" || !this.list) return;
    const wanted = this.route.query.get("do");
    const tool = this.tools.find((each) => each.name === name);
    if (tool && ["allow", "deny", "hide", "custom"].includes(wanted) && session.manages) {
      this.model.setState(name, classOf(tool), wanted, t.builder.denyReason);
      if (wanted === "custom") this.open.add(name);
      this.edited({ redraw: true });
      setQuery({ do: null }, { quiet: true });
      this.route.query.delete("do");
    }
    const key = tool && this.model.judge(name, classOf(tool)).key;
    if (key) this.open.add(key);
    this.drawList();
    const row = this.list.querySelector(`[data-tool="${CSS.escape(name)}"]`);
    row?.scrollIntoView({ block: "center" });
    row?.classList.add("arrives");
  }

  // --- saving -------------------------------------------------------------------------------------------------------

  async review() {
    const note = input({ maxlength: 500, placeholder: t.builder.notePlaceholder });
    const changes = h("div", { class: "stack tight" }, h("p", { class: "muted" }, t.register.loading));
    const save = button(t.builder.publish, { kind: "primary", glyph: "check" });
    const problem = h("div", { role: "alert" });
    const shown = dialog(t.builder.reviewTitle(this.name), h("div", { class: "stack" }, this.policy.grants?.length ? notice("info", t.builder.inForce(this.policy.grants)) : null, changes, h("details", { class: "plain", open: true }, h("summary", null, t.builder.document), differenceView(this.saved, this.text)), field(t.builder.note, note, { optional: true }), problem),
      [button(t.action.cancel, { action: () => shown.close() }), save], { wide: true });
    save.addEventListener("click", () => run(save, async () => {
      try {
        await this.save(note.value.trim());
        shown.close();
      } catch (error) {
        if (error.status === 412) {
          shown.close();
          return this.conflict();
        }
        if (error.errors?.length) this.showFindings(error.errors);
        fill(problem, notice("bad", h("strong", null, marked(error.message)), error.remedy && h("p", null, marked(error.remedy)), error.errors?.length > 0 && h("ul", { class: "bullets" }, error.errors.slice(0, 6).map((each) => h("li", null, each.line ? t.builder.line(each.line) + ": " : "", each.message)))));
      }
      return undefined;
    }));
    try {
      const answer = await api.request("POST", "/policy/diff", { rawBody: `{"from":${this.saved},"to":${this.text}${this.server()}}` });
      fill(changes, changeList(answer.changes ?? []));
    } catch {
      fill(changes);
    }
  }

  async save(note) {
    const text = this.text;
    const record = await api.request("PUT", `/policies/${seg(this.name)}`, { rawBody: `{"document":${text}${note ? `,"note":${JSON.stringify(note)}` : ""}}`, match: this.etag });
    const before = this.policy.version;
    await this.reload(text);
    toast(t.builder.saved(this.policy.version ?? record?.version), { undo: before ? async () => {
      await api.post(`/policies/${seg(this.name)}/rollback`, { version: before }, { match: this.etag });
      await this.reload();
      toast(t.builder.rolledBack(before));
    } : undefined });
  }

  async reload(text) {
    this.policy = await api.get(`/policies/${seg(this.name)}`);
    this.etag = etagOf(this.policy) ?? this.policy.etag;
    this.saved = await this.exact();
    this.take(text && print(parse(text)) === this.saved ? this.saved : text ? text : this.saved);
    if (text) this.saved = this.text;
    this.editor.text = this.text;
    this.drawList();
    this.shown = null;
    this.draw();
  }

  async conflict() {
    const mine = this.text;
    const theirs = await api.get(`/policies/${seg(this.name)}`);
    const text = await this.exact();
    const shown = dialog(t.builder.conflictTitle, h("div", { class: "stack" }, h("p", null, t.builder.conflictText(theirs.author ?? "", theirs.version)), differenceView(text, mine)), [
      button(t.builder.takeTheirs, { action: async () => {
        shown.close();
        await this.reload();
      } }),
      button(t.builder.keepMine, { kind: "primary", action: async () => {
        shown.close();
        this.policy = theirs;
        this.etag = etagOf(theirs) ?? theirs.etag;
        this.saved = text;
        this.drawBar();
        await this.review();
      } }),
    ], { wide: true });
  }

  async preset(name) {
    const before = this.text;
    const answer = await api.post("/policy/suggest", { server: this.policy.server, preset: name });
    this.change(print(parse(typeof answer.document === "string" ? answer.document : JSON.stringify(answer.document))));
    toast(t.builder.presetTaken(t.policies.presets[name].word), { undo: () => this.change(before), detail: t.builder.presetText });
  }

  async remove_() {
    const gone = await confirm({ title: t.policies.removeTitle(this.name), type: this.name, confirmLabel: t.policies.remove, what: h("p", null, t.policies.removeText(this.policy.grants?.length ?? 0)), action: () => api.del(`/policies/${seg(this.name)}`, undefined, { match: this.etag }) });
    if (!gone) return;
    this.saved = this.text;
    toast(t.policies.removed(this.name));
    go("#/policies");
  }

  // --- history ------------------------------------------------------------------------------------------------------

  drawHistory() {
    return this.load(this.body, () => api.get(`/policies/${seg(this.name)}/versions`, { limit: 200 }), (page) => {
      const versions = itemsOf(page);
      if (!versions.length) return empty("history", t.builder.noHistory, "");
      return table(t.builder.history, [
        { label: t.policies.version, className: "shrink", cell: (row) => h("span", { class: "row nowrap" }, t.policies.versionNumber(row.version), row.in_force && stateBadge(t.builder.current, "good")) },
        { label: t.builder.note, cell: (row) => (row.note ? foreign(row.note) : h("span", { class: "muted" }, "–")) },
        { label: t.builder.author, cell: (row) => foreign(row.author) },
        { label: t.policies.changed, className: "shrink", cell: (row) => when(row.time) },
        { label: t.policies.version + " ID", className: "shrink hide-narrow", cell: (row) => code(String(row.digest ?? "").slice(0, 12), "muted") },
        { label: "", className: "end shrink", cell: (row) => h("span", { class: "row nowrap" }, button(t.builder.compare, { small: true, action: () => this.compare(row, versions) }), session.manages && !row.in_force && button(t.builder.rollback, { small: true, glyph: "undo", action: () => this.rollback(row) })) },
      ], versions);
    });
  }

  async compare(row, versions) {
    const older = versions.find((each) => each.version < row.version);
    const read = (version) => this.exact(version);
    const other = row.in_force ? older : versions.find((each) => each.in_force);
    const [left, right] = row.in_force ? [other && await read(other.version), await read(row.version)] : [await read(row.version), await read(other.version)];
    const changes = h("div");
    sheet(row.in_force ? t.builder.whatChanged(row.version) : t.builder.against(row.version, other.version), [changes, differenceView(left ?? "", right)], { wide: true });
    if (!left) return;
    const answer = await api.request("POST", "/policy/diff", { rawBody: `{"from":${left},"to":${right}${this.server()}}` }).catch(() => null);
    if (answer) fill(changes, changeList(answer.changes ?? []));
  }

  async rollback(row) {
    const was = this.policy.version;
    const done = await confirm({ title: t.builder.rollbackTitle(row.version), danger: false, confirmLabel: t.builder.rollback, what: h("p", null, t.builder.rollbackText(row.version, was)), action: () => api.post(`/policies/${seg(this.name)}/rollback`, { version: row.version }, { match: this.etag }) });
    if (!done) return;
    await this.reload();
    this.drawHistory();
    toast(t.builder.rolledBack(row.version));
  }
}

const tones = { "newly-allowed": "wait", "newly-denied": "good", "newly-limited": "accent", "less-limited": "wait", "no-longer-asked": "wait", "newly-asked": "good", "newly-hidden": "good" };

/** What a change means for calls, in sentences. */
function changeList(changes) {
  if (!changes.length) return h("p", { class: "muted" }, t.builder.noEffect);
  return h("ul", { class: "change-list" }, changes.map((each) => h("li", null, stateBadge(t.effects[each.effect] ?? each.effect, tones[each.effect] ?? "off"), h("span", { class: "grow" }, marked(each.sentence)))));
}

export default define("tg-policy", PolicyView);
