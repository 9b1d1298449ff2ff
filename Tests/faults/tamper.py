"""FA4: whoever changes a journal is found by `toolgate audit verify`.

The journal is made by a real gateway: a process that was killed, one that went on, a clean end. Each tampering is done to
a copy of its own and verified twice: with a head that was exported before, and without one.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import random
import shutil
import time

from rig import Demand, Finding, Gateway, Installation, Load, Upstream

KINDS = {
    "byte changed": "edit", "digit of a digest changed": "edit", "row rewritten with its digest": "edit",
    "row and all digests behind it rewritten": "edit", "signed statement changed": "edit",
    "row removed": "delete", "rows removed": "delete", "segment removed": "delete",
    "row repeated": "insert", "forged row inserted": "insert", "row of another stream inserted": "insert",
    "rows swapped": "reorder", "row moved": "reorder", "segments swapped": "reorder",
    "rows cut off the end": "truncate", "bytes cut off the end": "truncate", "last segment removed": "truncate",
    "end rewritten without its last rows": "truncate", "folder put back to an older state": "truncate",
}


class Specimen:
    """The files of a journal, in memory."""

    def __init__(self, folder: pathlib.Path):
        self.files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}

    def segments(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in sorted(self.files):
            if name.endswith(".rows"):
                found.setdefault(name.split(".")[0], []).append(name)
        return found


def rows(content: bytes) -> list[bytes]:
    return content.split(b"\n")[:-1]


def number(line: bytes) -> int:
    """The number of a row; 0 for a definition."""
    row = json.loads(line.split(b"\t")[0])
    return row[1] if isinstance(row, list) else row.get("seq", 0)


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def groups(lines: list[bytes]) -> list[list[bytes]]:
    """The lines that were written together, each group ended by the line with its digest."""
    result: list[list[bytes]] = [[]]
    for line in lines:
        result[-1].append(line)
        if b"\t" in line:
            result.append([])
    return [group for group in result if group]


def digest_of(group: list[bytes]) -> bytes:
    return bytes.fromhex(group[-1].split(b"\t")[1].decode())


def chained(content: list[list[bytes]], start: int, head: bytes) -> list[list[bytes]]:
    """The groups from `start` on with digests that fit: what a forger without the signing key can do."""
    result = content[:start]
    for group in content[start:]:
        group = group[:-1] + [group[-1].split(b"\t")[0]]
        head = hashlib.sha256(b"\0" + head + b"\n".join(group)).digest()
        result.append(group[:-1] + [group[-1] + b"\t" + head.hex().encode()])
    return result


def flat(content: list[list[bytes]]) -> list[bytes]:
    return [line for group in content for line in group]


class Tampering:
    """One random change; `apply` returns false when it would change nothing."""

    def __init__(self, kind: str, seed: int, specimen: Specimen, older: Specimen):
        self.kind, self.random = kind, random.Random(seed)
        self.files = dict(specimen.files)
        self.specimen, self.older = specimen, older
        segments = specimen.segments()
        self.stream = self.random.choice(sorted(segments))
        self.names = segments[self.stream]
        self.name = self.random.choice(self.names)
        self.lines = rows(self.files[self.name])
        self.index = self.random.randrange(len(self.lines))

    def apply(self) -> bool:
        getattr(self, self.kind.replace(" ", "_"))()
        return self.files != self.specimen.files

    def put(self, lines: list[bytes]) -> None:
        self.files[self.name] = joined(lines)

    # MARK: Edits

    def byte_changed(self) -> None:
        content = bytearray(self.files[self.name])
        content[self.random.randrange(len(content))] ^= 1 << self.random.randrange(8)
        self.files[self.name] = bytes(content)

    def digit_of_a_digest_changed(self) -> None:
        self.index = self.random.choice([number for number, line in enumerate(self.lines) if b"\t" in line])
        line = bytearray(self.lines[self.index])
        place = len(line) - 1 - self.random.randrange(64)
        line[place] = self.random.choice(b"0123456789abcdef".replace(bytes([line[place]]), b""))
        self.put(self.lines[:self.index] + [bytes(line)] + self.lines[self.index + 1:])

    def altered(self, line: bytes) -> bytes:
        for old, new in ((b'"allow"', b'"deny"'), (b'"ok"', b'"unknown"'), (b'"time":"20', b'"time":"19'), (b",17", b",16")):
            if old in line:
                return line.replace(old, new, 1)
        return line

    def group(self) -> int:
        """The number of the group that has the chosen line."""
        return sum(b"\t" in line for line in self.lines[:self.index])

    def head_before(self) -> bytes:
        if (number := self.group()) > 0:
            return digest_of(groups(self.lines)[number - 1])
        return bytes.fromhex(json.loads(self.lines[0].split(b"\t")[0])["previous"])

    def with_altered_line(self) -> list[list[bytes]]:
        return groups(self.lines[:self.index] + [self.altered(self.lines[self.index])] + self.lines[self.index + 1:])

    def row_rewritten_with_its_digest(self) -> None:
        content, number = self.with_altered_line(), self.group()
        self.put(flat(chained(content[:number + 1], number, self.head_before()) + content[number + 1:]))

    def row_and_all_digests_behind_it_rewritten(self) -> None:
        self.rewrite_behind(chained(self.with_altered_line(), self.group(), self.head_before()))

    def rewrite_behind(self, content: list[list[bytes]]) -> None:
        """Puts the groups, and chains every later segment of the stream to them."""
        self.put(flat(content))
        head = digest_of(content[-1])
        for name in self.names[self.names.index(self.name) + 1:]:
            later = groups(rows(self.files[name]))
            old = json.loads(later[0][0].split(b"\t")[0])["previous"].encode()
            later[0][0] = later[0][0].replace(old, head.hex().encode())
            later = chained(later, 0, head)
            self.files[name] = joined(flat(later))
            head = digest_of(later[-1])

    def signed_statement_changed(self) -> None:
        content = bytearray(self.files["statements"])
        content[self.random.randrange(len(content) - 1)] ^= 1
        self.files["statements"] = bytes(content)

    # MARK: Deletions and insertions

    def row_removed(self) -> None:
        self.put(self.lines[:self.index] + self.lines[self.index + 1:])

    def rows_removed(self) -> None:
        self.put(self.lines[:self.index] + self.lines[self.index + self.random.randint(1, 20):])

    def segment_removed(self) -> None:
        del self.files[self.name]

    def row_repeated(self) -> None:
        place = self.random.randint(0, len(self.lines))
        self.put(self.lines[:place] + [self.lines[self.index]] + self.lines[place:])

    def forged_row_inserted(self) -> None:
        forged = chained([[self.altered(self.lines[self.index])]], 0, self.head_before())
        self.put(self.lines[:self.index] + flat(forged) + self.lines[self.index:])

    def row_of_another_stream_inserted(self) -> None:
        others = [name for stream, names in self.specimen.segments().items() if stream != self.stream for name in names]
        stranger = self.random.choice(rows(self.files[self.random.choice(others)]))
        self.put(self.lines[:self.index] + [stranger] + self.lines[self.index:])

    # MARK: Orders

    def rows_swapped(self) -> None:
        lines = list(self.lines)
        other = self.random.randrange(len(lines))
        lines[self.index], lines[other] = lines[other], lines[self.index]
        self.put(lines)

    def row_moved(self) -> None:
        lines = list(self.lines)
        line = lines.pop(self.index)
        lines.insert(self.random.randint(0, len(lines)), line)
        self.put(lines)

    def segments_swapped(self) -> None:
        other = self.random.choice([name for name in self.files if name.endswith(".rows") and name != self.name])
        self.files[self.name], self.files[other] = self.files[other], self.files[self.name]

    # MARK: Ends

    def rows_cut_off_the_end(self) -> None:
        self.name = self.names[-1]
        lines = rows(self.files[self.name])
        self.put(lines[:-self.random.randint(1, len(lines) - 1)])

    def bytes_cut_off_the_end(self) -> None:
        self.name = self.names[-1]
        content = self.files[self.name]
        self.files[self.name] = content[:-self.random.randint(1, len(content) - 1)]

    def last_segment_removed(self) -> None:
        del self.files[self.names[-1]]

    def end_rewritten_without_its_last_rows(self) -> None:
        """What somebody does who can write everything but has no signing key: the statements about the rest go, too."""
        self.rows_cut_off_the_end()
        last = max((number(line) for line in rows(self.files[self.name])), default=0)
        kept = []
        for line in rows(self.files["statements"]):
            statement = json.loads(line.split(b"\t")[0])
            if statement["stream"] != self.stream or statement["seq"] <= last:
                kept.append(line)
        self.files["statements"] = joined(kept)

    def folder_put_back_to_an_older_state(self) -> None:
        self.files = dict(self.older.files)


def make(folder: pathlib.Path, seed: int) -> tuple[Specimen, Specimen, str]:
    """A journal of a few hundred rows, an older state of it, and its heads."""
    upstream = Upstream(folder)
    try:
        place = Installation(folder / "made", upstream)
        demand = Demand(seed)
        older = None
        for end in ("kill", "clean", "clean"):
            gateway = Gateway(place, "grouped")
            try:
                gateway.wait_until_ready()
                load = Load(gateway, demand, 2)
                while sum(len(client.acknowledged) for client in load.clients) < 40:
                    time.sleep(0.01)
                load.stop() if end == "clean" else None
                gateway.kill() if end == "kill" else gateway.terminate()
            finally:
                gateway.process.kill()
            load.join()
            if end == "clean" and older is None:
                older = Specimen(place.data / "audit")
        heads = place.run("audit", "head")
        if heads.returncode != 0:
            raise Finding(f"`audit head`: {heads.stderr}")
        return Specimen(place.data / "audit"), older, heads.stdout
    finally:
        upstream.stop()


class Verifier:
    def __init__(self, folder: pathlib.Path, heads: str):
        self.folder = folder
        self.heads = folder / "heads"
        self.heads.write_text(heads)
        self.place = Installation.__new__(Installation)
        self.place.data = folder / "no-data"

    def verify(self, files: dict, name: str, with_heads: bool) -> tuple[int, str]:
        target = self.folder / name
        target.mkdir(mode=0o700)
        try:
            for file, content in files.items():
                (target / file).write_bytes(content)
            flags = ["--head", str(self.heads)] if with_heads else []
            done = self.place.run("audit", "verify", str(target), *flags)
            return done.returncode, done.stdout + done.stderr
        finally:
            shutil.rmtree(target)


def one(number: int, seed: int, specimen: Specimen, older: Specimen, verifier: Verifier) -> tuple[str, bool, bool]:
    """The kind of a tampering, and whether it was found without a head."""
    kind = list(KINDS)[number % len(KINDS)]
    attempt = 0
    while True:
        tampering = Tampering(kind, hash_of(seed, number, attempt), specimen, older)
        if tampering.apply():
            break
        attempt += 1
    status, text = verifier.verify(tampering.files, f"{number}-h", True)
    if status != 1:
        raise Finding(f"tampering {number} ({kind}, {tampering.name}) with a head: exit code {status}\n{text[-800:]}")
    status, text = verifier.verify(tampering.files, f"{number}", False)
    if status not in (0, 1):
        raise Finding(f"tampering {number} ({kind}, {tampering.name}) without a head: exit code {status}\n{text[-800:]}")
    if status == 0 and "unproven" not in text and "no exported head" not in text:
        raise Finding(f"tampering {number} ({kind}): not found without a head, and not said that the end is unproven")
    if status == 0 and KINDS[kind] != "truncate":
        raise Finding(f"tampering {number} ({kind}, {tampering.name}) is found with a head only\n{text[-800:]}")
    return kind, True, status == 1


def hash_of(*parts: int) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8])


def run(folder: pathlib.Path, count: int, seed: int, say) -> dict:
    specimen, older, heads = make(folder, seed)
    verifier = Verifier(folder, heads)
    for with_heads in (True, False):
        status, text = verifier.verify(specimen.files, "untouched", with_heads)
        if status != 0:
            raise Finding(f"the untouched journal does not verify: {text}")
    result: dict[str, dict] = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(one, number, seed, specimen, older, verifier) for number in range(count)]
        for done, job in enumerate(jobs, 1):
            kind, _, alone = job.result()
            entry = result.setdefault(kind, {"tried": 0, "found with a head": 0, "found without": 0})
            entry["tried"] += 1
            entry["found with a head"] += 1
            entry["found without"] += alone
            if done % 250 == 0:
                say(f"tampering: {done} of {count}")
    return result


if __name__ == "__main__":
    import sys

    from rig import scratch

    with scratch() as name:
        print(json.dumps(run(pathlib.Path(name), int(sys.argv[1]), int(sys.argv[2]), print), indent=1))
