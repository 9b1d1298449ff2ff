"""An MCP server of 2026-07-28 on standard streams that answers `echo` and nothing slowly: for the bench's stdio row."""

import json
import sys

TOOL = {"name": "echo", "description": "Returns its text.",
        "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}
CACHE = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
RESULTS = {
    "tools/call": {"resultType": "complete", "content": [{"type": "text", "text": "hi"}]},
    "tools/list": {**CACHE, "tools": [TOOL]},
    "server/discover": {**CACHE, "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}},
}

for line in sys.stdin.buffer:
    message = json.loads(line)
    if "id" in message:
        result = RESULTS.get(message["method"], {"resultType": "complete"})
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
        sys.stdout.flush()
