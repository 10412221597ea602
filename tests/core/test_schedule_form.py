"""A form's entries and the document that travels: read exactly, or told in a sentence."""

import json
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginesys_sync.core.schedule import (
    Schedule,
    ScheduleType,
    ScheduleUnfit,
    WeekDay,
)
from ginesys_sync.core.schedule_form import (
    form_of,
    from_document,
    problems,
    schedule_of_form,
    to_document,
)
from tests.core.test_schedule import MON_THU, ON_STARTUP, schedules

FORM: dict[str, Any] = {
    "type": "Recurring",
    "occurs": "Daily",
    "recurs_every": "1",
    "week_days": "",
    "frequency": "Occurs every",
    "at": "",
    "every": "15",
    "unit": "minutes",
    "starting_at": "09:00",
    "ending_at": "21:00",
    "start_date": "2026-12-01",
    "end_date": "",
    "live": False,
}
DOCUMENT: dict[str, Any] = {
    "format": 1,
    "type": "Recurring",
    "occurs": "Weekly",
    "recurs_every": 2,
    "week_days": "Mon,Thu",
    "frequency": "Occurs at",
    "at": "06:30",
    "start_date": "2026-12-01",
    "end_date": None,
    "live": False,
}


@given(schedules())
def test_a_schedule_is_read_back_from_its_document_and_from_its_form(schedule: Schedule) -> None:
    document = json.loads(json.dumps(to_document(schedule)))
    assert from_document(document) == schedule
    assert problems(form_of(schedule)) == {}
    assert schedule_of_form(form_of(schedule)) == schedule


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({}, {}),
        ({"type": ""}, {"type": "Choose a Schedule Type."}),
        ({"occurs": None}, {"occurs": "Choose Daily or Weekly."}),
        ({"recurs_every": "0"}, {"recurs_every": "Recurs every must be 1 or more."}),
        ({"recurs_every": -3}, {"recurs_every": "Recurs every must be 1 or more."}),
        ({"recurs_every": 366}, {"recurs_every": "Recurs every can be 365 days at most."}),
        (
            {"recurs_every": 53, "occurs": "Weekly", "week_days": "Mon"},
            {"recurs_every": "Recurs every can be 52 weeks at most."},
        ),
        (
            {"recurs_every": "1.5"},
            {"recurs_every": "Recurs every needs a whole number, 1 or more."},
        ),
        ({"recurs_every": True}, {"recurs_every": "Recurs every needs a whole number, 1 or more."}),
        (
            {"occurs": "Weekly", "week_days": []},
            {"week_days": "Tick at least one week-day."},
        ),
        (
            {"occurs": "Weekly", "week_days": "Mon,Lun"},
            {"week_days": "Tick the week-days again: one of them is unknown."},
        ),
        (
            {"occurs": "Weekly", "week_days": 3},
            {"week_days": "Tick the week-days again: one of them is unknown."},
        ),
        ({"occurs": "Weekly", "week_days": ["Thu", "Mon"]}, {}),
        ({"frequency": ""}, {"frequency": "Choose Occurs at or Occurs every."}),
        (
            {"frequency": "Occurs at"},
            {"at": "Occurs at needs a time of day such as 09:30."},
        ),
        ({"frequency": "Occurs at", "at": "9:30", "every": "x", "ending_at": ""}, {}),
        ({"every": 0}, {"every": "Occurs every must be 1 or more minutes."}),
        (
            {"every": "1440"},
            {"every": "Occurs every can be 1439 minutes at most; for once a day choose Occurs at."},
        ),
        (
            {"every": 24, "unit": "hours"},
            {"every": "Occurs every can be 23 hours at most; for once a day choose Occurs at."},
        ),
        ({"unit": "seconds"}, {"unit": "Choose minutes or hours."}),
        ({"every": 23, "unit": "hours"}, {}),
        (
            {"starting_at": "24:00"},
            {"starting_at": "Starting at needs a time of day such as 09:30."},
        ),
        (
            {"starting_at": "21:00", "ending_at": "09:00"},
            {"ending_at": "Ending at must be later than Starting at, on the same day."},
        ),
        (
            {"starting_at": "09:00", "ending_at": time(9)},
            {"ending_at": "Ending at must be later than Starting at, on the same day."},
        ),
        ({"start_date": "1.12.2026"}, {"start_date": "Give a Start Date."}),
        ({"start_date": "2026-02-29"}, {"start_date": "Give a Start Date."}),
        (
            {"start_date": "1999-12-31"},
            {"start_date": "Start Date must be in the years 2000 to 2999."},
        ),
        ({"end_date": "2026-11-30"}, {"end_date": "End Date must not be before Start Date."}),
        (
            {"end_date": "3000-01-01"},
            {"end_date": "End Date must be in the years 2000 to 2999."},
        ),
        ({"end_date": "soon"}, {"end_date": "Give an End Date or choose No End Date."}),
        ({"end_date": date(2026, 12, 1)}, {}),
        (
            {"occurs": "Weekly", "week_days": "Mon", "end_date": "2026-12-06"},
            {
                "end_date": "It would never run: no ticked week-day lies between Start Date and "
                "End Date."
            },
        ),
        ({"occurs": "Weekly", "week_days": "Mon", "end_date": "2026-12-07"}, {}),
        ({"live": "yes"}, {"live": "Switch live mode on or off."}),
        (
            {"recurs_every": "", "every": "often", "ending_at": "", "start_date": ""},
            {
                "recurs_every": "Recurs every needs a whole number, 1 or more.",
                "every": "Occurs every needs a whole number, 1 or more.",
                "ending_at": "Ending at needs a time of day such as 09:30.",
                "start_date": "Give a Start Date.",
            },
        ),
        ({"type": "On Startup", "recurs_every": "x", "start_date": "", "every": -1}, {}),
    ],
)
def test_a_wrong_entry_is_told_at_its_field(wrong: dict[str, Any], told: dict[str, str]) -> None:
    assert problems(FORM | wrong) == told


def test_a_form_is_told_as_past_when_nothing_is_left_to_run() -> None:
    form = FORM | {"occurs": "Weekly", "week_days": "Tue", "end_date": "2026-12-20"}
    assert problems(form, today=date(2026, 12, 15)) == {}
    past = {"end_date": "It would never run: its last day has passed."}
    assert problems(form, today=date(2026, 12, 16)) == past
    with pytest.raises(ScheduleUnfit, match="last day has passed") as caught:
        schedule_of_form(form, today=date(2026, 12, 16))
    assert caught.value.field == "end_date"


def test_a_form_may_hold_values_of_the_calendar_and_of_the_clock() -> None:
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    typed = {"starting_at": time(9), "ending_at": time(21), "start_date": noon}
    assert schedule_of_form(FORM | typed) == schedule_of_form(FORM)


def test_on_startup_keeps_only_live_mode_of_a_form() -> None:
    assert schedule_of_form(FORM | {"type": "On Startup", "live": True}) == Schedule(
        type=ScheduleType.ON_STARTUP, live=True
    )


def test_the_document_says_only_what_applies() -> None:
    assert to_document(ON_STARTUP) == {"format": 1, "type": "On Startup", "live": False}
    assert to_document(MON_THU) == DOCUMENT
    assert from_document(DOCUMENT) == MON_THU


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "{}",
        {},
        {"format": 1},
        {"format": 1, "type": "On Startup"},
        {"format": 1, "type": "On Startup", "live": 0},
        {"format": True, "type": "On Startup", "live": False},
        {"format": "1", "type": "On Startup", "live": False},
        {"format": 1, "type": "On Startup", "live": False, "occurs": "Daily"},
        {"format": 1, "type": "On Startup", "live": False, 7: 7},
        DOCUMENT | {"more": None},
        DOCUMENT | {"recurs_every": "2"},
        DOCUMENT | {"recurs_every": 2.0},
        DOCUMENT | {"recurs_every": True},
        DOCUMENT | {"recurs_every": 10**30},
        DOCUMENT | {"recurs_every": 0},
        DOCUMENT | {"week_days": "Thu,Mon"},
        DOCUMENT | {"week_days": "Mon,Mon"},
        DOCUMENT | {"week_days": ["Mon", "Thu"]},
        DOCUMENT | {"week_days": ""},
        DOCUMENT | {"at": "6:30"},
        DOCUMENT | {"at": "06:30 "},
        DOCUMENT | {"at": "06:30" * 10_000},
        DOCUMENT | {"at": "٠٦:٣٠"},  # digits, but not ours
        DOCUMENT | {"every": 15},
        DOCUMENT | {"start_date": "2026-13-01"},
        DOCUMENT | {"start_date": None},
        DOCUMENT | {"end_date": ""},
        DOCUMENT | {"end_date": "2026-11-01"},
        DOCUMENT | {"end_date": "2026-12-02"},
        {key: value for key, value in DOCUMENT.items() if key != "live"},
        {key: value for key, value in DOCUMENT.items() if key != "end_date"},
        DOCUMENT | {f"entry {n}": n for n in range(1000)},
    ],
    ids=lambda document: repr(document)[:60],
)
def test_a_document_that_this_program_did_not_write_is_refused(document: object) -> None:
    with pytest.raises(ScheduleUnfit) as caught:
        from_document(document)
    assert caught.value.title == "The schedule is damaged: it cannot be read."
    assert caught.value.advice


def test_a_long_text_in_a_document_is_not_even_read() -> None:
    with pytest.raises(ScheduleUnfit) as caught:
        from_document(DOCUMENT | {"week_days": "Mon," * 100_000})
    assert caught.value.detail == "not a flat object of the known entries"


def test_a_document_of_a_newer_program_says_so() -> None:
    newer = {"format": 2, "surprise": [1, 2]} | {f"entry {n}": n for n in range(100)}
    with pytest.raises(ScheduleUnfit, match="newer version"):
        from_document(newer)


_scalars = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(WeekDay)


@given(schedules(), st.data())
def test_whatever_a_document_is_turned_into_it_is_read_exactly_or_refused(
    schedule: Schedule, data: st.DataObject
) -> None:
    document: dict[str, Any] = to_document(schedule)
    key = data.draw(st.sampled_from(sorted(document)))
    document[key] = data.draw(_scalars | st.lists(_scalars) | st.floats())
    try:
        read = from_document(document)
    except ScheduleUnfit:
        return
    assert to_document(read) == document


@given(st.dictionaries(st.sampled_from(sorted(FORM)), _scalars | st.lists(_scalars)))
def test_whatever_a_form_holds_it_is_told_or_read(entries: dict[str, Any]) -> None:
    told = problems(FORM | entries)
    assert set(told) <= set(FORM)
    if told:
        with pytest.raises(ScheduleUnfit):
            schedule_of_form(FORM | entries)
    else:
        schedule = schedule_of_form(FORM | entries)
        assert from_document(to_document(schedule)) == schedule
