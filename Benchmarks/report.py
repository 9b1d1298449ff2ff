"""Turns docs/benchmarks/latest.json into docs/benchmarks.md: `python Benchmarks/report.py`."""

import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMES = {"stub": "the stub upstream alone", "nginx": "nginx `proxy_pass`, access log", "toolgate": "**Toolgate**",
         "envoy": "Envoy (JWT, MCP, RBAC, limit, log)", "mcpg": "mcpg (JWT, CEL rule, audit)"}
WORK = {"stub": "–", "nginx": "forwards, logs", "toolgate": "knows the caller, 50-tool policy with five argument rules a tool, "
        "schema check, one limit, forwards, logs", "envoy": "knows the caller, one rule on the tool's name, one limit, forwards, logs",
        "mcpg": "knows the caller, one rule on the tool's name, forwards, audits"}


def megabytes(count) -> str:
    return f"{count / 1e6:.1f} MB"


def table(head: list, rows: list) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def main() -> None:
    results = json.loads((ROOT / "docs" / "benchmarks" / "latest.json").read_text())
    versions, parts = results["versions"], []
    parts.append(f"""# Benchmarks

`make bench` made this page and `docs/benchmarks/latest.json` beside it, in one run on {versions["when"]}, at commit
`{versions["commit"]}`, on {versions["cpu"]} (two shared cores, Linux {versions["kernel"]}): the gateway pinned to one core,
load and upstream to the other, loopback, keep-alive, 32 connections, one `tools/call` a request. Rates depend on the
machine and on what else it does; compare columns of one run, never numbers of two.

CPU per call is the kernel's own accounting (`schedstat` of every thread) divided by the calls answered. Before each load
the harness checks that an allowed call passes and, for the gateways, that a forbidden tool and a wrong token do not.""")
    main_rows = results["main"]
    if main_rows:
        floor = main_rows.get("nginx", {}).get("full", {}).get("cpu_us_per_call")
        rows = []
        for name, row in main_rows.items():
            cpu = row["full"]["cpu_us_per_call"]
            rows.append([NAMES[name], f"{cpu:.1f} µs", f"{cpu / floor:.2f} ×" if floor else "–",
                         f"{row['full']['calls_per_second']:,.0f}", megabytes(row["rss_at_rest"]), WORK[name]])
        parts.append("## The same call through each\n\n" + table(
            ["", "CPU per call", "to nginx", "calls/s", "resident at rest", "what it does"], rows))
        rows = []
        for name, row in main_rows.items():
            for rate in ("at_320", "at_4000"):
                if row[rate]:
                    rows.append([NAMES[name], f"{row[rate]['rate']:,}/s", *(f"{row[rate][p] / 1000:.2f} ms" for p in ("p50", "p99", "p999"))])
        parts.append("## Latency at a fixed rate\n\n" + table(["", "rate", "p50", "p99", "p99.9"], rows))
    if results["policy"]:
        parts.append("## Cost against the policy's size\n\n" + table(
            ["tools in policy and on the server", "CPU per call", "resident"],
            [[label, f"{row['cpu_us_per_call']:.1f} µs", megabytes(row["rss"])] for label, row in results["policy"].items()]))
    kinds = results.get("kinds")
    if kinds:
        parts.append("""## Cost against the kind of upstream

A policy of one tool. Charged are Toolgate's own processes alone, a stdio server's supervisor included, the server not; how fast that
server is limits the rate. The connector runs as a server of its own (`toolgate connector serve`), so that its row is what stands between
MCP and a REST API and nothing else; in the gateway it takes the place of the HTTP upstream.

""" + table(["upstream", "CPU per call", "calls/s", "resident"], [
            [label, f"{row['cpu_us_per_call']:.1f} µs", f"{row['calls_per_second']:,.0f}", megabytes(row["rss"])]
            for label, row in kinds.items()]))
    if results["grants"]:
        parts.append("## Cost against the number of grants\n\n" + table(
            ["grants", "CPU per call", "resident"],
            [[f"{int(label):,}", f"{row['cpu_us_per_call']:.1f} µs", megabytes(row["rss"])] for label, row in results["grants"].items()]))
    if results["size"]:
        parts.append("## Cost against the body's size\n\n" + table(
            ["body", "CPU per call", "nginx beside it", "ratio"],
            [[f"{row['body_bytes']:,} B", f"{row['cpu_us_per_call']:.1f} µs", f"{row['nginx_cpu_us']:.1f} µs",
              f"{row['cpu_us_per_call'] / row['nginx_cpu_us']:.2f} ×"] for row in results["size"].values()]))
    if results["journal"]:
        parts.append("## What the journal costs\n\nTwo workers on both cores beside load and upstream, 32 connections. `grouped` goes on when "
                     "the system has a call's intent, `strict` when the disk has it.\n\n" + table(
            ["`--audit`", "calls/s", "CPU per call"],
            [[label, f"{row['calls_per_second']:,.0f}", f"{row['cpu_us_per_call']:.1f} µs"] for label, row in results["journal"].items()]))
    if results["streams"]:
        parts.append("## Memory with idle streams\n\n" + table(
            ["open `subscriptions/listen` streams", "resident"],
            [[f"{int(label):,}", megabytes(count)] for label, count in results["streams"].items()]))
    if results["start"]:
        parts.append(f"""## Start

From `exec` to the first answered `tools/call`, the server's tools listed and pinned on the way, over ten starts: median
{results["start"]["median_ms"]:.0f} ms, worst {results["start"]["worst_ms"]:.0f} ms.""")
    parts.append("## Versions\n\n" + "\n".join(
        f"- {line}" for line in [versions["nginx"], versions["toolgate"], *(
            line for line in versions["peers"] if line.startswith(("envoy", "model-context")))]))
    (ROOT / "docs" / "benchmarks.md").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
