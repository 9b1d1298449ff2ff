"""Published servers as processes of the gateway, and the two commands for clients that speak only over standard streams."""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import httpx2
import pytest
from harness import PYTHON1, PYTHON2, TOOLGATE, Gateway, free_port, mint, stop, wait_for_port
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

BIN1 = pathlib.Path(PYTHON1).parent
BIN2 = pathlib.Path(PYTHON2).parent
TIME = [str(BIN2 / "mcp-server-time"), "--local-timezone", "UTC"]
TIME_POLICY = {
    "version": "1", "default": "deny",
    "tools": {"get_current_time": {"require": [{
        "conditions": [{"path": "args.timezone", "op": "in", "value": ["UTC", "Europe/Lisbon"]}],
        "on_deny": "Only UTC and Europe/Lisbon."}]}},
}


@contextlib.contextmanager
def stdio_gateway(command, policy, env=None, process="shared", variables=None):
    """A gateway that runs `command` as its server `witness`, with the grants `agent` and `other`."""
    with tempfile.TemporaryDirectory(prefix="toolgate-stdio-") as name:
        folder = pathlib.Path(name)
        grants = {label: mint(folder, label) for label in ("agent", "other")}
        upstream = {"command": command[0], "args": command[1:], "process": process, "env": env or {}}
        (folder / "policy.json").write_text(json.dumps(policy))
        entries = [{"label": label, "server": "witness", "policy": "main", "token_digest": grant["token_digest"]}
                   for label, grant in grants.items()]
        (folder / "toolgate.yaml").write_text(json.dumps({
            "version": 1, "servers": [{"name": "witness", "upstream": upstream}],
            "policies": [{"name": "main", "server": "witness", "document": "policy.json"}], "grants": entries}, indent=1))
        port = free_port()
        with open(os.environ.get("TOOLGATE_INTEROP_LOG", os.devnull), "ab") as log:
            running = subprocess.Popen(
                [TOOLGATE, "up", "--config", str(folder / "toolgate.yaml"), "--listen", f"127.0.0.1:{port}",
                 "--data", str(folder / "data"), "--log", str(folder / "decisions.log")],
                stdout=log, stderr=log, env={**os.environ, **(variables or {})})
            try:
                wait_for_port(port, running)
                tokens = {label: grant["token"] for label, grant in grants.items()}
                yield Gateway(port, folder, running, tokens, 0)
            finally:
                stop(running)


@contextlib.asynccontextmanager
async def connect(target, mode, token="agent"):
    headers = {"Authorization": f"Bearer {target.tokens[token]}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(target.url, http_client=http), mode=mode) as client:
            yield client


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 110))


def descendants(process: int) -> set:
    """Every process below another, by /proc."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            parents[int(entry.name)] = int(fields[1])
    found, frontier = set(), {process}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return found


def alive(process: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("process", ["shared", "grant", "session"])
def test_mcp_server_time(mode, process):
    with stdio_gateway(TIME, TIME_POLICY, process=process) as target:

        async def scenario():
            async with connect(target, mode) as client:
                names = {tool.name for tool in (await client.list_tools()).tools}
                assert "get_current_time" in names
                good = await client.call_tool("get_current_time", {"timezone": "UTC"})
                assert not good.is_error and "UTC" in good.content[0].text
                bad = await client.call_tool("get_current_time", {"timezone": "Asia/Tokyo"})
                assert bad.is_error and "Only UTC" in bad.content[0].text

        run(scenario())


def test_mcp_server_git(tmp_path):
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    (repository / "a.txt").write_text("a")
    policy = {"version": "1", "default": "deny", "hide": ["git_reset"], "tools": {
        "git_status": {"require": [{"conditions": [
            {"path": "args.repo_path", "op": "path_within", "value": [str(repository)]}]}]}}}
    with stdio_gateway([str(BIN2 / "mcp-server-git"), "--repository", str(repository)], policy) as target:

        async def scenario():
            async with connect(target, "auto") as client:
                names = {tool.name for tool in (await client.list_tools()).tools}
                assert "git_status" in names and "git_reset" not in names
                good = await client.call_tool("git_status", {"repo_path": str(repository)})
                assert not good.is_error and "a.txt" in good.content[0].text
                escape = await client.call_tool("git_status", {"repo_path": f"{repository}/../.."})
                assert escape.is_error and "[POLICY DENIED]" in escape.content[0].text

        run(scenario())


def test_mcp_server_fetch(tmp_path):
    (tmp_path / "a.txt").write_text("forty-two")
    port = free_port()
    files = subprocess.Popen([PYTHON2, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(tmp_path)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    policy = {"version": "1", "default": "deny", "tools": {"fetch": {"require": [{"conditions": [
        {"path": "args.url", "op": "url_host_in", "value": ["127.0.0.1"]}]}]}}}
    command = [str(BIN2 / "mcp-server-fetch"), "--ignore-robots-txt", "--allow-private-ips"]
    try:
        wait_for_port(port, files)
        with stdio_gateway(command, policy) as target:

            async def scenario():
                async with connect(target, "auto") as client:
                    good = await client.call_tool("fetch", {"url": f"http://127.0.0.1:{port}/a.txt", "raw": True})
                    assert not good.is_error and "forty-two" in good.content[0].text
                    bad = await client.call_tool("fetch", {"url": "http://169.254.169.254/latest", "raw": True})
                    assert bad.is_error and "[POLICY DENIED]" in bad.content[0].text

            run(scenario())
    finally:
        stop(files)


def test_kommo_kiro_power():
    """A server of the handshake era only, its token in the environment by reference."""
    secret = "kommo-secret-7f3a91c2"
    policy = {"version": "1", "default": "deny", "hide": ["delete_lead"], "tools": {"list_*": {}, "get_*": {}}}
    env = {"KOMMO_SUBDOMAIN": "t", "KOMMO_ACCESS_TOKEN": {"secret": "env:KOMMO_SECRET"}}
    with stdio_gateway([str(BIN1 / "kommo-mcp")], policy, env=env, variables={"KOMMO_SECRET": secret}) as target:

        async def scenario():
            async with connect(target, "auto") as client:
                tools = (await client.list_tools()).tools
                names = {tool.name for tool in tools}
                assert len(names) > 3 and "delete_lead" not in names
                with pytest.raises(MCPError, match="Unknown tool"):
                    await client.call_tool("delete_lead", {"lead_id": 1})
                # It has no network here: the server itself says so, behind the gateway.
                reads = [tool for tool in tools if tool.name.startswith(("get_", "list_"))
                         and not tool.input_schema.get("required")]
                answer = await client.call_tool(reads[0].name, {})
                assert "[POLICY DENIED]" not in str(answer.content)

        run(scenario())
        for process in descendants(target.process.pid):
            with contextlib.suppress(OSError):
                assert secret not in pathlib.Path(f"/proc/{process}/cmdline").read_text()
        for file in target.folder.rglob("*"):
            if file.is_file():
                assert secret.encode() not in file.read_bytes(), file


def test_killed_gateway_leaves_nothing():
    with stdio_gateway(TIME, TIME_POLICY) as target:

        async def scenario():
            async with connect(target, "legacy") as client:
                assert not (await client.call_tool("get_current_time", {"timezone": "UTC"})).is_error

        run(scenario())
        below = descendants(target.process.pid)
        assert len(below) >= 2
        target.process.send_signal(signal.SIGKILL)
        target.process.wait(10)
        assert wait_until(lambda: not any(alive(process) for process in below)), below


def test_ended_gateway_leaves_nothing():
    with stdio_gateway(TIME, TIME_POLICY) as target:

        async def scenario():
            async with connect(target, "auto") as client:
                assert not (await client.call_tool("get_current_time", {"timezone": "UTC"})).is_error

        run(scenario())
        below = descendants(target.process.pid)
        assert len(below) >= 2
        stop(target.process)
        assert target.process.returncode == 0
        assert not any(alive(process) for process in below)


def test_killed_server_is_started_again_and_shown():
    with stdio_gateway(TIME, TIME_POLICY) as target:

        def show():
            output = subprocess.run(
                [TOOLGATE, "server", "show", "witness", "--data", str(target.folder / "data"), "--output", "json"],
                check=True, capture_output=True, timeout=30)
            return json.loads(output.stdout)

        async def scenario():
            async with connect(target, "auto") as client:
                arguments = {"timezone": "UTC"}
                assert not (await client.call_tool("get_current_time", arguments)).is_error
                assert show()["health"]["state"] == "running"
                for process in descendants(target.process.pid):
                    if "mcp-server-time" in pathlib.Path(f"/proc/{process}/cmdline").read_text().split("\0")[1]:
                        os.kill(process, signal.SIGKILL)
                assert wait_until(lambda: show()["health"]["failures"] >= 1)
                assert not (await client.call_tool("get_current_time", arguments)).is_error

        run(scenario())
        logs = subprocess.run(
            [TOOLGATE, "server", "logs", "witness", "--data", str(target.folder / "data")],
            check=True, capture_output=True, text=True, timeout=30).stdout
        assert "ended by signal 9" in logs and logs.count("is started") >= 2


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_wrap(mode, tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(TIME_POLICY))
    parameters = StdioServerParameters(command=TOOLGATE, args=[
        "wrap", "--policy", str(policy), "--data", str(tmp_path / "data"), "--", *TIME])

    async def scenario():
        async with Client(stdio_client(parameters), mode=mode) as client:
            good = await client.call_tool("get_current_time", {"timezone": "UTC"})
            assert not good.is_error and "UTC" in good.content[0].text
            bad = await client.call_tool("get_current_time", {"timezone": "Asia/Tokyo"})
            assert bad.is_error and "Only UTC" in bad.content[0].text

    run(scenario())
    log = [json.loads(line) for line in (tmp_path / "data" / "decisions.log").read_text().splitlines()]
    outcomes = [line["outcome"] for line in log if line.get("tool") == "get_current_time"]
    assert outcomes == ["allow", "deny"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_connect(mode):
    with stdio_gateway(TIME, TIME_POLICY) as target:
        parameters = StdioServerParameters(
            command=TOOLGATE, args=["connect", target.url], env={"TOOLGATE_TOKEN": target.tokens["agent"]})

        async def scenario():
            async with Client(stdio_client(parameters), mode=mode) as client:
                good = await client.call_tool("get_current_time", {"timezone": "UTC"})
                assert not good.is_error and "UTC" in good.content[0].text
                bad = await client.call_tool("get_current_time", {"timezone": "Asia/Tokyo"})
                assert bad.is_error and "Only UTC" in bad.content[0].text

        run(scenario())


def test_connect_says_what_is_wrong():
    with stdio_gateway(TIME, TIME_POLICY) as target:
        opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}
        answer = subprocess.run(
            [TOOLGATE, "connect", target.url], input=json.dumps(opening) + "\n[]\nnonsense\n", capture_output=True,
            text=True, timeout=30, env={"TOOLGATE_TOKEN": "tg_wrong"})
        errors = [json.loads(line)["error"] for line in answer.stdout.splitlines()]
        assert {error["code"] for error in errors} >= {-32600, -32700}
        missing = subprocess.run([TOOLGATE, "connect", target.url], capture_output=True, text=True, timeout=30, env={})
        assert missing.returncode == 3 and "TOOLGATE_TOKEN" in missing.stderr
