// What differs between two texts, line by line.

import t from "../texts.js";
import { foreign, h } from "./dom.js";

/** Pairs of `[sign, line]` with sign " ", "-" or "+": the longest common run of lines, bounded. */
export function lines(before, after) {
  const a = before.split("\n");
  const b = after.split("\n");
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  const middle = left.length * right.length > 4000000 ? [...left.map((line) => ["-", line]), ...right.map((line) => ["+", line])] : common(left, right);
  return [...a.slice(0, start).map((line) => [" ", line]), ...middle, ...a.slice(a.length - end).map((line) => [" ", line])];
}

function common(left, right) {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = left[i] === right[j] ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const result = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      result.push([" ", left[i]]);
      i += 1;
      j += 1;
    } else if (i < left.length && (j === right.length || lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) {
      result.push(["-", left[i]]);
      i += 1;
    } else {
      result.push(["+", right[j]]);
      j += 1;
    }
  }
  return result;
}

/** The difference as a block; runs of equal lines are folded to `context` lines. */
export function differenceView(before, after, { context = 3, label = t.difference.label } = {}) {
  const all = lines(before, after);
  const near = all.map(() => false);
  all.forEach(([sign], index) => {
    if (sign !== " ") for (let at = Math.max(0, index - context); at <= Math.min(all.length - 1, index + context); at += 1) near[at] = true;
  });
  if (!near.some(Boolean)) return h("p", { class: "muted" }, t.difference.none);
  const rows = [];
  let folded = 0;
  all.forEach(([sign, line], index) => {
    if (!near[index]) {
      folded += 1;
      return;
    }
    if (folded) rows.push(h("div", { class: "diff-fold" }, t.difference.folded(folded)));
    folded = 0;
    rows.push(h("div", { class: "diff-line", dataset: { sign } }, h("span", { class: "diff-sign", "aria-label": sign === "-" ? t.difference.removed : sign === "+" ? t.difference.added : null }, sign), foreign(line || " ", { class: "grow" })));
  });
  if (folded) rows.push(h("div", { class: "diff-fold" }, t.difference.folded(folded)));
  return h("div", { class: "diff", role: "region", "aria-label": label, tabindex: "0" }, rows);
}
