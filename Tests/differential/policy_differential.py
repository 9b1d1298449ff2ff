"""Compares `toolgate policy explain` with policy_reference.py on random policies and calls of one small vocabulary.

`python policy_differential.py [POLICIES] [SEED]`; prints what differs, exits 1 if anything does. The vocabulary is
biased so that rules and calls meet: names one edit apart, numbers at the edges of exactness, composed and decomposed
letters, keys that fold together, missing and null values.
"""

import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from policy_reference import Engine, load

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOOLGATE = os.environ.get("TOOLGATE_BIN", str(ROOT / ".build" / "debug" / "toolgate"))
START = 1_795_226_400_000  # 2026-11-21T02:00:00Z

TOOLS = ["pay", "payment", "pay_all", "get_a", "get_b", "Pay"]
KEYS = ["a", "b", "A", "\u212b", "\u00e5", "a b", "c"]  # Å (Angstrom) and å fold together, a and A too
TEXTS = ["", "x", "X", "prod", "Prod", "not-prod", "\u00e9", "e\u0301", "\u00df", "ss", "5", "caf\u00e9", "\u2126"]
NUMBERS = ["0", "-0", "1", "1.0", "1e0", "5", "5.5", "10", "100", "99.99", "19.99", "0.1000000000000000055", "1e400",
           "9007199254740991", "9007199254740993", "-3", "0.30000000000000004", "1E2", "123456789012345678901"]
PATHS = {"/srv/data/x": "/srv/data/x", "/srv/data": "/srv/data", "/srv/data/../etc": "/srv/etc", "/srv/database": "/srv/database",
         "/srv/%64ata/y": "/srv/data/y", "/srv//data/./z": "/srv/data/z", "\\srv\\data": "/srv/data", "srv/data": None,
         "~/x": None, "/srv/%2e%2e/etc": "/etc", "/srv/data%": None}
URLS = {"https://example.com/x": ("example.com", False), "http://api.example.com:8080": ("api.example.com", False),
        "http://127.0.0.1/": ("127.0.0.1", True), "http://2130706433/": ("127.0.0.1", True), "http://[::1]/": ("[::1]", True),
        "http://EXAMPLE.com": ("example.com", False), "https://user:p@example.com/": ("example.com", False),
        "https://example.com@evil.test/": ("evil.test", False), "http://localhost:3000": ("localhost", True),
        "not a url": None, "http://10.1.2.3/": ("10.1.2.3", True), "http://printer.local/": ("printer.local", True)}
TABLES = {"paths": {text: None for text in TEXTS + list(URLS)} | PATHS, "urls": {text: None for text in TEXTS + list(PATHS)} | URLS}
TABLES["paths"] |= {name: None for name in TOOLS}
TABLES["urls"] |= {name: None for name in TOOLS}
ARGUMENT_PATHS = ["args.a", "args.b", "args.c", 'args["a b"]', "args.a.b", "args.a[0]", "args.a[*]", "args.a[*].b",
                  "args.c.a", "args.**", "args.a.**", "args.\u00e5", "args.b[1]"]
ROOT_PATHS = ["tool.name", "tool.class", "grant.label", "grant.member", "client.name", "time.hour", "time.weekday", "time.date"]


class Lexeme:
    """A number that keeps its spelling on the way to JSON."""

    def __init__(self, text):
        self.text = text


def spell(value) -> str:
    if isinstance(value, Lexeme):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{spell(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spell, value)) + "]"
    return json.dumps(value)


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def number(self, exact=False):
        choices = NUMBERS if not exact else [n for n in NUMBERS if not load(n).is_ambiguous]
        return Lexeme(self.random.choice(choices))

    def text(self):
        pool = self.random.choice([TEXTS, TEXTS, TEXTS, list(PATHS), list(URLS)])
        return self.random.choice(pool)

    def value(self, depth=2):
        pick = self.random.random()
        if pick < 0.30:
            return self.number()
        if pick < 0.62:
            return self.text()
        if pick < 0.70:
            return self.random.choice([True, False])
        if pick < 0.76:
            return None
        if depth == 0:
            return "x"
        if pick < 0.88:
            return [self.value(depth - 1) for _ in range(self.random.randrange(4))]
        return self.object(depth - 1)

    def object(self, depth=2):
        return {key: self.value(depth) for key in self.random.sample(KEYS, self.random.randrange(4))}

    def policy_value(self, depth=1):
        """A value a policy may hold: no ambiguous number anywhere."""
        pick = self.random.random()
        if pick < 0.35:
            return self.number(exact=True)
        if pick < 0.75:
            return self.text()
        if pick < 0.85:
            return self.random.choice([True, False, None])
        return [self.policy_value(0) for _ in range(self.random.randrange(3))] if depth else "x"

    def condition(self, phase):
        path = self.random.choice(ROOT_PATHS if self.random.random() < 0.12 else ARGUMENT_PATHS)
        condition = {"path": path}
        if path == "time.date":
            condition |= {"op": self.random.choice(["lt", "gte"]), "value": self.random.choice(["2026-11-21", "2026-11-22"])}
            return condition
        if path in ("time.hour", "time.weekday"):
            return condition | {"op": self.random.choice(["lt", "gte", "eq"]), "value": Lexeme(str(self.random.randrange(1, 7)))}
        operator = self.random.choice([
            "eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "between", "exists", "regex", "not_regex", "contains",
            "not_contains", "starts_with", "ends_with", "length_lte", "length_gte", "path_within", "url_host_in",
            "url_private"])
        if path in ROOT_PATHS:
            operator = self.random.choice(["eq", "neq", "in", "exists", "starts_with"])
        condition["op"] = operator
        condition["value"] = self.operand(operator, path in ROOT_PATHS)
        textual = {"eq", "neq", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with"}
        holder = condition["value"] if isinstance(condition["value"], list) else [condition["value"]]
        if operator in textual and any(isinstance(item, str) for item in holder) and self.random.random() < 0.3:
            condition["ignore_case"] = True
        if phase != "require" and operator != "exists" and self.random.random() < 0.2:
            condition["if_missing"] = "match"
        return condition

    def operand(self, operator, is_text):
        if operator in ("eq", "neq", "contains", "not_contains"):
            return self.random.choice(TOOLS + TEXTS) if is_text else self.policy_value()
        if operator in ("in", "not_in"):
            pick = (lambda: self.random.choice(TOOLS + TEXTS)) if is_text else (lambda: self.policy_value(0))
            return [pick() for _ in range(self.random.randrange(1, 4))]
        if operator in ("lt", "lte", "gt", "gte"):
            return self.number(exact=True)
        if operator == "between":
            low, high = sorted((self.number(True), self.number(True)), key=lambda item: load(item.text).value)
            return [low, high]
        if operator in ("exists", "url_private"):
            return self.random.choice([True, False])
        if operator in ("regex", "not_regex"):
            return self.random.choice(["^prod$", "prod", "^x", "[0-9]+", "^$", "s+$", "^(caf|x)"])
        if operator in ("length_lte", "length_gte"):
            return Lexeme(str(self.random.randrange(4)))
        if operator == "path_within":
            return self.random.sample(["/srv/data", "/etc", "/"], self.random.randrange(1, 3))
        if operator == "url_host_in":
            return self.random.sample(["example.com", "*.example.com", "evil.test", "127.0.0.1"], 2)
        return self.random.choice([text for text in TEXTS if text])

    def block(self, phase):
        block = {"conditions": [self.condition(phase) for _ in range(self.random.choice([0, 1, 1, 1, 2, 2]))]}
        if self.random.random() < 0.15:
            block["name"] = self.random.choice(["first", "a/b", "t~e"])
        if self.random.random() < 0.15:
            block["shadow"] = True
        return block

    def limit(self):
        limit = {"counter": self.random.choice(["one", "two"]), "window": self.random.choice(["minute", "hour", "90s"]),
                 "max": Lexeme(self.random.choice(["0", "1", "2", "3", "10.5"]))}
        if self.random.random() < 0.5:
            limit["scope"] = self.random.choice(["grant", "member", "server", "organisation"])
        if self.random.random() < 0.3:
            limit["key"] = self.random.choice(["args.a", "args.b", "args.a.b", "args.a[0]"])
        if limit["counter"] == "two":
            limit["increment"] = {"from": "args.c"}
        if self.random.random() < 0.15:
            limit["shadow"] = True
        return limit

    def entry(self, is_whole=False):
        entry = {}
        for phase, chance in (("require", 0.35), ("deny_if", 0.5), ("require_approval", 0.2)):
            if self.random.random() < chance:
                entry[phase] = [self.block(phase) for _ in range(self.random.randrange(1, 3))]
        if self.random.random() < 0.35:
            entry["limits"] = [self.limit() for _ in range(self.random.randrange(1, 3))]
        if self.random.random() < 0.15:
            entry["concurrency"] = Lexeme(self.random.choice(["1", "2"]))
        if not is_whole and self.random.random() < 0.1:
            entry["arguments"] = {self.random.choice(["validate", "closed"]): self.random.choice([True, False])}
        return entry

    def policy(self):
        policy = {"version": "1", "default": self.random.choice(["allow", "deny"])}
        keys = self.random.sample(TOOLS + ["pay*", "get_*", "*_b"], self.random.randrange(1, 5))
        if "get_*" in keys and "*_b" in keys:
            keys.remove("*_b")  # get_b meets both, though not equally specific; pay* and *_b could meet equally
        if "pay*" in keys and "*_b" in keys:
            keys.remove("*_b")
        policy["tools"] = {key: self.entry() for key in keys}
        if self.random.random() < 0.3:
            policy["all_tools"] = self.entry(is_whole=True)
        if self.random.random() < 0.2:
            policy["hide"] = self.random.sample(["pay_all", "get_*", "Pay", "zzz"], self.random.randrange(1, 3))
        if self.random.random() < 0.15:
            policy["show_denied"] = self.random.choice([True, False])
        if self.random.random() < 0.1:
            policy["mode"] = "shadow"
        if self.random.random() < 0.2:
            policy["timezone"] = self.random.choice(["Europe/Lisbon", "Asia/Tokyo", "America/New_York"])
        if self.random.random() < 0.25:
            policy["classes"] = {name: self.entry(is_whole=True) for name in self.random.sample(["read", "write", "financial"], 2)}
            if self.random.random() < 0.3:
                policy["classes"]["destructive"] = {"action": "hide"}
        if self.random.random() < 0.2:
            policy["arguments"] = {"validate": self.random.choice([True, False]), "closed": self.random.choice([True, False])}
        return policy

    def tool(self, name):
        tool = {"name": name, "inputSchema": {"type": "object"}}
        if self.random.random() < 0.6:
            properties = {}
            for key in self.random.sample(KEYS, self.random.randrange(4)):
                schema = {}
                if self.random.random() < 0.3:
                    schema["default"] = self.policy_value()
                if self.random.random() < 0.2:
                    schema["type"] = self.random.choice(["string", "number", "array", ["string", "null"]])
                properties[key] = schema
            tool["inputSchema"]["properties"] = properties
            if properties and self.random.random() < 0.15:
                tool["inputSchema"]["required"] = [self.random.choice(list(properties))]
        if self.random.random() < 0.6:
            tool["_meta"] = {"dev.toolgate/class": self.random.choice(["read", "write", "financial", "destructive", "odd"])}
        return tool

    def call(self, at):
        line = {"at": at, "tool": self.random.choice(TOOLS), "arguments": self.object()}
        if self.random.random() < 0.6:
            line["grant"] = {"label": self.random.choice(["ci", "dev"])}
            if self.random.random() < 0.5:
                line["grant"]["member"] = self.random.choice(["ana", "bo"])
        if self.random.random() < 0.2:
            line["client"] = {"name": self.random.choice(["x", "prod"])}
        if self.random.random() < 0.15:
            line["upstream"] = self.random.choice(["ok", "tool_error", "rpc_error", "unreachable"])
        if self.random.random() < 0.1 and line.get("upstream") != "unreachable":
            line["lasts_ms"] = Lexeme(str(self.random.choice([1000, 20_000])))
        if self.random.random() < 0.1:
            line["approved"] = True
        return line


def time_text(milliseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def compare(number: int, seed: int, folder: pathlib.Path) -> tuple[int, list]:
    generator = Generator(f"{seed}/{number}")
    policy_text = spell(generator.policy())
    tools = None if generator.random.random() < 0.25 else [generator.tool(name) for name in TOOLS if generator.random.random() < 0.9]
    moment, lines = START, []
    for _ in range(50):
        # Steps of seven seconds never put two calls a window, or up to 1/64 more, apart.
        moment += 7_000 * generator.random.choice([0, 0, 1, 1, 2, 5])
        lines.append(spell(generator.call(time_text(moment))))
    (folder / "policy.json").write_text(policy_text)
    (folder / "calls.jsonl").write_text("\n".join(lines) + "\n")
    command = [TOOLGATE, "policy", "explain", "--policy", str(folder / "policy.json"), "--calls", str(folder / "calls.jsonl"),
               "--output", "json"]
    if tools is not None:
        (folder / "tools.json").write_text(spell(tools))
        command += ["--tools", str(folder / "tools.json")]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if answer.returncode != 0:
        return 0, [("did not load", policy_text, answer.stderr.strip()[:600])]
    engine = Engine(load(policy_text), None if tools is None else load(spell(tools)), TABLES)
    differences = []
    outputs = answer.stdout.splitlines()
    if len(outputs) != len(lines):
        return 0, [("answers missing", policy_text, f"{len(outputs)} of {len(lines)}")]
    for line, output in zip(lines, outputs):
        call = load(line)
        at = START + int((parse_time(call["at"]) - START))
        expected = engine.decide(call, at)
        got = json.loads(output)
        mine = (expected["outcome"], expected["rule"], expected.get("shadow"))
        theirs = (got["outcome"], got.get("rule", ""), got.get("shadow"))
        if mine != theirs:
            differences.append((f"seed {seed}/{number}: reference {mine}, toolgate {theirs}", policy_text, line,
                                None if tools is None else spell(tools)))
            break  # counters have gone apart: what follows proves nothing
    return len(lines), differences


def parse_time(text: str) -> int:
    moment = datetime.datetime.strptime(text[:-1] + "000", "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=datetime.timezone.utc)
    return round(moment.timestamp() * 1000)


def main() -> int:
    policies = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    calls, differing, refused = 0, [], 0
    with tempfile.TemporaryDirectory(prefix="toolgate-differential-") as name:
        for number in range(policies):
            judged, differences = compare(number, seed, pathlib.Path(name))
            calls += judged
            if differences and differences[0][0] == "did not load" and "increment" in differences[0][2]:
                refused += 1  # two increments met on one counter: a load error, and rightly so
                continue
            differing += differences
            if len(differing) >= 10:
                break
    for difference in differing:
        print(*difference, sep="\n  ", end="\n\n")
    print(f"{calls} calls of {policies} policies judged twice, {len(differing)} differences, {refused} policies refused")
    return 1 if differing or calls == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
