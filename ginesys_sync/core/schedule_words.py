"""A schedule said in words, for the preview below the form."""

from __future__ import annotations

from datetime import date

from ginesys_sync.core.schedule import Occurs, OccursAt, OccursEvery, Schedule, Unit, WeekDay

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def words(schedule: Schedule) -> str:
    """`every day, every 15 minutes from 09:00 to 21:00, from 1 Dec 2026, no end date`."""
    if schedule.runs_on_startup:
        said = "right after the program starts"
    else:
        said = f"{_days(schedule)}{_frequency(schedule)}, {_duration(schedule)}"
    return f"{said}; changes also go within seconds while online" if schedule.live else said


def _days(schedule: Schedule) -> str:
    if schedule.occurs is Occurs.DAILY:
        return _every(schedule.recurs_every, "day")
    names = [day.value for day in WeekDay if day in schedule.week_days]
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return f"{_every(schedule.recurs_every, 'week')} on {listed}"


def _frequency(schedule: Schedule) -> str:
    frequency = schedule.frequency
    if isinstance(frequency, OccursAt):
        return f" at {frequency.at:%H:%M}"
    said = f", {_interval(frequency)}"
    if len(frequency.slots) == 1:
        said += f" (which is once, at {frequency.starting_at:%H:%M})"
    return said


def _interval(every: OccursEvery) -> str:
    one = "hour" if every.unit is Unit.HOURS else "minute"
    return f"{_every(every.n, one)} from {every.starting_at:%H:%M} to {every.ending_at:%H:%M}"


def _duration(schedule: Schedule) -> str:
    start, end = schedule.start_date, schedule.end_date
    if end is None:
        return f"from {_day(start)}, no end date"
    return f"on {_day(start)} only" if start == end else f"from {_day(start)} to {_day(end)}"


def _every(n: int, one: str) -> str:
    return f"every {one}" if n == 1 else f"every {n} {one}s"


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
