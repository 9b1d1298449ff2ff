// The editor of one entry of a policy: blocks of conditions, limits, concurrency. It works on the tree; what it has no
// field for stays as it is.

import t from "../texts.js";
import { fill, h, icon } from "./dom.js";
import { array, elements, from, get, isNumber, literal, numeral, object, parse, print, remove, set, string, text } from "./json.js";
import { button, checkbox, field, iconButton, input, segmented, select } from "./ui.js";
import { step, typeWord } from "./tools.js";

const operatorsByType = {
  string: ["eq", "neq", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "regex", "not_regex", "length_lte", "length_gte", "path_within", "url_host_in", "url_private", "exists"],
  number: ["lte", "lt", "gte", "gt", "between", "eq", "neq", "in", "not_in", "exists"],
  integer: ["lte", "lt", "gte", "gt", "between", "eq", "neq", "in", "not_in", "exists"],
  boolean: ["eq", "neq", "exists"],
  array: ["contains", "not_contains", "length_lte", "length_gte", "eq", "exists"],
  object: ["eq", "neq", "exists"],
};
const everyOperator = ["eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "between", "exists", "contains", "not_contains", "starts_with", "ends_with", "regex", "not_regex", "length_lte", "length_gte", "path_within", "url_host_in", "url_private"];
const textOperators = ["eq", "neq", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "regex", "not_regex"];
const contextPaths = ["grant.label", "grant.member", "client.name", "time.hour", "time.weekday", "time.date", "tool.class", "tool.severity", "tool.name"];
const contextTypes = { "time.hour": ["integer"], "time.weekday": ["integer"] };

const listOperators = ["in", "not_in", "path_within", "url_host_in"];
const numberOperators = ["lt", "lte", "gt", "gte", "length_lte", "length_gte"];
const flagOperators = ["exists", "url_private"];

/** A first value for an operator on an argument. */
function startValue(operator, argument) {
  if (flagOperators.includes(operator)) return literal(true);
  if (operator === "between") return array([numeral("0"), numeral("100")]);
  if (listOperators.includes(operator)) return array();
  if (numberOperators.includes(operator)) return numeral(String(argument?.schema?.maximum ?? 100));
  const types = argument?.types ?? [];
  if (types.includes("boolean")) return literal(true);
  if (types.includes("number") || types.includes("integer")) return numeral("0");
  if (Array.isArray(argument?.schema?.enum) && argument.schema.enum.length) return from(argument.schema.enum[0]);
  return string("");
}

function fits(operator, node) {
  if (flagOperators.includes(operator)) return node?.kind === "literal" && typeof node.value === "boolean";
  if (operator === "between") return node?.kind === "array" && node.elements.length === 2;
  if (listOperators.includes(operator)) return node?.kind === "array";
  if (numberOperators.includes(operator)) return node?.kind === "number" || node?.kind === "string";
  if (["starts_with", "ends_with", "regex", "not_regex"].includes(operator)) return node?.kind === "string";
  return Boolean(node) && node.kind !== "array";
}

/** What a person types becomes a number, a text or whatever it is, as the argument wants. */
function scalar(typed, argument) {
  const types = argument?.types ?? [];
  const wantsText = types.includes("string") || !types.length;
  if (!wantsText || types.includes("number") || types.includes("integer")) {
    if (isNumber(typed)) return numeral(typed);
    if (typed === "true" || typed === "false") return literal(typed === "true");
  }
  return string(typed);
}

const shown = (node) => (node.kind === "string" ? node.value : node.kind === "number" ? node.raw : print(node));

/** The control for a condition's value. */
function valueControl(condition, operator, argument, changed) {
  const node = get(condition, "value");
  const put = (value) => {
    set(condition, "value", value);
    changed();
  };
  if (flagOperators.includes(operator)) {
    const words = operator === "exists" ? t.rules.exists : t.rules.isPrivate;
    const choice = select([["true", words.yes], ["false", words.no]], String(node?.value ?? true), { "aria-label": t.rules.value });
    choice.addEventListener("change", () => put(literal(choice.value === "true")));
    return choice;
  }
  if (operator === "between") return betweenControl(node, put);
  if (listOperators.includes(operator)) return listControl(node, argument, operator, put);
  if (Array.isArray(argument?.schema?.enum) && ["eq", "neq"].includes(operator)) {
    const options = argument.schema.enum.map((each) => [JSON.stringify(each), typeof each === "string" ? each : JSON.stringify(each)]);
    const current = node ? print(node) : "";
    if (node && !options.some(([key]) => key === current)) options.unshift([current, shown(node)]);
    const choice = select(options, current, { "aria-label": t.rules.value });
    choice.addEventListener("change", () => put(parse(choice.value)));
    return choice;
  }
  if (argument?.types?.length === 1 && argument.types[0] === "boolean" && node?.kind === "literal") {
    const choice = select([["true"], ["false"]], String(node.value), { "aria-label": t.rules.value });
    choice.addEventListener("change", () => put(literal(choice.value === "true")));
    return choice;
  }
  const numeric = numberOperators.includes(operator);
  const box = input({ value: node ? shown(node) : "", "aria-label": t.rules.value, inputmode: numeric ? "decimal" : null, spellcheck: "false", placeholder: t.rules.placeholder[operator] ?? "" });
  box.addEventListener("input", () => {
    const wrong = numeric && !isNumber(box.value.trim());
    if (wrong && !/^\d{4}-\d{2}-\d{2}$/.test(box.value.trim())) return box.setAttribute("aria-invalid", "true");
    box.removeAttribute("aria-invalid");
    if (numeric) return put(wrong ? string(box.value.trim()) : numeral(box.value.trim()));
    // A value that was a number, a list or an object stays one while what is typed is one.
    if (node && node.kind !== "string") {
      try {
        return put(parse(box.value));
      } catch {
        return put(string(box.value));
      }
    }
    return put(["eq", "neq", "contains", "not_contains"].includes(operator) ? scalar(box.value, argument) : string(box.value));
  });
  return box;
}

function betweenControl(node, put) {
  const boxes = [0, 1].map((index) => input({ value: node?.elements?.[index] ? shown(node.elements[index]) : "", inputmode: "decimal", "aria-label": index ? t.rules.to : t.rules.from }));
  for (const box of boxes) {
    box.addEventListener("input", () => {
      const good = boxes.map((each) => isNumber(each.value.trim()));
      boxes.forEach((each, index) => (good[index] ? each.removeAttribute("aria-invalid") : each.setAttribute("aria-invalid", "true")));
      if (good.every(Boolean)) put(array(boxes.map((each) => numeral(each.value.trim()))));
    });
  }
  return h("span", { class: "row nowrap" }, boxes[0], h("span", { class: "muted" }, t.rules.and), boxes[1]);
}

function listControl(node, argument, operator, put) {
  const options = operator === "in" || operator === "not_in" ? argument?.schema?.enum : undefined;
  const current = elements(node);
  if (Array.isArray(options) && current.every((each) => options.some((option) => JSON.stringify(option) === print(each)))) {
    const has = new Set(current.map((each) => print(each)));
    return h("span", { class: "row" }, options.map((option) => checkbox(typeof option === "string" ? option : JSON.stringify(option), has.has(JSON.stringify(option)), (checked) => {
      if (checked) has.add(JSON.stringify(option));
      else has.delete(JSON.stringify(option));
      put(array(options.filter((each) => has.has(JSON.stringify(each))).map(from)));
    })));
  }
  const box = h("textarea", { rows: Math.min(6, Math.max(2, current.length + 1)), "aria-label": t.rules.list, placeholder: t.rules.listPlaceholder[operator] ?? t.rules.onePerLine, spellcheck: "false" });
  box.value = current.map(shown).join("\n");
  const before = new Map(current.map((each) => [shown(each), each]));
  box.addEventListener("input", () => put(array(box.value.split("\n").filter((line) => line !== "").map((line) => before.get(line) ?? (operator.startsWith("path") || operator.startsWith("url") ? string(line) : scalar(line, argument))))));
  return box;
}

function pathControl(condition, args, changed) {
  const current = text(get(condition, "path")) ?? "";
  const argumentOptions = args.map((each) => [each.path, `${each.path.replace(/^args\.?/, "")}  (${typeWord(each)})`]);
  const listed = [...args.map((each) => each.path), "args.**", ...contextPaths];
  const choice = select([
    ...(listed.includes(current) || !current ? [] : [[current, current]]), { group: t.rules.arguments, options: argumentOptions.length ? argumentOptions : [] }, { group: t.rules.anywhere, options: [["args.**", t.rules.anyValue]] },
    { group: t.rules.context, options: contextPaths.map((path) => [path, t.rules.paths[path] ?? path]) }, ["…", t.rules.otherPath],
  ], current, { "aria-label": t.rules.path, class: "path-choice" });
  const own = input({ value: current, "aria-label": t.rules.path, hidden: true, spellcheck: "false", placeholder: "args.customer.id" });
  choice.addEventListener("change", () => {
    if (choice.value === "…") {
      own.hidden = false;
      choice.hidden = true;
      own.focus();
      return;
    }
    set(condition, "path", string(choice.value));
    changed(true);
  });
  own.addEventListener("change", () => {
    set(condition, "path", string(own.value.trim()));
    changed(true);
  });
  return h("span", { class: "path-cell" }, choice, own);
}

/** One row: path, operator, value, and the two switches that make sense for it. */
function conditionRow(condition, { list, args, changed, removeIt }) {
  const row = h("div", { class: "condition" });
  const draw = () => {
    const path = text(get(condition, "path")) ?? "";
    const operator = text(get(condition, "op")) ?? "eq";
    const argument = args.find((each) => each.path === path) ?? (contextTypes[path] ? { types: contextTypes[path], schema: {} } : undefined);
    const types = argument?.types ?? [];
    const possible = types.length ? [...new Set(types.flatMap((type) => operatorsByType[type] ?? []))] : everyOperator;
    const options = [...new Set([...possible, operator])].map((key) => [key, t.operators[key] ?? key]);
    const choice = select(options, operator, { "aria-label": t.rules.operator, class: "operator" });
    choice.addEventListener("change", () => {
      set(condition, "op", string(choice.value));
      if (!fits(choice.value, get(condition, "value"))) set(condition, "value", startValue(choice.value, argument));
      if (choice.value === "exists") remove(condition, "if_missing");
      if (!textOperators.includes(choice.value)) remove(condition, "ignore_case");
      changed();
      draw();
    });
    const missing = list !== "require" && operator !== "exists" && checkbox(t.rules.ifMissing, text(get(condition, "if_missing")) === "match", (on) => {
      if (on) set(condition, "if_missing", string("match"));
      else remove(condition, "if_missing");
      changed();
    });
    const caseless = textOperators.includes(operator) && (!types.length || types.includes("string") || types.includes("array")) && checkbox(t.rules.ignoreCase, get(condition, "ignore_case")?.value === true, (on) => {
      if (on) set(condition, "ignore_case", literal(true));
      else remove(condition, "ignore_case");
      changed();
    });
    fill(row, pathControl(condition, args, (redraw) => {
      changed();
      if (redraw) draw();
    }), choice, h("span", { class: "value-cell" }, valueControl(condition, operator, argument, changed)), iconButton("cross", t.rules.removeCondition, removeIt, { small: true }),
    (missing || caseless) && h("span", { class: "condition-extras" }, caseless, missing));
  };
  draw();
  return row;
}

function newCondition(args) {
  const argument = args.find((each) => each.required) ?? args[0];
  const types = argument?.types ?? [];
  const operator = types.length ? (operatorsByType[types[0]] ?? everyOperator)[0] : "eq";
  return object([{ key: "path", value: string(argument?.path ?? "args" + step("name")) }, { key: "op", value: string(operator) }, { key: "value", value: startValue(operator, argument) }]);
}

const textField = (node, key, label, changed, { hint, placeholder, rows } = {}) => {
  const box = rows ? h("textarea", { rows, placeholder }) : input({ placeholder, maxlength: 2000 });
  box.value = text(get(node, key)) ?? "";
  box.addEventListener("input", () => {
    if (box.value) set(node, key, string(box.value));
    else remove(node, key);
    changed();
  });
  return field(label, box, { hint, optional: true });
};

function blockCard(list, block, context) {
  const { args, changed, removeBlock } = context;
  const conditions = () => elements(get(block, "conditions"));
  const rows = h("div", { class: "conditions" });
  const draw = () => fill(rows, conditions().map((condition, index) => [index > 0 && h("div", { class: "joiner" }, t.rules.andAlso), conditionRow(condition, {
    list, args, changed,
    removeIt: () => {
      get(block, "conditions").elements.splice(index, 1);
      changed();
      draw();
    },
  })]), !conditions().length && h("p", { class: "muted" }, t.rules.always[list]));
  draw();
  const shadow = checkbox(t.rules.shadow, get(block, "shadow")?.value === true, (on) => {
    if (on) set(block, "shadow", literal(true));
    else remove(block, "shadow");
    changed();
  });
  return h("div", { class: "block" }, h("div", { class: "row spread" }, h("b", null, t.rules.blockTitle[list]), iconButton("trash", t.rules.removeBlock, removeBlock, { small: true })), rows,
    h("div", { class: "row" }, button(t.rules.addCondition, { small: true, glyph: "plus", kind: "quiet", action: () => {
      if (get(block, "conditions")?.kind !== "array") set(block, "conditions", array());
      get(block, "conditions").elements.push(newCondition(args));
      changed();
      draw();
    } })),
    textField(block, list === "require_approval" && !get(block, "on_deny") ? "on_pending" : "on_deny", t.rules.message[list], changed, { placeholder: t.rules.messagePlaceholder[list], hint: t.rules.messageHint }),
    list === "require_approval" && approvalFields(block, changed), h("details", { class: "plain" }, h("summary", null, t.rules.more), h("div", { class: "stack tight" }, textField(block, "name", t.rules.name, changed, { hint: t.rules.nameHint }), shadow)));
}

function approvalFields(block, changed) {
  const approvers = input({ placeholder: "role:admin", spellcheck: "false" });
  approvers.value = elements(get(block, "approvers")).map(text).join(", ");
  approvers.addEventListener("input", () => {
    const names = approvers.value.split(",").map((each) => each.trim()).filter(Boolean);
    if (names.length) set(block, "approvers", array(names.map(string)));
    else remove(block, "approvers");
    changed();
  });
  const grants = text(get(block, "grants")) ?? "once";
  const use = select([["once", t.rules.once], ["15m", t.rules.for("15 minutes")], ["1h", t.rules.for("an hour")], ["8h", t.rules.for("8 hours")], ...(["once", "15m", "1h", "8h"].includes(grants) ? [] : [[grants]])], grants);
  use.addEventListener("change", () => {
    if (use.value === "once") remove(block, "grants");
    else set(block, "grants", string(use.value));
    changed();
  });
  return h("div", { class: "fields three" }, textField(block, "timeout", t.rules.timeout, changed, { placeholder: "30m" }), field(t.rules.grants, use), field(t.rules.approvers, approvers, { optional: true, hint: t.rules.approversHint }));
}

function limitCard(limit, { args, changed, removeLimit }) {
  const max = input({ value: get(limit, "max") ? shown(get(limit, "max")) : "", inputmode: "decimal", "aria-label": t.rules.max });
  max.addEventListener("input", () => {
    if (!isNumber(max.value.trim())) return max.setAttribute("aria-invalid", "true");
    max.removeAttribute("aria-invalid");
    set(limit, "max", numeral(max.value.trim()));
    return changed();
  });
  const window = text(get(limit, "window")) ?? "minute";
  const windows = ["second", "minute", "hour", "day", "week", "month"];
  const windowChoice = select([...windows.map((each) => [each, t.windows[each]]), ...(windows.includes(window) ? [] : [[window]]), ["…", t.rules.otherWindow]], window, { "aria-label": t.rules.window });
  const ownWindow = input({ placeholder: "15m", hidden: true, "aria-label": t.rules.window });
  windowChoice.addEventListener("change", () => {
    if (windowChoice.value === "…") {
      ownWindow.hidden = false;
      windowChoice.hidden = true;
      return ownWindow.focus();
    }
    set(limit, "window", string(windowChoice.value));
    return changed();
  });
  ownWindow.addEventListener("change", () => {
    set(limit, "window", string(ownWindow.value.trim()));
    changed();
  });
  const scope = select(["grant", "member", "server", "organisation"].map((each) => [each, t.scopes[each]]), text(get(limit, "scope")) ?? "grant", { "aria-label": t.rules.scope });
  scope.addEventListener("change", () => {
    set(limit, "scope", string(scope.value));
    changed();
  });
  const numbers = args.filter((each) => (each.types.includes("number") || each.types.includes("integer")) && !each.path.includes("[*]"));
  const by = text(get(get(limit, "increment"), "from")) ?? "";
  const increment = select([["", t.rules.eachCall], ...numbers.map((each) => [each.path, each.path]), ...(by && !numbers.some((each) => each.path === by) ? [[by]] : [])], by);
  increment.addEventListener("change", () => {
    if (increment.value) set(limit, "increment", object([{ key: "from", value: string(increment.value) }]));
    else remove(limit, "increment");
    changed();
  });
  const splits = args.filter((each) => !each.path.includes("[*]") && !each.types.includes("object") && !each.types.includes("array"));
  const keyPath = text(get(limit, "key")) ?? "";
  const key = select([["", t.rules.noKey], ...splits.map((each) => [each.path, each.path]), ...(keyPath && !splits.some((each) => each.path === keyPath) ? [[keyPath]] : [])], keyPath);
  key.addEventListener("change", () => {
    if (key.value) set(limit, "key", string(key.value));
    else remove(limit, "key");
    changed();
  });
  const align = segmented(t.rules.align, [["sliding", t.rules.sliding], ["calendar", t.rules.calendar]], text(get(limit, "align")) ?? "sliding", (value) => {
    if (value === "sliding") remove(limit, "align");
    else set(limit, "align", string(value));
    changed();
  });
  return h("div", { class: "block" }, h("div", { class: "limit-line" }, h("span", null, t.rules.atMost), max, h("span", null, t.rules.per), windowChoice, ownWindow, h("span", null, t.rules.countedFor), scope, iconButton("trash", t.rules.removeLimit, removeLimit, { small: true })),
    textField(limit, "on_deny", t.rules.message.limits, changed, { placeholder: t.rules.messagePlaceholder.limits }),
    h("details", { class: "plain" }, h("summary", null, t.rules.more), h("div", { class: "stack tight" }, h("div", { class: "fields" }, field(t.rules.increment, increment, { hint: t.rules.incrementHint }), field(t.rules.key, key, { hint: t.rules.keyHint }), textField(limit, "counter", t.rules.counter, changed, { hint: t.rules.counterHint }), h("div", { class: "field" }, h("span", { class: "label" }, t.rules.align), align)),
      checkbox(t.rules.shadow, get(limit, "shadow")?.value === true, (on) => {
        if (on) set(limit, "shadow", literal(true));
        else remove(limit, "shadow");
        changed();
      }))));
}

/**
 * The editor of an entry. `name`: the key it stands under; `args`: the arguments its rules can speak of; `changed()` is
 * called after every change of the tree.
 */
export function ruleEditor({ entry, name, args, changed }) {
  const element = h("div", { class: "rule-editor" });
  const draw = () => {
    const sections = ["require", "deny_if", "require_approval"].map((list) => {
      const blocks = elements(get(entry, list));
      if (!blocks.length) return null;
      return h("section", { class: "rule-list", dataset: { list } }, h("h3", null, icon({ require: "allow", deny_if: "deny", require_approval: "approve" }[list]), t.rules.lists[list].title, h("span", { class: "muted" }, t.rules.lists[list].text)),
        blocks.map((block, index) => [index > 0 && h("div", { class: "joiner" }, list === "require" ? t.rules.allOf : t.rules.anyOf), blockCard(list, block, { args, changed, removeBlock: () => take(list, index) })]));
    });
    const limits = elements(get(entry, "limits"));
    const limitSection = limits.length > 0 && h("section", { class: "rule-list", dataset: { list: "limits" } }, h("h3", null, icon("limit"), t.rules.lists.limits.title, h("span", { class: "muted" }, t.rules.lists.limits.text)),
      limits.map((limit, index) => limitCard(limit, { args, changed, removeLimit: () => take("limits", index) })));
    const concurrency = get(entry, "concurrency");
    const concurrencyBox = concurrency && input({ value: shown(concurrency), inputmode: "numeric", "aria-label": t.rules.concurrency });
    concurrencyBox?.addEventListener("input", () => {
      if (!/^[1-9]\d*$/.test(concurrencyBox.value.trim())) return concurrencyBox.setAttribute("aria-invalid", "true");
      concurrencyBox.removeAttribute("aria-invalid");
      set(entry, "concurrency", numeral(concurrencyBox.value.trim()));
      return changed();
    });
    const odd = ["action", "rate_limit", "arguments"].filter((key) => get(entry, key));
    fill(element, sections, limitSection, concurrency && h("section", { class: "rule-list", dataset: { list: "concurrency" } }, h("div", { class: "block limit-line" }, h("span", null, t.rules.atMost), concurrencyBox, h("span", { class: "grow" }, t.rules.atOnce), iconButton("trash", t.rules.removeLimit, () => {
      remove(entry, "concurrency");
      changed();
      draw();
    }, { small: true }))), odd.length > 0 && h("p", { class: "muted" }, t.rules.odd(odd.join(", "))),
    h("div", { class: "row rule-adds" }, ["require", "deny_if", "require_approval"].map((list) => button(t.rules.add[list], { small: true, glyph: { require: "allow", deny_if: "deny", require_approval: "approve" }[list], action: () => addBlock(list) })),
      button(t.rules.add.limits, { small: true, glyph: "limit", action: addLimit }), !concurrency && button(t.rules.add.concurrency, { small: true, glyph: "stack", action: () => {
        set(entry, "concurrency", numeral("4"));
        changed();
        draw();
      } })));
  };
  const list = (key) => {
    if (get(entry, key)?.kind !== "array") set(entry, key, array());
    return get(entry, key).elements;
  };
  const take = (key, index) => {
    get(entry, key).elements.splice(index, 1);
    if (!get(entry, key).elements.length) remove(entry, key);
    changed();
    draw();
  };
  const addBlock = (key) => {
    const conditions = key === "require_approval" || !args.length ? [] : [newCondition(args)];
    list(key).push(object([{ key: "conditions", value: array(conditions) }]));
    changed();
    draw();
  };
  const addLimit = () => {
    const used = list("limits").map((each) => text(get(each, "counter")));
    const base = name.toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^_+|_+$/g, "") || "calls";
    let counter = base + "_rate";
    for (let index = 2; used.includes(counter); index += 1) counter = `${base}_rate_${index}`;
    list("limits").push(object([{ key: "counter", value: string(counter) }, { key: "window", value: string("minute") }, { key: "max", value: numeral("30") }, { key: "scope", value: string("grant") }]));
    changed();
    draw();
  };
  draw();
  return element;
}
