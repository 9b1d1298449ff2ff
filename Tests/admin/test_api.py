"""Schemathesis against the admin API of a real gateway: what its own OpenAPI document says is what it does.

Run by scripts/admin-api. The gateway begins with an empty data folder; the first account is made by the link it prints.
"""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

TOOLGATE = os.environ["TOOLGATE_BIN"]
PASSWORD = "correct horse battery staple"


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def ask(origin: str, path: str, body=None, headers=None):
    """Returns the answer's JSON and headers."""
    request = urllib.request.Request(
        origin + "/api/v1" + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})} if body is not None else headers or {},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer), answer.headers


@pytest.fixture
def admin(tmp_path_factory):
    """The origin of an admin API, and an admin's token."""
    folder = tmp_path_factory.mktemp("admin")
    port = free_port()
    log = folder / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [TOOLGATE, "up", "--data", str(folder / "data"), "--listen", f"127.0.0.1:{free_port()}",
             "--admin", f"127.0.0.1:{port}"],
            stdout=output, stderr=output,
        )
    try:
        deadline = time.monotonic() + 60
        while not (link := re.search(r"#/setup/(\S+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        origin = f"http://127.0.0.1:{port}"
        account = {"token": link[1], "organisation": "Acme", "label": "ana", "email": "ana@example.com",
                   "password": PASSWORD}
        _, headers = ask(origin, "/setup", account)
        cookie = {"Cookie": headers["Set-Cookie"].split(";")[0], "Sec-Fetch-Site": "same-origin"}
        token, _ = ask(origin, "/tokens", {"label": "fuzz", "role": "admin"}, cookie)
        yield origin, token["token"], log
        assert process.poll() is None, "the gateway ended: " + log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()


def test_schemathesis_finds_no_server_error(admin, tmp_path):
    origin, token, log = admin
    schemathesis = pathlib.Path(sys.executable).parent / "schemathesis"
    run = subprocess.run(
        [schemathesis, "run", f"{origin}/api/v1/openapi.json",
         "--header", f"Authorization: Bearer {token}",
         "--checks", "not_a_server_error,response_schema_conformance,content_type_conformance,status_code_conformance",
         "--phases", "examples,coverage,fuzzing",
         "--max-examples", os.environ.get("TOOLGATE_ADMIN_EXAMPLES", "20"),
         "--seed", "7", "--no-color", "--continue-on-failure", "--suppress-health-check", "all",
         "--generation-database", "none", "--generation-with-security-parameters", "false",
         "--exclude-path", "/decisions/stream", "--exclude-path", "/session", "--exclude-path", "/registration", "--exclude-path", "/setup",
         "--exclude-path", "/invitations/accept"],
        cwd=tmp_path, capture_output=True, text=True, timeout=1500,
    )
    assert run.returncode == 0, run.stdout[-12_000:] + run.stderr[-2_000:]
    assert "panic" not in log.read_text().lower() and "fatal" not in log.read_text().lower()


def test_schemathesis_without_a_credential_changes_nothing(admin, tmp_path):
    origin, token, _ = admin
    before, _ = ask(origin, "/admin-events?limit=1", headers={"Authorization": f"Bearer {token}"})
    schemathesis = pathlib.Path(sys.executable).parent / "schemathesis"
    run = subprocess.run(
        [schemathesis, "run", f"{origin}/api/v1/openapi.json", "--checks", "not_a_server_error",
         "--phases", "fuzzing", "--max-examples", "3", "--seed", "7", "--no-color", "--continue-on-failure",
         "--suppress-health-check", "all", "--generation-database", "none", "--exclude-path", "/decisions/stream"],
        cwd=tmp_path, capture_output=True, text=True, timeout=900,
    )
    assert run.returncode == 0, run.stdout[-12_000:] + run.stderr[-2_000:]
    after, _ = ask(origin, "/admin-events?limit=1", headers={"Authorization": f"Bearer {token}"})
    assert after == before


def test_a_call_is_seen_live_and_in_the_journal(admin):
    """A server, a policy and a grant made through the API; the call of an agent comes as an event, then from the journal."""
    origin, token, _ = admin
    bearer = {"Authorization": f"Bearer {token}"}
    port = free_port()
    sandbox = subprocess.Popen([TOOLGATE, "sandbox", "--listen", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        ask(origin, "/servers", {"name": "crm", "upstream": f"http://127.0.0.1:{port}/mcp"}, bearer)
        document = {"version": "1", "default": "deny", "tools": {"list_leads": {}}}
        request = urllib.request.Request(
            origin + "/api/v1/policies/crm-read", method="PUT",
            data=json.dumps({"server": "crm", "document": document}).encode(),
            headers={**bearer, "Content-Type": "application/json", "If-None-Match": "*"},
        )
        assert urllib.request.urlopen(request, timeout=30).status == 200
        grant, _ = ask(origin, "/grants", {"label": "agent", "server": "crm", "policy": "crm-read"}, bearer)
        stream = urllib.request.urlopen(
            urllib.request.Request(origin + "/api/v1/decisions/stream?grant=agent", headers=bearer), timeout=30
        )
        assert stream.readline().startswith(b": decisions")
        # The grant is in force within a second of being made.
        for _ in range(100):
            answer = subprocess.run(
                ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", grant["endpoint"],
                 "-H", f"Authorization: Bearer {grant['token']}", "-H", "Content-Type: application/json",
                 "-H", "Accept: application/json, text/event-stream", "-d",
                 json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                     "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}})],
                capture_output=True, text=True, timeout=30,
            ).stdout
            if answer == "200":
                break
            time.sleep(0.1)
        assert answer == "200"
        seen = ""
        while "event: decision" not in seen:
            seen += stream.readline().decode()
        live = json.loads(stream.readline().decode().removeprefix("data: "))
        assert live["grant"] == "agent" and live["server"] == "crm"
        one, _ = ask(origin, "/decisions/" + live["id"], headers=bearer)
        assert one["request_id"] == live["request_id"]
        page, _ = ask(origin, "/decisions?grant=agent", headers=bearer)
        assert live["id"] in [item["id"] for item in page["items"]]
        overview, _ = ask(origin, "/overview?window=1h", headers=bearer)
        assert overview["calls"] >= 1
        verified, _ = ask(origin, "/audit/verify", {}, bearer)
        assert verified["sound"] is True
        heads, _ = ask(origin, "/audit/head", headers=bearer)
        assert heads["heads"]
    finally:
        sandbox.terminate()
        sandbox.wait(30)
