"""*Schedule Configuration*: the trade's labels, wrong entries at their field, what it means while
one types, and nothing lost without a question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ginesys_sync.core.schedule import Field, Schedule, ScheduleType, WeekDay
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.schedule_form import ScheduleForm
from ginesys_sync.ui.launchpad.schedule_page import SchedulePage
from ginesys_sync.ui.launchpad.schedule_window import ScheduleWindow
from ginesys_sync.ui.launchpad.settings_page import SettingsPage
from ginesys_sync.ui.widgets.fields import time_text
from tests.support.staged_desk import StagedDesk
from tests.support.staged_schedules import EVERY_QUARTER, TWICE_A_WEEK
from tests.ui.conftest import Opens
from tests.ui.test_nothing_is_cut import cut


@pytest.fixture
def desk() -> StagedDesk:
    return StagedDesk().with_schedules()


@pytest.fixture
def page(launchpad: Opens, desk: StagedDesk) -> SchedulePage:
    settings = offscreen.show_tab(launchpad(desk), "Application Settings")
    assert isinstance(settings, SettingsPage)
    return settings.schedule


@pytest.fixture
def window(page: SchedulePage) -> ScheduleWindow:
    """Head office's own schedule, opened."""
    offscreen.press(page.own.change)
    assert page.configuration is not None
    return page.configuration


def retype(field: QWidget, text: str) -> None:
    """Click into an entry, select what is there, type something else."""
    QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)


def words_of(window: ScheduleWindow) -> str:
    return window.preview.words.text()


def test_its_labels_are_the_trades(window: ScheduleWindow) -> None:
    assert window.windowTitle() == "Schedule Configuration"
    window.form.occurs.choose("Weekly")
    seen = {word.rstrip(" *") for word in offscreen.words(window)}
    assert seen >= {
        "Schedule Type", "Recurring", "On Startup", "Recurrence Pattern", "Occurs", "Daily",
        "Weekly", "Recurs every", "Weeks", "Daily Frequency", "Occurs at", "Occurs every",
        "Starting at", "Ending at", "Duration", "Start Date", "End Date", "No End Date", "OK",
        "Cancel", "Mon", "Sun",
    }  # fmt: skip
    window.form.occurs.choose("Daily")
    assert "Days" in offscreen.words(window)
    units = [window.form.unit.itemText(place) for place in range(2)]
    assert units == ["Minutes", "Hours"]
    window.reject()


def wrong(change: Callable[[ScheduleForm], None], field: Field, sentence: str) -> object:
    return pytest.param(change, field, sentence, id=f"{field.value}: {sentence}")


def weekly_without_a_day(form: ScheduleForm) -> None:
    form.occurs.choose("Weekly")


def ends_before_it_starts(form: ScheduleForm) -> None:
    offscreen.press(form.has_end)
    form.end_date.setDate(form.start_date.date().addDays(-1))


def ended_long_ago(form: ScheduleForm) -> None:
    form.start_date.setDate(QDate(2020, 1, 1))
    offscreen.press(form.has_end)
    form.end_date.setDate(QDate(2020, 1, 2))


def at_nonsense(form: ScheduleForm) -> None:
    offscreen.press(form.is_at)
    retype(form.at, "noon")


WRONG = [
    wrong(lambda form: retype(form.recurs_every, "0"), Field.RECURS_EVERY,
          "Recurs every must be 1 or more."),
    wrong(lambda form: retype(form.recurs_every, "x"), Field.RECURS_EVERY,
          "Recurs every needs a whole number, 1 or more."),
    wrong(lambda form: retype(form.recurs_every, "366"), Field.RECURS_EVERY,
          "Recurs every can be 365 days at most."),
    wrong(weekly_without_a_day, Field.WEEK_DAYS, "Tick at least one week-day."),
    wrong(at_nonsense, Field.AT, "Occurs at needs a time of day such as 09:30."),
    wrong(lambda form: retype(form.every, ""), Field.EVERY,
          "Occurs every needs a whole number, 1 or more."),
    wrong(lambda form: retype(form.every, "0"), Field.EVERY,
          "Occurs every must be 1 or more minutes."),
    wrong(lambda form: retype(form.every, "1440"), Field.EVERY,
          "Occurs every can be 1439 minutes at most; for once a day choose Occurs at."),
    wrong(lambda form: retype(form.starting_at, "25:00"), Field.STARTING_AT,
          "Starting at needs a time of day such as 09:30."),
    wrong(lambda form: retype(form.ending_at, "09:00"), Field.ENDING_AT,
          "Ending at must be later than Starting at, on the same day."),
    wrong(ends_before_it_starts, Field.END_DATE, "End Date must not be before Start Date."),
    wrong(ended_long_ago, Field.END_DATE, "It would never run: its last day has passed."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "field", "sentence"), WRONG)
def test_a_wrong_entry_is_marked_at_its_field_and_cannot_be_saved(
    qtbot: QtBot,
    desk: StagedDesk,
    window: ScheduleWindow,
    change: Callable[[ScheduleForm], None],
    field: Field,
    sentence: str,
) -> None:
    before = dict(desk.laid_down)
    change(window.form)
    row = window.form.rows[field]
    qtbot.waitUntil(lambda: row.sentence.text() == sentence)
    assert row.sentence.isVisible() and row.control.accessibleDescription() == sentence
    assert words_of(window).startswith("Correct ")
    others = [one.sentence.text() for name, one in window.form.rows.items() if name != field]
    assert not any(others)
    qtbot.waitUntil(lambda: not cut(window.form))
    offscreen.press(window.ok)
    assert window.isVisible() and not window.is_saving and desk.laid_down == before
    focus = window.focusWidget()
    assert focus is not None and (focus is row.control or row.control.isAncestorOf(focus))
    window._answer(True)


def test_what_is_mended_is_no_longer_marked(qtbot: QtBot, window: ScheduleWindow) -> None:
    row = window.form.rows[Field.EVERY]
    retype(window.form.every, "0")
    qtbot.waitUntil(row.sentence.isVisible)
    retype(window.form.every, "20")
    qtbot.waitUntil(lambda: not row.sentence.isVisible())
    assert row.control.accessibleDescription() == ""
    assert "every 20 minutes" in words_of(window)
    window._answer(True)


def test_the_preview_follows_what_one_types(qtbot: QtBot, window: ScheduleWindow) -> None:
    assert words_of(window).startswith("Every day, every 15 minutes from 09:00 to 21:00, ")
    window.form.start_date.setDate(QDate(2990, 3, 1))
    retype(window.form.every, "2")
    QTest.keyClicks(window.form.unit, "H")
    qtbot.waitUntil(lambda: "every 2 hours" in words_of(window))
    assert window.preview.runs.text().splitlines() == [
        f"Mon 1 Mar 2990, {hour}:00" for hour in ("09", "11", "13", "15", "17")
    ]
    assert window.preview.clock.text() == "By head office's clock: Asia/Kolkata."
    assert "2 hours" in window.preview.accessibleDescription()
    window._answer(True)


def test_on_startup_disables_the_rest_except_live_mode(
    qtbot: QtBot, desk: StagedDesk, window: ScheduleWindow
) -> None:
    form = window.form
    retype(form.every, "x")
    offscreen.press(form.type.buttons["On Startup"])
    qtbot.waitUntil(lambda: words_of(window).startswith("Right after the program starts"))
    assert not any(section.isEnabled() for section in (form.pattern, form.frequency, form.duration))
    assert form.live.isEnabled()
    offscreen.press(form.live)
    offscreen.press(window.ok)
    qtbot.waitUntil(lambda: desk.laid_down["HO"] == Schedule(ScheduleType.ON_STARTUP))


def test_ok_keeps_what_was_entered(qtbot: QtBot, desk: StagedDesk, window: ScheduleWindow) -> None:
    form = window.form
    offscreen.press(form.occurs.buttons["Weekly"])
    for day in (WeekDay.MON, WeekDay.THU):
        QTest.keyClick(form.days[day], Qt.Key.Key_Space)
    offscreen.press(form.is_at)
    retype(form.at, "630")
    offscreen.press(form.live)
    QTest.keyClick(form.at, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.laid_down["HO"] == TWICE_A_WEEK)


@pytest.mark.parametrize(
    ("typed", "text"),
    [("9", "09:00"), ("930", "09:30"), ("9.30", "09:30"), ("0930", "09:30"), ("21", "21:00"),
     (" 7:05 ", "07:05"), ("noon", "noon"), ("", ""), ("9:3", "9:3"), ("12345", "12345")],
)  # fmt: skip
def test_times_are_taken_for_what_they_mean(typed: str, text: str) -> None:
    assert time_text(typed) == text


def test_leaving_asks_only_when_something_would_be_lost(
    qtbot: QtBot, desk: StagedDesk, window: ScheduleWindow
) -> None:
    retype(window.form.every, "20")
    QTest.keyClick(window, Qt.Key.Key_Escape)
    question = window.question
    assert question is not None and window.isVisible()
    assert question.title.text() == "Discard what you changed?"
    QTest.keyClick(question, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.question is None)
    assert window.isVisible() and window.form.every.text() == "20"
    window.close()
    assert window.question is not None
    offscreen.press(offscreen.button(window.question, "Discard Changes"))
    assert desk.laid_down["HO"] == EVERY_QUARTER


def test_leaving_what_is_unchanged_asks_nothing(page: SchedulePage, window: ScheduleWindow) -> None:
    retype(window.form.every, "20")
    retype(window.form.every, "15")
    offscreen.press(window.cancel)
    assert window.question is None and not window.isVisible()


def test_what_cannot_be_saved_says_why_and_keeps_the_entries(
    qtbot: QtBot, desk: StagedDesk, window: ScheduleWindow
) -> None:
    desk.schedule_fault = desk.stopped
    retype(window.form.every, "20")
    offscreen.press(window.ok)
    qtbot.waitUntil(window.fault.isVisible)
    assert window.fault.text().startswith("The Web Database did not answer.")
    assert window.form.every.text() == "20" and window.form.isEnabled()
    desk.schedule_fault = None
    offscreen.press(window.ok)
    qtbot.waitUntil(lambda: desk.laid_down["HO"] != EVERY_QUARTER)


def test_every_entry_has_a_name_and_tab_goes_through_them_in_order(window: ScheduleWindow) -> None:
    form = window.form
    entries = [
        form.type.buttons["Recurring"], form.occurs.buttons["Daily"], form.recurs_every,
        form.is_every, form.every, form.unit, form.starting_at, form.ending_at, form.start_date,
        form.no_end, form.live, window.ok, window.cancel,
    ]  # fmt: skip
    entries[0].setFocus()
    reached = []
    for _ in range(40):
        focus = window.focusWidget()
        if focus in entries and focus not in reached:
            reached.append(focus)
        QTest.keyClick(focus or window, Qt.Key.Key_Tab)
    assert reached == entries
    for entry in entries:
        text = getattr(entry, "text", str)()
        assert entry.accessibleName() or text, entry
    window.reject()


def test_a_stores_preview_says_how_much_later_it_begins(page: SchedulePage, qtbot: QtBot) -> None:
    page.configure("S002")
    window = page.configuration
    assert window is not None
    assert window.title.text() == "S002  Hull Market Place (Site Policy)"
    assert "By the clock of S002, and 38 s later" in window.preview.clock.text()
    window.reject()
    page.configure("*")
    assert page.configuration is not None
    assert "up to 5 minutes later" in page.configuration.preview.clock.text()
    page.configuration.reject()


@pytest.mark.parametrize("whose", ["HO", "*", "S002"])
def test_nothing_is_cut_at_the_smallest_size(qtbot: QtBot, page: SchedulePage, whose: str) -> None:
    page.window().resize(page.window().minimumSize())
    offscreen.turn(50)
    page.configure(whose)
    window = page.configuration
    assert window is not None
    qtbot.waitUntil(lambda: not cut(window))
    window.form.occurs.choose("Weekly")
    for box in window.form.days.values():
        box.setChecked(True)
    window.form.is_every.setChecked(True)
    offscreen.press(window.form.has_end)
    qtbot.waitUntil(lambda: "Sat and Sun" in words_of(window) and not cut(window))
    runs = window.preview.runs
    assert runs.height() >= runs.fontMetrics().lineSpacing() * runs.text().count("\n")
    window._answer(True)


def test_the_window_begins_from_what_there_is(page: SchedulePage, desk: StagedDesk) -> None:
    page.configure("S007")
    assert page.configuration is not None
    assert page.configuration.form.entries()[Field.STARTING_AT.value] == "09:00"
    begun = page.configuration.form.entries()[Field.START_DATE.value]
    assert date.fromisoformat(begun) == EVERY_QUARTER.start_date
    page.configuration.reject()
