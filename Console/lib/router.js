// Addresses: `#/servers/crm/tools?class=write`. Everything one sees stands in the address, so that it can be sent.

/** Screen by first word: how it is loaded, what makes it another one (`key`), and whether it stands alone (`bare`). */
export const routes = {
  "setup": { load: () => import("../views/sign-in.js"), open: true, bare: true, key: () => "setup" },
  "invitation": { load: () => import("../views/sign-in.js"), open: true, bare: true, key: () => "invitation" },
  "register": { load: () => import("../views/sign-in.js"), open: true, bare: true, key: () => "register" },
  "sign-in": { load: () => import("../views/sign-in.js"), open: true, bare: true, key: () => "sign-in" },
  "overview": { load: () => import("../views/overview.js") },
  "servers": { load: (route) => import("../views/servers.js") },
  "server": { load: () => import("../views/server.js"), key: (route) => route.path[1] },
  "policies": { load: () => import("../views/policies.js") },
  "policy": { load: () => import("../views/policy.js"), key: (route) => route.path[1] },
  "grants": { load: () => import("../views/grants.js") },
  "decisions": { load: () => import("../views/decisions.js") },
  "approvals": { load: () => import("../views/approvals.js") },
  "stack": { load: () => import("../views/stack.js") },
  "catalogue": { load: () => import("../views/catalogue.js"), open: true, bare: true, shared: true },
  "members": { load: () => import("../views/members.js") },
  "audit": { load: () => import("../views/audit.js") },
  "settings": { load: () => import("../views/settings.js") },
  "account": { load: () => import("../views/account.js") },
  "missing": { load: () => import("../views/missing.js") },
};

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What an address says: `{path: [...], query: URLSearchParams}`. `#/servers/NAME` is the screen `server`. */
export function parse(hash) {
  const text = hash.replace(/^#\/?/, "");
  const [place, search = ""] = text.split("?", 2);
  const path = place.split("/").filter(Boolean).map(decode);
  if (path[0] === "servers" && path.length > 1) path[0] = "server";
  if (path[0] === "policies" && path.length > 1) path[0] = "policy";
  return { path, query: new URLSearchParams(search), hash };
}

/** An address from its parts. */
export function href(path, query) {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined && value !== null && value !== "") search.set(key, value);
  const text = search.toString();
  return "#/" + path.map(encodeURIComponent).join("/") + (text ? "?" + text : "");
}

export function go(hash, { replace = false } = {}) {
  if (location.hash === hash) {
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else if (replace) {
    history.replaceState(null, "", hash);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = hash;
  }
}

/** Changes a few words of the query of the address, in place. */
export function setQuery(changes, { quiet = false } = {}) {
  const [place, search = ""] = location.hash.split("?", 2);
  const query = new URLSearchParams(search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined || value === null || value === "") query.delete(key);
    else query.set(key, value);
  }
  const text = query.toString();
  history.replaceState(null, "", place + (text ? "?" + text : ""));
  if (!quiet) dispatchEvent(new HashChangeEvent("hashchange"));
}
