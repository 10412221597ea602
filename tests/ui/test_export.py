"""*Export CSV*: says how far it is, stops when told to, and ends with its window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ginesys_sync.core.errors import DiskFull
from ginesys_sync.core.status import Status
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.views import ExportProgress
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.starting import application
from ginesys_sync.ui.widgets.ask import Question
from ginesys_sync.ui.widgets.exchange_export import far_words
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from tests.support.retail_chain import HO, RetailChain, retail_template, settled, settled_template
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos
from tests.ui.test_nothing_is_cut import cut, shrink

pytestmark = pytest.mark.long

__all__ = ["retail_template", "settled", "settled_template"]

MANY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, records, gone, rows,
  sha256, size, raw_size, sealed_at, uploaded_at)
SELECT 'HO/made', i, 'e', 1, 'items', a.id, 1, 1, 0, 1, '', 1, 1, '2026-01-01T00:00:00.000Z', NULL
FROM n, sync_audience a WHERE a.name = '*'"""


def page_of(window: LaunchpadWindow, title: str = "Sent Data") -> ExchangePage:
    page = offscreen.show_tab(window, title)
    assert isinstance(page, ExchangePage)
    return page


def held() -> StagedDesk:
    """A desk whose export stays in its middle."""
    desk = StagedDesk()
    desk.export_gate.clear()
    return desk


def begin(page: ExchangePage, path: Path) -> None:
    page.foot.export_to(path)
    offscreen.until(lambda: " of " in page.foot.said.text(), what="the first count")


def test_an_export_shows_how_far_it_is_and_ends_with_the_count(
    launchpad: Opens, tmp_path: Path
) -> None:
    desk, path = held(), tmp_path / "sent.csv"
    page = page_of(launchpad(desk))
    begin(page, path)
    foot, whole = page.foot, len(desk.sent)
    assert foot.said.text() == f"Writing sent.csv: {whole // 2} of {whole} rows"
    assert foot.bar.isVisible() and 490 <= foot.bar.value() <= 500 and foot.bar.maximum() == 1000
    assert foot.stop.isVisible() and not foot.export.isVisible()
    desk.export_gate.set()
    offscreen.until(lambda: not foot.is_writing, what="the end")
    assert foot.said.text() == f"{whole} rows written to {path}."
    assert foot.export.isVisible() and foot.export.isEnabled()
    assert not foot.stop.isVisible() and not foot.bar.isVisible()


def test_news_in_the_grid_do_not_offer_a_second_export(launchpad: Opens, tmp_path: Path) -> None:
    desk = held()
    window = launchpad(desk)
    page = page_of(window)
    begin(page, tmp_path / "sent.csv")
    page.look()
    offscreen.until(lambda: page.faces.face == "normal", what="the rows")
    offscreen.turn(50)
    assert not page.foot.export.isVisible() and page.foot.stop.isEnabled()


def test_stop_ends_it_and_says_that_no_file_was_written(launchpad: Opens, tmp_path: Path) -> None:
    desk = held()
    page = page_of(launchpad(desk))
    begin(page, tmp_path / "sent.csv")
    offscreen.press(offscreen.button(page, "Stop"))
    assert page.foot.said.text() == "Stopping: sent.csv is not written."
    assert not page.foot.stop.isEnabled()
    offscreen.until(lambda: not page.foot.is_writing, what="the end")
    assert page.foot.said.text() == "Export stopped. No file was written."
    assert list(tmp_path.iterdir()) == []
    desk.export_gate.set()
    page.foot.export_to(tmp_path / "sent.csv")
    offscreen.until(lambda: "written to" in page.foot.said.text(), what="the second try")


def test_the_two_grids_export_side_by_side(launchpad: Opens, tmp_path: Path) -> None:
    desk = held()
    window = launchpad(desk)
    sent, received = page_of(window), page_of(window, "Received Data")
    begin(sent, tmp_path / "sent.csv")
    begin(received, tmp_path / "received.csv")
    desk.export_gate.set()
    for page in (sent, received):
        offscreen.until(lambda foot=page.foot: not foot.is_writing, what="both ends")
        assert "written to" in page.foot.said.text()


def test_what_went_wrong_is_told_and_the_next_try_is_offered(
    launchpad: Opens, tmp_path: Path
) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    page = page_of(window)
    desk.grid_fault = DiskFull("There is no room on the disk for sent.csv.", "Free some space.")
    page.foot.export_to(tmp_path / "sent.csv")
    offscreen.until(lambda: not page.foot.is_writing, what="the fault")
    (told,) = [box for box in window.findChildren(Question) if box.isVisible()]
    assert (told.title.text(), told.text.text()) == (
        "There is no room on the disk for sent.csv.",
        "Free some space.",
    )
    assert page.foot.said.text() == "" and page.foot.export.isEnabled()
    told.accept()


def test_a_filtered_export_says_how_many_fit_and_how_many_were_looked_through() -> None:
    assert far_words("a.csv", ExportProgress(12_000, 12_000, 28_000)) == (
        "Writing a.csv: 12,000 of 28,000 rows"
    )
    assert far_words("a.csv", ExportProgress(1, 500, 28_000)) == (
        "Writing a.csv: 1 row, 500 of 28,000 looked through"
    )


@pytest.mark.parametrize("is_ho", [True, False], ids=["launchpad", "pos"])
def test_while_it_writes_nothing_is_cut(
    launchpad: Opens, pos: OpensPos, tmp_path: Path, is_ho: bool
) -> None:
    desk = StagedDesk(is_ho=is_ho)
    desk.export_gate.clear()
    window = launchpad(desk) if is_ho else pos(desk)
    page = offscreen.show_tab(window, "Received Data")
    assert isinstance(page, ExchangePage)
    page.filters.status.setCurrentIndex(page.filters.status.findData(Status.PROCESSED))
    begin(page, tmp_path / "Received Data of the last seven days.csv")
    shrink(window)
    page.foot._show_far(ExportProgress(1_204_000, 12_000_000, 28_000_000))
    offscreen.turn(20)
    assert not cut(window)


# --- a real desk, with books that take a while ---


@pytest.fixture
def real(qtbot: QtBot, settled: RetailChain) -> Iterator[Callable[[], LaunchpadWindow]]:
    """Opens Launchpad on a head office with 40,000 sent rows more."""
    application("light")
    settled.sql(HO, MANY)
    opened: list[tuple[LaunchpadWindow, HomeDesk]] = []

    def open_one() -> LaunchpadWindow:
        desk = HomeDesk(settled.home(HO))
        window = offscreen.open_launchpad(desk)
        opened.append((window, desk))
        return window

    yield open_one
    for window, desk in opened:
        if window.isVisible():
            offscreen.close(window)
        window.deleteLater()
        desk.close()


def test_a_real_export_is_stopped_in_its_middle(
    real: Callable[[], LaunchpadWindow], tmp_path: Path
) -> None:
    folder = tmp_path / "chosen"
    folder.mkdir()
    page = page_of(real())
    begin(page, folder / "sent.csv")
    assert page.foot.said.text().endswith("rows")
    offscreen.press(page.foot.stop)
    offscreen.until(lambda: not page.foot.is_writing, seconds=5, what="the end")
    assert page.foot.said.text() == "Export stopped. No file was written."
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("tab", ["Sent Data", "Data Sync"], ids=["its page", "another page"])
def test_closing_the_window_ends_a_real_export_cleanly(
    real: Callable[[], LaunchpadWindow], tmp_path: Path, tab: str
) -> None:
    folder = tmp_path / "chosen"
    folder.mkdir()
    window = real()
    begin(page_of(window), folder / "sent.csv")
    offscreen.until(lambda: any(folder.glob("*.part")), what="the beginning of the file")
    window.tabs.go(tab)
    window.close()
    assert not window.isVisible()
    assert list(folder.iterdir()) == []
    assert not [t for t in threading.enumerate() if t.name.startswith("window-export")]
