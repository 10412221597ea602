"""What holds for the runs of every schedule in every zone, most of all near a change of clocks."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from ginesys_sync.core.schedule import (
    DAY_SECONDS,
    Schedule,
)
from ginesys_sync.core.schedule_times import (
    missed,
    moment_of,
    next_run,
    next_runs,
    stagger_seconds,
)
from tests.core.test_schedule import schedules

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Pacific/Apia",
    "Asia/Pyongyang",
    "Europe/Dublin",
    "America/Caracas",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.integers(0, 40 * 366 * DAY_SECONDS).map(
    lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def _change_after(moment: datetime, zone: ZoneInfo) -> datetime:
    """The day, near enough, on which the zone next changes its offset; `moment` if it never
    does.
    """
    for days in range(0, 400):
        later = moment + timedelta(days=days)
        if later.astimezone(zone).utcoffset() != moment.astimezone(zone).utcoffset():
            return later
    return moment


@given(zones, moments, st.integers(-180, 180))
def test_a_slot_is_due_the_first_minute_the_wall_shows_it_or_a_later_one(
    zone: ZoneInfo, moment: datetime, minutes: int
) -> None:
    change = _change_after(moment, zone).replace(second=0, microsecond=0)
    wall = change.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(minutes=minutes)
    minute = change - timedelta(days=2, hours=6)
    while minute.astimezone(zone).replace(tzinfo=None) < wall:
        minute += timedelta(minutes=1)
    assert moment_of(wall.date(), wall.hour * 60 + wall.minute, zone) == minute


@given(schedules(), zones, moments, st.booleans())
def test_runs_only_go_forward_and_no_slot_has_two(
    schedule: Schedule, zone: ZoneInfo, moment: datetime, is_near_a_change: bool
) -> None:
    after = _change_after(moment, zone) - timedelta(days=2) if is_near_a_change else moment
    stagger = stagger_seconds("S001", schedule.interval_seconds)
    runs = next_runs(schedule, after, zone, 100, stagger)
    assert all(run > after for run in runs)
    assert all(one < two for one, two in pairwise(runs))
    slots = [run - timedelta(seconds=stagger) for run in runs]
    shown = [slot.astimezone(zone).replace(tzinfo=None) for slot in slots]
    assert all(one < two for one, two in pairwise(shown))


@given(schedules(), zones, moments)
def test_stepping_from_run_to_run_gives_the_same_runs(
    schedule: Schedule, zone: ZoneInfo, after: datetime
) -> None:
    stagger = stagger_seconds("S002", schedule.interval_seconds)
    stepped: list[datetime] = []
    moment = next_run(schedule, after, zone, stagger)
    while moment is not None and len(stepped) < 12:
        stepped.append(moment)
        moment = next_run(schedule, moment, zone, stagger)
    assert next_runs(schedule, after, zone, 12, stagger) == stepped


@given(schedules(), zones, moments, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_asking_later_only_leaves_out_what_has_passed(
    schedule: Schedule, zone: ZoneInfo, after: datetime, passed: timedelta
) -> None:
    stagger = stagger_seconds("S003", schedule.interval_seconds)
    runs = next_runs(schedule, after, zone, 60, stagger)
    later = [run for run in runs if run > after + passed]
    assert next_runs(schedule, after + passed, zone, len(later), stagger) == later


@given(schedules(), zones, moments, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_run_is_missed_exactly_when_one_was_due_in_between(
    schedule: Schedule, zone: ZoneInfo, last: datetime, passed: timedelta
) -> None:
    assume(not schedule.runs_on_startup)
    due = next_run(schedule, last, zone)
    assert missed(schedule, last, last + passed, zone) is (due is not None and due <= last + passed)


@given(schedules(), zones, moments)
def test_every_slot_of_a_day_has_its_run(
    schedule: Schedule, zone: ZoneInfo, moment: datetime
) -> None:
    day = schedule.next_day(_change_after(moment, zone).astimezone(zone).date())
    assume(day is not None and day.year < 2090)
    assert day is not None
    due = sorted({moment_of(day, minute, zone) for minute in schedule.frequency.slots})
    before = due[0] - timedelta(microseconds=1)
    assert next_runs(schedule, before, zone, len(due)) == due
