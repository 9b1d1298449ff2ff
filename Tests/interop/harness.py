"""Starts real servers and a real Toolgate for the interop tests. Standard library only: both environments use it."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLGATE = os.environ.get("TOOLGATE_BIN", str(ROOT / ".build" / "debug" / "toolgate"))
PYTHON2 = os.environ.get("TOOLGATE_PYTHON_MCP2", str(ROOT / ".venv-mcp2" / "bin" / "python"))
PYTHON1 = os.environ.get("TOOLGATE_PYTHON_MCP1", str(ROOT / ".venv-mcp1" / "bin" / "python"))

POLICY = {
    "version": "1",
    "default": "deny",
    "hide": ["secret_tool"],
    "tools": {
        "echo": {},
        "add": {},
        "fail": {},
        "count_up": {},
        "linger": {},
        "large": {},
        "favourite": {},
        "grow": {},
        "mutate": {},
        "transfer": {
            "deny_if": [
                {
                    "name": "too-much",
                    "conditions": [{"path": "args.amount", "op": "gt", "value": 100}],
                    "on_deny": "Transfers above 100 need a person. Ask your operator.",
                }
            ],
            "limits": [{"counter": "transfers", "window": "hour", "max": 2}],
        },
    },
    "resources": {"allow": ["docs://open/*"]},
    "prompts": {"allow": ["greet"]},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"process {process.args} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on {port}")


def stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@contextlib.contextmanager
def upstream(python: str = PYTHON2, *options: str, script: str = "upstream.py"):
    """A real SDK server; yields its port."""
    port = free_port()
    with open(os.environ.get("TOOLGATE_INTEROP_LOG", os.devnull), "ab") as log:
        process = subprocess.Popen([python, str(HERE / script), str(port), *options], stdout=log, stderr=log)
        try:
            wait_for_port(port, process)
            yield port
        finally:
            stop(process)


class Gateway:
    """A running `toolgate up --config`, with what a client needs to reach it."""

    def __init__(self, port: int, folder: pathlib.Path, process: subprocess.Popen, tokens: dict, upstream_port: int):
        self.port = port
        self.folder = folder
        self.process = process
        self.tokens = tokens
        self.upstream_port = upstream_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp/witness"

    @property
    def headers(self) -> dict:
        return {"Authorization": f"Bearer {self.tokens['agent']}"}

    def log(self) -> list:
        """The decision log so far; waits a moment for its last batch."""
        time.sleep(0.2)
        with contextlib.suppress(FileNotFoundError):
            return [json.loads(line) for line in (self.folder / "decisions.log").read_text().splitlines()]
        return []

    def witness(self) -> dict:
        """What really reached the server."""
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=10)
        connection.request("GET", "/witness")
        return json.loads(connection.getresponse().read())

    def calls(self, tool: str) -> list:
        return [call["arguments"] for call in self.witness()["calls"] if call["tool"] == tool]

    def write_policy(self, policy: dict) -> None:
        replacement = self.folder / "policy.json.new"
        replacement.write_text(json.dumps(policy))
        replacement.rename(self.folder / "policy.json")


def mint(folder: pathlib.Path, label: str) -> dict:
    output = subprocess.run(
        [TOOLGATE, "grant", "new", "--label", label, "--data", str(folder / "data"), "--output", "json"],
        check=True, capture_output=True, timeout=30,
    )
    return json.loads(output.stdout)


@contextlib.contextmanager
def gateway(upstream_port: int, policy: dict = POLICY, path: str = "/mcp", flags: tuple = ()):
    """A real gateway in front of the server at `upstream_port`, with the grants `agent`, `other` and `stranger`."""
    with tempfile.TemporaryDirectory(prefix="toolgate-interop-") as name:
        folder = pathlib.Path(name)
        grants = {label: mint(folder, label) for label in ("agent", "other", "stranger")}
        (folder / "policy.json").write_text(json.dumps(policy))
        (folder / "toolgate.yaml").write_text(
            f"""version: 1
servers:
  - name: witness
    upstream: {{url: "http://127.0.0.1:{upstream_port}{path}"}}
    headers: {{X-Upstream-Key: {{secret: env:WITNESS_KEY}}}}
  - name: elsewhere
    upstream: {{url: "http://127.0.0.1:{upstream_port}{path}"}}
policies:
  - name: main
    server: witness
    document: policy.json
grants:
  - {{label: agent, server: witness, policy: main, token_digest: "{grants['agent']['token_digest']}"}}
  - {{label: other, server: witness, policy: main, token_digest: "{grants['other']['token_digest']}"}}
  - {{label: stranger, server: elsewhere, token_digest: "{grants['stranger']['token_digest']}"}}
"""
        )
        with open(os.environ.get("TOOLGATE_INTEROP_LOG", os.devnull), "ab") as log:
            port = free_port()
            process = subprocess.Popen(
                [TOOLGATE, "up", "--config", str(folder / "toolgate.yaml"), "--listen", f"127.0.0.1:{port}",
                 "--data", str(folder / "data"), "--log", str(folder / "decisions.log"), *flags],
                stdout=log, stderr=log, env={**os.environ, "WITNESS_KEY": "wk-7f3a91"},
            )
            try:
                wait_for_port(port, process)
                tokens = {label: grant["token"] for label, grant in grants.items()}
                yield Gateway(port, folder, process, tokens, upstream_port)
            finally:
                stop(process)
                if process.returncode not in (0, -signal.SIGTERM):
                    raise AssertionError(f"the gateway ended with {process.returncode}")


class Raw:
    """A client without an SDK: exact bytes, exact headers, one keep-alive connection."""

    def __init__(self, target: Gateway, token: str = "agent"):
        self.connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
        self.path = "/mcp/witness"
        self.headers = {
            "Authorization": f"Bearer {target.tokens.get(token, token)}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }

    def send(self, body, headers: dict | None = None, method: str = "POST", path: str | None = None):
        """Returns status, headers (lower case) and the JSON-RPC messages of the answer, JSON or SSE alike."""
        payload = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        merged = {**self.headers, **(headers or {})}
        self.connection.request(
            method, path or self.path, body=payload, headers={k: v for k, v in merged.items() if v is not None})
        response = self.connection.getresponse()
        content = response.read()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return response.status, fields, messages(fields.get("content-type", ""), content)

    def initialize(self, revision: str, capabilities: dict | None = None) -> dict:
        """The handshake of a legacy revision; remembers the session."""
        status, fields, answers = self.send(
            {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                "protocolVersion": revision, "capabilities": capabilities or {},
                "clientInfo": {"name": "raw", "version": "1"}}})
        assert status == 200, (status, answers)
        result = answers[-1]["result"]
        if "mcp-session-id" in fields:
            self.headers["Mcp-Session-Id"] = fields["mcp-session-id"]
        if revision >= "2025-06-18":
            self.headers["MCP-Protocol-Version"] = result["protocolVersion"]
        status, _, _ = self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert status == 202
        return result

    def request(self, method: str, params: dict | None = None, request_id=1):
        status, _, answers = self.send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params or {}})
        assert status == 200, (status, answers)
        return answers[-1]

    def modern(self, method: str, params: dict | None = None, request_id=1, headers: dict | None = None,
               capabilities: dict | None = None):
        """One 2026-07-28 request with all its envelope."""
        params = dict(params or {})
        params["_meta"] = {
            **params.get("_meta", {}),
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": capabilities or {},
            "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        }
        name = params.get("name", params.get("uri"))
        named = {"Mcp-Name": name} if method in ("tools/call", "prompts/get", "resources/read") else {}
        return self.send(
            {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params},
            {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, **named, **(headers or {})})


def messages(content_type: str, content: bytes) -> list:
    if content_type.startswith("text/event-stream"):
        found = []
        for event in content.replace(b"\r\n", b"\n").split(b"\n\n"):
            data = b"\n".join(line[5:].lstrip() for line in event.split(b"\n") if line.startswith(b"data:"))
            if data:
                found.append(json.loads(data))
        return found
    return [json.loads(content)] if content.strip() else []


if __name__ == "__main__":
    sys.exit("this is a module of the interop tests: run scripts/interop")
