"""Pressing Sync in Launchpad: progress, the words at the end, Close, Cancel, and closing the window
meanwhile."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from ginesys_sync.core.errors import AlreadyRunning
from ginesys_sync.core.status import CLOSING_SENTENCE, Outcome
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.widgets.ask import Question
from tests.support.staged_data import WORK
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens


def test_the_tabs_and_buttons_read_as_the_trade_knows_them(launchpad: Opens) -> None:
    window = launchpad()
    bar = window.tabs.tabBar()
    assert [bar.tabText(place) for place in range(bar.count())] == [
        "Sites",
        "Data Sync",
        "Sent Data",
        "Received Data",
        "Runs",
        "Control",
        "Application Settings",
    ]
    assert {"Sync Selective", "Sync All"} <= set(offscreen.words(window))


def test_sync_all_runs_to_the_closing_sentence_as_its_last_line(launchpad: Opens) -> None:
    window = launchpad()
    offscreen.press_sync_all(window)
    assert "Starting…" in offscreen.words(window.data_sync.pane)
    ended = offscreen.wait_for_end(window)
    assert ended.outcome is Outcome.DONE
    seen = [text for text in offscreen.words(window.data_sync.pane.summary)]
    assert seen[-1] == CLOSING_SENTENCE == "Sync process completed, flushing buffer."
    assert "Waiting for S001 to press Sync, last seen 3 min ago." in seen
    assert isinstance(window.desk, StagedDesk)
    assert window.desk.asked == [None]


def test_the_summary_has_a_line_for_each_site(launchpad: Opens) -> None:
    window = launchpad()
    offscreen.press_sync_all(window)
    offscreen.wait_for_end(window)
    first = offscreen.rows(window.data_sync.pane.summary.table)[0]
    assert first["Site"] == "S001  York High Street"
    assert (first["Sent"], first["Received"], first["Processed"]) == ("1,243", "12", "12")
    assert (first["Acknowledged"], first["Waiting"], first["Needs attention"]) == ("3", "–", "")


def test_each_stage_shows_its_word_a_bar_a_count_and_its_size(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().running())
    views = window.data_sync.pane.stages.views
    assert [view.word.text() for view in views.values()] == [stage.value for stage in WORK]
    now = views[WORK[4]]
    assert now.count.text() == "12,400\nof 30,100"
    assert now.weight.text() == "1.8 MB"
    assert 0 < now.bar.value() < now.bar.maximum()


def test_a_second_sync_cannot_be_pressed_while_one_runs(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().running())
    for button in (window.data_sync.sync_all, window.data_sync.sync_selective):
        assert not button.isEnabled()
        assert "wait until it has ended" in button.toolTip()


def test_cancel_is_asked_for_once_and_the_end_says_so(qtbot: QtBot, launchpad: Opens) -> None:
    desk = StagedDesk()
    desk.is_endless = True
    window = launchpad(desk)
    offscreen.press_sync_all(window)
    pane = window.data_sync.pane
    qtbot.waitUntil(lambda: pane.cancel.isEnabled())
    offscreen.press(pane.cancel)
    ended = offscreen.wait_for_end(window)
    assert desk.cancelled == [101]
    assert ended.outcome is Outcome.CANCELLED
    assert "Cancelled" in offscreen.words(pane)
    assert CLOSING_SENTENCE not in offscreen.words(pane)


def test_a_stopped_sync_says_why_and_what_to_do_and_not_the_closing_sentence(
    launchpad: Opens,
) -> None:
    desk = StagedDesk()
    desk.outcome = Outcome.STOPPED
    window = launchpad(desk)
    offscreen.press_sync_all(window)
    offscreen.wait_for_end(window)
    seen = offscreen.words(window.data_sync.pane)
    assert "The Web Database did not answer." in seen
    assert desk.stopped.advice in seen
    assert CLOSING_SENTENCE not in seen
    offscreen.press(window.data_sync.pane.summary.copy)
    assert "Copied" in offscreen.words(window.data_sync.pane)


def test_close_puts_the_progress_away_and_launchpad_stays(launchpad: Opens) -> None:
    window = launchpad()
    offscreen.press(window.data_sync.pane.close_button)
    assert window.isVisible() and not window.data_sync.pane.isVisible()
    offscreen.press(window.data_sync.last)
    assert CLOSING_SENTENCE in offscreen.words(window.data_sync.pane)


def test_a_put_away_run_stays_away_when_something_else_changes(
    qtbot: QtBot, launchpad: Opens
) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    offscreen.press(window.data_sync.pane.close_button)
    desk.change(headline="S001 was seen a moment ago.")
    qtbot.waitUntil(lambda: window.strip.headline.text() == "S001 was seen a moment ago.")
    assert not window.data_sync.pane.isVisible()


def test_reopening_launchpad_shows_the_last_run(launchpad: Opens) -> None:
    desk = StagedDesk()
    first = launchpad(desk)
    offscreen.press_sync_all(first)
    offscreen.wait_for_end(first)
    offscreen.close(first)
    again = launchpad(desk)
    assert again.data_sync.pane.title.text() == "Sync All"
    assert CLOSING_SENTENCE in offscreen.words(again.data_sync.pane)


def test_a_run_that_somebody_else_began_is_shown_too(qtbot: QtBot, launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    desk.running()
    qtbot.waitUntil(lambda: window.data_sync.pane.is_running)
    assert "Sync Selective to S001" in offscreen.words(window.data_sync.pane)


def test_a_refused_request_says_why_and_leaves_the_buttons_usable(
    qtbot: QtBot, launchpad: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = StagedDesk()
    window = launchpad(desk)

    def refuse(sites: object) -> int:
        raise AlreadyRunning("Another sync of this site is running.")

    monkeypatch.setattr(desk, "ask_sync", refuse)
    offscreen.press_sync_all(window)
    qtbot.waitUntil(lambda: not window.is_running)
    told = window.findChild(Question)
    assert told is not None
    assert "Another sync of this site is running." in offscreen.words(told)
    offscreen.press(offscreen.button(told, "OK"))
    assert window.data_sync.sync_all.isEnabled()


def test_closing_during_a_run_asks_and_keep_open_keeps_it(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().running())
    window.close()
    assert window.isVisible()
    question = window.question
    assert question is not None
    assert "The sync goes on in the background" in " ".join(offscreen.words(question))
    offscreen.press(offscreen.button(question, "Keep Open"))
    assert window.isVisible() and window.question is None


def test_closing_during_a_run_loses_nothing(launchpad: Opens) -> None:
    desk = StagedDesk().running()
    window = launchpad(desk)
    window.close()
    assert window.question is not None
    offscreen.press(offscreen.button(window.question, "Close Window"))
    assert not window.isVisible()
    assert desk.cancelled == []


def test_without_a_run_the_window_closes_at_once(launchpad: Opens) -> None:
    window = launchpad()
    window.close()
    assert not window.isVisible()


def test_the_stores_are_listed_with_how_they_stand(launchpad: Opens) -> None:
    window = launchpad()
    lines = offscreen.rows(window.data_sync.table)
    assert lines[0]["Site"] == "S012" and lines[0]["Needs attention"] == "3"
    closed = next(line for line in lines if line["Site"] == "S007")
    assert closed["State"] == "Closed"


def test_no_stores_yet_is_said_in_words(launchpad: Opens) -> None:
    window = launchpad(StagedDesk(stores=0))
    assert window.data_sync.faces.face == "empty"
    assert "No stores yet." in offscreen.words(window)
