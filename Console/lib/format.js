// How numbers and times are written.

import t from "../texts.js";
import { h } from "./dom.js";

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const absolute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const shortDay = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });

export const number = (value) => (Number.isFinite(value) ? whole.format(value) : "–");
export const short = (value) => (Number.isFinite(value) ? (value < 10000 ? whole.format(value) : compact.format(value)) : "–");
export const share = (part, all) => {
  if (!all) return "0 %";
  const percent = (part / all) * 100;
  return (percent > 0 && percent < 0.1 ? "< 0.1" : percent >= 10 || percent === 0 ? Math.round(percent) : percent.toFixed(1)) + " %";
};

/** Milliseconds, in the unit a person reads. */
export function duration(milliseconds) {
  if (!Number.isFinite(milliseconds)) return "–";
  if (milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`;
  if (milliseconds < 1000) return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
  if (milliseconds < 60000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.round(milliseconds / 60000)} min`;
}

export const microseconds = (value) => duration(value === undefined || value === null ? NaN : value / 1000);

export function bytes(value) {
  if (!Number.isFinite(value)) return "–";
  if (value < 1024) return `${value} B`;
  if (value < 1048576) return `${(value / 1024).toFixed(1)} KiB`;
  return `${(value / 1048576).toFixed(1)} MiB`;
}

const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

/** "3 min ago", "in 2 days", "now". */
export function ago(date, now = Date.now()) {
  const seconds = Math.round((date.getTime() - now) / 1000);
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return Math.abs(seconds) < 10 ? t.time.now : relative.format(seconds, "second");
}

/** How much is left: "23:10", or "2 h" beyond an hour. */
export function countdown(date, now = Date.now()) {
  const seconds = Math.max(0, Math.floor((date.getTime() - now) / 1000));
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export const timeText = (date) => clock.format(date);
export const dayText = (date) => day.format(date);
export const minuteText = (date) => minute.format(date);
export const dayMinuteText = (date) => shortDay.format(date);
export const absoluteText = (date) => absolute.format(date);

/** A relative time that keeps itself fresh, with the absolute one in its title. */
export function when(value, fallback = t.time.never) {
  if (!value) return h("span", { class: "muted" }, fallback);
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return h("span", null, value);
  return h("time", { datetime: value, title: absoluteText(date), class: "when", dataset: { relative: "" } }, ago(date));
}

setInterval(() => {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const text = ago(new Date(element.dateTime));
    if (element.textContent !== text) element.textContent = text;
  }
}, 15000);
