// The console begins here: who is signed in, which screen the address names, and the frame around it.

import t from "./texts.js";
import { api } from "./lib/api.js";
import { fill, h } from "./lib/dom.js";
import { problemPanel, toast } from "./lib/ui.js";
import { session } from "./lib/session.js";
import { parse, routes, go } from "./lib/router.js";
import { Shell } from "./lib/shell.js";

const root = document.getElementById("app");
let shell;
let shown = { key: "", element: null };
let turn = 0;

/** Brings the screen that the address names. */
async function show() {
  const mine = ++turn;
  const route = parse(location.hash);
  const entry = routes[route.path[0]] ?? routes.missing;
  if (!entry.open && !session.current) {
    session.wanted = location.hash;
    return go("#/sign-in", { replace: true });
  }
  if (route.path[0] === "sign-in" && session.current) return go("#/overview", { replace: true });
  let module;
  try {
    module = await entry.load();
  } catch (error) {
    console.debug(error);
    toast(t.problem.unreachable, { tone: "bad", detail: t.problem.unreachableRemedy });
    return;
  }
  if (mine !== turn) return;
  const tag = module.default;
  const key = tag + "/" + (entry.key?.(route) ?? "");
  if (shown.key === key && shown.element?.isConnected) {
    shown.element.update(route);
    shell?.mark(route);
    return;
  }
  const element = document.createElement(tag);
  element.route = route;
  shown = { key, element };
  if (entry.bare && !(entry.shared && session.current)) {
    shell = null;
    fill(root, element);
  } else {
    if (!shell || !shell.element.isConnected) {
      shell = new Shell();
      fill(root, shell.element);
    }
    shell.place(element, route);
  }
  root.classList.remove("boot");
  document.title = `${element.title ?? t.app.name} · ${t.app.name}`;
}

document.addEventListener("toolgate:signed-out", () => {
  if (!session.current) return;
  session.current = null;
  session.wanted = location.hash;
  for (const open of document.querySelectorAll("dialog[open]")) open.close();
  toast(t.signIn.ended, { tone: "info" });
  go("#/sign-in");
});

document.addEventListener("toolgate:session", async () => {
  shell = null;
  shown = { key: "", element: null };
  await show();
});

async function begin() {
  const first = parse(location.hash).path[0];
  try {
    await session.load();
  } catch (error) {
    // A gateway whose API knows no sessions yet says so at its door.
    if (error.status !== 401 && error.status !== 404) {
      root.classList.remove("boot");
      fill(root, h("main", { class: "bare" }, problemPanel(error, () => location.reload())));
      return;
    }
  }
  addEventListener("hashchange", show);
  if (!first) go(session.current ? "#/overview" : "#/sign-in", { replace: true });
  await show();
}

begin();
