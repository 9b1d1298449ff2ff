"""A server behind OAuth: connected with `toolgate server connect`, renewed by the gateway, and servers that lie.

The authorisation server is the SDK's own, run for real; the person with the browser is an HTTP client that follows the link.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from harness import PYTHON2, TOOLGATE, Gateway, Raw, free_port, stop, upstream, wait_for_port


def toolgate(folder: pathlib.Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([TOOLGATE, *words, "--data", str(folder / "data")], capture_output=True, text=True, timeout=60)


def must(folder: pathlib.Path, *words: str) -> str:
    result = toolgate(folder, *words)
    assert result.returncode == 0, (words, result.stderr)
    return result.stdout


@contextlib.contextmanager
def scene(lifetime: int, mode: str = ""):
    """A server behind OAuth, and a store that has it with a grant."""
    with tempfile.TemporaryDirectory(prefix="toolgate-oauth-") as name:
        folder = pathlib.Path(name)
        with upstream(PYTHON2, str(lifetime), *([mode] if mode else []), script="oauth_upstream.py") as port:
            must(folder, "server", "add", "witness", "--upstream", f"http://127.0.0.1:{port}/mcp")
            (folder / "policy.json").write_text('{"version":"1","default":"deny","tools":{"echo":{}}}')
            must(folder, "policy", "add", "main", "--server", "witness", "--file", str(folder / "policy.json"))
            grant = json.loads(must(folder, "grant", "add", "agent", "--server", "witness", "--policy", "main", "--output", "json"))
            yield folder, port, grant["token"]


def connect(folder: pathlib.Path, visit=None) -> tuple:
    """Runs `server connect` and follows its link as a browser would; returns exit code, standard error and the page."""
    process = subprocess.Popen([TOOLGATE, "server", "connect", "witness", "--data", str(folder / "data"), "--wait", "20"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        link = process.stdout.readline().strip()
        page = None
        if link:
            try:
                with urllib.request.urlopen(visit(link) if visit else link, timeout=20) as response:
                    page = response.status, response.read().decode()
            except urllib.error.HTTPError as error:
                page = error.code, error.read().decode()
        _, said = process.communicate(timeout=40)
        return process.returncode, said, page
    finally:
        stop(process)


def state(folder: pathlib.Path) -> dict:
    return json.loads(must(folder, "credential", "show", "witness-oauth", "--output", "json"))


def seen(port: int) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/seen", timeout=10) as response:
        return json.loads(response.read())


@contextlib.contextmanager
def serving(folder: pathlib.Path, port: int, token: str):
    listen = free_port()
    with open(folder / "said", "ab") as log:
        process = subprocess.Popen([TOOLGATE, "up", "--data", str(folder / "data"), "--listen", f"127.0.0.1:{listen}",
                                    "--log", str(folder / "decisions.log")], stdout=log, stderr=log)
        try:
            wait_for_port(listen, process)
            yield Gateway(listen, folder, process, {"agent": token}, port)
        finally:
            stop(process)


def echo(target: Gateway) -> dict:
    client = Raw(target)
    client.initialize("2025-11-25")
    return client.request("tools/call", {"name": "echo", "arguments": {"text": "hi"}})["result"]


def test_connect_call_and_renew():
    with scene(lifetime=4) as (folder, port, token):
        code, said, page = connect(folder)
        assert code == 0, said
        assert page[0] == 200 and "close this page" in page[1]
        record = state(folder)
        assert (record["state"], record["renewable"], record["issuer"]) == ("sealed", True, f"http://127.0.0.1:{port}")
        assert seen(port)["resources"] == [f"http://127.0.0.1:{port}/mcp"]
        with serving(folder, port, token) as target:
            assert echo(target)["content"][0]["text"] == "hi"
            # Past two ends: only renewals ahead of them keep the calls going.
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                assert echo(target)["content"][0]["text"] == "hi"
                time.sleep(1)
        facts = seen(port)
        assert facts["refreshes"] >= 2 and facts["spent"] == 0
        # The agent's own token never went upstream, and no token is anywhere it can be read.
        assert not any(token in one for one in facts["authorizations"])
        secrets = {one.split()[-1] for one in facts["authorizations"] if one.startswith("Bearer ")}
        assert secrets
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not any(secret.encode() in content for secret in secrets), path


def test_an_authorisation_that_was_taken_back_says_needs_reconnect_and_is_not_asked_for_again():
    with scene(lifetime=4, mode="dead-refresh") as (folder, port, token):
        assert connect(folder)[0] == 0
        with serving(folder, port, token) as target:
            assert echo(target)["content"][0]["text"] == "hi"
            deadline = time.monotonic() + 20
            while state(folder)["state"] != "needs reconnect" and time.monotonic() < deadline:
                time.sleep(0.5)
            assert state(folder)["state"] == "needs reconnect"
            assert "server connect" in (folder / "said").read_text()
            before = len(seen(port)["authorizations"])
            time.sleep(3)
            assert len(seen(port)["authorizations"]) == before
        # Connecting again mends it.
        assert connect(folder)[0] == 0
        assert state(folder)["state"] == "sealed"


def revoke(port: int, all: bool = False) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/revoke" + ("?all=1" if all else ""), timeout=10):
        pass


def test_a_401_starts_one_renewal_and_the_calls_go_on():
    with scene(lifetime=600) as (folder, port, token):
        assert connect(folder)[0] == 0
        with serving(folder, port, token) as target:
            clients = [Raw(target) for _ in range(5)]
            for client in clients:
                client.initialize("2025-11-25")
            call = {"name": "echo", "arguments": {"text": "hi"}}
            assert clients[0].request("tools/call", call)["result"]["content"][0]["text"] == "hi"
            revoke(port)
            with concurrent.futures.ThreadPoolExecutor(5) as pool:
                answers = list(pool.map(lambda client: client.request("tools/call", call), clients))
            assert [answer["result"]["content"][0]["text"] for answer in answers] == ["hi"] * 5
        facts = seen(port)
        assert facts["refreshes"] == 1 and facts["spent"] == 0
        assert state(folder)["state"] == "sealed"


def test_a_server_that_refuses_the_new_token_too_needs_somebody_to_connect():
    with scene(lifetime=600) as (folder, port, token):
        assert connect(folder)[0] == 0
        with serving(folder, port, token) as target:
            client = Raw(target)
            client.initialize("2025-11-25")
            call = {"name": "echo", "arguments": {"text": "hi"}}
            assert client.request("tools/call", call)["result"]["content"][0]["text"] == "hi"
            revoke(port, all=True)
            refused = client.request("tools/call", call)
            assert refused["result"]["isError"]
            deadline = time.monotonic() + 10
            while state(folder)["state"] != "needs reconnect" and time.monotonic() < deadline:
                time.sleep(0.2)
            assert state(folder)["state"] == "needs reconnect", (refused, (folder / "said").read_text(), seen(port))
            client.request("tools/call", call)
        assert seen(port)["refreshes"] == 1


@pytest.mark.parametrize("mode, words", [
    ("other-resource", "another resource"), ("other-issuer", "another issuer"), ("no-pkce", "PKCE"),
])
def test_a_lying_server_is_told_before_anybody_consents(mode, words):
    with scene(lifetime=60, mode=mode) as (folder, port, _):
        code, said, page = connect(folder)
        assert code == 1 and words in said and page is None
        assert seen(port)["resources"] == []
        assert toolgate(folder, "credential", "show", "witness-oauth").returncode != 0


@pytest.mark.parametrize("mode", ["no-iss", "other-iss"])
def test_an_answer_from_nobody_or_somebody_else_is_refused(mode):
    with scene(lifetime=60, mode=mode) as (folder, _, _token):
        code, said, page = connect(folder)
        assert code == 1 and page[0] == 400 and "does not come from" in said


def test_a_stray_return_neither_ends_the_flow_nor_passes():
    with scene(lifetime=60) as (folder, _, _token):

        def visit(link):
            redirect = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["redirect_uri"][0]
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(redirect + "?code=stolen&state=guessed", timeout=10)
            assert refused.value.code == 400
            return link

        code, said, page = connect(folder, visit)
        assert code == 0 and page[0] == 200, said
