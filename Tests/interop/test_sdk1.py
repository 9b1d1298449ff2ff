"""mcp 1.30.0, handshake revisions only, as a real client through the gateway to real servers of both generations.

Run with the second environment's Python: the two SDK lines share their import name.
"""

import asyncio
import contextlib
import datetime

import pytest
from harness import PYTHON1, PYTHON2, POLICY, gateway, upstream
from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import ElicitResult

SHOWN = {name for name in POLICY["tools"]} | {"delete_account"}


SERVERS = {"server-2.3.0": (PYTHON2,), "server-1.30.0": (PYTHON1,), "modern-only": (PYTHON2, "--modern-only")}


@pytest.fixture(scope="module", params=SERVERS)
def target(request):
    with upstream(*SERVERS[request.param]) as port, gateway(port) as running:
        yield running


@contextlib.asynccontextmanager
async def connect(target, token: str = "agent", **options):
    headers = {"Authorization": f"Bearer {target.tokens[token]}"}
    async with streamablehttp_client(target.url, headers=headers) as (read, write, _):
        async with ClientSession(read, write, **options) as session:
            await session.initialize()
            yield session


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_lists_only_what_the_policy_shows(target):
    async def scenario():
        async with connect(target) as session:
            assert {tool.name for tool in (await session.list_tools()).tools} == SHOWN

    run(scenario())


def test_outcomes_are_what_the_agent_can_act_on(target):
    async def scenario():
        async with connect(target) as session:
            assert (await session.call_tool("add", {"a": 20, "b": 22})).content[0].text == "42"
            denied = await session.call_tool("delete_account", {"account": "a"})
            assert denied.isError and denied.content[0].text.startswith("[POLICY DENIED]")
            errors = []
            for name in ("secret_tool", "absent_tool"):
                with pytest.raises(McpError) as caught:
                    await session.call_tool(name, {})
                errors.append((caught.value.error.code, caught.value.error.message.replace(name, "NAME")))
            assert errors[0] == errors[1] and errors[0][0] == -32602
            # The session survives all of it: this client dies on any 4xx.
            assert (await session.call_tool("echo", {"text": "still here"})).content[0].text == "still here"

    run(scenario())
    assert target.calls("secret_tool") == [] and target.calls("delete_account") == []


def test_limits_are_told_as_results(target):
    async def scenario():
        async with connect(target, "other") as session:
            results = [await session.call_tool("transfer", {"amount": 1, "account": "x"}) for _ in range(3)]
            assert [result.isError for result in results] == [False, False, True]
            assert results[2].meta["dev.toolgate/decision"]["outcome"] == "rate_limited"

    run(scenario())


def test_progress_and_elicitation_cross(target):
    seen = []

    async def progress(value, total, message):
        seen.append(value)

    async def answer(context, params):
        return ElicitResult(action="accept", content={"colour": "blue"})

    async def scenario():
        async with connect(target, elicitation_callback=answer) as session:
            await session.call_tool("count_up", {"steps": 3}, progress_callback=progress)
            assert (await session.call_tool("favourite", {})).content[0].text == "accept: blue"

    run(scenario())
    assert seen == [1, 2, 3]


def test_a_client_that_times_out_does_not_disturb_the_next_call(target):
    async def scenario():
        async with connect(target) as session:
            with pytest.raises(McpError):
                await session.call_tool(
                    "linger", {"seconds": 20, "label": "sdk1"},
                    read_timeout_seconds=datetime.timedelta(seconds=0.5))
            assert (await session.call_tool("echo", {"text": "on"})).content[0].text == "on"

    run(scenario())
