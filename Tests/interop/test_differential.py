"""Our readers against independent ones: whatever the gateway accepts, the other must understand in the same way.

HTTP against h11, JSON against Python's json with exact decimals, event streams against a model written from WHATWG HTML,
section 9.2.6. The gateway may refuse what the others take; every reason for which it did so must be in the table below,
where it is justified. Reproducible: TOOLGATE_DIFFERENTIAL_SEED, TOOLGATE_DIFFERENTIAL_CASES.
"""

import base64
import collections
import concurrent.futures
import decimal
import json
import os
import random
import subprocess

import h11
from harness import TOOLGATE

SEED = int(os.environ.get("TOOLGATE_DIFFERENTIAL_SEED", "20261121"))
CASES = int(os.environ.get("TOOLGATE_DIFFERENTIAL_CASES", "2000"))

# Why we refuse requests that h11 takes. Each is a place where two parsers are known to part ways, or a rule of ours.
DELIBERATE = {
    "bare_line_feed": "h11 ends lines with LF alone; RFC 9112 allows it, smuggling uses it",
    "bare_carriage_return": "a CR inside a line that h11 reads as white space",
    "folded_line": "obsolete folding, which h11 joins",
    "malformed_start_line": "empty lines before the request line, which h11 skips",
    "malformed_target": "h11 checks bytes only: fragments, //, absolute-form and stray percent signs pass there",
    "malformed_content_length": "h11 takes leading zeros, padding and equal values in a list",
    "unsupported_transfer_coding": "h11 takes any case and padding",
    "ambiguous_length": "h11 lets Transfer-Encoding win over Content-Length",
    "duplicate_field": "h11 refuses few duplicates; we refuse every second singleton",
    "malformed_chunk_size": "chunk extensions and white space after the size, which h11 skips",
    "malformed_host": "h11 checks presence only",
    "twin_field_name": "names that a CGI-like server would take for one of ours",
    "nominated_field": "Connection naming an end-to-end field",
    "non_ascii_value": "bytes beyond ASCII in a field whose meaning we know",
    "unsupported_expectation": "an expectation nobody can meet",
    "encoded_body": "a content coding: nothing here inflates",
    "control_byte": "h11 takes DEL in values and control bytes in trailers",
    "tunnel_refused": "CONNECT",
    "unsupported_version": "anything but 1.1 and 1.0",
    "truncated": "the message does not end; h11 waits for more",
    "missing_colon": "trailers, which h11 reads loosely",
    "malformed_field_name": "trailers, which h11 reads loosely",
}

REQUESTS = [
    b"POST /mcp/crm?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: application/json, text/event-stream\r\n"
    b"Content-Type: application/json\r\nAuthorization: Bearer tg_x\r\nMCP-Protocol-Version: 2026-07-28\r\n"
    b"Mcp-Method: tools/call\r\nMcp-Name: create_lead\r\nContent-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0a\r\n0123456789\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n",
    b"GET /a/b%20c HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Pad: \t v w \r\n\r\n",
    b"DELETE /mcp HTTP/1.1\r\nHost: [::1]:1\r\nConnection: close\r\nMcp-Session-Id: s\r\n\r\n",
    b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
]
SECOND = b"GET /second HTTP/1.1\r\nHost: b\r\n\r\n"
HOSTILE_BYTES = b"\x00\t\n\x0b\r \",:;+-_0159AFaf\x7f\x80\xa0\xff#%/\\?"
HOSTILE_LINES = [
    b"Content-Length: 5", b"Content-Length: 3", b"Content-Length: 0", b"Content-Length: +3", b"Content-Length: 3, 3",
    b"Content-Length:3", b"Content-Length: 03", b"Content-Length:  3", b"content-length: 3 ", b"Content-Length : 3",
    b"Content-Length: 0x3", b"Content-Length: 99999999999999999999", b"Content_Length: 3", b"Content-Length: ",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked", b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding:\tchunked", b"TE: trailers",
    b"Transfer-Encoding: identity", b"Transfer_Encoding: chunked", b" folded", b"\tfolded: 1", b"X: 1\n Y: 2", b"Host: c",
    b"Host : c", b"X", b": x", b"X:\x00", b"X: a\rb", b"X: a\nContent-Length: 9", b"Connection: close", b"Expect: x",
    b"Connection: content-length", b"Connection: keep-alive", b"Content-Encoding: gzip", b"X-\xe9: 1", b"X: \xe9",
]  # fmt: skip
CHUNK_TAILS = [
    b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"5;x=y\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"0\n\n",
    b"5\nhello\n0\n\n", b"+5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"\r\n0\r\n\r\n",
    b"00000000000000005\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n00\r\n\r\n", b"5\r\nhelloX\r\n0\r\n\r\n", b"-1\r\n\r\n",
    b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"10000000000000005\r\nhello\r\n0\r\n\r\n", b"0\r\nX: 1\n\r\n", b"5\r\nhe",
]  # fmt: skip


def toolgate(kind: str, data: bytes) -> dict:
    done = subprocess.run([TOOLGATE, "debug", kind, "-"], input=data, capture_output=True, timeout=60)
    assert done.returncode in (0, 1), (kind, data, done.returncode, done.stderr)
    try:
        answer = json.loads(done.stdout, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    except decimal.InvalidOperation:
        return {"accepted": done.returncode == 0}  # an exponent beyond any that Python can hold: nothing to compare
    assert answer["accepted"] == (done.returncode == 0)
    return answer


def ask_all(kind: str, cases: list[bytes]) -> list[dict]:
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return list(pool.map(lambda data: toolgate(kind, data), cases))


def mutate_bytes(rng: random.Random, data: bytearray, alphabet: bytes) -> None:
    place = rng.randrange(len(data) + 1)
    match rng.randrange(4):
        case 0:
            data[place:place] = bytes([rng.choice(alphabet)])
        case 1 if data:
            del data[place % len(data)]
        case 2 if data:
            data[place % len(data)] = rng.choice(alphabet)
        case _:
            end = rng.randrange(place, min(len(data), place + 12) + 1)
            data[place:place] = data[place:end]


def mutated_request(rng: random.Random) -> bytes:
    head, _, body = rng.choice(REQUESTS).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for _ in range(rng.randrange(3)):
        lines.insert(rng.randrange(1, len(lines) + 1), rng.choice(HOSTILE_LINES))
    if rng.random() < 0.15:
        del lines[rng.randrange(1, len(lines))]
    if rng.random() < 0.2:
        rng.shuffle(tail := lines[1:])
        lines[1:] = tail
    if rng.random() < 0.25:
        body = rng.choice(CHUNK_TAILS)
        if rng.random() < 0.7:
            lines = [l for l in lines if not l.lower().startswith((b"content-length", b"transfer-encoding"))]
            lines.append(b"Transfer-Encoding: chunked")
    data = bytearray(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        mutate_bytes(rng, data, HOSTILE_BYTES)
    return bytes(data) + (SECOND if rng.random() < 0.5 else b"")


def read_by_h11(data: bytes) -> tuple[list[tuple], bool]:
    """The complete requests h11 sees on one connection, and whether it ended in an error or in the middle of one."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(data)
    requests = []
    try:
        while True:
            request, body = connection.next_event(), b""
            if request is h11.NEED_DATA or request is h11.PAUSED or isinstance(request, h11.ConnectionClosed):
                return requests, bool(connection.trailing_data[0])
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if not isinstance(event, h11.Data):
                    return requests, True
                body += bytes(event.data)
            fields = [(bytes(name), bytes(value)) for name, value in request.headers]
            requests.append((request.method, request.target, request.http_version, fields, body))
            connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return requests, False
            connection.start_next_cycle()
    except h11.RemoteProtocolError:
        return requests, True


def raw(item: dict, key: str) -> bytes:
    return base64.b64decode(item[f"{key}_base64"]) if f"{key}_base64" in item else item[key].encode()


def our_requests(answer: dict) -> list[tuple]:
    return [
        (
            raw(request, "method"),
            raw(request, "target"),
            f"1.{request['minor_version']}".encode(),
            [(raw(field, "name"), raw(field, "value")) for field in request["fields"]],
            raw(request, "body"),
        )
        for request in answer["requests"]
    ]


def test_c1_every_request_we_accept_means_the_same_to_h11():
    rng = random.Random(SEED)
    cases = REQUESTS + [request + SECOND for request in REQUESTS]
    cases += [mutated_request(rng) for _ in range(CASES)]
    accepted, stricter = 0, collections.Counter()
    for data, answer in zip(cases, ask_all("http", cases), strict=True):
        ours, (theirs, _) = our_requests(answer), read_by_h11(data)
        accepted += len(ours)
        # h11 may stop or refuse later than we do, never earlier and never with another reading.
        assert theirs[: len(ours)] == ours, f"{data!r}\nours:   {ours}\ntheirs: {theirs}"
        if len(theirs) > len(ours):
            assert not answer["accepted"], f"h11 found a request that we passed over in silence: {data!r}"
            stricter[answer["reason"]] += 1
    print(f"{len(cases)} cases, {accepted} requests accepted alike, stricter: {dict(stricter.most_common())}")
    assert accepted > len(cases) // 10, "the mutations leave too little to compare"
    assert set(stricter) <= set(DELIBERATE), f"unexplained: {set(stricter) - set(DELIBERATE)}"


DOCUMENTS = [
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1.50,"b":-2e3,"c":[1,2]}}}',
    b'[0,-0,1E5,1e-7,123456789012345678901234567890,0.1,true,false,null,"",{}]',
    '{"é":"\\u00e9\\ud83d\\ude00😀","n\\u0061me":"x","name2":"\\"\\\\\\/\\b\\f\\n\\r\\t"}'.encode(),
    b' \t\r\n{ "a" : [ ] , "b" : { "c" : { } } } ',
    b'"text"',
    b"1e400",
]
JSON_BYTES = b'\x00\t\n\r "\\/,:[]{}019.eE+-aflnrtu\x7f\x80\xc0\xe2\xed\xa0\xef\xbb\xbf\xf4\xff'
JSON_PARTS = [
    b'"a":1,', b'"\\ud800"', b'"\\u0000"', b'"\\udc00\\ud800"', b"NaN", b"Infinity", b"-", b"01", b"1.", b".5", b"1e", b",,",
    b"\xef\xbb\xbf", b"\xff\xfe", b'"\\u0061"', b"0e1", b"1e1", b"-0", b"[[[[", b"]]", b"//x\n", b"'a'", b"\xc3\xa9",
]  # fmt: skip


def refuse_constant(text: str):
    raise ValueError(text)


def unique_pairs(pairs: list[tuple]) -> dict:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate key")
    return value


def read_by_python(data: bytes):
    """Python's reading, made as strict as RFC 8259 where it is looser."""
    text = data.decode("utf-8", "strict")
    return json.loads(
        text,
        parse_float=decimal.Decimal,
        parse_int=decimal.Decimal,
        parse_constant=refuse_constant,
        object_pairs_hook=unique_pairs,
    )


def test_a5_a6_every_document_we_accept_means_the_same_to_python():
    rng = random.Random(SEED + 1)
    cases = list(DOCUMENTS)
    for _ in range(CASES // 3):
        data = bytearray(rng.choice(DOCUMENTS))
        if rng.random() < 0.4:
            place = rng.randrange(len(data) + 1)
            data[place:place] = rng.choice(JSON_PARTS)
        for _ in range(rng.choice([0, 1, 1, 2])):
            mutate_bytes(rng, data, JSON_BYTES)
        cases.append(bytes(data))
    accepted = 0
    with decimal.localcontext(decimal.Context(prec=decimal.MAX_PREC, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)):
        for data, answer in zip(cases, ask_all("json", cases), strict=True):
            try:
                theirs = read_by_python(data)
            except decimal.InvalidOperation:
                continue
            except ValueError:
                assert not answer["accepted"], f"we accept what Python refuses: {data!r}"
                continue
            if answer["accepted"]:
                accepted += 1
                assert answer["value"] == theirs, f"{data!r}\nours:   {answer['value']}\ntheirs: {theirs}"
            else:
                # All that Python takes beyond us: a byte order mark it kept as text, lone surrogates, U+0000, bounds.
                assert has_surrogate_or_nul(theirs) or data.startswith(b"\xef\xbb\xbf"), (data, answer)
    print(f"{len(cases)} cases, {accepted} documents accepted alike")
    assert accepted > len(cases) // 10


def has_surrogate_or_nul(value) -> bool:
    if isinstance(value, dict):
        return any(has_surrogate_or_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(has_surrogate_or_nul(part) for part in value)
    return isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)


STREAMS = [
    b"id: 1\nevent: message\ndata: {\"jsonrpc\":\"2.0\"}\n\nretry: 2000\n\n: ping\n\ndata: a\ndata: b\n\n",
    b"\xef\xbb\xbfdata: a\r\n\r\ndata\rdata:\r\rid\ndata:  x\n\nid: 7\n\n",
    b"event: x\ndata: 1\n\nevent: y\n\ndata: 2\n\nid: a\x00b\ndata: 3\n\ndata: cut",
]
STREAM_BYTES = b"\x00\n\r\n\r :dataeventidretry0159\xef\xbb\xbf\xc3\xa9\xff\x0b\x0c\x1c\x85"


def read_by_model(data: bytes) -> tuple[list[dict], str, int | None]:
    """WHATWG HTML, section 9.2.6, on a decoded stream: line ends are CR LF, LF and CR and nothing else."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    events, last, retry = [], "", None
    kind, payload, identity, own = "", "", "", None
    for line in lines:
        if line == "":
            last = identity
            if payload:
                events.append({"type": kind or "message", "data": payload.removesuffix("\n"), "id": own})
            kind, payload, own = "", "", None
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            payload += value + "\n"
        elif field == "event":
            kind = value
        elif field == "id" and "\0" not in value:
            identity = own = value
        elif field == "retry" and value and value.isascii() and value.isdigit():
            retry = min(int(value), 86_400_000)
    return events, last, retry


def text_of(item: dict, key: str) -> str:
    return raw(item, key).decode("utf-8", "replace")


def test_d7_every_stream_means_the_same_to_a_model_of_the_standard():
    rng = random.Random(SEED + 2)
    cases = list(STREAMS)
    for _ in range(CASES // 3):
        data = bytearray(rng.choice(STREAMS))
        for _ in range(rng.randrange(6)):
            mutate_bytes(rng, data, STREAM_BYTES)
        cases.append(bytes(data))
    for data, answer in zip(cases, ask_all("sse", cases), strict=True):
        assert answer["accepted"], data
        ours = [
            {
                "type": text_of(event, "type"),
                "data": text_of(event, "data"),
                "id": text_of(event, "id") if "id" in event or "id_base64" in event else None,
            }
            for event in answer["events"]
        ]
        events, last, retry = read_by_model(data)
        assert ours == events, f"{data!r}\nours:  {ours}\nmodel: {events}"
        assert text_of(answer, "last_event_id") == last, data
        assert answer.get("retry_ms") == retry, data
