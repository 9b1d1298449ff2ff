"""Runs policy_reference.py over shared/data/policy/worked-examples.jsonl: the reference has to earn its name."""

import json
import os
import pathlib
import sys

from policy_differential import TABLES, parse_time
from policy_reference import Engine, load

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CORPORA = pathlib.Path(os.environ.get("TOOLGATE_CORPORA", ROOT.parent / "shared" / "data"))

wrong = checked = skipped = 0
for text in (CORPORA / "policy" / "worked-examples.jsonl").read_text().splitlines():
    example, exact = json.loads(text), load(text)
    if "calls" not in example:
        continue
    policy = load(example["policy_text"]) if "policy_text" in example else exact["policy"]
    try:
        engine = Engine(policy, exact.get("tools"), TABLES)
        for call in example["calls"]:
            if call["expect"]["outcome"] == "malformed":
                raise NotImplementedError("refusing malformed lines is the JSON reader's matter")
            if any(limit in text for limit in ('"calendar"', '"week"')):
                raise NotImplementedError("calendar windows")
            line = load(call["line"])
            got = engine.decide(line, parse_time(line["at"]) if "at" in line else engine.now)
            checked += 1
            if (got["outcome"], got["rule"]) != (call["expect"]["outcome"], call["expect"].get("rule", got["rule"])):
                wrong += 1
                print(f"{example['id']}: reference {got}, example {call['expect']}")
    except Exception as problem:
        skipped += 1
        print(f"{example['id']}: outside the reference ({type(problem).__name__}: {problem})")
print(f"{checked} calls checked, {wrong} wrong, {skipped} examples outside the reference")
sys.exit(1 if wrong else 0)
