"""Clients without an SDK: pinned old revisions, exact status codes, id collisions, era confusion, smuggled bodies."""

import concurrent.futures
import contextlib
import json
import socket
import time

import pytest
from harness import POLICY, PYTHON1, PYTHON2, Raw, gateway, upstream

SHOWN = {name for name in POLICY["tools"]} | {"delete_account"}
HANDSHAKE = ["2025-03-26", "2025-06-18", "2025-11-25"]


@pytest.fixture(scope="module")
def target():
    with upstream(PYTHON2) as port, gateway(port) as running:
        yield running


@pytest.fixture(scope="module")
def old_target():
    with upstream(PYTHON1) as port, gateway(port) as running:
        yield running


def call(client: Raw, name: str, arguments: dict, request_id=1):
    return client.request("tools/call", {"name": name, "arguments": arguments}, request_id)


@pytest.mark.parametrize("revision", HANDSHAKE)
@pytest.mark.parametrize("generation", ["target", "old_target"])
def test_a_client_pinned_to_a_revision_lists_and_calls(generation, revision, request):
    running = request.getfixturevalue(generation)
    client = Raw(running)
    assert client.initialize(revision)["protocolVersion"] == revision
    listed = client.request("tools/list")["result"]["tools"]
    assert {tool["name"] for tool in listed} == SHOWN
    assert call(client, "add", {"a": 40, "b": 2})["result"]["content"][0]["text"] == "42"
    denied = call(client, "delete_account", {"account": "z"})["result"]
    assert denied["isError"] is True and denied["content"][0]["text"].startswith("[POLICY DENIED]")
    unknown = call(client, "secret_tool", {})["error"]
    assert unknown["code"] == -32602
    assert client.request("ping")["result"] == {}
    status, _, _ = client.send(None, method="DELETE")
    assert status in (200, 204)
    status, _, _ = client.send({"jsonrpc": "2.0", "id": 9, "method": "tools/list"})
    assert status == 404, "an ended session is gone"


@pytest.mark.parametrize("revision", HANDSHAKE)
def test_batches_are_refused_with_a_clear_error(target, revision):
    client = Raw(target)
    client.initialize(revision)
    status, _, answers = client.send([{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}])
    assert status == 400 and answers[0]["error"]["code"] == -32600 and "batch" in answers[0]["error"]["message"]


def test_modern_answers_carry_what_a_modern_client_needs(target):
    client = Raw(target)
    status, _, answers = client.modern("server/discover")
    result = answers[-1]["result"]
    assert status == 200 and "2026-07-28" in result["supportedVersions"] and result["resultType"] == "complete"
    assert "ttlMs" in result and result["cacheScope"] == "private"
    _, _, answers = client.modern("tools/list")
    assert answers[-1]["result"]["cacheScope"] == "private" and answers[-1]["result"]["resultType"] == "complete"
    _, _, answers = client.modern("tools/call", {"name": "delete_account", "arguments": {"account": "q"}})
    assert answers[-1]["result"]["isError"] and answers[-1]["result"]["resultType"] == "complete"


@pytest.mark.parametrize("request_id", [0, -7, 9007199254740991, "0", "", "a\u00e9\U0001f600", "x" * 200])
def test_ids_come_back_exactly(target, request_id):
    _, _, answers = Raw(target).modern("tools/call", {"name": "echo", "arguments": {"text": "id"}}, request_id)
    assert answers[-1]["id"] == request_id and type(answers[-1]["id"]) is type(request_id)


def test_a_thousand_calls_with_id_zero_get_their_own_answers(target):
    def one(number: int) -> bool:
        client = Raw(target)
        _, _, answers = client.modern("tools/call", {"name": "echo", "arguments": {"text": f"n{number}"}}, 0)
        client.connection.close()
        return answers[-1]["id"] == 0 and answers[-1]["result"]["content"][0]["text"] == f"n{number}"

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        assert all(pool.map(one, range(1000)))


def test_a_thousand_legacy_calls_with_id_zero_over_many_sessions(old_target):
    def one(number: int) -> bool:
        client = Raw(old_target)
        client.initialize("2025-11-25")
        good = True
        for round_number in range(20):
            text = f"{number}/{round_number}"
            answer = call(client, "echo", {"text": text}, 0)
            good = good and answer["id"] == 0 and answer["result"]["content"][0]["text"] == text
        return good

    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        assert all(pool.map(one, range(50)))


@pytest.mark.parametrize("token", [None, "", "Bearer", "Bearer nonsense", "Basic abc", "stranger", "tg_live"])
def test_every_bad_credential_gets_the_same_401(target, token):
    client = Raw(target)
    if token == "stranger":
        token = f"Bearer {target.tokens['stranger']}"
    client.headers["Authorization"] = token
    status, fields, answers = client.modern("tools/list")
    reference = Raw(target)
    reference.headers["Authorization"] = "Bearer wrong"
    assert status == 401 and fields["www-authenticate"].startswith("Bearer")
    assert (status, answers) == (lambda r: (r[0], r[2]))(reference.modern("tools/list"))


def test_an_unknown_server_looks_like_a_bad_token(target):
    bad = Raw(target)
    bad.headers["Authorization"] = "Bearer wrong"
    unknown = Raw(target)
    assert bad.send({}, path="/mcp/witness")[::2] == unknown.send({}, path="/mcp/nowhere")[::2]


REFUSED = {
    "version header missing in the modern era": ({"MCP-Protocol-Version": None}, None),
    "another version in the header": ({"MCP-Protocol-Version": "2025-11-25"}, None),
    "a version nobody knows": ({"MCP-Protocol-Version": "2031-01-01"}, None),
    "method header missing": ({"Mcp-Method": None}, None),
    "method header of another method": ({"Mcp-Method": "tools/list"}, None),
    "method header in another case": ({"Mcp-Method": "Tools/Call"}, None),
    "name header missing": ({"Mcp-Name": None}, None),
    "name header of another tool": ({"Mcp-Name": "add"}, None),
    "name header with broken base64": ({"Mcp-Name": "=?base64?ZWNobw?="}, None),
    "duplicate key": ({}, b'{"name":"echo","name":"secret_tool","arguments":{}'),
    "key in another case": ({}, b'{"name":"echo","Name":"secret_tool","arguments":{}'),
    "key that folds": ({}, '{"name":"echo","\u017fame":1,"argument\u017f":{}'.encode()),
    "trailing comma": ({}, b'{"name":"echo","arguments":{"text":"x",}'),
    "lone surrogate": ({}, b'{"name":"echo","arguments":{"text":"\\ud800"}'),
    "NUL": ({}, b'{"name":"echo","arguments":{"text":"\\u0000"}'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_two_readers_could_read_differently_never_reaches_the_server(target, case):
    headers, params = REFUSED[case]
    before = len(target.witness()["calls"])
    meta = (b'"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
            b'"io.modelcontextprotocol/clientCapabilities":{}}')
    params = params or b'{"name":"echo","arguments":{"text":"x"}'
    body = b'{"jsonrpc":"2.0","id":5,"method":"tools/call","params":' + params + b"," + meta + b"}}"
    merged = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "echo", **headers}
    status, _, answers = Raw(target).send(body, merged)
    assert status == 400, answers
    assert answers[0]["error"]["code"] in (-32700, -32600, -32602, -32020, -32022)
    assert len(target.witness()["calls"]) == before


def test_arguments_arrive_byte_for_byte(target):
    exact = '{"text":"\\u00e9\\/\\ud83d\\ude00 café"}'
    meta = ('"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
            '"io.modelcontextprotocol/clientCapabilities":{}}')
    body = f'{{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{{"name":"echo","arguments":{exact},{meta}}}}}'
    _, _, answers = Raw(target).send(body.encode(), {
        "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "echo"})
    assert answers[-1]["result"]["content"][0]["text"] == "\u00e9/\U0001f600 caf\u00e9"


@pytest.mark.parametrize("headers,status", [
    ({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, (403, 421)),
    ({"Content-Type": "text/plain"}, 415), ({"Content-Type": "application/json; charset=utf-16"}, 415),
    ({"Content-Encoding": "gzip"}, 415), ({"Content-Type": None}, 415),
])
def test_cross_site_and_encoded_requests_are_refused(target, headers, status):
    got, _, _ = Raw(target).modern("tools/list", headers=headers)
    assert got in (status if isinstance(status, tuple) else (status,))


def test_sessions_belong_to_their_grant(target):
    mine = Raw(target)
    mine.initialize("2025-11-25")
    theirs = Raw(target, "other")
    theirs.headers["Mcp-Session-Id"] = mine.headers["Mcp-Session-Id"]
    theirs.headers["MCP-Protocol-Version"] = "2025-11-25"
    status, _, _ = theirs.send({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert status == 404
    tampered = Raw(target)
    session = mine.headers["Mcp-Session-Id"]
    tampered.headers["Mcp-Session-Id"] = session[:-1] + ("A" if session[-1] != "A" else "B")
    status, _, _ = tampered.send({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert status == 404


def test_a_modern_client_of_a_legacy_server_is_answered_in_its_own_era(old_target):
    status, _, answers = Raw(old_target).modern("tools/call", {"name": "echo", "arguments": {"text": "x"}})
    assert status == 200
    assert answers[-1]["result"]["resultType"] == "complete", answers
    assert answers[-1]["result"]["content"][0]["text"] == "x"


@contextlib.contextmanager
def changed(target, policy):
    target.write_policy(policy)
    time.sleep(1.5)
    try:
        yield
    finally:
        target.write_policy(POLICY)
        time.sleep(1.5)


def test_a_changed_policy_is_in_force_on_the_next_request_and_a_broken_one_is_not(target):
    client = Raw(target)
    arguments = {"name": "echo", "arguments": {"text": "x"}}
    with changed(target, {**POLICY, "tools": {}}):
        _, _, answers = client.modern("tools/call", arguments)
        assert answers[-1]["result"]["isError"]
        (target.folder / "policy.json").write_text('{"version": "1", "default": "allow", "tool": {}}')
        time.sleep(1.5)
        _, _, answers = client.modern("tools/call", arguments)
        assert answers[-1]["result"]["isError"], "an invalid file leaves the old one in force"
    _, _, answers = client.modern("tools/call", arguments)
    assert "isError" not in answers[-1]["result"] or not answers[-1]["result"]["isError"]


def test_a_closed_modern_stream_cancels_the_call(target):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "linger", "arguments": {"seconds": 30, "label": "socket"},
        "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                  "io.modelcontextprotocol/clientCapabilities": {}}}}).encode()
    with socket.create_connection(("127.0.0.1", target.port)) as client:
        client.sendall(
            b"POST /mcp/witness HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
            b"Mcp-Method: tools/call\r\nMcp-Name: linger\r\n"
            + f"Authorization: Bearer {target.tokens['agent']}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        for _ in range(100):
            if any(arguments["label"] == "socket" for arguments in target.calls("linger")):
                break
            time.sleep(0.05)
    for _ in range(100):
        if "socket" in target.witness()["cancelled"]:
            return
        time.sleep(0.05)
    raise AssertionError("the server never saw the cancellation")


def test_no_secret_shows_anywhere(target):
    Raw(target).modern("tools/call", {"name": "echo", "arguments": {"text": "x"}})
    log = (target.folder / "decisions.log").read_text()
    assert "wk-7f3a91" not in log
    assert all(token not in log for token in target.tokens.values())
