"""Compares Toolgate's estimate of tokens with a real vocabulary, on the public definitions.

Usage: compare.py DEFINITIONS.jsonl ESTIMATES.json, the second as `toolgate catalogue classify --output json` writes it.
Exit 1 when the error is beyond what docs/classification.md states. The half the weights were fitted on is told apart.
"""
import collections
import hashlib
import json
import statistics
import sys

import vocabulary

# What the document states, with a little room for another vocabulary's version.
MOST = {"mean": 0.045, "p95": 0.12, "server p95": 0.10, "total": 0.02}


def entry(line):
    definition = json.loads(line)
    shown = {"name": definition["name"], "description": definition.get("description", ""),
             "inputSchema": definition.get("inputSchema", {})}
    return definition.get("server", ""), json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def quantile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def measure(rows):
    servers = collections.defaultdict(lambda: [0, 0])
    for server, counted, estimate in rows:
        servers[server][0] += counted
        servers[server][1] += estimate
    errors = [abs(estimate / counted - 1) for _, counted, estimate in rows]
    whole = [abs(estimate / counted - 1) for counted, estimate in servers.values()]
    total = sum(estimate for *_, estimate in rows) / sum(counted for _, counted, _ in rows) - 1
    return {"tools": len(rows), "mean": statistics.mean(errors), "p95": quantile(errors, 0.95), "max": max(errors),
            "servers": len(servers), "server mean": statistics.mean(whole), "server p95": quantile(whole, 0.95),
            "server max": max(whole), "total": total}


def main():
    lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
    entries = [entry(line) for line in lines]
    estimates = [tool["tokens"] for tool in json.load(open(sys.argv[2], encoding="utf-8"))["tools"]]
    assert len(entries) == len(estimates), "the two files are not of the same tools"
    counted = [len(encoding.ids) for encoding in vocabulary.o200k().encode_batch([text for _, text in entries])]
    rows = [(server, count, estimate) for (server, _), count, estimate in zip(entries, counted, estimates)]
    halves = {"fitted": [], "held out": []}
    for row in rows:
        halves["held out" if hashlib.sha256(row[0].encode()).digest()[0] & 1 else "fitted"].append(row)
    print("| half | tools | mean error | 95th percentile | worst | servers | mean | 95th percentile | worst | sum of all |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    failed = []
    for name, half in halves.items():
        found = measure(half)
        show = lambda key: f"{found[key] * 100:.1f} %"
        print(f"| {name} | {found['tools']} | {show('mean')} | {show('p95')} | {show('max')} | {found['servers']} | "
              f"{show('server mean')} | {show('server p95')} | {show('server max')} | {found['total'] * 100:+.1f} % |")
        failed += [f"{name}: {key} is {found[key]:.3f}, more than {most}" for key, most in MOST.items()
                   if abs(found[key]) > most]
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
