// JSON without loss: a tree that keeps the order of keys and the digits of numbers, which the browser's own reader does
// not (it sorts keys that look like numbers and rounds 9007199254740993), and that knows where everything stands.

/** Why a text is not JSON: what, and the line and column (from 1). */
export class JSONProblem extends Error {
  constructor(message, text, offset) {
    super(message);
    const before = text.slice(0, offset);
    this.offset = offset;
    this.line = before.split("\n").length;
    this.column = offset - before.lastIndexOf("\n");
  }
}

export const object = (members = []) => ({ kind: "object", members });
export const array = (elements = []) => ({ kind: "array", elements });
export const string = (value) => ({ kind: "string", value });
export const numeral = (raw) => ({ kind: "number", raw: String(raw) });
export const literal = (value) => ({ kind: "literal", value });

const numberForm = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const wholeNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Whether a text is a number as JSON writes it. */
export const isNumber = (text) => wholeNumber.test(text);

const mostDepth = 200;

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail(message, offset = this.at) {
    throw new JSONProblem(message, this.text, offset);
  }

  blanks() {
    while (" \t\n\r".includes(this.text[this.at]) && this.at < this.text.length) this.at += 1;
  }

  document() {
    this.blanks();
    const node = this.value(0);
    this.blanks();
    if (this.at < this.text.length) this.fail("something stands behind the end of the document");
    return node;
  }

  value(depth) {
    if (depth > mostDepth) this.fail("nested too deeply");
    const from = this.at;
    const first = this.text[this.at];
    let node;
    if (first === "{") node = this.object(depth);
    else if (first === "[") node = this.array(depth);
    else if (first === "\"") node = string(this.string());
    else if (first === "-" || (first >= "0" && first <= "9")) node = this.number();
    else node = this.word();
    node.from = from;
    node.to = this.at;
    return node;
  }

  word() {
    for (const [word, value] of [["true", true], ["false", false], ["null", null]]) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return literal(value);
      }
    }
    return this.fail(this.at >= this.text.length ? "the text ends where a value was to come" : "a value was to come here");
  }

  number() {
    numberForm.lastIndex = this.at;
    const match = numberForm.exec(this.text);
    if (!match) this.fail("this is no number");
    this.at += match[0].length;
    if (/[0-9.eE]/.test(this.text[this.at] ?? "")) this.fail("this is no number");
    return numeral(match[0]);
  }

  string() {
    const from = this.at;
    this.at += 1;
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) this.fail("this text does not end", from);
      if (character < " ") this.fail("a line break or control character inside a text");
      this.at += 1;
      if (character === "\"") break;
      if (character === "\\") this.at += 1;
    }
    try {
      return JSON.parse(this.text.slice(from, this.at));
    } catch {
      return this.fail("this text has an escape that is none", from);
    }
  }

  object(depth) {
    const node = object();
    const seen = new Set();
    this.at += 1;
    this.blanks();
    if (this.text[this.at] === "}") {
      this.at += 1;
      return node;
    }
    for (;;) {
      this.blanks();
      if (this.text[this.at] !== "\"") this.fail("a key in double quotes was to come here");
      const keyAt = this.at;
      const key = this.string();
      if (seen.has(key)) this.fail(`the key ${JSON.stringify(key)} stands twice`, keyAt);
      seen.add(key);
      this.blanks();
      if (this.text[this.at] !== ":") this.fail("a colon was to come here");
      this.at += 1;
      this.blanks();
      node.members.push({ key, keyAt, value: this.value(depth + 1) });
      this.blanks();
      const next = this.text[this.at];
      this.at += 1;
      if (next === "}") return node;
      if (next !== ",") this.fail("a comma or the end of the object was to come here", this.at - 1);
    }
  }

  array(depth) {
    const node = array();
    this.at += 1;
    this.blanks();
    if (this.text[this.at] === "]") {
      this.at += 1;
      return node;
    }
    for (;;) {
      this.blanks();
      node.elements.push(this.value(depth + 1));
      this.blanks();
      const next = this.text[this.at];
      this.at += 1;
      if (next === "]") return node;
      if (next !== ",") this.fail("a comma or the end of the list was to come here", this.at - 1);
    }
  }
}

/** The tree of a text. Throws `JSONProblem`. */
export const parse = (text) => new Reader(text).document();

/** The value of a member, or undefined. */
export const get = (node, key) => (node?.kind === "object" ? node.members.find((member) => member.key === key)?.value : undefined);

/** Sets a member, at its place when it is there, else at the end. */
export function set(node, key, value) {
  const member = node.members.find((each) => each.key === key);
  if (member) member.value = value;
  else node.members.push({ key, value });
}

export function remove(node, key) {
  if (node?.kind === "object") node.members = node.members.filter((member) => member.key !== key);
}

export const keys = (node) => (node?.kind === "object" ? node.members.map((member) => member.key) : []);
export const text = (node) => (node?.kind === "string" ? node.value : undefined);
export const elements = (node) => (node?.kind === "array" ? node.elements : []);
export const copy = (node) => parse(print(node));

function flat(node) {
  switch (node.kind) {
    case "object": return node.members.length ? "{ " + node.members.map((member) => JSON.stringify(member.key) + ": " + flat(member.value)).join(", ") + " }" : "{}";
    case "array": return node.elements.length ? "[" + node.elements.map(flat).join(", ") + "]" : "[]";
    case "string": return JSON.stringify(node.value);
    case "number": return node.raw;
    default: return String(node.value);
  }
}

/** The text of a tree: short things on one line, the rest indented by two. */
export function print(node, indent = "") {
  const line = flat(node);
  const nests = node.kind === "object" && node.members.some((member) => member.value.kind === "object" && member.value.members.length);
  if (line.length + indent.length <= 76 && !nests && indent) return line;
  if (!indent && line === "{}") return line;
  const inner = indent + "  ";
  if (node.kind === "object" && node.members.length) {
    return "{\n" + node.members.map((member) => inner + JSON.stringify(member.key) + ": " + print(member.value, inner)).join(",\n") + "\n" + indent + "}";
  }
  if (node.kind === "array" && node.elements.length) {
    return "[\n" + node.elements.map((each) => inner + print(each, inner)).join(",\n") + "\n" + indent + "]";
  }
  return line;
}

/** A tree from an ordinary value. */
export function from(value) {
  if (value === null || typeof value === "boolean") return literal(value);
  if (typeof value === "number") return numeral(JSON.stringify(value));
  if (typeof value === "string") return string(value);
  if (Array.isArray(value)) return array(value.map(from));
  return object(Object.entries(value).map(([key, each]) => ({ key, value: from(each) })));
}

/** The node a JSON Pointer names, or undefined. */
export function at(node, pointer) {
  let current = node;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    current = current?.kind === "array" ? current.elements[Number(name)] : get(current, name);
  }
  return current;
}
