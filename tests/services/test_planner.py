"""What the service asks for by itself: by the clock, at its start, and what it never asks twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from ginesys_sync.core.clock import from_iso, iso
from ginesys_sync.core.schedule import OccursAt, Schedule, ScheduleType
from ginesys_sync.core.schedule_zone import zone_named
from ginesys_sync.services.live import MOST_PAUSE_SECONDS, STUCK_SECONDS, Left, Patience
from ginesys_sync.services.planner import SKIPPED, Planner
from ginesys_sync.services.schedules import Effective, Source, set_schedule
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.timing import ScheduleTrigger
from tests.support.retail_chain import HO, S001, RetailChain

NOON = OccursAt(time(12, 0))
ASKED = "SELECT trigger, state, message FROM sync_request ORDER BY id"


class SetClock:
    """A clock that stands where a test puts it."""

    def __init__(self, text: str) -> None:
        self.moment = datetime.fromisoformat(text).replace(tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@contextmanager
def planner(chain: RetailChain, site: str, clock: SetClock) -> Iterator[Planner]:
    """The planner of a site whose service starts now."""
    with opened_site(chain.home(site)) as opened, opened.database.connect() as connection:
        made = Planner(opened, connection, clock, lambda: None, None)
        try:
            yield made
        finally:
            made.close()


def ran_at(chain: RetailChain, site: str, text: str) -> None:
    """The site's last run began then."""
    at = iso(datetime.fromisoformat(text).replace(tzinfo=UTC))
    chain.sql(
        site,
        "INSERT INTO sync_run(no, started_at, ended_at, trigger, who, what, sites, outcome) "
        f"VALUES (900, '{at}', '{at}', 'prompt', 'x', 'Sync', '*', 'done')",
    )


@pytest.mark.parametrize(
    ("last", "now", "is_asked"),
    [
        ("2026-11-20 12:05", "2026-11-21 11:59", False),
        ("2026-11-20 11:05", "2026-11-20 12:00", True),
        ("2026-11-10 12:05", "2026-11-21 08:00", True),
        ("2026-11-30 12:05", "2026-11-21 12:30", False),
    ],
)
def test_what_was_missed_while_the_service_was_off_is_done_once_at_its_start(
    chain: RetailChain, last: str, now: str, is_asked: bool
) -> None:
    chain.set_home(HO, time_zone="UTC")
    set_schedule(chain.home(HO), HO, Schedule(frequency=NOON))
    ran_at(chain, HO, last)
    with planner(chain, HO, SetClock(now)):
        pass
    expected = [("schedule", "asked", "")] if is_asked else []
    assert chain.sql(HO, ASKED) == expected


def test_on_startup_asks_at_every_start_and_at_no_other_time(chain: RetailChain) -> None:
    set_schedule(chain.home(HO), HO, Schedule(ScheduleType.ON_STARTUP))
    ran_at(chain, HO, "2026-11-21 08:00")
    with planner(chain, HO, SetClock("2026-11-21 08:01")) as made:
        assert chain.sql(HO, ASKED) == [("schedule", "asked", "")]
        assert made._timing.next_at is None


def test_without_a_schedule_nothing_is_asked(chain: RetailChain) -> None:
    with planner(chain, S001, SetClock("2026-11-21 08:01")) as made:
        assert made._timing.next_at is None
    assert chain.sql(S001, ASKED) == []


def test_a_run_that_is_due_while_one_is_under_way_is_skipped_and_says_why(
    chain: RetailChain,
) -> None:
    with planner(chain, S001, SetClock("2026-11-21 08:01")) as made:
        made._ask_scheduled()
        made._ask_scheduled()
    assert chain.sql(S001, ASKED) == [("schedule", "asked", ""), ("schedule", "ended", SKIPPED)]


def test_live_mode_asks_no_second_time_for_what_nobody_has_taken_yet(chain: RetailChain) -> None:
    with planner(chain, S001, SetClock("2026-11-21 08:01")) as made:
        made._ask_live()
        made._ask_live()
        chain.sql(S001, "UPDATE sync_request SET state = 'taken'")
        made._ask_live()
    assert chain.sql(S001, ASKED) == [("live", "taken", ""), ("live", "asked", "")]


def test_a_schedule_that_comes_by_sync_holds_without_a_restart(chain: RetailChain) -> None:
    chain.set_home(S001, time_zone="Asia/Kolkata")
    chain.done(HO)
    chain.done(S001)
    with planner(chain, S001, SetClock("2026-11-21 08:01")) as made:
        set_schedule(chain.home(HO), "*", Schedule(frequency=NOON))
        chain.done(HO)
        chain.done(S001)
        made.look()
        due = made._timing.next_at
        assert due is not None
        since_midday = due.astimezone(zone_named("Asia/Kolkata")) - timedelta(hours=12)
        assert (since_midday.hour, since_midday.minute // 5) == (0, 0)
        set_schedule(chain.home(HO), S001, Schedule(ScheduleType.ON_STARTUP))
        chain.done(HO)
        chain.done(S001)
        made.look()
        assert made._timing.next_at is None


def test_a_schedule_that_cannot_be_read_stops_nothing_and_is_said(chain: RetailChain) -> None:
    chain.sql(S001, "INSERT INTO sync_master_policy VALUES ('schedule', '{\"type\": 7}')")
    with opened_site(chain.home(S001)) as site, site.database.connect() as connection:
        from ginesys_sync.services.schedules import effective_schedule

        found = effective_schedule(connection, S001, "")
    assert found.schedule is None
    assert "schedule" in found.words
    with planner(chain, S001, SetClock("2026-11-21 08:01")) as made:
        assert made._timing.next_at is None


def test_after_a_sleep_the_clock_asks_once_and_goes_on_from_there() -> None:
    daily = Effective(Schedule(frequency=NOON), Source.OWN, zone_named("UTC"))
    trigger = ScheduleTrigger(daily)
    monday = from_iso("2026-11-16T12:00:00.000Z")
    assert trigger.get_next_fire_time(monday, monday) == monday + timedelta(days=1)
    ended = replace(daily, schedule=Schedule(frequency=NOON, end_date=monday.date()))
    assert ScheduleTrigger(ended).get_next_fire_time(monday, monday) is None


def test_what_a_run_could_not_take_is_no_news_until_something_else_comes() -> None:
    left = Left().after_run(7, 0, now=100.0)
    assert not left.is_news(7, now=101.0)
    assert left.is_news(8, now=101.0)
    assert left.is_news(7, now=101.0 + STUCK_SECONDS)


def test_once_the_log_was_empty_its_numbers_may_come_again_and_are_news() -> None:
    left = Left().after_run(7, 0, now=100.0).after_look(0)
    assert left.is_news(7, now=101.0)
    assert not left.is_news(0, now=101.0)
    assert Left().after_run(7, 3, now=100.0).is_news(7, now=101.0)


def test_pauses_grow_are_never_the_same_for_all_and_end_with_the_first_success() -> None:
    patience = Patience()
    assert [patience.fail(lambda: 1.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert patience.fail(lambda: 0.0) == MOST_PAUSE_SECONDS / 2
    patience.succeed()
    assert patience.fail(lambda: 1.0) == 1
