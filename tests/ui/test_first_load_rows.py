"""A store that joined late sees what its first load brought, and can look into it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QModelIndex
from pytestqt.qtbot import QtBot

from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.pos.window import PosWindow
from ginesys_sync.ui.starting import application
from ginesys_sync.ui.widgets.columns import Role
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from tests.support.retail_chain import HO, RetailChain, retail_template, settled, settled_template

pytestmark = pytest.mark.long

__all__ = ["retail_template", "settled", "settled_template"]

LATE = "S003"


@pytest.fixture
def late(qtbot: QtBot, settled: RetailChain) -> Iterator[PosWindow]:
    """The window of a store that joined late and has taken its first load."""
    settled.join(LATE)
    settled.sync(LATE)
    settled.done(HO)
    settled.done(LATE)
    application("light")
    desk = HomeDesk(settled.home(LATE))
    window = offscreen.open_pos(desk, settled.home(LATE))
    yield window
    offscreen.close(window)
    window.deleteLater()
    desk.close()


def received(window: PosWindow) -> ExchangePage:
    page = offscreen.show_tab(window, "Received Data")
    assert isinstance(page, ExchangePage)
    return page


def row_of(page: ExchangePage, above: QModelIndex, words: str) -> QModelIndex:
    found = [page.model.index(n, 0, above) for n in range(page.model.rowCount(above))]
    return next(index for index in found if str(index.data()).endswith(words))


def opened(window: PosWindow, page: ExchangePage, words: str) -> tuple[QModelIndex, list[str]]:
    """The row of a first load, opened, and the lines below it."""
    run = page.model.index(0, 0)
    page.tree.expand(run)
    offscreen.settle(window)
    index = row_of(page, run, words)
    page.tree.expand(index)
    offscreen.settle(window)
    below = [page.model.index(n, 0, index) for n in range(page.model.rowCount(index))]
    return index, [str(line.data()) for line in below]


def test_its_rows_stand_under_the_sync_that_took_it(late: PosWindow, settled: RetailChain) -> None:
    page = received(late)
    assert "Sync: first load (" in str(page.model.index(0, 0).data())
    offscreen.open_everything(late, page)
    lines = [line for line in offscreen.rows(page.tree) if line["What"].startswith("First load: ")]
    items = settled.scalar(HO, "SELECT count(*) FROM item")
    (found,) = [line for line in lines if line["What"] == f"First load: {items} items"]
    assert (found["Status"], found["From"], found["Records"]) == ("PROCESSED", HO, str(items))
    assert found["Batch"] == "Items" and found["Received"] == "just now"
    assert len(lines) > 5 and {line["Status"] for line in lines} == {"PROCESSED"}


def test_a_row_opens_to_the_records_that_came(late: PosWindow, settled: RetailChain) -> None:
    page = received(late)
    items = settled.scalar(HO, "SELECT count(*) FROM item")
    index, lines = opened(late, page, f" {items} items")
    code, name = settled.sql(HO, "SELECT code, name FROM item ORDER BY code LIMIT 1")[0]
    assert lines[0] == f"{name}  ({code})"
    while str((last := page.model.index(len(lines) - 1, 0, index)).data()).startswith("Show more"):
        page.model.open_more(last)
        offscreen.settle(late)
        lines = [""] * page.model.rowCount(index)
    assert len(lines) == items


def test_a_row_whose_contents_are_gone_says_so_and_leaves_the_page_alone(
    late: PosWindow, settled: RetailChain
) -> None:
    shutil.rmtree(settled.home(LATE) / "inbox")
    page = received(late)
    items = settled.scalar(HO, "SELECT count(*) FROM item")
    index, lines = opened(late, page, f" {items} items")
    why = "The contents of this first load are no longer kept here."
    assert len(lines) == 1 and lines[0].startswith(why)
    assert page.model.index(0, 0, index).data(Role.HEADING).words == lines[0]
    assert page.faces.face == "normal"
    assert not page.model.hasChildren(page.model.index(0, 0, index))
    page.refresh()
    offscreen.settle(late)
    assert page.model.rowCount(index) == 1


def test_what_is_open_stays_open_when_news_come(late: PosWindow, settled: RetailChain) -> None:
    page = received(late)
    items = settled.scalar(HO, "SELECT count(*) FROM item")
    _, lines = opened(late, page, f" {items} items")
    before = offscreen.rows(page.tree)
    page.refresh()
    offscreen.settle(late)
    again = row_of(page, page.model.index(0, 0), f" {items} items")
    assert page.tree.isExpanded(again) and page.model.rowCount(again) == len(lines)
    assert [line["What"] for line in offscreen.rows(page.tree)] == [x["What"] for x in before]
