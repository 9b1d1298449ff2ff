"""All parts of the harness, and the table of docs/reliability.md. Run it through scripts/faults."""

import argparse
import datetime
import os
import pathlib
import platform
import random
import sys
import time

import kills
import powerloss
import tamper
from rig import ROOT, TOOLGATE, Finding, scratch

BEGIN, END = "<!-- results: scripts/faults --write -->", "<!-- end of results -->"


def say(text: str) -> None:
    print(f"faults: {text}", flush=True)


def kills_table(counts: dict) -> list[str]:
    how = ", ".join(f"{counts[name]} {name}" for name in ("under load", "at start", "while ending"))
    return [
        "| killed with SIGKILL (FA1, FA5, FL5) | result |", "|---|---|",
        f"| kills | {counts['kills']} ({how}), and {counts['clean ends']} clean ends, {counts['refused starts']} refused starts |",
        f"| calls executed by the server | {counts['executed']}, {counts['acknowledged']} of them answered to the client |",
        "| of those without an intent in the journal | 0 |",
        "| rows gone that had been there, segments that do not verify, stores that are not sound | 0 |",
        f"| calls left open, closed as `unknown` by the next start | {counts['closed as unknown']}; still open after it: 0 |",
        f"| calls refused by limits | {counts['refused by limits']}; calls beyond a limit over all processes: 0 |",
        f"| accounts of {kills.MAXIMUM['steady']} calls tried far beyond that | {counts['accounts tried beyond']}; filled to the very "
        f"last call: {counts['accounts filled exactly']}; calls too few, together: {counts['calls too few']} |",
    ]


def powerloss_table(counts: dict) -> list[str]:
    return [
        "| loss of power (FA2) | result |", "|---|---|",
        f"| directories built and recovered | {counts['recoveries']}, half of them of a gateway in strict mode |",
        f"| calls executed before the power went, together | {counts['executed before']} |",
        f"| executed without a durable intent, strict | {counts['intents missing, strict']} |",
        f"| executed without a durable intent, grouped | {counts['intents missing, grouped']}, the oldest "
        f"{counts['oldest missing, ms']} ms before (from a write to its synchronisation: "
        f"{counts['median wait, grouped, ms']} ms in the median, {counts['longest wait, grouped, ms']} ms at most) |",
        "| journals that do not verify, stores that are not sound, gateways that do not start | 0 |",
        f"| limits of an hour tried to their end afterwards | {counts['limits tried']}; beyond the limit, in either mode: 0; "
        f"left unused: {counts['left over, of a hundred'] / max(1, counts['limits tried']):.1f} % on average |",
    ]


def tamper_table(result: dict) -> list[str]:
    lines = ["| tampering (FA4) | tried | found with an earlier head | found without |", "|---|---|---|---|"]
    total = [0, 0, 0]
    for kind, entry in result.items():
        numbers = [entry["tried"], entry["found with a head"], entry["found without"]]
        total = [a + b for a, b in zip(total, numbers)]
        lines.append(f"| {kind} | {numbers[0]} | {numbers[1]} | {numbers[2]} |")
    lines.append(f"| **all** | {total[0]} | {total[1]} | {total[2]} |")
    return lines


def write(tables: list[list[str]], command: str, seconds: float) -> None:
    """Puts the tables between the marks of docs/reliability.md."""
    path = ROOT / "docs" / "reliability.md"
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    build = "release" if "/release/" in os.path.realpath(TOOLGATE) else "debug"
    made = (f"Made on {today} by `{command}` with the {build} build on {os.cpu_count()} cores "
            f"({platform.system()} {platform.machine()}), in {seconds:.0f} s.")
    body = "\n\n".join([made] + ["\n".join(table) for table in tables])
    path.write_text(f"{before}{BEGIN}\n{body}\n{END}{after}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults")
    parser.add_argument("--kills", type=int, default=int(os.environ.get("FAULT_KILLS", "50")))
    parser.add_argument("--power", type=int, default=int(os.environ.get("FAULT_POWER", "20")))
    parser.add_argument("--tamper", type=int, default=int(os.environ.get("FAULT_TAMPER", "1000")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FAULT_SEED", "0")) or random.randrange(1, 1 << 31))
    parser.add_argument("--write", action="store_true", help="put the results into docs/reliability.md")
    arguments = parser.parse_args()
    say(f"seed {arguments.seed}, {TOOLGATE}")
    began = time.monotonic()
    tables, failures = [], 0
    parts = (("kills", kills.run, arguments.kills, kills_table), ("power loss", powerloss.run, arguments.power, powerloss_table),
             ("tampering", tamper.run, arguments.tamper, tamper_table))
    for name, run, count, table in parts:
        if count == 0:
            continue
        started = time.monotonic()
        with scratch() as folder:
            try:
                tables.append(table(run(pathlib.Path(folder), count, arguments.seed, say)))
                print("\n".join(tables[-1]))
            except Finding as finding:
                failures += 1
                say(f"{name}: FOUND: {finding}")
        say(f"{name}: {time.monotonic() - started:.0f} s")
    if failures == 0 and arguments.write:
        command = (f"scripts/faults --kills {arguments.kills} --power {arguments.power} --tamper {arguments.tamper} "
                   f"--seed {arguments.seed}")
        write(tables, command, time.monotonic() - began)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
