"""What needs attention: tried again, given up, sent again; and the question of a store that would
lose more than a tenth, in both windows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ginesys_sync.services.control_views import AgainWanted
from ginesys_sync.services.views import AttentionRow
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.control_page import ATTENTION
from ginesys_sync.ui.launchpad.send_again_dialog import SendAgainDialog
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.widgets.ask import Question
from ginesys_sync.ui.widgets.attention import AttentionPane
from tests.support import staged_data as data
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos
from tests.ui.stepping_in import desk_of, dialog_of, give, section


def attention(window: LaunchpadWindow, row: int = 0) -> AttentionPane:
    pane = section(window, ATTENTION).attention
    pane.table.selectRow(row)
    return pane


def test_a_line_is_tried_again_and_it_is_said(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().needing_attention())
    pane = attention(window)
    offscreen.press(pane.retry)
    offscreen.until(pane.said.isVisible)
    assert desk_of(window).deeds == [("retry", "Users", "U-1007", "S001")]
    assert "Retry: done." in pane.said.words.text()


def test_discarding_says_what_is_lost_by_it(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().needing_attention())
    pane = attention(window, 2)
    offscreen.press(pane.discard)
    assert pane.deed is not None
    assert "Nothing changes at S001" in pane.deed.text.text()
    QTest.keyClick(pane.deed, Qt.Key.Key_Return)
    assert desk_of(window).deeds == [], "Enter keeps it"
    offscreen.press(pane.discard)
    give(pane.deed, "entered twice", "Discard")
    offscreen.until(lambda: len(pane.model.rows) == 2)
    assert desk_of(window).deeds == [("discard", "Bills", "S001 / 000451", "S001", "entered twice")]


def test_a_line_is_sent_again_to_the_store_that_told_of_it(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().needing_attention())
    pane = attention(window, 1)
    offscreen.press(pane.again)
    offscreen.settle(window)
    dialog = dialog_of(window)
    assert isinstance(dialog, SendAgainDialog)
    assert dialog.key.text() == "85123A / 2026-11-01" and dialog.chooser.ticked == ("S001",)
    offscreen.press(dialog.yes)
    wanted = AgainWanted("prices", "85123A / 2026-11-01", None, ("S001",), "")
    offscreen.until(lambda: desk_of(window).deeds == [("send again", wanted)])


def test_what_the_stores_send_cannot_be_sent_again_from_here(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().needing_attention())
    offscreen.press(attention(window, 2).again)
    offscreen.until(lambda: window.findChild(Question) is not None)
    told = window.findChild(Question)
    assert told is not None
    assert "Bills come from the stores." in offscreen.words(told)
    told.accept()


QUESTION = "More than a tenth of the items would go at S001: 12 of the 40 items at S001 are not in "


@pytest.mark.parametrize(("button", "may_go"), [("Remove Them", True), ("Keep Them", False)])
def test_more_than_a_tenth_is_asked_with_numbers_and_answered(
    launchpad: Opens, button: str, may_go: bool
) -> None:
    window = launchpad(StagedDesk().with_question())
    pane = attention(window)
    assert window.strip.attention.text() == "1 question waits for an answer"
    assert pane.reason.text().startswith(QUESTION)
    assert not pane.retry.isVisible() and not pane.discard.isVisible()
    offscreen.press(pane.remove if may_go else pane.keep)
    assert pane.deed is not None
    assert pane.deed.text.text().startswith("12 of the 40 items at S001 are not in head office's")
    offscreen.press(offscreen.button(pane.deed, "Not Now"))
    assert desk_of(window).deeds == []
    offscreen.press(pane.remove if may_go else pane.keep)
    offscreen.press(offscreen.button(pane.deed, button))
    offscreen.until(lambda: desk_of(window).deeds == [("answer", "Items", "S001", may_go, "")])
    offscreen.until(lambda: not pane.remove.isEnabled())
    assert not pane.keep.isEnabled(), "it is answered, and waits for the store"


def test_a_store_is_asked_too_and_offered_no_more_than_it_may_do(pos: OpensPos) -> None:
    window = pos(StagedDesk(is_ho=False).with_question())
    offscreen.press(window.strip.attention)
    offscreen.settle(window)
    pane = window.attention_dialog.pane
    pane.table.selectRow(0)
    assert pane.reason.text().startswith(QUESTION)
    offscreen.press(pane.remove)
    offscreen.press(offscreen.button(pane.deed, "Remove Them"))  # type: ignore[arg-type]
    offscreen.until(lambda: desk_of(window).deeds == [("answer", "Items", "S001", True, "")])
    window.attention_dialog.reject()
    desk_of(window).needing_attention()
    window.show_attention()
    offscreen.settle(window)
    pane = window.attention_dialog.pane
    pane.table.selectRow(0)
    assert pane.retry.isEnabled() and not pane.again.isVisible()
    offscreen.press(pane.discard)
    assert pane.deed is not None
    assert "could not be written is lost here" in pane.deed.text.text()
    assert "comes again with its next change" in pane.deed.text.text()
    pane.deed.reject()
    window.attention_dialog.reject()


def line(code: str, reason: str, entity: str = "Items") -> AttentionRow:
    """A line of head office's own list that stands for no single record."""
    return AttentionRow("HO", entity, "", code, reason, "", "", 0, data.ago(), data.ago(), 0)


def test_deletions_that_wait_for_a_word_are_asked_about_in_their_own_words(
    launchpad: Opens,
) -> None:
    desk = StagedDesk()
    desk.attention_rows = [line("deletion_asks", "12 of the 40 items would be deleted at stores.")]
    window = launchpad(desk)
    pane = attention(window)
    assert pane.title.text() == "Much would be deleted. Nothing of it goes unasked."
    assert pane.reason.text() == "12 of the 40 items would be deleted at stores."
    offscreen.press(pane.keep)
    assert pane.deed is not None
    assert pane.deed.title.text() == "Keep Items at the stores?"
    offscreen.press(offscreen.button(pane.deed, "Keep Them"))
    offscreen.until(lambda: desk.deeds == [("answer", "Items", "HO", False, "")])


def test_what_a_store_asks_before_it_deletes_is_answered_at_head_office(launchpad: Opens) -> None:
    desk = StagedDesk()
    asks = "60 of the 61 bills were deleted at S001; head office keeps its own until someone says."
    desk.attention_rows = [replace(line("deletion_asks", asks, "Bills"), site="S001")]
    pane = attention(launchpad(desk))
    assert pane.title.text() == "Much would be deleted. Nothing of it goes unasked."
    assert pane.remove.isEnabled() and not pane.discard.isVisible()
    offscreen.press(pane.remove)
    assert pane.deed is not None
    assert pane.deed.title.text() == "Delete Bills at head office too?"
    assert pane.deed.text.text().endswith(
        "S001's next sync sends the deletions, and they are deleted at head office too."
    )
    offscreen.press(offscreen.button(pane.deed, "Remove Them"))
    offscreen.until(lambda: desk.deeds == [("answer", "Bills", "S001", True, "")])
    desk.attention_rows = [line("deletion_answered", asks, "Bills")]
    pane.look()
    offscreen.until(
        lambda: (
            pane.title.text() == "What was asked is answered. The answer goes with the next sync."
        )
    )


def test_a_line_for_what_is_not_listed_offers_nothing(launchpad: Opens) -> None:
    desk = StagedDesk()
    desk.attention_rows = [line("more", "1,200 more records need attention at S001.", "")]
    pane = attention(launchpad(desk))
    assert pane.reason.text() == "More records: 1,200 more records need attention at S001."
    for button in (pane.retry, pane.again, pane.discard):
        assert not button.isEnabled()
    assert not pane.remove.isVisible()


ASKED = line("sweep_asks", "12 of the 40 items would go.")
ANSWERED = line("sweep_answered", "12 of the 40 items would go. They stay.")
RECORD = data.attention()[0]


@pytest.mark.parametrize(
    ("rows", "title", "advice"),
    [
        ([RECORD], "These records could not be written. Everything", "Each is tried again"),
        ([ASKED], "Much would be deleted. Nothing of it goes unasked.", "Choose the line and say"),
        ([ASKED, ANSWERED], "Much would be deleted.", "Choose the line and say"),
        ([ANSWERED], "What was asked is answered.", "The store hears of it when it syncs"),
        (
            [RECORD, ASKED],
            "Some records could not be written, and a question waits for an answer.",
            "The records are tried again at the end of every sync: mend the cause named here, then "
            "press Sync. Choose the line that asks, and say whether they may go.",
        ),
        (
            [RECORD, ANSWERED],
            "Some records could not be written, and an answer is on its way to a store.",
            "The records are tried again",
        ),
    ],
)
def test_the_heading_says_what_is_true_of_records_questions_and_both(
    launchpad: Opens, rows: list[AttentionRow], title: str, advice: str
) -> None:
    desk = StagedDesk()
    desk.attention_rows = rows
    pane = attention(launchpad(desk))
    assert pane.title.text().startswith(title)
    assert pane.advice.text().startswith(advice)
    if RECORD not in rows:
        assert "could not be written" not in pane.title.text()
        assert "tried again" not in pane.advice.text()


def test_a_question_on_a_later_page_changes_the_heading_when_it_is_reached(
    launchpad: Opens,
) -> None:
    desk = StagedDesk()
    desk.attention_rows = [RECORD]
    pane = attention(launchpad(desk))
    assert pane.title.text().startswith("These records")
    desk.attention_rows.append(ASKED)
    pane.model.set_rows(desk.attention_rows)  # as a further page does
    assert pane.title.text().startswith("Some records could not be written, and a question")
