// People, invitations, and tokens for machines.

import t from "../texts.js";
import { api, itemsOf, seg } from "../lib/api.js";
import { fill, foreign, h, icon } from "../lib/dom.js";
import { absoluteText, dayText, when } from "../lib/format.js";
import { href } from "../lib/router.js";
import { operations } from "../lib/operations.js";
import { session } from "../lib/session.js";
import { button, confirm, copyButton, empty, field, iconButton, input, menu, notice, pageHead, run, select, sheet, snippet, stateBadge, table, tabs, toast } from "../lib/ui.js";
import { define, View } from "../lib/view.js";

const roles = ["viewer", "policy_manager", "admin"];
const roleChoice = (value, most = "admin") => select(roles.slice(0, roles.indexOf(most) + 1).map((key) => [key, t.role[key].word]), value);
const roleBadge = (role) => h("span", { title: t.role[role]?.meaning }, stateBadge(t.role[role]?.word ?? role, role === "admin" ? "accent" : "off", role === "admin" ? "lock" : role === "viewer" ? "read" : "policies"));

class MembersView extends View {
  title = t.nav.members;

  start() {
    this.tab = this.route.path[1] ?? "people";
    this.place = h("div", { class: "stack" });
    const action = !session.administers ? null : this.tab !== "tokens" && !operations.has("POST /invitations") ? null : this.tab === "tokens" ? button(t.members.newToken, { kind: "primary", glyph: "plus", action: () => this.mintToken() }) : button(t.members.invite, { kind: "primary", glyph: "mail", action: () => this.invite() });
    if (action) action.dataset.primary = "";
    fill(this, pageHead(t.nav.members, { lead: t.members.lead, actions: action }), tabs(t.nav.members, [["people", t.members.people, "#/members"], session.administers && operations.has("GET /invitations") && ["invitations", t.members.invitations, "#/members/invitations"], session.administers && operations.has("GET /tokens") && ["tokens", t.members.tokens, "#/members/tokens"], ["roles", t.members.roles, "#/members/roles"]], this.tab), this.place);
    ({ people: () => this.people(), invitations: () => this.invitations(), tokens: () => this.tokens(), roles: () => fill(this.place, this.matrix()) }[this.tab] ?? (() => this.people()))();
  }

  people() {
    return this.load(this.place, () => api.all("/members"), (list) => table(t.members.people, [
      { label: t.members.name, cell: (row) => h("span", { class: "row nowrap" }, h("span", { class: "avatar", "aria-hidden": "true" }, String(row.label ?? "?").slice(0, 1).toUpperCase()), h("span", { class: "grow" }, foreign(row.label), row.email && h("span", { class: "sub" }, foreign(row.email)))) },
      { label: t.members.role, className: "shrink", cell: (row) => roleBadge(row.role) },
      { label: t.members.state, className: "shrink", cell: (row) => (row.active === false || row.is_active === false ? stateBadge(t.members.inactive, "off") : stateBadge(t.members.active, "good")) },
      { label: t.nav.grants, cell: (row) => (row.grants?.length ? h("span", { class: "chips" }, row.grants.slice(0, 4).map((each) => h("a", { class: "chip", href: href(["grants"], { id: each }) }, foreign(each)))) : h("span", { class: "muted" }, "–")) },
      { label: t.members.since, className: "end shrink", cell: (row) => h("span", { class: "muted" }, when(row.created)) },
      { label: "", className: "end shrink", cell: (row) => session.administers && menu(iconButton("more", t.members.more(row.label), null, { small: true }), [
        { label: t.members.changeRole, glyph: "custom", action: () => this.role(row) }, { label: row.active === false ? t.members.activate : t.members.deactivate, glyph: row.active === false ? "check" : "pause", action: () => this.activate(row) }, null, { label: t.members.remove, glyph: "trash", danger: true, action: () => this.remove(row) },
      ]) },
    ], list));
  }

  /** Members are addressed by what the API knows them by. */
  path = (row) => `/members/${seg(row.id ?? row.label)}`;

  async role(row) {
    const choice = roleChoice(row.role);
    const done = await confirm({ title: t.members.roleTitle(row.label), danger: false, confirmLabel: t.action.save, what: h("p", { class: "muted" }, t.members.roleText), extra: field(t.members.role, choice), action: () => api.patch(this.path(row), { role: choice.value }, { match: row.etag }) });
    if (!done) return;
    toast(t.members.roleDone(row.label, t.role[choice.value].word), { undo: async () => { await api.patch(this.path(row), { role: row.role }); await this.people(); } });
    await this.people();
  }

  async activate(row) {
    const active = row.active === false;
    await api.patch(this.path(row), { is_active: active }, { match: row.etag });
    toast(active ? t.members.activated(row.label) : t.members.deactivated(row.label));
    await this.people();
  }

  async remove(row) {
    const choice = select([["revoke", t.members.grantsRevoke], ["keep", t.members.grantsKeep]], "revoke");
    const done = await confirm({ title: t.members.removeTitle(row.label), type: row.label, confirmLabel: t.members.remove, what: h("p", null, t.members.removeText), extra: row.grants?.length ? field(t.members.whatOfGrants(row.grants.length), choice) : null, action: () => api.del(this.path(row), { grants: choice.value }, { match: row.etag }) });
    if (!done) return;
    toast(t.members.removed(row.label));
    await this.people();
  }

  // --- invitations ------------------------------------------------------------------------------------------------

  invitations() {
    return this.load(this.place, () => api.get("/invitations"), (page) => {
      const list = itemsOf(page);
      if (!list.length) return empty("mail", t.members.noInvitations, t.members.noInvitationsText, button(t.members.invite, { kind: "primary", glyph: "mail", action: () => this.invite() }));
      return table(t.members.invitations, [
        { label: t.signIn.email, cell: (row) => foreign(row.email ?? "–") }, { label: t.members.role, className: "shrink", cell: (row) => roleBadge(row.role) }, { label: t.members.by, cell: (row) => foreign(row.by ?? row.created_by ?? "–") }, { label: t.grants.expires, className: "shrink", cell: (row) => when(row.expires) },
        { label: "", className: "end shrink", cell: (row) => button(t.members.withdraw, { small: true, action: async () => { await api.del(`/invitations/${seg(row.id)}`); toast(t.members.withdrawn); await this.invitations(); } }) },
      ], list);
    });
  }

  invite() {
    const email = input({ type: "email", required: true, placeholder: "name@example.com" });
    const role = roleChoice("viewer");
    const submit = button(t.members.invite, { kind: "primary", glyph: "mail", type: "submit" });
    const form = h("form", { class: "stack", novalidate: true }, field(t.signIn.email, email), field(t.members.role, role), h("ul", { class: "bullets muted" }, roles.map((key) => h("li", null, h("strong", null, t.role[key].word), ": ", t.role[key].meaning))), h("div", { class: "row" }, submit));
    const shown = sheet(t.members.invite, form, { subtitle: t.members.inviteText });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!email.value || !email.validity.valid) return email.closest(".field").setError(t.form.email);
      return run(submit, async () => {
        const answer = await api.post("/invitations", { email: email.value.trim(), role: role.value }, { idempotent: true });
        const link = answer?.link ?? answer?.url ?? (answer?.token ? `${location.origin}/#/invitation/${answer.token}` : "");
        fill(form, notice("good", h("strong", null, t.members.invited(email.value))), link && [h("p", null, t.members.sendLink), h("div", { class: "token-box" }, h("code", { class: "grow" }, link), copyButton(link, t.action.copy, { withText: true })), h("p", { class: "muted" }, t.members.linkOnce)], h("div", { class: "row" }, button(t.action.done, { kind: "primary", action: () => shown.close() })));
        if (this.tab === "invitations") this.invitations();
      });
    });
  }

  // --- tokens -----------------------------------------------------------------------------------------------------

  tokens() {
    return this.load(this.place, () => api.get("/tokens"), (page) => {
      const list = itemsOf(page);
      if (!list.length) return empty("terminal", t.members.noTokens, t.members.noTokensText, button(t.members.newToken, { kind: "primary", glyph: "plus", action: () => this.mintToken() }));
      return table(t.members.tokens, [
        { label: t.grants.label, cell: (row) => h("span", null, foreign(row.label), h("span", { class: "sub" }, foreign(row.owner?.label ?? row.owner ?? ""))) }, { label: t.members.role, className: "shrink", cell: (row) => roleBadge(row.role) }, { label: t.grants.lastUsed, className: "shrink", cell: (row) => when(row.last_used) },
        { label: t.grants.expires, className: "shrink", cell: (row) => (row.expires ? h("span", { title: absoluteText(new Date(row.expires)) }, dayText(new Date(row.expires))) : t.time.never) },
        { label: "", className: "end shrink", cell: (row) => button(t.members.end, { small: true, action: async () => {
          if (await confirm({ title: t.members.endTitle(row.label), confirmLabel: t.members.end, what: h("p", null, t.members.endText), action: () => api.del(`/tokens/${seg(row.id)}`) })) await this.tokens();
        } }) },
      ], list);
    });
  }

  mintToken() {
    const label = input({ required: true, placeholder: "deploy", maxlength: 64 });
    const role = roleChoice("viewer", session.role);
    const expires = select([["30d", t.grants.expiry["30d"]], ["90d", t.grants.expiry["90d"]], ["365d", t.grants.expiry["365d"]]], "90d");
    const submit = button(t.members.newToken, { kind: "primary", type: "submit", glyph: "plus" });
    const form = h("form", { class: "stack", novalidate: true }, field(t.grants.label, label), field(t.members.role, role), field(t.grants.expires, expires), h("div", { class: "row" }, submit));
    const shown = sheet(t.members.newToken, form, { subtitle: t.members.tokenText });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!label.value.trim()) return label.closest(".field").setError(t.form.required);
      return run(submit, async () => {
        const answer = await api.post("/tokens", { label: label.value.trim(), role: role.value, expires: new Date(Date.now() + parseInt(expires.value, 10) * 86400000).toISOString() }, { idempotent: true });
        fill(form, notice("wait", h("strong", null, t.grants.once), h("p", null, t.members.tokenOnce)), h("div", { class: "token-box" }, h("code", { class: "grow" }, answer.token), copyButton(answer.token, t.action.copy, { withText: true })), snippet(`curl -H "Authorization: Bearer ${answer.token}" ${location.origin}/api/v1/overview?window=24h`), h("div", { class: "row" }, button(t.grants.kept, { kind: "primary", action: () => shown.close() })));
        this.tokens();
      });
    });
  }

  // --- roles ------------------------------------------------------------------------------------------------------

  matrix() {
    return [h("p", { class: "lead" }, t.members.rolesText), h("div", { class: "table-wrap" }, h("table", { class: "matrix" }, h("caption", { class: "sr-only" }, t.members.roles), h("thead", null, h("tr", null, h("th", { scope: "col" }, t.members.capability), roles.map((role) => h("th", { scope: "col", class: "shrink" }, t.role[role].word)))),
      h("tbody", null, t.members.capabilities.map(([text, least]) => h("tr", null, h("th", { scope: "row" }, text), roles.map((role) => h("td", { class: "shrink", "data-label": t.role[role].word }, roles.indexOf(role) >= roles.indexOf(least) ? icon("check", t.members.yes, "icon yes") : icon("minus", t.members.no, "icon no"))))))))];
  }
}

export default define("tg-members", MembersView);
