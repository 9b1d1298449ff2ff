"""Reads a journal the way docs/audit.md describes it, with no code of the gateway's."""

import base64
import hashlib
import hmac
import json
import pathlib

from rig import Finding


class Digests:
    """The keyed digests of `--audit-digests`, computed from the key file."""

    def __init__(self, key_file: pathlib.Path):
        peppers = {}
        for line in key_file.read_text().splitlines():
            if line.startswith("pepper "):
                _, version, text = line.split(" ")
                peppers[int(version)] = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        oldest = peppers[min(peppers)]
        self.key = hmac.digest(oldest, b"toolgate derived key: argument values", "sha256")

    def of(self, name: str, text: str) -> str:
        message = f"toolgate.audit.argument.v1\0{len(name)}:{name}\"{text}\"".encode()
        return hmac.digest(self.key, message, "sha256").hex()


class Intent:
    __slots__ = ("stream", "sequence", "time", "tool", "windows", "result")

    def __init__(self, stream: str, row: dict):
        self.stream = stream
        self.sequence = row["seq"]
        self.time = row["time"]
        self.tool = row.get("tool")
        self.windows = {charge["counter"]: charge.get("from_ms") for charge in row.get("charges", [])}
        self.result = None


class Rows:
    """Makes the rows of one segment whole: what it defines, and arrays that refer to that."""

    def __init__(self):
        self.definitions: dict[int, dict] = {}

    def whole(self, line: bytes) -> dict | None:
        """The row of a line as one object, without the fields nobody here asks for; `None` for a definition."""
        value = json.loads(line.split(b"\t")[0])
        if isinstance(value, dict):
            if "define" not in value:
                return value
            self.definitions[value.pop("define")] = value
            return None
        kind, sequence, time, *rest = value
        if kind == "o":
            return {"seq": sequence, "kind": "outcome", "time": time, "intent": rest[0], "result": rest[1]}
        row = {"seq": sequence, "kind": "intent", "time": time, "charges": []}
        row |= self.definitions[rest[1]] | self.definitions[rest[2]]
        for own in rest[3:]:
            if isinstance(own, dict):
                row["argument_digests"] = own
                continue
            for definition, _, *values in own:
                window = {"from_ms": values[0]} if len(values) > 1 else {}
                row["charges"].append(self.definitions[definition] | window)
        return row


class Journal:
    """What has been seen of a journal; `scan()` takes in what is new, and finds what went away."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.sizes: dict[str, int] = {}
        self.digests: dict[str, "hashlib._Hash"] = {}
        self.segments: dict[str, Rows] = {}
        # Sent-on calls by the digest of their `id`.
        self.intents: dict[str, Intent] = {}
        self.open: dict[tuple[str, int], Intent] = {}
        self.unknown = 0
        self.rows = 0

    def scan(self) -> None:
        seen = set()
        for path in sorted(self.folder.glob("*.rows")):
            seen.add(path.name)
            self.take(path)
        if missing := set(self.sizes) - seen:
            raise Finding(f"segments are gone: {sorted(missing)}")

    def take(self, path: pathlib.Path) -> None:
        """Whole rows once seen must stay, byte for byte."""
        size = self.sizes.get(path.name, 0)
        known = self.digests.setdefault(path.name, hashlib.sha256())
        data = path.read_bytes()
        if hashlib.sha256(data[:size]).digest() != known.digest():
            raise Finding(f"rows of {path.name} that were there are gone or altered")
        # Whole groups: up to the last line with a digest.
        seal = data.rfind(b"\t", size, max(data.rfind(b"\n"), 0))
        end = data.find(b"\n", seal) if seal >= 0 else -1
        new = data[size:end + 1] if end >= 0 else b""
        self.sizes[path.name] = size + len(new)
        known.update(new)
        stream = path.name.split(".")[0]
        rows = self.segments.setdefault(path.name, Rows())
        for line in new.split(b"\n")[:-1]:
            if (row := rows.whole(line)) is not None:
                self.row(stream, row)

    def row(self, stream: str, row: dict) -> None:
        self.rows += 1
        if row["kind"] == "intent" and row["outcome"] == "allow":
            intent = Intent(stream, row)
            self.open[stream, intent.sequence] = intent
            name = row.get("argument_digests", {}).get("id")
            if name is not None:
                self.intents[name] = intent
        elif row["kind"] == "outcome":
            intent = self.open.pop((stream, row["intent"]), None)
            if intent is None:
                raise Finding(f"{stream}: an outcome of row {row['intent']}, which is not open")
            intent.result = row["result"]
            self.unknown += row["result"] == "unknown"
