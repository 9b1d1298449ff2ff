// The servers behind the gateway, and registering another.

import t from "../texts.js";
import { api, itemsOf } from "../lib/api.js";
import { code, fill, foreign, h, icon } from "../lib/dom.js";
import { number, when } from "../lib/format.js";
import { shareBar } from "../lib/chart.js";
import { go, href, setQuery } from "../lib/router.js";
import { session } from "../lib/session.js";
import { button, empty, pageHead, stateBadge, table } from "../lib/ui.js";
import { define, View } from "../lib/view.js";
import { riskOrder } from "../lib/tools.js";

/** How a server is, as word and tone. */
export function healthBadge(server) {
  const health = server.health ?? {};
  const state = health.state ?? (typeof server.health === "string" ? server.health : undefined);
  if (state === "up" || state === "ok") return stateBadge(t.servers.health.up, "good", "check");
  if (state === "down" || state === "failing" || state === "error") return stateBadge(t.servers.health.down, "bad", "error");
  return stateBadge(t.servers.health.unknown, "off");
}

export function kindOf(server) {
  if (server.connector) return "connector";
  if (server.command) return "command";
  return "remote";
}

const kindIcon = { connector: "plug", command: "terminal", remote: "servers" };

const columns = [
  { label: t.servers.name, cell: (row) => h("span", { class: "row nowrap" }, h("span", { class: "tile" }, icon(kindIcon[kindOf(row)])), h("span", { class: "grow" }, foreign(row.name), h("span", { class: "sub clip server-upstream" }, foreign(row.upstream ?? "")))) },
  { label: t.servers.state, className: "shrink", cell: healthBadge },
  { label: t.servers.tools, cell: (row) => {
    const amount = (row.tools_pinned ?? 0) + (row.tools_changed ?? 0) + (row.tools_new ?? 0);
    if (!amount) return h("span", { class: "muted" }, t.servers.notListed);
    return h("span", { class: "tools-cell" }, h("span", null, number(amount)), row.classes && shareBar(riskOrder.map((key) => [key, row.classes[key] ?? row.classes[key[0].toUpperCase() + key.slice(1)] ?? 0]), t.servers.classShares));
  } },
  { label: t.servers.waits, className: "shrink", cell: (row) => (row.tools_changed || row.tools_new ? stateBadge(t.servers.changes(row.tools_changed ?? 0, row.tools_new ?? 0), "wait", "changed") : h("span", { class: "muted" }, "–")) },
  { label: t.servers.policies, className: "end shrink", cell: (row) => number(row.policies?.length ?? 0) },
  { label: t.servers.grants, className: "end shrink", cell: (row) => number(row.grants?.length ?? 0) },
  { label: t.servers.added, className: "end shrink", cell: (row) => h("span", { class: "muted" }, when(row.created)) },
];

class ServersView extends View {
  title = t.nav.servers;

  start() {
    if (!this.place) {
      this.place = h("div", { class: "stack" });
      fill(this, pageHead(t.nav.servers, { lead: t.servers.lead, actions: session.administers && h("button", { type: "button", class: "button primary", dataset: { primary: "" }, on: { click: () => setQuery({ add: "yes" }) } }, icon("plus"), h("span", null, t.servers.add)) }), this.place);
      this.fetch();
    }
    if (this.route.query.has("add") && session.administers) this.add();
  }

  fetch() {
    return this.load(this.place, () => Promise.all([api.all("/servers"), api.get("/bundles").catch(() => ({ items: [] }))]), ([servers, bundles]) => {
      if (!servers.length) {
        return empty("servers", t.servers.emptyTitle, t.servers.emptyText, session.administers && button(t.servers.add, { kind: "primary", glyph: "plus", action: () => setQuery({ add: "yes" }) }));
      }
      const list = itemsOf(bundles);
      return [table(t.nav.servers, columns, servers, { open: (row) => href(["servers", row.name]) }), list.length > 0 && this.bundles(list)];
    });
  }

  bundles(list) {
    return [h("h2", null, t.servers.bundles), h("p", { class: "muted" }, t.servers.bundlesText), table(t.servers.bundles, [
      { label: t.servers.name, cell: (row) => foreign(row.name) },
      { label: t.servers.path, cell: (row) => code(row.path ?? "/mcp/" + row.name) },
      { label: t.servers.members, cell: (row) => h("span", { class: "chips" }, (row.members ?? row.servers ?? []).map((each) => h("a", { class: "chip", href: href(["servers", each.server ?? each.name ?? each]) }, foreign(each.alias ?? each.server ?? each.name ?? each)))) },
    ], list)];
  }

  async add() {
    if (this.adding) return;
    this.adding = true;
    const { registerServer } = await import("../lib/register.js");
    registerServer({
      prefill: Object.fromEntries(this.route.query),
      onClose: () => {
        this.adding = false;
        if (this.isConnected) setQuery({ add: null, name: null, url: null, connector: null });
      },
      done: (name) => go(href(["servers", name])),
    });
  }
}

export default define("tg-servers", ServersView);
