"""Moments, counts and sizes read as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ginesys_sync.ui.widgets import wording

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "now", lambda: NOON)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(days=40), "16 Oct"),
        (timedelta(days=400), "21 Oct 2025"),
    ],
)
def test_a_moment_reads_as_how_long_ago(before: timedelta, words: str) -> None:
    assert wording.relative(NOON - before) == words


def test_no_moment_reads_as_it_is_told() -> None:
    assert wording.relative(None, never="never") == "never"
    assert wording.exact(None) == "" and wording.clock(None) == ""


def test_an_exact_moment_has_its_day_and_seconds() -> None:
    assert "25 Nov 2026" in wording.exact(NOON)
    assert wording.exact(NOON).count(":") == 2


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (812, "812 B"), (12_400, "12.4 kB"), (3_400_000, "3.4 MB"), (5 * 10**9, "5.0 GB")],
)
def test_sizes_read_in_their_unit(count: int, words: str) -> None:
    assert wording.size(count) == words


def test_counts_are_grouped_and_have_their_number() -> None:
    assert wording.grouped(1_204_567) == "1,204,567"
    assert wording.counted(1, "record") == "1 record"
    assert wording.counted(1204, "record") == "1,204 records"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "under 1 s"), (4, "4 s"), (80, "1 min 20 s"), (7500, "2 h 5 min"), (-3, "0 s")],
)
def test_lengths_of_time_read_short(seconds: float, words: str) -> None:
    assert wording.lasted(seconds) == words
