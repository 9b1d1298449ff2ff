// Names and patterns, as the policy language reads them.

/** The class of a tool's record, in lower case. */
export const classOf = (tool) => String(tool?.class ?? tool?.category ?? "unclassified").toLowerCase();

/** Whether a pattern (`*` is any run of characters) matches a name. */
export function matches(pattern, name) {
  if (!pattern.includes("*")) return pattern === name;
  const parts = pattern.split("*");
  const first = parts.shift();
  const last = parts.pop();
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - at >= last.length && name.endsWith(last);
}

/** How specific a pattern is: its characters that are not `*`. */
export const specificity = (pattern) => [...pattern.replaceAll("*", "")].length;
