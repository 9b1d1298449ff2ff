// Settings of the organisation, and web hooks.

import t from "../texts.js";
import { api, etagOf, itemsOf, seg } from "../lib/api.js";
import { code, fill, foreign, h } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { operations } from "../lib/operations.js";
import { session } from "../lib/session.js";
import { theme } from "../lib/theme.js";
import { button, card, checkbox, confirm, copyButton, empty, field, iconButton, input, notice, pageHead, run, segmented, sheet, stateBadge, table, toast } from "../lib/ui.js";
import { define, View } from "../lib/view.js";

const hookEvents = ["approval_requested", "approval_decided"];

class SettingsView extends View {
  title = t.nav.settings;

  start() {
    this.general = h("div");
    this.hooks = h("div");
    fill(this, pageHead(t.nav.settings, { lead: t.settings.lead }),
      card(t.settings.appearance, h("div", { class: "row spread" }, h("span", { class: "muted" }, t.settings.appearanceText), segmented(t.settings.appearance, [["auto", t.theme.auto, "auto"], ["light", t.theme.light, "sun"], ["dark", t.theme.dark, "moon"]], theme.current, (name) => theme.choose(name)))),
      session.administers ? [this.general, this.hooks] : notice("info", t.settings.adminOnly));
    if (!session.administers) return;
    if (operations.has("GET /settings")) this.load(this.general, () => api.get("/settings"), (settings) => this.form(settings), { rows: 4 });
    if (operations.has("GET /webhooks")) this.drawHooks();
  }

  /** A field for each setting the API has, by the kind of its value. */
  form(settings) {
    const entries = Object.entries(settings).filter(([key, value]) => key !== "etag" && (value === null || typeof value !== "object"));
    const controls = new Map();
    const rows = entries.map(([key, value]) => {
      const words = t.settings.names[key] ?? { label: key.replaceAll("_", " ") };
      if (words.fixed) return h("div", { class: "setting" }, h("div", { class: "grow" }, h("strong", null, words.label), words.text && h("span", { class: "sub" }, words.text)), code(String(value ?? "–")));
      if (typeof value === "boolean") {
        const box = checkbox(words.label, value, null, { hint: words.text });
        controls.set(key, () => box.querySelector("input").checked);
        return box;
      }
      if (words.options) {
        let chosen = value;
        controls.set(key, () => chosen);
        return h("div", { class: "setting" }, h("div", { class: "grow" }, h("strong", null, words.label), h("span", { class: "sub" }, words.text)), segmented(words.label, words.options, value, (next) => (chosen = next)));
      }
      const box = input({ value: value ?? "", inputmode: typeof value === "number" ? "numeric" : null });
      controls.set(key, () => (typeof value === "number" ? Number(box.value) : box.value || null));
      return field(words.label, box, { hint: words.text });
    });
    const save = button(t.action.save, { kind: "primary", action: async () => {
      const body = {};
      for (const [key, read] of controls) if (read() !== settings[key]) body[key] = read();
      if (!Object.keys(body).length) return toast(t.settings.nothing, { tone: "info" });
      const next = await api.put("/settings", { ...Object.fromEntries([...controls].map(([key]) => [key, settings[key]])), ...body }, { match: etagOf(settings) ?? settings.etag });
      toast(t.toast.saved);
      fill(this.general, this.form(next && Object.keys(next).length ? next : await api.get("/settings")));
      return undefined;
    } });
    return card(t.settings.general, h("div", { class: "stack" }, rows.length ? rows : h("p", { class: "muted" }, t.settings.none), controls.size > 0 && h("div", { class: "row" }, save)));
  }

  // --- web hooks --------------------------------------------------------------------------------------------------

  drawHooks() {
    return this.load(this.hooks, () => api.get("/webhooks"), (page) => {
      const list = itemsOf(page);
      return card(t.settings.hooks, list.length ? table(t.settings.hooks, [
        { label: t.settings.address, cell: (row) => h("span", null, foreign(row.url), h("span", { class: "sub" }, (row.events ?? []).map((each) => t.settings.events[each] ?? each).join(", "))) },
        { label: t.members.state, className: "shrink", cell: (row) => (row.failing ? stateBadge(t.settings.failing, "bad", "error") : stateBadge(t.settings.fine, "good")) },
        { label: t.settings.lastDelivery, className: "shrink", cell: (row) => when(row.last_delivery) },
        { label: "", className: "end shrink", cell: (row) => h("span", { class: "row nowrap" }, button(t.settings.deliveries, { small: true, action: () => this.deliveries(row) }), iconButton("trash", t.settings.removeHook, () => this.removeHook(row), { small: true })) },
      ], list) : empty("webhook", t.settings.noHooks, t.settings.noHooksText), { subtitle: t.settings.hooksText, flush: true, actions: button(t.settings.addHook, { small: true, glyph: "plus", action: () => this.addHook() }) });
    }, { rows: 2 });
  }

  addHook() {
    const url = input({ type: "url", required: true, placeholder: "https://chat.example.com/hooks/…" });
    const chosen = new Set(hookEvents);
    const boxes = hookEvents.map((each) => checkbox(t.settings.events[each] ?? each, true, (on) => (on ? chosen.add(each) : chosen.delete(each))));
    const submit = button(t.settings.addHook, { kind: "primary", type: "submit" });
    const form = h("form", { class: "stack", novalidate: true }, field(t.settings.address, url), h("fieldset", { class: "group" }, h("legend", null, t.settings.when), boxes), h("div", { class: "row" }, submit));
    const shown = sheet(t.settings.addHook, form, { subtitle: t.settings.hooksText });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!url.value) return url.closest(".field").setError(t.form.required);
      return run(submit, async () => {
        const answer = await api.post("/webhooks", { url: url.value.trim(), events: [...chosen] }, { idempotent: true });
        fill(form, notice("good", t.settings.hookMade), answer?.secret && [notice("wait", t.settings.secretOnce), h("div", { class: "token-box" }, h("code", { class: "grow" }, answer.secret), copyButton(answer.secret, t.action.copy, { withText: true }))], h("div", { class: "row" }, button(t.action.done, { kind: "primary", action: () => shown.close() })));
        this.drawHooks();
      });
    });
  }

  async removeHook(row) {
    if (await confirm({ title: t.settings.removeHook, confirmLabel: t.action.remove, what: h("p", null, foreign(row.url)), action: () => api.del(`/webhooks/${seg(row.id)}`) })) await this.drawHooks();
  }

  deliveries(row) {
    const place = h("div");
    sheet(t.settings.deliveries, place, { subtitle: foreign(row.url), wide: true });
    const load = () => this.load(place, () => api.get(`/webhooks/${seg(row.id)}/deliveries`), (page) => {
      const list = itemsOf(page);
      if (!list.length) return empty("webhook", t.settings.noDeliveries, "");
      return table(t.settings.deliveries, [
        { label: t.settings.event, cell: (each) => t.settings.events[each.event] ?? each.event }, { label: t.members.state, className: "shrink", cell: (each) => stateBadge(t.settings.delivery[each.status] ?? each.status, each.status === "delivered" ? "good" : each.status === "dead" ? "bad" : "wait") },
        { label: t.settings.attempts, className: "end shrink", cell: (each) => String(each.attempts ?? "–") }, { label: t.decisions.time, className: "end shrink", cell: (each) => when(each.time ?? each.created) },
        { label: "", className: "end shrink", cell: (each) => each.status === "dead" && button(t.settings.again, { small: true, action: async () => { await api.post(`/webhooks/${seg(row.id)}/deliveries/${seg(each.id)}/retry`, {}); await load(); } }) },
      ], list);
    });
    load();
  }
}

export default define("tg-settings", SettingsView);
