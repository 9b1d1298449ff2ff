"""A recording MCP server (2026-07-28, so without sessions): what it executed is what the gateway has to answer for.

Every executed call is one line of a file, appended with one write before the call is answered:

    MONOTONIC_NS WALL_MS TOOL ID ACCOUNT AMOUNT

`GET /quiet` answers once every other connection is closed, so that all that a dead gateway sent has been executed.
Run as `upstream.py RECORD`; prints the port the system chose. Standard library only.
"""

import json
import os
import socket
import sys
import threading
import time

REVISION = "2026-07-28"
SCHEMA = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "account": {"type": "string"}, "amount": {"type": "integer"}},
    "required": ["id"],
}
TOOLS = [
    {"name": name, "description": f"Does {name}.", "inputSchema": SCHEMA}
    for name in ("free", "brief", "steady", "paid", "turn")
]


class Recorder:
    def __init__(self, path: str):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.connections = 0
        self.changed = threading.Condition()

    def add(self, change: int) -> None:
        with self.changed:
            self.connections += change
            self.changed.notify_all()

    def wait_until_alone(self) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.connections <= 1, timeout=20)

    def executed(self, tool: str, arguments: dict) -> None:
        os.write(self.file, (
            f"{time.monotonic_ns()} {time.time_ns() // 1_000_000} {tool} {arguments['id']} "
            f"{arguments.get('account', '-')} {arguments.get('amount', 1)}\n"
        ).encode())


def result(message: dict, recorder: Recorder) -> dict:
    method = message["method"]
    stamp = {"resultType": "complete", "_meta": {
        "io.modelcontextprotocol/serverInfo": {"name": "recorder", "version": "1"}}}
    if method == "server/discover":
        return {**stamp, "supportedVersions": [REVISION], "capabilities": {"tools": {}}, "ttlMs": 0,
                "cacheScope": "private"}
    if method == "tools/list":
        return {**stamp, "tools": TOOLS, "ttlMs": 0, "cacheScope": "private"}
    parameters = message["params"]
    recorder.executed(parameters["name"], parameters["arguments"])
    text = f"ran {parameters['arguments']['id']}"
    return {**stamp, "content": [{"type": "text", "text": text}], "isError": False}


def answer(connection: socket.socket, body: bytes, status: str = "200 OK") -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def serve(connection: socket.socket, recorder: Recorder) -> None:
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            more = connection.recv(65536)
            if not more:
                return
            buffer += more
        head, buffer = buffer.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        length = 0
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        while len(buffer) < length:
            more = connection.recv(65536)
            if not more:
                return
            buffer += more
        body, buffer = buffer[:length], buffer[length:]
        if lines[0].startswith(b"GET /quiet"):
            recorder.wait_until_alone()
            answer(connection, b"{}")
        elif lines[0].startswith(b"POST"):
            message = json.loads(body)
            if "id" not in message:
                answer(connection, b"", "202 Accepted")
            else:
                reply = {"jsonrpc": "2.0", "id": message["id"], "result": result(message, recorder)}
                answer(connection, json.dumps(reply).encode())
        else:
            answer(connection, b"", "405 Method Not Allowed")


def handle(connection: socket.socket, recorder: Recorder) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        serve(connection, recorder)
    except OSError:
        pass  # the gateway was killed in the middle of an answer
    finally:
        connection.close()
        recorder.add(-1)


def main() -> None:
    recorder = Recorder(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        recorder.add(1)
        threading.Thread(target=handle, args=(connection, recorder), daemon=True).start()


if __name__ == "__main__":
    main()
