"""A plain second implementation of the policy language, written from the document and never from the Swift code.

It favours being obviously the contract over speed. What it leaves out on purpose is said where it is left out:
WHATWG host parsing and path placement are looked up in small tables made by hand (generator.py), sliding windows are
exact (the engine may count an entry up to 1/64 of the window too long; generated times stay clear of that margin).
"""

import datetime
import json
import re
import unicodedata
import zoneinfo
from decimal import Decimal

import jsonschema

SAFE_SIDE_SUFFIX = {"type": "-type", "ambiguous": "-ambiguous"}
TEXT_OPERATORS = {"regex", "not_regex", "starts_with", "ends_with", "path_within", "url_host_in", "url_private"}
ORDERING = {"lt", "lte", "gt", "gte", "between"}
HOLDS_WHEN_MISSING = {"neq", "not_in", "not_contains", "not_regex"}


class Number:
    """A JSON number as spelled: its exact value, and whether readers may disagree on it."""

    def __init__(self, lexeme: str):
        self.lexeme = lexeme
        self.value = Decimal(lexeme)

    @property
    def is_ambiguous(self) -> bool:
        nearest = float(self.lexeme)
        if nearest in (float("inf"), float("-inf")):
            return True
        if Decimal(repr(nearest)) != self.value:
            return True
        return self.value == self.value.to_integral_value() and abs(self.value) > 2**53 - 1

    def __eq__(self, other):
        return isinstance(other, Number) and self.value == other.value

    def __hash__(self):
        return hash(self.value)


def load(text: str):
    return json.loads(text, parse_int=Number, parse_float=Number)


def plain(value):
    """For the schema validator, which knows nothing of Number."""
    if isinstance(value, Number):
        return int(value.value) if value.value == value.value.to_integral_value() else float(value.value)
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {key: plain(element) for key, element in value.items()}
    return value


def kind(value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Number):
        return "number"
    return {str: "text", list: "array", dict: "object"}[type(value)]


def fold(text: str) -> str:
    """toNFKC_Casefold for the letters the generator uses."""
    ignorable = {"\u00ad", "\u200b", "\u200d", "\ufe0f", "\u2060", "\ufeff"}
    kept = "".join(scalar for scalar in text if scalar not in ignorable)
    for _ in range(2):
        kept = unicodedata.normalize("NFKC", kept).casefold()
    return unicodedata.normalize("NFC", kept)


def has_ambiguous_number(value) -> bool:
    if isinstance(value, Number):
        return value.is_ambiguous
    if isinstance(value, list):
        return any(has_ambiguous_number(element) for element in value)
    if isinstance(value, dict):
        return any(has_ambiguous_number(element) for element in value.values())
    return False


# --- paths -----------------------------------------------------------------------------------------------------------

STEP = re.compile(r'\.(\*\*)|\.([^.\[\]"*\s]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\[(\*)\]')


def steps_of(path: str):
    """The root and its steps: ("member", name), ("index", n), ("each",), ("deep",)."""
    root, position = re.match(r"args|[a-z]+\.[a-z]+", path).group(), 0
    position = len(root)
    steps = []
    while position < len(path):
        match = STEP.match(path, position)
        deep, name, quoted, index, each = match.groups()
        if deep:
            steps.append(("deep",))
        elif name is not None:
            steps.append(("member", name))
        elif quoted is not None:
            steps.append(("member", json.loads(f'"{quoted}"')))
        elif index is not None:
            steps.append(("index", int(index)))
        else:
            steps.append(("each",))
        position = match.end()
    return root, steps


def resolve(schema, whole):
    for _ in range(16):
        if not isinstance(schema, dict) or "$ref" not in schema:
            return schema
        target = whole
        for part in schema["$ref"].removeprefix("#").split("/")[1:]:
            target = target.get(part) if isinstance(target, dict) else None
        schema = target
    return None


def walk(value, steps, schema, whole):
    """Yields what the path meets: ("value", v), ("missing",), ("type",) or ("ambiguous",)."""
    if not steps:
        yield ("value", value)
        return
    step, rest = steps[0], steps[1:]
    schema = resolve(schema, whole)
    declared = schema.get("properties", {}) if isinstance(schema, dict) else {}
    if step[0] == "deep":
        yield from ((("value", scalar)) for scalar in scalars(value))
        return
    if value is None:
        yield ("missing",)
    elif step[0] == "member":
        if not isinstance(value, dict):
            yield ("type",)
            return
        name = step[1]
        twins = [key for key in value if key != name and fold(key) == fold(name)
                 and not (key in declared and name in declared)]
        if twins:
            yield ("ambiguous",)
        elif name in value:
            yield from walk(value[name], rest, declared.get(name), whole)
        else:
            child = resolve(declared.get(name), whole)
            if isinstance(child, dict) and "default" in child and ("deep",) not in rest:
                yield from walk(child["default"], rest, child, whole)
            else:
                yield ("missing",)
    elif not isinstance(value, list):
        yield ("type",)
    else:
        items = schema.get("items") if isinstance(schema, dict) else None
        if step[0] == "index":
            if step[1] < len(value):
                yield from walk(value[step[1]], rest, items, whole)
            else:
                yield ("missing",)
        else:
            for element in value:
                yield from walk(element, rest, items, whole)


def scalars(value):
    if isinstance(value, list):
        for element in value:
            yield from scalars(element)
    elif isinstance(value, dict):
        for element in value.values():
            yield from scalars(element)
    else:
        yield value


# --- operators -------------------------------------------------------------------------------------------------------


def takes(condition, value) -> bool:
    """Whether the operator takes a value of this type; `null` is settled before for the equality operators."""
    operator, wanted = condition["op"], condition.get("value")
    if operator in ("eq", "neq"):
        return wanted is None or value is None or kind(value) == kind(wanted)
    if operator in ("in", "not_in"):
        return not wanted or value is None or kind(value) in {kind(element) for element in wanted}
    if operator == "exists":
        return True
    if value is None:
        return False
    if operator in ORDERING:
        return kind(value) == ("text" if condition["path"] == "time.date" else "number")
    if operator in TEXT_OPERATORS:
        return kind(value) == "text"
    if operator in ("contains", "not_contains") and kind(value) == "text":
        return isinstance(wanted, str)
    return kind(value) in ("text", "array")


def placeable(condition, value) -> bool:
    tables = condition["tables"]
    if condition["op"] == "path_within":
        return tables["paths"][value] is not None
    if condition["op"] in ("url_host_in", "url_private"):
        return tables["urls"][value] is not None
    return True


def is_ambiguous(condition, value) -> bool:
    operator = condition["op"]
    if operator in ("eq", "neq", "in", "not_in") or operator in ORDERING:
        return has_ambiguous_number(value)
    if operator in ("contains", "not_contains"):
        return isinstance(value, list) and has_ambiguous_number(value)
    return False


def holds(condition, value) -> bool:
    operator, wanted, tables = condition["op"], condition.get("value"), condition["tables"]
    if condition.get("ignore_case"):
        lower = lambda item: fold(item) if isinstance(item, str) else item
        if operator not in ("regex", "not_regex"):
            value = [lower(element) for element in value] if isinstance(value, list) else lower(value)
            wanted = [lower(element) for element in wanted] if isinstance(wanted, list) else lower(wanted)
    if operator.startswith("not_"):
        return not holds({**condition, "op": operator[4:], "value": wanted}, value)
    match operator:
        case "eq":
            return same(value, wanted)
        case "neq":
            return not same(value, wanted)
        case "in":
            return any(same(value, element) for element in wanted)
        case "exists":
            return (value is not None) == wanted
        case "lt" | "lte" | "gt" | "gte" | "between":
            measure = (lambda item: item.value) if isinstance(value, Number) else (lambda item: item)
            number = measure(value)
            if operator == "between":
                return measure(wanted[0]) <= number <= measure(wanted[1])
            limit = measure(wanted)
            return {"lt": number < limit, "lte": number <= limit, "gt": number > limit, "gte": number >= limit}[operator]
        case "regex":
            flags = re.IGNORECASE if condition.get("ignore_case") else 0
            return re.search(wanted.replace("$", r"\Z"), value, flags | re.ASCII) is not None
        case "contains":
            if isinstance(value, str):
                return isinstance(wanted, str) and wanted in value
            return any(same(element, wanted) for element in value)
        case "starts_with":
            return value.startswith(wanted)
        case "ends_with":
            return value.endswith(wanted)
        case "length_lte":
            return len(value) <= wanted.value
        case "length_gte":
            return len(value) >= wanted.value
        case "path_within":
            place = tables["paths"][value]
            return any(place == root or place.startswith(root.rstrip("/") + "/") for root in wanted)
        case "url_host_in":
            host = tables["urls"][value][0]
            return any(host == entry or (entry.startswith("*.") and host.endswith(entry[1:])) for entry in wanted)
        case "url_private":
            return tables["urls"][value][1] == wanted
    raise AssertionError(operator)


def same(left, right) -> bool:
    if kind(left) != kind(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right


# --- conditions and blocks -------------------------------------------------------------------------------------------


def judge(condition, met, is_require):
    """One value: (decided properly, result); an improper result is named by its suffix."""
    if met[0] in ("type", "ambiguous"):
        return met[0]
    if met[0] == "missing":
        if is_require:
            return condition["op"] == "exists" and condition["value"] is False
        if condition["op"] == "exists":
            return condition["value"] is False
        return condition["op"] in HOLDS_WHEN_MISSING or condition.get("if_missing") == "match"
    value = met[1]
    if not takes(condition, value) or not placeable(condition, value):
        return "type"
    if is_ambiguous(condition, value):
        return "ambiguous"
    return holds(condition, value)


def condition_verdict(condition, call, is_require):
    """(holds, suffix)."""
    root, steps = steps_of(condition["path"])
    if root == "args":
        schema = call["schema"]
        found = list(walk(call["arguments"], steps, schema, schema))
    else:
        value = call["roots"].get(root)
        found = [("missing",) if value is None else ("value", value)]
    if ("deep",) in steps:
        found = [met for met in found if met[0] != "value" or takes(condition, met[1])]
    found = found or [("missing",)]
    results = [judge(condition, met, is_require) for met in found]
    unsafe = [result for result in results if result not in (True, False)]
    if is_require:
        if any(result is False for result in results):
            return False, ""
        return (False, SAFE_SIDE_SUFFIX[unsafe[0]]) if unsafe else (True, "")
    if any(result is True for result in results):
        return True, ""
    return (True, SAFE_SIDE_SUFFIX[unsafe[0]]) if unsafe else (False, "")


def block_verdict(block, call, is_require):
    """(fires, suffix): in `require` a block fires when it fails, elsewhere when it holds."""
    suffix = ""
    for condition in block["conditions"]:
        held, why = condition_verdict(condition, call, is_require)
        if not held:
            return (True, why) if is_require else (False, "")
        suffix = suffix or why
    return (False, "") if is_require else (True, suffix)


def segments(blocks) -> list:
    names, seen = [], {}
    for block in blocks:
        conditions = block.get("conditions", [])
        name = block.get("name") or (f"{conditions[0]['path']}-{conditions[0]['op']}" if conditions else "always")
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return names


def escape(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1")


# --- the whole decision ----------------------------------------------------------------------------------------------


def matches(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


class Engine:
    """One policy with its counters; calls go in in order."""

    def __init__(self, policy: dict, tools, tables):
        self.policy = policy
        self.tools = None if tools is None else {tool["name"]: tool for tool in tools}
        self.tables = tables
        self.entries = []  # (time in ms, identity, amount)
        self.in_flight = []  # (end in ms, slot)
        self.now = 0

    def governing(self, name):
        tools = self.policy.get("tools", {})
        if name in tools:
            return "/tools/" + escape(name), tools[name]
        patterns = [key for key in tools if "*" in key and matches(key, name)]
        if patterns:
            best = max(patterns, key=lambda key: len(key.replace("*", "")))
            return "/tools/" + escape(best), tools[best]
        return None, None

    def decide(self, line: dict, at: int):
        self.now = max(self.now, at)
        name = line["tool"]
        definition = (self.tools or {}).get(name)
        meta = (definition or {}).get("_meta", {})
        tool_class = meta.get("dev.toolgate/class")
        tool_class = tool_class if tool_class in CLASSES else None
        pointer, entry = self.governing(name)
        refusal = None
        if entry is None:
            if "classes" in self.policy:
                if tool_class is None:
                    refusal = "(unclassified)"
                elif tool_class in self.policy["classes"]:
                    pointer, entry = "/classes/" + tool_class, self.policy["classes"][tool_class]
            if entry is None and refusal is None and self.policy["default"] == "deny":
                refusal = "(default deny)"
        hidden = any(matches(pattern, name) for pattern in self.policy.get("hide", []))
        hidden = hidden or (entry or {}).get("action") == "hide"
        hidden = hidden or (refusal is not None and self.policy.get("show_denied") is False)
        if hidden:
            return {"outcome": "hidden", "rule": "(hidden)"}
        if self.tools is not None and definition is None:
            return {"outcome": "hidden", "rule": "(unknown)"}
        first_shadow = None
        verdict = {"outcome": "deny", "rule": refusal} if refusal else None
        reserve = None
        if verdict is None:
            verdict, first_shadow, reserve = self.judge(line, name, pointer, entry or {}, definition, tool_class)
        if self.policy.get("mode") == "shadow" and verdict["outcome"] != "allow":
            shadow = first_shadow or {"outcome": verdict["outcome"], "rule": verdict["rule"]}
            return {"outcome": "allow", "rule": "", "shadow": shadow}
        if reserve:
            reserve()
        if first_shadow:
            verdict["shadow"] = first_shadow
        return verdict

    def judge(self, line, name, pointer, entry, definition, tool_class):
        schema = (definition or {}).get("inputSchema")
        zone = zoneinfo.ZoneInfo(self.policy.get("timezone", "UTC"))
        local = datetime.datetime.fromtimestamp(self.now / 1000, zone)
        grant = line.get("grant") or {}
        call = {
            "arguments": line.get("arguments", {}), "schema": schema,
            "roots": {
                "tool.name": name, "tool.class": tool_class,
                "tool.severity": (definition or {}).get("_meta", {}).get("dev.toolgate/severity"),
                "grant.label": grant.get("label"), "grant.member": grant.get("member"),
                "client.name": (line.get("client") or {}).get("name"),
                "time.hour": Number(str(local.hour)), "time.weekday": Number(str(local.isoweekday())),
                "time.date": local.date().isoformat(),
            },
        }
        options = {"validate": True, "closed": False, **self.policy.get("arguments", {}), **entry.get("arguments", {})}
        if schema is not None and options["validate"]:
            validator = jsonschema.Draft202012Validator(plain(schema))
            if not validator.is_valid(plain(call["arguments"])):
                return {"outcome": "deny", "rule": "(schema)"}, None, None
        if schema is not None and options["closed"]:
            if any(key not in schema.get("properties", {}) for key in call["arguments"]):
                return {"outcome": "deny", "rule": "(schema)"}, None, None
        whole = self.policy.get("all_tools", {})
        sources = ([(pointer, entry)] if pointer else []) + [("/all_tools", whole)]
        first_shadow = None
        for phase, outcome in (("require", "deny"), ("deny_if", "deny"), ("require_approval", "approval_required")):
            if phase == "require_approval" and line.get("approved") is True:
                continue
            for where, source in sources:
                blocks = source.get(phase, [])
                for block, segment in zip(blocks, segments(blocks)):
                    for condition in block["conditions"]:
                        condition["tables"] = self.tables
                    fires, suffix = block_verdict(block, call, phase == "require")
                    if not fires:
                        continue
                    rule = f"{where}/{phase}/{escape(segment)}{suffix}"
                    if block.get("shadow"):
                        first_shadow = first_shadow or {"outcome": outcome, "rule": rule}
                        continue
                    return {"outcome": outcome, "rule": rule}, first_shadow, None
        return self.limits(line, name, grant, call, sources, first_shadow)

    def limits(self, line, name, grant, call, sources, first_shadow):
        who = ("label", grant["label"]) if isinstance(grant.get("label"), str) else ("none",)
        self.in_flight = [(end, slot) for end, slot in self.in_flight if end > self.now]
        slots = []
        for where, source in sources:
            if "concurrency" in source:
                slot = (who, "*" if where == "/all_tools" else name)
                slots.append(slot)
                if sum(held == slot for _, held in self.in_flight) >= source["concurrency"].value:
                    return {"outcome": "rate_limited", "rule": f"{where}/concurrency"}, first_shadow, None
        charges, unreadable_shadow = [], None
        for where, source in sources:
            for limit, segment in zip(source.get("limits", []), counters(source.get("limits", []))):
                rule = f"{where}/limits/{escape(segment)}"
                amount, why = self.amount(limit, call)
                key = ()
                if why is None and "key" in limit:
                    key, why = self.key(limit, call)
                if why:
                    suffix = SAFE_SIDE_SUFFIX[why]
                    if limit.get("shadow"):
                        unreadable_shadow = unreadable_shadow or {"outcome": "deny", "rule": rule + suffix}
                        continue
                    return {"outcome": "deny", "rule": rule + suffix}, first_shadow, None
                charges.append((limit, rule, self.identity(limit, grant, who, key), amount))
        total = lambda identity: sum(
            (value for at, other, value in self.entries
             if other == identity and at > self.now - WINDOWS[other[1]]), Decimal(0))
        for limit, rule, identity, amount in charges:
            if not limit.get("shadow") and amount > 0 and total(identity) + amount > limit["max"].value:
                return {"outcome": "rate_limited", "rule": rule}, first_shadow, None
        first_shadow = first_shadow or unreadable_shadow  # shadow limits are asked only when nothing refuses
        added = {}
        for limit, rule, identity, amount in charges:
            if limit.get("shadow") and amount > 0 and total(identity) + amount > limit["max"].value:
                first_shadow = first_shadow or {"outcome": "rate_limited", "rule": rule}
                continue
            added[identity] = amount

        def reserve():
            if line.get("upstream") != "unreachable":
                self.entries.extend((self.now, identity, amount) for identity, amount in added.items())
            if (line.get("lasts_ms") or Number("0")).value > 0:
                end = self.now + int(line["lasts_ms"].value)
                self.in_flight.extend((end, slot) for slot in slots)

        return {"outcome": "allow", "rule": ""}, first_shadow, reserve

    def amount(self, limit, call):
        if "increment" not in limit:
            return Decimal(1), None
        met = self.single(limit["increment"]["from"], call)
        if met[0] == "ambiguous":
            return None, "ambiguous"
        if met[0] != "value" or not isinstance(met[1], Number) or met[1].value < 0:
            return None, "type"
        return (None, "ambiguous") if met[1].is_ambiguous else (met[1].value, None)

    def key(self, limit, call):
        met = self.single(limit["key"], call)
        if met[0] == "ambiguous":
            return None, "ambiguous"
        if met[0] != "value" or kind(met[1]) in ("null", "array", "object"):
            return None, "type"
        if isinstance(met[1], Number):
            return (None, "ambiguous") if met[1].is_ambiguous else (("number", met[1].value), None)
        return (kind(met[1]), met[1]), None

    def single(self, path, call):
        _, steps = steps_of(path)
        return next(walk(call["arguments"], steps, call["schema"], call["schema"]))

    def identity(self, limit, grant, who, key):
        scope = limit.get("scope", "grant")
        owner = {"grant": who, "server": (), "organisation": ()}.get(scope)
        if scope == "member":
            owner = ("member", grant["member"]) if isinstance(grant.get("member"), str) else who
        return (limit["counter"], limit["window"], limit.get("align", "sliding"), scope, limit.get("key"), owner, key)


def counters(limits) -> list:
    names, seen = [], {}
    for limit in limits:
        name = limit["counter"]
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return names


CLASSES = {"read", "write", "execute", "destructive", "financial"}
WINDOWS = {"minute": 60_000, "hour": 3_600_000, "90s": 90_000}
