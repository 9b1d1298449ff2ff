// The one file that knows fetch. Every answer is JSON; every refusal is a problem (RFC 9457) and is thrown as one.

import t from "../texts.js";

const base = "/api/v1";
const etags = new WeakMap();

/** What the API refused, in its words: what, where, and what to do next. */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail || body.title || t.problem.unknown(status));
    this.status = status;
    this.code = String(body.type ?? "").split(":").pop() || `status-${status}`;
    this.title = body.title ?? "";
    this.remedy = body.remedy ?? "";
    this.errors = Array.isArray(body.errors) ? body.errors : [];
    this.retryAfter = undefined;
  }
}

/** The version of a record, for `If-Match`. */
export const etagOf = (record) => etags.get(record) ?? record?.etag;

function address(path, query) {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return base + path + (text ? "?" + text : "");
}

async function problemOf(response) {
  let body;
  try {
    body = await response.json();
  } catch {
    body = {};
  }
  const problem = new Problem(response.status, body && typeof body === "object" ? body : {});
  const wait = Number(response.headers.get("Retry-After"));
  if (wait > 0) problem.retryAfter = wait;
  return problem;
}

async function request(method, path, { query, body, rawBody, match, create, idempotent, signal } = {}) {
  const headers = { Accept: "application/json" };
  const payload = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
  if (payload !== undefined) headers["Content-Type"] = "application/json";
  if (match) headers["If-Match"] = match.startsWith("\"") ? match : `"${match}"`;
  if (create) headers["If-None-Match"] = "*";
  if (idempotent) headers["Idempotency-Key"] = idempotent === true ? crypto.randomUUID() : idempotent;
  let response;
  try {
    response = await fetch(address(path, query), {
      method, headers, body: payload, signal, credentials: "same-origin", cache: "no-store", redirect: "error",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { type: "unreachable", title: t.problem.unreachable, detail: t.problem.unreachable, remedy: t.problem.unreachableRemedy });
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (response.status === 401 && !path.startsWith("/session") && !path.startsWith("/setup")) {
      document.dispatchEvent(new CustomEvent("toolgate:signed-out"));
    }
    throw problem;
  }
  if (response.status === 204 || response.headers.get("Content-Length") === "0") return null;
  const record = await response.json();
  const etag = response.headers.get("ETag");
  if (etag && record && typeof record === "object") etags.set(record, etag);
  return record;
}

export const api = {
  get: (path, query, options) => request("GET", path, { ...options, query }),
  post: (path, body, options) => request("POST", path, { ...options, body }),
  put: (path, body, options) => request("PUT", path, { ...options, body }),
  patch: (path, body, options) => request("PATCH", path, { ...options, body }),
  del: (path, body, options) => request("DELETE", path, { ...options, body }),
  request,
  /** All items of a list, page by page, at most `most`. */
  async all(path, query, { most = 1000, signal } = {}) {
    const items = [];
    let cursor;
    do {
      const page = await request("GET", path, { query: { limit: 200, ...query, cursor }, signal });
      items.push(...itemsOf(page));
      cursor = page?.next;
    } while (cursor && items.length < most);
    return items;
  },
  /** The text of an answer, for what must keep every digit. */
  async raw(path) {
    const response = await fetch(address(path), { headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store", redirect: "error" });
    if (!response.ok) throw await problemOf(response);
    return response.text();
  },
  /** A stream of events; the caller closes it. */
  stream: (path, query) => new EventSource(address(path, query)),
};

/** The items of a list's page, also where the API answers with a bare list. */
export const itemsOf = (page) => (Array.isArray(page) ? page : page?.items ?? []);

/** A path's segment. */
export const seg = (text) => encodeURIComponent(text);
