"""`toolgate scan` on a home folder with the settings of all ten clients, published servers really started, and bad ones."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest
from harness import PYTHON1, PYTHON2, ROOT, TOOLGATE, upstream

BIN2 = pathlib.Path(PYTHON2).parent
BIN1 = pathlib.Path(PYTHON1).parent
FIXTURE = ROOT / "Tests" / "ClientSettingsTests" / "Data" / "home"
CLIENTS = {
    "claude-desktop", "claude-code", "cursor", "vscode", "windsurf", "codex", "gemini-cli", "zed", "cline", "continue"}
PATH = f"{BIN2}:{BIN1}:{os.environ['PATH']}"


def scan(*words, status=0, command="scan", **variables):
    done = subprocess.run(
        [TOOLGATE, command, *map(str, words)], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": PATH, "TZ": "UTC", "LANG": "C.UTF-8", **variables})
    assert done.returncode == status, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done


@pytest.fixture
def home(tmp_path):
    """The fixture's home, its git servers on a repository that is there."""
    target = tmp_path / "home"
    shutil.copytree(FIXTURE, target)
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    for path in [".cursor/mcp.json", ".continue/mcpServers/git.yaml"]:
        file = target / path
        file.write_bytes(file.read_bytes().replace(b'"/tmp"', json.dumps(str(repository)).encode()))
    return target


def test_every_server_and_tool_of_all_ten_clients_is_found(home):
    report = json.loads(scan("--home", home, "--yes", "--output", "json").stdout)
    assert {server["client"] for server in report["servers"]} == CLIENTS
    listed = {(server["client"], server["name"]): {tool["name"] for tool in server["tools"]}
              for server in report["servers"] if server["outcome"] == "listed"}
    times = [key for key in listed if "time" in key[1] or key[1] == "crm"]
    assert len(times) == 12 and all(listed[key] == {"get_current_time", "convert_time"} for key in times)
    for client in ("cursor", "continue"):
        assert {"git_status", "git_commit"} <= listed[client, "git"]
    rest = {(server["client"], server["name"]): server["reason"] for server in report["servers"] if server["outcome"] != "listed"}
    assert "TRACKER_TOKEN" in rest["cursor", "tracker"] and "switched off" in rest["cline", "off"]
    assert any(finding["rule"] == "plaintext-secret" and finding["line"] == 12 for finding in report["findings"])
    assert "fixture-not-a-real-token" not in json.dumps(report)


def test_offline_starts_nothing_and_nobody_there_means_no(home):
    for words in (["--offline"], []):
        report = json.loads(scan("--home", home, "--output", "json", *words).stdout)
        assert not any(server["outcome"] == "listed" for server in report["servers"])
        assert any(finding["rule"] == "plaintext-secret" for finding in report["findings"])


def test_fail_on_and_baseline(home, tmp_path):
    first = scan("--home", home, "--offline", "--output", "json", "--fail-on", "HIGH", status=1)
    (tmp_path / "known.json").write_text(first.stdout)
    scan("--home", home, "--offline", "--fail-on", "critical")
    again = scan("--home", home, "--offline", "--fail-on", "low", "--baseline", tmp_path / "known.json")
    assert "known before" in again.stdout
    scan("--home", home, "--offline", "--fail-on", "huge", status=2)


BAD = """
import json, sys, time
mode = sys.argv[1]
def answer(request, result):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\\n"); sys.stdout.flush()
if mode == "flood":
    while True: sys.stdout.write("x" * 65536); sys.stdout.flush()
if mode == "chatter":
    while True: sys.stdout.write('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\\n')
for line in sys.stdin:
    request = json.loads(line)
    if mode == "hang" or "id" not in request: continue
    if request["method"] == "initialize":
        answer(request, {"protocolVersion": request["params"]["protocolVersion"], "capabilities": {"tools": {}},
                         "serverInfo": {"name": "bad", "version": "1"}})
    elif request["method"] == "tools/list":
        schema = {"type": "object"}
        if mode == "large": answer(request, {"tools": [{"name": "a", "description": "y" * (50 << 20), "inputSchema": schema}]})
        if mode == "many": answer(request, {"tools": [{"name": f"t{i}", "inputSchema": schema} for i in range(100000)]})
        if mode == "good": answer(request, {"tools": [{"name": "delete_all", "description": "Deletes everything for good.", "inputSchema": schema}]})
        if mode == "endless": answer(request, {"tools": [], "nextCursor": str(time.time())})
    else:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "no"}}) + "\\n")
        sys.stdout.flush()
"""


def test_servers_that_hang_flood_or_answer_too_much_are_reported_by_name(tmp_path):
    (tmp_path / "bad.py").write_text(BAD)
    modes = ["hang", "flood", "chatter", "large", "many", "endless", "good"]
    servers = {mode: {"command": sys.executable, "args": [str(tmp_path / "bad.py"), mode]} for mode in modes}
    servers["missing"] = {"command": "/nonexistent/server"}
    servers["gone"] = {"url": "http://127.0.0.1:1/mcp"}
    (tmp_path / "mcp.json").write_text(json.dumps({"mcpServers": servers}))
    start = time.monotonic()
    done = scan("--config", tmp_path / "mcp.json", "--client", "cursor", "--yes", "--output", "json", "--timeout", 15)
    assert time.monotonic() - start < 120
    report = json.loads(done.stdout)
    outcomes = {server["name"]: server for server in report["servers"]}
    assert outcomes["good"]["outcome"] == "listed"
    named = {finding["server"] for finding in report["findings"] if finding["rule"] == "server-not-listed"}
    assert named == set(servers) - {"good"}
    assert "MiB" in outcomes["many"]["reason"] or "tools" in outcomes["many"]["reason"]
    print({name: server.get("reason") for name, server in outcomes.items()})


def test_a_server_of_the_transport_before_streamable_http_is_asked_and_adopted(tmp_path):
    data, config = tmp_path / "data", tmp_path / "mcp.json"
    with upstream(PYTHON2, "--sse") as port:
        config.write_text(json.dumps({"mcpServers": {"old": {"type": "sse", "url": f"http://127.0.0.1:{port}/sse"}}}))
        report = json.loads(scan("--config", config, "--client", "cursor", "--yes", "--output", "json").stdout)
        assert "echo" in {tool["name"] for tool in report["servers"][0]["tools"]}
        scan("--config", config, "--client", "cursor", "--yes", "--data", data, command="adopt")
    # The client is led to the gateway, and the gateway speaks the old transport to the server.
    assert "/mcp/old" in config.read_text() and "sse" not in config.read_text()


def test_broken_settings_are_reported_by_file_and_place(tmp_path):
    (tmp_path / ".cursor").mkdir()
    (tmp_path / ".cursor/mcp.json").write_text('{\n "mcpServers": {,}\n}')
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex/config.toml").write_text("[mcp_servers.a]\ncommand = \n")
    os.mkfifo(tmp_path / ".claude.json")
    report = json.loads(scan("--home", tmp_path, "--output", "json").stdout)
    places = {(pathlib.Path(finding["file"]).name, finding["line"]) for finding in report["findings"]}
    assert places == {("mcp.json", 2), ("config.toml", 2), (".claude.json", 1)}


def test_sarif_and_markdown(home):
    log = json.loads(scan("--home", home, "--offline", "--output", "sarif").stdout)
    assert log["version"] == "2.1.0"
    rules = {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert log["runs"][0]["results"] and all(result["ruleId"] in rules for result in log["runs"][0]["results"])
    assert scan("--home", home, "--offline", "--output", "markdown").stdout.startswith("# What your agents can call")


@pytest.mark.skipif(not shutil.which("chromium"), reason="Debian's `chromium` is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_in_a_browser_without_an_error(home, tmp_path, scheme):
    page = tmp_path / "report.html"
    page.write_text(scan("--home", home, "--yes", "--output", "html").stdout)
    features = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", *features,
         "--enable-logging=stderr", "--v=0", f"--screenshot={tmp_path / 'page.png'}", "--window-size=1200,1600",
         "--virtual-time-budget=2000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert done.returncode == 0 and not said, said
    assert len(re.findall(r"<svg", done.stdout)) == 2 and "git_commit" in done.stdout


# adopt


def contents(folder: pathlib.Path) -> dict:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_adopt_then_undo_leaves_every_file_byte_identical(home, tmp_path):
    data = tmp_path / "data"
    before = contents(home)
    shown = scan("--home", home, "--yes", "--dry-run", "--data", data, command="adopt")
    assert contents(home) == before and not data.exists()
    assert "fixture-not-a-real-token" not in shown.stdout + shown.stderr and "••••" in shown.stdout
    done = scan("--home", home, "--yes", "--data", data, command="adopt")
    after = contents(home)
    changed = {path for path in before if before[path] != after[path]}
    assert len(changed) == 11 and set(after) == set(before), changed
    assert b"// what we use every day" in after[".cursor/mcp.json"] and b"fixture-not-a-real-token" not in b"".join(after.values())
    assert "stays as it is" in done.stderr and "tracker" in done.stderr
    # What was adopted is behind Toolgate, and a second time there is nothing to do.
    report = json.loads(scan("--home", home, "--offline", "--output", "json").stdout)
    assert sum(server["guarded"] for server in report["servers"]) == 14
    scan("--yes", "--undo", "--data", data, command="adopt")
    assert contents(home) == before
    scan("--yes", "--undo", "--data", data, command="adopt", status=1)


def test_a_file_that_was_changed_since_is_left_and_said(home, tmp_path):
    data = tmp_path / "data"
    config = home / ".cursor/mcp.json"
    scan("--config", config, "--yes", "--data", data, command="adopt")
    config.write_bytes(config.read_bytes() + b"// mine\n")
    said = scan("--yes", "--undo", "--data", data, command="adopt", status=1)
    assert "changed since" in said.stderr and config.read_bytes().endswith(b"// mine\n")


def test_an_adopted_client_calls_through_the_policy(home, tmp_path):
    import asyncio
    import tomllib

    from harness import free_port, stop, wait_for_port
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    data, port = tmp_path / "data", free_port()
    scan("--home", home, "--yes", "--data", data, "--gateway", f"http://127.0.0.1:{port}", command="adopt")
    entry = tomllib.loads((home / ".codex/config.toml").read_text())["mcp_servers"]["time"]
    assert entry["startup_timeout_sec"] == 20
    with open(tmp_path / "up.log", "wb") as log:
        running = subprocess.Popen(
            [TOOLGATE, "up", "--data", str(data), "--listen", f"127.0.0.1:{port}", "--log", str(tmp_path / "decisions.log")],
            stdout=log, stderr=log, env={**os.environ, "PATH": PATH})
    try:
        wait_for_port(port, running)

        async def scenario():
            parameters = StdioServerParameters(command=entry["command"], args=entry["args"])
            async with Client(stdio_client(parameters), mode="legacy") as client:
                assert {tool.name for tool in (await client.list_tools()).tools} == {"get_current_time", "convert_time"}
                assert not (await client.call_tool("get_current_time", {"timezone": "UTC"})).is_error

        asyncio.run(asyncio.wait_for(scenario(), 100))
    finally:
        stop(running)
    assert '"codex-time"' in (tmp_path / "decisions.log").read_text()
