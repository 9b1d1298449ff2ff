"""`make bench`: the same tools/call through a stub alone, nginx, Toolgate, Envoy and mcpg, in one run on pinned cores.

Writes docs/benchmarks.md and the raw results beside it. Options: --seconds N (per load), --only NAME[,NAME],
--sections main,size,policy,kinds,grants,journal,streams,start. Loopback only, bounded in time.
"""

import argparse
import http.client
import json
import os
import pathlib
import resource
import socket
import statistics
import subprocess
import sys
import time

import peers

ROOT = peers.ROOT
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
HEADERS = {
    "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "echo",
}


def body(text: str = "hi", tool: str = "echo", method: str = "tools/call") -> str:
    params = {"name": tool, "arguments": {"text": text}, "_meta": META} if method == "tools/call" else {"_meta": META}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, separators=(",", ":"))


class Target:
    def __init__(self, name: str, port: int, path: str, token: str | None, process: peers.Process | None):
        self.name, self.port, self.path, self.token, self.process = name, port, path, token, process
        self.tool = "echo"

    @property
    def headers(self) -> dict:
        return {**HEADERS, "Mcp-Name": self.tool, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}

    def ask(self, payload: str, headers: dict | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("POST", self.path, payload, {**self.headers, **(headers or {})})
        response = connection.getresponse()
        content = response.read().decode()
        connection.close()
        return response.status, content

    def check(self, guards: bool) -> None:
        """A benchmark of something that does not do the job measures nothing."""
        status, content = self.ask(body())
        assert status == 200 and '"hi"' in content, (self.name, status, content[:300])
        if guards:
            status, content = self.ask(body(tool="tool_9999"), {"Mcp-Name": "tool_9999"})
            assert status != 200 or "isError" in content or '"error"' in content, (self.name, "let a forbidden tool by")
            status, _ = self.ask(body(), {"Authorization": "Bearer wrong"})
            assert status in (401, 403), (self.name, "let a missing token by", status)


def script(folder: pathlib.Path, target: Target, payload: str) -> pathlib.Path:
    path = folder / "load.lua"
    (folder / "load.body").write_text(payload)
    lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in target.headers.items()]
    path.write_text(f"""
wrk.method = "POST"
local file = io.open("{folder}/load.body"); wrk.body = file:read("*a"); file:close()
{chr(10).join(lines)}
done = function(summary, latency, requests)
  io.write(string.format('{{"requests":%d,"duration_us":%d,"errors":%d,"p50":%d,"p99":%d,"p999":%d}}\\n', summary.requests,
    summary.duration, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status +
    summary.errors.timeout, latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
""")
    return path


def load(folder, target: Target, seconds: float, payload: str, connections: int = 32) -> dict:
    """Full load; CPU per call is what the kernel charged the gateway, divided by the calls answered."""
    command = ["taskset", "-c", peers.LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
               "-s", str(script(folder, target, payload)), f"http://127.0.0.1:{target.port}{target.path}"]
    before = target.process.cpu_ns() if target.process else 0
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = target.process.cpu_ns() if target.process else 0
    result = json.loads(output.splitlines()[-1])
    assert result["errors"] == 0, (target.name, result, output[:500])
    result["calls_per_second"] = result["requests"] / (result["duration_us"] / 1e6)
    result["cpu_us_per_call"] = (after - before) / 1e3 / result["requests"]
    return result


def paced(folder, target: Target, seconds: float, rate: int, payload: str, clients: int = 16) -> dict:
    """Latency at a fixed rate, from h2load's record of every request."""
    (folder / "paced.body").write_text(payload)
    log = folder / "paced.log"
    log.unlink(missing_ok=True)
    command = ["taskset", "-c", peers.LOAD_CORE, "h2load", "--h1", "-t1", f"-c{clients}", f"-D{seconds}",
               f"--rps={rate / clients}", "-d", str(folder / "paced.body"), f"--log-file={log}"]
    for name, value in target.headers.items():
        command += ["-H", f"{name.lower()}: {value}"]
    subprocess.run(command + [f"http://127.0.0.1:{target.port}{target.path}"], capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    assert rows and all(row[1] == "200" for row in rows), (target.name, len(rows), {row[1] for row in rows})
    times = sorted(int(row[2]) for row in rows)
    pick = lambda share: times[min(len(times) - 1, int(len(times) * share))]
    return {"rate": rate, "requests": len(times), "p50": pick(0.5), "p99": pick(0.99), "p999": pick(0.999)}


def main_section(folder, options, results) -> None:
    token = peers.keys(folder)
    stub = peers.stub(folder)
    try:
        for name in options.only:
            process = None
            if name == "stub":
                target = Target("stub", peers.STUB, "/mcp", None, stub)
            elif name == "nginx":
                process = peers.nginx(folder)
                target = Target("nginx", peers.NGINX, "/mcp", None, process)
            elif name == "toolgate":
                process, grant = peers.toolgate(folder)
                target = Target("toolgate", peers.TOOLGATE, "/mcp/stub", grant, process)
            elif name == "envoy":
                process = peers.envoy(folder)
                target = Target("envoy", peers.ENVOY, "/mcp", token, process)
            else:
                process = peers.mcpg(folder)
                target = Target("mcpg", peers.MCPG, "/mcp", token, process)
            try:
                if name == "mcpg":
                    time.sleep(2)
                target.check(guards=name not in ("stub", "nginx"))
                at_rest = target.process.resident_bytes()
                load(folder, target, 2, body())
                full = load(folder, target, options.seconds, body())
                slow = paced(folder, target, options.seconds, 320, body())
                half = paced(folder, target, options.seconds, 4_000, body()) if name in ("stub", "nginx", "toolgate") else None
                results["main"][name] = {"full": full, "at_320": slow, "at_4000": half, "rss_at_rest": at_rest,
                                         "rss_after": target.process.resident_bytes()}
                print(name, json.dumps(results["main"][name]), file=sys.stderr)
            finally:
                if process:
                    process.stop()
    finally:
        stub.stop()


def sweep(folder, options, results, section: str, variants: list) -> None:
    """One Toolgate figure per variant: (label, tools, grants, text length)."""
    for label, tools, grants, length in variants:
        stub = peers.stub(folder, tools)
        process, grant = peers.toolgate(folder, tools=tools, grants=grants)
        try:
            target = Target("toolgate", peers.TOOLGATE, "/mcp/stub", grant, process)
            payload = body("x" * max(length, 2))
            target.ask(payload)
            row = load(folder, target, max(1, options.seconds // 2), payload, 32 if length < 100_000 else 8)
            row["rss"] = process.resident_bytes()
            row["body_bytes"] = len(payload)
            if section == "size":
                floor = peers.nginx(folder)
                try:
                    beside = Target("nginx", peers.NGINX, "/mcp", None, floor)
                    row["nginx_cpu_us"] = load(folder, beside, max(1, options.seconds // 2), payload,
                                               32 if length < 100_000 else 8)["cpu_us_per_call"]
                finally:
                    floor.stop()
            results[section][label] = row
            print(section, label, json.dumps(row), file=sys.stderr)
        finally:
            process.stop()
            stub.stop()


def kinds_section(folder, options, results) -> None:
    """The same call to other kinds of upstream; only the gateway's own processes are charged."""
    http = f'{{url: "http://127.0.0.1:{peers.STUB}/mcp"}}'
    script = ROOT / "Benchmarks" / "stdio_server.py"
    stdio = (f'{{command: /usr/bin/taskset, args: ["-c", "{peers.LOAD_CORE}", "{sys.executable}", "{script}"]}}')
    ten = "bundles:\n  - name: ten\n    members:\n" + "\n".join(
        f"      - {{server: s{number}, prefix: s{number}_, policy: main-s{number}}}" for number in range(10))
    variants = [
        ("HTTP", lambda: peers.kind(folder, [("one", http)], "one"), "/mcp/one", "echo"),
        ("stdio", lambda: peers.kind(folder, [("one", stdio)], "one"), "/mcp/one", "echo"),
        ("bundle of ten", lambda: peers.kind(folder, [(f"s{n}", http) for n in range(10)], "ten", ten), "/mcp/ten", "s7_echo"),
        ("connector", lambda: (peers.connector(folder), None), "/mcp", "echo"),
    ]
    stub = peers.stub(folder, 1)
    try:
        for label, start, path, tool in variants:
            process, grant = start()
            try:
                target = Target(label, peers.TOOLGATE, path, grant, process)
                target.tool = tool
                payload = body(tool=tool)
                status, content = target.ask(payload)
                assert status == 200 and "hi" in content and '"isError":true' not in content, (label, status, content[:500])
                load(folder, target, 1, payload)
                results["kinds"][label] = {**load(folder, target, options.seconds, payload), "rss": process.resident_bytes()}
                print("kinds", label, json.dumps(results["kinds"][label]), file=sys.stderr)
            finally:
                process.stop()
    finally:
        stub.stop()


def streams_section(folder, options, results) -> None:
    """Resident memory with idle `subscriptions/listen` streams open."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(40_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    stub = peers.stub(folder)
    process, grant = peers.toolgate(folder)
    try:
        target = Target("toolgate", peers.TOOLGATE, "/mcp/stub", grant, process)
        target.check(guards=True)
        results["streams"]["0"] = process.resident_bytes()
        payload = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {
            "notifications": {"toolsListChanged": True}, "_meta": META}}).encode()
        headers = {**target.headers, "Mcp-Method": "subscriptions/listen", "Host": "127.0.0.1"}
        headers.pop("Mcp-Name")
        head = f"POST {target.path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        request = head.encode() + f"Content-Length: {len(payload)}\r\n\r\n".encode() + payload
        open_streams = []
        for goal in (1_000, 10_000):
            while len(open_streams) < goal:
                # Spread over loopback addresses: one address may hold only so many connections.
                source = f"127.0.{1 + len(open_streams) // 200}.1"
                client = socket.socket()
                client.settimeout(20)
                client.bind((source, 0))
                client.connect(("127.0.0.1", peers.TOOLGATE))
                client.sendall(request)
                open_streams.append(client)
                if len(open_streams) % 100 == 0:
                    answers = [stream.recv(4096) for stream in open_streams[-100:]]
                    assert all(b" 200 " in answer for answer in answers), answers[0][:300]
                    # Each must really follow the server: an acknowledgement that promises nothing is no stream.
                    assert all(b'"toolsListChanged":true' in answer for answer in answers), answers[-1][:600]
            time.sleep(1)
            results["streams"][str(goal)] = process.resident_bytes()
            status, answer = target.ask(body())
            assert status == 200 and '"hi"' in answer and "isError" not in answer, answer
        print("streams", results["streams"], file=sys.stderr)
        for client in open_streams:
            client.close()
    finally:
        process.stop()
        stub.stop()


def journal_section(folder, options, results) -> None:
    """What the journal costs: calls that go on when noted, and calls that go on when the disk has them.

    With two workers on whatever cores there are, so that strict mode is limited by the disk and not by one core.
    """
    stub = peers.stub(folder)
    try:
        for mode in ("grouped", "strict"):
            process, grant = peers.toolgate(folder, name=f"audit-{mode}", audit=mode, workers=2)
            try:
                target = Target("toolgate", peers.TOOLGATE, "/mcp/stub", grant, process)
                target.check(guards=True)
                load(folder, target, 1, body())
                results["journal"][mode] = load(folder, target, options.seconds, body(), 32)
                print("journal", mode, json.dumps(results["journal"][mode]), file=sys.stderr)
            finally:
                process.stop()
    finally:
        stub.stop()


def start_section(folder, options, results) -> None:
    """Milliseconds from exec to the first answered call, over ten starts."""
    stub = peers.stub(folder)
    times, resting = [], []
    try:
        for number in range(10):
            process, grant = peers.toolgate(folder, name=f"start{number}", wait=False)
            began = time.monotonic()
            target = Target("toolgate", peers.TOOLGATE, "/mcp/stub", grant, process)
            while True:
                try:
                    status, content = target.ask(body())
                    assert status == 200 and '"hi"' in content, content
                    break
                except OSError:
                    assert time.monotonic() - began < 10, "never answered"
                    time.sleep(0.001)
            times.append((time.monotonic() - began) * 1000)
            resting.append(process.resident_bytes())
            process.stop()
    finally:
        stub.stop()
    results["start"] = {"median_ms": statistics.median(times), "worst_ms": max(times), "all_ms": times}
    print("start", results["start"], file=sys.stderr)


def versions() -> dict:

    def run(*command):
        try:
            return subprocess.run(command, capture_output=True, text=True).stdout.strip().splitlines()
        except FileNotFoundError:
            return []

    return {
        "nginx": subprocess.run([peers.nginx_binary(), "-v"], capture_output=True, text=True).stderr.strip(),
        "toolgate": (run(peers.TOOLGATE_BIN, "version") or ["?"])[0],
        "commit": (run("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD") or ["?"])[0],
        "peers": run(str(peers.VENV / "pip"), "freeze", "--disable-pip-version-check"),
        "kernel": os.uname().release, "cpu": next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                                                   if line.startswith("model name")), "?"),
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--only", default="stub,nginx,toolgate,envoy,mcpg")
    parser.add_argument("--sections", default="main,size,policy,kinds,grants,journal,streams,start")
    parser.add_argument("--output", default=str(ROOT / "docs" / "benchmarks"))
    options = parser.parse_args()
    options.only = options.only.split(",")
    options.seconds = int(options.seconds)
    sections = options.sections.split(",")
    results = {"versions": versions(), "main": {}, "size": {}, "policy": {}, "kinds": {}, "grants": {}, "journal": {}, "streams": {}, "start": {}}
    with peers.workspace() as folder:
        if "main" in sections:
            main_section(folder, options, results)
        if "policy" in sections:
            sweep(folder, options, results, "policy", [(str(count), count, 1, 2) for count in (1, 50, 5_000)])
        if "kinds" in sections:
            kinds_section(folder, options, results)
        if "grants" in sections:
            sweep(folder, options, results, "grants", [(str(count), 50, count, 2) for count in (1, 100, 10_000)])
        if "size" in sections:
            sweep(folder, options, results, "size", [(str(length), 50, 1, length) for length in (2, 1_000, 10_000, 100_000, 1_000_000)])
        if "journal" in sections:
            journal_section(folder, options, results)
        if "streams" in sections:
            streams_section(folder, options, results)
        if "start" in sections:
            start_section(folder, options, results)
    output = pathlib.Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    raw = output / "latest.json"
    raw.write_text(json.dumps(results, indent=1) + "\n")
    print(f"raw results: {raw}")


if __name__ == "__main__":
    main()
