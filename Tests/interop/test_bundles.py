"""A bundle of real servers of every generation, one that hangs and one that answers garbage, to both eras of clients."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

import pytest
from harness import PYTHON1, PYTHON2, TOOLGATE, Gateway, free_port, mint, stop, upstream, wait_for_port
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult
from test_sdk2 import connect, run, text

POLICY = {"version": "1", "default": "allow", "hide": ["secret_tool"]}


@contextlib.contextmanager
def misbehaving(answer: bytes):
    """A server that takes every connection and answers it like this, or not at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    held.append(connection)
                    if answer:
                        connection.recv(65536)
                        connection.sendall(answer)
                        connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


class Bundle(Gateway):
    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp/office"


@pytest.fixture(scope="module")
def office():
    with contextlib.ExitStack() as stack:
        garbage = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\nyes"
        ports = {
            "old": stack.enter_context(upstream(PYTHON1)),
            "both": stack.enter_context(upstream(PYTHON2)),
            "new": stack.enter_context(upstream(PYTHON2, "--modern-only")),
            "hangs": stack.enter_context(misbehaving(b"")),
            "garbage": stack.enter_context(misbehaving(garbage)),
        }
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toolgate-bundle-")))
        grant = mint(folder, "agent")
        (folder / "policy.json").write_text(json.dumps(POLICY))
        lines = ["version: 1", "servers:"]
        for name, port in ports.items():
            lines.append(f'  - {{name: {name}, upstream: {{url: "http://127.0.0.1:{port}/mcp"}}}}')
        lines.append("policies:")
        lines += [f"  - {{name: p-{name}, server: {name}, document: policy.json}}" for name in ports]
        lines += ["bundles:", "  - name: office", "    members:"]
        lines += [f"      - {{server: {name}, prefix: {name}_, policy: p-{name}}}" for name in ports]
        lines += ["grants:", f'  - {{label: agent, bundle: office, token_digest: "{grant["token_digest"]}"}}']
        (folder / "toolgate.yaml").write_text("\n".join(lines) + "\n")
        port = free_port()
        log = stack.enter_context(open(os.environ.get("TOOLGATE_INTEROP_LOG", os.devnull), "ab"))
        process = subprocess.Popen(
            [TOOLGATE, "up", "--config", str(folder / "toolgate.yaml"), "--listen", f"127.0.0.1:{port}",
             "--data", str(folder / "data"), "--log", str(folder / "decisions.log")], stdout=log, stderr=log)
        stack.callback(stop, process)
        wait_for_port(port, process)
        yield Bundle(port, folder, process, {"agent": grant["token"]}, ports["both"])


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28", "auto"])
def test_three_of_five_are_there_within_two_seconds_and_answer(office, mode):
    async def answer(context, params):
        return ElicitResult(action="accept", content={"colour": "green"})

    async def scenario():
        async with connect(office, mode, elicitation_callback=answer) as client:
            await client.list_tools()  # the first one learns what the servers are
            began = time.monotonic()
            listed = await client.list_tools()
            assert time.monotonic() - began < 2
            names = {tool.name for tool in listed.tools}
            assert {f"{name}_echo" for name in ("old", "both", "new")} <= names
            assert not any(name.startswith(("hangs_", "garbage_")) or "secret" in name for name in names)
            assert {part["server"] for part in listed.meta["dev.toolgate/missing"]} == {"hangs", "garbage"}
            for name in ("old", "both", "new"):
                began = time.monotonic()
                assert text(await client.call_tool(f"{name}_echo", {"text": name})) == name
                assert time.monotonic() - began < 2
                assert text(await client.call_tool(f"{name}_favourite", {})) == "accept: green"
                assert "Ada" in (await client.get_prompt(f"{name}_greet", {"name": "Ada"})).messages[0].content.text
            assert (await client.read_resource("docs://open/readme")).contents[0].text == "read me"
            for name in ("old_secret_tool", "old_absent", "echo"):
                with pytest.raises(MCPError) as caught:
                    await client.call_tool(name, {})
                assert caught.value.code == -32602

    run(scenario())
    lines = [line for line in office.log() if line.get("tool") == "echo" and line["outcome"] == "allow"]
    assert {line["server"] for line in lines} == {"old", "both", "new"}
    assert all(line["bundle"] == "office" for line in lines)
