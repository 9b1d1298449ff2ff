// Building nodes. Nothing here, and nothing anywhere in the console, parses markup: every text becomes a text node, so
// what a hostile server calls its tools stays text. Characters that have no look of their own are made visible, at this
// one place, so that no caller can forget it.

const svgNamespace = "http://www.w3.org/2000/svg";
const svgTags = new Set(["svg", "g", "path", "rect", "line", "circle", "polyline", "polygon", "use", "text", "title", "defs", "clipPath"]);

// Controls but tab and newline, soft hyphens, fillers, direction marks, zero-width and variation characters, tags, and
// blanks that are not the ordinary one.
const ghosts = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00A0\u00AD\u034F\u061C\u115F\u1160\u1680\u17B4\u17B5\u180B-\u180F\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\u{E0000}-\u{E0FFF}]/gu;

const codeOf = (character) => "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");

/** The same text for places that hold no nodes (titles, labels): what is invisible stands as `\u{202E}`. */
export function plain(text) {
  return String(text).replace(ghosts, (character) => "\\u{" + character.codePointAt(0).toString(16).toUpperCase() + "}");
}

/** A node for a text, with what is invisible in it shown. */
export function textNode(text) {
  const string = String(text);
  if (string.search(ghosts) < 0) return document.createTextNode(string);
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const match of string.matchAll(ghosts)) {
    if (match.index > from) fragment.append(document.createTextNode(string.slice(from, match.index)));
    const mark = document.createElement("span");
    mark.className = "ghost";
    mark.textContent = codeOf(match[0]);
    fragment.append(mark);
    from = match.index + match[0].length;
  }
  if (from < string.length) fragment.append(document.createTextNode(string.slice(from)));
  return fragment;
}

function append(parent, child) {
  if (child === null || child === undefined || child === false || child === true) return;
  if (Array.isArray(child)) {
    for (const each of child) append(parent, each);
  } else if (child instanceof Node) {
    parent.append(child);
  } else {
    parent.append(textNode(child));
  }
}

function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") {
    for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
  } else if (name === "dataset") {
    for (const [key, each] of Object.entries(value)) if (each !== undefined) element.dataset[key] = each;
  } else if (name === "vars") {
    for (const [key, each] of Object.entries(value)) element.style.setProperty("--" + key, each);
  } else if (name === "class") {
    element.setAttribute("class", Array.isArray(value) ? value.filter(Boolean).join(" ") : value);
  } else if (name === "value" || name === "checked" || name === "indeterminate" || name === "disabled" || name === "selected") {
    element[name] = value;
  } else if (value === true) {
    element.setAttribute(name, "");
  } else {
    element.setAttribute(name, name === "title" || name === "aria-label" || name === "placeholder" ? plain(value) : String(value));
  }
}

/**
 * An element. `properties`: attributes, and `on` (listeners), `dataset`, `vars` (custom properties), `class` (text or a
 * list). Children are nodes, texts, lists of them; what is null or false is left out.
 */
export function h(tag, properties, ...children) {
  const element = svgTags.has(tag) ? document.createElementNS(svgNamespace, tag) : document.createElement(tag);
  if (properties) for (const [name, value] of Object.entries(properties)) setProperty(element, name, value);
  for (const child of children) append(element, child);
  return element;
}

/** A symbol of icons.svg; decoration unless it gets a label. */
export function icon(name, label, className = "icon") {
  const use = document.createElementNS(svgNamespace, "use");
  use.setAttribute("href", "icons.svg#" + name);
  const element = h("svg", label ? { class: className, role: "img", "aria-label": label } : { class: className, "aria-hidden": "true" });
  element.append(use);
  return element;
}

/** Replaces what stands in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  for (const child of children) append(element, child);
  return element;
}

/** A text of somebody else, kept apart from the direction of the text around it. */
export const foreign = (text, properties) => h("bdi", properties ?? null, text);

/** A sentence in which what stands between backticks is a name: the form of the gateway's own messages. */
export function marked(text) {
  const parts = String(text).split("`");
  if (parts.length % 2 === 0) return [text];
  return parts.map((part, index) => (index % 2 ? code(part) : part)).filter((part) => part !== "");
}

/** A name in fixed width. */
export const code = (text, className) => h("code", { class: className, translate: "no" }, foreign(text));

let counter = 0;
/** An id that no other element has. */
export const uniqueId = (prefix = "id") => `${prefix}-${++counter}`;

/** Calls `action` when nothing more came for `milliseconds`. */
export function debounce(action, milliseconds) {
  let timer;
  const run = (...parameters) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...parameters), milliseconds);
  };
  run.cancel = () => clearTimeout(timer);
  return run;
}
