"""The policy builder: choices and JSON are one document, and nothing is lost either way."""

import json

from answers import DOCUMENT, standard
from conftest import settle


def text(page):
    return page.locator(".editor-area").input_value()


def choose(page, tool, state):
    page.locator(f'[data-tool="{tool}"]').get_by_role("radio", name=state).check(force=True)


def sent(page, name="PUT /policies/crm-sales"):
    page.get_by_role("button", name="Review and save").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.locator("dialog").wait_for(state="detached")
    return page.answers.bodies(name)[-1]


def test_order_and_digits_are_kept(console):
    page = console("#/policies/crm-sales")
    assert text(page) == DOCUMENT
    choose(page, "get_lead", "Deny")
    after = text(page)
    assert after.index('"10"') < after.index('"9"') and "9007199254740991" in after and "0.10" in after
    assert '"get_lead"' not in after
    body = sent(page)
    assert "0.10" in body and "9007199254740991" in body
    assert json.loads(body)["document"]["tools"]["create_lead"]["limits"][0]["max"] == 0.1


def test_every_state_of_a_tool(console):
    page = console("#/policies/crm-sales")
    choose(page, "pay_invoice", "Allow")
    assert json.loads(text(page))["tools"]["pay_invoice"] == {}
    choose(page, "pay_invoice", "Hide")
    assert json.loads(text(page))["hide"] == ["delete_*", "pay_invoice"]
    assert "pay_invoice" not in json.loads(text(page))["tools"]
    choose(page, "pay_invoice", "Deny")
    assert json.loads(text(page))["hide"] == ["delete_*"]
    assert "pay_invoice" not in json.loads(text(page))["tools"], "the default denies it already"
    page.locator(".document-line").first.get_by_role("radio", name="Allow").check(force=True)
    choose(page, "pay_invoice", "Deny")
    block = json.loads(text(page))["tools"]["pay_invoice"]["deny_if"]
    assert block[0]["conditions"] == []


def test_a_tool_hidden_by_a_pattern_says_so(console):
    page = console("#/policies/crm-sales")
    page.locator('[data-tool="delete_lead"]').get_by_role("radio", name="Allow").click(force=True)
    assert "delete_lead is hidden by the pattern delete_*" in page.locator(".toasts").text_content()
    assert text(page) == DOCUMENT


def test_a_rule_by_clicks(console):
    page = console("#/policies/crm-sales")
    choose(page, "run_bot", "Custom")
    row = page.locator('[data-tool="run_bot"]')
    row.get_by_role("button", name="Only when").click()
    row.get_by_label("What is looked at").first.select_option("args.price")
    row.get_by_label("Comparison").select_option("lte")
    row.get_by_label("Value", exact=True).fill("12.50")
    row.get_by_label("Sentence for the agent").fill("Ask first.")
    row.get_by_role("button", name="Limit", exact=True).click()
    row.get_by_label("How many", exact=True).fill("7")
    assert "12.50" in text(page)
    assert json.loads(text(page))["tools"]["run_bot"] == {
        "require": [{"conditions": [{"path": "args.price", "op": "lte", "value": 12.5}], "on_deny": "Ask first."}],
        "limits": [{"counter": "run_bot_rate", "window": "minute", "max": 7, "scope": "grant"}],
    }


def test_choices_of_the_schema_are_offered(console):
    page = console("#/policies/crm-sales")
    choose(page, "run_bot", "Custom")
    row = page.locator('[data-tool="run_bot"]')
    row.get_by_role("button", name="Never when").click()
    row.get_by_label("What is looked at").first.select_option("args.status")
    row.get_by_label("Comparison").select_option("in")
    row.get_by_label("won").check()
    row.get_by_label("lost").check()
    condition = json.loads(text(page))["tools"]["run_bot"]["deny_if"][0]["conditions"][0]
    assert condition == {"path": "args.status", "op": "in", "value": ["won", "lost"]}
    row.get_by_label("What is looked at").first.select_option('args.contact["e.mail"]')
    assert json.loads(text(page))["tools"]["run_bot"]["deny_if"][0]["conditions"][0]["path"] == 'args.contact["e.mail"]'


def test_typing_json_moves_the_choices(console):
    page = console("#/policies/crm-sales")
    page.locator(".editor-area").fill('{"version": "1", "default": "deny", "tools": {"run_bot": {}}}')
    page.locator('[data-tool="run_bot"][data-state="allow"]').wait_for()
    assert page.locator('[data-tool="create_lead"]').get_attribute("data-state") == "deny"


def test_what_is_no_json_is_told_at_its_line(console):
    page = console("#/policies/crm-sales")
    page.locator(".editor-area").fill('{\n  "version": "1",\n  "default" "deny"\n}')
    page.get_by_role("button", name="line 3").wait_for()
    assert page.get_by_role("button", name="Review and save").is_disabled()
    assert page.locator('.editor-gutter [data-severity="error"]').text_content() == "3"


def test_findings_of_the_api_stand_at_their_line_and_tool(console):
    answers = standard()
    answers["POST /policy/check"] = {"ok": False, "findings": [
        {"severity": "error", "pointer": "/tools/create_lead/limits/0/window", "line": 20, "column": 21, "code": "x", "message": "`minut` is no window"}]}
    page = console("#/policies/crm-sales", answers=answers)
    page.get_by_role("button", name="line 20").wait_for()
    assert page.locator('[data-tool="create_lead"].has-error').count() == 1


def test_undo_takes_back_one_choice(console):
    page = console("#/policies/crm-sales")
    choose(page, "run_bot", "Allow")
    assert text(page) != DOCUMENT
    page.locator(".json-pane").get_by_role("button", name="Undo").click()
    assert text(page) == DOCUMENT


def test_somebody_elses_change_is_not_overwritten(console):
    answers = standard()
    answers["PUT /policies/{}"] = 412
    page = console("#/policies/crm-sales", answers=answers)
    choose(page, "run_bot", "Allow")
    page.get_by_role("button", name="Review and save").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_role("dialog", name="Somebody saved meanwhile").wait_for()


def test_the_impact_says_what_could_not_be_judged(console):
    page = console("#/policies/crm-sales")
    page.get_by_role("button", name="Impact").first.click()
    panel = page.get_by_role("dialog")
    panel.get_by_text("Decided otherwise").first.wait_for()
    assert "values are not recorded" in panel.text_content()


def test_the_catalogue_opens_the_builder_prefilled(console):
    page = console("#/catalogue/crm/create_lead")
    page.get_by_role("button", name="Limit this tool").first.click()
    page.locator('[data-tool="create_lead"] .rule-editor').wait_for()
    settle(page)
