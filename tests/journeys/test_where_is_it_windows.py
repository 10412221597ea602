"""Ctrl+K tells the truth at each step of a bill's journey, through real windows at both ends."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.journey_rows import pills
from ginesys_sync.ui.widgets.sync_window import SyncWindow
from ginesys_sync.ui.widgets.where_is_it import WhereIsIt
from tests.journeys.conftest import Windows
from tests.support.retail_chain import HO, S001, RetailChain


def ask(window: SyncWindow, text: str) -> list[str]:
    """What Ctrl+K says of a record, a line a site."""
    window.activateWindow()
    offscreen.until(window.isActiveWindow, what="the window in front")
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.where is not None
    QTest.keyClicks(window.where.search, text)
    return said(window, window.where)


def said(window: SyncWindow, where: WhereIsIt) -> list[str]:
    """What it shows once it has looked."""
    offscreen.until(lambda: not where._pause.isActive(), what="the pause")
    offscreen.settle(window)
    lines = [f"{row.site} {pills(row)[0].word}" for row in where.pane.model.rows]
    shown = where.faces.notice.title.text() if where.faces.face == "empty" else ""
    where.reject()
    return lines or [shown]


def test_ctrl_k_tells_the_truth_at_each_step_of_a_bill(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    made = store.desk.demo_act("Make five bills")
    number = made.partition("the last is ")[2].split()[0].rstrip(".,")
    assert ask(store, number) == ["HO WAITING"]
    assert ask(office, number) == [f"Nothing here is called “{number}”."]
    settled.done(S001)
    assert ask(store, number) == ["HO UPLOADED"]
    settled.done(HO)
    assert ask(office, number) == ["S001 PROCESSED"]
    assert ask(store, number) == ["HO UPLOADED"], "it has not heard of it yet"
    settled.done(S001)
    assert ask(store, number) == ["HO PROCESSED"]


def test_a_record_in_sent_data_leads_to_its_journey(settled: RetailChain, windows: Windows) -> None:
    office = windows.launchpad(settled)
    office.desk.demo_act("Change ten prices")
    settled.done(HO)
    page = offscreen.show_tab(office, "Sent Data")
    assert isinstance(page, ExchangePage)
    offscreen.open_everything(office, page, levels=2)
    run = page.model.index(0, 0)
    record = page.model.index(0, 0, page.model.index(0, 0, run))
    page.tree.setCurrentIndex(record)
    page.tree.actions()[0].trigger()
    where = office.where
    assert where is not None
    assert said(office, where) == ["S001 UPLOADED", "S002 UPLOADED"]
    assert where.pane.title.text().startswith("Price ")


def test_a_row_of_ho_control_leads_to_its_journey(settled: RetailChain, windows: Windows) -> None:
    store = windows.pos(settled, S001)
    for room in ("Item Master", "Item Price Management", "Policies", "Users"):
        offscreen.show_room(store, room)
        page = store.control
        table = page.table  # type: ignore[union-attr]
        table.setCurrentIndex(table.model().index(0, 0))
        table.actions()[0].trigger()
        assert store.where is not None
        assert said(store, store.where) == ["HO PROCESSED"], room
