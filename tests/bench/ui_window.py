"""The windows that `ui` measures, each in a fresh process: `python -m tests.bench.ui_window
grids|received|store|stall HOME`. They know no home, or they would open on the tab that the one
before was closed on. Says its figures, in milliseconds, as JSON on standard output.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt, QTimer

from ginesys_sync.core.status import Status
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.board_page import BoardPage
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.starting import spare_the_loop
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.sync_window import SyncWindow

GIVE_UP_SECONDS = 600.0


W = TypeVar("W", bound=SyncWindow)


def _standing(window: W) -> W:
    """The window from three seconds after it came up: since then the collector rests."""
    spare_the_loop()
    return window


def grids(home: Path) -> dict[str, float]:
    """The board, which comes up with the window where there are alerts, and Sent Data later."""
    desk = HomeDesk(home)
    window = offscreen.open_launchpad(desk)
    found: dict[str, float] = {}
    began = time.perf_counter()
    board = window.tabs.go("Sites")
    assert isinstance(board, BoardPage)
    offscreen.until(lambda: board.faces.face == "normal", GIVE_UP_SECONDS, "the sites")
    found["Sites: open"] = (time.perf_counter() - began) * 1000
    offscreen.settle(window)
    found |= _list(_standing(window), lambda: window.tabs.go("Sent Data"), "Sent Data")
    offscreen.close(window)
    desk.close()
    return found


def received(home: Path) -> dict[str, float]:
    """Received Data of head office on large books."""
    desk = HomeDesk(home)
    window = _standing(offscreen.open_launchpad(desk))
    found = _list(window, lambda: window.tabs.go("Received Data"), "Received Data")
    offscreen.close(window)
    desk.close()
    return found


def store(home: Path) -> dict[str, float]:
    """Received Data of a store with a long past. It is the tab in front: it is opened anew."""
    desk = HomeDesk(home)
    window = _standing(offscreen.open_pos(desk))
    page = window.exchange.tabs.page("Received Data")
    assert isinstance(page, ExchangePage)

    def again() -> ExchangePage:
        page.model.beginResetModel()
        page.model._root.children = []
        page.model.endResetModel()
        page.look()
        return page

    found = _list(window, again, "Received Data at a store")
    offscreen.close(window)
    desk.close()
    return found


def _list(window: SyncWindow, go: Callable[[], object], name: str) -> dict[str, float]:
    """Opening one of the two lists, then each sort and filter of it."""
    found: dict[str, float] = {}
    began = time.perf_counter()
    page = go()
    assert isinstance(page, ExchangePage)
    offscreen.until(lambda: page.model.rowCount() > 0, GIVE_UP_SECONDS, "the first rows")
    found[f"{name}: open"] = (time.perf_counter() - began) * 1000
    offscreen.settle(window)
    fields = [column.field for column in page.model.columns]
    came = "uploaded_at" if page.is_sent else "received_at"
    for field in ("site", "records", "status", came, "processed_at"):
        place = fields.index(field)
        for _ in ("down", "up"):
            took = _took(page, lambda place=place: page.tree.header().sectionClicked.emit(place))
            title = f"{name}: sort by {page.model.columns[place].title}"
            found[title] = max(took, found.get(title, 0.0))
    for what, wish in _wishes(page).items():
        page.filters.reset()
        offscreen.settle(window)

        def asked(wish: Callable[[], None] = wish) -> None:
            wish()
            # The pause in which a person may go on typing is no time of ours.
            page.filters._pause.stop()
            page.filters.changed.emit()

        found[f"{name}: filter by {what}"] = _took(page, asked)
        offscreen.settle(window)
    return found


def _wishes(page: ExchangePage) -> dict[str, Callable[[], None]]:
    """What the list is filtered by: what fits a few rows, many, or none."""
    filters = page.filters
    site = filters.site.itemText(filters.site.count() // 2)
    status = Status.UPLOADED if page.is_sent else Status.RECEIVED
    return {
        "site": lambda: filters.site.setCurrentIndex(filters.site.findText(site)),
        "status": lambda: filters.status.setCurrentIndex(filters.status.findData(status)),
        "text": lambda: filters.text.setText("T00"),
        "text that fits nothing": lambda: filters.text.setText("zebra"),
    }


def _took(page: ExchangePage, click: Callable[[], object]) -> float:
    """Milliseconds from a click until the grid has its rows."""
    loaded: list[float] = []

    def note() -> None:
        loaded.append(time.perf_counter())

    page.model.loaded.connect(note)
    began = time.perf_counter()
    click()
    offscreen.until(lambda: bool(loaded), GIVE_UP_SECONDS, "the rows")
    page.model.loaded.disconnect(note)
    return (loaded[0] - began) * 1000


def stall(home: Path) -> dict[str, float]:
    """The longest time in which the window did not answer while its service sends."""
    desk = HomeDesk(home)
    window = _standing(offscreen.open_launchpad(desk))
    window.tabs.go("Sent Data")
    offscreen.settle(window)
    gaps: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    timer = QTimer(window, interval=1, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    window.tabs.go("Data Sync")
    offscreen.settle(window)
    began = last = time.perf_counter()
    timer.start()
    summary = _synced(window)
    timer.stop()
    seconds = time.perf_counter() - began
    assert summary, "nothing was sent"
    offscreen.close(window)
    desk.close()
    over = sum(gap > 0.02 for gap in gaps)
    return {"longest": max(gaps) * 1000, "seconds": round(seconds, 1), "gaps_over_20_ms": over}


def _synced(window: LaunchpadWindow) -> int:
    offscreen.press_sync_all(window)
    ended = offscreen.wait_for_end(window, GIVE_UP_SECONDS)
    return sum(line.sent for line in ended.sites)


if __name__ == "__main__":
    offscreen.without_noise()
    kinds = {"grids": grids, "received": received, "store": store, "stall": stall}
    print(json.dumps(kinds[sys.argv[1]](Path(sys.argv[2]))), flush=True)
