"""FA2: what a loss of power would have left of a data directory, and whether a gateway goes on from it.

powerloss.c, preloaded into real gateways, writes down every change of the files and every synchronisation. From that, a
directory is built as it may be found after the power went at a random moment: of each file, what was synchronised, and
of what was written later nothing, or a random beginning, the last write torn; of the names, those whose folder was
synchronised, and a random beginning of the later changes. Each file by itself: a disk owes nobody an order between files.
"""

import bisect
import copy
import json
import os
import pathlib
import random
import shutil
import subprocess
import time

from journal import Digests, Journal
from rig import HERE, MAXIMUM, Client, Demand, Finding, Gateway, Installation, Load, Upstream

# In grouped mode a row may wait so long for the disk to be asked: 40 ms rounded up to ticks of 8 ms, and a turn of the loop.
# Half of all rows have to be faster than that even on a machine that is busy with something else; what the slowest waited
# for is in the table, and is a finding only when it is longer than any such excuse.
GROUPED_MS = 58
NOISE_MS = int(os.environ.get("FAULT_NOISE_MS", "1000"))


def build_shim(folder: pathlib.Path) -> pathlib.Path:
    shim = folder / "powerloss.so"
    compiler = shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        raise RuntimeError("the power-loss model needs a C compiler: neither cc nor clang is there")
    subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(shim), str(HERE / "powerloss.c"),
         "-ldl", "-lpthread"], check=True)
    return shim


class File:
    """One inode: its content at the beginning, and every change since."""

    def __init__(self, content: bytes = b""):
        self.content = content
        # (record number, ns, offset, bytes), or (…, length, None) for a truncation.
        self.changes: list[tuple] = []
        # (record number, began): a synchronisation that was over at that record.
        self.syncs: list[tuple[int, int]] = []

    def at(self, cut: int, choose) -> bytes:
        """What is left when the power goes before record `cut`; `choose(low, high)` says how much was written by itself."""
        began = max((began for number, began in self.syncs if number < cut), default=-1)
        changes = [change for change in self.changes if change[0] < cut]
        durable = sum(change[1] < began for change in changes)
        kept = choose(durable, len(changes))
        content = bytearray(self.content)
        for _, _, at, data in changes[:kept]:
            apply(content, at, data)
        if durable <= kept < len(changes) and changes[kept][3]:
            at, data = changes[kept][2:]
            torn = choose(0, len(data))
            if torn > 0:
                apply(content, at, data[:torn])
        return bytes(content)


def apply(content: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del content[at:]
        content.extend(bytes(at - len(content)))
        return
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at:at + len(data)] = data


class Trace:
    """All that happened to a folder, from a beginning that was on the disk."""

    def __init__(self, baseline: pathlib.Path):
        self.names: dict[str, File] = {}
        self.inodes: dict[int, File] = {}
        self.folders = {"."}
        for path in sorted(baseline.rglob("*")):
            name = str(path.relative_to(baseline))
            if path.is_dir():
                self.folders.add(name)
            else:
                self.names[name] = self.inodes[path.stat().st_ino] = File(path.read_bytes())
        self.first_names = dict(self.names)
        self.first_folders = set(self.folders)
        # (record number, ns, folder, operation, arguments)
        self.changes: list[tuple] = []
        self.folder_syncs: list[tuple[int, str, int]] = []
        self.times: list[int] = []

    def read(self, path: pathlib.Path) -> None:
        data = path.read_bytes()
        position = 0
        while position < len(data):
            end = data.index(b"\n", position)
            words = data[position:end].decode().split(" ")
            position = end + 1
            content = None
            if words[0] == "write":
                count = int(words[5])
                content = data[position:position + count]
                position += count
            self.take(words, content)

    def complete(self, path: pathlib.Path, folder: pathlib.Path) -> None:
        """Writes down what a process did that was killed before its witness could write it down: at most one operation
        of each thread, between the system's end of it and the record."""
        self.read(path)
        with path.open("ab") as trace:
            for name, file in list(self.names.items()):
                # What is only mapped into memory was never recorded, and is built anew by whoever opens it first.
                if not (folder / name).is_file() or name.endswith("-shm"):
                    continue
                inode, actual = (folder / name).stat().st_ino, (folder / name).read_bytes()
                known = file.at(len(self.times) + 1, lambda low, high: high)
                if actual == known or self.inodes.get(inode) is not file:
                    continue
                same = len(os.path.commonprefix([actual, known]))
                head = f"{time.monotonic_ns()} 0 {inode}"
                if len(actual) < len(known):
                    trace.write(f"truncate {head} {len(actual)}\n".encode())
                if same < len(actual):
                    trace.write(f"write {head} {same} {len(actual) - same}\n".encode() + actual[same:])

    def take(self, words: list, content: bytes | None) -> None:
        number = len(self.times)
        operation, ns, rest = words[0], int(words[1]), words[3:]
        self.times.append(ns)
        if operation == "write":
            self.inodes[int(rest[0])].changes.append((number, ns, int(rest[1]), content))
        elif operation == "truncate":
            self.inodes[int(rest[0])].changes.append((number, ns, int(rest[1]), None))
        elif operation == "sync":
            self.inodes[int(rest[1])].syncs.append((number, int(rest[0])))
        elif operation == "sync-folder":
            self.folder_syncs.append((number, rest[1], int(rest[0])))
        elif operation == "create":
            known = self.names.get(rest[1])
            if known is None or self.inodes.get(int(rest[0])) is not known:
                file = File()
                self.names[rest[1]] = self.inodes[int(rest[0])] = file
                self.change(number, ns, "name", rest[1], file)
        elif operation in ("rename", "link"):
            file = self.names[rest[0]]
            self.names[rest[1]] = file
            self.change(number, ns, "name", rest[1], file)
            if operation == "rename":
                del self.names[rest[0]]
                self.change(number, ns, "unlink", rest[0], None)
        elif operation == "unlink":
            self.names.pop(rest[0], None)
            self.change(number, ns, "unlink", rest[0], None)
        elif operation == "mkdir":
            self.change(number, ns, "mkdir", rest[0], None)

    def change(self, number: int, ns: int, operation: str, name: str, file: File | None) -> None:
        self.changes.append((number, ns, os.path.dirname(name) or ".", operation, name, file))

    def build(self, cut: int, target: pathlib.Path, choose) -> None:
        """Makes the folder as it may be found when the power goes before record `cut`."""
        began: dict[str, int] = {}
        for number, folder, start in self.folder_syncs:
            if number < cut:
                began[folder] = max(began.get(folder, 0), start)
        changes = [change for change in self.changes if change[0] < cut]
        loose = [change for change in changes if change[1] >= began.get(change[2], -1)]
        lucky = {change[0] for change in loose[:choose(0, len(loose))]}
        names, folders = dict(self.first_names), set(self.first_folders)
        for number, ns, folder, operation, name, file in changes:
            if ns >= began.get(folder, -1) and number not in lucky:
                continue
            if operation == "name":
                names[name] = file
            elif operation == "unlink":
                names.pop(name, None)
            else:
                folders.add(name)
        target.mkdir(mode=0o700, parents=True)
        for folder in sorted(folders - {"."}):
            (target / folder).mkdir(mode=0o700, exist_ok=True)
        for name, file in names.items():
            path = target / name
            if path.parent.exists():
                path.write_bytes(file.at(cut, choose))
                path.chmod(0o600)

    def waits(self) -> list[int]:
        """For each write to a segment, the ns until the synchronisation that covers it began."""
        waits = []
        for file in set(self.inodes.values()):
            if not any(data and data.startswith(b'{"seq":') for *_, data in file.changes):
                continue
            begins = sorted(began for _, began in file.syncs)
            for _, ns, _, data in file.changes:
                place = bisect.bisect_left(begins, ns)
                if data is not None and place < len(begins):
                    waits.append(begins[place] - ns)
        return waits


class Recording:
    """A few sessions of a gateway in one mode: killed, restarted, ended."""

    def __init__(self, folder: pathlib.Path, upstream: Upstream, shim: pathlib.Path, mode: str, seed: int):
        self.folder, self.upstream, self.mode = folder, upstream, mode
        self.random = random.Random(seed)
        self.place = Installation(folder, upstream)
        self.digests = Digests(self.place.data / "keys.json")
        self.trace = Trace(self.place.data)
        path = folder / "trace"
        baseline = copy.deepcopy(self.trace)
        environment = {
            "LD_PRELOAD": str(shim), "FAULT_ROOT": str(self.place.data), "FAULT_TRACE": str(path)}
        demand = Demand(seed)
        for end in ("kill", "clean", "kill", "clean"):
            gateway = Gateway(self.place, mode, environment)
            try:
                gateway.wait_until_ready()
                load = Load(gateway, demand, 6)
                time.sleep(self.random.uniform(0.3, 0.7))
                if end == "kill":
                    gateway.kill()
                else:
                    load.stop()
                    gateway.terminate()
            finally:
                gateway.process.kill()
            load.join()
            gateway.process.wait()
            if end == "kill":
                copy.deepcopy(baseline).complete(path, self.place.data)
            if load.failed:
                raise Finding(f"calls failed while nothing was wrong: {load.failed[:3]}")
        upstream.wait_until_quiet()
        self.executed = sorted(upstream.executed(), key=lambda execution: execution.monotonic)
        self.trace.read(path)
        if not self.trace.folder_syncs or len(self.trace.times) < 100:
            raise RuntimeError("the shim saw next to nothing: is the gateway linked statically?")

    def moment(self) -> tuple[int, int]:
        """A cut and its time: at any record, or right behind a call that was executed, which is the hardest."""
        if self.random.random() < 0.5:
            time_of = self.random.choice(self.executed).monotonic
            return bisect.bisect_right(self.trace.times, time_of), time_of
        cut = self.random.randrange(1, len(self.trace.times))
        return cut, self.trace.times[cut] - 1


class Recovery:
    """One loss of power, and what comes after it."""

    def __init__(self, recording: Recording, number: int):
        self.recording = recording
        self.random = recording.random
        self.cut, self.moment = recording.moment()
        self.keeps = self.random.choice(("nothing", "some", "some"))
        self.data = recording.folder / f"after-{number}"
        recording.trace.build(self.cut, self.data, self.choose)

    def choose(self, low: int, high: int) -> int:
        """How much of what was not synchronised reached the disk all the same."""
        return low if self.keeps == "nothing" else self.random.randint(low, high)

    def check(self, counts: dict) -> None:
        place, recording = self.recording.place, self.recording
        executed = [call for call in recording.executed if call.monotonic <= self.moment]
        for command in (("audit", "verify"), ("store", "check")):
            done = place.run(*command, data=self.data)
            if done.returncode not in (0, 1, 2, 3):
                raise Finding(f"`{command}` before recovery ends with {done.returncode}: {done.stderr[-600:]}")
            # Before the first call there may be neither journal nor store yet.
            if done.returncode != 0 and executed:
                raise Finding(f"`{command}` before recovery: {done.stdout[-4000:]}{done.stderr[-400:]}")
        gateway = Gateway(place, recording.mode, data=self.data)
        try:
            gateway.wait_until_ready()
            journal = Journal(self.data / "audit")
            journal.scan()
            if journal.open:
                raise Finding(f"{len(journal.open)} calls are open after the start")
            missing = [call for call in executed if recording.digests.of("id", call.id) not in journal.intents]
            self.check_missing(missing, counts)
            self.check_limits(gateway, executed, counts)
            gateway.terminate()
        finally:
            gateway.process.kill()
        recording.upstream.executed()
        for command in (("audit", "verify"), ("store", "check")):
            done = place.run(*command, data=self.data)
            if done.returncode != 0:
                raise Finding(f"`{command}` after recovery: {done.stdout[-800:]}{done.stderr[-400:]}")
        counts["recoveries"] += 1
        counts["executed before"] += len(executed)

    def check_missing(self, missing: list, counts: dict) -> None:
        counts["intents missing, " + self.recording.mode] += len(missing)
        if not missing:
            return
        if self.recording.mode == "strict":
            raise Finding(f"{len(missing)} executed calls have no durable intent: {missing[0].id}")
        age = (self.moment - min(call.monotonic for call in missing)) // 1_000_000
        counts["oldest missing, ms"] = max(counts["oldest missing, ms"], age)
        if age > GROUPED_MS + NOISE_MS:
            raise Finding(f"a call executed {age} ms before the power went has no intent: {missing[0].id}")

    def check_limits(self, gateway: Gateway, executed: list, counts: dict) -> None:
        """What is still admitted on the accounts in use then, on top of what was executed, is within their limits.

        In grouped mode as well: what the power took with it was on the disk before, or was kept ahead.
        """
        client = Client(gateway, None)
        with gateway.connect() as connection:
            for tool, amount in (("steady", 1), ("paid", 7)):
                used: dict[str, int] = {}
                for call in executed:
                    if call.tool == tool:
                        used[call.account] = used.get(call.account, 0) + call.amount
                for account in list(used)[-2:]:
                    self.fill(client, connection, tool, account, amount)
                    total = used[account] + amount * len(client.acknowledged)
                    client.acknowledged.clear()
                    counts["limits tried"] += 1
                    counts["left over, of a hundred"] += 100 * max(0, MAXIMUM[tool] - total) // MAXIMUM[tool]
                    if total > MAXIMUM[tool]:
                        raise Finding(f"limit {tool} of {account}: {total} executed in all, {MAXIMUM[tool]} allowed")

    def fill(self, client: Client, connection, tool: str, account: str, amount: int) -> None:
        """Calls until the limit refuses."""
        for number in range(MAXIMUM[tool] + 1):
            refused = client.refused
            call = {"id": f"{self.data.name}-{account}-{number}", "account": account, "amount": amount}
            if not client.call(connection, tool, call):
                raise Finding(f"a call failed after recovery: {client.failed}")
            if client.refused > refused:
                return


def run(folder: pathlib.Path, points: int, seed: int, say) -> dict:
    upstream = Upstream(folder)
    counts = {"recoveries": 0, "executed before": 0, "intents missing, strict": 0, "intents missing, grouped": 0,
              "oldest missing, ms": 0, "limits tried": 0, "left over, of a hundred": 0}
    try:
        shim = build_shim(folder)
        for mode in ("strict", "grouped"):
            recording = Recording(folder / mode, upstream, shim, mode, seed)
            waits = sorted(round(wait / 1_000_000) for wait in recording.trace.waits())
            counts[f"median wait, {mode}, ms"], counts[f"longest wait, {mode}, ms"] = waits[len(waits) // 2], waits[-1]
            if waits[len(waits) // 2] > GROUPED_MS:
                raise Finding(f"{mode}: half of the rows wait {waits[len(waits) // 2]} ms and more for the disk to be asked")
            for number in range(points // 2):
                recovery = Recovery(recording, number)
                try:
                    recovery.check(counts)
                except Finding as finding:
                    raise Finding(
                        f"{mode}, seed {seed}, point {number} (record {recovery.cut}, keeps {recovery.keeps}): {finding}"
                    ) from None
                shutil.rmtree(recovery.data)
            say(f"power loss: {counts['recoveries']} of {points} recoveries")
    finally:
        upstream.stop()
    return counts


if __name__ == "__main__":
    import sys

    from rig import scratch

    with scratch() as name:
        print(json.dumps(run(pathlib.Path(name), int(sys.argv[1]), int(sys.argv[2]), print), indent=1))
