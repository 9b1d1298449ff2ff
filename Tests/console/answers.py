"""Answers of the admin API's shape, for the screens alone: fixed, and with hostile texts in every field of a server's making.

What the real API answers is tested by test_first_hour.py; here the screens are held to what they do with it.
"""

import copy
import json
import re
import urllib.parse

# A text that tries everything: markup, handlers, an override of the writing direction, what cannot be seen, a template.
HOSTILE = (
    '<img src=x onerror="window.__owned=1"><script>window.__owned=1</script>\u202eevil\u200b\u2066\U000e0041'
    "\"'`{{constructor.constructor('window.__owned=1')()}}</textarea><svg/onload=window.__owned=1>javascript:window.__owned=1"
)
AN_HOUR_AGO = "2026-11-22T07:00:00.000Z"
DIGEST = "ab" * 32
SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 200},
        "price": {"type": "integer", "minimum": 0, "maximum": 1000000000},
        "status": {"type": "string", "enum": ["open", "won", "lost"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "contact": {"type": "object", "properties": {"e.mail": {"type": "string"}}},
        "urgent": {"type": "boolean"},
    },
}
# Keys that look like numbers, digits a double does not hold, an unusual order: the builder has to keep all of it.
DOCUMENT = """{
  "version": "1",
  "default": "deny",
  "hide": ["delete_*"],
  "tools": {
    "10": {},
    "9": {},
    "get_lead": {},
    "create_lead": {
      "require": [
        {
          "conditions": [{ "path": "args.price", "op": "lte", "value": 9007199254740991 }],
          "on_deny": "Leads above that are created by a person."
        }
      ],
      "limits": [
        {
          "counter": "create_lead_rate",
          "window": "minute",
          "max": 0.10,
          "scope": "grant"
        }
      ]
    }
  }
}"""


def tool(name, risk, severity, **more):
    return {
        "tool": name, "name": name, "title": name.replace("_", " "), "description": f"What {name} does.",
        "input_schema": SCHEMA, "class": risk, "severity": severity, "tokens": 120, "standing": "pinned",
        "since": AN_HOUR_AGO, "digest": DIGEST, "accepted": AN_HOUR_AGO, "accepted_by": "operator:ana",
        "evidence": [{"quote": name, "source": "name", "says": "the verb"}], "rationale": "Because.", "findings": [],
        **more,
    }


TOOLS = [
    tool("get_lead", "read", "low"), tool("create_lead", "write", "medium"), tool("run_bot", "execute", "high"),
    tool("delete_lead", "destructive", "critical"), tool("pay_invoice", "financial", "critical"),
    tool("mystery", "unclassified", "critical", standing="changed"),
]
SERVER = {
    "name": "crm", "id": "91de197c-1035-4771-b1a8-937179b0db06", "path": "/mcp/crm", "upstream": "http://127.0.0.1:3001/mcp",
    "allow_insecure": False, "headers": [], "changed_tools": "hide", "limit_failure": "closed", "policies": ["crm-sales"],
    "grants": ["ci-runner"], "credentials": [], "tools_pinned": 5, "tools_changed": 1, "tools_new": 0,
    "created": AN_HOUR_AGO, "etag": "s1", "health": {"state": "up", "checked": AN_HOUR_AGO},
    "classes": {"read": 1, "write": 1, "execute": 1, "destructive": 1, "financial": 1},
    "endpoint": "http://127.0.0.1:8080/mcp/crm",
}
POLICY = {
    "name": "crm-sales", "id": "p", "server": "crm", "version": 2, "in_force": True, "digest": DIGEST,
    "changed": AN_HOUR_AGO, "author": "operator:ana", "note": "five a minute", "grants": ["ci-runner"],
    "created": AN_HOUR_AGO, "etag": "p2",
}
GRANT = {
    "label": "ci-runner", "id": "fc437bf1-f811-41c7-85ff-5c4010ea1021", "state": "open", "server": "crm", "bundle": None,
    "policy": "crm-sales", "member": None, "generation": 1, "last_used": None, "expires": None, "overlap_ends": None,
    "revoked": None, "created": AN_HOUR_AGO, "created_by": "operator:ana", "etag": "g1",
}
DECISION = {
    "id": "d1", "request_id": "d1", "time": AN_HOUR_AGO, "kind": "intent", "grant": "ci-runner", "server": "crm",
    "policy": "crm-sales", "policy_version": DIGEST[:12], "method": "tools/call", "tool": "create_lead",
    "revision": "2026-07-28", "outcome": "deny", "rule": "/tools/create_lead/require/args.price-lte",
    "message": "Leads above that are created by a person.", "argument_keys": ["name", "price"],
    "client": {"name": "agent", "version": "1"}, "steps": [{"rule": "/tools/create_lead/require/args.price-lte", "result": "failed"}],
}
APPROVAL = {
    "id": "ad461b37-70e1-4a64-98ac-96623a3dd14e", "grant": "ci-runner", "server": "crm", "tool": "pay_invoice",
    "rule": "/tools/pay_invoice/require_approval/always", "standing": "pending", "approvers": ["role:admin"],
    "created": AN_HOUR_AGO, "lapses": "2099-01-01T00:00:00Z", "may_decide": True,
}
PAGE = {
    "server": {"name": "crm", "key": "crm", "description": "", "transport": "", "tools": 6, "counts": {"Read": 1, "Write": 1},
               "facts": [{"fact": "name", "value": "crm", "source": "crm", "date": AN_HOUR_AGO}]},
    "tokens": {"estimate": 720, "share_of_200k": "0.36 %"}, "tokens_under_recommended_policy": 600,
    "tools": [{"name": each["name"], "category": each["class"].title(), "severity": "High", "tokens": 120} for each in TOOLS],
    "policy": {"version": "1", "default": "deny"},
}
TOOL_PAGE = {
    "server": PAGE["server"], "name": "create_lead", "title": "Create a lead", "description": "Create a lead.", "category": "Write",
    "severity": "Medium", "confidence": 0.97, "does": "Agents use it.", "rationale": "It adds data.", "misuse": "Wrong data.",
    "evidence": [{"quote": "create_lead", "source": "name", "says": "the verb adds something new"}],
    "signals": [{"says": "accepts an amount (price)", "suggestion": "`args.price`: set a ceiling with `lte`"}],
    "parameters": [{"name": "name", "required": True}], "findings": [],
    "attacks": [{"slug": "runaway-tool-loops", "title": "Runaway tool loops", "summary": "A loop."}], "rule": "limit",
    "policy": {"version": "1", "default": "deny"}, "effect": "At most 30 a minute.", "tokens": {"estimate": 120, "share_of_200k": "0.06 %"},
    "related": [{"name": "get_lead", "category": "Read", "severity": "Low", "tokens": 55}],
    "answers": [{"question": "What does it do?", "answer": "It creates a lead."}],
}
ATTACK = {
    "slug": "runaway-tool-loops", "title": "Runaway tool loops", "family": "Agent behaviour", "summary": "A loop.",
    "how": ["It repeats."], "signs": ["Many calls."], "containment": "A limit.", "policy": {"version": "1"}, "abuses": ["Read", "Write"],
}
MEMBER = {"label": "Ana", "id": "m1", "role": "admin", "active": True, "email": "ana@example.com", "grants": ["ci-runner"],
          "created": AN_HOUR_AGO, "etag": "m1"}


def page(*items):
    return {"items": list(items), "next": None}


def standard(role="admin"):
    """Answers by `METHOD /path`, where `{}` in a path stands for one segment."""
    series = [{"time": f"2026-11-22T{hour:02}:00:00Z", "outcomes": {"allow": 20 + hour, "deny": hour % 5, "rate_limited": 1}} for hour in range(24)]
    return {
        "GET /session": {"member": {"label": "Ana", "email": "ana@example.com", "id": "m1"}, "organisation": "Acme", "role": role,
                         "second_factor": False, "features": []},
        "GET /health": {"status": "ok", "version": "0", "setup": True, "registration": "invitation"},
        "GET /overview": {"calls": 800, "outcomes": {"allow": 700, "deny": 80, "rate_limited": 20}, "series": series,
                          "latency": {"p50_us": 400, "p95_us": 2000, "p99_us": 9000},
                          "top_denials": [{"server": "crm", "tool": "create_lead", "rule": DECISION["rule"], "count": 60}],
                          "attention": [{"kind": "approvals", "text": "1 call waits for approval", "link": "/approvals"}]},
        "GET /servers": page(SERVER), "GET /servers/{}": SERVER, "GET /servers/{}/tools": page(*TOOLS),
        "GET /servers/{}/changes": page({**TOOLS[5], "pinned": {"name": "mystery", "description": "Before."},
                                         "offered": {"name": "mystery", "description": "After."}, "offered_digest": DIGEST}),
        "GET /servers/{}/logs": page({"time": AN_HOUR_AGO, "kind": "stderr", "text": "listening"}),
        "GET /bundles": page(), "GET /known-servers": page(), "GET /connectors": page({"name": "kommo", "title": "Kommo", "tools": 23,
                                                                                     "settings": ["subdomain (needed)"], "secret": "a token"}),
        "GET /policies": page(POLICY), "GET /policies/{}": POLICY,
        "GET /policies/{}/versions": page({"version": 2, "in_force": True, "time": AN_HOUR_AGO, "author": "operator:ana", "digest": DIGEST, "bytes": 9, "note": None},
                                          {"version": 1, "in_force": False, "time": AN_HOUR_AGO, "author": "operator:ana", "digest": DIGEST, "bytes": 9, "note": "first"}),
        "GET /policies/{}/versions/{}": POLICY, "POST /policy/check": {"ok": True, "findings": []}, "POST /policy/diff": {"changes": []},
        "POST /policy/explain": {"decisions": [{"outcome": "deny", "rule": DECISION["rule"], "message": "No.", "steps": DECISION["steps"]}]},
        "POST /policy/preview": {"judged": 400, "unjudged": 20, "unjudged_reasons": [{"reason": "values are not recorded", "count": 20}],
                                 "changed": [{"from": "allow", "to": "deny", "tool": "get_lead", "rule": "(default deny)", "count": 3}]},
        "POST /policy/suggest": {"document": DOCUMENT, "notes": ["12 tools: 5 Read"]},
        "PUT /policies/{}": {**POLICY, "version": 3},
        "GET /grants": page(GRANT), "GET /grants/{}": GRANT,
        "POST /grants": {"grant": GRANT, "token": "tg_lg_" + "x" * 49, "endpoint": SERVER["endpoint"],
                         "setup": [{"client": "cursor", "title": "Cursor", "place": "~/.cursor/mcp.json", "text": "{}"}]},
        "GET /decisions": page(DECISION, {**DECISION, "id": "d2", "request_id": "d2", "outcome": "allow", "rule": ""}),
        "GET /decisions/{}": DECISION, "GET /approvals": page(APPROVAL),
        "GET /approvals/{}": {**APPROVAL, "arguments": {"name": "Acme", "price": 900, "extra": {"deep": [1, 2]}}},
        "POST /approvals/{}/approve": APPROVAL,
        "GET /catalogue/search": {"tools": [{"server": "crm", "name": "create_lead", "category": "Write", "severity": "Medium", "tokens": 120, "summary": "Create."}]},
        "GET /catalogue/servers/{}": PAGE, "GET /catalogue/servers/{}/tools/{}": TOOL_PAGE, "GET /catalogue/attacks": {"attacks": [ATTACK]},
        "GET /members": page(MEMBER), "GET /invitations": page({"id": "i1", "email": "rui@example.com", "role": "viewer", "by": "Ana", "expires": AN_HOUR_AGO}),
        "GET /tokens": page({"id": "t1", "label": "deploy", "role": "viewer", "owner": "Ana", "last_used": None, "expires": AN_HOUR_AGO}),
        "GET /audit/head": page({"stream": "admin", "size": 12, "head": DIGEST, "time": AN_HOUR_AGO}), "POST /audit/verify": {"sound": True, "findings": [], "streams": [{"stream": "admin", "rows": 12}]},
        "GET /admin-events": page({"sequence": 1, "revision": 1, "time": AN_HOUR_AGO, "author": "member:Ana", "action": "add", "subject": "server", "name": "crm", "before": None, "after": DIGEST}),
        "GET /settings": {"organisation": "Acme", "registration": "invitation", "catalogue_public": False},
        "GET /webhooks": page({"id": "w1", "url": "https://chat.example.com/x", "events": ["approval_requested"], "last_delivery": AN_HOUR_AGO}),
        "GET /sessions": page({"id": "s1", "current": True, "user_agent": "Chromium", "address": "127.0.0.1", "created": AN_HOUR_AGO, "last_seen": AN_HOUR_AGO}),
    }


# What the console reads to decide, and what is not of somebody else's making: it stays as it is.
PLAIN = {
    "standing", "outcome", "state", "role", "class", "severity", "category", "kind", "time", "created", "changed", "since", "accepted",
    "expires", "lapses", "last_used", "last_seen", "checked", "date", "id", "etag", "digest", "offered_digest", "result", "link", "next",
    "slug", "changed_tools", "limit_failure", "last_delivery", "head", "request_id",
}


def hostile(answer, key=None):
    """The same answer with every text that a person or a server may have written replaced."""
    if isinstance(answer, dict):
        return {name: hostile(value, name) for name, value in answer.items()}
    if isinstance(answer, list):
        return [hostile(value, key) for value in answer]
    if isinstance(answer, str) and key not in PLAIN:
        return HOSTILE
    return answer


class Answers:
    """Answers a page's requests; remembers what was asked."""

    def __init__(self, answers):
        self.answers = copy.deepcopy(answers)
        self.asked = []
        self.patterns = [(name, re.compile("^" + re.escape(name).replace(r"\{\}", "[^/]+") + "$")) for name in self.answers]

    def __call__(self, route):
        request = route.request
        path = urllib.parse.urlsplit(request.url).path.removeprefix("/api/v1")
        name = f"{request.method} {path}"
        self.asked.append((name, request.post_data))
        if path == "/decisions/stream":
            return route.fulfill(status=200, content_type="text/event-stream", body=self.stream())
        found = next((key for key, pattern in self.patterns if pattern.match(name)), None)
        if found is None:
            problem = {"type": "urn:toolgate:problem:not-found", "title": "not found", "status": 404, "detail": f"nothing at {name}"}
            return route.fulfill(status=404, content_type="application/problem+json", body=json.dumps(problem))
        answer = self.answers[found]
        if isinstance(answer, int):
            problem = {"type": "urn:toolgate:problem:stale", "title": "no", "status": answer, "detail": "somebody else changed it"}
            return route.fulfill(status=answer, content_type="application/problem+json", body=json.dumps(problem))
        body = json.dumps(answer)
        if found in ("GET /policies/{}", "GET /policies/{}/versions/{}"):
            # As text, so that the digits are the ones of the file.
            body = body[:-1] + ', "document": ' + DOCUMENT + "}"
        return route.fulfill(status=200, content_type="application/json", body=body, headers={"ETag": '"e1"'})

    def stream(self):
        return "retry: 60000\n\n"

    def bodies(self, name):
        """What was sent with requests of a name."""
        return [body for asked, body in self.asked if asked == name]
