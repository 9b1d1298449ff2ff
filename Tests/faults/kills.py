"""FA1, FA5, FL5: a gateway under load, killed at random points again and again on one data directory."""

import concurrent.futures
import json
import pathlib
import random
import time

from journal import Digests, Journal
from rig import MAXIMUM, Demand, Finding, Gateway, Installation, Load, Upstream

# A data directory serves so many kills; its limits last an hour, and a run of it has to be shorter.
LIFE = 50
MINUTE = 60_000
# Between a reservation and the row that has its time lies the way through the gateway; the clocks of two processes in a
# row meet to the millisecond.
SLACK = 1_000


class Kills:
    """One data directory and all that is checked about it."""

    def __init__(self, folder: pathlib.Path, upstream: Upstream, seed: int):
        self.upstream = upstream
        self.random = random.Random(seed)
        self.place = Installation(folder, upstream)
        self.journal = Journal(self.place.data / "audit")
        self.digests = Digests(self.place.data / "keys.json")
        self.demand = Demand(seed)
        self.executed: dict[str, object] = {}
        self.acknowledged: set[str] = set()
        self.heads: pathlib.Path | None = None
        # What the last rounds were, for findings.
        self.story: list[str] = []
        self.counts = {"kills": 0, "under load": 0, "at start": 0, "while ending": 0, "refused starts": 0, "clean ends": 0,
                       "executed": 0, "acknowledged": 0, "refused by limits": 0, "closed as unknown": 0}

    # MARK: Rounds

    def round(self, number: int) -> None:
        kind = self.random.choices(("load", "start", "end", "clean"), (70, 12, 12, 6))[0]
        mode = self.random.choice(("grouped", "strict"))
        is_refused = self.random.random() < 0.1
        self.story.append(f"{kind} {mode}" + (" after a refused start" if is_refused else ""))
        if is_refused:
            self.refused_start(mode)
        gateway = Gateway(self.place, mode)
        load = None
        try:
            if kind == "start" and number > 0:
                time.sleep(self.random.uniform(0, 0.15))
                self.counts["at start"] += 1
            else:
                gateway.wait_until_ready()
                # What recovery left is looked at before anything is added.
                self.after_start()
                load = Load(gateway, self.demand)
                time.sleep(self.random.uniform(0.02, 0.5))
                self.end(gateway, kind)
            if kind != "clean":
                self.counts["kills"] += 1
                gateway.kill()
        except BaseException:
            gateway.process.kill()
            raise
        if load is not None:
            load.join()
        self.after_end(load, kind in ("end", "clean"))

    def end(self, gateway: Gateway, kind: str) -> None:
        if kind == "clean":
            self.counts["clean ends"] += 1
            gateway.terminate()
        elif kind == "end":
            self.counts["while ending"] += 1
            gateway.process.terminate()
            time.sleep(self.random.uniform(0, 0.06))
        else:
            self.counts["under load"] += 1

    def refused_start(self, mode: str) -> None:
        """A start that recovers the journal and then cannot go on must not make the next one forget."""
        gateway = Gateway(self.place, mode, config=self.place.refused)
        status = gateway.process.wait(60)
        if status not in (1, 2, 3):
            raise Finding(f"a refused configuration ended the gateway with {status}: {gateway.said()[-400:]}")
        gateway.close()
        self.counts["refused starts"] += 1

    # MARK: Checks

    def after_start(self) -> None:
        """FA5: nothing the process before left open stays open."""
        self.journal.scan()
        if self.journal.open:
            raise Finding(f"{len(self.journal.open)} calls are open after a start: {list(self.journal.open)[:5]}")

    def after_end(self, load: Load | None, is_ending: bool = False) -> None:
        self.upstream.wait_until_quiet()
        for execution in self.upstream.executed():
            self.executed[execution.id] = execution
        if load is not None:
            failed = [body for body in load.failed if not (is_ending and b"shutting down" in body)]
            if failed:
                raise Finding(f"calls failed while nothing was wrong: {failed[:3]}")
            self.acknowledged.update(load.acknowledged)
            self.counts["refused by limits"] += load.refused
        self.journal.scan()
        self.check_intents()
        self.check_limits()
        self.check_files()

    def check_intents(self) -> None:
        """FA1: an intent for all that was executed, and so for all that was answered."""
        if strangers := self.acknowledged - self.executed.keys():
            raise Finding(f"answered but never executed: {sorted(strangers)[:5]}")
        lost = [name for name in self.executed if self.digests.of("id", name) not in self.journal.intents]
        if lost:
            answered = sum(name in self.acknowledged for name in lost)
            raise Finding(f"{len(lost)} executed calls have no intent ({answered} of them answered): {lost[:5]}")
        self.counts["executed"] = len(self.executed)
        self.counts["acknowledged"] = len(self.acknowledged)
        self.counts["closed as unknown"] = self.journal.unknown

    def check_limits(self) -> None:
        """FL5, R1: what was executed fits every limit, over all processes together."""
        sums: dict[tuple, int] = {}
        brief: list[int] = []
        for execution in self.executed.values():
            if execution.tool in ("steady", "paid"):
                counter = (execution.tool, execution.account)
            elif execution.tool == "turn":
                intent = self.journal.intents[self.digests.of("id", execution.id)]
                counter = ("turn", intent.windows["turn"])
            elif execution.tool == "brief":
                brief.append(self.journal.intents[self.digests.of("id", execution.id)].time)
                continue
            else:
                continue
            sums[counter] = sums.get(counter, 0) + (execution.amount if execution.tool == "paid" else 1)
        for counter, total in sums.items():
            if total > MAXIMUM[counter[0]]:
                raise Finding(f"limit {counter[0]} of {counter[1]}: {total} executed, {MAXIMUM[counter[0]]} allowed")
        brief.sort()
        for index, first in enumerate(brief[:-MAXIMUM["brief"]]):
            if brief[index + MAXIMUM["brief"]] - first < MINUTE - SLACK:
                raise Finding(f"limit brief: more than {MAXIMUM['brief']} in the minute from {first}")
        self.sums = sums

    def check_files(self) -> None:
        """The journal verifies with heads exported before; the store is sound; each of it beside the other."""
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            flags = ["--head", str(self.heads)] if self.heads else []
            verify = pool.submit(self.place.run, "audit", "verify", *flags)
            store = pool.submit(self.place.run, "store", "check")
            head = pool.submit(self.place.run, "audit", "head")
        for name, job in (("audit verify", verify), ("store check", store), ("audit head", head)):
            done = job.result()
            if done.returncode != 0:
                if not (self.place.data / "store.sqlite").exists() or not self.journal.sizes:
                    continue  # killed before there was anything
                raise Finding(f"`{name}` ends with {done.returncode}: {done.stdout[-600:]}{done.stderr[-600:]}")
            if job is head:
                self.heads = self.place.folder / "heads"
                self.heads.write_text(done.stdout)

    def finish(self) -> None:
        """One more start and a clean end: nothing is open, everything verifies."""
        gateway = Gateway(self.place, "strict")
        try:
            gateway.wait_until_ready()
            self.after_start()
            gateway.terminate()
        except BaseException:
            gateway.process.kill()
            raise
        self.after_end(None)
        for name in self.acknowledged:
            if self.journal.intents[self.digests.of("id", name)].result is None:
                raise Finding(f"the answered call {name} has no outcome")

    def fullness(self) -> dict:
        """Of the accounts that were tried far beyond their limit: how many there are, how many calls they got too few."""
        newest = self.demand.accounts["steady"] // Demand.PER_ACCOUNT
        done = [
            total for (tool, account), total in self.sums.items()
            if tool == "steady" and int(account.split("-")[1]) + 2 < newest]
        return {
            "accounts tried beyond": len(done),
            "accounts filled exactly": sum(total == MAXIMUM["steady"] for total in done),
            "calls too few": sum(MAXIMUM["steady"] - total for total in done),
        }


def run(folder: pathlib.Path, kills: int, seed: int, say) -> dict:
    """All kills; the counts of all lives together."""
    upstream = Upstream(folder)
    total: dict[str, int] = {}
    try:
        life = 0
        while total.get("kills", 0) < kills:
            part = Kills(folder / f"life-{life}", upstream, seed + life)
            number = 0
            while part.counts["kills"] < min(LIFE, kills - total.get("kills", 0)):
                try:
                    part.round(number)
                except Finding as finding:
                    raise Finding(f"seed {seed + life}, round {number} ({', '.join(part.story[-4:])}): {finding}") from None
                number += 1
            part.finish()
            part.counts.update(part.fullness())
            part.counts["rows"] = part.journal.rows
            for name, count in part.counts.items():
                total[name] = total.get(name, 0) + count
            life += 1
            say(f"kills: {total['kills']} of {kills}, {total['executed']} calls executed")
    finally:
        upstream.stop()
    return total


if __name__ == "__main__":
    import sys

    from rig import scratch

    with scratch() as name:
        print(json.dumps(run(pathlib.Path(name), int(sys.argv[1]), int(sys.argv[2]), print), indent=1))
