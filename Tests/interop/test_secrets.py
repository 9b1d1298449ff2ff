"""Plants secrets and looks for them in every output the program can make (security.md, Q11 and table F)."""

import base64
import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

from harness import PYTHON2, TOOLGATE, Raw, gateway, upstream

UPSTREAM_SECRET = "wk-7f3a91"
ARGUMENT = "planted-argument-5d0c2e"


def spellings(secret: str) -> list:
    """How a secret might be written: as it is, as hexadecimal digits, as base64 (whatever it is aligned to)."""
    raw = secret.encode()
    found = [raw, raw.hex().encode(), raw.hex().upper().encode()]
    for shift in range(3):
        found.append(base64.b64encode(b"\0" * shift + raw)[4 if shift else 0:-4].rstrip(b"="))
    return [spelling for spelling in found if len(spelling) >= 6]


def run(folder: pathlib.Path, *words: str) -> bytes:
    result = subprocess.run([TOOLGATE, *words, "--data", str(folder / "data")], capture_output=True, timeout=60)
    return result.stdout + result.stderr


def test_no_output_of_the_program_holds_a_secret(tmp_path, monkeypatch):
    said = tmp_path / "said"
    outputs = {}
    with contextlib.ExitStack() as running_programs:
        port = running_programs.enter_context(upstream(PYTHON2))
        # From here on: what the upstream says is its own affair.
        monkeypatch.setenv("TOOLGATE_INTEROP_LOG", str(said))
        running = running_programs.enter_context(gateway(port, flags=("--audit-digests", "--audit", "strict")))
        data = running.folder / "data"
        client = Raw(running)
        client.initialize("2025-11-25")
        call = lambda name, arguments: client.request("tools/call", {"name": name, "arguments": arguments})
        assert "result" in call("echo", {"text": ARGUMENT})
        call("transfer", {"to": ARGUMENT, "amount": 5})
        call("transfer", {"to": ARGUMENT, "amount": 500})
        call("no_such_tool", {"text": ARGUMENT})
        call("fail", {"text": ARGUMENT})
        client.send(b"{" + ARGUMENT.encode())
        client.send({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"Authorization": "Bearer tg_lg_" + "x" * 49})
        running.log()
        outputs["ps"] = pathlib.Path(f"/proc/{running.process.pid}/cmdline").read_bytes()
        for words in (["export"], ["audit", "tail", "-n", "1000"], ["audit", "query", "--output", "json"],
                      ["audit", "export", "--format", "csv"], ["audit", "verify"], ["store", "check"], ["key", "status"]):
            outputs["toolgate " + " ".join(words)] = run(running.folder, *words)
        backup = running.folder / "backup.sqlite"
        run(running.folder, "store", "backup", str(backup))
        for path in [*data.rglob("*"), running.folder / "decisions.log", backup]:
            if path.is_file() and path.name not in ("keys.json", "audit-signing-key"):
                outputs[str(path.relative_to(running.folder))] = path.read_bytes()
        assert any(name.endswith(".rows") for name in outputs) and "data/store.sqlite" in outputs and "backup.sqlite" in outputs
        keys = [base64.urlsafe_b64decode(text + b"=") for text in re.findall(rb" ([\w-]{43})$", (data / "keys.json").read_bytes(), re.M)]
        keys.append(bytes.fromhex((data / "audit-signing-key").read_text().strip()))
        tokens = list(running.tokens.values())
        # A crash: whatever the runtime says of it, and whatever file it leaves.
        before = set(running.folder.rglob("*")) | set(pathlib.Path.cwd().glob("core*"))
        # The first makes the runtime tell what it knows; a real fault would come again, a signal sent from outside does not.
        for _ in range(2):
            running.process.send_signal(signal.SIGSEGV)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(10)
        assert running.process.returncode == -signal.SIGSEGV
        left = (set(running.folder.rglob("*")) | set(pathlib.Path.cwd().glob("core*"))) - before
        assert not [path for path in left if path.name.startswith("core")], left
        running.process.returncode = 0
        outputs["standard output and error"] = said.read_bytes()
    for where in ("ps", "toolgate export", "toolgate audit tail -n 1000", "toolgate audit query --output json", "decisions.log",
                  "data/store.sqlite", "backup.sqlite", "standard output and error"):
        assert outputs[where], f"nothing was looked at in {where}"
    assert len(keys) == 4, "the key files are not where this test looks for keys"
    planted = {"argument": ARGUMENT, "upstream credential": UPSTREAM_SECRET}
    planted |= {f"token {number}": token for number, token in enumerate(tokens)}
    for where, content in outputs.items():
        for name, secret in planted.items():
            for spelling in spellings(secret):
                assert spelling not in content, f"the {name} stands in {where}"
        for key in keys:
            written = [key, base64.b64encode(key)[:42], base64.urlsafe_b64encode(key)[:42]]
            assert not any(form in content for form in written), f"a key stands in {where}"
            assert key.hex().encode() not in content.lower(), f"a key stands in {where}"


class Reflecting(http.server.BaseHTTPRequestHandler):
    """A server that writes what it was sent into its definitions and answers, in many spellings."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        secret = self.headers.get("X-Upstream-Key", "")
        echo = " ".join([secret, *(base64.b64encode(b"q" * count + secret.encode() + b"q").decode() for count in range(3)),
                         secret.encode().hex(), "".join(f"\\u{ord(letter):04x}" for letter in secret)])
        schema = {"type": "object", "properties": {secret or "p": {"type": "string", "description": echo}}}
        results = {
            "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                           "serverInfo": {"name": "reflecting", "version": "1"}},
            "tools/list": {"tools": [{"name": "echo", "description": echo, "inputSchema": schema},
                                     {"name": f"echo-{secret}", "inputSchema": {"type": "object"}}]},
            "tools/call": {"content": [{"type": "text", "text": json.dumps({"you": {"sent": echo}})}]},
        }
        if "id" not in message:
            answer, status = b"", 202
        elif message["method"] in results:
            answer, status = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": results[message["method"]]}), 200
        else:
            error = {"code": -32601, "message": "no such method"}
            answer, status = json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}), 200
        body = answer.encode() if isinstance(answer, str) else answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send_error(405)

    def log_message(self, *_):
        pass


def test_a_server_that_writes_its_credential_into_its_tools_is_masked_in_answers_pins_and_backups():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Reflecting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with gateway(server.server_address[1]) as running:
            client = Raw(running)
            client.initialize("2025-11-25")
            listed = client.request("tools/list")["result"]["tools"]
            assert [tool["name"] for tool in listed] == ["echo"]
            answer = client.request("tools/call", {"name": "echo", "arguments": {}})
            outputs = {"the list": json.dumps(listed).encode(), "the answer": json.dumps(answer).encode()}
            assert "•••" in json.dumps(answer, ensure_ascii=False)
            deadline = time.monotonic() + 30
            while b"echo" not in (tools := run(running.folder, "server", "tools", "witness", "--output", "json")):
                assert time.monotonic() < deadline, "the pin was never written"
                time.sleep(0.2)
            outputs["server tools"] = tools
            backup = running.folder / "backup.sqlite"
            run(running.folder, "store", "backup", str(backup))
            outputs["the backup"] = backup.read_bytes()
            assert b"***" in outputs["the backup"]
    finally:
        server.shutdown()
        server.server_close()
    for where, content in outputs.items():
        for spelling in spellings(UPSTREAM_SECRET):
            assert spelling not in content, f"{spelling} stands in {where}"
        assert b"\\u0077\\u006b" not in content, where


def test_the_search_would_find_what_it_looks_for():
    for shift in range(5):
        text = base64.b64encode(b"q" * shift + ARGUMENT.encode() + b"zz")
        assert any(spelling in text for spelling in spellings(ARGUMENT))
    assert any(spelling in ARGUMENT.encode().hex().encode() for spelling in spellings(ARGUMENT))
    assert os.path.exists(TOOLGATE)
