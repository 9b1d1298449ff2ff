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


@pytest.fixture(scope="module")
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
