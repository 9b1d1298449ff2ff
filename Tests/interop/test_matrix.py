"""Every method over {legacy, modern} client × {legacy, modern} server, with the SDKs of both generations.

The client is mcp 2.3.0 in either era (test_sdk1.py has 1.30.0); the server is 1.30.0, which knows sessions only, 2.3.0,
which knows both, and 2.3.0 made to know 2026-07-28 only.
"""

import asyncio
import contextlib

import pytest
from harness import PYTHON1, PYTHON2, gateway, upstream
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CompletionArgument, CreateMessageResult, ElicitResult, ListRootsResult, PromptReference, Root, TextContent)
from test_sdk2 import connect, run, text

SERVERS = {"1.30.0": (PYTHON1,), "2.3.0": (PYTHON2,), "modern-only": (PYTHON2, "--modern-only")}
MODES = ["legacy", "2026-07-28", "auto"]
POLICY = {"version": "1", "default": "allow", "hide": ["secret_tool"]}


@pytest.fixture(scope="module", params=SERVERS)
def target(request):
    python, *options = SERVERS[request.param]
    with upstream(python, *options, script="matrix_upstream.py") as port, gateway(port, POLICY) as running:
        running.generation = request.param
        yield running


async def answer(context, params):
    return ElicitResult(action="accept", content={"colour": "green"})


async def sample(context, params):
    return CreateMessageResult(
        role="assistant", content=TextContent(type="text", text="green thought"), model="m", stop_reason="endTurn")


async def roots(context):
    return ListRootsResult(roots=[Root(uri="file:///here")])


@pytest.mark.parametrize("mode", MODES)
def test_opening_listing_and_calling(target, mode):
    async def scenario():
        async with connect(target, mode) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert "echo" in names and "secret_tool" not in names
            assert text(await client.call_tool("add", {"a": 20, "b": 22})) == "42"
            result = await client.call_tool("both", {"a": 1})
            assert result.structured_content in ({"a": 1}, {"result": {"a": 1}})
            with pytest.raises(MCPError) as caught:
                await client.call_tool("secret_tool", {})
            assert caught.value.code == -32602
            if mode == "legacy":
                await client.send_ping()

    run(scenario())


@pytest.mark.parametrize("mode", MODES)
def test_resources_prompts_and_completion(target, mode):
    async def scenario():
        async with connect(target, mode) as client:
            assert "docs://open/readme" in {str(one.uri) for one in (await client.list_resources()).resources}
            templates = (await client.list_resource_templates()).resource_templates
            assert [one.uri_template for one in templates] == ["docs://open/{name}"]
            assert (await client.read_resource("docs://open/readme")).contents[0].text == "read me"
            assert (await client.read_resource("docs://open/other")).contents[0].text == "page other"
            with pytest.raises(MCPError):
                await client.read_resource("docs://absent/x")
            assert "greet" in {prompt.name for prompt in (await client.list_prompts()).prompts}
            assert "Ada" in (await client.get_prompt("greet", {"name": "Ada"})).messages[0].content.text
            completed = await client.complete(
                PromptReference(type="ref/prompt", name="greet"), {"name": "name", "value": "A"})
            assert completed.completion.values == ["Ada"]

    run(scenario())


@pytest.mark.parametrize("mode", MODES)
def test_servers_ask_for_answers_thoughts_and_roots(target, mode):
    async def scenario():
        options = {"elicitation_callback": answer, "sampling_callback": sample, "list_roots_callback": roots}
        async with connect(target, mode, **options) as client:
            assert text(await client.call_tool("favourite", {})) == "accept: green"
            assert text(await client.call_tool("muse", {})) == "green thought"
            assert text(await client.call_tool("where", {})) == "file:///here"

    run(scenario())


@pytest.mark.parametrize("mode", MODES)
def test_a_client_that_offers_nothing_is_asked_nothing(target, mode):
    async def scenario():
        async with connect(target, mode) as client:
            with contextlib.suppress(MCPError):
                assert (await client.call_tool("favourite", {})).is_error
            assert text(await client.call_tool("echo", {"text": "on"})) == "on"

    run(scenario())


@pytest.mark.parametrize("mode", MODES)
def test_progress_arrives_in_order(target, mode):
    seen = []

    async def note(progress, total, message):
        seen.append(progress)

    async def scenario():
        async with connect(target, mode) as client:
            await client.call_tool("count_up", {"steps": 5}, progress_callback=note)

    run(scenario())
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("mode", MODES)
def test_log_messages_follow_the_level(target, mode):
    if mode == "auto":
        pytest.skip("the same as 2026-07-28")
    heard = []

    async def hear(params):
        heard.append(params.data)

    async def scenario():
        options = {} if mode == "legacy" else {"log_level": "warning"}
        async with connect(target, mode, logging_callback=hear, **options) as client:
            if mode == "legacy":
                with contextlib.suppress(MCPError):  # 1.30.0's FastMCP sends everything and knows no level
                    await client.set_logging_level("warning")
            await client.call_tool("mumble", {})
            await asyncio.sleep(0.2)

    run(scenario())
    assert "loud" in heard
    assert "quiet" not in heard or (mode == "legacy" and target.generation != "modern-only")


@pytest.mark.parametrize("mode", MODES)
def test_cancelling_a_call_cancels_it_on_the_server(target, mode):
    label = f"cancel-{mode}"

    async def scenario():
        async with connect(target, mode) as client:
            task = asyncio.create_task(client.call_tool("linger", {"seconds": 30, "label": label}))
            while not any(call["label"] == label for call in target.calls("linger")):
                await asyncio.sleep(0.05)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, MCPError):
                await task
            for _ in range(100):
                if label in target.witness()["cancelled"]:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("the server never saw the cancellation")

    run(scenario())


def test_updates_of_a_resource_reach_a_modern_subscriber(target):
    if target.generation == "1.30.0":
        pytest.skip("mcp 1.30.0's FastMCP does not declare subscriptions")

    async def scenario():
        async with connect(target, "2026-07-28") as client:
            async with client.listen(resource_subscriptions=["docs://open/readme"]) as subscription:
                await client.call_tool("touch", {"uri": "docs://open/readme"})
                async for event in subscription:
                    assert type(event).__name__ == "ResourceUpdated"
                    break

    run(scenario())


def test_updates_of_a_resource_reach_a_legacy_subscriber_of_a_modern_server(target):
    if target.generation != "modern-only":
        pytest.skip("a session of the server's own is its own business")

    async def scenario():
        updated, changed = asyncio.Event(), asyncio.Event()

        async def handler(message):
            name = type(getattr(message, "root", message)).__name__
            {"ResourceUpdatedNotification": updated, "ToolListChangedNotification": changed}.get(
                name, asyncio.Event()).set()

        async with connect(target, "legacy", message_handler=handler) as client:
            await asyncio.sleep(0.5)  # the session's stream opens beside the handshake
            await client.subscribe_resource("docs://open/readme")
            for _ in range(50):
                await client.call_tool("touch", {"uri": "docs://open/readme"})
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(updated.wait(), 0.2)
                    break
            assert updated.is_set()
            await client.unsubscribe_resource("docs://open/readme")
            await client.call_tool("grow", {})
            await asyncio.wait_for(changed.wait(), 10)

    run(scenario())
