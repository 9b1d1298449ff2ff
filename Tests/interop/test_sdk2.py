"""mcp 2.3.0 as a real client, in both eras, through the gateway to real servers of both SDK generations."""

import asyncio
import contextlib

import httpx2
import pytest
from harness import PYTHON1, PYTHON2, POLICY, gateway, upstream
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult

SHOWN = {name for name in POLICY["tools"]} | {"delete_account"}
# (client mode, server's Python): eras are matched where both have one, and bridged where 1.30.0 has sessions only.
PAIRS = [(mode, python) for mode in ("2026-07-28", "auto", "legacy") for python in (PYTHON2, PYTHON1)]


@pytest.fixture(scope="module", params=[(), ("--json",)], ids=["sse", "json"])
def servers(request):
    with contextlib.ExitStack() as stack:
        gateways = {}
        for python in (PYTHON2, PYTHON1):
            port = stack.enter_context(upstream(python, *request.param))
            gateways[python] = stack.enter_context(gateway(port))
        yield gateways


@contextlib.asynccontextmanager
async def connect(target, mode: str, token: str = "agent", **options):
    headers = {"Authorization": f"Bearer {target.tokens[token]}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(target.url, http_client=http), mode=mode, **options) as client:
            yield client


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def text(result) -> str:
    return result.content[0].text


@pytest.mark.parametrize("mode,python", PAIRS)
def test_lists_only_what_the_policy_shows(servers, mode, python):
    async def scenario():
        async with connect(servers[python], mode) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names == SHOWN
            assert {str(resource.uri) for resource in (await client.list_resources()).resources} == {
                "docs://open/readme"}
            assert {prompt.name for prompt in (await client.list_prompts()).prompts} == {"greet"}

    run(scenario())


@pytest.mark.parametrize("mode,python", PAIRS)
def test_an_allowed_call_reaches_the_server_and_its_answer_comes_back(servers, mode, python):
    async def scenario():
        async with connect(servers[python], mode) as client:
            result = await client.call_tool("add", {"a": 20, "b": 22})
            assert not result.is_error and text(result) == "42"

    run(scenario())
    assert {"a": 20, "b": 22} in servers[python].calls("add")


@pytest.mark.parametrize("mode,python", PAIRS)
def test_a_denied_call_is_a_tool_result_with_is_error(servers, mode, python):
    async def scenario():
        async with connect(servers[python], mode) as client:
            result = await client.call_tool("delete_account", {"account": "a-1"})
            assert result.is_error
            assert text(result).startswith("[POLICY DENIED]")
            result = await client.call_tool("transfer", {"amount": 101, "account": "x"})
            assert result.is_error
            assert text(result) == "[POLICY DENIED] Transfers above 100 need a person. Ask your operator."
            assert result.meta["dev.toolgate/decision"]["rule"] == "/tools/transfer/deny_if/too-much"

    run(scenario())
    assert servers[python].calls("delete_account") == []
    assert all(call["amount"] != 101 for call in servers[python].calls("transfer"))


@pytest.mark.parametrize("mode,python", PAIRS)
def test_a_hidden_tool_looks_exactly_like_an_unknown_one(servers, mode, python):
    async def scenario():
        errors = []
        async with connect(servers[python], mode) as client:
            for name in ("secret_tool", "absent_tool"):
                with pytest.raises(MCPError) as caught:
                    await client.call_tool(name, {})
                errors.append((caught.value.code, caught.value.message.replace(name, "NAME")))
        assert errors[0] == errors[1]
        assert errors[0][0] == -32602

    run(scenario())
    assert servers[python].calls("secret_tool") == []


@pytest.mark.parametrize("mode,python", PAIRS)
def test_a_tool_that_fails_fails_as_it_would_without_us(servers, mode, python):
    async def scenario():
        async with connect(servers[python], mode) as client:
            result = await client.call_tool("fail", {"text": "out of ink"})
            # mcp 1.30.0 quotes the exception, 2.3.0 keeps it to itself.
            assert result.is_error and text(result).startswith("Error executing tool fail")

    run(scenario())


@pytest.mark.parametrize("mode,python", PAIRS)
def test_resources_and_prompts_follow_the_policy(servers, mode, python):
    async def scenario():
        async with connect(servers[python], mode) as client:
            assert (await client.read_resource("docs://open/readme")).contents[0].text == "read me"
            assert "Ada" in (await client.get_prompt("greet", {"name": "Ada"})).messages[0].content.text
            for uri in ("docs://closed/plan", "docs://closed/absent"):
                with pytest.raises(MCPError) as caught:
                    await client.read_resource(uri)
                assert caught.value.code in (-32602, -32002)
            with pytest.raises(MCPError):
                await client.get_prompt("hidden_prompt", {"name": "Ada"})

    run(scenario())
    assert servers[python].calls("docs://closed/plan") == []


@pytest.mark.parametrize("mode,python", PAIRS)
def test_large_results_pass_whole(servers, mode, python):
    async def scenario():
        async with connect(servers[python], mode) as client:
            assert len(text(await client.call_tool("large", {"size": 1_000_000}))) == 1_000_000

    run(scenario())


@pytest.mark.parametrize("mode,python", PAIRS)
def test_progress_arrives_in_order(servers, mode, python, request):
    if "json" in request.node.name:
        pytest.skip("a JSON-only server cannot report progress")
    seen = []

    async def note(progress, total, message):
        seen.append((progress, total, message))

    async def scenario():
        async with connect(servers[python], mode) as client:
            result = await client.call_tool("count_up", {"steps": 5}, progress_callback=note)
            assert text(result) == "counted to 5"

    run(scenario())
    assert seen == [(step, 5, f"step {step}") for step in range(1, 6)]


@pytest.mark.parametrize("mode,python", PAIRS)
def test_elicitation_crosses_the_gateway(servers, mode, python, request):
    if "json" in request.node.name and (mode == "legacy" or python == PYTHON1):
        pytest.skip("a JSON-only legacy server cannot ask")

    async def answer(context, params):
        assert params.message == "Which colour?"
        return ElicitResult(action="accept", content={"colour": "green"})

    async def scenario():
        async with connect(servers[python], mode, elicitation_callback=answer) as client:
            assert text(await client.call_tool("favourite", {})) == "accept: green"

    run(scenario())


@pytest.mark.parametrize("mode,python", PAIRS)
def test_cancelling_a_call_cancels_it_on_the_server(servers, mode, python, request):
    if "json" in request.node.name and mode != "legacy" and python == PYTHON2:
        pytest.skip("a JSON-only server of mcp 2.3.0 does not notice a closed connection, with or without us")
    label = f"cancel-{mode}-{python[-20:]}"

    async def scenario():
        async with connect(servers[python], mode) as client:
            task = asyncio.create_task(client.call_tool("linger", {"seconds": 30, "label": label}))
            while not any(call["label"] == label for call in servers[python].calls("linger")):
                await asyncio.sleep(0.05)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, MCPError):
                await task
            for _ in range(100):
                if label in servers[python].witness()["cancelled"]:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("the server never saw the cancellation")

    run(scenario())


def test_the_decision_log_tells_each_outcome(servers):
    target = servers[PYTHON2]

    async def scenario():
        async with connect(target, "2026-07-28", token="other") as client:
            await client.call_tool("echo", {"text": "for the log"})
            await client.call_tool("delete_account", {"account": "a-2"})
            with pytest.raises(MCPError):
                await client.call_tool("secret_tool", {})
            for _ in range(3):
                result = await client.call_tool("transfer", {"amount": 1, "account": "b"})
            assert result.is_error and result.meta["dev.toolgate/decision"]["outcome"] == "rate_limited"
            assert result.meta["dev.toolgate/decision"]["retry_after_ms"] > 0

    run(scenario())
    mine = [line for line in target.log() if line["grant"] == "other" and line["method"] == "tools/call"]
    outcomes = [(line["tool"], line["outcome"], line.get("rule", "")) for line in mine]
    assert ("echo", "allow", "") in outcomes
    assert ("delete_account", "deny", "(default deny)") in outcomes
    assert ("secret_tool", "hidden", "(hidden)") in outcomes
    assert ("transfer", "rate_limited", "/tools/transfer/limits/transfers") in outcomes
    assert all("for the log" not in str(line) for line in mine), "argument values must never be logged"
    assert next(line for line in mine if line["tool"] == "echo")["argument_keys"] == ["text"]


def test_a_new_tool_is_denied_unless_named_and_a_changed_one_always(servers):
    with upstream(PYTHON2) as port, gateway(port, {**POLICY, "tools": {**POLICY["tools"], "new*": {}}}) as target:

        async def scenario():
            async with connect(target, "2026-07-28") as client:
                assert not (await client.call_tool("add", {"a": 1, "b": 1})).is_error
                await client.call_tool("grow", {})
                await client.call_tool("mutate", {})
                for _ in range(100):
                    await client.list_tools()
                    changed = await client.call_tool("add", {"a": 2, "b": 2})
                    if changed.is_error:
                        break
                    await asyncio.sleep(0.05)
                assert changed.meta["dev.toolgate/decision"]["rule"] == "(changed)"
                new = await client.call_tool("newcomer", {})
                assert new.meta["dev.toolgate/decision"]["rule"] == "(new)"

        run(scenario())
        assert target.calls("newcomer") == []


@pytest.mark.parametrize("mode", ["2026-07-28", "legacy"])
def test_list_changes_are_announced(mode):
    with upstream(PYTHON2) as port, gateway(port) as target:

        async def scenario():
            changes = asyncio.Event()

            async def handler(message):
                if type(getattr(message, "root", message)).__name__ == "ToolListChangedNotification":
                    changes.set()

            async with connect(target, mode, message_handler=handler) as client:
                await client.list_tools()
                if mode == "legacy":
                    await asyncio.sleep(0.5)
                    await client.call_tool("grow", {})
                    await asyncio.wait_for(changes.wait(), 10)
                else:
                    async with client.listen(tools_list_changed=True) as subscription:
                        await client.call_tool("grow", {})
                        async for event in subscription:
                            assert type(event).__name__ == "ToolsListChanged"
                            break

        run(scenario())


@pytest.mark.parametrize("mode,python", [("2026-07-28", PYTHON2), ("legacy", PYTHON1)])
def test_fifty_clients_at_once_never_see_each_others_answers(servers, mode, python):
    async def one(number):
        async with connect(servers[python], mode) as client:
            for round_number in range(4):
                expected = f"{number}-{round_number}"
                assert text(await client.call_tool("echo", {"text": expected})) == expected

    async def scenario():
        await asyncio.gather(*(one(number) for number in range(50)))

    run(scenario())
