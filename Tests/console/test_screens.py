"""Every screen: it opens, in light and dark, wide and on a phone, and axe finds nothing; hostile texts stay texts."""

import json

import pytest
from answers import DOCUMENT, HOSTILE, hostile, standard
from axe_playwright_python.sync_playwright import Axe
from conftest import settle

SCREENS = {
    "overview": "#/overview", "decisions": "#/decisions", "decision": "#/decisions?id=d1", "approvals": "#/approvals",
    "servers": "#/servers", "register": "#/servers?add=yes", "server": "#/servers/crm", "tool": "#/servers/crm?tool=create_lead",
    "changes": "#/servers/crm/changes", "about": "#/servers/crm/about", "logs": "#/servers/crm/logs", "policies": "#/policies",
    "new-policy": "#/policies?new=yes", "policy": "#/policies/crm-sales?tool=create_lead", "history": "#/policies/crm-sales/history",
    "grants": "#/grants", "grant": "#/grants?id=ci-runner", "mint": "#/grants?new=yes", "catalogue": "#/catalogue",
    "search": "#/catalogue?q=lead", "catalogue-server": "#/catalogue/crm", "catalogue-tool": "#/catalogue/crm/create_lead",
    "attacks": "#/catalogue/-/attacks", "attack": "#/catalogue/-/attacks/runaway-tool-loops", "stack": "#/stack?s=crm",
    "members": "#/members", "invitations": "#/members/invitations", "tokens": "#/members/tokens", "roles": "#/members/roles",
    "audit": "#/audit", "settings": "#/settings", "account": "#/account", "missing": "#/nothing",
}
DOORS = {"sign-in": "#/sign-in", "setup": "#/setup/token", "invitation": "#/invitation/token", "register": "#/register"}


def violations(page):
    """What axe says is wrong, in a line each."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['target']} {node['failureSummary'][:240]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_is_accessible_in_light_and_dark_and_on_a_phone(console, name):
    page = console(SCREENS[name])
    assert violations(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_timeout(50)
    wide = """() => [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > innerWidth + 1
        && !each.closest('.sr-only, .editor-scroll, .tabs, .table-wrap, .diff, pre')).slice(0, 5).map((each) => each.outerHTML.slice(0, 120))"""
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360, page.evaluate(wide)
    assert violations(page) == []


@pytest.mark.parametrize("name", DOORS)
def test_every_door_is_accessible(console, name):
    answers = standard()
    answers["GET /session"] = 401
    page = console(DOORS[name], answers=answers)
    assert page.locator("form").count() == 1
    assert violations(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert violations(page) == []


@pytest.mark.parametrize("name", SCREENS)
def test_hostile_texts_stay_texts(console, name):
    answers = {key: value if key in ("GET /session", "GET /health", "POST /policy/check", "POST /policy/suggest") else hostile(value) for key, value in standard().items()}
    page = console(SCREENS[name], answers=answers)
    text = page.evaluate("() => document.body.textContent")
    assert "\u202e" not in text and "\u200b" not in text and "\U000e0041" not in text
    assert page.locator("#app img, #app script, dialog img, dialog script").count() == 0
    assert page.evaluate("() => document.querySelectorAll('[onerror], [onload], [style]').length") <= page.evaluate("() => [...document.querySelectorAll('[style]')].filter((each) => [...each.style].every((name) => name.startsWith('--'))).length")
    assert not page.evaluate("() => [...document.querySelectorAll('a[href]')].some((each) => each.protocol === 'javascript:')")


def test_the_door_says_when_there_is_no_account_yet(console):
    answers = standard()
    answers["GET /session"] = 404
    answers["GET /health"] = {"status": "ok", "version": "0", "setup": False}
    page = console("", answers=answers)
    page.get_by_text("There is no account yet").wait_for()
    assert violations(page) == []


def test_what_is_invisible_is_shown(console):
    answers = standard()
    answers["GET /servers/{}/tools"]["items"][0]["description"] = "abc\u202edef\u200b"
    page = console("#/servers/crm?tool=get_lead", answers=answers)
    assert "abcU+202EdefU+200B" in page.locator("dialog .quoted").text_content()
    assert page.locator("dialog .quoted .ghost").count() == 2


@pytest.mark.parametrize("role", ["viewer", "policy_manager"])
@pytest.mark.parametrize("name", ["servers", "server", "policies", "policy", "grants", "grant", "members", "audit", "settings"])
def test_lesser_roles_see_the_screens_without_what_they_may_not_do(console, name, role):
    page = console(SCREENS[name], answers=standard(role))
    assert page.get_by_role("button", name="Mint a grant").count() == 0
    assert page.get_by_role("button", name="Register a server").count() == 0
    if role == "viewer":
        assert page.get_by_role("button", name="New policy").count() == 0


def test_empty_lists_say_what_to_do_next(console):
    answers = {key: {"items": [], "next": None} if isinstance(value, dict) and "items" in value else value for key, value in standard().items()}
    answers["GET /overview"] = {"calls": 0, "outcomes": {}, "series": [], "latency": {}, "top_denials": [], "attention": []}
    for hash_ in ["#/overview", "#/servers", "#/policies", "#/grants", "#/decisions", "#/approvals"]:
        page = console(hash_, answers=answers)
        assert page.locator(".empty h2").count() == 1, hash_
        assert page.locator(".empty a.button, .empty button").count() >= 1, hash_


def test_what_the_api_refuses_is_shown_in_its_words(console):
    answers = standard()
    answers["GET /grants"] = 503
    page = console("#/grants", answers=answers)
    assert "somebody else changed it" in page.locator(".empty").text_content()


def test_a_screen_whose_operation_the_api_lacks_says_so(console):
    answers = standard()
    answers["GET /openapi.json"] = {"openapi": "3.1.0", "paths": {"/api/v1/servers": {"get": {}}, "/session": {"get": {}}}}
    for hash_ in ["#/overview", "#/decisions", "#/stack", "#/catalogue"]:
        page = console(hash_, answers=answers)
        page.get_by_role("heading", name="This gateway does not answer this yet").wait_for()
    page = console("#/policies/crm-sales", answers=answers)
    assert page.get_by_role("button", name="Impact").count() == 0
    assert not [name for name, _ in page.answers.asked if "/decisions" in name or "/approvals" in name]


def test_a_session_that_ends_leads_to_the_door_and_back(console):
    page = console("#/grants")
    page.answers.answers["GET /servers"] = 401
    page.answers.answers["GET /session"] = 401
    page.evaluate("() => { location.hash = '#/servers' }")
    page.locator("form input[type=password]").wait_for()
    assert page.url.endswith("#/sign-in")
    page.answers.answers["GET /servers"] = standard()["GET /servers"]
    page.answers.answers["GET /session"] = standard()["GET /session"]
    page.answers.answers["POST /session"] = {}
    page.answers.patterns = type(page.answers)(page.answers.answers).patterns
    page.get_by_label("E-mail").fill("ana@example.com")
    page.get_by_label("Password").fill("a long enough password")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Servers", level=1).wait_for()


def test_the_keyboard_alone_is_enough(console):
    page = console("#/overview")
    page.keyboard.press("Control+k")
    page.keyboard.type("crm-sal")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="crm-sales").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.get_by_role("heading", name="Servers", level=1).wait_for()
    settle(page)
    page.keyboard.press("j")
    assert page.evaluate("() => document.activeElement.textContent").startswith("crm")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="crm", level=1).wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_the_theme_is_kept(console):
    page = console("#/settings")
    before = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    page.get_by_role("radio", name="Dark").check(force=True)
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    settle(page)
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != before


def test_the_documents_are_what_the_policy_language_calls_json():
    assert json.loads(DOCUMENT)["tools"]["create_lead"]["limits"][0]["max"] == 0.1
    assert "\u202e" in HOSTILE
