"""HTTP+SSE, the transport of 2024-11-05: mcp 1.30.0's own client of it at the gateway, its own servers of it behind.

Run with the second environment's Python. All four combinations of the old and the new transport on either side.
"""

import asyncio
import contextlib

import pytest
from harness import PYTHON1, PYTHON2, POLICY, gateway, upstream
from mcp import ClientSession, McpError
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import ElicitResult

SHOWN = {name for name in POLICY["tools"]} | {"delete_account"}

# How the server is reached, and which it is.
SERVERS = {
    "sse-1.30.0": ("/sse", (PYTHON1, "--sse")),
    "sse-2.3.0": ("/sse", (PYTHON2, "--sse")),
    "http-1.30.0": ("/mcp", (PYTHON1,)),
    "modern-only": ("/mcp", (PYTHON2, "--modern-only")),
}


@pytest.fixture(scope="module", params=SERVERS)
def target(request):
    path, options = SERVERS[request.param]
    with upstream(*options) as port, gateway(port, path=path) as running:
        yield running


@contextlib.asynccontextmanager
async def over_sse(target, token: str = "agent", **options):
    headers = {"Authorization": f"Bearer {target.tokens[token]}"}
    async with sse_client(target.url.replace("/mcp/", "/sse/"), headers=headers) as (read, write):
        async with ClientSession(read, write, **options) as session:
            await session.initialize()
            yield session


@contextlib.asynccontextmanager
async def over_http(target, token: str = "agent", **options):
    headers = {"Authorization": f"Bearer {target.tokens[token]}"}
    async with streamablehttp_client(target.url, headers=headers) as (read, write, _):
        async with ClientSession(read, write, **options) as session:
            await session.initialize()
            yield session


@pytest.fixture(params=[over_sse, over_http], ids=["sse-client", "http-client"])
def connect(request):
    return request.param


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_lists_and_calls_under_the_policy(target, connect):
    async def scenario():
        async with connect(target) as session:
            names = {tool.name for tool in (await session.list_tools()).tools}
            assert names - {"newcomer"} == SHOWN
            assert (await session.call_tool("add", {"a": 20, "b": 22})).content[0].text == "42"
            denied = await session.call_tool("delete_account", {"account": "a"})
            assert denied.isError and denied.content[0].text.startswith("[POLICY DENIED]")
            errors = []
            for name in ("secret_tool", "absent_tool"):
                with pytest.raises(McpError) as caught:
                    await session.call_tool(name, {})
                errors.append((caught.value.error.code, caught.value.error.message.replace(name, "NAME")))
            assert errors[0] == errors[1] and errors[0][0] == -32602
            with pytest.raises(McpError):
                await session.read_resource("docs://closed/plan")
            assert (await session.call_tool("echo", {"text": "still here"})).content[0].text == "still here"

    run(scenario())
    assert target.calls("secret_tool") == [] and target.calls("delete_account") == []


def test_progress_and_elicitation_cross(target, connect):
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


def test_many_calls_at_once_get_their_own_answers(target, connect):
    async def scenario():
        async with connect(target) as session:
            answers = await asyncio.gather(*(session.call_tool("add", {"a": n, "b": n}) for n in range(30)))
            assert [int(answer.content[0].text) for answer in answers] == [2 * n for n in range(30)]

    run(scenario())


def test_a_large_answer_comes_whole(target, connect):
    async def scenario():
        async with connect(target) as session:
            assert len((await session.call_tool("large", {"size": 1_000_000})).content[0].text) == 1_000_000

    run(scenario())


def test_list_changes_are_heard(target, connect):
    heard = asyncio.Event()

    async def message(received):
        if "list_changed" in str(getattr(getattr(received, "root", received), "method", "")):
            heard.set()

    async def scenario():
        async with connect(target, message_handler=message) as session:
            await asyncio.sleep(0.5)
            await session.call_tool("grow", {})
            await asyncio.wait_for(heard.wait(), 20)

    run(scenario())


def test_calls_are_logged_like_any_other(target):
    async def scenario():
        async with over_sse(target) as session:
            await session.call_tool("echo", {"text": "logged"})
            await session.call_tool("delete_account", {"account": "logged"})

    run(scenario())
    lines = [line for line in target.log() if line.get("method") == "tools/call"]
    assert {("echo", "allow"), ("delete_account", "deny")} <= {(line["tool"], line["outcome"]) for line in lines}
