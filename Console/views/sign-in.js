// The doors: signing in, the first admin, an accepted invitation, and founding an organisation where that is switched on.

import t from "../texts.js";
import { api } from "../lib/api.js";
import { fill, h, icon, marked } from "../lib/dom.js";
import { go } from "../lib/router.js";
import { operations } from "../lib/operations.js";
import { session } from "../lib/session.js";
import { button, field, input, notice } from "../lib/ui.js";
import { define, View } from "../lib/view.js";

/** Fields by name: label, kind, what a password manager should know. */
const shapes = {
  organisation: { autocomplete: "organization", maxlength: 120 },
  label: { autocomplete: "name", maxlength: 120 },
  email: { type: "email", autocomplete: "username", inputmode: "email" },
  password: { type: "password", autocomplete: "current-password" },
  newPassword: { type: "password", autocomplete: "new-password", minlength: 12 },
  code: { autocomplete: "one-time-code", inputmode: "numeric", maxlength: 20 },
};

class SignInView extends View {
  title = t.signIn.title;

  start() {
    const kind = this.route.path[0];
    this.token = this.route.path[1];
    const forms = { "setup": () => this.setup(), "invitation": () => this.invitation(), "register": () => this.register(), "sign-in": () => this.signIn() };
    this.classList.add("bare");
    fill(this, h("main", { class: "door" }, h("div", { class: "door-mark" }, h("span", { class: "brand-mark" }, icon("gate"))), forms[kind]()));
    this.querySelector("input")?.focus();
  }

  /** A form of fields that sends them and says what is wrong beside the field it is about. */
  form(names, { action, submit, extra }) {
    const fields = new Map(names.map((name) => {
      const control = input({ name, required: true, ...shapes[name] });
      return [name, field(t.signIn[name], control, { hint: t.signIn[name + "Hint"] })];
    }));
    const problem = h("div", { role: "alert" });
    const go = button(submit, { kind: "primary wide", type: "submit" });
    const form = h("form", { class: "stack", method: "post", novalidate: true }, problem, [...fields.values()], go, extra);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const value = {};
      let missing;
      for (const [name, box] of fields) {
        const control = box.querySelector("input");
        value[name === "newPassword" ? "password" : name] = name === "code" ? control.value.replaceAll(" ", "") : control.value;
        const wrong = !control.value ? t.form.required : name === "newPassword" && control.value.length < 12 ? t.signIn.tooShort : name === "email" && !control.validity.valid ? t.form.email : "";
        box.setError(wrong);
        if (wrong) missing ??= control;
      }
      if (missing) return missing.focus();
      go.setAttribute("aria-busy", "true");
      fill(problem);
      try {
        await action(value);
      } catch (error) {
        this.refused(error, fields, problem);
      } finally {
        go.removeAttribute("aria-busy");
      }
    });
    return form;
  }

  refused(error, fields, problem) {
    const rest = [];
    for (const each of error.errors ?? []) {
      const name = String(each.pointer ?? "").replace(/^\//, "");
      const box = fields.get(name) ?? (name === "password" ? fields.get("newPassword") : undefined);
      if (box) box.setError(each.message);
      else rest.push(each.message);
    }
    if (error.errors?.length && !rest.length) return;
    const wait = error.retryAfter ? " " + t.signIn.wait(error.retryAfter) : "";
    fill(problem, notice("bad", h("strong", null, marked(error.message)), h("p", null, marked([...rest, error.remedy].filter(Boolean).join(" ")), wait)));
  }

  async enter() {
    await session.load();
    const wanted = session.wanted;
    session.wanted = "";
    history.replaceState(null, "", wanted && !/^#\/(sign-in|setup|invitation|register)/.test(wanted) ? wanted : "#/overview");
    document.dispatchEvent(new CustomEvent("toolgate:session"));
  }

  signIn() {
    const body = h("div", { class: "stack" });
    const first = () => fill(body, this.form(["email", "password"], {
      submit: t.signIn.submit,
      action: async (value) => {
        try {
          await api.post("/session", value);
        } catch (error) {
          if (error.code === "second-factor-required") return second(value);
          throw error;
        }
        return this.enter();
      },
    }));
    const second = (value) => {
      fill(body, h("p", { class: "muted" }, t.signIn.codeText), this.form(["code"], {
        submit: t.signIn.verify,
        action: async ({ code }) => {
          await api.post("/session", { ...value, code });
          await this.enter();
        },
        extra: button(t.action.back, { kind: "quiet", action: first }),
      }));
      body.querySelector("input").focus();
    };
    first();
    const other = h("div", { class: "stack tight" });
    this.offers(other);
    return [h("h1", { tabindex: "-1" }, t.signIn.title), h("p", { class: "muted" }, t.signIn.lead), body, other];
  }

  /** Single sign-on and registration, where the API has them. */
  async offers(place) {
    if (!operations.has("POST /session")) fill(place, notice("wait", t.signIn.notYet));
    let health;
    try {
      health = await api.get("/health");
    } catch {
      return;
    }
    if (health?.sign_in?.oidc) {
      const names = Array.isArray(health.sign_in.oidc) ? health.sign_in.oidc : [{ name: health.sign_in.oidc.name ?? "", href: health.sign_in.oidc.href ?? "/api/v1/oidc/start" }];
      fill(place, h("p", { class: "or" }, t.signIn.or), names.map((each) => h("a", { class: "button wide", href: each.href }, icon("lock"), t.signIn.oidc(each.name))));
    }
    if (health?.setup === false) place.append(notice("info", h("strong", null, t.signIn.noneYet), h("p", null, marked(t.signIn.noneYetText))));
    if (health?.registration === "open") place.append(h("p", { class: "muted" }, t.signIn.noAccount, " ", h("a", { href: "#/register" }, t.signIn.registerLink)));
    if (health?.catalogue_public || health?.public_catalogue) place.append(h("p", { class: "muted" }, h("a", { href: "#/catalogue" }, t.signIn.browse)));
  }

  setup() {
    return [h("h1", { tabindex: "-1" }, t.signIn.setupTitle), h("p", { class: "muted" }, t.signIn.setupLead),
      this.form(["organisation", "label", "email", "newPassword"], {
        submit: t.signIn.setupSubmit,
        action: async (value) => {
          await api.post("/setup", { token: this.token, ...value });
          await this.signInAfter(value);
        },
      })];
  }

  invitation() {
    return [h("h1", { tabindex: "-1" }, t.signIn.invitationTitle), h("p", { class: "muted" }, t.signIn.invitationLead),
      this.form(["label", "newPassword"], {
        submit: t.signIn.invitationSubmit,
        action: async (value) => {
          const answer = await api.post("/invitations/accept", { token: this.token, ...value });
          await this.signInAfter({ ...value, email: answer?.email ?? answer?.member?.email });
        },
      })];
  }

  register() {
    return [h("h1", { tabindex: "-1" }, t.signIn.registerTitle), h("p", { class: "muted" }, t.signIn.registerLead),
      this.form(["organisation", "label", "email", "newPassword"], {
        submit: t.signIn.registerSubmit,
        action: async (value) => {
          await api.post("/registration", value);
          await this.signInAfter(value);
        },
        extra: h("p", { class: "muted" }, h("a", { href: "#/sign-in" }, t.signIn.haveAccount)),
      })];
  }

  /** The API may have begun a session with the account; otherwise it begins now. */
  async signInAfter({ email, password }) {
    try {
      await session.load();
    } catch (error) {
      if (error.status !== 401) throw error;
      if (!email) return go("#/sign-in");
      await api.post("/session", { email, password });
    }
    return this.enter();
  }
}

export default define("tg-sign-in", SignInView);
