"""Sentences of the services: how long ago, why a run stopped, whom a run went to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ginesys_sync.core.errors import AlreadyRunning, Cancelled, DiskFull, KnownError, Unreachable
from ginesys_sync.services.control import money
from ginesys_sync.services.summary import ago
from ginesys_sync.services.syncing import stopped_sentence, what_words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "seconds, words",
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400, "1 day ago"),
        (3 * 86_400, "3 days ago"),
    ],
)
def test_how_long_ago_reads_as_people_say_it(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_never_is_never() -> None:
    assert ago(None, NOW) == "never"


@pytest.mark.parametrize(
    "fault, words",
    [
        (AlreadyRunning("A sync of this site is already running."), "a sync of this site is"),
        (DiskFull("There is no room left on the disk."), "there is no room left on the disk."),
        (Unreachable("S002 is closed."), "S002 is closed."),
        (Unreachable("'x' is no address."), "'x' is no address."),
        (Cancelled("The sync was cancelled."), "the sync was cancelled."),
    ],
)
def test_a_stopped_run_says_why_that_nothing_is_lost_and_what_to_do(
    fault: KnownError, words: str
) -> None:
    said = stopped_sentence(fault)
    assert said.startswith(f"Sync stopped: {words}")
    assert said.endswith(f". Nothing is lost. {fault.advice}")
    assert ".." not in said


def test_a_runs_name_stays_short_however_many_stores_are_ticked() -> None:
    codes = [f"S{n:03d}" for n in range(1, 41)]
    assert what_words("HO", None) == "Sync All"
    assert what_words("HO", ["S001"]) == "Sync Selective to S001"
    assert what_words("HO", codes) == ("Sync Selective to S001, S002, S003, S004, S005 and 35 more")
    assert what_words("S001", None) == "Sync"


@pytest.mark.parametrize(
    "minor, words",
    [(None, ""), (0, "0.00"), (5, "0.05"), (-5, "-0.05"), (125_000, "1,250.00"), (-199, "-1.99")],
)
def test_money_is_read_from_minor_units(minor: int | None, words: str) -> None:
    assert money(minor) == words
