"""A window comes back as it was left: its tab, and the columns that a person drew."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtTest import QTest

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.memory import opens_at
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos


@pytest.mark.parametrize(
    ("screen", "opens"),
    [
        pytest.param((1920, 1040), (1200, 740), id="1920 by 1080 at 100 %"),
        pytest.param((1280, 680), (1200, 648), id="at 150 %"),
        pytest.param((960, 540), (960, 508), id="at 200 %"),
    ],
)
def test_a_window_opens_no_larger_than_its_screen(
    screen: tuple[int, int], opens: tuple[int, int]
) -> None:
    assert opens_at(QSize(*screen)) == QSize(*opens)


def draw(page: ExchangePage, place: int, wider: int) -> None:
    """Draw the right edge of a column with the mouse."""
    header = page.tree.header()
    edge = QPoint(
        header.sectionViewportPosition(place) + header.sectionSize(place) - 2, header.height() // 2
    )
    QTest.mousePress(header.viewport(), Qt.MouseButton.LeftButton, pos=edge)
    for step in range(1, 5):
        QTest.mouseMove(header.viewport(), edge + QPoint(wider * step // 4, 0))
    QTest.mouseRelease(header.viewport(), Qt.MouseButton.LeftButton, pos=edge + QPoint(wider, 0))


def sent(window: object) -> ExchangePage:
    page = offscreen.show_tab(window, "Sent Data")  # type: ignore[arg-type]
    assert isinstance(page, ExchangePage)
    return page


def test_the_tab_and_drawn_columns_come_back(launchpad: Opens, tmp_path: Path) -> None:
    window = launchpad(StagedDesk(), tmp_path)
    page = sent(window)
    before = [page.tree.columnWidth(place) for place in range(3)]
    draw(page, 1, 40)
    assert page.tree.columnWidth(1) == before[1] + 40
    offscreen.close(window)
    again = launchpad(StagedDesk(), tmp_path)
    assert again.tabs.tabText(again.tabs.currentIndex()) == "Sent Data"
    page = sent(again)
    assert page.tree.columnWidth(1) == before[1] + 40
    assert page.tree.columnWidth(2) == before[2], "what was not drawn stays"


def test_what_is_wrong_is_still_what_a_window_opens_on(launchpad: Opens, tmp_path: Path) -> None:
    window = launchpad(StagedDesk(), tmp_path)
    sent(window)
    offscreen.close(window)
    again = launchpad(StagedDesk().something_wrong(), tmp_path)
    assert again.tabs.tabText(again.tabs.currentIndex()) == "Sites"


def test_a_store_opens_on_the_tab_it_was_closed_on(pos: OpensPos, tmp_path: Path) -> None:
    window = pos(StagedDesk(is_ho=False), tmp_path)
    offscreen.show_tab(window, "Runs")
    offscreen.close(window)
    again = pos(StagedDesk(is_ho=False), tmp_path)
    tabs = again.exchange.tabs
    assert tabs.tabText(tabs.currentIndex()) == "Runs"


def test_a_spoilt_file_is_as_good_as_none(launchpad: Opens, tmp_path: Path) -> None:
    (tmp_path / "ui.ini").write_text(
        "[Launchpad]\ntab=Nowhere\ngeometry=nonsense\ncolumns\\Sent_Data={{\n"
    )
    window = launchpad(StagedDesk(), tmp_path)
    assert window.tabs.current() is window.data_sync
    assert sent(window).model.rowCount() > 0
