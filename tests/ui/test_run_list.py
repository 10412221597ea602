"""*Runs*: filters, pages, and what one sync did; the same page in both windows."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from ginesys_sync.core.status import CLOSING_SENTENCE
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.widgets.run_list import RunListPage
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos
from tests.ui.test_nothing_is_cut import cut


@pytest.fixture
def desk() -> StagedDesk:
    return StagedDesk()


@pytest.fixture
def page(launchpad: Opens, desk: StagedDesk) -> RunListPage:
    found = offscreen.show_tab(launchpad(desk), "Runs")
    assert isinstance(found, RunListPage)
    return found


def rows(page: RunListPage) -> list[dict[str, str]]:
    return offscreen.rows(page.table)


def choose(page: RunListPage, combo: QComboBox, word: str) -> None:
    """Choose a word of a combo box, and wait for the list."""
    combo.setCurrentIndex(combo.findText(word))
    assert combo.currentText() == word
    offscreen.until(lambda: not page.window().background.is_busy)  # type: ignore[attr-defined]


def stand_on(page: RunListPage, outcome: str) -> None:
    """Select the first sync that ended so."""
    place = [row["Outcome"] for row in rows(page)].index(outcome)
    page.table.setCurrentIndex(page.model.index(place, 0))


def test_a_sync_says_when_what_asked_for_it_how_long_it_took_and_how_it_ended(
    page: RunListPage,
) -> None:
    assert rows(page)[0] == {
        "Started": "4 min ago", "Sync": "Sync All", "Trigger": "anna (window)", "Outcome": "Done",
        "Took": "1 min 1 s", "Sent": "42", "Received": "12", "Processed": "12",
    }  # fmt: skip


def test_what_never_began_is_listed_with_its_reason(page: RunListPage) -> None:
    by_outcome = {row["Outcome"]: row for row in rows(page)}
    assert by_outcome["Skipped"]["Sync"] == (
        "Sync All: The sync before it was still under way, and did its work."
    )
    refused = by_outcome["Could not begin"]
    assert refused["Sync"].startswith("Sync Selective to S001, S002: A sync of this site is alr")
    assert refused["Took"] == "–"


def test_live_syncs_that_moved_nothing_come_only_when_asked_for(
    qtbot: QtBot, page: RunListPage
) -> None:
    def empty_live() -> list[dict[str, str]]:
        live = [row for row in rows(page) if row["Trigger"] == "Live mode"]
        return [row for row in live if row["Sent"] == "–"]

    assert not empty_live()
    offscreen.press(page.filters.empty_live)
    qtbot.waitUntil(lambda: len(empty_live()) > 5)
    offscreen.press(page.filters.clear)
    qtbot.waitUntil(lambda: not empty_live())


def test_it_is_filtered_by_trigger_and_outcome(page: RunListPage) -> None:
    choose(page, page.filters.trigger, "Schedule")
    assert {row["Trigger"] for row in rows(page)} == {"Schedule"}
    choose(page, page.filters.outcome, "Skipped")
    assert {(row["Trigger"], row["Outcome"]) for row in rows(page)} == {("Schedule", "Skipped")}
    choose(page, page.filters.trigger, "A person")
    assert page.faces.face == "empty"
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.faces.face == "normal" and len(rows(page)) == 100)


def test_pages_are_fetched_as_one_scrolls(page: RunListPage) -> None:
    bar = page.table.verticalScrollBar()

    def scrolled() -> bool:
        bar.setValue(bar.maximum())
        return page.model.rowCount() == 210

    offscreen.until(scrolled, what="every page")
    assert len({row.key for row in page.model.rows}) == 210


def test_a_sync_opens_to_what_it_did_by_enter(qtbot: QtBot, page: RunListPage) -> None:
    assert not page.open_one.isEnabled()
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Down)
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    dialog = page.dialog
    assert dialog is not None and dialog.windowTitle() == "Sync 239"
    qtbot.waitUntil(lambda: dialog.faces.face == "normal")
    assert CLOSING_SENTENCE in offscreen.words(dialog)
    assert not cut(dialog)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_what_never_began_opens_to_its_whole_reason(page: RunListPage) -> None:
    stand_on(page, "Could not begin")
    offscreen.press(page.open_one)
    dialog = page.dialog
    assert dialog is not None
    assert dialog.reason.text().endswith("there is no need to start another.")
    assert not dialog.faces.isVisible() and not cut(dialog)
    dialog.reject()


def test_a_stopped_sync_opens_to_why_and_what_to_do(qtbot: QtBot, page: RunListPage) -> None:
    stand_on(page, "Stopped")
    offscreen.press(page.open_one)
    dialog = page.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.faces.face == "normal")
    assert "The Web Database did not answer." in offscreen.words(dialog)
    dialog.reject()


def test_what_cannot_be_opened_says_why(qtbot: QtBot, page: RunListPage, desk: StagedDesk) -> None:
    stand_on(page, "Done")
    desk.schedule_fault = desk.stopped
    page.open_selected()
    dialog = page.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.faces.face == "problem")
    desk.schedule_fault = None
    offscreen.press(dialog.faces.notice.action)
    qtbot.waitUntil(lambda: dialog.faces.face == "normal")
    dialog.reject()


def test_its_other_faces_say_what_is_true_and_what_to_do(
    qtbot: QtBot, launchpad: Opens, desk: StagedDesk
) -> None:
    desk.run_entries = []
    window = launchpad(desk)
    page = offscreen.show_tab(window, "Runs")
    assert isinstance(page, RunListPage)
    assert page.faces.face == "empty" and "No sync yet." in offscreen.words(page)
    unread = RunListPage(desk, window.background, "Sync now")
    qtbot.addWidget(unread)
    assert not unread.open_one.isVisibleTo(unread), "nothing is known yet"
    desk.schedule_fault = desk.stopped
    page.refresh()
    qtbot.waitUntil(lambda: page.faces.face == "problem")
    assert not page.open_one.isVisible() and not page.hint.isVisible(), "there is none to open"
    desk.schedule_fault = None
    offscreen.press(page.faces.notice.action)
    qtbot.waitUntil(lambda: page.faces.face == "empty")
    offscreen.press(page.faces.notice.action)
    assert window.tabs.current() is window.data_sync


def test_a_store_has_the_same_list_in_data_exchange(qtbot: QtBot, pos: OpensPos) -> None:
    desk = StagedDesk(is_ho=False)
    page = offscreen.show_tab(pos(desk), "Runs")
    assert isinstance(page, RunListPage)
    assert rows(page)[0]["Outcome"] == "Done"
    desk.run_entries = desk.run_entries[1:]
    desk.change(headline="Something changed.")
    qtbot.waitUntil(lambda: rows(page)[0]["Trigger"] == "Live mode")
