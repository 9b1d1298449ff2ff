// What this gateway's API answers, from its own description, so that no button leads nowhere.

import { api } from "./api.js";

let known;

export const operations = {
  /** Reads the description once; without it everything is taken to be there. */
  async load() {
    if (known) return;
    try {
      const document_ = await api.get("/openapi.json");
      const found = new Set();
      for (const [path, methods] of Object.entries(document_?.paths ?? {})) {
        const place = path.replace(/^\/api\/v1/, "").replace(/\{[^}]*\}/g, "{}");
        for (const method of Object.keys(methods)) found.add(method.toUpperCase() + " " + place);
      }
      if (found.size) known = found;
    } catch {
      // Then a button that leads nowhere says so when it is pressed.
    }
  },
  /** Whether there is an operation such as `POST /servers/{}/check`. */
  has: (operation) => !known || known.has(operation),
};
