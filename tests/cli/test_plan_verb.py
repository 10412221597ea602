"""`plan show` and `plan install`, at the prompt of head office."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.retail_chain import HO, S001, RetailChain, run_verb


def _newer(chain: RetailChain, path: Path, **changes: Any) -> Path:
    """The present plan in a file, as version 2 unless told otherwise."""
    shown = run_verb("plan", "show", "--home", chain.home(HO))
    assert shown.code == 0
    path.write_text(json.dumps(json.loads("\n".join(shown.lines)) | {"version": 2} | changes))
    return path


def _without(chain: RetailChain, path: Path, entity: str) -> Path:
    newer = _newer(chain, path)
    plan = json.loads(newer.read_text())
    plan["entities"] = [each for each in plan["entities"] if each["name"] != entity]
    newer.write_text(json.dumps(plan))
    return newer


def test_a_newer_plan_is_put_in_place_told_and_reaches_the_stores(
    settled: RetailChain, tmp_path: Path
) -> None:
    for site in (HO, S001):
        settled.sql(site, "CREATE TABLE shelf(code TEXT PRIMARY KEY, aisle TEXT)")
    settled.sql(HO, "INSERT INTO shelf VALUES ('A1', 'left')")
    newer = _newer(settled, tmp_path / "plan.json")
    plan = json.loads(newer.read_text())
    shelf = {"name": "shelf", "one": "shelf", "many": "shelves", "channel": "catalogue"}
    plan["entities"].append(shelf | {"owner": "ho", "table": "shelf", "key": ["code"]})
    newer.write_text(json.dumps(plan))

    looked = run_verb("plan", "install", "--home", settled.home(HO), "--check", newer)
    assert looked.lines == [
        "Version 2 of the plan would be in place.",
        "  New: shelves",
        "  Sent whole by the next sync: shelves",
    ]
    assert settled.sql(HO, "SELECT max(version) FROM sync_plan") == [(1,)]
    assert run_verb("plan", "install", "--home", settled.home(HO), newer).code == 0
    again = run_verb("plan", "install", "--home", settled.home(HO), newer)
    assert (again.code, again.lines) == (0, ["This plan is in place already."])
    assert run_verb("sync", "--home", settled.home(HO)).code == 0
    assert run_verb("sync", "--home", settled.home(S001)).code == 0
    assert settled.sql(S001, "SELECT * FROM shelf") == [("A1", "left")]


def test_what_a_plan_gives_up_is_told(settled: RetailChain, tmp_path: Path) -> None:
    newer = _without(settled, tmp_path / "plan.json", "day_settlements")
    said = run_verb("plan", "install", "--home", settled.home(HO), newer)
    assert said.lines[:2] == [
        "Version 2 of the plan is in place.",
        "  Synced no more: day settlements",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": 1, "sites": None}, "Number it 2: stores know a newer plan by its number."),
        ({"name": "other"}, "This is the plan 'other'; the chain works by 'retail'."),
        ({"entities": []}, "The plan names no kind of record to sync."),
        ({"channels": "none"}, "'channels' must be a list."),
    ],
)
def test_a_plan_that_cannot_follow_is_refused_and_changes_nothing(
    settled: RetailChain, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    newer = _newer(settled, tmp_path / "plan.json", **changes)
    said = run_verb("plan", "install", "--home", settled.home(HO), newer)
    assert said.code == 2
    assert sentence in (said.out + said.err)
    assert settled.sql(HO, "SELECT max(version) FROM sync_plan") == [(1,)]


def test_a_store_cannot_change_the_plan_and_an_unreadable_file_is_said(
    settled: RetailChain, tmp_path: Path
) -> None:
    newer = _newer(settled, tmp_path / "plan.json")
    said = run_verb("plan", "install", "--home", settled.home(S001), newer)
    assert said.code == 2
    assert "The plan is head office's: a store gets it by sync." in (said.out + said.err)
    said = run_verb("plan", "install", "--home", settled.home(HO), tmp_path / "none.json")
    assert said.code == 2
    assert "cannot be read" in (said.out + said.err)
