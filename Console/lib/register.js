// Registering a server: from the list of known ones, an address of one's own, a connector, or a program.

import t from "../texts.js";
import { api, itemsOf } from "./api.js";
import { operations } from "./operations.js";
import { fill, foreign, h, icon, marked } from "./dom.js";
import { button, checkbox, field, input, notice, run, segmented, select, sheet, snippet, toast } from "./ui.js";

const nameFrom = (text) => String(text ?? "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40);

export function registerServer({ prefill = {}, onClose, done }) {
  const state = { kind: prefill.connector ? "connector" : prefill.url ? "remote" : "known" };
  const place = h("div", { class: "stack" });
  const chooser = segmented(t.register.kind, [["known", t.register.known, "list"], ["remote", t.register.remote, "servers"], ["connector", t.register.connector, "plug"], ["command", t.register.command, "terminal"]], state.kind, (kind) => show(kind));
  const shown = sheet(t.servers.add, [h("div", null, chooser), place], { subtitle: t.register.lead, onClose });

  const show = (kind, from = {}) => {
    chooser.choose(kind);
    state.kind = kind;
    fill(place, { known: knownList, remote: remoteForm, connector: connectorForm, command: commandForm }[kind](from));
    place.querySelector("input:not([type=radio])")?.focus();
  };

  const knownList = () => {
    const box = input({ type: "search", placeholder: t.register.searchKnown, "aria-label": t.register.searchKnown });
    const list = h("ul", { class: "choices" }, h("li", { class: "muted" }, t.register.loading));
    Promise.all([(operations.has("GET /known-servers") ? api.get("/known-servers").then(itemsOf, () => []) : []), (operations.has("GET /connectors") ? api.get("/connectors").then(itemsOf, () => []) : [])]).then(([known, connectors]) => {
      const entries = [...connectors.map((each) => ({ ...each, connector: each.name })), ...known];
      const draw = () => {
        const query = box.value.trim().toLowerCase();
        const found = entries.filter((each) => `${each.title ?? ""} ${each.name ?? ""} ${each.description ?? ""} ${each.url ?? each.upstream ?? ""}`.toLowerCase().includes(query)).slice(0, 40);
        fill(list, found.map(choice), !found.length && h("li", { class: "muted pad-in" }, t.register.noneKnown, " ", button(t.register.ownAddress, { small: true, action: () => show("remote", { url: box.value.includes("://") ? box.value : "" }) })));
      };
      box.addEventListener("input", draw);
      draw();
    });
    return [box, list];
  };

  const choice = (each) => h("li", null, h("button", { type: "button", on: { click: () => show(each.connector ? "connector" : each.command ? "command" : "remote", { ...each, url: each.url ?? each.upstream, from: each }) } },
    h("span", { class: "tile" }, icon(each.connector ? "plug" : each.command ? "terminal" : "servers")),
    h("span", { class: "grow" }, h("strong", null, foreign(each.title ?? each.name)), h("span", { class: "sub clip" }, foreign(each.description ?? each.url ?? each.upstream ?? (each.tools ? t.register.tools(each.tools) : "")))),
    each.auth && h("small", { class: "muted" }, t.register.auth[each.auth] ?? each.auth), icon("right")));

  /** A form around fields; `collect` gives the body of the request. */
  const form = (fields, collect, { after } = {}) => {
    const problem = h("div", { role: "alert" });
    const submit = button(t.register.submit, { kind: "primary", type: "submit", glyph: "plus" });
    const element = h("form", { class: "stack", novalidate: true }, fields, problem, h("div", { class: "row" }, submit), h("p", { class: "hint" }, t.register.after));
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      const bad = [...element.querySelectorAll("[required]")].find((control) => !control.value.trim());
      if (bad) {
        bad.closest(".field").setError(t.form.required);
        return bad.focus();
      }
      fill(problem);
      return run(submit, async () => {
        try {
          const body = collect();
          const made = await api.post("/servers", body, { idempotent: true });
          await after?.(body.name);
          shown.close();
          toast(t.register.done(body.name));
          done(made?.name ?? body.name);
        } catch (error) {
          for (const each of error.errors ?? []) {
            const control = element.querySelector(`[name="${CSS.escape(String(each.pointer ?? "").replace(/^\//, ""))}"]`);
            control?.closest(".field")?.setError(each.message);
          }
          fill(problem, notice("bad", h("strong", null, marked(error.message)), error.remedy && h("p", null, marked(error.remedy))));
        }
      });
    });
    return element;
  };

  const nameField = (value) => field(t.register.name, input({ name: "name", required: true, value: value ?? "", maxlength: 64, spellcheck: "false", pattern: "[a-z0-9][a-z0-9._-]*" }), { hint: t.register.nameHint });

  const remoteForm = (from) => {
    const url = input({ name: "upstream", type: "url", required: true, value: from.url ?? prefill.url ?? "", placeholder: "https://mcp.example.com/mcp", spellcheck: "false" });
    const name = nameField(from.name ? nameFrom(from.name) : prefill.name);
    const nameInput = name.querySelector("input");
    let own = Boolean(nameInput.value);
    nameInput.addEventListener("input", () => (own = true));
    const insecure = checkbox(t.register.insecure, false, null, { hint: t.register.insecureHint });
    insecure.hidden = true;
    const look = () => {
      insecure.hidden = !/^http:\/\/(?!127\.|localhost|\[::1\])/i.test(url.value);
      if (!own) {
        try {
          nameInput.value = nameFrom(new URL(url.value).hostname.replace(/^(www|mcp|api)\./, "").split(".")[0]);
        } catch {
          // Not an address yet.
        }
      }
    };
    url.addEventListener("input", look);
    const auth = authFields(from.auth);
    return form([from.from && notice("info", h("strong", null, foreign(from.from.title ?? from.from.name)), from.from.description && h("p", null, foreign(from.from.description))), field(t.register.url, url), name, insecure, auth.element],
      () => ({ name: nameInput.value.trim(), upstream: url.value.trim(), ...(insecure.querySelector("input").checked ? { allow_insecure: true } : {}), ...auth.body() }), {});
  };

  /** How the gateway proves itself upstream. Secrets go to the sealed store and never come back. */
  const authFields = (wanted) => {
    const box = h("div", { class: "stack tight" });
    const state = { kind: "none" };
    const header = input({ value: "Authorization", spellcheck: "false" });
    const secret = input({ type: "password", autocomplete: "off", placeholder: "Bearer …" });
    const draw = () => fill(box, state.kind === "header" ? [h("div", { class: "fields" }, field(t.register.header, header), field(t.register.secret, secret)), h("p", { class: "hint" }, t.register.secretHint)]
      : state.kind === "oauth" ? h("p", { class: "hint" }, t.register.oauthHint) : null);
    const choice = segmented(t.register.authentication, [["none", t.register.auth.none], ["header", t.register.auth.header], ["oauth", t.register.auth.oauth]], wanted === "oauth" ? "oauth" : wanted && wanted !== "none" && wanted !== "open" ? "header" : "none", (kind) => {
      state.kind = kind;
      draw();
    });
    state.kind = choice.querySelector("input:checked").value;
    draw();
    return {
      element: h("fieldset", { class: "group" }, h("legend", null, t.register.authentication), choice, box),
      body: () => (state.kind === "header" && secret.value ? { headers: [{ name: header.value.trim(), value: secret.value }] } : {}),
    };
  };

  const connectorForm = (from) => {
    const box = h("div", { class: "stack" });
    const known = select([["", t.register.chooseConnector]], "", { "aria-label": t.register.connector });
    api.get("/connectors").then((page) => {
      const list = itemsOf(page);
      for (const each of list) known.append(h("option", { value: each.name }, each.title ?? each.name));
      known.value = from.connector ?? prefill.connector ?? list[0]?.name ?? "";
      const draw = () => {
        const chosen = list.find((each) => each.name === known.value);
        fill(box, chosen ? connectorFields(chosen) : null);
      };
      known.addEventListener("change", draw);
      draw();
    }, (error) => fill(box, notice("bad", error.message)));
    return [field(t.register.connector, known), box];
  };

  const connectorFields = (connector) => {
    const settings = (connector.settings ?? []).map((each) => (typeof each === "string" ? { name: each.replace(/ \(.*\)$/, ""), required: each.includes("(needed)") } : { ...each, required: each.required ?? each.needed }));
    const controls = settings.map((each) => [each.name, input({ name: "set." + each.name, required: Boolean(each.required), spellcheck: "false" }), each]);
    const secret = input({ type: "password", name: "secret", autocomplete: "off" });
    const name = nameField(connector.name);
    return form([name, controls.map(([key, control, each]) => field(key, control, { optional: !each.required, hint: each.description })), connector.secret !== undefined && field(t.register.secret, secret, { hint: typeof connector.secret === "string" ? connector.secret : t.register.secretHint })],
      () => ({ name: name.querySelector("input").value.trim(), connector: connector.name, set: controls.filter(([, control]) => control.value).map(([key, control]) => `${key}=${control.value}`), ...(secret.value ? { secret: { value: secret.value } } : {}) }));
  };

  /** Programs are named on the gateway's own machine alone: data that comes over a network never starts one. */
  const commandForm = (from) => {
    const command = [from.command ?? "COMMAND", ...(from.args ?? [])].join(" ");
    return [notice("info", t.register.commandWhy), snippet(`toolgate server add ${nameFrom(from.name) || "NAME"} --list -- ${command}`), h("p", { class: "hint" }, t.register.commandThen)];
  };

  show(state.kind, prefill);
}
