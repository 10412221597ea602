"""The runs of a schedule on the wall clocks of the world, across daylight-saving changes."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from ginesys_sync.core.schedule import (
    DAY_SECONDS,
    Occurs,
    OccursAt,
    OccursEvery,
    Schedule,
    ScheduleType,
    Unit,
    WeekDay,
)
from ginesys_sync.core.schedule_times import (
    MAX_STAGGER_SECONDS,
    missed,
    next_run,
    next_runs,
    stagger_seconds,
)

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def at(text: str) -> Schedule:
    """Every day at one time."""
    return Schedule(frequency=OccursAt(time.fromisoformat(text)))


def every(n: int, starting: str, ending: str, unit: Unit = Unit.MINUTES) -> Schedule:
    """Every day, every n minutes in a window."""
    return Schedule(
        frequency=OccursEvery(n, unit, time.fromisoformat(starting), time.fromisoformat(ending))
    )


@dataclass
class HandClock:
    """A clock that stands where it was set."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


# zone, schedule, now (UTC), the runs that follow (UTC), what the case is about
CASES = [
    ("Europe/Berlin", at("02:30"), "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:30"],
     "a time in the spring gap is due at its end"),
    ("Europe/Berlin", at("02:00"), "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:00"],
     "the first minute of the gap"),
    ("Europe/Berlin", at("02:59"), "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:59"],
     "the last minute of the gap"),
    ("Europe/Berlin", at("03:00"), "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 01:00"],
     "the first minute after the gap"),
    ("Europe/Berlin", at("02:30"), "2026-03-29 01:00", ["2026-03-30 00:30"],
     "a run at the end of the gap does not come again"),
    ("Europe/Berlin", every(30, "01:00", "04:00"), "2026-03-28 22:00",
     ["2026-03-29 00:00", "2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30",
      "2026-03-29 02:00", "2026-03-29 23:00"],
     "slots in the gap and the one at its end are one run"),
    ("Europe/Berlin", every(20, "01:40", "02:40"), "2026-03-28 22:00",
     ["2026-03-29 00:40", "2026-03-29 01:00", "2026-03-29 23:40"],
     "a window that ends in the gap"),
    ("Europe/Berlin", at("02:30"), "2026-10-24 12:00", ["2026-10-25 00:30", "2026-10-26 01:30"],
     "a time in the autumn fold runs the first time"),
    ("Europe/Berlin", at("02:30"), "2026-10-25 01:15", ["2026-10-26 01:30"],
     "and not the second time"),
    ("Europe/Berlin", every(30, "01:30", "03:30"), "2026-10-24 12:00",
     ["2026-10-24 23:30", "2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 02:00",
      "2026-10-25 02:30", "2026-10-26 00:30"],
     "an interval does not run twice in the fold and misses no slot"),
    ("Europe/Berlin", every(6, "00:00", "23:59", Unit.HOURS), "2026-10-24 21:00",
     ["2026-10-24 22:00", "2026-10-25 05:00", "2026-10-25 11:00", "2026-10-25 17:00",
      "2026-10-25 23:00"],
     "hours are those of the wall, also on the long day"),
    ("America/New_York", at("02:15"), "2026-03-07 12:00", ["2026-03-08 07:00", "2026-03-09 06:15"],
     "a gap west of Greenwich"),
    ("America/New_York", at("01:30"), "2026-10-31 12:00", ["2026-11-01 05:30", "2026-11-02 06:30"],
     "a fold west of Greenwich"),
    ("Europe/London", at("01:30"), "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:30"],
     "a gap at Greenwich"),
    ("Europe/Dublin", at("01:30"), "2026-10-24 12:00", ["2026-10-25 00:30", "2026-10-26 01:30"],
     "a zone whose winter time counts as the saving"),
    ("Australia/Lord_Howe", at("02:15"), "2026-10-02 23:00",
     ["2026-10-03 15:30", "2026-10-04 15:15"], "a gap of half an hour"),
    ("Australia/Lord_Howe", at("01:45"), "2026-04-03 23:00",
     ["2026-04-04 14:45", "2026-04-05 15:15"], "a fold of half an hour"),
    ("Australia/Lord_Howe", every(15, "01:15", "02:15"), "2026-04-04 12:00",
     ["2026-04-04 14:15", "2026-04-04 14:30", "2026-04-04 14:45", "2026-04-04 15:30",
      "2026-04-04 15:45", "2026-04-05 14:45"], "an interval through the fold of half an hour"),
    ("America/Sao_Paulo", at("00:00"), "2018-11-02 12:00",
     ["2018-11-03 03:00", "2018-11-04 03:00", "2018-11-05 02:00"], "a day without its midnight"),
    ("America/Sao_Paulo", at("23:30"), "2018-02-17 12:00",
     ["2018-02-18 01:30", "2018-02-19 02:30"], "a fold that ends at midnight"),
    ("America/Sao_Paulo", at("00:00"), "2018-02-17 12:00",
     ["2018-02-18 03:00", "2018-02-19 03:00"], "the midnight after such a fold"),
    ("America/Sao_Paulo", at("00:00"), "2026-10-17 12:00",
     ["2026-10-18 03:00", "2026-10-19 03:00"], "a zone that gave daylight saving up"),
    ("Asia/Beirut", at("00:30"), "2022-03-26 12:00", ["2022-03-26 22:00", "2022-03-27 21:30"],
     "a gap from midnight on"),
    ("Asia/Beirut", at("23:15"), "2022-10-29 12:00", ["2022-10-29 20:15", "2022-10-30 21:15"],
     "the last hour of a day twice"),
    ("America/St_Johns", at("00:00"), "2010-11-06 12:00",
     ["2010-11-07 02:30", "2010-11-08 03:30"], "a fold across midnight: the day begins twice"),
    ("America/St_Johns", at("23:30"), "2010-11-07 02:45", ["2010-11-08 03:00"],
     "in it, yesterday's time shown again is not due again"),
    ("Asia/Kolkata", at("02:30"), "2026-03-28 12:00",
     ["2026-03-28 21:00", "2026-03-29 21:00", "2026-03-30 21:00"], "no daylight saving"),
    ("Asia/Kathmandu", at("06:00"), "2026-03-28 12:00", ["2026-03-29 00:15", "2026-03-30 00:15"],
     "a zone of three quarters of an hour"),
    ("Asia/Pyongyang", at("23:45"), "2018-05-04 00:00", ["2018-05-04 15:00", "2018-05-05 14:45"],
     "a gap that ends with its day"),
    ("America/Caracas", at("02:45"), "2016-04-30 12:00", ["2016-05-01 07:00", "2016-05-02 06:45"],
     "a zone that moved by half an hour for good"),
    ("Europe/Moscow", at("01:30"), "2014-10-25 12:00", ["2014-10-25 21:30", "2014-10-26 22:30"],
     "a zone that moved back for good"),
    ("Antarctica/Troll", at("02:30"), "2016-03-26 12:00", ["2016-03-27 01:00", "2016-03-28 00:30"],
     "a gap of two hours"),
    ("Pacific/Apia", at("09:00"), "2011-12-29 12:00",
     ["2011-12-29 19:00", "2011-12-30 10:00", "2011-12-30 19:00"],
     "a day that the calendar left out is due when the next begins"),
    ("Pacific/Kiritimati", at("09:00"), "2026-12-01 00:00",
     ["2026-12-01 19:00", "2026-12-02 19:00"], "the earliest clock"),
    ("Pacific/Pago_Pago", at("23:00"), "2026-12-01 00:00",
     ["2026-12-01 10:00", "2026-12-02 10:00"], "the latest clock"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "schedule", "now", "runs"),
    [case[:4] for case in CASES],
    ids=[f"{case[0]}: {case[4]}" for case in CASES],
)
def test_runs_follow_the_clock_on_the_wall(
    zone: str, schedule: Schedule, now: str, runs: list[str]
) -> None:
    clock = HandClock(utc(now))
    due = [utc(run) for run in runs]
    assert next_runs(schedule, clock.now(), ZoneInfo(zone), len(due)) == due
    for moment in due:
        assert next_run(schedule, clock.now(), ZoneInfo(zone)) == moment
        clock.moment = moment


@pytest.mark.parametrize("seconds", [0, 1, 299])
@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]}: {case[4]}" for case in CASES])
def test_the_stagger_delays_every_run_alike(
    case: tuple[str, Schedule, str, list[str], str], seconds: int
) -> None:
    zone, schedule, now, runs, _about = case
    delay = timedelta(seconds=seconds)
    due = [utc(run) + delay for run in runs]
    assert next_runs(schedule, utc(now) + delay, ZoneInfo(zone), len(due), seconds) == due


def _weekly(n: int, *days: WeekDay, start: str, end: str | None = None) -> Schedule:
    return Schedule(
        occurs=Occurs.WEEKLY,
        recurs_every=n,
        week_days=frozenset(days),
        frequency=OccursAt(time(2, 30)),
        start_date=date.fromisoformat(start),
        end_date=date.fromisoformat(end) if end else None,
    )


@pytest.mark.parametrize(
    ("schedule", "after", "runs"),
    [
        (
            _weekly(2, WeekDay.SUN, start="2026-03-11"),
            "2026-03-01 00:00",
            ["2026-03-15 01:30", "2026-03-29 01:00", "2026-04-12 00:30"],
        ),
        (
            _weekly(1, WeekDay.SUN, WeekDay.MON, start="2026-10-20", end="2026-10-26"),
            "2026-10-01 00:00",
            ["2026-10-25 00:30", "2026-10-26 01:30"],
        ),
        (
            Schedule(recurs_every=2, frequency=OccursAt(time(2, 30)), start_date=date(2026, 3, 27)),
            "2026-03-27 12:00",
            ["2026-03-29 01:00", "2026-03-31 00:30", "2026-04-02 00:30"],
        ),
    ],
    ids=["a Sunday of the gap", "a Sunday of the fold, until the end", "every other day"],
)
def test_the_pattern_is_one_of_local_days(schedule: Schedule, after: str, runs: list[str]) -> None:
    found = next_runs(schedule, utc(after), BERLIN, len(runs))
    assert found == [utc(run) for run in runs]
    if schedule.end_date:
        assert next_runs(schedule, utc(after), BERLIN, 99) == found


def test_the_window_holds_both_its_ends() -> None:
    runs = next_runs(every(45, "09:00", "10:30"), utc("2026-12-01 00:00"), KOLKATA, 4)
    assert [f"{run.astimezone(KOLKATA):%d %H:%M}" for run in runs] == [
        "01 09:00",
        "01 09:45",
        "01 10:30",
        "02 09:00",
    ]


def test_an_interval_longer_than_the_window_runs_once_a_day() -> None:
    runs = next_runs(every(23, "09:00", "10:00", Unit.HOURS), utc("2026-12-01 00:00"), KOLKATA, 3)
    assert [run.astimezone(KOLKATA).hour for run in runs] == [9, 9, 9]


def test_after_is_not_itself_a_run() -> None:
    exact = utc("2026-12-01 03:30")
    assert next_run(at("09:00"), exact, KOLKATA) == exact + timedelta(days=1)
    assert next_run(at("09:00"), exact - timedelta(microseconds=1), KOLKATA) == exact


def test_a_delayed_run_is_still_to_come_when_its_slot_has_passed() -> None:
    schedule, slot = every(15, "09:00", "21:00"), utc("2026-12-01 15:30")
    runs = next_runs(schedule, slot + timedelta(seconds=89), KOLKATA, 2, 90)
    assert runs == [slot + timedelta(seconds=90), slot + timedelta(hours=12, seconds=90)]


def test_after_may_stand_in_any_zone_but_must_stand_in_one() -> None:
    there = utc("2026-12-01 00:00").astimezone(ZoneInfo("Asia/Tokyo"))
    found = next_run(at("09:00"), there, KOLKATA)
    assert found == utc("2026-12-01 03:30")
    assert found is not None
    assert found.tzinfo is UTC
    with pytest.raises(ValueError, match="aware"):
        next_runs(at("09:00"), there.replace(tzinfo=None), KOLKATA, 1)


def test_a_schedule_that_has_ended_has_no_runs() -> None:
    ended = Schedule(start_date=date(2026, 1, 1), end_date=date(2026, 1, 2))
    assert next_runs(ended, utc("2026-01-03 00:00"), KOLKATA, 5) == []
    assert next_run(ended, utc("9999-12-30 00:00"), KOLKATA) is None
    assert len(next_runs(ended, utc("0001-01-02 00:00"), KOLKATA, 999)) == 2 * 24 * 4


def test_on_startup_has_no_runs_by_the_clock() -> None:
    startup = Schedule(type=ScheduleType.ON_STARTUP)
    assert next_runs(startup, utc("2026-01-03 00:00"), KOLKATA, 5) == []
    assert not missed(startup, None, utc("2026-01-03 00:00"), KOLKATA)


def test_no_runs_are_asked_for_and_none_come() -> None:
    assert next_runs(at("09:00"), utc("2026-01-03 00:00"), KOLKATA, 0) == []


class CountingZone(ZoneInfo):
    """A real zone that counts how often it is asked."""

    asked = 0

    def fromutc(self, moment: datetime) -> datetime:
        CountingZone.asked += 1
        return super().fromutc(moment)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(start_date=date(2900, 1, 1), frequency=every(1, "00:00", "23:59").frequency),
        _weekly(52, WeekDay.SUN, start="2900-01-01"),
        Schedule(start_date=date(2000, 1, 1), recurs_every=365),
    ],
    ids=["starts in a thousand years", "every 52 weeks", "every 365 days"],
)
def test_a_far_run_is_found_without_walking_there(schedule: Schedule) -> None:
    CountingZone.asked = 0
    zone = CountingZone.no_cache("America/New_York")
    assert next_run(schedule, utc("2026-01-01 00:00"), zone) is not None
    assert CountingZone.asked < 50


@pytest.mark.parametrize(
    ("last", "now", "is_missed"),
    [
        ("2026-03-28 12:00", "2026-03-28 13:00", False),
        ("2026-03-28 12:00", "2026-03-29 00:59", False),
        ("2026-03-28 12:00", "2026-03-29 01:00", True),
        ("2026-03-28 12:00", "2026-03-29 20:00", True),
        ("2026-03-28 12:00", "2036-03-29 20:00", True),
        ("2026-03-29 01:00", "2026-03-29 20:00", False),
        ("2026-10-25 00:30", "2026-10-25 02:00", False),
        ("2027-01-01 00:00", "2026-10-25 02:00", False),
        (None, "2026-01-01 02:00", True),
    ],
)
def test_a_run_missed_by_sleep_or_power_off_is_noticed(
    last: str | None, now: str, is_missed: bool
) -> None:
    begun = utc(last) if last else None
    assert missed(at("02:30"), begun, utc(now), BERLIN) is is_missed


def test_many_missed_runs_are_done_once() -> None:
    schedule = every(15, "09:00", "21:00")
    clock = HandClock(utc("2026-12-24 20:07"))
    last = utc("2026-12-01 20:00")
    assert missed(schedule, last, clock.now(), BERLIN, 90)
    last = clock.now()
    assert not missed(schedule, last, clock.now(), BERLIN, 90)
    clock.moment = utc("2026-12-25 08:01:29")
    assert not missed(schedule, last, clock.now(), BERLIN, 90)
    clock.moment = utc("2026-12-25 08:01:30")
    assert missed(schedule, last, clock.now(), BERLIN, 90)


def test_a_site_that_never_ran_has_missed_nothing_before_its_start_date() -> None:
    schedule = Schedule(start_date=date(2026, 12, 1), frequency=OccursAt(time(9)))
    assert not missed(schedule, None, utc("2026-12-01 03:29"), KOLKATA)
    assert missed(schedule, None, utc("2026-12-01 03:30"), KOLKATA)


CODES = [f"S{n:04d}" for n in range(1000)]


@pytest.mark.parametrize("interval", [60, 900, 3600, DAY_SECONDS])
def test_a_thousand_stores_are_spread_over_the_seconds(interval: int) -> None:
    spread = min(interval // 2, MAX_STAGGER_SECONDS)
    seconds = Counter(stagger_seconds(code, interval) for code in CODES)
    assert min(seconds) >= 0
    assert max(seconds) < spread
    assert len(seconds) > spread * 0.9
    assert max(seconds.values()) < 4 * len(CODES) / spread + 2


def test_the_stagger_of_a_site_never_changes() -> None:
    assert [stagger_seconds(code, 900) for code in ("S001", "S002", "S003")] == [235, 38, 276]
    assert stagger_seconds("HO", 900) == 0
    assert stagger_seconds("S001", 1) == 0
