"""A schedule as a value: what may be meant, its days, its words."""

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.schedule import (
    DAY_SECONDS,
    Occurs,
    OccursAt,
    OccursEvery,
    Schedule,
    ScheduleType,
    ScheduleUnfit,
    Unit,
    WeekDay,
)
from ginesys_sync.core.schedule_words import words

TUESDAY = date(2026, 12, 1)
QUARTERS = OccursEvery(15, Unit.MINUTES, time(9), time(21))
ON_STARTUP = Schedule(type=ScheduleType.ON_STARTUP)
MON_THU = Schedule(
    occurs=Occurs.WEEKLY,
    recurs_every=2,
    week_days=frozenset([WeekDay.THU, WeekDay.MON]),
    frequency=OccursAt(time(6, 30)),
    start_date=TUESDAY,
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Any schedule that may be meant."""
    live = draw(st.booleans())
    if draw(st.integers(0, 9)) == 0:
        return Schedule(type=ScheduleType.ON_STARTUP, live=live)
    weekly = draw(st.booleans())
    n = draw(st.integers(1, 52 if weekly else 365))
    days = draw(st.frozensets(st.sampled_from(WeekDay), min_size=1)) if weekly else frozenset()
    start = draw(st.dates(date(2000, 1, 1), date(2037, 12, 31)))
    least = date.fromordinal(start.toordinal() + 7 * n)
    end = draw(st.none() | st.dates(least, date(2099, 12, 31)))
    occurs = Occurs.WEEKLY if weekly else Occurs.DAILY
    frequency = draw(frequencies())
    return Schedule(ScheduleType.RECURRING, occurs, n, days, frequency, start, end, live)


@st.composite
def frequencies(draw: st.DrawFn) -> OccursAt | OccursEvery:
    """Any daily frequency."""
    first = draw(st.integers(0, 1438))
    if draw(st.booleans()):
        return OccursAt(time(first // 60, first % 60))
    last = draw(st.integers(first + 1, 1439))
    unit = draw(st.sampled_from(Unit))
    n = draw(st.integers(1, 23 if unit is Unit.HOURS else 1439))
    return OccursEvery(n, unit, time(first // 60, first % 60), time(last // 60, last % 60))


@given(schedules())
def test_every_schedule_has_words(schedule: Schedule) -> None:
    said = words(schedule)
    assert said == said.strip()
    assert ("within seconds" in said) is schedule.live


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (
            Schedule(frequency=QUARTERS, start_date=TUESDAY),
            "every day, every 15 minutes from 09:00 to 21:00, from 1 Dec 2026, no end date",
        ),
        (MON_THU, "every 2 weeks on Mon and Thu at 06:30, from 1 Dec 2026, no end date"),
        (ON_STARTUP, "right after the program starts"),
        (
            Schedule(type=ScheduleType.ON_STARTUP, live=True),
            "right after the program starts; changes also go within seconds while online",
        ),
        (
            Schedule(
                recurs_every=3,
                frequency=OccursEvery(1, Unit.HOURS, time(0), time(23, 59)),
                start_date=TUESDAY,
                end_date=date(2027, 1, 31),
                live=True,
            ),
            "every 3 days, every hour from 00:00 to 23:59, from 1 Dec 2026 to 31 Jan 2027; "
            "changes also go within seconds while online",
        ),
        (
            Schedule(
                occurs=Occurs.WEEKLY,
                week_days=frozenset([WeekDay.SUN, WeekDay.FRI, WeekDay.SAT]),
                frequency=OccursEvery(2, Unit.HOURS, time(9), time(10)),
                start_date=TUESDAY,
            ),
            "every week on Fri, Sat and Sun, every 2 hours from 09:00 to 10:00 "
            "(which is once, at 09:00), from 1 Dec 2026, no end date",
        ),
        (
            Schedule(frequency=OccursAt(time(7, 5)), start_date=TUESDAY, end_date=TUESDAY),
            "every day at 07:05, on 1 Dec 2026 only",
        ),
        (
            Schedule(frequency=OccursEvery(1, Unit.MINUTES, time(9), time(21))),
            "every day, every minute from 09:00 to 21:00, from 1 Jan 2000, no end date",
        ),
    ],
)
def test_a_schedule_is_said_in_words(schedule: Schedule, said: str) -> None:
    assert words(schedule) == said


@pytest.mark.parametrize(
    ("entries", "field"),
    [
        ({"recurs_every": 0}, "recurs_every"),
        ({"week_days": frozenset([WeekDay.MON])}, "week_days"),
        ({"occurs": Occurs.WEEKLY}, "week_days"),
        ({"frequency": OccursAt(time(6, 30, 1))}, "at"),
        ({"frequency": OccursEvery(0, Unit.MINUTES, time(9), time(10))}, "every"),
        ({"frequency": OccursEvery(1, Unit.MINUTES, time(9, 0, 1), time(10))}, "starting_at"),
        ({"frequency": OccursEvery(1, Unit.MINUTES, time(10), time(9))}, "ending_at"),
        ({"start_date": date(1999, 1, 1)}, "start_date"),
        ({"start_date": TUESDAY, "end_date": date(2026, 11, 30)}, "end_date"),
        ({"type": ScheduleType.ON_STARTUP, "recurs_every": 2}, "type"),
    ],
)
def test_what_cannot_be_meant_cannot_be_made(entries: dict[str, Any], field: str) -> None:
    with pytest.raises(ScheduleUnfit) as caught:
        Schedule(**entries)
    assert caught.value.field == field
    assert isinstance(caught.value, KnownError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.title.endswith(".")


@pytest.mark.parametrize(
    ("frequency", "seconds"),
    [
        (OccursAt(time(9)), DAY_SECONDS),
        (QUARTERS, 900),
        (OccursEvery(2, Unit.HOURS, time(9), time(21)), 7200),
        (OccursEvery(2, Unit.HOURS, time(9), time(10)), DAY_SECONDS),
    ],
)
def test_the_interval_is_the_time_between_two_runs_of_a_day(
    frequency: OccursAt | OccursEvery, seconds: int
) -> None:
    assert Schedule(frequency=frequency).interval_seconds == seconds


@pytest.mark.parametrize(
    ("schedule", "asked", "found"),
    [
        (Schedule(start_date=TUESDAY), date(2020, 1, 1), TUESDAY),
        (Schedule(start_date=TUESDAY, recurs_every=3), date(2026, 12, 2), date(2026, 12, 4)),
        (Schedule(start_date=TUESDAY, recurs_every=3), date(2026, 12, 4), date(2026, 12, 4)),
        (Schedule(start_date=TUESDAY, end_date=TUESDAY), date(2026, 12, 2), None),
        (Schedule(start_date=TUESDAY), date(3000, 1, 1), None),
        (ON_STARTUP, TUESDAY, None),
        # The week of Tuesday 1 Dec began on Monday 30 Nov: its Monday has passed, its Thursday not.
        (MON_THU, TUESDAY, date(2026, 12, 3)),
        (MON_THU, date(2026, 12, 4), date(2026, 12, 14)),
        (MON_THU, date(2026, 12, 15), date(2026, 12, 17)),
        (MON_THU, date(2026, 12, 18), date(2026, 12, 28)),
        (MON_THU, date(2026, 12, 21), date(2026, 12, 28)),
    ],
)
def test_the_pattern_is_counted_from_the_start_date(
    schedule: Schedule, asked: date, found: date | None
) -> None:
    assert schedule.next_day(asked) == found


@given(schedules(), st.dates(date(1999, 1, 1), date(2040, 1, 1)))
def test_no_day_of_the_pattern_is_passed_over(schedule: Schedule, asked: date) -> None:
    def matches(day: date) -> bool:
        late = schedule.end_date is not None and day > schedule.end_date
        if schedule.runs_on_startup or day < schedule.start_date or late:
            return False
        if schedule.occurs is Occurs.DAILY:
            return (day - schedule.start_date).days % schedule.recurs_every == 0
        monday = schedule.start_date.toordinal() - schedule.start_date.weekday()
        ticked = list(WeekDay)[day.weekday()] in schedule.week_days
        return ticked and (day.toordinal() - monday) // 7 % schedule.recurs_every == 0

    first = max(asked, schedule.start_date).toordinal()
    span = range(first, first + 800)
    found = next((day for day in map(date.fromordinal, span) if matches(day)), None)
    assert schedule.next_day(asked) == found
