// The frame: rail, top bar on narrow screens, theme, palette, shortcuts, and the count of what waits.

import t from "../texts.js";
import { api, itemsOf } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { operations } from "./operations.js";
import { session } from "./session.js";
import { iconButton, menu, sheet, toast } from "./ui.js";
import { go } from "./router.js";
import { theme } from "./theme.js";

const groups = [
  ["", ["overview", "decisions", "approvals"]],
  [t.nav.configure, ["servers", "policies", "grants"]],
  [t.nav.know, ["catalogue", "stack"]],
  [t.nav.organisation, ["members", "audit", "settings"]],
];

/** What a screen's address belongs to in the rail. */
const placeOf = (word) => ({ server: "servers", policy: "policies" })[word] ?? word;

export class Shell {
  constructor() {
    this.main = h("main", { id: "main", tabindex: "-1" });
    this.waiting = h("span", { class: "count accent", hidden: true });
    this.element = h("div", { class: "shell" },
      h("a", { class: "skip", href: "#main", on: { click: (event) => { event.preventDefault(); this.main.focus(); } } }, t.nav.skip),
      this.topBar(), this.rail(), this.main);
    this.keys();
    this.poll();
    document.addEventListener("toolgate:approvals", () => this.count());
  }

  rail() {
    this.links = new Map();
    const lists = groups.map(([label, names]) => h("div", { class: "rail-group" }, label && h("h2", null, label),
      h("ul", null, names.map((name) => {
        const link = h("a", { href: "#/" + name }, icon(name), h("span", { class: "grow" }, t.nav[name]), name === "approvals" && this.waiting);
        this.links.set(name, link);
        return h("li", null, link);
      }))));
    const search = h("button", { type: "button", class: "rail-search", on: { click: () => this.palette() } },
      icon("search"), h("span", { class: "grow" }, t.nav.search), h("kbd", null, navigator.platform.startsWith("Mac") ? "⌘K" : "Ctrl K"));
    return h("nav", { class: "rail", "aria-label": t.nav.main },
      h("a", { class: "brand", href: "#/overview" }, h("span", { class: "brand-mark" }, icon("gate")), h("span", null, t.app.name), session.organisation && h("small", null, session.organisation)),
      search, h("div", { class: "rail-lists" }, lists), this.person());
  }

  person() {
    const trigger = h("button", { type: "button", class: "person" },
      h("span", { class: "avatar", "aria-hidden": "true" }, (session.label || "?").slice(0, 1).toUpperCase()),
      h("span", { class: "grow person-name" }, h("strong", null, session.label), h("small", null, t.role[session.role]?.word ?? session.role)), icon("more"));
    return h("div", { class: "rail-foot" }, menu(trigger, () => [
      { label: t.nav.account, glyph: "user", href: "#/account" },
      { label: t.nav.shortcuts, glyph: "info", action: () => this.shortcuts() },
      null,
      ...["auto", "light", "dark"].map((name) => ({ label: t.theme[name], glyph: { auto: "auto", light: "sun", dark: "moon" }[name], checked: theme.current === name, action: () => theme.choose(name) })),
      null,
      { label: t.nav.signOut, glyph: "logout", action: () => this.signOut() },
    ]));
  }

  topBar() {
    const open = iconButton("menu", t.nav.open, () => {
      this.element.classList.toggle("rail-open");
      this.element.querySelector(".rail a")?.focus();
    });
    return h("header", { class: "top-bar" }, open, h("a", { class: "brand", href: "#/overview" }, h("span", { class: "brand-mark" }, icon("gate")), h("span", null, t.app.name)),
      iconButton("search", t.nav.search, () => this.palette()));
  }

  async signOut() {
    await api.del("/session");
    session.current = null;
    session.wanted = "";
    go("#/sign-in");
  }

  place(view, route) {
    fill(this.main, view);
    this.mark(route);
    scrollTo(0, 0);
    // Whoever uses a keyboard or a screen reader begins at the title of the new screen.
    if (this.placed) requestAnimationFrame(() => view.querySelector("h1")?.focus({ preventScroll: true }));
    this.placed = true;
  }

  mark(route) {
    this.element.classList.remove("rail-open");
    const place = placeOf(route.path[0]);
    for (const [name, link] of this.links) {
      if (name === place) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  // --- what waits -----------------------------------------------------------------------------------------------

  poll() {
    this.count();
    const timer = setInterval(() => {
      if (!this.element.isConnected) return clearInterval(timer);
      if (document.visibilityState === "visible") this.count();
    }, 15000);
  }

  async count() {
    if (!operations.has("GET /approvals")) return;
    try {
      const items = itemsOf(await api.get("/approvals", { limit: 200 })).filter((each) => each.standing === "pending");
      const before = this.waitingCount ?? items.length;
      this.waitingCount = items.length;
      this.waiting.textContent = items.length > 99 ? "99+" : String(items.length);
      this.waiting.hidden = !items.length;
      this.waiting.setAttribute("aria-label", t.approvals.waiting(items.length));
      document.title = document.title.replace(/^\(\d+\+?\) /, "");
      if (items.length) document.title = `(${items.length}) ${document.title}`;
      if (items.length > before && !location.hash.startsWith("#/approvals")) {
        toast(t.approvals.arrived, { tone: "info", detail: t.approvals.arrivedDetail(items[0].tool, items[0].grant) });
      }
    } catch {
      // The next round tells; a screen that needs the API says so itself.
    }
  }

  // --- keys -----------------------------------------------------------------------------------------------------

  keys() {
    let first = "";
    let timer;
    const listener = (event) => {
      if (!this.element.isConnected) return document.removeEventListener("keydown", listener);
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        return this.palette();
      }
      if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.target.closest?.("input, textarea, select, [contenteditable]")) {
        if (event.key === "Escape") event.target.blur();
        return;
      }
      if (first === "g") {
        const name = t.keys.go[event.key];
        first = "";
        clearTimeout(timer);
        if (name) {
          event.preventDefault();
          go("#/" + name);
        }
        return;
      }
      this.key(event, () => {
        first = "g";
        timer = setTimeout(() => (first = ""), 1200);
      });
    };
    document.addEventListener("keydown", listener);
  }

  key(event, waitForSecond) {
    if (event.key === "g") return waitForSecond();
    if (event.key === "?") return this.shortcuts();
    if (event.key === "/") {
      const filter = this.main.querySelector("[data-filter]");
      if (filter) {
        event.preventDefault();
        filter.focus();
        filter.select?.();
      }
      return undefined;
    }
    if (event.key === "j" || event.key === "k") return this.step(event.key === "j" ? 1 : -1);
    if (event.key === "n") this.main.querySelector("[data-primary]")?.click();
    return undefined;
  }

  /** Moves through the rows of the list on the screen. */
  step(by) {
    const rows = [...this.main.querySelectorAll("[data-row], a.row-link")].filter((row) => row.offsetParent !== null);
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  shortcuts() {
    const list = (entries) => h("dl", { class: "keys" }, entries.map(([keys, text]) => h("div", null, h("dt", null, keys.map((key) => h("kbd", null, key))), h("dd", null, text))));
    sheet(t.keys.title, [h("h3", null, t.keys.everywhere), list(t.keys.list), h("h3", null, t.keys.going),
      list(Object.entries(t.keys.go).map(([key, name]) => [["g", key], t.nav[name]])), h("h3", null, t.keys.inApprovals), list(t.keys.approvals)]);
  }

  async palette() {
    if (document.querySelector("dialog.palette")) return;
    const { openPalette } = await import("./palette.js");
    openPalette(this);
  }
}
