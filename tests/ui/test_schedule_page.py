"""Application Settings > Schedule, and the store's page that shows what it works by."""

from __future__ import annotations

from datetime import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ginesys_sync.core.schedule import OccursEvery, Unit
from ginesys_sync.services.schedule_views import LiveState
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.schedule_page import SchedulePage
from ginesys_sync.ui.launchpad.settings_page import SettingsPage
from ginesys_sync.ui.pos.schedule_page import StoreSchedulePage
from ginesys_sync.ui.pos.window import PosWindow
from tests.support.staged_desk import StagedDesk
from tests.support.staged_schedules import EVERY_QUARTER, today
from tests.ui.conftest import Opens, OpensPos


def opened(launchpad: Opens, desk: StagedDesk) -> SchedulePage:
    settings = offscreen.show_tab(launchpad(desk), "Application Settings")
    assert isinstance(settings, SettingsPage)
    return settings.schedule


@pytest.fixture
def desk() -> StagedDesk:
    return StagedDesk().with_schedules()


@pytest.fixture
def page(launchpad: Opens, desk: StagedDesk) -> SchedulePage:
    return opened(launchpad, desk)


def test_when_nothing_is_set_it_explains_and_one_click_begins_with_a_proposal(
    qtbot: QtBot, launchpad: Opens
) -> None:
    desk = StagedDesk()
    page = opened(launchpad, desk)
    assert page.own.is_empty and page.master.is_empty
    seen = " ".join(offscreen.words(page))
    assert "head office syncs only when someone presses Sync All or Sync Selective." in seen
    assert "every day, every 15 minutes from 09:00 to 21:00, with live mode on." in seen
    offscreen.press(page.master.proposal)
    assert page.configuration is not None
    offscreen.press(page.configuration.ok)
    qtbot.waitUntil(lambda: "*" in desk.laid_down)
    kept = desk.laid_down["*"]
    assert kept.frequency == OccursEvery(15, Unit.MINUTES, time(9), time(21))
    assert kept.live and kept.start_date == today() and kept.end_date is None
    qtbot.waitUntil(lambda: not page.master.is_empty)
    assert page.own.is_empty


def test_a_proposal_that_was_only_looked_at_is_left_without_a_question(
    launchpad: Opens,
) -> None:
    desk = StagedDesk()
    page = opened(launchpad, desk)
    offscreen.press(page.own.proposal)
    assert page.configuration is not None
    page.configuration.reject()
    assert page.configuration.question is None and desk.laid_down == {}


def test_after_saving_it_says_what_happens_next(qtbot: QtBot, page: SchedulePage) -> None:
    for whose, sentence in (
        ("*", "Saved. The next sync takes it to the stores."),
        ("HO", "Saved. Head office keeps to it from now on."),
    ):
        page.configure(whose)
        assert page.configuration is not None
        page.configuration.form.every.setText("20")
        offscreen.press(page.configuration.ok)
        qtbot.waitUntil(lambda sentence=sentence: page.said_text.text() == sentence)
        assert page.said.isVisible() and page.said.accessibleName() == sentence
    qtbot.waitUntil(lambda: "every 20 minutes" in page.master.words.text())
    qtbot.waitUntil(lambda: "every 20 minutes" in page.own.facts.words.text())


@pytest.mark.parametrize("whose", ["HO", "*", "S002"])
def test_taking_back_asks_first(
    qtbot: QtBot, page: SchedulePage, desk: StagedDesk, whose: str
) -> None:
    page.sites.select("S002")
    cards = {"HO": page.own.take_back, "*": page.master.take_back, "S002": page.sites.take_back}
    offscreen.press(cards[whose])
    assert page.question is not None
    assert page.question.title.text().startswith("Take back the schedule of ")
    QTest.keyClick(page.question, Qt.Key.Key_Escape)
    assert whose in desk.laid_down
    offscreen.press(cards[whose])
    offscreen.press(offscreen.button(page.question, "Take Back"))
    qtbot.waitUntil(lambda: whose not in desk.laid_down)
    qtbot.waitUntil(lambda: page.said_text.text().startswith("Taken back."))


def test_stores_with_their_own_schedule_are_listed_searched_and_changed_by_keyboard(
    qtbot: QtBot, page: SchedulePage
) -> None:
    rows = offscreen.rows(page.sites.table)
    assert [(row["Site"], row["Live mode"]) for row in rows] == [("S002", "Off"), ("S005", "On")]
    assert rows[0]["Schedule"].startswith("Every week on Mon and Thu at 06:30")
    assert not page.sites.change.isEnabled()
    QTest.keyClicks(page.sites.search, "ripon")
    assert [row["Site"] for row in offscreen.rows(page.sites.table)] == ["S005"]
    page.sites.search.clear()
    page.sites.table.setFocus()
    QTest.keyClick(page.sites.table, Qt.Key.Key_Down)
    QTest.keyClick(page.sites.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.configuration is not None)
    assert page.configuration is not None
    assert page.configuration.title.text().startswith("S002 ")
    page.configuration.reject()


def test_a_search_that_fits_no_store_says_so(page: SchedulePage) -> None:
    QTest.keyClicks(page.sites.search, "nowhere")
    assert page.sites.faces.face == "empty"
    offscreen.press(page.sites.faces.notice.action)
    assert len(offscreen.rows(page.sites.table)) == 2


def test_a_store_is_added_from_those_that_have_none(
    qtbot: QtBot, page: SchedulePage, desk: StagedDesk
) -> None:
    offscreen.press(page.sites.add)
    picker = page.picker
    assert picker is not None
    codes = [row["Site"] for row in offscreen.rows(picker.table)]
    assert "S001" in codes and not {"S002", "S005"} & set(codes)
    QTest.keyClicks(picker.search, "S012")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.configuration is not None)
    assert page.configuration is not None
    offscreen.press(page.configuration.ok)
    qtbot.waitUntil(lambda: desk.laid_down.get("S012") == EVERY_QUARTER)
    qtbot.waitUntil(lambda: "S012" in [row.whose for row in page.sites.model.rows])


def test_a_damaged_schedule_is_shown_as_such_and_can_be_made_anew(
    qtbot: QtBot, launchpad: Opens, desk: StagedDesk
) -> None:
    del desk.laid_down["*"], desk.laid_down["S002"]
    desk.damaged = {"*": "The schedule is damaged.", "S002": "The schedule is damaged."}
    page = opened(launchpad, desk)
    assert page.master.words.text() == "The schedule is damaged." and not page.master.is_empty
    assert offscreen.rows(page.sites.table)[0]["Live mode"] == "Damaged"
    offscreen.press(page.master.change)
    assert page.configuration is not None and page.configuration.isVisible()
    page.configuration.reject()


def test_head_office_chooses_whose_clock_its_schedule_means(
    qtbot: QtBot, page: SchedulePage, desk: StagedDesk
) -> None:
    assert page.own.facts.facts["Time zone"].text() == "Asia/Kolkata"
    offscreen.press(page.own.zone)
    assert page.picker is not None
    first = offscreen.rows(page.picker.table)[0]["Time zone"]
    assert first == "This computer's own (Asia/Kolkata)"
    QTest.keyClicks(page.picker.search, "berlin")
    offscreen.press(page.picker.ok)
    qtbot.waitUntil(lambda: page.own.facts.facts["Time zone"].text() == "Europe/Berlin")
    assert desk.zone_choice == "Europe/Berlin"


def test_while_it_loads_and_when_it_cannot_be_read_it_says_so(
    qtbot: QtBot, launchpad: Opens, desk: StagedDesk
) -> None:
    desk.schedule_fault = desk.stopped
    page = opened(launchpad, desk)
    assert page.faces.face == "problem"
    desk.gate.clear()
    desk.schedule_fault = None
    fresh = SchedulePage(desk, page.window().background)  # type: ignore[attr-defined]
    assert fresh.faces.face == "loading"
    desk.gate.set()
    offscreen.press(page.faces.notice.action)
    qtbot.waitUntil(lambda: page.faces.face == "normal")
    fresh.deleteLater()


def test_schedule_alerts_and_web_database_are_settings_and_arrows_go_between_them(
    page: SchedulePage, launchpad: Opens
) -> None:
    settings = page.window().tabs.page("Application Settings")  # type: ignore[attr-defined]
    settings.sections.setFocus()
    QTest.keyClick(settings.sections, Qt.Key.Key_Down)
    assert settings.alerts.isVisible() and not page.isVisible()
    QTest.keyClick(settings.sections, Qt.Key.Key_Down)
    assert settings.connection.isVisible() and not settings.alerts.isVisible()
    for _ in range(2):
        QTest.keyClick(settings.sections, Qt.Key.Key_Up)
    assert page.isVisible()


# --- the store's page -----------------------------------------------------------------------------


def shown(window: PosWindow) -> StoreSchedulePage:
    offscreen.show_room(window, "Schedule")
    assert isinstance(window.schedule, StoreSchedulePage)
    return window.schedule


def test_a_store_reads_its_schedule_its_next_runs_and_where_it_comes_from(pos: OpensPos) -> None:
    window = pos(StagedDesk(is_ho=False).with_schedules())
    page = shown(window)
    facts = page.facts.facts
    assert page.facts.words.text().startswith("Every day, every 15 minutes from 09:00 to 21:00")
    assert len(facts["Next five runs"].text().splitlines()) == 5
    assert facts["Time zone"].text() == "Asia/Kolkata"
    assert facts["Comes from"].text() == "Master Policy, for all stores"
    assert "Head office sets this schedule. It can be read here, not changed." in (
        offscreen.words(page)
    )
    assert window.navigation.schedule.parent() is window.navigation.administration


@pytest.mark.parametrize(
    ("state", "is_served", "word", "sentence"),
    [
        (LiveState.ON, True, "Live mode on", "every change goes within seconds"),
        (LiveState.LOST, True, "Live mode interrupted", "cannot be reached since"),
        (LiveState.OFF, True, "Live mode not running", "as soon as the sync service runs"),
        (LiveState.ON, False, "Live mode not running", "as soon as the sync service runs"),
        (LiveState.NOT_SET, True, "Live mode off", "at the times of the schedule"),
    ],
)
def test_live_mode_is_said_as_it_is(
    pos: OpensPos, state: LiveState, is_served: bool, word: str, sentence: str
) -> None:
    desk = StagedDesk(is_ho=False).with_schedules()
    desk.live, desk.is_served = state, is_served
    page = shown(pos(desk))
    assert page.facts.live_pill.text() == word
    assert sentence in page.facts.live_text.text()
    assert page.facts.unserved.isVisible() is not is_served


def test_a_store_without_a_schedule_is_told_what_that_means_and_led_to_its_sync(
    pos: OpensPos,
) -> None:
    window = pos(StagedDesk(is_ho=False))
    page = shown(window)
    assert page.faces.face == "empty"
    assert "Head office has set no schedule for this store." in offscreen.words(page)
    offscreen.press(page.faces.notice.action)
    assert window.pages.currentWidget() is window.exchange


def test_a_schedule_that_comes_meanwhile_is_shown_without_a_click(
    qtbot: QtBot, pos: OpensPos
) -> None:
    desk = StagedDesk(is_ho=False)
    page = shown(pos(desk))
    desk.with_schedules().change(headline="Something came.")
    qtbot.waitUntil(lambda: page.faces.face == "normal")


def test_a_stores_schedule_that_cannot_be_read_is_a_problem_with_a_way_out(
    qtbot: QtBot, pos: OpensPos
) -> None:
    desk = StagedDesk(is_ho=False).with_schedules()
    desk.schedule_fault = desk.stopped
    page = shown(pos(desk))
    assert page.faces.face == "problem"
    desk.schedule_fault = None
    offscreen.press(page.faces.notice.action)
    qtbot.waitUntil(lambda: page.faces.face == "normal")
