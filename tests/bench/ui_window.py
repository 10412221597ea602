"""The windows that `ui` measures, each in a fresh process: `python -m tests.bench.ui_window
grids|stall HOME`. Says its figures, in milliseconds, as JSON on standard output.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer

from ginesys_sync.core.status import Status
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.board_page import BoardPage
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.starting import spare_the_loop
from ginesys_sync.ui.widgets.exchange_page import ExchangePage

GIVE_UP_SECONDS = 600.0


def grids(home: Path) -> dict[str, float]:
    """The board and Sent Data on large books."""
    desk = HomeDesk(home)
    window = offscreen.open_launchpad(desk, home)
    found: dict[str, float] = {}
    began = time.perf_counter()
    board = window.tabs.go("Sites")
    assert isinstance(board, BoardPage)
    offscreen.until(lambda: board.faces.face == "normal", GIVE_UP_SECONDS, "the sites")
    found["Sites: open"] = (time.perf_counter() - began) * 1000
    offscreen.settle(window)
    began = time.perf_counter()
    page = window.tabs.go("Sent Data")
    assert isinstance(page, ExchangePage)
    offscreen.until(lambda: page.model.rowCount() > 0, GIVE_UP_SECONDS, "the first rows")
    found["Sent Data: open"] = (time.perf_counter() - began) * 1000
    offscreen.settle(window)
    fields = [column.field for column in page.model.columns]
    for field in ("site", "records", "status", "uploaded_at", "processed_at"):
        place = fields.index(field)
        for _ in ("down", "up"):
            took = _took(page, lambda place=place: page.tree.header().sectionClicked.emit(place))
            name = f"Sent Data: sort by {page.model.columns[place].title}"
            found[name] = max(took, found.get(name, 0.0))
    filters = page.filters
    site = filters.site.itemData(filters.site.count() // 2)
    wishes: dict[str, Callable[[], None]] = {
        "site": lambda: filters.site.setCurrentIndex(filters.site.findData(site)),
        "status": lambda: filters.status.setCurrentIndex(filters.status.findData(Status.UPLOADED)),
        "text": lambda: filters.text.setText("T00"),
    }
    for name, wish in wishes.items():
        filters.reset()
        offscreen.settle(window)

        def asked(wish: Callable[[], None] = wish) -> None:
            wish()
            # The pause in which a person may go on typing is no time of ours.
            filters._pause.stop()
            filters.changed.emit()

        found[f"Sent Data: filter by {name}"] = _took(page, asked)
        offscreen.settle(window)
    offscreen.close(window)
    desk.close()
    return found


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
    window = offscreen.open_launchpad(desk, home)
    window.tabs.go("Sent Data")
    offscreen.settle(window)
    spare_the_loop()  # as the program does once a window stands
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
    print(json.dumps({"grids": grids, "stall": stall}[sys.argv[1]](Path(sys.argv[2]))), flush=True)
