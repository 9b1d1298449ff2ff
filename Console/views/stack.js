// The stack: everything the agents could call, of servers together, and what it weighs.

import t from "../texts.js";
import { api, itemsOf, seg } from "../lib/api.js";
import { fill, foreign, h, icon } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { shareBar } from "../lib/chart.js";
import { href, setQuery } from "../lib/router.js";
import { operations } from "../lib/operations.js";
import { session } from "../lib/session.js";
import { button, card, classBadge, confirm, empty, field, iconButton, linkButton, menu, notice, pageHead, severityBadge, stateBadge, toast } from "../lib/ui.js";
import { define, View } from "../lib/view.js";
import { classOf, riskGravest, riskOrder } from "../lib/tools.js";

/** Words of a client's configuration that name a server: never its variables, headers or addresses' secrets. */
function candidates(name, entry) {
  const found = [name];
  for (const each of Array.isArray(entry.args) ? entry.args : []) {
    if (typeof each === "string" && /^@?[a-z0-9][a-z0-9._-]*(\/[a-z0-9._-]+)?(@[\w.-]+)?$/.test(each) && each.length < 80) found.push(each.replace(/(.)@[\w.-]+$/, "$1"));
  }
  if (typeof entry.command === "string") found.push(entry.command.split(/[\\/]/).pop());
  try {
    if (entry.url ?? entry.serverUrl ?? entry.httpUrl) found.push(new URL(entry.url ?? entry.serverUrl ?? entry.httpUrl).hostname);
  } catch {
    // No address then.
  }
  return [...new Set(found.filter((each) => !["npx", "uvx", "node", "python", "python3", "docker", "run", "-y"].includes(each)))];
}

class StackView extends View {
  title = t.nav.stack;
  pages = new Map();

  start() {
    if (this.lacks("GET /catalogue/servers/{}")) return;
    this.names = (this.route.query.get("s") ?? "").split(",").filter(Boolean).map(decodeURIComponent);
    if (!this.place) {
      this.place = h("div", { class: "stack roomy" });
      this.adder = button(t.stack.add, { kind: "primary", glyph: "plus" });
      this.adder.dataset.primary = "";
      this.known = [];
      fill(this, pageHead(t.nav.stack, { lead: t.stack.lead, actions: [button(t.stack.paste, { glyph: "code", action: () => this.paste() }), menu(this.adder, () => this.choices())] }), this.place);
      Promise.all([api.all("/servers").catch(() => []), (operations.has("GET /connectors") ? api.get("/connectors").then(itemsOf, () => []) : [])]).then(([servers, connectors]) => {
        this.servers = servers;
        this.known = [...servers.map((each) => [each.name, "servers"]), ...connectors.filter((each) => !servers.some((server) => server.name === each.name)).map((each) => [each.name, "plug"])];
        this.draw();
      });
    }
    this.draw();
  }

  choices() {
    const rest = this.known.filter(([name]) => !this.names.includes(name));
    return rest.length ? [...rest.slice(0, 14).map(([name, glyph]) => ({ label: name, glyph, action: () => this.put([...this.names, name]) })), null, { label: t.stack.everything, glyph: "stack", action: () => this.put([...new Set([...this.names, ...(this.servers ?? []).map((each) => each.name)])]) }] : [{ label: t.stack.noMore, disabled: true }];
  }

  put(names) {
    setQuery({ s: names.map(encodeURIComponent).join(",") });
  }

  async draw() {
    if (!this.names.length) {
      fill(this.place, empty("stack", t.stack.emptyTitle, t.stack.emptyText, this.servers?.length > 0 && button(t.stack.everything, { kind: "primary", glyph: "stack", action: () => this.put(this.servers.map((each) => each.name)) }), button(t.stack.paste, { glyph: "code", action: () => this.paste() })));
      return;
    }
    await this.load(this.place, () => Promise.all(this.names.map((name) => this.page(name))), (pages) => this.report(pages), { quiet: Boolean(this.drawn) });
    this.drawn = true;
  }

  page(name) {
    if (!this.pages.has(name)) this.pages.set(name, api.get(`/catalogue/servers/${seg(name)}`).then((page) => ({ name, ...page }), (error) => ({ name, error })));
    return this.pages.get(name);
  }

  report(pages) {
    const tools = pages.flatMap((page) => (page.tools ?? []).map((tool) => ({ ...tool, server: page.name })));
    const counts = riskOrder.map((key) => [key, tools.filter((tool) => classOf(tool) === key).length]);
    const tokens = tools.reduce((sum, tool) => sum + (tool.tokens ?? 0), 0);
    const grave = tools.filter((tool) => ["financial", "destructive", "execute"].includes(classOf(tool)));
    const names = new Map();
    for (const tool of tools) names.set(tool.name, [...(names.get(tool.name) ?? []), tool.server]);
    const shadows = [...names].filter(([, servers]) => servers.length > 1);
    return [
      h("div", { class: "grid" }, [[t.stack.servers, number(pages.length), t.stack.unknown(pages.filter((page) => page.error).length)], [t.stack.tools, number(tools.length), t.stack.callable], [t.stack.dangerous, number(grave.length), t.stack.dangerousText], [t.stack.tokens, number(tokens), t.stack.window(((tokens / 200000) * 100).toFixed(1))]].map(([label, value, note]) => h("section", { class: "card figure-card span-3" }, h("h2", null, label), h("p", { class: "figure" }, value), h("p", { class: "muted" }, note)))),
      h("div", { class: "summary-strip card" }, h("div", { class: "grow" }, shareBar(counts, t.servers.classShares), h("div", { class: "row legend-row" }, counts.filter(([, amount]) => amount).map(([key, amount]) => h("span", { class: "row" }, classBadge(key), h("b", null, number(amount))))))),
      shadows.length > 0 && notice("wait", h("strong", null, t.stack.shadows), h("p", null, shadows.slice(0, 8).map(([name, servers]) => `${name} (${servers.join(", ")})`).join("; "))),
      h("div", { class: "grid" }, h("div", { class: "span-5 stack" }, pages.map((page) => this.serverCard(page))), h("div", { class: "span-7 stack" }, card(t.stack.all, h("div", null, riskGravest.map((risk) => {
        const list = tools.filter((tool) => classOf(tool) === risk);
        return list.length > 0 && h("details", { class: "plain stack-group", open: risk !== "read" && risk !== "write" }, h("summary", null, classBadge(risk), h("span", { class: "count" }, String(list.length)), h("span", { class: "muted hide-narrow" }, t.risk[risk].meaning)), h("ul", { class: "rows" }, list.map((tool) => h("li", null, h("a", { class: "tool-row", href: href(["catalogue", tool.server, tool.name]), dataset: { row: "" } }, h("span", { class: "grow" }, h("strong", { class: "mono" }, foreign(tool.name)), h("span", { class: "sub" }, foreign(tool.server))), severityBadge(tool.severity), icon("right"))))));
      })), { flush: true }))),
    ];
  }

  serverCard(page) {
    const registered = this.servers?.find((each) => each.name === page.name);
    const counts = riskOrder.map((key) => [key, (page.tools ?? []).filter((tool) => classOf(tool) === key).length]);
    const action = page.error ? null : registered ? (registered.policies?.length ? linkButton(t.stack.openPolicy, href(["policies", registered.policies[0]]), { small: true, glyph: "policies" }) : session.manages && linkButton(t.stack.putPolicy, href(["policies"], { new: "yes", server: page.name }), { small: true, kind: "primary", glyph: "policies" })) : session.administers && linkButton(t.catalogue.register, href(["servers"], { add: "yes", connector: page.server?.transport === "connector" ? page.name : "" }), { small: true, glyph: "plus" });
    return h("section", { class: "card stack-server" }, h("div", { class: "row nowrap" }, h("span", { class: "tile" }, icon(registered ? "servers" : "plug")), h("div", { class: "grow" }, h("strong", null, foreign(page.name)), h("span", { class: "sub" }, page.error ? t.stack.notKnown : t.register.tools(page.tools?.length ?? 0))), registered && stateBadge(registered.policies?.length ? t.stack.governed : t.stack.ungoverned, registered.policies?.length ? "good" : "wait", registered.policies?.length ? "policies" : "error"), iconButton("cross", t.stack.remove(page.name), () => this.put(this.names.filter((name) => name !== page.name)), { small: true })),
      !page.error && shareBar(counts, t.servers.classShares), page.error ? h("p", { class: "muted" }, t.stack.notKnownText) : h("div", { class: "row" }, action));
  }

  paste() {
    const box = h("textarea", { rows: 12, class: "mono", spellcheck: "false", placeholder: "{\n  \"mcpServers\": {\n    \"crm\": { \"command\": \"npx\", \"args\": [\"-y\", \"@acme/crm-mcp\"] }\n  }\n}" });
    return confirm({
      title: t.stack.paste, danger: false, confirmLabel: t.stack.take, what: h("p", { class: "muted" }, t.stack.pasteText), extra: field(t.stack.configuration, box),
      action: async () => {
        let configuration;
        try {
          configuration = JSON.parse(box.value);
        } catch {
          throw new Error(t.stack.notJson);
        }
        const entries = Object.entries(configuration.mcpServers ?? configuration.servers ?? configuration.mcp?.servers ?? {});
        if (!entries.length) throw new Error(t.stack.noServers);
        const names = await Promise.all(entries.slice(0, 40).map(async ([name, entry]) => {
          for (const candidate of candidates(name, entry ?? {})) {
            const page = await this.page(candidate);
            if (!page.error) return candidate;
          }
          return name;
        }));
        this.put([...new Set([...this.names, ...names])]);
        toast(t.stack.taken(names.length));
      },
    });
  }
}

export default define("tg-stack", StackView);
