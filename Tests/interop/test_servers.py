"""Published servers behind the gateway: FastMCP, and mcp-server-time and mcp-server-git behind an HTTP bridge."""

import asyncio
import contextlib
import pathlib
import subprocess
import sys

import httpx2
import pytest
from harness import PYTHON2, gateway, upstream
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

BIN = pathlib.Path(PYTHON2).parent


@contextlib.asynccontextmanager
async def connect(target, mode):
    headers = {"Authorization": f"Bearer {target.tokens['agent']}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(target.url, http_client=http), mode=mode) as client:
            yield client


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_fastmcp_server(mode):
    policy = {"version": "1", "default": "deny", "tools": {"echo": {}}}
    with upstream(PYTHON2, script="fastmcp_upstream.py") as port, gateway(port, policy) as target:

        async def scenario():
            async with connect(target, mode) as client:
                assert (await client.call_tool("echo", {"text": "hi"})).content[0].text == "hi"
                assert (await client.call_tool("delete_account", {"account": "x"})).is_error

        run(scenario())


def test_fastmcp_command_line_client():
    policy = {"version": "1", "default": "deny", "tools": {"echo": {}}}
    with upstream(PYTHON2, script="fastmcp_upstream.py") as port, gateway(port, policy) as target:
        answer = subprocess.run(
            [str(BIN / "fastmcp"), "call", target.url, "echo", "text=hello", "--json", "--auth",
             target.tokens["agent"]], capture_output=True, text=True, timeout=60)
        assert answer.returncode == 0, answer.stderr
        assert "hello" in answer.stdout


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_mcp_server_time(mode):
    policy = {
        "version": "1", "default": "deny",
        "tools": {"get_current_time": {"require": [{
            "conditions": [{"path": "args.timezone", "op": "in", "value": ["UTC", "Europe/Lisbon"]}],
            "on_deny": "Only UTC and Europe/Lisbon."}]}},
    }
    options = [str(BIN / "mcp-server-time"), "--local-timezone", "UTC"]
    with upstream(PYTHON2, *options, script="bridge.py") as port, gateway(port, policy) as target:

        async def scenario():
            async with connect(target, mode) as client:
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
    options = [str(BIN / "mcp-server-git"), "--repository", str(repository)]
    with upstream(PYTHON2, *options, script="bridge.py") as port, gateway(port, policy) as target:

        async def scenario():
            async with connect(target, "legacy") as client:
                names = {tool.name for tool in (await client.list_tools()).tools}
                assert "git_status" in names and "git_reset" not in names
                good = await client.call_tool("git_status", {"repo_path": str(repository)})
                assert not good.is_error and "a.txt" in good.content[0].text
                escape = await client.call_tool("git_status", {"repo_path": f"{repository}/../.."})
                assert escape.is_error and "[POLICY DENIED]" in escape.content[0].text

        run(scenario())
