// A policy document as the builder sees it: the tree of its JSON, and what it says of each tool. The words are those of
// the policy language; what this file does not understand stays in the tree untouched.

import { array, at, copy, elements, get, keys, literal, object, parse, print, remove, set, string, text } from "./json.js";
import { matches, specificity } from "./names.js";

export const blockLists = ["require", "deny_if", "require_approval"];

/** An empty document that denies what nothing covers. */
export const freshText = () => print(object([{ key: "version", value: string("1") }, { key: "default", value: string("deny") }, { key: "tools", value: object() }]));

/** What an entry of `tools` comes to: "allow", "deny", "hide" or "custom". */
export function entryState(entry) {
  const members = entry?.kind === "object" ? entry.members : [];
  if (!members.length) return "allow";
  const action = text(get(entry, "action"));
  if (action === "hide") return "hide";
  if (members.every((member) => ["action", "reason"].includes(member.key)) && (action === "deny" || action === "allow")) return action;
  const blocks = elements(get(entry, "deny_if"));
  if (members.length === 1 && blocks.length === 1 && alwaysHolds(blocks[0])) return "deny";
  return "custom";
}

const alwaysHolds = (block) => get(block, "conditions")?.kind === "array" && !elements(get(block, "conditions")).length && get(block, "shadow")?.value !== true;

export class PolicyModel {
  constructor(source) {
    this.root = parse(source);
    if (this.root.kind !== "object") throw new TypeError("a policy is an object");
  }

  get text() {
    return print(this.root);
  }

  value(key) {
    const node = get(this.root, key);
    return node?.kind === "string" || node?.kind === "literal" ? node.value : undefined;
  }

  get fallback() {
    return this.value("default") === "allow" ? "allow" : "deny";
  }

  setValue(key, value) {
    if (value === undefined) return remove(this.root, key);
    return set(this.root, key, typeof value === "string" ? string(value) : literal(value));
  }

  get hide() {
    return elements(get(this.root, "hide")).map(text).filter((each) => each !== undefined);
  }

  setHide(names) {
    if (!names.length) remove(this.root, "hide");
    else set(this.root, "hide", array(names.map(string)));
  }

  get tools() {
    return get(this.root, "tools");
  }

  ensure(key) {
    let node = get(this.root, key);
    if (node?.kind !== "object") {
      node = object();
      set(this.root, key, node);
    }
    return node;
  }

  get entryKeys() {
    return keys(this.tools);
  }

  entry(key) {
    return get(this.tools, key);
  }

  /** The key that governs a tool: the exact one, else the most specific pattern. */
  governing(name) {
    if (this.entry(name)) return name;
    return this.entryKeys.filter((key) => key.includes("*") && matches(key, name)).sort((a, b) => specificity(b) - specificity(a))[0];
  }

  /** What the document says of a tool: its state, and what says so (`by`: hide, exact, pattern, class, default, unclassified). */
  judge(name, risk) {
    const hidden = this.hide.find((pattern) => pattern === name) ?? this.hide.find((pattern) => matches(pattern, name));
    if (hidden !== undefined) return { state: "hide", by: "hide", key: hidden, own: hidden === name };
    const key = this.governing(name);
    if (key !== undefined) return { state: entryState(this.entry(key)), by: key === name ? "exact" : "pattern", key, own: key === name };
    return this.unnamed(risk);
  }

  /** What holds for a tool that no key names. */
  unnamed(risk) {
    const classes = get(this.root, "classes");
    if (classes) {
      if (!risk || risk === "unclassified") return { state: "deny", by: "unclassified", own: false };
      const entry = get(classes, risk);
      if (entry) return { state: entryState(entry), by: "class", key: risk, own: false };
    }
    const hides = this.value("show_denied") === false && this.fallback === "deny";
    return { state: hides ? "hide" : this.fallback, by: "default", own: false };
  }

  /** What would hold for a tool without a key of its own. */
  inherited(name, risk) {
    const pattern = this.entryKeys.filter((key) => key !== name && key.includes("*") && matches(key, name)).sort((a, b) => specificity(b) - specificity(a))[0];
    if (pattern !== undefined) return { state: entryState(this.entry(pattern)), by: "pattern", key: pattern };
    return this.unnamed(risk);
  }

  /** Gives a tool a state. Gives back the pattern that hides it when nothing can bring it back. */
  setState(name, risk, state, reason) {
    this.setHide(this.hide.filter((each) => each !== name));
    const pattern = this.hide.find((each) => matches(each, name));
    if (state === "hide") {
      remove(this.tools, name);
      if (pattern === undefined) this.setHide([...this.hide, name]);
      return undefined;
    }
    if (pattern !== undefined) return pattern;
    const below = this.inherited(name, risk);
    if (state === "custom") {
      if (!this.entry(name)) {
        const model = below.by === "pattern" ? this.entry(below.key) : below.by === "class" ? get(get(this.root, "classes"), below.key) : undefined;
        const start = model && entryState(model) === "custom" ? copy(model) : object();
        set(this.ensure("tools"), name, start);
      }
      return undefined;
    }
    if (below.state === state) {
      remove(this.tools, name);
      this.ensure("tools");
      return undefined;
    }
    const entry = state === "allow" ? object()
      : object([{ key: "deny_if", value: array([object([{ key: "conditions", value: array() }, ...(reason ? [{ key: "on_deny", value: string(reason) }] : [])])]) }]);
    set(this.ensure("tools"), name, entry);
    return undefined;
  }

  at(pointer) {
    return at(this.root, pointer);
  }

  /** The number of rules of an entry, for a line of summary. */
  static summary(entry) {
    const counts = { require: 0, deny_if: 0, require_approval: 0, limits: 0 };
    for (const key of Object.keys(counts)) counts[key] = elements(get(entry, key)).length;
    if (get(entry, "rate_limit")) counts.limits += 1;
    if (get(entry, "concurrency")) counts.concurrency = 1;
    const action = text(get(entry, "action"));
    if (action === "approve") counts.require_approval += 1;
    if (action === "deny") counts.deny_if += 1;
    return counts;
  }
}
