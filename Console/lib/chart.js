// Charts as SVG: stacked bars over time, small lines, and bars of shares. Each has its numbers as a table for whoever
// does not see it.

import t from "../texts.js";
import { fill, h } from "./dom.js";
import { absoluteText, dayMinuteText, minuteText, number, short } from "./format.js";

/** The outcomes a chart tells apart, from the ground up. */
export const outcomeOrder = ["allow", "approval_required", "rate_limited", "deny", "hidden", "malformed"];

/** A round number at or above `value`, for the top of an axis. */
function ceiling(value) {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 4, 5, 8, 10].map((step) => step * power).find((step) => step >= value);
}

/**
 * Stacked bars. `points`: `[{time, outcomes: {allow: 3, …}}]`; `pick(from, to)` is called when a bar is chosen.
 */
export function outcomeChart(points, { height = 208, pick, span } = {}) {
  const tip = h("div", { class: "chart-tip", hidden: true });
  const canvas = h("div", { class: "chart-canvas", vars: { height: height + "px" } });
  const keys = outcomeOrder.filter((key) => points.some((point) => point.outcomes?.[key]));
  const totals = points.map((point) => keys.reduce((sum, key) => sum + (point.outcomes?.[key] ?? 0), 0));
  const top = ceiling(Math.max(1, ...totals));
  const labelOf = span > 86400000 * 2 ? dayMinuteText : minuteText;

  const draw = (width) => {
    const left = 36;
    const bottom = height - 22;
    const step = (width - left) / Math.max(1, points.length);
    const bar = Math.max(2, Math.min(26, step - Math.max(2, step * 0.22)));
    const y = (value) => bottom - (value / top) * (bottom - 8);
    const svg = h("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t.chart.outcomes });
    for (const part of [0, 0.5, 1]) {
      svg.append(h("line", { x1: left, x2: width, y1: y(top * part), y2: y(top * part), class: "chart-grid" }),
        h("text", { x: left - 8, y: y(top * part) + 4, class: "chart-label end" }, short(top * part)));
    }
    const every = Math.max(1, Math.ceil(points.length / Math.max(2, Math.floor(width / 110))));
    points.forEach((point, index) => {
      const x = left + index * step + (step - bar) / 2;
      const group = h("g", { class: "chart-column" });
      let base = 0;
      keys.forEach((key) => {
        const value = point.outcomes?.[key] ?? 0;
        if (!value) return;
        const from = y(base);
        const to = y(base + value);
        group.append(h("rect", { x, y: Math.min(to, from - 1.5), width: bar, height: Math.max(1.5, from - to - (base + value < totals[index] ? 1 : 0)), rx: Math.min(2, bar / 3), class: "fill-" + key }));
        base += value;
      });
      const hit = h("rect", { x: left + index * step, y: 0, width: step, height: bottom, class: "chart-hit" });
      hit.addEventListener("pointerenter", () => {
        fill(tip, h("strong", null, absoluteText(new Date(point.time))), keys.map((key) => point.outcomes?.[key]
          ? h("div", null, h("i", { class: "swatch fill-" + key }), h("span", { class: "grow" }, t.outcome[key]), number(point.outcomes[key])) : null), !totals[index] && h("div", null, t.chart.none));
        tip.hidden = false;
        const middle = left + (index + 0.5) * step;
        tip.style.setProperty("--x", Math.max(0, Math.min(width - 200, middle - 100)) + "px");
      });
      hit.addEventListener("pointerleave", () => (tip.hidden = true));
      if (pick && totals[index]) hit.addEventListener("click", () => pick(point.time, points[index + 1]?.time));
      group.append(hit);
      svg.append(group);
      if (index % every === 0) svg.append(h("text", { x: left + index * step, y: height - 5, class: "chart-label" }, labelOf(new Date(point.time))));
    });
    svg.append(h("line", { x1: left, x2: width, y1: bottom, y2: bottom, class: "chart-base" }));
    fill(canvas, svg);
  };
  let last = 0;
  const watcher = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width > 0 && width !== last) draw((last = width));
  });
  watcher.observe(canvas);
  const legend = h("ul", { class: "legend" }, keys.map((key) => h("li", null, h("i", { class: "swatch fill-" + key }), t.outcome[key], h("b", null, short(points.reduce((sum, point) => sum + (point.outcomes?.[key] ?? 0), 0))))));
  return h("figure", { class: "chart" }, h("div", { class: "chart-frame" }, canvas, tip), legend, tableOf(points, keys));
}

function tableOf(points, keys) {
  const some = points.filter((point) => keys.some((key) => point.outcomes?.[key]));
  return h("div", { class: "sr-only" }, h("table", null, h("caption", null, t.chart.outcomes), h("thead", null, h("tr", null, h("th", { scope: "col" }, t.chart.time), keys.map((key) => h("th", { scope: "col" }, t.outcome[key])))),
    h("tbody", null, some.map((point) => h("tr", null, h("th", { scope: "row" }, absoluteText(new Date(point.time))), keys.map((key) => h("td", null, number(point.outcomes?.[key] ?? 0))))))));
}

/** A bar of shares: `[[key, value]]`, coloured by `fill-KEY`. */
export function shareBar(parts, label) {
  const all = parts.reduce((sum, [, value]) => sum + value, 0);
  if (!all) return h("div", { class: "share-bar none" });
  return h("div", { class: "share-bar", role: "img", "aria-label": label }, parts.filter(([, value]) => value).map(([key, value]) => h("i", { class: "fill-" + key, vars: { part: String(value / all) } })));
}

/** A line as small as a word. */
export function spark(values, { width = 96, height = 28, label } = {}) {
  const top = Math.max(1, ...values);
  const points = values.map((value, index) => `${((index / Math.max(1, values.length - 1)) * (width - 2) + 1).toFixed(1)},${(height - 2 - (value / top) * (height - 4)).toFixed(1)}`);
  return h("svg", { class: "spark", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label ?? "" },
    h("polygon", { points: `1,${height} ${points.join(" ")} ${width - 1},${height}` }), h("polyline", { points: points.join(" ") }));
}
