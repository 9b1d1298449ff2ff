"""Holds both stand-ins against the golden requests and answers, so that a test never compares a connector with a mistake of ours.

What a golden answer names must be in the stand-in's answer with the same value; the stand-in may say more, as the APIs do.
"""

import http.client
import json
import pathlib
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from bitrix24 import Bitrix24  # noqa: E402
from kommo import Kommo  # noqa: E402

TOKENS = {
    "kommo": {None: "kommo-long-lived-token", "wrong": "nobody", "readonly": "kommo-token-readonly",
              "unpaid": "kommo-token-unpaid", "noadmin": "kommo-token-noadmin"},
    "bitrix24": {None: "1/good0code", "wrong": "1/nobody0", "readonly": "2/readonly0code", "expired": "1/expired0code",
                 "free": "1/free0code", "notelephony": "1/notelephony0code"},
}


def difference(own, wanted, at=""):
    """Where `own` lacks something of `wanted`; `None` when it has everything."""
    if isinstance(wanted, dict):
        if not isinstance(own, dict):
            return f"{at or '/'}: {own!r} is no object"
        for key, value in wanted.items():
            if key == "href" and at.endswith("/next"):
                continue
            if key not in own:
                return f"{at}/{key} is missing"
            found = difference(own[key], value, f"{at}/{key}")
            if found:
                return found
        return None
    if isinstance(wanted, list):
        if not isinstance(own, list) or len(own) != len(wanted):
            return f"{at or '/'}: {own!r:.200} is not {len(wanted)} elements"
        found = (difference(one, other, f"{at}/{index}") for index, (one, other) in enumerate(zip(own, wanted)))
        return next((one for one in found if one), None)
    return None if own == wanted else f"{at or '/'}: {own!r} is not {wanted!r}"


def send(standin, name, request, token):
    target = urllib.parse.quote(request["path"])
    headers = {"Content-Type": "application/json"}
    if name == "kommo":
        target = "/api/v4" + target
        headers["Authorization"] = f"Bearer {token}"
    else:
        target = f"/rest/{token}{target}"
    if request.get("query"):
        target += "?" + urllib.parse.urlencode(request["query"])
    body = json.dumps(request["body"]) if "body" in request else None
    connection = http.client.HTTPConnection("127.0.0.1", standin.port, timeout=10)
    connection.request(request["method"], target, body, headers)
    answer = connection.getresponse()
    raw = answer.read()
    connection.close()
    kind = (answer.headers.get("Content-Type") or "").split(";")[0]
    return answer.status, kind, json.loads(raw) if raw and kind.endswith("json") else None


def check(standin, name):
    failures, count = [], 0
    for line in (HERE / "golden" / f"{name}.jsonl").read_text().splitlines():
        case = json.loads(line)
        standin.reset()
        for exchange in case["exchanges"]:
            if exchange.get("standin") is False:
                continue
            count += 1
            status, kind, body = send(standin, name, exchange["request"], TOKENS[name][case.get("token")])
            wanted = exchange["answer"]
            problem = None if status == wanted["status"] else f"status {status} is not {wanted['status']}: {body}"
            if not problem and "type" in wanted and kind != wanted["type"]:
                problem = f"type {kind} is not {wanted['type']}"
            if not problem and "body" in wanted:
                problem = difference(body, wanted["body"])
            if problem:
                failures.append(f"{name} {case['tool']} ({case['case']}): {problem}")
    return failures, count


def main():
    failures, count = [], 0
    for kind in (Kommo, Bitrix24):
        with kind() as standin:
            found, sent = check(standin, kind.name)
            failures += found
            count += sent
    for failure in failures:
        print(failure)
    print(f"{count} golden exchanges, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
