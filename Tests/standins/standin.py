"""What both stand-ins share: a server on loopback, a clock, a journal of requests, and faults on demand.

Standard library only. A test starts one with `Standin(...)` or a person with `python3 kommo.py [--port N]`. Everything is in memory; the
routes under `/_standin/` are the test's:

    POST /_standin/reset    {"options": {…}, "seed": {…}}    begin anew
    POST /_standin/fault    {"kind": …, "times": 1, …}       the next answers go wrong
    POST /_standin/clock    {"now": "2026-07-15T15:00:00Z"}  set the clock
    GET  /_standin/journal                                   every request since the reset
"""

import copy
import datetime
import http.server
import json
import pathlib
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent


class Answer(Exception):
    """An HTTP answer; raised or returned."""

    def __init__(self, status, body=None, kind="application/json", headers=()):
        super().__init__(status)
        self.status, self.body, self.kind, self.headers = status, body, kind, dict(headers)


def brackets(pairs):
    """PHP's reading of `a[b][]=c` as nested dictionaries and lists."""
    root = {}
    for key, value in pairs:
        name, *rest = key.replace("]", "").split("[")
        place, parts = root, [name, *rest]
        for part, following in zip(parts, parts[1:]):
            place = place.setdefault(part if part != "" else str(len(place)), {})
        last = parts[-1]
        place[last if last != "" else str(len(place))] = value

    def tidy(value):
        if not isinstance(value, dict):
            return value
        if value and all(key.isdigit() for key in value):
            return [tidy(value[key]) for key in sorted(value, key=int)]
        return {key: tidy(one) for key, one in value.items()}

    return {key: tidy(value) for key, value in root.items()}


class Standin:
    """One API. Subclasses answer `handle(method, path, query, body)` under the lock."""

    name = ""
    defaults = {}

    def __init__(self, port=0, seed=None, **options):
        self.lock = threading.Lock()
        self.base_seed = seed or json.loads((HERE / "seeds" / f"{self.name}.json").read_text())
        self.reset(options=options)
        standin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self):
                standin.serve(self)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    # State

    def reset(self, seed=None, options=None):
        self.state = copy.deepcopy(seed or self.base_seed)
        self.options = {**self.defaults, **(options or {})}
        self.journal, self.faults = [], []
        self.now = self.parse(self.state["now"])
        self.begin()

    def begin(self):
        """Builds what the seed leaves out."""

    @staticmethod
    def parse(text):
        return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())

    def clock(self):
        """Seconds for limits: real ones, unless the test moves them."""
        return self.options["clock"] if self.options.get("clock") is not None else time.monotonic()

    # Serving

    def serve(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        raw = request.rfile.read(length)
        path, _, query = request.path.partition("?")
        try:
            if path.startswith("/_standin/"):
                answer = self.administer(request.command, path[10:], raw)
            else:
                with self.lock:
                    self.journal.append(
                        {
                            "method": request.command,
                            "path": request.path,
                            "body": raw.decode("utf-8", "replace"),
                            "headers": {key.lower(): value for key, value in request.headers.items()},
                        }
                    )
                    fault = self.next_fault()
                if fault is not None and not self.fault(fault, request):
                    return
                with self.lock:
                    answer = self.handle(request.command, path, urllib.parse.parse_qsl(query, True), raw, request.headers)
        except Answer as given:
            answer = given
        self.send(request, answer)

    def next_fault(self):
        if not self.faults:
            return None
        fault = self.faults[0]
        fault["times"] = fault.get("times", 1) - 1
        if fault["times"] <= 0:
            self.faults.pop(0)
        return fault

    def fault(self, fault, request):
        """Does what was asked for; whether the request is then answered as ever."""
        kind = fault["kind"]
        if kind == "delay":
            time.sleep(fault.get("seconds", 1))
            return True
        if kind == "status":
            raise Answer(fault["status"], fault.get("body"), fault.get("type", "text/plain"), fault.get("headers", {}))
        if kind == "redirect":
            raise Answer(302, None, "text/html", {"Location": fault.get("location", "http://127.0.0.1:9/")})
        if kind == "html":
            raise Answer(200, "<html><body>maintenance</body></html>", "text/html")
        if kind == "large":
            raise Answer(200, json.dumps({"filler": "x" * fault.get("bytes", 20_000_000)}), "application/json")
        if kind == "truncate":
            body = b'{"_page":1,"_embedded":{"leads":[{"id":1,'
            request.send_response(200)
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)
            return False
        request.close_connection = True  # drop
        request.connection.close()
        return False

    def administer(self, method, what, raw):
        given = json.loads(raw or b"{}")
        with self.lock:
            if what == "journal" and method == "GET":
                return Answer(200, self.journal)
            if what == "reset":
                self.reset(given.get("seed"), given.get("options"))
            elif what == "fault":
                self.faults.append(given)
            elif what == "clock":
                self.now = self.parse(given["now"])
            else:
                return Answer(404)
        return Answer(200, {"ok": True})

    def send(self, request, answer):
        body = answer.body
        if body is None:
            data = b""
        elif isinstance(body, str):
            data = body.encode()
        else:
            data = json.dumps(body, ensure_ascii=False).encode()
        try:
            request.send_response(answer.status)
            if answer.status != 204:
                request.send_header("Content-Type", answer.kind)
                request.send_header("Content-Length", str(len(data)))
            for key, value in answer.headers.items():
                request.send_header(key, value)
            request.end_headers()
            request.wfile.write(data)
        except OSError:
            request.close_connection = True


def main(kind):
    import argparse

    parser = argparse.ArgumentParser(description=kind.__doc__)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    with kind(port=given.port) as standin:
        print(json.dumps({"port": standin.port}), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
