// The command palette: go anywhere, do the common things, find a record by its name.

import t from "../texts.js";
import { api, itemsOf } from "./api.js";
import { fill, h, icon, uniqueId } from "./dom.js";
import { href, go } from "./router.js";
import { session } from "./session.js";
import { theme } from "./theme.js";

const screens = ["overview", "decisions", "approvals", "servers", "policies", "grants", "catalogue", "stack", "members", "audit", "settings", "account"];

function fixed(shell) {
  return [
    ...screens.map((name) => ({ kind: t.palette.go, label: t.nav[name], glyph: name === "account" ? "user" : name, run: () => go("#/" + name) })),
    session.administers && { kind: t.palette.do, label: t.servers.add, glyph: "plus", run: () => go("#/servers?add=") },
    session.administers && { kind: t.palette.do, label: t.grants.mint, glyph: "plus", run: () => go("#/grants?new=") },
    session.manages && { kind: t.palette.do, label: t.policies.add, glyph: "plus", run: () => go("#/policies?new=") },
    { kind: t.palette.do, label: t.palette.denied, glyph: "deny", run: () => go("#/decisions?outcome=deny") },
    ...["light", "dark", "auto"].map((name) => ({ kind: t.palette.do, label: t.palette.theme(t.theme[name]), glyph: { auto: "auto", light: "sun", dark: "moon" }[name], run: () => theme.choose(name) })),
    { kind: t.palette.do, label: t.nav.shortcuts, glyph: "info", run: () => shell.shortcuts() },
    { kind: t.palette.do, label: t.nav.signOut, glyph: "logout", run: () => shell.signOut() },
  ].filter(Boolean);
}

async function records() {
  const lists = await Promise.allSettled([api.get("/servers", { limit: 200 }), api.get("/policies", { limit: 200 }), api.get("/grants", { limit: 200 })]);
  const [servers, policies, grants] = lists.map((list) => (list.status === "fulfilled" ? itemsOf(list.value) : []));
  return [
    ...servers.map((each) => ({ kind: t.palette.server, label: each.name, glyph: "servers", run: () => go(href(["servers", each.name])) })),
    ...policies.map((each) => ({ kind: t.palette.policy, label: each.name, glyph: "policies", run: () => go(href(["policies", each.name])) })),
    ...grants.map((each) => ({ kind: t.palette.grant, label: each.label, glyph: "grants", run: () => go(href(["grants"], { id: each.label })) })),
  ];
}

/** Letters in order, better when they begin words and stand together; -1 when they are not all there. */
function score(query, text) {
  const lower = text.toLowerCase();
  const whole = lower.indexOf(query);
  if (whole >= 0) return 1000 - whole * 4 - lower.length;
  let from = 0;
  let points = 0;
  for (const letter of query) {
    const found = lower.indexOf(letter, from);
    if (found < 0) return -1;
    points += found === 0 || " -_./".includes(lower[found - 1]) ? 12 : found === from ? 6 : 1;
    from = found + 1;
  }
  return points - lower.length / 10;
}

export function openPalette(shell) {
  let entries = fixed(shell);
  let found = [];
  let at = 0;
  const listId = uniqueId("palette");
  const box = h("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": listId, "aria-label": t.palette.label, placeholder: t.palette.placeholder, autocomplete: "off", spellcheck: "false" });
  const list = h("ul", { id: listId, role: "listbox", "aria-label": t.palette.label });
  const element = h("dialog", { class: "palette", "aria-label": t.palette.label }, h("div", { class: "palette-box" }, icon("search"), box, h("kbd", null, "Esc")), list);

  const choose = (index) => {
    at = Math.max(0, Math.min(found.length - 1, index));
    [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
    const chosen = list.children[at];
    if (chosen) {
      box.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    }
  };
  const take = (entry) => {
    element.close();
    entry?.run();
  };
  const draw = () => {
    const query = box.value.trim().toLowerCase();
    found = query ? entries.map((entry) => [score(query, entry.label), entry]).filter(([points]) => points >= 0).sort((a, b) => b[0] - a[0]).map(([, entry]) => entry).slice(0, 12) : entries.slice(0, 15);
    if (query) found.push({ kind: t.palette.search, label: t.palette.decisionsWith(box.value.trim()), glyph: "decisions", run: () => go(href(["decisions"], { text: box.value.trim() })) },
      { kind: t.palette.search, label: t.palette.catalogueWith(box.value.trim()), glyph: "catalogue", run: () => go(href(["catalogue"], { q: box.value.trim() })) });
    fill(list, found.map((entry, index) => h("li", { role: "option", id: `${listId}-${index}`, on: { click: () => take(entry), pointermove: () => at !== index && choose(index) } },
      icon(entry.glyph), h("span", { class: "grow" }, entry.label), h("small", null, entry.kind))));
    choose(0);
  };
  box.addEventListener("input", draw);
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if (event.key === "Enter") take(found[at]);
    else return;
    event.preventDefault();
  });
  element.addEventListener("pointerdown", (event) => event.target === element && element.close());
  element.addEventListener("close", () => element.remove());
  document.body.append(element);
  element.showModal();
  box.focus();
  draw();
  records().then((more) => {
    entries = [...entries, ...more];
    if (element.isConnected) draw();
  });
}
