// The parts screens are made of: buttons, badges, dialogs, sheets, menus, toasts, fields.

import t from "../texts.js";
import { h, icon, fill, foreign, code, uniqueId, marked, plain } from "./dom.js";

/** A button. `kind`: "primary", "danger", "quiet" or nothing. */
export function button(label, { kind, glyph, action, title, disabled, type = "button", busyLabel, small, pressed } = {}) {
  const element = h("button", {
    type, class: ["button", kind, small && "small"], title, disabled, "aria-pressed": pressed === undefined ? null : String(pressed),
  }, glyph && icon(glyph), label && h("span", null, label));
  if (action) element.addEventListener("click", (event) => run(element, () => action(event), busyLabel));
  return element;
}

/** A button of a symbol alone; the label is its name for everybody who does not see it. */
export function iconButton(glyph, label, action, { pressed, small } = {}) {
  const element = h("button", {
    type: "button", class: ["icon-button", small && "small"], "aria-label": label, title: label,
    "aria-pressed": pressed === undefined ? null : String(pressed),
  }, icon(glyph));
  if (action) element.addEventListener("click", (event) => run(element, () => action(event)));
  return element;
}

/** Runs an action of a control: busy while it takes, and a toast when it fails. */
export async function run(element, action) {
  if (element.getAttribute("aria-busy") === "true") return;
  let result;
  try {
    result = action();
    if (!(result instanceof Promise)) return;
    element.setAttribute("aria-busy", "true");
    await result;
  } catch (error) {
    if (error.name !== "AbortError") fail(error);
  } finally {
    element.removeAttribute("aria-busy");
  }
}

export const link = (label, href, properties) => h("a", { href, ...properties }, label);

/** A link that looks like a button. */
export const linkButton = (label, href, { kind, glyph, small } = {}) =>
  h("a", { href, class: ["button", kind, small && "small"] }, glyph && icon(glyph), h("span", null, label));

// --- badges -------------------------------------------------------------------------------------------------------

const outcomeIcons = {
  allow: "allow", deny: "deny", hidden: "hide", hide: "hide", approval_required: "approve", approve: "approve",
  rate_limited: "limit", malformed: "error", custom: "custom", error: "error", unknown: "error",
};

/** What became of a call: word, symbol and colour. */
export function outcomeBadge(outcome) {
  const word = t.outcome[outcome] ?? outcome ?? "–";
  return h("span", { class: "badge outcome", dataset: { outcome } }, icon(outcomeIcons[outcome] ?? "info"), h("span", null, word));
}

/** A risk class: word, shape and colour. */
export function classBadge(name, { short = false } = {}) {
  const key = String(name ?? "unclassified").toLowerCase();
  const known = t.risk[key] ? key : "unclassified";
  return h("span", { class: ["badge", "risk"], dataset: { risk: known }, title: t.risk[known].meaning },
    icon(known), h("span", { class: short ? "hide-narrow" : null }, t.risk[known].word));
}

/** A severity as four steps of a bar, and the word. */
export function severityBadge(severity) {
  const key = String(severity ?? "").toLowerCase();
  const level = ["low", "medium", "high", "critical"].indexOf(key) + 1;
  return h("span", { class: "severity", dataset: { level } },
    h("span", { class: "steps", "aria-hidden": "true" }, [1, 2, 3, 4].map((step) => h("i", { class: step <= level ? "on" : null }))),
    h("span", null, t.severity[key] ?? t.severity.unknown));
}

/** A state word with a dot; `tone`: good, bad, wait, off, accent. */
export const stateBadge = (word, tone = "off", glyph) =>
  h("span", { class: "badge state", dataset: { tone } }, glyph ? icon(glyph) : h("i", { class: "dot", "aria-hidden": "true" }), h("span", null, word));

/** A count beside a title. */
export const count = (value) => h("span", { class: "count" }, String(value));

// --- copying ------------------------------------------------------------------------------------------------------

export function copyButton(text, label = t.action.copy, { withText = false, small = true } = {}) {
  const element = h("button", { type: "button", class: [withText ? "button" : "icon-button", small && "small"], "aria-label": withText ? null : label, title: label },
    icon("copy"), withText && h("span", null, label));
  element.addEventListener("click", async (event) => {
    event.stopPropagation();
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      fill(element, icon("check"), withText && h("span", null, t.action.copied));
      announce(t.action.copied);
    } catch {
      toast(t.toast.copyFailed, { tone: "bad" });
      return;
    }
    setTimeout(() => fill(element, icon("copy"), withText && h("span", null, label)), 1600);
  });
  return element;
}

/** An identifier with its copy button. */
export const copyable = (text, shown = text) => h("span", { class: "copyable" }, code(shown), copyButton(text));

/** A block of text to copy. */
export const snippet = (text, { label } = {}) =>
  h("div", { class: "snippet" }, h("pre", { tabindex: "0", "aria-label": label ?? t.action.snippet }, foreign(text)), copyButton(text, t.action.copy));

// --- saying things --------------------------------------------------------------------------------------------------

let live;
/** Says a sentence to screen readers. */
export function announce(text) {
  if (!live) {
    live = h("div", { class: "sr-only", role: "status", "aria-live": "polite" });
    document.body.append(live);
  }
  live.textContent = "";
  setTimeout(() => (live.textContent = plain(text)), 50);
}

let stackOfToasts;
/** A short message at the edge of the screen; with `undo` it can be taken back while it stands. */
export function toast(text, { tone = "good", undo, detail, stay = undo ? 9000 : 5000 } = {}) {
  if (!stackOfToasts) {
    stackOfToasts = h("section", { class: "toasts", "aria-label": t.toast.region, "aria-live": "polite", popover: "manual" });
    document.body.append(stackOfToasts);
  }
  const element = h("div", { class: "toast", dataset: { tone } },
    icon(tone === "bad" ? "error" : tone === "info" ? "info" : "check"),
    h("div", { class: "grow" }, h("strong", null, marked(text)), detail && h("p", null, marked(detail))));
  let timer;
  const close = () => {
    clearTimeout(timer);
    element.remove();
    if (!stackOfToasts.childElementCount && stackOfToasts.matches(":popover-open")) stackOfToasts.hidePopover();
  };
  if (undo) {
    element.append(button(t.action.undo, { small: true, glyph: "undo", action: async () => { close(); await undo(); } }));
  }
  element.append(iconButton("cross", t.action.dismiss, close, { small: true }));
  const begin = () => (timer = setTimeout(close, tone === "bad" ? Math.max(stay, 12000) : stay));
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("pointerleave", begin);
  stackOfToasts.append(element);
  // The top layer, so that it stands above dialogs too.
  if (stackOfToasts.matches(":popover-open")) stackOfToasts.hidePopover();
  stackOfToasts.showPopover();
  begin();
  return close;
}

/** Shows what went wrong, in the words of the API. */
export function fail(error) {
  console.debug(error);
  toast(error.message || t.problem.unexpected, { tone: "bad", detail: error.remedy || undefined });
}

/** A problem where the thing should have been. */
export function problemPanel(error, retry) {
  return h("div", { class: "empty", role: "alert" }, h("div", { class: "empty-mark bad" }, icon("error")),
    h("h2", null, error.status === 403 ? t.problem.forbidden : error.status === 404 ? t.problem.notFound : t.problem.failed),
    h("p", null, marked(error.message)), error.remedy && h("p", null, marked(error.remedy)),
    retry && error.status !== 403 && error.status !== 404 && h("div", { class: "row center" }, button(t.action.retry, { glyph: "refresh", action: retry })));
}

/** What stands where nothing is yet: a sign, what this place is for, and what to do next. */
export const empty = (glyph, title, text, ...actions) =>
  h("div", { class: "empty" }, h("div", { class: "empty-mark" }, icon(glyph)), h("h2", null, title), text && h("p", null, text),
    actions.some(Boolean) && h("div", { class: "row center" }, actions));

/** Grey bars in the shape of what comes. They show after a moment only, so that fast answers do not flicker. */
export const skeleton = (rows = 6, height = 44) =>
  h("div", { class: "skeleton", "aria-hidden": "true", vars: { rows, row: height + "px" } }, Array.from({ length: rows }, () => h("i")));

export const notice = (tone, text, ...more) =>
  h("div", { class: "notice", dataset: { tone } }, icon(tone === "bad" || tone === "wait" ? "error" : tone === "good" ? "check" : "info"), h("div", { class: "grow" }, typeof text === "string" ? marked(text) : text, more));

// --- dialogs and sheets ---------------------------------------------------------------------------------------------

/**
 * A dialog. `body` and `actions` are nodes; gives back `{element, close}`. Focus goes back to where it was, which the
 * platform does.
 */
export function dialog(title, body, actions, { wide = false, kind = "dialog", onClose, subtitle } = {}) {
  const id = uniqueId("dialog");
  const element = h("dialog", { class: [kind, wide && "wide"], "aria-labelledby": id });
  const close = () => element.close();
  const footer = actions && h("div", { class: "dialog-foot" }, actions);
  element.append(h("div", { class: "dialog-head" }, h("div", { class: "grow" }, h("h2", { id }, title), subtitle && h("p", { class: "muted" }, subtitle)), iconButton("cross", t.action.close, close)),
    h("div", { class: "dialog-body", tabindex: "-1" }, body), ...(footer ? [footer] : []));
  element.addEventListener("close", () => {
    element.remove();
    onClose?.(element.returnValue);
  });
  element.addEventListener("pointerdown", (event) => {
    if (event.target === element) close();
  });
  document.body.append(element);
  element.showModal();
  const first = element.querySelector("[autofocus], .dialog-body input, .dialog-body select, .dialog-body textarea");
  (first ?? element.querySelector(".dialog-body")).focus();
  return { element, close };
}

/** A detail at the side of the screen. */
export const sheet = (title, body, options = {}) => dialog(title, body, options.actions, { ...options, kind: "sheet" });

/**
 * Asks before something that cannot be undone. `what` names what will happen; with `type` the name has to be written.
 */
export function confirm({ title, what, confirmLabel, danger = true, type, extra, action }) {
  return new Promise((resolve) => {
    let done = false;
    const input = type && h("input", { type: "text", autocomplete: "off", spellcheck: "false", autofocus: true });
    const go = button(confirmLabel, {
      kind: danger ? "danger" : "primary", disabled: Boolean(type), type: "submit",
    });
    const form = h("form", { class: "stack" }, h("div", null, what),
      extra, type && field(t.confirm.type(type), input));
    input?.addEventListener("input", () => (go.disabled = input.value !== type));
    const shown = dialog(title, form, [button(t.action.cancel, { action: () => shown.close() }), go], { onClose: () => resolve(done) });
    const submit = () => run(go, async () => {
      await action?.();
      done = true;
      shown.close();
    });
    go.addEventListener("click", submit);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!go.disabled) submit();
    });
    if (!type) go.focus();
  });
}

// --- menus ----------------------------------------------------------------------------------------------------------

/** A button with a list of actions: `[{label, glyph, action, danger, href, disabled}]`, null draws a line. */
export function menu(trigger, entries) {
  const id = uniqueId("menu");
  const list = h("div", { id, class: "menu", popover: "auto", role: "menu" });
  trigger.setAttribute("popovertarget", id);
  trigger.setAttribute("aria-haspopup", "menu");
  const build = () => {
    fill(list, (typeof entries === "function" ? entries() : entries).filter((entry) => entry !== undefined && entry !== false).map((entry) => {
      if (entry === null) return h("hr");
      const item = h(entry.href ? "a" : "button", {
        role: "menuitem", href: entry.href, type: entry.href ? null : "button", class: entry.danger ? "danger" : null, disabled: entry.disabled,
      }, entry.glyph && icon(entry.glyph), h("span", { class: "grow" }, entry.label), entry.checked && icon("check"));
      item.addEventListener("click", () => {
        list.hidePopover();
        if (entry.action) run(trigger, entry.action);
      });
      return item;
    }));
  };
  list.addEventListener("beforetoggle", (event) => {
    if (event.newState !== "open") return;
    build();
    const box = trigger.getBoundingClientRect();
    const right = box.left + 240 > innerWidth;
    list.style.setProperty("--x", (right ? innerWidth - box.right : box.left) + "px");
    list.style.setProperty("--y", (box.bottom + 4) + "px");
    list.dataset.side = right ? "right" : "left";
    list.dataset.up = box.bottom + 260 > innerHeight ? "yes" : "no";
    list.style.setProperty("--up", (innerHeight - box.top + 4) + "px");
  });
  list.addEventListener("toggle", (event) => {
    if (event.newState === "open") list.querySelector("[role=menuitem]")?.focus();
  });
  list.addEventListener("keydown", (event) => {
    const items = [...list.querySelectorAll("[role=menuitem]:not([disabled])")];
    const at = items.indexOf(document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) {
      event.preventDefault();
      items[(at + step + items.length) % items.length]?.focus();
    }
  });
  return h("span", { class: "menu-anchor" }, trigger, list);
}

// --- forms ----------------------------------------------------------------------------------------------------------

/** A control with its label, a hint below, and room for what is wrong with it. */
export function field(label, control, { hint, optional, error, wide } = {}) {
  const id = control.id || uniqueId("field");
  control.id = id;
  const hintId = hint ? id + "-hint" : null;
  if (hintId) control.setAttribute("aria-describedby", hintId);
  const wrong = h("p", { class: "field-error", id: id + "-error", role: "alert" }, error);
  const box = h("div", { class: ["field", wide && "wide"] },
    h("label", { for: id }, label, optional && h("span", { class: "muted" }, " " + t.form.optional)), control,
    hint && h("p", { class: "hint", id: hintId }, hint), wrong);
  box.setError = (text) => {
    fill(wrong, text && marked(text));
    if (text) {
      control.setAttribute("aria-invalid", "true");
      control.setAttribute("aria-describedby", [hintId, wrong.id].filter(Boolean).join(" "));
    } else {
      control.removeAttribute("aria-invalid");
      if (hintId) control.setAttribute("aria-describedby", hintId);
    }
  };
  control.addEventListener("input", () => box.setError(""));
  return box;
}

export const input = (properties) => h("input", { type: "text", autocomplete: "off", ...properties });

/** A choice: `options` are `[value, label]`, or `{group, options}`. */
export function select(options, value, properties) {
  const element = h("select", properties, options.map((entry) => Array.isArray(entry)
    ? h("option", { value: entry[0] }, entry[1] ?? entry[0])
    : h("optgroup", { label: entry.group }, entry.options.map(([key, label]) => h("option", { value: key }, label ?? key)))));
  if (value !== undefined && value !== null) element.value = value;
  return element;
}

/** A few choices side by side, of which one is chosen. `options`: `[value, label, glyph]`. */
export function segmented(label, options, value, change, { iconsOnly = false } = {}) {
  const group = h("div", { class: "segmented", role: "radiogroup", "aria-label": label });
  const name = uniqueId("segment");
  for (const [key, word, glyph, title] of options) {
    const radio = h("input", { type: "radio", name, value: key, checked: key === value, "aria-label": iconsOnly ? word : null });
    radio.addEventListener("change", () => radio.checked && change(key));
    group.append(h("label", { title: title ?? (iconsOnly ? word : null), dataset: { value: key } }, radio, h("span", null, glyph && icon(glyph), !iconsOnly && h("span", null, word))));
  }
  group.choose = (key) => {
    for (const radio of group.querySelectorAll("input")) radio.checked = radio.value === key;
  };
  return group;
}

export function checkbox(label, checked, change, { hint } = {}) {
  const box = h("input", { type: "checkbox", checked });
  box.addEventListener("change", () => change?.(box.checked));
  return h("label", { class: "check" }, box, h("span", null, label, hint && h("small", null, hint)));
}

/** Tabs that are links, so that each has its own address. */
export const tabs = (label, entries, current) =>
  h("nav", { class: "tabs", "aria-label": label }, entries.filter(Boolean).map(([key, word, href, amount]) =>
    h("a", { href, "aria-current": key === current ? "page" : null }, word, amount !== undefined && amount !== null && amount !== 0 && count(amount))));

/** A definition list of facts; entries without a value are left out. */
export const facts = (entries) =>
  h("dl", { class: "facts" }, entries.filter((entry) => entry && entry[1] !== undefined && entry[1] !== null).map(([term, value]) => h("div", null, h("dt", null, term), h("dd", null, value))));

/** A card with a title. */
export const card = (title, body, { actions, className, subtitle, flush } = {}) =>
  h("section", { class: ["card", className, flush && "flush"] },
    title && h("header", null, h("div", { class: "grow" }, h("h2", null, title), subtitle && h("p", { class: "muted" }, subtitle)), actions), h("div", { class: "card-body" }, body));

/** The head of a screen: title, what it is, and what one can do. */
export const pageHead = (title, { lead, actions, back, after } = {}) =>
  h("header", { class: "page-head" }, back && h("nav", { class: "crumbs", "aria-label": t.nav.crumbs }, back.map(([label, href], index) => [index > 0 && icon("right"), h("a", { href }, label)])),
    h("div", { class: "page-title" }, h("h1", { tabindex: "-1" }, title), after, actions && h("div", { class: "page-actions" }, actions)), lead && h("p", { class: "lead" }, lead));

/**
 * A table that becomes cards on a phone. `columns`: `[{label, cell(row), className, sort}]`; rows open by click and Enter
 * when `open` gives an address.
 */
export function table(caption, columns, rows, { open, rowClass, key } = {}) {
  const body = h("tbody", null, rows.map((row) => tableRow(columns, row, { open, rowClass, key })));
  return h("div", { class: "table-wrap" }, h("table", null, h("caption", { class: "sr-only" }, caption),
    h("thead", null, h("tr", null, columns.map((column) => h("th", { scope: "col", class: column.className }, column.label === "" ? h("span", { class: "sr-only" }, t.table.actions) : column.label)))), body));
}

export function tableRow(columns, row, { open, rowClass, key } = {}) {
  const href = open?.(row);
  const element = h("tr", { class: [href && "opens", rowClass?.(row)], dataset: { key: key?.(row) } }, columns.map((column, index) => {
    const content = column.cell(row);
    return h("td", { class: column.className, "data-label": column.label || null }, index === 0 && href ? h("a", { href, class: "row-link" }, content) : content);
  }));
  if (href) {
    element.addEventListener("click", (event) => {
      if (event.target.closest("a, button, input, select, [popover]") || getSelection().toString()) return;
      location.hash = href.slice(1);
    });
  }
  return element;
}
