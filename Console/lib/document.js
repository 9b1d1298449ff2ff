// What a policy says beside its tools: the default, the mode, rules for every call and by class, resources and prompts.

import t from "../texts.js";
import { fill, h, icon } from "./dom.js";
import { array, elements, get, keys, literal, object, remove, set, string, text } from "./json.js";
import { PolicyModel } from "./policy.js";
import { ruleEditor } from "./rules.js";
import { session } from "./session.js";
import { riskOrder } from "./tools.js";
import { button, checkbox, classBadge, field, iconButton, input, segmented, select } from "./ui.js";

const flag = (node, key, otherwise) => (get(node, key)?.kind === "literal" ? get(node, key).value : otherwise);

/** Patterns one a line, as a list in the tree. */
function patternField(parent, key, label, changed, hint) {
  const box = h("textarea", { rows: 2, spellcheck: "false", placeholder: "*" });
  box.value = elements(get(parent, key)).map(text).join("\n");
  box.addEventListener("input", () => {
    const names = box.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (names.length) set(parent, key, array(names.map(string)));
    else remove(parent, key);
    changed();
  });
  return field(label, box, { optional: true, hint });
}

/** A part of the document that is made when its first field is written, and gone when the last is. */
function section(model, key) {
  const parent = get(model.root, key) ?? object();
  return { parent, tidy: () => (parent.members.length ? set(model.root, key, parent) : remove(model.root, key)) };
}

function resourceFields(view, key) {
  const { parent, tidy } = section(view.model, key);
  const changed = () => {
    tidy();
    view.edited();
  };
  return h("div", { class: "fields" }, patternField(parent, "allow", t.document.allowOf[key], changed), patternField(parent, "deny", t.document.denyOf[key], changed));
}

function clientRequests(view) {
  const { parent, tidy } = section(view.model, "client_requests");
  return h("div", { class: "fields three" }, ["elicitation", "sampling", "roots"].map((key) => {
    const choice = select([["", t.document.followsDefault], ["allow", t.builder.allow], ["deny", t.builder.deny]], text(get(parent, key)) ?? "");
    choice.addEventListener("change", () => {
      if (choice.value) set(parent, key, string(choice.value));
      else remove(parent, key);
      tidy();
      view.edited();
    });
    return field(t.document.requests[key], choice);
  }));
}

function everyCall(view) {
  const entry = get(view.model.root, "all_tools") ?? object();
  return ruleEditor({ entry, name: "calls", args: [], changed: () => {
    if (entry.members.length) set(view.model.root, "all_tools", entry);
    else remove(view.model.root, "all_tools");
    view.edited();
  } });
}

function classRules(view) {
  const place = h("div", { class: "stack tight" });
  const draw = () => {
    const classes = get(view.model.root, "classes");
    const rows = keys(classes).map((key) => {
      const entry = get(classes, key);
      return h("details", { class: "plain class-rules" }, h("summary", null, classBadge(key), h("span", { class: "muted" }, t.builder.summary(PolicyModel.summary(entry)))), ruleEditor({ entry, name: key, args: [], changed: () => view.edited() }),
        session.manages && button(t.builder.removeEntry, { small: true, kind: "quiet", glyph: "trash", action: () => {
          remove(classes, key);
          if (!classes.members.length) remove(view.model.root, "classes");
          view.edited({ redraw: true });
        } }));
    });
    const missing = riskOrder.slice(0, 5).filter((key) => !keys(classes).includes(key));
    fill(place, h("p", { class: "muted" }, t.document.classesText), rows, session.manages && missing.length > 0 && h("div", { class: "row" }, missing.map((key) => button(t.risk[key].word, { small: true, glyph: "plus", action: () => {
      set(view.model.ensure("classes"), key, object());
      view.edited({ redraw: true });
    } }))));
  };
  draw();
  return place;
}

function hiddenPatterns(view) {
  const names = new Set(view.tools.map((tool) => tool.name));
  const patterns = view.model.hide.filter((each) => !names.has(each));
  const box = input({ placeholder: "delete_*", spellcheck: "false", "aria-label": t.document.hidePattern });
  const form = h("form", { class: "row nowrap" }, box, button(t.builder.add, { type: "submit", small: true }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = box.value.trim();
    if (!value || view.model.hide.includes(value)) return;
    view.model.setHide([...view.model.hide, value]);
    view.edited({ redraw: true });
  });
  return h("div", { class: "stack tight" }, h("p", { class: "muted" }, t.document.hideText), patterns.length > 0 && h("span", { class: "row" }, patterns.map((each) => h("span", { class: "token" }, h("code", null, each), session.manages && iconButton("cross", t.builder.removeEntry, () => {
    view.model.setHide(view.model.hide.filter((name) => name !== each));
    view.edited({ redraw: true });
  }, { small: true })))), session.manages && form);
}

function argumentSwitches(view) {
  const { parent, tidy } = section(view.model, "arguments");
  const put = (key, otherwise) => (on) => {
    if (on === otherwise) remove(parent, key);
    else set(parent, key, literal(on));
    tidy();
    view.edited();
  };
  return h("div", { class: "stack tight" }, checkbox(t.document.validate, flag(parent, "validate", true), put("validate", true), { hint: t.document.validateHint }), checkbox(t.document.closed, flag(parent, "closed", false), put("closed", false), { hint: t.document.closedHint }),
    checkbox(t.document.showDenied, view.model.value("show_denied") !== false, (on) => {
      view.model.setValue("show_denied", on ? undefined : false);
      view.edited({ redraw: true });
    }, { hint: t.document.showDeniedHint }));
}

function timezone(view) {
  const box = input({ value: view.model.value("timezone") ?? "", placeholder: "UTC", spellcheck: "false" });
  box.addEventListener("change", () => {
    view.model.setValue("timezone", box.value.trim() || undefined);
    view.edited();
  });
  return field(t.document.timezone, box, { hint: t.document.timezoneHint, optional: true });
}

const part = (view, key, title, build, amount) => {
  const details = h("details", { class: "settings-part", open: view.openParts?.has(key) }, h("summary", null, icon("right"), h("span", { class: "grow" }, title), amount ? h("span", { class: "count" }, String(amount)) : null));
  const place = h("div", { class: "settings-body" });
  const show = () => {
    view.openParts ??= new Set();
    if (details.open) {
      view.openParts.add(key);
      if (!place.childElementCount) fill(place, build());
    } else {
      view.openParts.delete(key);
    }
  };
  details.append(place);
  details.addEventListener("toggle", show);
  if (details.open) show();
  return details;
};

/** The card above the tools. */
export function documentSettings(view) {
  const model = view.model;
  const rules = get(model.root, "all_tools");
  const amount = rules ? Object.values(PolicyModel.summary(rules)).reduce((sum, each) => sum + each, 0) : 0;
  const names = new Set(view.tools.map((tool) => tool.name));
  const fallback = segmented(t.document.fallback, [["deny", t.builder.deny, "deny"], ["allow", t.builder.allow, "allow"]], model.fallback, (value) => {
    model.setValue("default", value);
    view.edited({ redraw: true });
  });
  const mode = segmented(t.document.mode, [["enforce", t.document.enforce, "policies"], ["shadow", t.document.shadow, "hide"]], model.value("mode") ?? "enforce", (value) => {
    model.setValue("mode", value === "enforce" ? undefined : value);
    view.edited();
    view.draw();
  });
  if (!session.manages) for (const radio of [...fallback.querySelectorAll("input"), ...mode.querySelectorAll("input")]) radio.disabled = true;
  return h("section", { class: "card document-card" }, h("div", { class: "document-line" }, h("div", { class: "grow" }, h("strong", null, t.document.fallback), h("span", { class: "sub" }, t.document.fallbackText)), fallback),
    h("div", { class: "document-line" }, h("div", { class: "grow" }, h("strong", null, t.document.mode), h("span", { class: "sub" }, t.document.modeText)), mode),
    part(view, "every", t.document.everyCall, () => everyCall(view), amount), part(view, "classes", t.document.classes, () => classRules(view), keys(get(model.root, "classes")).length), part(view, "hide", t.document.hidden, () => hiddenPatterns(view), model.hide.filter((each) => !names.has(each)).length),
    part(view, "more", t.document.more, () => h("div", { class: "stack" }, argumentSwitches(view), timezone(view))),
    part(view, "resources", t.document.resources, () => h("div", { class: "stack" }, resourceFields(view, "resources"), resourceFields(view, "prompts"), h("h3", null, t.document.clientRequests), clientRequests(view)), ["resources", "prompts", "client_requests"].filter((key) => get(model.root, key)).length));
}
