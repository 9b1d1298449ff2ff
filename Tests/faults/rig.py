"""What every part of the harness needs: the recording server, a gateway to kill, clients that load it."""

import itertools
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLGATE = os.path.abspath(os.environ.get("TOOLGATE_BIN", ROOT / ".build" / "debug" / "toolgate"))

MAXIMUM = {"brief": 60, "steady": 50, "paid": 960, "turn": 60}
POLICY = {
    "version": "1",
    "default": "deny",
    "tools": {
        "free": {},
        "brief": {"limits": [{"counter": "brief", "window": "minute", "max": MAXIMUM["brief"]}]},
        "steady": {"limits": [
            {"counter": "steady", "window": "hour", "max": MAXIMUM["steady"], "key": "args.account"}]},
        "paid": {"limits": [
            {"counter": "paid", "window": "hour", "max": MAXIMUM["paid"], "key": "args.account",
             "increment": {"from": "args.amount"}}]},
        "turn": {"limits": [
            {"counter": "turn", "window": "minute", "align": "calendar", "max": MAXIMUM["turn"]}]},
    },
}


class Finding(Exception):
    """The product broke a promise."""


class Upstream:
    """The recording server; `executed()` returns what it has executed since it was last asked."""

    def __init__(self, folder: pathlib.Path):
        self.record = folder / "executed"
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "upstream.py"), str(self.record)], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.offset = 0

    def wait_until_quiet(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(b"GET /quiet HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(1024)

    def executed(self) -> list:
        with open(self.record, "rb") as file:
            file.seek(self.offset)
            data = file.read()
        self.offset += len(data)
        return [Execution(line) for line in data.decode().splitlines()]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Execution:
    __slots__ = ("monotonic", "wall", "tool", "id", "account", "amount")

    def __init__(self, line: str):
        monotonic, wall, self.tool, self.id, self.account, amount = line.split(" ")
        self.monotonic, self.wall, self.amount = int(monotonic), int(wall), int(amount)


class Installation:
    """A data directory with its configuration: what outlives a gateway."""

    def __init__(self, folder: pathlib.Path, upstream: Upstream):
        self.folder = folder
        self.data = folder / "data"
        self.upstream = upstream
        folder.mkdir(parents=True, exist_ok=True)
        minted = self.run("grant", "new", "--label", "agent", "--output", "json")
        if minted.returncode != 0:
            raise RuntimeError(minted.stderr)
        grant = json.loads(minted.stdout)
        self.token = grant["token"]
        (folder / "policy.json").write_text(json.dumps(POLICY))
        self.config = folder / "toolgate.yaml"
        self.config.write_text(
            f"""version: 1
servers:
  - {{name: recorder, upstream: {{url: "http://127.0.0.1:{upstream.port}/mcp"}}}}
policies:
  - {{name: main, server: recorder, document: policy.json}}
grants:
  - {{label: agent, server: recorder, policy: main, token_digest: "{grant['token_digest']}"}}
""")
        self.refused = folder / "refused.yaml"
        self.refused.write_text("version: 1\nservers: [{name: recorder}]\n")

    def run(self, *arguments: str, data: pathlib.Path | None = None) -> subprocess.CompletedProcess:
        return subprocess.run(
            [TOOLGATE, *arguments, "--data", str(data or self.data)], capture_output=True, text=True, timeout=120)


class Gateway:
    """One process of `toolgate up`."""

    def __init__(self, place: Installation, mode: str, environment: dict | None = None,
                 data: pathlib.Path | None = None, config: pathlib.Path | None = None):
        data = data or place.data
        self.place = place
        self.errors = open(place.folder / "gateway.err", "ab+")
        self.errors_start = self.errors.seek(0, os.SEEK_END)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [TOOLGATE, "up", "--config", str(config or place.config), "--listen", "127.0.0.1:0",
             "--data", str(data), "--log", str(place.folder / "decisions.log"), "--audit", mode, "--audit-digests",
             "--audit-segment-kib", "64", "--workers", "2", "--output", "json"],
            stdout=subprocess.PIPE, stderr=self.errors, env={**os.environ, **(environment or {})})
        self.port = None

    def wait_until_ready(self) -> float:
        """Seconds since the process was started."""
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(30)
            raise Finding(f"the gateway did not start ({self.process.returncode}): {self.said()[-800:]}")
        self.port = int(json.loads(line)["endpoint"].split(":")[2].split("/")[0])
        return time.monotonic() - self.started

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def said(self) -> str:
        self.errors.seek(self.errors_start)
        return self.errors.read().decode(errors="replace")

    def kill(self) -> None:
        """SIGKILL, by its own process id; what had ended by itself before is a finding unless it ended well."""
        if self.process.poll() not in (None, 0):
            raise Finding(f"the gateway ended by itself with {self.process.returncode}: {self.said()[-800:]}")
        self.process.kill()
        self.process.wait(30)
        self.close()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        if status not in (0, -signal.SIGTERM):
            raise Finding(f"the gateway ended with {status}: {self.said()[-800:]}")
        self.close()

    def close(self) -> None:
        self.process.stdout.close()
        self.errors.close()


class Demand:
    """The calls of a whole run: ids that never repeat, accounts that are filled across the kills."""

    # Of so many calls in a row an account gets its share; more than it may have, so that each is tried beyond its end.
    PER_ACCOUNT = 150

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.numbers = itertools.count()
        self.accounts = {"steady": 0, "paid": 0}

    def next(self) -> tuple[str, dict]:
        """Called by many threads; a number lost to a race makes no difference."""
        call = {"id": f"c{next(self.numbers)}"}
        tool = self.random.choices(("free", "steady", "paid", "brief", "turn"), (30, 35, 15, 10, 10))[0]
        if tool in self.accounts:
            self.accounts[tool] += 1
            newest = self.accounts[tool] // self.PER_ACCOUNT
            call["account"] = f"{tool}-{max(0, newest - self.random.randrange(3))}"
            if tool == "paid":
                call["amount"] = self.random.randint(1, 15)
        return tool, call


class Client(threading.Thread):
    """One connection that calls until it breaks or is told to stop; remembers what was answered."""

    def __init__(self, gateway: Gateway, demand: Demand):
        super().__init__(daemon=True)
        self.gateway = gateway
        self.token = gateway.place.token
        self.demand = demand
        self.is_stopped = False
        self.acknowledged: list[str] = []
        self.refused = 0
        self.failed: list[bytes] = []

    def run(self) -> None:
        try:
            with self.gateway.connect() as connection:
                while not self.is_stopped and self.call(connection, *self.demand.next()):
                    pass
        except (OSError, EOFError):
            pass  # killed

    def call(self, connection: socket.socket, tool: str, arguments: dict) -> bool:
        """Whether the connection can be used again."""
        connection.sendall(request(self.token, tool, arguments))
        status, body = response(connection)
        if status == 200 and f"ran {arguments['id']}\"".encode() in body:
            self.acknowledged.append(arguments["id"])
        elif b"rate_limited" in body or b"retry_after" in body or b"imit" in body:
            self.refused += 1
        else:
            self.failed.append(body)
            return False
        return True


def request(token: str, tool: str, arguments: dict) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", "id": arguments["id"], "method": "tools/call", "params": {
        "name": tool, "arguments": arguments, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "faults", "version": "1"}}}}).encode()
    return (
        f"POST /mcp/recorder HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        f"MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {tool}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def response(connection: socket.socket) -> tuple[int, bytes]:
    buffer = b""
    while b"\r\n\r\n" not in buffer:
        more = connection.recv(65536)
        if not more:
            raise EOFError
        buffer += more
    head, body = buffer.split(b"\r\n\r\n", 1)
    length = None
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if length is None:
        raise EOFError
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            raise EOFError
        body += more
    return int(head.split(b" ", 2)[1]), body


class Load:
    """Many clients at once."""

    def __init__(self, gateway: Gateway, demand: Demand, count: int = 8):
        self.clients = [Client(gateway, demand) for _ in range(count)]
        for client in self.clients:
            client.start()

    def join(self) -> None:
        for client in self.clients:
            client.join(30)

    def stop(self) -> None:
        for client in self.clients:
            client.is_stopped = True
        self.join()

    @property
    def acknowledged(self) -> list:
        return [name for client in self.clients for name in client.acknowledged]

    @property
    def refused(self) -> int:
        return sum(client.refused for client in self.clients)

    @property
    def failed(self) -> list:
        return [body for client in self.clients for body in client.failed]


def scratch() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="toolgate-faults-", dir=os.environ.get("FAULT_DIR"))
