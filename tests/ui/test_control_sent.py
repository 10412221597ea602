"""Rows of *Sent Data* taken back and sent again, with the reason where that cannot be."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTreeView

from ginesys_sync.core.status import Status
from ginesys_sync.services.control_views import AgainWanted
from ginesys_sync.services.views import BatchRow
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.send_again_dialog import SendAgainDialog
from ginesys_sync.ui.launchpad.sent_actions import SentActions
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.launchpad.withdraw_dialog import WithdrawDialog, why_it_stays
from ginesys_sync.ui.widgets import theme
from ginesys_sync.ui.widgets.ask import Question
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from tests.support import staged_data as data
from tests.support.staged_control import HEARD
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos
from tests.ui.stepping_in import board_menu, desk_of, dialog_of, foot, give


def sent(window: LaunchpadWindow, row: int = 0) -> tuple[ExchangePage, SentActions]:
    """Click a batch of the newest sync in Sent Data."""
    page = offscreen.show_tab(window, "Sent Data")
    assert isinstance(page, ExchangePage)
    index = page.model.index(row, 4, page.model.index(0, 0))
    place = page.tree.visualRect(index).center()
    QTest.mouseClick(page.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    actions = page.foot.findChild(SentActions)
    assert actions is not None
    return page, actions


def test_the_chosen_row_of_the_tree_is_seen(launchpad: Opens) -> None:
    page, _ = sent(launchpad())
    image = page.tree.viewport().grab().toImage()
    index = page.model.index(0, 0, page.model.index(0, 0))
    row = page.tree.visualRect(index)
    at = page.tree.columnViewportPosition(6) + 4
    assert image.pixelColor(at, row.center().y()) == theme.colour("selection")


def test_a_batch_is_withdrawn_from_all_stores_or_from_one_with_a_reason(launchpad: Opens) -> None:
    window = launchpad()
    _, actions = sent(window)
    offscreen.press(actions.withdraw)
    dialog = dialog_of(window)
    assert "Batch 41 of Prices is taken back" in dialog.text.text()
    give(dialog, "half the price", "Withdraw")
    desk = desk_of(window)
    first = ("withdraw", "HO/pricing", 41, None, "half the price")
    offscreen.until(lambda: desk.deeds == [first])
    offscreen.press(actions.withdraw)
    dialog = dialog_of(window)
    assert isinstance(dialog, WithdrawDialog)
    offscreen.press(dialog.one)
    give(dialog, "not for Leeds", "Withdraw")
    offscreen.until(lambda: desk.deeds[1:] == [(*first[:3], ("S001",), "not for Leeds")])


def test_a_store_that_has_heard_of_it_is_named_and_another_answer_can_be_given(
    launchpad: Opens,
) -> None:
    window = launchpad()
    desk_of(window).deed_fault = HEARD
    _, actions = sent(window)
    offscreen.press(actions.withdraw)
    dialog = dialog_of(window)
    assert isinstance(dialog, WithdrawDialog)
    give(dialog, "half the price", "Withdraw")
    offscreen.until(lambda: dialog.findChild(Question) is not None)
    told = dialog.findChild(Question)
    assert told is not None and HEARD.title in offscreen.words(told)
    told.accept()
    desk_of(window).deed_fault = None
    offscreen.press(dialog.one)
    offscreen.press(dialog.yes)
    offscreen.until(lambda: len(desk_of(window).deeds) == 1)


def row_of(status: Status, **more: object) -> BatchRow:
    return data.batch(1, 12, "S001", "42 prices", status, **more)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (None, "Open a sync and choose a batch."),
        (row_of(Status.UPLOADED), ""),
        (row_of(Status.BLOCKED), ""),
        (row_of(Status.WAITING, is_uploaded=True), ""),
        (row_of(Status.WAITING), "It is still here: block its channel to keep it."),
        (row_of(Status.PROCESSED), "S001 has processed it."),
        (row_of(Status.COVERED), "S001 got it with a full load."),
        (row_of(Status.WITHDRAWN), "It is taken back already."),
        (row_of(Status.UPLOADED, batch=None), "A first load stays: reload its store."),
    ],
)
def test_what_cannot_be_withdrawn_is_greyed_with_the_reason(
    line: BatchRow | None, why: str
) -> None:
    found = why_it_stays(line)
    assert found.startswith(why) if why else found == ""


def test_the_reason_stands_beside_the_greyed_button_and_in_the_menu(launchpad: Opens) -> None:
    window = launchpad()
    page, actions = sent(window)
    page.tree.expand(page.model.index(2, 0))
    offscreen.settle(window)
    page.tree.setCurrentIndex(page.model.index(0, 0, page.model.index(2, 0)))
    assert not actions.withdraw.isEnabled() and actions.again.isEnabled()
    assert actions.why.text() == "Cannot be withdrawn: S001 has processed it."
    entries = {one.text(): one.isEnabled() for one in page.tree.actions()}
    assert entries == {
        "Where is it?": False,
        "Withdraw... (S001 has processed it)": False,
        "Send Again...": True,
    }


@pytest.mark.parametrize("is_small", [False, True])
def test_the_reason_stands_in_one_line(launchpad: Opens, is_small: bool) -> None:
    window = launchpad()
    _, actions = sent(window)
    if is_small:
        window.resize(window.minimumSize())
    for status in (Status.WAITING, Status.COVERED, Status.WITHDRAWN, Status.PROCESSED, None):
        load = row_of(Status.UPLOADED, batch=None)
        actions.say_why(load if status is None else row_of(status))
        offscreen.turn(20)
        wide = actions.why.fontMetrics().horizontalAdvance(actions.why.text())
        assert actions.why.text() and wide <= actions.why.width(), actions.why.text()


def test_with_nothing_sent_nothing_is_to_be_chosen(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().first_run())
    page = offscreen.show_tab(window, "Sent Data")
    assert isinstance(page, ExchangePage)
    actions = page.foot.findChild(SentActions)
    assert actions is not None and actions.why.text() == "" and not actions.withdraw.isEnabled()


def test_received_data_and_a_store_offer_nothing_of_it(launchpad: Opens, pos: OpensPos) -> None:
    received = offscreen.show_tab(launchpad(), "Received Data")
    sent_there = offscreen.show_tab(pos(), "Sent Data")
    for page in (received, sent_there):
        assert page.findChild(SentActions) is None
        assert isinstance(page, ExchangePage)
        assert [one.text() for one in page.tree.actions()] == ["Where is it?"]


# --- sending again ---


def again(window: LaunchpadWindow) -> SendAgainDialog:
    board_menu(window, "Send Again...")
    dialog = dialog_of(window)
    assert isinstance(dialog, SendAgainDialog)
    return dialog


def test_what_is_sent_again_is_one_record_a_period_or_a_whole_kind(launchpad: Opens) -> None:
    window = launchpad()
    dialog = again(window)
    assert dialog.chooser.ticked == ("S001",) and not dialog.yes.isEnabled()
    assert dialog.hint.text() == "Say which record: its key, as the lists show it."
    offscreen.press(dialog.whole)
    assert dialog.wanted("") == AgainWanted("items", "", None, ("S001",), "")
    offscreen.press(dialog.period)
    dialog.at.setText("half past")
    assert dialog.hint.text() == "Say since what time of day, as 09:30."
    dialog.at.setText("9.30")
    since = dialog.wanted("").since
    assert since is not None and (since.hour, since.minute) == (9, 30)
    assert since.tzinfo is not None
    dialog.kind.setCurrentText("Users")
    offscreen.press(dialog.whole)
    offscreen.press(dialog.to_all)
    give(dialog, "new roles", "Send Again")
    wanted = AgainWanted("users", "", None, None, "new roles")
    offscreen.until(lambda: desk_of(window).deeds == [("send again", wanted)])
    offscreen.until(lambda: foot(window).startswith("Send again: done."))


def test_stores_are_found_and_ticked_by_keyboard(launchpad: Opens) -> None:
    dialog = again(launchpad())
    offscreen.press(dialog.whole)
    chooser = dialog.chooser
    QTest.keyClick(chooser.search, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(chooser.search, "S012")
    QTest.keyClick(chooser.search, Qt.Key.Key_Down)
    QTest.keyClick(chooser.table, Qt.Key.Key_Space)
    assert chooser.ticked == ("S001", "S012") and chooser.count.text() == "2 of 20 ticked"
    chooser.model.tick(["S001", "S012"], False)
    assert not dialog.yes.isEnabled() and dialog.hint.text() == "Tick at least one store."
    dialog.reject()


def test_a_batch_proposes_its_kind_its_moment_and_its_store(launchpad: Opens) -> None:
    window = launchpad()
    _, actions = sent(window, row=1)
    offscreen.press(actions.again)
    offscreen.settle(window)
    dialog = dialog_of(window)
    assert isinstance(dialog, SendAgainDialog)
    wanted = dialog.wanted("")
    assert (wanted.entity, wanted.sites) == ("prices", ("S002",))
    made = data.ago(minutes=5)
    assert wanted.since is not None and abs((made - wanted.since).total_seconds()) < 90
    dialog.reject()


def _open_first_record(tree: QTreeView, model: QAbstractItemModel) -> QModelIndex:
    batch = model.index(0, 0, model.index(0, 0))
    tree.expand(batch)
    return model.index(0, 0, batch)


def test_a_record_of_a_batch_is_sent_again_by_its_key(launchpad: Opens) -> None:
    window = launchpad()
    page, actions = sent(window)
    _open_first_record(page.tree, page.model)
    offscreen.settle(window)
    page.tree.setCurrentIndex(_open_first_record(page.tree, page.model))
    offscreen.press(actions.again)
    offscreen.settle(window)
    dialog = dialog_of(window)
    assert isinstance(dialog, SendAgainDialog)
    assert dialog.wanted("") == AgainWanted("prices", "85000A / 2026-11-01", None, ("S001",), "")
    dialog.reject()
