"""Approvals: calls that wait for a person, decided at the command line while real clients wait."""

import concurrent.futures
import contextlib
import json
import subprocess
import threading
import time

import anyio
import httpx2
import pytest
from harness import PYTHON2, TOOLGATE, Raw, gateway, upstream
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

POLICY = {
    "version": "1", "default": "deny",
    "tools": {
        "echo": {"require_approval": [{"conditions": [{"path": "args.text", "op": "contains", "value": "pay"}],
                                       "on_pending": "Payments need a person.", "timeout": "5m"}]},
        "add": {"require_approval": [{"conditions": [{"path": "args.a", "op": "gt", "value": 0}], "grants": "15m"}],
                "limits": [{"counter": "adds", "window": "hour", "max": 3}]},
    },
}


@pytest.fixture(scope="module")
def target():
    with upstream(PYTHON2) as port, gateway(port, policy=POLICY, flags=("--workers", "2")) as running:
        yield running


def cli(target, *words: str) -> str:
    done = subprocess.run([TOOLGATE, "approval", *words, "--data", str(target.folder / "data")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def waiting(target) -> list:
    return json.loads(cli(target, "list", "--output", "json"))


def wait_for(target, text: str, seconds: float = 10, but: str = "") -> dict:
    """The call that waits with these arguments, but not the one with this id."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for entry in waiting(target):
            shown = json.loads(cli(target, "show", entry["id"], "--output", "json"))
            if entry["id"] != but and text in json.dumps(shown.get("arguments", "")):
                return shown
        time.sleep(0.1)
    raise AssertionError(f"no call with `{text}` waits: {waiting(target)}")


def call(target, text: str, tool: str = "echo", token: str = "agent") -> dict:
    arguments = {"text": text} if tool == "echo" else json.loads(text)
    return Raw(target, token).modern("tools/call", {"name": tool, "arguments": arguments})[2][-1]["result"]


@contextlib.contextmanager
def held(target, text: str, **more):
    """A call that waits for a person; gives its answer in `[0]` at the end."""
    answer: list = []
    thread = threading.Thread(target=lambda: answer.append(call(target, text, **more)))
    thread.start()
    yield answer
    thread.join(30)
    assert answer, "the call was never answered"


def executed(target, text: str) -> int:
    return sum(text in json.dumps(entry) for entry in target.witness()["calls"])


def test_a_held_call_goes_on_once_somebody_agrees(target):
    began = time.monotonic()
    with held(target, "pay 10") as answer:
        entry = wait_for(target, "pay 10")
        assert entry["tool"] == "echo" and entry["grant"] == "agent" and entry["approvers"] == ["an admin"]
        assert executed(target, "pay 10") == 0
        cli(target, "approve", entry["id"][:13])
    assert answer[0]["content"][0]["text"] == "pay 10" and executed(target, "pay 10") == 1
    assert time.monotonic() - began < 15, "it waited for the hold to end"
    assert "arguments" not in json.loads(cli(target, "show", entry["id"], "--output", "json")), "erased"
    assert [row for row in target.log() if row.get("rule") == "(approved)"]
    stored = b"".join(path.read_bytes() for path in (target.folder / "data").rglob("*") if path.is_file())
    assert b"pay 10" not in stored, "arguments are sealed"


def test_a_denied_call_is_refused_with_the_persons_words_and_another_is_not(target):
    with held(target, "pay 11") as answer:
        cli(target, "deny", wait_for(target, "pay 11")["id"], "--reason", "ask the sales desk")
    assert answer[0]["isError"] and "ask the sales desk" in answer[0]["content"][0]["text"]
    assert "ask the sales desk" in call(target, "pay 11")["content"][0]["text"], "and stays refused"
    assert executed(target, "pay 11") == 0
    assert call(target, "hello")["content"][0]["text"] == "hello"


def test_a_call_nobody_decides_says_so_and_is_made_again_later_exactly_once(target):
    first = call(target, "pay 12")
    text = first["content"][0]["text"]
    entry = wait_for(target, "pay 12")
    assert first["isError"] and "Payments need a person." in text and entry["id"] in text
    cli(target, "approve", entry["id"])
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: call(target, "pay 12"), range(100)))
    assert executed(target, "pay 12") == 1
    assert sum(not answer.get("isError") for answer in answers) == 1


def test_another_argument_another_grant_and_another_policy_ask_again(target):
    with held(target, "pay 13") as answer:
        entry = wait_for(target, "pay 13")
        # Approved while it is held, and the policy changes at the same moment: what was asked for is no longer in force.
        changed = json.loads(json.dumps(POLICY))
        changed["tools"]["echo"]["require_approval"][0]["on_pending"] = "Payments need two persons."
        target.write_policy(changed)
        time.sleep(2.5)
        cli(target, "approve", entry["id"])
        again = wait_for(target, "pay 13", but=entry["id"])
        cli(target, "deny", again["id"])
    assert answer[0]["isError"] and executed(target, "pay 13") == 0
    target.write_policy(POLICY)
    time.sleep(2)
    with held(target, "pay 13", token="other") as answer:
        cli(target, "deny", wait_for(target, "pay 13")["id"])
    assert answer[0]["isError"] and executed(target, "pay 13") == 0


def test_an_approval_for_a_time_covers_identical_calls_and_limits_still_count(target):
    with held(target, '{"a": 1, "b": 2}', tool="add") as answer:
        cli(target, "approve", wait_for(target, '"b": 2')["id"])
    assert answer[0]["content"][0]["text"] == "3"
    assert call(target, '{"b": 2, "a": 1}', tool="add")["content"][0]["text"] == "3", "the order of keys is no change"
    assert call(target, '{"a": 1, "b": 2}', tool="add")["content"][0]["text"] == "3"
    refused = call(target, '{"a": 1, "b": 2}', tool="add")
    assert refused["isError"] and refused["_meta"]["dev.toolgate/decision"]["outcome"] == "rate_limited"


def test_the_sdk_client_waits_for_the_person(target):
    async def run(mode: str, text: str) -> str:
        async with httpx2.AsyncClient(headers=target.headers, timeout=60) as http:
            async with Client(streamable_http_client(target.url, http_client=http), mode=mode) as client:
                result = await client.call_tool("echo", {"text": text})
                return result.content[0].text

    for mode, text in (("auto", "pay 14"), ("legacy", "pay 15")):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            future = pool.submit(anyio.run, run, mode, text)
            cli(target, "approve", wait_for(target, text)["id"])
            assert future.result(30) == text


def test_a_question_survives_the_gateway():
    with upstream(PYTHON2) as port:
        with gateway(port, policy=POLICY) as running:
            with held(running, "pay 20") as answer:
                entry = wait_for(running, "pay 20")
                running.process.kill()
                running.process.wait()
                # What asked is gone; what was asked is not.
                assert [one["id"] for one in waiting(running)] == [entry["id"]]
                cli(running, "approve", entry["id"])
                answer.append({"killed": True})
            running.process.returncode = 0
