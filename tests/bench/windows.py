"""The two windows that `start` compares, each in a fresh process: `python -m tests.bench.windows
bare|launchpad [HOME]`.

Says on standard output, as JSON, the moment (of the machine's monotonic clock) at which the words
had been painted, and the words; then ends. `bare` is the least a PySide6 program can be: an
application, a main window, one label.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLabel

    from ginesys_sync.services.desk import Desk

OPENING = "Opening…"
"""What Launchpad's headline says as long as it does not know the truth."""
GIVE_UP_SECONDS = 60


def bare() -> None:
    """A window with one label."""
    from PySide6.QtWidgets import QApplication, QLabel, QMainWindow

    app = QApplication(["bare"])
    window = QMainWindow()
    label = QLabel("Here I am.")
    window.setCentralWidget(label)
    watcher = _tell_when_painted(label, app.quit)
    window.show()
    app.exec()
    del watcher


def launchpad(home: str) -> None:
    """Launchpad on a home, as `ginesys-sync launchpad` shows it."""
    from ginesys_sync.ui.app import OpeningDesk

    desk = OpeningDesk(Path(home))
    from ginesys_sync.ui.starting import application, make_window

    app = application()
    window = make_window(cast("Desk", desk), Path(home), is_ho=True)
    watcher = _tell_when_painted(window.strip.headline, window.close)
    window.show()
    app.exec()
    desk.close()
    del watcher


def _tell_when_painted(label: QLabel, then: Callable[[], object]) -> object:
    """Once the label has been painted with other words than `OPENING`: say so, and end."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    class Watcher(QObject):
        def __init__(self) -> None:
            super().__init__(label)
            self.is_done = False

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and label.text() != OPENING and not self.is_done:
                self.is_done = True
                QTimer.singleShot(0, self.tell)  # comes when the painting is over
            return False

        def tell(self) -> None:
            print(json.dumps({"painted_at": time.monotonic(), "words": label.text()}), flush=True)
            then()

    watcher = Watcher()
    label.installEventFilter(watcher)
    QTimer.singleShot(GIVE_UP_SECONDS * 1000, lambda: sys.exit("the words were never painted"))
    return watcher


if __name__ == "__main__":
    launchpad(sys.argv[2]) if sys.argv[1] == "launchpad" else bare()
