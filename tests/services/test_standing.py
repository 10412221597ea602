"""How a site stands, and what is an alarm: facts in, words out."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ginesys_sync.services.alert_settings import Limits
from ginesys_sync.services.alerting import decide
from ginesys_sync.services.board import hours_of, is_older
from ginesys_sync.services.board_views import Alert, AlertKind, BoardLine, HourOfSite, Level
from ginesys_sync.services.standing import Facts, is_online, stand, worst_first
from tests.support.board_lines import board_line

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Kolkata")
LIMITS = Limits()


def ago(**of: float) -> datetime:
    return NOW - timedelta(**of)


def facts(**more: Any) -> Facts:
    """A site of which nothing is wrong."""
    whole: dict[str, Any] = {
        "code": "S001", "state": "active", "now": NOW, "heard_at": NOW, "seen_at": ago(minutes=3),
        "waiting": 0, "fresh": 0, "waits_since": None, "unprocessed": 0, "attention": 0,
        "clock_ahead_seconds": 0,
    }  # fmt: skip
    return Facts(**whole | more)


WRONG = {
    Level.PROBLEM: {"clock_ahead_seconds": -300},
    Level.SILENT: {"seen_at": ago(hours=30)},
    Level.BACKLOG: {"waiting": 7, "waits_since": ago(hours=25)},
    Level.ATTENTION: {"attention": 2},
}


@pytest.mark.parametrize(
    ("more", "level", "why"),
    [
        ({}, Level.FINE, "It has everything."),
        ({"waiting": 1, "waits_since": NOW}, Level.FINE, "1 record is on the way to it."),
        (WRONG[Level.PROBLEM], Level.PROBLEM, "Its clock is 5 min slow."),
        ({"clock_ahead_seconds": 120}, Level.FINE, "It has everything."),
        (WRONG[Level.SILENT], Level.SILENT, "It has not called for 30 h."),
        (WRONG[Level.BACKLOG], Level.BACKLOG, "7 records wait for it, the oldest for 25 h."),
        ({"unprocessed": 1}, Level.BACKLOG, "1 batch of it is here, but not processed yet."),
        (WRONG[Level.ATTENTION], Level.ATTENTION, "2 records need attention."),
        ({"attention": 1, "questions": 1}, Level.ATTENTION, "1 question waits for an answer."),
        ({"attention": 3, "questions": 2}, Level.ATTENTION,
         "1 record needs attention, 2 questions wait for an answer."),
        ({"state": "blocked", "seen_at": ago(days=9)}, Level.OUT,
         "It is blocked: nothing goes to it or comes from it."),
        ({"seen_at": None}, Level.FINE, "It has everything."),
    ],
)  # fmt: skip
def test_a_site_stands_as_its_facts_say(more: dict[str, Any], level: Level, why: str) -> None:
    found = stand(facts(**more), LIMITS)
    assert (found.level, found.why) == (level, why)


def test_of_several_things_that_are_wrong_the_worst_is_said() -> None:
    together: dict[str, Any] = {}
    for level, more in reversed(WRONG.items()):
        together |= more
        assert stand(facts(**together), LIMITS).level is level


def test_a_backlog_grows_when_a_site_calls_and_leaves_much_waiting_while_more_comes() -> None:
    growing = facts(waiting=1_000, fresh=10, waits_since=ago(minutes=61))
    assert stand(growing, LIMITS).level is Level.BACKLOG
    for calm in (
        growing._replace(waiting=999),
        growing._replace(fresh=0),
        growing._replace(waits_since=ago(minutes=59)),
        growing._replace(seen_at=ago(hours=2)),
    ):
        assert stand(calm, LIMITS).level is Level.FINE


def test_nobody_falls_silent_while_the_web_database_cannot_be_asked() -> None:
    assert stand(facts(seen_at=ago(days=9), heard_at=ago(days=9)), LIMITS).level is Level.FINE
    assert stand(facts(seen_at=ago(days=9), heard_at=None), LIMITS).level is Level.FINE


def test_a_site_is_silent_by_its_own_limit_where_it_has_one() -> None:
    limits = Limits(silent_minutes_of={"S001": 10})
    assert stand(facts(seen_at=ago(minutes=11)), limits).level is Level.SILENT
    assert stand(facts(code="S002", seen_at=ago(minutes=11)), limits).level is Level.FINE


def test_online_is_who_was_seen_in_the_last_90_seconds() -> None:
    assert is_online(facts(seen_at=ago(seconds=90)))
    assert not is_online(facts(seen_at=ago(seconds=91)))
    assert not is_online(facts(seen_at=None))


def test_the_worst_come_first_and_of_the_same_kind_the_oldest() -> None:
    wanted: list[BoardLine] = [
        board_line(code, level=level, age_seconds=age)
        for code, level, age in (
            ("S9", Level.PROBLEM, 1), ("S8", Level.SILENT, 900), ("S7", Level.SILENT, 90),
            ("S6", Level.BACKLOG, 5), ("S5", Level.ATTENTION, 9_999), ("S3", Level.FINE, 7),
            ("S4", Level.FINE, 7), ("S2", Level.OUT, 1e9),
        )
    ]  # fmt: skip
    mixed = random.Random(5).sample(wanted, len(wanted))
    assert sorted(mixed, key=worst_first) == wanted


# --- alerts ---


def alert(kind: AlertKind, site: str = "S001", number: int = 1) -> Alert:
    return Alert(number, kind, site, "words", ago(hours=1))


@pytest.mark.parametrize(
    ("level", "kind", "words"),
    [
        (Level.PROBLEM, AlertKind.CLOCK, "S001's clock is 5 min slow."),
        (Level.SILENT, AlertKind.SILENT, "S001 has not called since Sat 21 Nov 2026, 11:30."),
        (Level.BACKLOG, AlertKind.BACKLOG,
         "7 records wait for S001, the oldest since Sat 21 Nov 2026, 16:30."),
        (Level.ATTENTION, AlertKind.PARKED, "2 records need attention at S001."),
    ],
)  # fmt: skip
def test_each_kind_is_raised_once_kept_and_cleared(
    level: Level, kind: AlertKind, words: str
) -> None:
    wrong = facts(**WRONG[level])
    raised = decide([wrong], [], LIMITS, ZONE)
    assert [(each.kind, each.site, each.words) for each in raised.opened] == [(kind, "S001", words)]
    kept = decide([wrong], [alert(kind)], LIMITS, ZONE)
    assert (kept.opened, kept.kept, kept.cleared) == ((), (1,), ())
    calm = decide([facts()], [alert(kind)], LIMITS, ZONE)
    assert (calm.opened, calm.kept, calm.cleared) == ((), (), (1,))


def test_what_a_silent_site_has_not_fetched_is_no_second_alert() -> None:
    both = facts(**WRONG[Level.SILENT] | WRONG[Level.BACKLOG])
    assert [each.kind for each in decide([both], [], LIMITS, ZONE).opened] == [AlertKind.SILENT]
    kept = decide([both], [alert(AlertKind.BACKLOG)], LIMITS, ZONE)
    assert kept.kept == (1,)


def test_a_clock_near_its_limit_does_not_ring_again_and_again() -> None:
    near = facts(clock_ahead_seconds=100)
    assert decide([near], [], LIMITS, ZONE).opened == ()
    assert decide([near], [alert(AlertKind.CLOCK)], LIMITS, ZONE).kept == (1,)
    good = facts(clock_ahead_seconds=60)
    assert decide([good], [alert(AlertKind.CLOCK)], LIMITS, ZONE).cleared == (1,)


def test_a_site_that_left_the_chain_is_nobodys_alarm() -> None:
    blocked = facts(**WRONG[Level.SILENT] | {"state": "blocked"})
    assert decide([blocked], [alert(AlertKind.SILENT)], LIMITS, ZONE).cleared == (1,)
    assert decide([], [alert(AlertKind.SILENT)], LIMITS, ZONE).cleared == (1,)


def test_head_offices_own_clock_is_looked_at_too() -> None:
    (found,) = decide([], [], LIMITS, ZONE, clock_ahead_here=7200).opened
    assert (found.site, found.words) == ("HO", "This clock is 2 h fast.")


# --- small things ---


def test_the_day_of_a_site_is_read_from_what_the_books_gave() -> None:
    hours = hours_of("23:2:40,0:1:0")
    assert len(hours) == 24
    assert hours[23] == HourOfSite(2, 40) and hours[0] == HourOfSite(1, 0)
    assert set(hours[1:23]) == {HourOfSite()}


def test_older_programs_are_told_by_their_numbers() -> None:
    assert is_older("ginesys-sync 0.9.0", "0.10.0")
    assert not is_older("ginesys-sync 0.10.0", "0.10.0")
    assert not is_older("somebody's own", "0.10.0")
