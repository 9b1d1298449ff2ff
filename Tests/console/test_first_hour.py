"""The first hour of a new team, with nothing but the browser and an MCP client: from an empty data folder to an approved call.

Nothing is made up here: the gateway, its store, the sandbox server and the SDK's client are the real ones.
"""

import asyncio
import json
import os
import re
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from conftest import Gateway, Watch, files_of_the_folder
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

PASSWORD = "correct horse battery staple 1"


@pytest.fixture
def sandbox():
    process = subprocess.Popen([os.environ["TOOLGATE_BIN"], "sandbox", "--listen", "127.0.0.1:0", "--output", "json"], stdout=subprocess.PIPE, text=True)
    yield json.loads(process.stdout.readline())["endpoint"]
    process.terminate()
    process.wait(10)


@pytest.fixture
def fresh(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    made = Gateway(folder)
    yield made
    made.stop()


def setup_link(gateway):
    """What the gateway prints at its first start."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = re.search(r"http://\S+/#/setup/\S+", (gateway.folder / "err.txt").read_text())
        if found:
            return found.group(0)
    raise AssertionError("no link for the first account was printed")


async def _call(endpoint, token, tool, arguments):
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
        async with Client(streamable_http_client(endpoint, http_client=http)) as client:
            await client.list_tools()
            return await client.call_tool(tool, arguments)


def start(pool, *parameters):
    """One call by the SDK's client, beside the browser's own event loop."""
    return pool.submit(lambda: asyncio.run(_call(*parameters)))


def call(pool, *parameters):
    return start(pool, *parameters).result(60)


def wait_for_tools(page):
    """The gateway keeps what it accepted beside the call."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if "list_leads" in page.evaluate("async () => (await fetch('/api/v1/servers/crm/tools')).text()"):
            return
    raise AssertionError("the server's tools were not accepted")


def has_sign_in(gateway):
    with urllib.request.urlopen(gateway.address + "/api/v1/openapi.json") as answer:
        return "/setup" in json.load(answer)["paths"]


def test_from_nothing_to_an_approved_call(fresh, sandbox, browser, security_headers):
    if not has_sign_in(fresh):
        pytest.skip("this build's admin API has no sign-in yet")
    watch = Watch()
    pool = ThreadPoolExecutor(2)
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    watch.follow(page)
    files_of_the_folder(page, security_headers)

    # The first admin.
    page.goto(setup_link(fresh))
    page.get_by_label("Organisation").fill("Acme")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_label("E-mail").fill("ana@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("heading", name="Nothing stands behind the gateway yet").wait_for(timeout=15000)

    # The sandbox server.
    page.get_by_role("link", name="Register a server").click()
    page.get_by_role("radio", name="An address").check(force=True)
    page.get_by_role("textbox", name="Address").fill(sandbox)
    page.get_by_role("textbox", name="Name", exact=True).fill("crm")
    page.get_by_role("button", name="Register", exact=True).click()
    page.get_by_role("heading", name="crm", level=1).wait_for()

    # A policy that denies everything, and a grant under it; its first list is what the gateway accepts.
    page.goto(fresh.address + "/#/policies?new=yes")
    page.get_by_role("radio", name="Empty").check(force=True)
    page.get_by_role("textbox", name="Name", exact=True).fill("sales")
    page.get_by_role("button", name="Create and open").click()
    page.get_by_role("heading", name="sales", level=1).wait_for()
    page.goto(fresh.address + "/#/grants?new=yes")
    page.get_by_role("textbox", name="Label").fill("agent")
    page.get_by_role("dialog").get_by_role("button", name="Mint a grant").click()
    token = page.locator("[data-token]").text_content(timeout=10000)
    endpoint = fresh.started["endpoint"].rstrip("/") + "/crm"
    page.get_by_role("button", name="I have kept it").click()
    page.wait_for_timeout(1500)
    assert call(pool, endpoint, token, "list_leads", {}).is_error
    wait_for_tools(page)

    # The policy by clicks.
    page.goto(fresh.address + "/#/policies/sales")
    page.locator('[data-tool="list_leads"]').get_by_role("radio", name="Allow").check(force=True)
    page.locator('[data-tool="move_lead"]').get_by_role("radio", name="Custom").check(force=True)
    page.locator('[data-tool="move_lead"]').get_by_role("button", name="Ask a person").click()
    page.get_by_role("button", name="Review and save").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_text("version 2 is in force").wait_for(timeout=10000)
    page.wait_for_timeout(1500)

    # The call, seen live.
    page.goto(fresh.address + "/#/decisions")
    page.locator(".live-state[data-state=live]").wait_for(timeout=15000)
    allowed = call(pool, endpoint, token, "list_leads", {})
    assert not allowed.is_error
    row = page.locator("tbody tr", has_text="list_leads").filter(has_text="Allowed")
    row.first.wait_for(timeout=10000)
    row.first.get_by_role("link").click()
    page.get_by_role("dialog").get_by_text("How it was decided").wait_for()
    page.keyboard.press("Escape")

    # The approval: the agent asks, a person agrees, the agent's call goes on.
    lead = json.loads(allowed.content[0].text)["leads"][0]["id"]

    waiting = start(pool, endpoint, token, "move_lead", {"lead_id": lead, "status_id": 12})
    page.goto(fresh.address + "/#/approvals")
    page.get_by_text("agent wants to call").wait_for(timeout=15000)
    assert str(lead) in page.locator(".values").text_content()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    page.get_by_text("move_lead is approved").wait_for(timeout=10000)
    assert not waiting.result(60).is_error

    # The audit.
    page.goto(fresh.address + "/#/audit")
    page.get_by_role("button", name="Verify the journal").click()
    page.get_by_text("The journal is whole").wait_for(timeout=15000)
    page.get_by_text("Ana").first.wait_for()
    context.close()
    assert watch.wrong == []
