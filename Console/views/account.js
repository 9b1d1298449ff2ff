// One's own account: password, second factor, sessions.

import t from "../texts.js";
import { api, itemsOf, seg } from "../lib/api.js";
import { fill, foreign, h } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { session } from "../lib/session.js";
import { button, card, confirm, copyButton, facts, field, input, notice, pageHead, run, sheet, stateBadge, table, toast } from "../lib/ui.js";
import { define, View } from "../lib/view.js";

class AccountView extends View {
  title = t.nav.account;

  start() {
    this.sessions = h("div");
    this.factor = h("div");
    fill(this, pageHead(t.nav.account), h("div", { class: "grid" },
      h("div", { class: "span-6 fill" }, card(t.account.you, facts([[t.signIn.label, foreign(session.label)], [t.signIn.email, session.email && foreign(session.email)], [t.members.role, h("span", null, t.role[session.role]?.word ?? session.role, h("span", { class: "sub" }, t.role[session.role]?.meaning))], [t.signIn.organisation, foreign(session.organisation)]]))),
      h("div", { class: "span-6 fill" }, card(t.account.password, this.password()))), this.factor, h("section", { class: "stack tight" }, h("div", { class: "row spread" }, h("h2", null, t.account.sessions), button(t.account.endOthers, { small: true, action: () => this.endOthers() })), this.sessions));
    this.drawFactor();
    this.drawSessions();
  }

  password() {
    const old = input({ type: "password", autocomplete: "current-password", required: true });
    const next = input({ type: "password", autocomplete: "new-password", required: true, minlength: 12 });
    const save = button(t.account.change, { type: "submit" });
    const form = h("form", { class: "stack tight" , novalidate: true }, h("input", { type: "text", autocomplete: "username", value: session.email, hidden: true, "aria-hidden": "true" }), field(t.account.old, old), field(t.account.next, next, { hint: t.signIn.newPasswordHint }), h("div", { class: "row" }, save));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!old.value) return old.closest(".field").setError(t.form.required);
      if (next.value.length < 12) return next.closest(".field").setError(t.signIn.tooShort);
      return run(save, async () => {
        try {
          await api.post("/password", { old: old.value, new: next.value });
          form.reset();
          toast(t.account.changed);
          this.drawSessions();
        } catch (error) {
          const about = (error.errors ?? []).find((each) => each.pointer === "/new");
          if (about) next.closest(".field").setError(about.message);
          else old.closest(".field").setError(error.message);
        }
      });
    });
    return form;
  }

  drawFactor() {
    const on = Boolean(session.current?.second_factor);
    fill(this.factor, card(t.account.factor, h("div", { class: "row spread" }, h("div", { class: "grow" }, stateBadge(on ? t.account.factorOn : t.account.factorOff, on ? "good" : "wait", on ? "lock" : "error"), h("p", { class: "muted" }, t.account.factorText)), on ? button(t.account.turnOff, { action: () => this.turnOff() }) : button(t.account.turnOn, { kind: "primary", glyph: "lock", action: () => this.turnOn() }))));
  }

  async turnOn() {
    const answer = await api.post("/second-factor", {});
    const box = input({ autocomplete: "one-time-code", inputmode: "numeric", maxlength: 8, required: true });
    const confirmButton = button(t.signIn.verify, { kind: "primary", type: "submit" });
    const form = h("form", { class: "stack", novalidate: true }, h("p", null, t.account.scan), h("div", { class: "stack tight" }, h("span", { class: "label" }, t.account.secret), h("div", { class: "token-box" }, h("code", { class: "grow" }, String(answer.secret ?? "").replace(/(.{4})/g, "$1 ").trim()), copyButton(answer.secret, t.action.copy, { withText: true }))), (answer.uri ?? answer.otpauth) && h("p", null, h("a", { href: answer.uri ?? answer.otpauth }, t.account.openApp)), field(t.account.sixDigits, box), h("div", { class: "row" }, confirmButton));
    const shown = sheet(t.account.turnOn, form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      run(confirmButton, async () => {
        try {
          const done = await api.post("/second-factor/confirm", { code: box.value.replaceAll(" ", "") });
          session.current.second_factor = true;
          this.drawFactor();
          const codes = done?.recovery_codes ?? done?.codes ?? [];
          fill(form, notice("good", t.account.factorOn), codes.length > 0 && [h("p", null, t.account.recovery), h("ul", { class: "codes" }, codes.map((each) => h("li", null, h("code", null, each)))), copyButton(codes.join("\n"), t.account.copyCodes, { withText: true })], h("div", { class: "row" }, button(t.grants.kept, { kind: "primary", action: () => shown.close() })));
        } catch (error) {
          box.closest(".field").setError(error.message);
        }
      });
    });
  }

  async turnOff() {
    const box = input({ autocomplete: "one-time-code", inputmode: "numeric", maxlength: 20 });
    const done = await confirm({ title: t.account.turnOffTitle, confirmLabel: t.account.turnOff, what: h("p", null, t.account.turnOffText), extra: field(t.signIn.code, box), action: () => api.del("/second-factor", { code: box.value.replaceAll(" ", "") }) });
    if (!done) return;
    session.current.second_factor = false;
    this.drawFactor();
    toast(t.account.factorOff);
  }

  drawSessions() {
    return this.load(this.sessions, () => api.get("/sessions"), (page) => table(t.account.sessions, [
      { label: t.account.where, cell: (row) => h("span", null, foreign(row.user_agent ?? row.client ?? row.label ?? t.account.aBrowser), row.address && h("span", { class: "sub mono" }, foreign(row.address))) },
      { label: t.members.state, className: "shrink", cell: (row) => (row.current ? stateBadge(t.account.here, "accent") : h("span", { class: "muted" }, "–")) },
      { label: t.account.lastSeen, className: "shrink", cell: (row) => when(row.last_seen) }, { label: t.account.began, className: "shrink", cell: (row) => when(row.created) },
      { label: "", className: "end shrink", cell: (row) => !row.current && button(t.account.end, { small: true, action: async () => { await api.del(`/sessions/${seg(row.id)}`); toast(t.account.ended); await this.drawSessions(); } }) },
    ], itemsOf(page)), { rows: 2 });
  }

  async endOthers() {
    const list = itemsOf(await api.get("/sessions")).filter((each) => !each.current);
    if (!list.length) return toast(t.account.noOthers, { tone: "info" });
    await Promise.all(list.map((each) => api.del(`/sessions/${seg(each.id)}`)));
    toast(t.account.endedAll(list.length));
    return this.drawSessions();
  }
}

export default define("tg-account", AccountView);
