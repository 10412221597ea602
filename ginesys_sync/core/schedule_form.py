"""Reading a schedule: from a window's entries, and from the document that travels by sync.

A form is a mapping of entries by `Field`, as a window has them: texts or whole numbers, dates and
times as texts (`2026-12-01`, `09:00`) or as values, week-days as `Mon,Thu` or as several texts, an
empty `End Date` or None for `No End Date`. Entries that the chosen type, pattern or frequency
disables are ignored.

A document is flat, of texts, whole numbers, booleans and None, and holds exactly what applies:

    {"format": 1, "type": "On Startup", "live": false}
    {"format": 1, "type": "Recurring", "occurs": "Weekly", "recurs_every": 2,
     "week_days": "Mon,Thu", "frequency": "Occurs at", "at": "06:30",
     "start_date": "2026-12-01", "end_date": null, "live": true}
    {…, "occurs": "Daily", "recurs_every": 1,
     "frequency": "Occurs every", "every": 15, "unit": "minutes",
     "starting_at": "09:00", "ending_at": "21:00", …}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, TypeVar

from ginesys_sync.core.schedule import (
    ALL_DAY,
    Field,
    Frequency,
    FrequencyKind,
    Occurs,
    OccursAt,
    OccursEvery,
    Schedule,
    ScheduleType,
    ScheduleUnfit,
    Unit,
    WeekDay,
    unfit_days,
    unfit_end,
    unfit_interval,
    unfit_repeat,
    unfit_start,
    unfit_window,
)

Document = dict[str, str | int | bool | None]

_FORMAT = 1
_MOST_ENTRIES = len(Field) + 1
_LONGEST_TEXT = 40
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_Word = TypeVar("_Word", bound=StrEnum)
_SAVE_AGAIN = "Ask head office to save the schedule again in Schedule Configuration."


def problems(entries: Mapping[str, Any], today: date | None = None) -> dict[str, str]:
    """What is wrong with a form: one sentence per `Field`; empty when it may be saved. With
    `today` (of the site's wall clock) a schedule that has nothing left to run is a problem too.
    """
    return _Form(entries, today).problems


def schedule_of_form(entries: Mapping[str, Any], today: date | None = None) -> Schedule:
    """The schedule a form means. Raises ScheduleUnfit with the first of its problems."""
    form = _Form(entries, today)
    if form.schedule is None:
        field, sentence = next(iter(form.problems.items()))
        raise ScheduleUnfit(sentence, field=field)
    return form.schedule


def form_of(schedule: Schedule) -> Document:
    """Every entry a window shows for `schedule`; what does not apply is at its usual value."""
    usual = _pattern(Schedule()) | _frequency(OccursAt(ALL_DAY.starting_at)) | _frequency(ALL_DAY)
    return {field.value: "" for field in Field} | usual | _entries(schedule)


def to_document(schedule: Schedule) -> Document:
    """The document of `schedule`: equal schedules have equal documents."""
    return {"format": _FORMAT} | _entries(schedule)


def from_document(document: object) -> Schedule:
    """The schedule that `to_document` wrote. Raises ScheduleUnfit for anything else, also for what
    means the same in other words: it comes over the network.
    """
    if not isinstance(document, dict):
        raise _damaged("not an object")
    number = document.get("format")
    if type(number) is int and number > _FORMAT:
        title = "The schedule was made by a newer version of the program."
        raise ScheduleUnfit(title, "Update the program at this site.")
    if len(document) > _MOST_ENTRIES or not all(map(_is_plain, document.items())):
        raise _damaged("not a flat object of the known entries")
    try:
        schedule = schedule_of_form(document)
    except ScheduleUnfit as fault:
        raise _damaged(fault.title, fault.field) from fault
    if _typed(to_document(schedule)) != _typed(document):
        raise _damaged("not the words this program writes")
    return schedule


def _damaged(detail: str, field: str = "") -> ScheduleUnfit:
    return ScheduleUnfit("The schedule is damaged: it cannot be read.", _SAVE_AGAIN, detail, field)


def _is_plain(entry: tuple[object, object]) -> bool:
    key, value = entry
    if not isinstance(key, str):
        return False
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    return value is None or type(value) in (int, bool)


def _typed(document: Document) -> dict[str, tuple[type, object]]:
    return {key: (type(value), value) for key, value in document.items()}


def _entries(schedule: Schedule) -> Document:
    kind: Document = {Field.TYPE.value: schedule.type.value}
    if not schedule.runs_on_startup:
        kind |= _pattern(schedule) | _frequency(schedule.frequency)
    return kind | {Field.LIVE.value: schedule.live}


def _pattern(schedule: Schedule) -> Document:
    days = ",".join(day for day in WeekDay if day in schedule.week_days)
    return {
        Field.OCCURS.value: schedule.occurs.value,
        Field.RECURS_EVERY.value: schedule.recurs_every,
        **({Field.WEEK_DAYS.value: days} if days else {}),
        Field.START_DATE.value: schedule.start_date.isoformat(),
        Field.END_DATE.value: schedule.end_date.isoformat() if schedule.end_date else None,
    }


def _frequency(frequency: Frequency) -> Document:
    if isinstance(frequency, OccursAt):
        return {
            Field.FREQUENCY.value: FrequencyKind.AT.value,
            Field.AT.value: f"{frequency.at:%H:%M}",
        }
    return {
        Field.FREQUENCY.value: FrequencyKind.EVERY.value,
        Field.EVERY.value: frequency.n,
        Field.UNIT.value: frequency.unit.value,
        Field.STARTING_AT.value: f"{frequency.starting_at:%H:%M}",
        Field.ENDING_AT.value: f"{frequency.ending_at:%H:%M}",
    }


class _Form:
    """Reads every entry that applies, keeps a sentence for each that is wrong, and the schedule
    when none is.
    """

    def __init__(self, entries: Mapping[str, Any], today: date | None) -> None:
        self._entries = entries
        self._today = today
        self.problems: dict[str, str] = {}
        self.schedule = self._read()

    def _read(self) -> Schedule | None:
        kind = self._word(Field.TYPE, ScheduleType, "Choose a Schedule Type.")
        live = self._live()
        if kind is ScheduleType.RECURRING:
            return self._recurring(live)
        if kind is None or self.problems:
            return None
        return Schedule(type=kind, live=live)

    def _recurring(self, live: bool) -> Schedule | None:
        occurs = self._word(Field.OCCURS, Occurs, "Choose Daily or Weekly.")
        repeat = self._repeat(occurs)
        days = self._days() if occurs is Occurs.WEEKLY else frozenset[WeekDay]()
        frequency = self._daily_frequency()
        start, end = self._duration()
        if self.problems or not (occurs and repeat and frequency and start):
            return None
        kind = ScheduleType.RECURRING
        try:
            made = Schedule(kind, occurs, repeat, days, frequency, start, end, live)
        except ScheduleUnfit as fault:
            self.problems[fault.field] = fault.title
            return None
        if self._today is not None and made.next_day(self._today) is None:
            self.problems[Field.END_DATE] = "It would never run: its last day has passed."
            return None
        return made

    def _repeat(self, occurs: Occurs | None) -> int | None:
        n = self._whole(Field.RECURS_EVERY, "Recurs every")
        if n is not None:
            self._mark(Field.RECURS_EVERY, unfit_repeat(occurs or Occurs.DAILY, n))
        return n

    def _daily_frequency(self) -> Frequency | None:
        sentence = "Choose Occurs at or Occurs every."
        kind = self._word(Field.FREQUENCY, FrequencyKind, sentence)
        if kind is FrequencyKind.AT:
            at = self._time(Field.AT, "Occurs at")
            return None if at is None else OccursAt(at)
        if kind is None:
            return None
        n = self._whole(Field.EVERY, "Occurs every")
        unit = self._word(Field.UNIT, Unit, "Choose minutes or hours.")
        if n is not None:
            self._mark(Field.EVERY, unfit_interval(unit or Unit.MINUTES, n))
        starting = self._time(Field.STARTING_AT, "Starting at")
        ending = self._time(Field.ENDING_AT, "Ending at")
        if starting is None or ending is None:
            return None
        self._mark(Field.ENDING_AT, unfit_window(starting, ending))
        return None if n is None or unit is None else OccursEvery(n, unit, starting, ending)

    def _duration(self) -> tuple[date | None, date | None]:
        start = self._date(Field.START_DATE, "Give a Start Date.")
        if start is not None:
            self._mark(Field.START_DATE, unfit_start(start))
        if self._entries.get(Field.END_DATE) in (None, ""):
            return start, None
        end = self._date(Field.END_DATE, "Give an End Date or choose No End Date.")
        if start is not None:
            self._mark(Field.END_DATE, unfit_end(start, end))
        return start, end

    def _mark(self, field: Field, sentence: str) -> None:
        if sentence:
            self.problems.setdefault(field, sentence)

    def _live(self) -> bool:
        value = self._entries.get(Field.LIVE, False)
        if isinstance(value, bool):
            return value
        self._mark(Field.LIVE, "Switch live mode on or off.")
        return False

    def _word(self, field: Field, words: type[_Word], sentence: str) -> _Word | None:
        value = self._entries.get(field)
        try:
            return words(str(value))
        except ValueError:
            self._mark(field, sentence)
            return None

    def _whole(self, field: Field, label: str) -> int | None:
        value = self._entries.get(field)
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._mark(field, f"{label} needs a whole number, 1 or more.")
        return None

    def _days(self) -> frozenset[WeekDay]:
        value = self._entries.get(Field.WEEK_DAYS) or ()
        names = value.split(",") if isinstance(value, str) else value
        try:
            if not isinstance(names, Iterable):
                raise ValueError("no week-days")
            days = frozenset(WeekDay(name) for name in names)
        except ValueError:
            self._mark(Field.WEEK_DAYS, "Tick the week-days again: one of them is unknown.")
            return frozenset()
        self._mark(Field.WEEK_DAYS, unfit_days(days))
        return days

    def _time(self, field: Field, label: str) -> time | None:
        value = self._entries.get(field)
        if isinstance(value, time):
            return time(value.hour, value.minute)
        try:
            if isinstance(value, str) and _TIME.fullmatch(value.strip()):
                hour, minute = value.split(":")
                return time(int(hour), int(minute))
        except ValueError:
            pass
        self._mark(field, f"{label} needs a time of day such as 09:30.")
        return None

    def _date(self, field: Field, sentence: str) -> date | None:
        value = self._entries.get(field)
        if isinstance(value, date):
            return value.date() if isinstance(value, datetime) else value
        try:
            if isinstance(value, str) and _DATE.fullmatch(value.strip()):
                return date.fromisoformat(value.strip())
        except ValueError:
            pass
        self._mark(field, sentence)
        return None
