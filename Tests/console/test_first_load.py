"""How much the first screen weighs and how soon it can be used, and what the files are served with."""

import gzip
import re
import time
import urllib.parse
import urllib.request

from answers import standard

LIMIT = 150 * 1024


def test_the_first_screen_is_light_and_soon_there(console, gateway):
    loaded = []
    page = console("#/overview")
    page.on("response", lambda answer: loaded.append(answer.url))
    page.reload()
    page.locator("h1").wait_for()
    page.locator("[aria-busy=true]").first.wait_for(state="detached")
    files = {urllib.parse.urlsplit(url).path for url in loaded if "/api/" not in url}
    size = 0
    for path in files:
        with urllib.request.urlopen(gateway.address + path) as answer:
            size += len(gzip.compress(answer.read(), 9))
    print(f"first load: {len(files)} files, {size} bytes compressed")
    assert len(files) > 8
    assert size <= LIMIT


def test_no_screen_of_later_comes_with_the_first(console):
    loaded = []
    page = console("#/sign-in", answers={**standard(), "GET /session": 401})
    page.on("response", lambda answer: loaded.append(answer.url))
    page.reload()
    page.locator("form").wait_for()
    assert not [url for url in loaded if re.search(r"/views/(policy|decisions|catalogue)\.js", url)]


def test_the_page_does_not_move_while_it_loads(console):
    page = console("#/overview")
    page.add_init_script("window.__shift = 0; new PerformanceObserver((list) => { for (const each of list.getEntries()) if (!each.hadRecentInput) window.__shift += each.value; }).observe({ type: 'layout-shift', buffered: true });")
    page.reload()
    page.locator(".chart svg").wait_for()
    time.sleep(0.3)
    shift = page.evaluate("() => window.__shift")
    print("layout shift", shift)
    assert shift < 0.1


def test_the_headers_forbid_what_is_not_ours(security_headers):
    policy = security_headers["content-security-policy"]
    for word in ["default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'", "base-uri 'none'"]:
        assert word in policy
    assert "unsafe" not in policy
    assert security_headers["x-content-type-options"] == "nosniff"
