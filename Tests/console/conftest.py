"""A gateway with its console, a browser, and pages that fail on any console error, CSP report or script of a stranger."""

import json
import mimetypes
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from answers import Answers, standard  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Gateway:
    """`toolgate up` with a store of its own and the admin listener on a free port."""

    def __init__(self, folder):
        folder.chmod(0o700)
        self.folder = folder
        self.process = subprocess.Popen(
            [os.environ["TOOLGATE_BIN"], "up", "--data", str(folder), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
             "--log", str(folder / "decisions.log"), "--output", "json"],
            stdout=subprocess.PIPE, stderr=open(folder / "err.txt", "wb"), text=True,
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the gateway did not start: " + (folder / "err.txt").read_text())
        self.started = json.loads(line)
        self.address = self.started.get("admin") or self.started.get("admin_url")
        self.address = self.address.rstrip("/")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    made = Gateway(tmp_path_factory.mktemp("data"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        assert program, "no chromium: scripts/bootstrap test installs it"
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def security_headers(gateway):
    with urllib.request.urlopen(gateway.address + "/") as answer:
        return {name.lower(): value for name, value in answer.headers.items()}


class Watch:
    """What went wrong in a page."""

    def __init__(self):
        self.wrong = []

    def follow(self, page):
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", lambda message: message.type in ("error", "warning") and self.note(message))

    def note(self, message):
        # The browser itself reports every refused request; what the console makes of it is what counts.
        if not message.text.startswith("Failed to load resource"):
            self.wrong.append(f"{message.type}: {message.text}")


def files_of_the_folder(page, headers):
    """With TOOLGATE_CONSOLE=folder the files come from there, under the headers the binary sends."""
    if not os.environ.get("TOOLGATE_CONSOLE"):
        return

    def answer(route):
        path = urllib.parse.urlsplit(route.request.url).path
        file = pathlib.Path(os.environ["TOOLGATE_CONSOLE"]) / (path.lstrip("/") or "index.html")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        kept = {name: value for name, value in headers.items() if name not in ("content-length", "content-type", "etag", "content-encoding")}
        return route.fulfill(status=200, body=file.read_bytes(), headers={**kept, "content-type": kind})

    page.route(lambda url: not urllib.parse.urlsplit(url).path.startswith("/api/"), answer)


@pytest.fixture
def console(gateway, browser, security_headers):
    """Opens a screen: `console("#/overview", answers=…, scheme="dark", width=1280)`."""
    contexts = []
    watch = Watch()

    def open_screen(hash_, answers=None, scheme="light", width=1280, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", timezone_id="UTC", **options)
        contexts.append(context)
        page = context.new_page()
        watch.follow(page)
        page.add_init_script("window.__reports = []; addEventListener('securitypolicyviolation', (event) => window.__reports.push(event.violatedDirective + ' ' + event.blockedURI));")
        files_of_the_folder(page, security_headers)
        page.answers = Answers(standard() if answers is None else answers)
        page.route("**/api/v1/**", page.answers)
        page.watch = watch
        page.goto(f"{gateway.address}/{hash_}")
        settle(page)
        return page

    yield open_screen
    reports = []
    for context in contexts:
        for page in context.pages:
            reports += page.evaluate("() => window.__reports ?? []")
            assert page.evaluate("() => window.__owned") is None, "a stranger's script ran"
        context.close()
    assert watch.wrong == []
    assert reports == []


def settle(page):
    """Waits until the screen shows what it loads."""
    page.locator("h1").first.wait_for(timeout=10000)
    page.locator("[aria-busy=true]").first.wait_for(state="detached", timeout=10000)
