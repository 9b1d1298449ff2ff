// The policies, and beginning a new one.

import t from "../texts.js";
import { api, seg } from "../lib/api.js";
import { fill, foreign, h, icon, marked } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { print, parse } from "../lib/json.js";
import { freshText } from "../lib/policy.js";
import { go, href, setQuery } from "../lib/router.js";
import { session } from "../lib/session.js";
import { button, empty, field, input, linkButton, notice, pageHead, run, select, sheet, stateBadge, table, toast } from "../lib/ui.js";
import { define, View } from "../lib/view.js";

const columns = [
  { label: t.policies.name, cell: (row) => h("span", null, foreign(row.name), row.note && h("span", { class: "sub clip" }, foreign(row.note))) },
  { label: t.policies.server, cell: (row) => (row.server ? h("span", { class: "row nowrap" }, icon("servers"), foreign(row.server)) : h("span", { class: "muted" }, "–")) },
  { label: t.policies.version, className: "shrink", cell: (row) => t.policies.versionNumber(row.version ?? 0) },
  { label: t.policies.grants, cell: (row) => (row.grants?.length ? h("span", { class: "chips" }, row.grants.slice(0, 4).map((each) => h("span", { class: "chip" }, foreign(each))), row.grants.length > 4 && h("span", { class: "muted" }, `+${row.grants.length - 4}`)) : stateBadge(t.policies.unused, "off")) },
  { label: t.policies.changed, className: "end shrink", cell: (row) => h("span", { class: "muted" }, when(row.changed ?? row.created)) },
];

class PoliciesView extends View {
  title = t.nav.policies;

  start() {
    if (!this.place) {
      this.place = h("div", { class: "stack" });
      fill(this, pageHead(t.nav.policies, { lead: t.policies.lead, actions: session.manages && h("button", { type: "button", class: "button primary", dataset: { primary: "" }, on: { click: () => setQuery({ new: "yes" }) } }, icon("plus"), h("span", null, t.policies.add)) }), this.place);
      this.load(this.place, () => api.all("/policies"), (list) => {
        if (!list.length) return empty("policies", t.policies.emptyTitle, t.policies.emptyText, session.manages && button(t.policies.add, { kind: "primary", glyph: "plus", action: () => setQuery({ new: "yes" }) }));
        return table(t.nav.policies, columns, list, { open: (row) => href(["policies", row.name]) });
      });
    }
    if (this.route.query.has("new") && session.manages) this.add();
  }

  async add() {
    if (this.adding) return;
    this.adding = true;
    const end = () => {
      this.adding = false;
      if (this.isConnected && location.hash.startsWith("#/policies?")) setQuery({ new: null, server: null, tool: null, preset: null });
    };
    const servers = await api.all("/servers").catch(() => []);
    if (!servers.length) {
      const shown = sheet(t.policies.add, empty("servers", t.grants.noServerTitle, t.policies.noServerText, linkButton(t.servers.add, "#/servers?add=", { kind: "primary" })), { onClose: end });
      shown.element.addEventListener("click", (event) => event.target.closest("a") && shown.close());
      return;
    }
    const wanted = this.route.query;
    const server = select(servers.map((each) => [each.name, each.name]), servers.some((each) => each.name === wanted.get("server")) ? wanted.get("server") : servers[0].name);
    const name = input({ required: true, maxlength: 64, spellcheck: "false", value: server.value + "-policy" });
    let own = false;
    name.addEventListener("input", () => (own = true));
    server.addEventListener("change", () => {
      if (!own) name.value = server.value + "-policy";
      preview();
    });
    let preset = "recommended";
    let document_ = "";
    const shown_ = h("div", { class: "stack tight" });
    const choice = h("div", { class: "choice-cards", role: "radiogroup", "aria-label": t.policies.start }, ["recommended", "strict", "permissive", "empty"].map((key) => {
      const radio = h("input", { type: "radio", name: "preset", value: key, checked: key === preset });
      radio.addEventListener("change", () => {
        preset = key;
        preview();
      });
      return h("label", null, radio, h("span", null, h("strong", null, t.policies.presets[key].word), h("small", { class: "muted" }, t.policies.presets[key].text)));
    }));
    const preview = async () => {
      const mine = preset + server.value;
      fill(shown_, h("p", { class: "muted" }, t.register.loading));
      try {
        if (preset === "empty") {
          document_ = freshText();
          return fill(shown_);
        }
        const answer = await api.post("/policy/suggest", { server: server.value, preset });
        if (mine !== preset + server.value) return undefined;
        document_ = print(parse(typeof answer.document === "string" ? answer.document : JSON.stringify(answer.document)));
        const notes = (answer.notes ?? []).filter((note) => !/^\d+ tools?:/.test(note));
        return fill(shown_, h("div", { class: "row" }, (answer.notes ?? []).filter((note) => /^\d+ tools?:/.test(note)).map((note) => h("span", { class: "muted" }, foreign(note)))), notes.length > 0 && notice("info", t.policies.thoughts, h("ul", { class: "bullets" }, notes.slice(0, 8).map((note) => h("li", null, marked(note))))));
      } catch (error) {
        document_ = freshText();
        return fill(shown_, notice("wait", error.message, " ", t.policies.startsEmpty));
      }
    };
    const submit = button(t.policies.create, { kind: "primary", type: "submit", glyph: "policies" });
    const form = h("form", { class: "stack", novalidate: true }, h("div", { class: "fields" }, field(t.policies.server, server), field(t.policies.name, name)), h("div", { class: "field" }, h("span", { class: "label" }, t.policies.start), choice), shown_, h("div", { class: "row" }, submit));
    const shown = sheet(t.policies.add, form, { subtitle: t.policies.addText, onClose: end });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!name.value.trim()) return name.closest(".field").setError(t.form.required);
      return run(submit, async () => {
        const title = name.value.trim();
        await api.request("PUT", `/policies/${seg(title)}`, { rawBody: `{"server":${JSON.stringify(server.value)},"document":${document_}}`, create: true });
        const tool = this.route.query.get("tool");
        end();
        shown.close();
        toast(t.policies.created(title));
        go(href(["policies", title], tool ? { tool } : {}));
      });
    });
    preview();
  }
}

export default define("tg-policies", PoliciesView);
