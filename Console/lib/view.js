// What all screens have in common: they load, they can fail, they end.

import t from "../texts.js";
import { fill } from "./dom.js";
import { operations } from "./operations.js";
import { empty, linkButton, pageHead, problemPanel, skeleton } from "./ui.js";

export class View extends HTMLElement {
  #abort = new AbortController();
  #ends = [];

  connectedCallback() {
    this.classList.add("view");
    this.start();
  }

  disconnectedCallback() {
    this.#abort.abort();
    for (const end of this.#ends.splice(0)) end();
  }

  /** Ends with the screen. */
  get signal() {
    return this.#abort.signal;
  }

  /** Calls `action` when the screen goes away. */
  atEnd(action) {
    this.#ends.push(action);
  }

  /** The address changed, the screen stayed. Screens with a state in the address override it. */
  update(route) {
    this.route = route;
    this.start();
  }

  /** Listens until the screen goes away. */
  listen(target, type, listener) {
    target.addEventListener(type, listener, { signal: this.signal });
  }

  /** Calls `action` every so often while the page is seen, until the screen goes away. */
  every(milliseconds, action) {
    const timer = setInterval(() => document.visibilityState === "visible" && action(), milliseconds);
    this.atEnd(() => clearInterval(timer));
  }

  /** Whether the API lacks what this screen is made of; then it says so. */
  lacks(operation) {
    if (operations.has(operation)) return false;
    fill(this, pageHead(this.title), empty("info", t.problem.absent, t.problem.absentText, linkButton(t.nav.servers, "#/servers"), linkButton(t.nav.policies, "#/policies"), linkButton(t.nav.grants, "#/grants")));
    return true;
  }

  /** Loads what a part of the screen shows: a skeleton meanwhile, the problem when it fails. */
  async load(place, fetchIt, render, { rows = 6, height = 44, quiet = false } = {}) {
    if (!quiet) fill(place, skeleton(rows, height));
    place.setAttribute("aria-busy", "true");
    try {
      const result = await fetchIt(this.signal);
      if (this.signal.aborted) return undefined;
      fill(place, render(result));
      return result;
    } catch (error) {
      if (error.name === "AbortError" || this.signal.aborted) return undefined;
      if (!quiet) fill(place, problemPanel(error, () => this.load(place, fetchIt, render, { rows, height })));
      return undefined;
    } finally {
      place.removeAttribute("aria-busy");
    }
  }
}

/** Declares a screen once and gives back its tag. */
export function define(tag, type) {
  if (!customElements.get(tag)) customElements.define(tag, type);
  return tag;
}
