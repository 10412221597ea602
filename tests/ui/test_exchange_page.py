"""*Sent Data* and *Received Data*: groups that open, pages that follow, filters, sorting, export,
four faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ginesys_sync.core.errors import DatabaseUnusable
from ginesys_sync.core.status import Status
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.columns import Role
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.grid import HeadedTree
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos


def sent(window: LaunchpadWindow) -> ExchangePage:
    page = offscreen.show_tab(window, "Sent Data")
    assert isinstance(page, ExchangePage)
    return page


def test_runs_open_to_batches_and_batches_to_records(launchpad: Opens) -> None:
    window = launchpad()
    page = sent(window)
    first = offscreen.rows(page.tree)[0]
    assert first["What"].endswith("Sync Selective to S001, S002: 81 prices")
    assert first["Status"] == "UPLOADED"
    offscreen.open_everything(window, page, levels=2)
    lines = offscreen.rows(page.tree)
    assert (lines[1]["What"], lines[1]["To"], lines[1]["Records"]) == ("81 prices", "S001", "81")
    assert lines[2]["What"] == "Price of 85000A  (85000A / 2026-11-01)"
    assert lines[7]["Status"] == "Deleted"


def cut_lines(page: ExchangePage) -> list[str]:
    """What is written under *What* and has less room than it needs."""
    found = []
    tree, model = page.tree, page.model
    index = tree.indexAt(QPoint(4, 4)).siblingAtColumn(0)
    while index.isValid() and tree.visualRect(index).isValid():
        heading = index.data(Role.HEADING)
        last = 0 if heading is None else heading.columns - 1
        right = tree.columnViewportPosition(last) + tree.columnWidth(last)
        is_strong = heading is not None and heading.is_strong
        weight = tokens.WEIGHT_MEDIUM if is_strong else tokens.WEIGHT_REGULAR
        font = theme.text_font(weight=weight)
        words = str(model.columns[0].text(model.node(index).line))
        room = right - tree.visualRect(index).left() - 2 * tokens.SPACE_2
        if QFontMetrics(font).horizontalAdvance(words) > room:
            found.append(words)
        index = tree.indexBelow(index)
    return found


@pytest.mark.parametrize("title", ["Sent Data", "Received Data"])
def test_no_line_is_cut_at_the_size_a_window_opens_at(
    launchpad: Opens, pos: OpensPos, title: str
) -> None:
    for window in (launchpad(), pos()):
        page = offscreen.show_tab(window, title)
        assert isinstance(page, ExchangePage)
        offscreen.open_everything(window, page)
        assert page.tree.indexAt(QPoint(4, 4)).isValid()
        assert cut_lines(page) == []


def test_an_acknowledgement_holds_no_records(pos: OpensPos) -> None:
    window = pos()
    page = offscreen.show_tab(window, "Received Data")
    assert isinstance(page, ExchangePage)
    offscreen.open_everything(window, page)
    found = [row for row in offscreen.rows(page.tree) if row["What"].startswith("Acknowledgement")]
    assert found and {row["Records"] for row in found} == {""}


def test_a_mixed_run_shows_what_is_furthest_behind(launchpad: Opens) -> None:
    page = sent(launchpad())
    page.tree.collapse(page.model.index(0, 0))
    assert offscreen.rows(page.tree)[1]["Status"] == "UPLOADED  2 of 3, 1 needs attention"
    tip = page.model.index(1, 4).data(Qt.ItemDataRole.ToolTipRole)
    assert "1 PROCESSED" in tip and "2 UPLOADED" in tip


def test_a_batch_without_end_shows_more_when_asked(launchpad: Opens) -> None:
    window = launchpad()
    page = sent(window)
    run = page.model.index(0, 0)
    page.tree.expand(run)
    offscreen.settle(window)
    batch = page.model.index(0, 0, run)
    page.tree.expand(batch)
    offscreen.settle(window)
    assert page.model.rowCount(batch) == 51
    more = page.model.index(50, 0, batch)
    assert more.data() == "Show more (50 shown)"
    page.tree.scrollTo(more)
    place = page.tree.visualRect(more).center()
    QTest.mouseClick(page.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    offscreen.settle(window)
    assert page.model.rowCount(batch) == 130


def test_further_runs_come_as_one_scrolls(qtbot: QtBot, launchpad: Opens) -> None:
    desk = StagedDesk()
    desk.sent = [replace(row, batch=no) for no in range(10) for row in desk.sent]
    window = launchpad(desk)
    page = sent(window)
    page.grouped.click()
    offscreen.settle(window)
    whole = len(desk.sent)
    assert page.model.rowCount() < whole / 4
    bar = page.tree.verticalScrollBar()

    def scrolled_to_the_end() -> bool:
        bar.setValue(bar.maximum())
        return page.model.rowCount() == whole

    qtbot.waitUntil(scrolled_to_the_end)


def test_filters_reach_the_desk_and_can_be_cleared(launchpad: Opens) -> None:
    window = launchpad()
    page = sent(window)
    filters = page.filters
    filters.site.setCurrentIndex(filters.site.findText("S002"))
    filters.status.setCurrentIndex(filters.status.findData(Status.UPLOADED))
    filters.period.setCurrentText("Last 7 days")
    QTest.keyClicks(filters.text, "prices")
    offscreen.until(lambda: page.model.rowCount() == 2, what="two runs")
    assert page.model.wanted.site == "S002" and page.model.wanted.text == "prices"
    assert page.model.wanted.since is not None
    offscreen.press(filters.clear)
    offscreen.until(lambda: page.model.rowCount() == 41, what="all runs")
    assert not filters.clear.isVisible()


def test_the_filter_of_sites_follows_the_chain(launchpad: Opens) -> None:
    window = launchpad()
    page = sent(window)
    filters = page.filters
    filters.offer_sites(["S", "S0", "S001", "S0011"])
    filters.site.setCurrentIndex(filters.site.findText("S0"))
    offscreen.until(lambda: page.model.wanted.site == "S0", what="one site's rows")
    filters.offer_sites(["S001", "S0", "S0011"])
    assert filters.wanted().site == "S0" and filters.clear.isVisible()
    filters.offer_sites(["S001", "S0011"])
    assert filters.wanted().site == ""
    offscreen.until(lambda: page.model.wanted.site == "", what="the rows of all sites")
    assert not filters.clear.isVisible()


def test_typing_asks_the_desk_once_and_not_for_each_letter(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    page = sent(window)
    page.grouped.click()
    offscreen.settle(window)
    before = len(desk.sent_questions)
    QTest.keyClicks(page.filters.text, "80 prices")
    offscreen.until(lambda: page.model.rowCount() == 2, what="the found rows")
    assert len(desk.sent_questions) - before <= 2


def test_nothing_found_offers_to_clear_the_filters(launchpad: Opens) -> None:
    page = sent(launchpad())
    QTest.keyClicks(page.filters.text, "umbrellas")
    offscreen.until(lambda: page.faces.face == "empty", what="the empty face")
    assert "Nothing fits these filters." in offscreen.words(page)
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.faces.face == "normal", what="the rows")


def test_a_click_on_a_heading_sorts_all_rows(launchpad: Opens) -> None:
    window = launchpad()
    page = sent(window)
    header = page.tree.header()
    x = header.sectionViewportPosition(2) + 20
    for wanted in ("-records", "records"):
        place = QPoint(x, header.height() // 2)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
        offscreen.settle(window)
        assert page.model.wanted.sort == wanted
    assert not page.grouped.isChecked()
    offscreen.press(page.grouped)
    offscreen.settle(window)
    assert page.model.wanted.sort == "" and page.model.rowCount() == 41


def test_the_grid_is_exported_as_it_is_filtered(
    launchpad: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sent(launchpad())
    QTest.keyClicks(page.filters.text, "user")
    offscreen.until(lambda: page.model.rowCount() == 8, what="the users")
    path = tmp_path / "sent.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    offscreen.press(page.foot.export)
    offscreen.until(lambda: path.name in page.foot.said.text() and path.exists(), what="the file")
    offscreen.until(lambda: "8 rows written to" in page.foot.said.text(), what="the count")


def test_a_refresh_keeps_what_is_open_and_brings_the_news(qtbot: QtBot, launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    page = sent(window)
    page.tree.expand(page.model.index(0, 0))
    offscreen.settle(window)
    newest = desk.sent[0]
    changed = [replace(row, status=Status.PROCESSED) if row.run == 41 else row for row in desk.sent]
    fresh = replace(newest, run=42, batch=42)
    desk.sent = [fresh, *changed]
    desk.change(headline="News.")
    qtbot.waitUntil(lambda: page.model.rowCount() == 42)
    offscreen.settle(window)
    second = page.model.index(1, 0)
    assert page.tree.isExpanded(second)
    assert not page.tree.isExpanded(page.model.index(0, 0))
    qtbot.waitUntil(lambda: page.model.index(0, 4, second).data() == "PROCESSED")


def test_the_four_faces(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    desk.gate.clear()
    page = window.tabs.go("Sent Data")
    assert isinstance(page, ExchangePage)
    assert page.faces.face == "loading"
    desk.gate.set()
    offscreen.until(lambda: page.faces.face == "normal", what="the rows")
    desk.grid_fault = DatabaseUnusable("The database cannot be read.", "Check the disk.", "E123")
    page.look()
    offscreen.until(lambda: page.faces.face == "problem", what="the problem")
    seen = offscreen.words(page)
    assert "The database cannot be read." in seen and "Check the disk." in seen
    assert {"Try again", "Copy details"} <= set(seen)
    desk.grid_fault = None
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.faces.face == "normal", what="the rows again")


def test_nothing_sent_yet_says_so_and_leads_to_the_sync(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().first_run())
    page = sent(window)
    assert page.faces.face == "empty"
    assert "Nothing was sent yet." in offscreen.words(page)
    offscreen.press(page.faces.notice.action)
    assert window.tabs.current() is window.data_sync


def test_a_store_has_no_site_column_and_no_site_filter(pos: OpensPos) -> None:
    window = pos()
    page = offscreen.show_tab(window, "Sent Data")
    assert isinstance(page, ExchangePage)
    assert page.tree.isColumnHidden(1)
    assert not page.filters.site.isVisible()


def test_a_store_that_has_sent_nothing_is_told_of_head_office_alone(pos: OpensPos) -> None:
    window = pos(StagedDesk(is_ho=False).first_run())
    page = offscreen.show_tab(window, "Sent Data")
    assert "Each sync puts what it sent here, with how far head office has got." in (
        offscreen.words(page)
    )


def test_an_acknowledgement_is_a_row_of_its_own(launchpad: Opens) -> None:
    window = launchpad()
    lines = offscreen.read_grid(window, "Received Data")
    found = [line for line in lines if line["What"].startswith("Acknowledgement of")]
    assert found and found[0]["Status"] == "PROCESSED"


def test_numbers_stand_right_and_titles_run_over_columns(launchpad: Opens) -> None:
    page = sent(launchpad())
    assert isinstance(page.tree, HeadedTree)
    index = page.model.index(0, 2)
    assert index.data(Qt.ItemDataRole.TextAlignmentRole) & int(Qt.AlignmentFlag.AlignRight)
    assert page.model.index(0, 0).data(Role.HEADING).columns == 4


def test_the_newest_sync_is_open_when_the_page_is_and_shows_its_times(launchpad: Opens) -> None:
    window = launchpad()
    page = sent(window)
    offscreen.settle(window)
    newest = page.model.index(0, 0)
    assert page.tree.isExpanded(newest)
    assert not page.tree.isExpanded(page.model.index(1, 0))
    titles = [column.title for column in page.model.columns]
    assert page.model.index(0, titles.index("Uploaded")).data().endswith("ago")
    assert page.model.index(0, titles.index("Processed")).data() == ""
    page.tree.collapse(newest)
    page.refresh()
    offscreen.settle(window)
    assert not page.tree.isExpanded(newest)


def test_a_stores_grid_shows_all_its_columns_without_scrolling_sideways(pos: OpensPos) -> None:
    window = pos()
    page = offscreen.show_tab(window, "Sent Data")
    assert isinstance(page, ExchangePage)
    offscreen.settle(window)
    assert page.tree.horizontalScrollBar().maximum() == 0
