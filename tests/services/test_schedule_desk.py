"""What a window hears of schedules from a real home, and what it may lay down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, time

import pytest

from ginesys_sync.core.errors import KnownError, UnknownSite
from ginesys_sync.core.schedule import OccursAt, Schedule, ScheduleType, ScheduleUnfit
from ginesys_sync.core.settings import open_home
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.planner import Planner
from ginesys_sync.services.schedule_views import EVERY_STORE, LiveState
from ginesys_sync.services.schedules import set_schedule
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.worker import is_service_running
from tests.services.test_planner import SetClock
from tests.support.retail_chain import HO, S001, S002, RetailChain, wait_until

NOON = Schedule(frequency=OccursAt(time(12)), start_date=date(2026, 1, 1))
LIVE = Schedule(ScheduleType.ON_STARTUP, live=True)


class Desks:
    """A desk for each site, at a moment that stands still."""

    def __init__(self, chain: RetailChain) -> None:
        self.chain = chain
        self._made: list[HomeDesk] = []

    def at(self, site: str) -> HomeDesk:
        self._made.append(HomeDesk(self.chain.home(site), SetClock("2026-11-21 08:01")))
        return self._made[-1]

    def close(self) -> None:
        while self._made:
            self._made.pop().close()


@pytest.fixture
def desks(chain: RetailChain) -> Iterator[Desks]:
    made = Desks(chain)
    yield made
    made.close()


def test_nothing_is_set_at_first_and_it_says_what_that_means(desks: Desks) -> None:
    desks.chain.done(HO)
    plan = desks.at(HO).schedules()
    assert plan.own.schedule is None and plan.own.next_runs == ()
    assert plan.own.words == "No schedule is set: a sync runs only when someone asks for it."
    assert not plan.master.is_set and plan.sites == ()
    assert [code for code, _ in plan.stores] == [S001, S002]


def test_what_is_laid_down_is_there_with_its_next_five_runs_by_the_sites_clock(
    desks: Desks,
) -> None:
    desks.chain.set_home(HO, time_zone="Asia/Kolkata")
    desk = desks.at(HO)
    set_schedule(desks.chain.home(HO), HO, NOON)
    view = desk.schedule()
    assert (view.schedule, view.zone, view.source) == (NOON, "Asia/Kolkata", "set here")
    assert [f"{run:%d %H:%M}" for run in view.next_runs] == [
        "22 12:00", "23 12:00", "24 12:00", "25 12:00", "26 12:00",
    ]  # fmt: skip


def test_another_time_zone_holds_for_the_window_and_for_the_service_without_a_restart(
    desks: Desks,
) -> None:
    chain, desk = desks.chain, desks.at(HO)
    chain.set_home(HO, time_zone="UTC")
    set_schedule(chain.home(HO), HO, NOON)
    clock = SetClock("2026-11-21 08:01")
    with opened_site(chain.home(HO)) as site, site.database.connect() as connection:
        planner = Planner(site, connection, clock, lambda: None, None)
        desk.set_time_zone("Asia/Kolkata")
        planner.look()
        due = planner._timing.next_at
        planner.close()
    assert due is not None and f"{due.astimezone(UTC):%H:%M}" == "06:30"
    plan = desk.schedules()
    assert (plan.zone_choice, plan.own.zone) == ("Asia/Kolkata", "Asia/Kolkata")
    assert open_home(chain.home(HO)).settings.time_zone == "Asia/Kolkata"
    desk.set_time_zone("")
    assert desk.schedules().own.zone == plan.zone_machine
    noted = chain.sql(HO, "SELECT what FROM sync_audit WHERE action = 'set time zone'")
    assert noted[0][0] == "HO: Asia/Kolkata"


def test_a_time_zone_that_nobody_knows_is_refused_and_nothing_changes(desks: Desks) -> None:
    desk = desks.at(HO)
    before = desk.schedules().zone_choice
    with pytest.raises(ScheduleUnfit, match="does not know the time zone"):
        desk.set_time_zone("Atlantis/Capital")
    assert desk.schedules().zone_choice == before


def test_laying_down_head_offices_own_schedule_has_a_service_keep_to_it(desks: Desks) -> None:
    home, desk = desks.chain.home(HO), desks.at(HO)
    assert not desk.schedule().is_served
    desk.set_schedule(HO, Schedule(frequency=OccursAt(time(12)), start_date=date(2990, 1, 1)))
    wait_until(lambda: desk.schedule().is_served, "the service")
    desks.close()
    wait_until(lambda: not is_service_running(home), "the service's end")


def test_a_store_reads_its_schedule_and_can_lay_none_down(desks: Desks) -> None:
    store = desks.at(S001)
    for whose in (S001, EVERY_STORE, HO):
        with pytest.raises(UnknownSite, match="Only head office"):
            store.set_schedule(whose, NOON)
    with pytest.raises(KnownError):
        store.schedules()


def test_a_store_shows_where_its_schedule_comes_from_as_it_arrives(desks: Desks) -> None:
    chain, desk, store = desks.chain, desks.at(HO), desks.at(S001)
    chain.done(HO)
    desk.set_schedule(EVERY_STORE, NOON)
    chain.done(HO)
    chain.done(S001)
    assert store.schedule().source == "Master Policy, for all stores"
    desk.set_schedule(S001, LIVE)
    assert [policy.whose for policy in desk.schedules().sites] == [S001]
    chain.done(HO)
    chain.done(S001)
    assert store.schedule().source == "Site Policy, for this store only"
    assert store.schedule().next_runs == ()


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ("on 2026-11-21T07:00:00.000Z", LiveState.ON),
        ("lost 2026-11-21T07:00:00.000Z", LiveState.LOST),
        ("off 2026-11-21T07:00:00.000Z", LiveState.OFF),
        ("", LiveState.OFF),
        ("on", LiveState.OFF),
    ],
)
def test_live_mode_is_told_as_the_service_noted_it(
    desks: Desks, row: str, state: LiveState
) -> None:
    desk = desks.at(HO)
    assert desk.schedule().live is LiveState.NOT_SET
    set_schedule(desks.chain.home(HO), HO, LIVE)
    desks.chain.sql(HO, f"INSERT OR REPLACE INTO sync_state VALUES ('live_state', '{row}')")
    assert desk.schedule().live is state


def test_a_damaged_policy_is_said_where_it_stands_and_hides_no_other(desks: Desks) -> None:
    chain, desk = desks.chain, desks.at(HO)
    chain.done(HO)
    desk.set_schedule(S002, NOON)
    chain.sql(HO, f"INSERT INTO sync_site_policy VALUES ('{S001}', 'schedule', 'broken')")
    chain.sql(HO, "INSERT INTO sync_master_policy VALUES ('schedule', '{}')")
    plan = desk.schedules()
    assert plan.master.is_set and "damaged" in plan.master.fault
    broken, good = plan.sites
    assert (broken.whose, broken.schedule) == (S001, None) and "cannot be read" in broken.fault
    assert (good.whose, good.schedule, good.fault) == (S002, NOON, "")
