"""A slice of the proof of hostile files for every day: all of it is `run.py prove hostile`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.wire import body
from tests.prove import hostile, hostile_calls
from tests.prove.hostile_bodies import OF_IMAGE, OF_RECORDS, OF_ROWS, OF_SCHEMA, forgeries
from tests.prove.report import Work

SOME = (
    "the highest record",
    "rows of no record",
    "no key",
    "UTF-16",
    "another site's record",
    "bits flipped, 3",
)


@pytest.mark.slow
def test_some_forged_bodies_are_refused_by_the_site_they_are_handed_to(tmp_path: Path) -> None:
    some = [one for one in forgeries() if one[0] in SOME]
    assert len(some) == len(SOME)
    line = hostile.handed_out(tmp_path / "floor", some)
    assert line.holds, line.broken


@pytest.mark.slow
def test_hostile_calls_are_refused_by_the_web_database(tmp_path: Path) -> None:
    line = hostile_calls.calls(Work(0, tmp_path))
    assert line.holds, line.broken


@pytest.mark.slow
def test_a_bomb_costs_no_more_than_a_body_may(tmp_path: Path) -> None:
    line = hostile.measured(tmp_path)
    assert line.holds, line.broken


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_forged_body_is_refused_by_the_site_it_is_handed_to(tmp_path: Path) -> None:
    line = hostile.handed_out(tmp_path / "floor", list(forgeries()))
    assert line.holds, line.broken


# --- it can fail ----------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize(
    ("careless", "names"),
    [
        ("_check_schema", {"a trigger", "another column"}),
        ("_check_numbers", {"rows of no record", "no key"}),
        ("_check_counts", {"a record too few", "a record too many"}),
        ("_check_soundness", {"a table beyond the end", "free pages that are not"}),
    ],
)
def test_a_reader_that_leaves_out_a_check_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, careless: str, names: set[str]
) -> None:
    monkeypatch.setattr(body, careless, lambda *_: None)
    kinds: dict[str, Callable[..., Any]] = OF_SCHEMA | OF_ROWS | OF_IMAGE | OF_RECORDS
    line = hostile.handed_out(tmp_path / "floor", [(name, kinds[name], True) for name in names])
    assert line.broken
