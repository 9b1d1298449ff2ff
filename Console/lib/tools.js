// What the console knows about tools and their schemas.

import { api, itemsOf, seg } from "./api.js";
import { classOf } from "./names.js";
import { operations } from "./operations.js";

/** From harmless to grave. */
export const riskOrder = ["read", "write", "execute", "destructive", "financial", "unclassified"];
/** As the eye should meet them: what needs thought first. */
export const riskGravest = ["financial", "destructive", "execute", "write", "read", "unclassified"];

export { classOf };

const sampleTypes = ["string", "number", "integer", "boolean", "array", "object", "null"];

/** Follows a local `$ref`; nothing else is ever fetched. */
function resolve(schema, root, depth = 0) {
  let current = schema;
  while (current && typeof current === "object" && typeof current.$ref === "string" && depth < 16) {
    if (!current.$ref.startsWith("#/")) return {};
    current = current.$ref.slice(2).split("/").reduce((node, step) => node?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], root);
    depth += 1;
  }
  return current && typeof current === "object" ? current : {};
}

function typesOf(schema) {
  if (Array.isArray(schema.type)) return schema.type;
  if (schema.type) return [schema.type];
  if (schema.properties) return ["object"];
  if (schema.items) return ["array"];
  if (Array.isArray(schema.enum)) return [...new Set(schema.enum.map((each) => (each === null ? "null" : Array.isArray(each) ? "array" : typeof each)))];
  for (const key of ["anyOf", "oneOf"]) if (Array.isArray(schema[key])) return [...new Set(schema[key].flatMap((each) => typesOf(each ?? {})))];
  return [];
}

const plainStep = /^[^.[\]\s"*]+$/;
/** A step of a path, in the form the policy language wants. */
export const step = (name) => (plainStep.test(name) ? "." + name : "[" + JSON.stringify(name) + "]");

/**
 * The arguments of a tool as the policy language names them: `[{path, types, schema, required}]`, nested objects and the
 * elements of arrays included, to a bounded depth and number.
 */
export function argumentsOf(schema) {
  const found = [];
  const visit = (node, path, depth, required, seen) => {
    const here = resolve(node, schema);
    if (found.length >= 200 || depth > 5 || seen.includes(here)) return;
    const types = typesOf(here).filter((type) => sampleTypes.includes(type));
    if (path !== "args") found.push({ path, types, schema: here, required });
    const inside = [...seen, here];
    for (const [name, child] of Object.entries(here.properties ?? {})) {
      visit(child, path + step(name), depth + 1, Array.isArray(here.required) && here.required.includes(name), inside);
    }
    if (here.items && typeof here.items === "object" && !Array.isArray(here.items)) visit(here.items, path + "[*]", depth + 1, false, inside);
  };
  if (schema && typeof schema === "object") visit(schema, "args", 0, true, []);
  return found;
}

/** A short word for what an argument may be. */
export function typeWord(argument) {
  const { schema, types } = argument;
  if (Array.isArray(schema.enum)) return schema.enum.slice(0, 4).map((each) => JSON.stringify(each)).join(" | ") + (schema.enum.length > 4 ? " | …" : "");
  let word = types.join(" | ") || "any";
  if (schema.format) word += ` (${schema.format})`;
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  if (low !== undefined || high !== undefined) word += ` ${low ?? "…"}–${high ?? "…"}`;
  if (schema.maxLength !== undefined) word += ` ≤ ${schema.maxLength}`;
  return word;
}

/** The tools of a server, with what the catalogue knows of each where the API's list does not say it. */
export async function loadTools(server, signal) {
  const list = (await api.all(`/servers/${seg(server)}/tools`, {}, { most: 5000, signal })).map((tool) => ({ ...tool, name: tool.name ?? tool.tool }));
  if (list.every((tool) => tool.class) || !operations.has("GET /catalogue/servers/{}")) return list;
  try {
    const page = await api.get(`/catalogue/servers/${seg(server)}`, undefined, { signal });
    const known = new Map((page.tools ?? itemsOf(page)).map((each) => [each.name, each]));
    return list.map((tool) => {
      const more = known.get(tool.name);
      return more ? { ...tool, class: tool.class ?? classOf(more), severity: tool.severity ?? more.severity, tokens: tool.tokens ?? more.tokens } : tool;
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return list;
  }
}
