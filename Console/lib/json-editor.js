// An editor of JSON: a text area with line numbers, colours by the Custom Highlight API (no node is added to the text),
// and marks at the lines that have something wrong.

import t from "../texts.js";
import { debounce, fill, h, marked, uniqueId } from "./dom.js";

const tokens = /("(?:[^"\\\n]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b/g;
const kinds = ["json-key", "json-string", "json-number", "json-literal"];

function colour(node, text) {
  if (!globalThis.CSS?.highlights) return;
  const ranges = Object.fromEntries(kinds.map((kind) => [kind, []]));
  if (text.length <= 200000) {
    for (const match of text.matchAll(tokens)) {
      const kind = match[1] ? (match[2] ? "json-key" : "json-string") : match[3] ? "json-number" : "json-literal";
      const range = new StaticRange({ startContainer: node, startOffset: match.index, endContainer: node, endOffset: match.index + (match[1] ?? match[0]).length });
      ranges[kind].push(range);
    }
  }
  for (const kind of kinds) CSS.highlights.set(kind, new Highlight(...ranges[kind]));
}

/** An editor: `element`, `text` (get and set), `findings(list)`, `show(line)`. `changed(text)` is called after typing. */
export function jsonEditor({ text = "", changed, label = t.builder.json, readOnly = false }) {
  const area = h("textarea", { class: "editor-area", spellcheck: "false", autocomplete: "off", autocapitalize: "off", wrap: "off", "aria-label": label, "aria-describedby": uniqueId("findings"), readonly: readOnly });
  const shadow = h("pre", { class: "editor-text", "aria-hidden": "true" });
  const gutter = h("div", { class: "editor-gutter", "aria-hidden": "true" });
  const list = h("ul", { class: "findings", id: area.getAttribute("aria-describedby"), "aria-live": "polite" });
  const scroller = h("div", { class: "editor-scroll" }, gutter, h("div", { class: "editor-stack" }, shadow, area));
  const element = h("div", { class: "editor" }, scroller, list);
  let marks = new Map();
  let lineCount = 0;

  const draw = () => {
    const value = area.value;
    // One text node, so that the ranges of the colours have one container; the last blank gives an empty line its height.
    const node = document.createTextNode(value + "\n ");
    shadow.replaceChildren(node);
    colour(node, value);
    const lines = value.split("\n").length;
    if (lines !== lineCount || gutter.dataset.dirty) {
      lineCount = lines;
      delete gutter.dataset.dirty;
      fill(gutter, Array.from({ length: lines }, (_, index) => h("span", { dataset: { severity: marks.get(index + 1) } }, String(index + 1))));
    }
  };
  const report = debounce(() => changed?.(area.value), 220);
  area.addEventListener("input", () => {
    draw();
    report();
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      const before = area.value.slice(0, area.selectionStart);
      const indent = /(?:^|\n)([ ]*)[^\n]*$/.exec(before)?.[1] ?? "";
      const deeper = /[[{]\s*$/.test(before) ? "  " : "";
      event.preventDefault();
      document.execCommand("insertText", false, "\n" + indent + deeper);
    }
  });

  const show = (line, column = 1) => {
    const starts = area.value.split("\n").slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    area.focus({ preventScroll: true });
    area.setSelectionRange(starts + column - 1, starts + column - 1);
    const height = gutter.firstElementChild?.getBoundingClientRect().height ?? 20;
    scroller.scrollTo({ top: Math.max(0, (line - 4) * height) });
  };

  area.value = text;
  draw();
  return {
    element,
    area,
    get text() { return area.value; },
    set text(value) {
      if (value === area.value) return;
      report.cancel();
      area.value = value;
      draw();
    },
    show,
    flush: () => report.cancel(),
    /** Shows what is wrong: `[{severity, line, column, message, remedy, pointer}]`. */
    findings(found) {
      marks = new Map();
      for (const each of found) if (each.line && marks.get(each.line) !== "error") marks.set(each.line, each.severity ?? "error");
      gutter.dataset.dirty = "yes";
      draw();
      area.setAttribute("aria-invalid", String(found.some((each) => each.severity !== "warning")));
      fill(list, found.slice(0, 50).map((each) => h("li", { dataset: { severity: each.severity ?? "error" } }, h("button", { type: "button", on: { click: () => each.line && show(each.line, each.column) } },
        h("span", { class: "finding-place" }, each.line ? t.builder.line(each.line) : each.pointer ?? ""), h("span", { class: "grow" }, marked(each.message), each.remedy && h("span", { class: "muted" }, " ", marked(each.remedy)))))));
    },
  };
}
