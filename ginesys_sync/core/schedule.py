"""When a site syncs by itself: the fields of *Schedule Configuration* as one value, always valid.

The four modules beside this one are the verbs: `schedule_form` reads a window's entries and the
document that travels, `schedule_words` says a schedule in words, `schedule_times` finds its runs in
a time zone, `schedule_zone` finds the time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, time
from enum import StrEnum

from ginesys_sync.core.errors import KnownError

DAY_SECONDS = 86_400
MAX_MINUTES = 1_439
MAX_HOURS = 23
MAX_DAYS = 365
MAX_WEEKS = 52
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2999, 12, 31)


class ScheduleUnfit(KnownError, ValueError):
    """A schedule, or the time zone it is to be read in, cannot be used. `field` is the entry of the
    form that is wrong (a `Field`), empty when it is the whole.
    """

    code = "schedule"
    default_advice = "Open Schedule Configuration, correct the schedule and press OK."

    def __init__(self, title: str, advice: str = "", detail: str = "", field: str = "") -> None:
        super().__init__(title, advice, detail)
        self.field = field


class Field(StrEnum):
    """The entries of a form and of a document, by name."""

    TYPE = "type"
    OCCURS = "occurs"
    RECURS_EVERY = "recurs_every"
    WEEK_DAYS = "week_days"
    FREQUENCY = "frequency"
    AT = "at"
    EVERY = "every"
    UNIT = "unit"
    STARTING_AT = "starting_at"
    ENDING_AT = "ending_at"
    START_DATE = "start_date"
    END_DATE = "end_date"
    LIVE = "live"


class ScheduleType(StrEnum):
    """`Schedule Type`."""

    RECURRING = "Recurring"
    ON_STARTUP = "On Startup"


class Occurs(StrEnum):
    """`Recurrence Pattern`: `Occurs`."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class FrequencyKind(StrEnum):
    """`Daily Frequency`: which of its two lines is chosen."""

    AT = "Occurs at"
    EVERY = "Occurs every"


class Unit(StrEnum):
    """What `Occurs every` counts."""

    MINUTES = "minutes"
    HOURS = "hours"


class WeekDay(StrEnum):
    """A week-day box, in the order of the week; a week begins on Monday."""

    MON = "Mon"
    TUE = "Tue"
    WED = "Wed"
    THU = "Thu"
    FRI = "Fri"
    SAT = "Sat"
    SUN = "Sun"

    @property
    def number(self) -> int:
        """0 for Monday to 6 for Sunday, as `date.weekday` counts."""
        return tuple(WeekDay).index(self)


@dataclass(frozen=True, slots=True)
class OccursAt:
    """Once a day, at a whole minute."""

    at: time

    @property
    def slots(self) -> range:
        """The minutes since midnight at which a run is due."""
        return range(_minute(self.at), _minute(self.at) + 1)


@dataclass(frozen=True, slots=True)
class OccursEvery:
    """Every `n` minutes or hours, counted from `starting_at`, as long as it is not past
    `ending_at`: a slot at exactly `ending_at` belongs to the window. An interval longer than the
    window is allowed and gives one run a day, at `starting_at`.
    """

    n: int
    unit: Unit
    starting_at: time
    ending_at: time

    @property
    def step(self) -> int:
        """The interval in minutes."""
        return self.n * (60 if self.unit is Unit.HOURS else 1)

    @property
    def slots(self) -> range:
        """The minutes since midnight at which a run is due."""
        return range(_minute(self.starting_at), _minute(self.ending_at) + 1, self.step)


Frequency = OccursAt | OccursEvery
ALL_DAY = OccursEvery(15, Unit.MINUTES, time(0, 0), time(23, 59))


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule; what cannot be meant cannot be made (raises ScheduleUnfit).

    Times and dates are those of the clock on the site's wall. `recurs_every` counts days from
    `start_date`, or weeks from the Monday of its week. `week_days` is empty for `Daily`.
    `end_date` is the last day, None for `No End Date`. `On Startup` leaves everything else as it
    is by default. `live`: beside the schedule, changes go within seconds while online.
    """

    type: ScheduleType = ScheduleType.RECURRING
    occurs: Occurs = Occurs.DAILY
    recurs_every: int = 1
    week_days: frozenset[WeekDay] = frozenset()
    frequency: Frequency = ALL_DAY
    start_date: date = FIRST_DAY
    end_date: date | None = None
    live: bool = False

    def __post_init__(self) -> None:
        for field, sentence in self._faults():
            raise ScheduleUnfit(sentence, field=field)

    @property
    def runs_on_startup(self) -> bool:
        """Whether it runs right after the program starts, and at no other time by the clock."""
        return self.type is ScheduleType.ON_STARTUP

    @property
    def interval_seconds(self) -> int:
        """The usual time between two runs of one day; a day when there is only one."""
        if isinstance(self.frequency, OccursEvery) and len(self.frequency.slots) > 1:
            return self.frequency.step * 60
        return DAY_SECONDS

    def next_day(self, day: date) -> date | None:
        """The first day of the recurrence pattern that is not before `day`; None when there is
        none. Takes the same time however far away that day is.
        """
        if self.runs_on_startup:
            return None
        start = self.start_date.toordinal()
        wanted = max(day.toordinal(), start)
        if self.occurs is Occurs.WEEKLY:
            found = self._next_ticked(wanted, start - self.start_date.weekday())
        else:
            found = wanted + (start - wanted) % self.recurs_every
        return date.fromordinal(found) if found <= (self.end_date or LAST_DAY).toordinal() else None

    def _next_ticked(self, wanted: int, anchor: int) -> int:
        """Weekly: the first ticked day from `wanted` on; `anchor` is the Monday weeks count from.
        All are day ordinals.
        """
        ticked = sorted(day.number for day in self.week_days)
        week, number = divmod(wanted - anchor, 7)
        idle = -week % self.recurs_every
        if not idle:
            later = [day for day in ticked if day >= number]
            if later:
                return anchor + week * 7 + later[0]
            idle = self.recurs_every
        return anchor + (week + idle) * 7 + ticked[0]

    def _faults(self) -> Iterator[tuple[Field, str]]:
        if self.runs_on_startup:
            kept = {Field.TYPE, Field.LIVE}
            if any(getattr(self, f.name) != f.default for f in fields(self) if f.name not in kept):
                yield Field.TYPE, "On Startup takes no pattern, frequency or duration."
            return
        yield from _told(Field.RECURS_EVERY, unfit_repeat(self.occurs, self.recurs_every))
        yield from self._day_faults()
        if isinstance(self.frequency, OccursEvery):
            every = self.frequency
            yield from _told(Field.STARTING_AT, _unfit_time(every.starting_at))
            yield from _told(Field.ENDING_AT, _unfit_time(every.ending_at))
            yield from _told(Field.EVERY, unfit_interval(every.unit, every.n))
            yield from _told(Field.ENDING_AT, unfit_window(every.starting_at, every.ending_at))
        else:
            yield from _told(Field.AT, _unfit_time(self.frequency.at))
        yield from _told(Field.START_DATE, unfit_start(self.start_date))
        yield from _told(Field.END_DATE, unfit_end(self.start_date, self.end_date))
        if self.next_day(self.start_date) is None:
            yield (
                Field.END_DATE,
                "It would never run: no ticked week-day lies between Start Date and End Date.",
            )

    def _day_faults(self) -> Iterator[tuple[Field, str]]:
        if self.occurs is Occurs.WEEKLY:
            yield from _told(Field.WEEK_DAYS, unfit_days(self.week_days))
        elif self.week_days:
            yield Field.WEEK_DAYS, "Week-days are ticked for Weekly only."


def unfit_repeat(occurs: Occurs, n: int) -> str:
    """What is wrong with `Recurs every`; empty when nothing is. So all `unfit_…` here."""
    weekly = occurs is Occurs.WEEKLY
    most, what = (MAX_WEEKS, "weeks") if weekly else (MAX_DAYS, "days")
    if n < 1:
        return "Recurs every must be 1 or more."
    return f"Recurs every can be {most} {what} at most." if n > most else ""


def unfit_days(days: frozenset[WeekDay]) -> str:
    """What is wrong with the week-day boxes."""
    return "" if days else "Tick at least one week-day."


def unfit_interval(unit: Unit, n: int) -> str:
    """What is wrong with `Occurs every`."""
    most = MAX_HOURS if unit is Unit.HOURS else MAX_MINUTES
    if n < 1:
        return f"Occurs every must be 1 or more {unit}."
    if n > most:
        return f"Occurs every can be {most} {unit} at most; for once a day choose Occurs at."
    return ""


def unfit_window(starting: time, ending: time) -> str:
    """What is wrong between `Starting at` and `Ending at`."""
    if ending > starting:
        return ""
    return "Ending at must be later than Starting at, on the same day."


def unfit_start(start: date) -> str:
    """What is wrong with `Start Date`."""
    return "" if FIRST_DAY <= start <= LAST_DAY else _beyond("Start Date")


def unfit_end(start: date, end: date | None) -> str:
    """What is wrong with `End Date`."""
    if end is None:
        return ""
    if end < start:
        return "End Date must not be before Start Date."
    return _beyond("End Date") if end > LAST_DAY else ""


def _beyond(label: str) -> str:
    return f"{label} must be in the years {FIRST_DAY.year} to {LAST_DAY.year}."


def _unfit_time(moment: time) -> str:
    if moment.second or moment.microsecond or moment.tzinfo is not None:
        return "Give a time of day in hours and minutes."
    return ""


def _told(field: Field, sentence: str) -> Iterator[tuple[Field, str]]:
    if sentence:
        yield field, sentence


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute
