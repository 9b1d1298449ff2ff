"""Starts the stub upstream and the gateways under test, each on its own port, each pinned, each the same job.

The job: know the caller, let one caller call `echo` and nothing else, limit, log, forward. nginx does none of it; it
is the floor. How the peers are set up follows shared/reference/peers.md, section 6.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
GATEWAY_CORE, LOAD_CORE = "0", "1"
STUB, NGINX, TOOLGATE, ENVOY, MCPG = 9101, 9200, 9210, 9201, 9202
TOOLGATE_BIN = os.environ.get("TOOLGATE_BIN", str(ROOT / ".build" / "release" / "toolgate"))
VENV = pathlib.Path(os.environ.get("TOOLGATE_BENCH_VENV", ROOT / ".venv-bench")) / "bin"


class Process:
    """A started server and the CPU time the kernel has charged it, children included."""

    def __init__(self, name: str, command: list, folder: pathlib.Path, core: str, environment: dict | None = None):
        self.name, self.folder = name, folder
        # Only processes of this program are charged; None for all.
        self.charged: str | None = None
        self.log = open(folder / f"{name}.out", "wb")
        self.process = subprocess.Popen(
            ["taskset", "-c", core, *command], stdout=self.log, stderr=self.log, cwd=folder,
            env={**os.environ, **(environment or {})}, start_new_session=True)

    def pids(self) -> list:
        found, frontier = [], [self.process.pid]
        while frontier:
            pid = frontier.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    frontier += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        return found

    def cpu_ns(self) -> int:
        """Nanoseconds on a CPU, of every thread, from /proc/PID/task/TID/schedstat."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                if self.charged and os.readlink(f"/proc/{pid}/exe") != self.charged:
                    continue
                for task in os.listdir(f"/proc/{pid}/task"):
                    total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        return total

    def resident_bytes(self) -> int:
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                    if line.startswith("VmRSS:"):
                        total += int(line.split()[1]) * 1024
        return total

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.log.close()

    def wait_for(self, port: int, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {(self.folder / f'{self.name}.out').read_text()[-2000:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not listen on {port}")


def tool_names(count: int) -> list:
    return ["echo"] + [f"tool_{number:04d}" for number in range(1, count)]


def tools_list(count: int) -> str:
    schema = {"type": "object", "properties": {
        "text": {"type": "string"}, "amount": {"type": "number"}, "path": {"type": "string"}, "tag": {"type": "string"},
        "count": {"type": "integer"}}, "required": ["text"]}
    return json.dumps([{"name": name, "description": "Returns its text.", "inputSchema": schema}
                       for name in tool_names(count)], separators=(",", ":"))


def policy(tools: int, limit: bool = True) -> dict:
    rules = {
        "require": [{"conditions": [{"path": "args.text", "op": "length_gte", "value": 1}]}],
        "deny_if": [
            {"conditions": [{"path": "args.amount", "op": "gt", "value": 100}]},
            {"conditions": [{"path": "args.path", "op": "starts_with", "value": "/etc"}]},
            {"conditions": [{"path": "args.tag", "op": "in", "value": ["internal", "secret"]}]},
            {"conditions": [{"path": "args.text", "op": "contains", "value": "DROP TABLE"}]},
        ],
    }
    if limit:
        rules["limits"] = [{"counter": "calls", "window": "minute", "max": 1_000_000_000}]
    return {"version": "1", "default": "deny", "tools": {name: rules for name in tool_names(tools)[: max(tools, 1)]}}


def nginx_binary() -> str:
    return shutil.which("nginx") or "/usr/sbin/nginx"


def stub(folder: pathlib.Path, tools: int = 50) -> Process:
    """nginx with Lua: answers what a Streamable HTTP server of 2026-07-28 answers, with the id it was asked with."""
    (folder / "tools.json").write_text(tools_list(tools))
    (folder / "stub.conf").write_text(f"""
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
daemon off; worker_processes 1; pid {folder}/stub.pid; error_log {folder}/stub.err warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 19000; }}
http {{
  access_log off; keepalive_requests 100000000; client_max_body_size 8m; client_body_buffer_size 4m;
  client_body_temp_path {folder}/stub-body; proxy_temp_path {folder}/stub-proxy; fastcgi_temp_path {folder}/stub-f;
  uwsgi_temp_path {folder}/stub-u; scgi_temp_path {folder}/stub-s;
  init_by_lua_block {{
    local file = io.open("{folder}/tools.json"); tools = file:read("*a"); file:close()
    cache = '"resultType":"complete","ttlMs":0,"cacheScope":"private"'
  }}
  server {{
    listen 127.0.0.1:{STUB} backlog=4096 reuseport;
    location = /api/echo {{ default_type application/json; return 200 '{{"content":"hi"}}'; }}
    location /jwks.json {{ alias {folder}/jwks.json; }}
    location /mcp {{ content_by_lua_block {{
      ngx.req.read_body()
      local body = ngx.req.get_body_data() or ""
      local id = body:match('"id":%s*("[^"]*")') or body:match('"id":%s*(%-?%d+)')
      if not id then ngx.status = 202 return end
      local method = body:match('"method":%s*"([^"]*)"')
      local result
      if method == "tools/call" then
        result = '{{"resultType":"complete","content":[{{"type":"text","text":"hi"}}]}}'
      elseif method == "tools/list" then
        result = '{{' .. cache .. ',"tools":' .. tools .. '}}'
      elseif method == "server/discover" then
        result = '{{' .. cache .. ',"supportedVersions":["2026-07-28"],"capabilities":{{"tools":{{"listChanged":true}}}}}}'
      elseif method == "initialize" then
        result = '{{"protocolVersion":"2025-11-25","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"stub","version":"1"}}}}'
      elseif method == "subscriptions/listen" then
        ngx.header.content_type = "text/event-stream"
        ngx.print('data: {{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"notifications":{{"toolsListChanged":true}},"_meta":{{"io.modelcontextprotocol/subscriptionId":' .. id .. '}}}}}}\\n\\n')
        ngx.flush(true)
        ngx.sleep(120)
        return
      else
        result = '{{"resultType":"complete"}}'
      end
      local answer = '{{"jsonrpc":"2.0","id":' .. id .. ',"result":' .. result .. '}}'
      ngx.header.content_type = "application/json"
      ngx.header.content_length = #answer
      ngx.print(answer)
    }} }}
  }}
}}
""")
    process = Process("stub", [nginx_binary(), "-c", str(folder / "stub.conf"), "-p", str(folder)], folder, LOAD_CORE)
    process.wait_for(STUB)
    return process


def nginx(folder: pathlib.Path) -> Process:
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err warn;
events {{ worker_connections 4096; }}
http {{
  access_log {folder}/nginx-access.log; keepalive_requests 100000000; client_max_body_size 8m; client_body_buffer_size 4m;
  client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy; fastcgi_temp_path {folder}/nginx-f;
  uwsgi_temp_path {folder}/nginx-u; scgi_temp_path {folder}/nginx-s;
  upstream stub {{ server 127.0.0.1:{STUB}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{NGINX} backlog=4096;
    location / {{ proxy_pass http://stub; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
""")
    process = Process("nginx", [nginx_binary(), "-c", str(folder / "nginx.conf"), "-p", str(folder)], folder, GATEWAY_CORE)
    process.wait_for(NGINX)
    return process


def toolgate(folder: pathlib.Path, tools: int = 50, grants: int = 1, name: str = "toolgate", limit: bool = True,
             wait: bool = True, audit: str = "grouped", workers: int = 1) -> tuple[Process, str]:
    """The gateway with authentication, argument rules, one limit and the log; returns it with the caller's token."""
    home = folder / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    minted = subprocess.run([TOOLGATE_BIN, "grant", "new", "--label", "bench", "--data", str(home / "data"),
                             "--output", "json"], check=True, capture_output=True)
    grant = json.loads(minted.stdout)
    (home / "policy.json").write_text(json.dumps(policy(tools, limit)))
    lines = [f'  - {{label: bench, server: stub, policy: main, token_digest: "{grant["token_digest"]}"}}']
    for number in range(1, grants):
        digest = f"hmac-sha256:{number:064x}"
        lines.append(f'  - {{label: other-{number}, server: stub, policy: main, token_digest: "{digest}"}}')
    (home / "toolgate.yaml").write_text(
        f'version: 1\nservers:\n  - name: stub\n    upstream: {{url: "http://127.0.0.1:{STUB}/mcp"}}\n'
        "policies:\n  - {name: main, server: stub, document: policy.json}\ngrants:\n" + "\n".join(lines) + "\n")
    process = Process(name, [
        TOOLGATE_BIN, "up", "--config", str(home / "toolgate.yaml"), "--listen", f"127.0.0.1:{TOOLGATE}",
        "--data", str(home / "data"), "--log", str(home / "decisions.log"), "--workers", str(workers), "--audit", audit],
        folder, GATEWAY_CORE if workers == 1 else "0,1")
    if wait:
        process.wait_for(TOOLGATE)
    return process, grant["token"]


def kind(folder: pathlib.Path, servers: list, opens: str, bundle: str = "") -> tuple[Process, str]:
    """A gateway in front of these upstreams, one policy each, whose only grant opens a server or a bundle."""
    home = folder / "kind"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    minted = subprocess.run([TOOLGATE_BIN, "grant", "new", "--label", "bench", "--data", str(home / "data"),
                             "--output", "json"], check=True, capture_output=True)
    grant = json.loads(minted.stdout)
    (home / "policy.json").write_text(json.dumps(policy(1)))
    lines = ["version: 1", "servers:"]
    lines += [f"  - name: {name}\n    upstream: {upstream}" for name, upstream in servers]
    lines += ["policies:"] + [f"  - {{name: main-{name}, server: {name}, document: policy.json}}" for name, _ in servers]
    lines += [bundle] if bundle else []
    of = f"bundle: {opens}" if bundle else f"server: {opens}, policy: main-{opens}"
    lines += ["grants:", f'  - {{label: bench, {of}, token_digest: "{grant["token_digest"]}"}}']
    (home / "toolgate.yaml").write_text("\n".join(lines) + "\n")
    process = Process("kind", [
        TOOLGATE_BIN, "up", "--config", str(home / "toolgate.yaml"), "--listen", f"127.0.0.1:{TOOLGATE}",
        "--data", str(home / "data"), "--log", str(home / "decisions.log"), "--workers", "1"], folder, GATEWAY_CORE)
    process.charged = os.path.realpath(TOOLGATE_BIN)
    process.wait_for(TOOLGATE)
    return process, grant["token"]


def connector(folder: pathlib.Path) -> Process:
    """A connector as a server of its own: what a call costs between MCP and a REST API, without grant, policy and log."""
    path = folder / "bench.yaml"
    path.write_text(f"""
connector: {{id: bench, version: "1", title: Bench, language: en}}
secret: {{about: "a token"}}
source:
  base: "https://bench.example/api"
  auth: bearer
  errors: {{rules: [{{status: [4xx, 5xx], kind: failed}}]}}
tools:
  echo:
    title: Echo
    description: Returns its text
    class: read
    input: {{type: object, properties: {{text: {{type: string}}}}, required: [text], additionalProperties: false}}
    request: {{get: /echo, query: {{text: {{$arg: text}}}}}}
""")
    process = Process("connector", [
        TOOLGATE_BIN, "connector", "serve", str(path), "--listen", f"127.0.0.1:{TOOLGATE}", "--secret", "env:BENCH_SECRET",
        "--set", f"base=http://127.0.0.1:{STUB}/api"],
        folder, GATEWAY_CORE, {"BENCH_SECRET": "bench-secret"})
    process.wait_for(TOOLGATE)
    return process


def keys(folder: pathlib.Path) -> str:
    """Writes jwks.json and returns the RS256 token the peers are shown."""
    import base64

    import jwt
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    numbers = key.public_key().public_numbers()
    encode = lambda number: base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()
    jwks = {"keys": [{"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig", "n": encode(numbers.n), "e": encode(numbers.e)}]}
    (folder / "jwks.json").write_text(json.dumps(jwks))
    now = int(time.time())
    claims = {"iss": "https://issuer.test", "aud": "gw", "sub": "alice", "iat": now, "exp": now + 3600}
    return jwt.encode(claims, key, "RS256", headers={"kid": "k"})


def envoy(folder: pathlib.Path) -> Process:
    kinds = "type.googleapis.com/envoy.extensions.filters.http"
    mcp_path = lambda *path: {"filter": "envoy.filters.http.mcp", "path": [{"key": part} for part in path]}
    exact = lambda text: {"string_match": {"exact": text}}
    filters = [
        {"name": "envoy.filters.http.jwt_authn", "typed_config": {
            "@type": f"{kinds}.jwt_authn.v3.JwtAuthentication",
            "providers": {"p": {"issuer": "https://issuer.test", "audiences": ["gw"], "payload_in_metadata": "jwt",
                                "local_jwks": {"inline_string": (folder / "jwks.json").read_text()}}},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "p"}}]}},
        {"name": "envoy.filters.http.mcp", "typed_config": {
            "@type": f"{kinds}.mcp.v3.Mcp", "traffic_mode": "REJECT_NO_MCP"}},
        {"name": "envoy.filters.http.rbac", "typed_config": {"@type": f"{kinds}.rbac.v3.RBAC", "rules": {
            "action": "ALLOW", "policies": {"echo": {
                "permissions": [{"and_rules": {"rules": [
                    {"metadata": {**mcp_path("method"), "value": exact("tools/call")}},
                    {"metadata": {**mcp_path("params", "name"), "value": exact("echo")}}]}}],
                "principals": [{"metadata": {"filter": "envoy.filters.http.jwt_authn",
                                             "path": [{"key": "jwt"}, {"key": "sub"}], "value": exact("alice")}}]}}}}},
        {"name": "envoy.filters.http.local_ratelimit", "typed_config": {
            "@type": f"{kinds}.local_ratelimit.v3.LocalRateLimit", "stat_prefix": "rl",
            "token_bucket": {"max_tokens": 100000000, "tokens_per_fill": 100000000, "fill_interval": "60s"},
            "filter_enabled": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
            "filter_enforced": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}}},
        {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{kinds}.router.v3.Router"}},
    ]
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "mcp", "http_filters": filters,
        "access_log": [{"name": "f", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(folder / "envoy-access.log"), "log_format": {"text_format_source": {
                "inline_string": "%START_TIME% %RESPONSE_CODE% %DYNAMIC_METADATA(envoy.filters.http.mcp)%\n"}}}}],
        "route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [
            {"match": {"prefix": "/mcp"}, "route": {"cluster": "up"}}]}]}}
    address = lambda port: {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    (folder / "envoy.json").write_text(json.dumps({"static_resources": {
        "listeners": [{"address": address(ENVOY), "filter_chains": [{"filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}],
        "clusters": [{"name": "up", "type": "STATIC", "load_assignment": {"cluster_name": "up", "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": address(STUB)}}]}]}}]}}))
    process = Process("envoy", [str(VENV / "envoy"), "-c", str(folder / "envoy.json"), "--concurrency", "1",
                                "--log-level", "error", "--use-dynamic-base-id"], folder, GATEWAY_CORE)
    process.wait_for(ENVOY)
    return process


def mcpg(folder: pathlib.Path) -> Process:
    (folder / "mcpg.yaml").write_text(f"""
gateway: {{ server: {{ bind_address: "127.0.0.1:{MCPG}" }} }}
governance:
  access:
    jwks: {{ keys_json: '{(folder / "jwks.json").read_text()}', issuer: "https://issuer.test", audience: "gw" }}
    require_authentication: true
  policy: {{ tool_access: {{ default_minimum_trust: verified, cel_allow_if: 'principal_id == "alice" && tool_name == "echo"' }} }}
mcp:
  federations:
    - name: up
      upstream: {{ url: "http://127.0.0.1:{STUB}/mcp", protocol_version: "2026-07-28", upstream_safety: {{ allow_private_backends: true, allow_insecure_http: true }} }}
      import: {{ tools: true }}
      naming: {{ tool_prefix: "" }}
""")
    process = Process("mcpg", [str(VENV / "mcpg")], folder, GATEWAY_CORE, {"MCPG_CONFIG": str(folder / "mcpg.yaml")})
    process.wait_for(MCPG)
    return process


@contextlib.contextmanager
def workspace():
    with tempfile.TemporaryDirectory(prefix="toolgate-bench-") as name:
        yield pathlib.Path(name)
