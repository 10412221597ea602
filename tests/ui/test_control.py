"""Stepping into the sync from Launchpad: every step asks first in words, does what was asked and no
more, and says what was done; a fault is told and leaves things as they were."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QRadioButton, QWidget

from ginesys_sync.core.errors import Unreachable
from ginesys_sync.services.control_views import AgainWanted, BlockKind, Target
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.block_dialog import BlockDialog
from ginesys_sync.ui.launchpad.board_page import BoardPage
from ginesys_sync.ui.launchpad.control_page import ATTENTION, BLOCKED, LOG
from ginesys_sync.ui.launchpad.record_actions import RecordActions
from ginesys_sync.ui.launchpad.send_again_dialog import SendAgainDialog
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.widgets.ask import Question
from ginesys_sync.ui.widgets.deed import DeedDialog
from tests.support.board_lines import board_line
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos
from tests.ui.stepping_in import board_menu, desk_of, dialog_of, foot, give, section
from tests.ui.test_nothing_is_cut import cut, shrink

# --- one store ---


def test_a_store_is_blocked_from_its_menu_with_a_reason_and_it_is_said(launchpad: Opens) -> None:
    window = launchpad()
    board_menu(window, "Block...")
    dialog = dialog_of(window)
    assert "Block S001?" in offscreen.words(dialog)
    assert "It goes on selling, and its bills are kept there." in dialog.text.text()
    assert not dialog.yes.isEnabled() and dialog.reason.hasFocus()
    assert dialog.hint.text() == "Say why; it is noted with your name."
    give(dialog, "stock taking", "Block")
    offscreen.until(lambda: foot(window) != "")
    assert desk_of(window).deeds == [("block", Target(BlockKind.SITE, "S001"), "stock taking")]
    assert foot(window) == "Block: done. It goes with the next sync."


def test_enter_in_the_reason_does_it_and_escape_never_does(launchpad: Opens) -> None:
    window = launchpad()
    board_menu(window, "Block...")
    dialog = dialog_of(window)
    QTest.keyClick(dialog.reason, Qt.Key.Key_Return)
    assert not dialog.isVisible(), "Enter without a reason leaves things as they are"
    board_menu(window, "Block...")
    dialog = dialog_of(window)
    QTest.keyClicks(dialog.reason, "why")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible() and desk_of(window).deeds == []
    board_menu(window, "Block...")
    dialog = dialog_of(window)
    QTest.keyClicks(dialog.reason, "why")
    QTest.keyClick(dialog.reason, Qt.Key.Key_Return)
    offscreen.until(lambda: len(desk_of(window).deeds) == 1)


def test_what_cannot_be_is_greyed_in_the_menu(launchpad: Opens) -> None:
    window = launchpad()
    page = offscreen.show_tab(window, "Sites")
    assert isinstance(page, BoardPage)

    def can(state: str) -> set[str]:
        line = board_line("S050", state=state)
        actions = page.menu_of(line).actions()
        deeds = ("Send Again...", "Reload...", "Block...", "Unblock...")
        return {one.text() for one in actions if one.isEnabled() and one.text() in deeds}

    assert can("active") == {"Send Again...", "Reload...", "Block..."}
    assert can("blocked") == {"Send Again...", "Unblock..."}
    assert can("invited") == can("closed") == set()


def test_reload_says_what_will_happen_and_asks(launchpad: Opens) -> None:
    window = launchpad()
    board_menu(window, "Reload...", row=1)
    dialog = dialog_of(window)
    assert "what head office does not have is deleted there" in dialog.text.text()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert desk_of(window).deeds == [], "Enter alone reloads nothing"
    board_menu(window, "Reload...", row=1)
    give(dialog_of(window), "its disk was changed", "Reload")
    offscreen.until(lambda: desk_of(window).deeds == [("reload", "S002", "its disk was changed")])


def test_while_it_takes_its_time_it_says_so_and_does_not_close(launchpad: Opens) -> None:
    window = launchpad()
    board_menu(window, "Block...")
    dialog, desk = dialog_of(window), desk_of(window)
    desk.gate.clear()
    give(dialog, "stock taking", "Block")
    assert dialog.hint.text() == "Calling the Web Database…"
    assert not dialog.yes.isEnabled() and not dialog.reason.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    desk.gate.set()
    offscreen.until(lambda: foot(window) != "")
    assert len(desk.deeds) == 1


def test_a_fault_is_told_and_the_question_stands_as_it_was(launchpad: Opens) -> None:
    window = launchpad()
    desk_of(window).deed_fault = Unreachable("The Web Database did not answer.")
    board_menu(window, "Block...")
    dialog = dialog_of(window)
    give(dialog, "stock taking", "Block")
    offscreen.until(lambda: dialog.findChild(Question) is not None)
    told = dialog.findChild(Question)
    assert told is not None
    assert "The Web Database did not answer." in offscreen.words(told)
    offscreen.press(offscreen.button(told, "OK"))
    assert dialog.isVisible() and dialog.reason.text() == "stock taking"
    assert dialog.yes.isEnabled() and foot(window) == ""
    dialog.reject()


# --- what is blocked ---


def test_what_is_blocked_is_listed_with_why_who_and_what_waits(launchpad: Opens) -> None:
    page = section(launchpad(StagedDesk().with_blocks()), BLOCKED)
    rows = offscreen.rows(page.blocked.table)
    assert [(row["What"], row["Who"], row["Waiting"]) for row in rows] == [
        ("Item 85123A", "asha", "1"),
        ("Channel Prices", "asha", "1,243"),
        ("All users", "ravi", "–"),
        ("Store S014", "ravi", "412"),
    ]
    assert rows[0]["Why"] == "Wrong bar code on the label"
    assert page.blocked.title.text() == "4 things are held back."


def test_what_is_blocked_is_let_go_after_a_question(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().with_blocks())
    page = section(window, BLOCKED).blocked
    assert not page.unblock.isEnabled(), "nothing is chosen yet"
    page.table.selectRow(1)
    offscreen.press(page.unblock)
    assert page.deed is not None
    assert page.deed.text.text() == "1,243 records wait behind it. The next sync lets them go."
    offscreen.press(offscreen.button(page.deed, "Keep Blocked"))
    assert desk_of(window).deeds == []
    offscreen.press(page.unblock)
    give(page.deed, "checked", "Unblock")
    offscreen.until(lambda: len(page.model.rows) == 3)
    assert desk_of(window).deeds == [("unblock", Target(BlockKind.CHANNEL, "pricing"), "checked")]
    assert page.said.isVisible() and page.said.words.text().startswith("Unblock: done.")


def test_with_nothing_blocked_the_page_says_so_and_leads_on(launchpad: Opens) -> None:
    window = launchpad()
    page = section(window, BLOCKED).blocked
    assert page.faces.face == "empty" and not page.unblock.isVisible()
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.deed is not None)
    assert isinstance(page.deed, BlockDialog)
    page.deed.reject()


@pytest.mark.parametrize(
    ("what", "which", "key", "target"),
    [
        (0, "Prices", "", Target(BlockKind.CHANNEL, "pricing")),
        (1, "Users", "", Target(BlockKind.ENTITY, "users")),
        (2, "Items", "85123A", Target(BlockKind.RECORD, "items", "85123A")),
    ],
    ids=["channel", "kind", "record"],
)
def test_a_channel_a_kind_and_a_record_are_blocked_with_a_reason(
    launchpad: Opens, what: int, which: str, key: str, target: Target
) -> None:
    window = launchpad()
    page = section(window, BLOCKED).blocked
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.deed is not None)
    dialog = page.deed
    assert isinstance(dialog, BlockDialog)
    dialog.what.setCurrentIndex(what)
    dialog.name.setCurrentText(which)
    if key:
        QTest.keyClicks(dialog.reason, "too soon")
        assert not dialog.yes.isEnabled()
        assert dialog.hint.text() == "Say which record: its key, as the lists show it."
        dialog.reason.clear()
        QTest.keyClicks(dialog.key, key)
    give(dialog, "not checked", "Block")
    offscreen.until(lambda: desk_of(window).deeds == [("block", target, "not checked")])
    offscreen.until(lambda: page.faces.face == "normal")


def test_only_what_head_office_sends_can_be_blocked(launchpad: Opens) -> None:
    window = launchpad()
    page = section(window, BLOCKED).blocked
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.deed is not None)
    dialog = page.deed
    assert isinstance(dialog, BlockDialog)
    for what in (0, 1, 2):
        dialog.what.setCurrentIndex(what)
        names = {dialog.name.itemText(row) for row in range(dialog.name.count())}
        assert names and not names & {"Sales", "Bills"}
    dialog.reject()


def test_the_log_tells_who_did_what_to_what_and_why(launchpad: Opens) -> None:
    page = section(launchpad(StagedDesk().with_blocks()), LOG)
    row = offscreen.rows(page.log.table)[2]
    assert (row["Who"], row["Did"], row["To what"], row["Why"]) == (
        "asha",
        "They stay",
        "items at S003",
        "our own range",
    )


@pytest.mark.parametrize("name", [BLOCKED, ATTENTION, LOG])
def test_a_section_that_cannot_be_read_says_why_and_comes_back(launchpad: Opens, name: str) -> None:
    desk = StagedDesk().with_blocks()
    window = launchpad(desk)
    desk.fault = Unreachable("The database is locked.")
    page = section(window, name)
    face = {BLOCKED: page.blocked, ATTENTION: page.attention, LOG: page.log}[name].faces
    offscreen.until(lambda: face.face == "problem")
    desk.fault = None
    offscreen.press(face.notice.action)
    offscreen.until(lambda: face.face in ("normal", "empty"))


# --- the record that Where is it? has found ---


def found(window: LaunchpadWindow, code: str) -> RecordActions:
    window.show_where()
    assert window.where is not None
    where = window.where
    QTest.keyClicks(where.search, code)
    offscreen.until(lambda: not where._pause.isActive())
    offscreen.settle(window)
    acts = where.pane.acts
    assert isinstance(acts, RecordActions)
    return acts


def test_a_found_record_is_blocked_and_let_go(launchpad: Opens) -> None:
    window = launchpad()
    acts = found(window, "heart")
    assert acts.block.isVisible() and acts.block.isEnabled() and not acts.unblock.isVisible()
    offscreen.press(acts.block)
    assert acts.deed is not None and acts.deed.title.text() == "Block item 85123A?"
    give(acts.deed, "wrong label", "Block")
    offscreen.until(acts.unblock.isVisible)
    target = Target(BlockKind.RECORD, "items", "85123A")
    assert desk_of(window).deeds == [("block", target, "wrong label")]
    assert acts.why.text() == "Blocked by asha: wrong label"
    assert acts.said.words.text().startswith("Block: done.")
    offscreen.press(acts.unblock)
    give(acts.deed, "", "Unblock")
    offscreen.until(acts.block.isVisible)
    assert desk_of(window).deeds[1:] == [("unblock", target, "")]
    acts.window().close()


def test_a_found_record_is_sent_again_in_the_place_of_the_search(launchpad: Opens) -> None:
    window = launchpad()
    acts = found(window, "heart")
    offscreen.press(acts.again)
    offscreen.settle(window)
    assert window.where is not None and not window.where.isVisible()
    dialog = dialog_of(window)
    assert isinstance(dialog, SendAgainDialog)
    assert dialog.wanted("") == AgainWanted("items", "85123A", None, None, "")
    dialog.reject()


def test_what_the_stores_send_is_greyed_there_with_the_reason(launchpad: Opens) -> None:
    acts = found(launchpad(), "S001 / 17")
    assert not acts.block.isEnabled() and not acts.again.isEnabled()
    assert acts.why.text() == "Bills come from the stores."
    acts.window().close()


def test_a_store_can_do_nothing_of_it(pos: OpensPos) -> None:
    window = pos()
    window.show_where()
    assert window.where is not None
    assert not isinstance(window.where.pane.acts, RecordActions)
    assert not {"Block...", "Send Again..."} & set(offscreen.words(window.where))
    window.where.reject()


# --- help, and room ---


def test_f1_explains_control_and_its_questions(launchpad: Opens) -> None:
    window = launchpad()
    for name, page in ((BLOCKED, "control"), (ATTENTION, "needs-attention"), (LOG, "control")):
        section(window, name)
        window.show_help()
        assert window.help is not None and window.help.page is not None
        assert window.help.page.name == page
        window.help.reject()
    board_menu(window, "Reload...")
    dialog = dialog_of(window)
    dialog.activateWindow()
    offscreen.until(dialog.isActiveWindow)
    QTest.keyClick(dialog, Qt.Key.Key_F1)
    assert window.help is not None and window.help.page is not None
    assert window.help.page.name == "control"
    window.help.reject()
    dialog.reject()


@pytest.mark.parametrize("name", [BLOCKED, ATTENTION, LOG])
def test_every_section_has_room_at_the_smallest_size(launchpad: Opens, name: str) -> None:
    window = launchpad(StagedDesk().with_blocks().needing_attention())
    shrink(window)
    page = section(window, name)
    if name != LOG:
        pane = page.blocked if name == BLOCKED else page.attention
        pane.table.selectRow(0)
    offscreen.turn(20)
    assert not cut(window)


@pytest.mark.parametrize("entry", ["Block...", "Reload...", "Send Again..."])
def test_every_question_has_room(launchpad: Opens, entry: str) -> None:
    window = launchpad()
    shrink(window)
    board_menu(window, entry)
    dialog = dialog_of(window)
    offscreen.turn(20)
    assert not cut(dialog)
    assert dialog.height() <= 480
    dialog.reject()


def test_a_window_starts_without_control(tmp_path: Path) -> None:
    told = (
        "import sys; from ginesys_sync.ui import offscreen; "
        "from tests.support.staged_desk import StagedDesk; "
        "offscreen.close(offscreen.open_launchpad(StagedDesk())); "
        "print(sorted(name for name in sys.modules if name.rpartition('.')[2] in "
        "('control_acts', 'control_page', 'deed', 'preview_dialog', 'send_again_dialog')))"
    )
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def _tabbed(dialog: DeedDialog, times: int) -> list[QWidget | None]:
    """Where Tab leads, from where one stands."""
    dialog.activateWindow()
    offscreen.until(dialog.isActiveWindow)
    found = [QApplication.focusWidget()]
    for _ in range(times):
        QTest.keyClick(found[-1], Qt.Key.Key_Tab)
        found.append(QApplication.focusWidget())
    return found


def test_tab_goes_through_a_question_from_top_to_bottom(launchpad: Opens) -> None:
    window = launchpad()
    page = section(window, BLOCKED).blocked
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.deed is not None)
    dialog = page.deed
    assert isinstance(dialog, BlockDialog)
    assert _tabbed(dialog, 3) == [dialog.what, dialog.name, dialog.reason, dialog.no]
    dialog.reject()
    board_menu(window, "Send Again...")
    again = dialog_of(window)
    assert isinstance(again, SendAgainDialog)
    again.key.setText("85123A")
    chooser = again.chooser
    met = [one for one in _tabbed(again, 12) if not isinstance(one, QRadioButton)]
    way = [again.kind, again.key, chooser.search, chooser.table]
    assert met[:7] == [*way, again.reason, again.yes, again.no]
    again.reject()
