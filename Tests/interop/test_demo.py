"""`make run`: both demonstrations end with what they promise, on stand-ins and on the sandbox."""

import os
import subprocess
import sys

from harness import ROOT, TOOLGATE

sys.path.insert(0, str(ROOT / "Tests" / "standins"))
from bitrix24 import Bitrix24  # noqa: E402
from kommo import Kommo  # noqa: E402


def demo(*options: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [TOOLGATE, "demo", "--once", "--listen", "127.0.0.1:0", *options],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)


def shown(text: str) -> list[tuple[str, str]]:
    """Title and tool of each call that was shown."""
    lines = [line.split(". ", 1)[1].split(" ") for line in text.splitlines() if line[:1].isdigit() and ". " in line]
    return [(words[0].rstrip(":"), words[1]) for words in lines]


def test_the_connectors_are_shown_under_the_policies_of_the_product_pages():
    with Kommo() as kommo, Bitrix24() as bitrix:
        done = demo(
            "--kommo", f"http://127.0.0.1:{kommo.port}/api/v4", "--bitrix24", f"http://127.0.0.1:{bitrix.port}/rest",
            KOMMO_TOKEN="kommo-long-lived-token", BITRIX24_WEBHOOK="1/good0code")
        assert done.returncode == 0, done.stdout + done.stderr
        assert shown(done.stdout) == [
            ("allowed", "get_loss_reasons"), ("allowed", "create_lead"), ("allowed", "move_lead"), ("allowed", "createLead"),
            ("denied", "update_lead"), ("hidden", "stop_salesbot"), ("limited", "run_salesbot")]
        launches = [entry for entry in kommo.journal if entry["path"].endswith("/bots/run")]
        assert len(launches) == 10, "the eleventh did not reach the API"
        assert not [entry for entry in kommo.journal if entry["path"].endswith("/bots/stop") or entry["method"] == "PUT"]
        for secret in ("kommo-long-lived-token", "good0code"):
            assert secret not in done.stdout + done.stderr


def test_a_stand_in_that_is_not_there_is_told():
    done = demo("--kommo", "http://127.0.0.1:9/api/v4", "--bitrix24", "http://127.0.0.1:9/rest", KOMMO_TOKEN="x",
                BITRIX24_WEBHOOK="1/y")
    assert done.returncode == 1 and "this is not what had to happen" in done.stdout


def test_the_sandbox_is_shown_with_nothing_but_the_program():
    done = demo()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [title for title, _ in shown(done.stdout)] == ["allowed", "denied", "hidden", "limited"]
