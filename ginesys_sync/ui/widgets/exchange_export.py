"""The foot of a grid: `Export CSV…`, and while it writes how far it is, with a `Stop`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QWidget,
)

from ginesys_sync.core.errors import Cancelled, KnownError
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import ExportProgress, GridFilter
from ginesys_sync.ui.widgets import ask, icons, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.wording import counted, grouped

_WHOLE = 1000
_BAR = 120


def far_words(name: str, far: ExportProgress) -> str:
    """`Writing sent.csv: 12,000 of 28,000 rows`; filtered, how many were looked through as well."""
    if far.written == far.looked_at:
        return f"Writing {name}: {grouped(far.looked_at)} of {counted(far.total, 'row')}"
    looked = f"{grouped(far.looked_at)} of {grouped(far.total)} looked through"
    return f"Writing {name}: {counted(far.written, 'row')}, {looked}"


class ExportFoot(QWidget):
    """Asks for a file and has the desk write it. One at a time; closing the window stops it."""

    _moved = Signal(object)

    def __init__(
        self,
        desk: Desk,
        background: Background,
        is_sent: bool,
        wanted: Callable[[], GridFilter],
        beside: QWidget,
    ) -> None:
        super().__init__()
        self._desk, self._background, self._is_sent = desk, background, is_sent
        self._wanted = wanted
        self._file = ""
        self._stopped = threading.Event()
        self._has_rows = False
        self.is_writing = False
        self.said = QLabel("")
        self.bar = QProgressBar()
        self.stop = QPushButton("S&top")
        self.export = QPushButton("&Export CSV…")
        self._lay_out(beside)
        self._moved.connect(self._show_far)
        self.stop.clicked.connect(self.stop_writing)
        self.export.clicked.connect(self._choose_file)
        theme.theme().changed.connect(self._recolour)
        self._recolour()
        self._show_idle()

    def _lay_out(self, beside: QWidget) -> None:
        theme.mark(self.said, "small")
        self.said.setWordWrap(True)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(_BAR)
        self.bar.setAccessibleName("Export")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_3)
        row.addWidget(beside)
        row.addWidget(self.said, 1)
        row.addStretch()
        self._say("")
        for control in (self.bar, self.stop, self.export):
            row.addWidget(control)

    def _recolour(self) -> None:
        icons.put_on(self.export, "file-down", "text")
        icons.put_on(self.stop, "x", "text")

    def offer(self, has_rows: bool) -> None:
        """Whether there is anything to export."""
        self._has_rows = has_rows
        self.export.setEnabled(has_rows)

    # --- writing ---

    def _choose_file(self) -> None:
        name = "Sent Data" if self._is_sent else "Received Data"
        start = str(Path.home() / f"{name}.csv")
        chosen, _ = QFileDialog.getSaveFileName(self, "Export CSV", start, "CSV (*.csv)")
        if chosen:
            self.export_to(Path(chosen))

    def export_to(self, path: Path) -> None:
        """Write what the filters ask for to `path`, in the background."""
        wanted, stopped = self._wanted(), threading.Event()
        self._stopped, self._file = stopped, path.name
        self._show_writing()

        def written(count: int) -> None:
            self._show_idle()
            self._say(f"{counted(count, 'row')} written to {path}.")

        self._background.run(
            lambda: self._desk.export(
                self._is_sent, wanted, path, self._moved.emit, stopped.is_set
            ),
            written,
            self._show_fault,
            lane=f"export-{self._is_sent}",
        )

    @Slot()
    def stop_writing(self) -> None:
        """Have the export end; nothing is left of it."""
        self._stopped.set()
        self.stop.setEnabled(False)
        self._say(f"Stopping: {self._file} is not written.")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A window that closes hides first and then waits for its threads.
        if event.type() is QEvent.Type.Hide and not event.spontaneous():
            self._stopped.set()
        return False

    # --- what is shown ---

    def _say(self, words: str) -> None:
        """With nothing to say its room is its neighbour's."""
        self.said.setText(words)
        self.said.setVisible(bool(words))

    def _show_writing(self) -> None:
        self.is_writing = True
        self.window().installEventFilter(self)
        self._say(f"Writing {self._file}…")
        self.bar.setRange(0, 0)
        self.bar.show()
        self.stop.setEnabled(True)
        self.stop.show()
        self.export.hide()

    @Slot(object)
    def _show_far(self, far: ExportProgress) -> None:
        if not self.is_writing or self._stopped.is_set():
            return
        self.bar.setRange(0, _WHOLE)
        self.bar.setValue(far.looked_at * _WHOLE // far.total if far.total else 0)
        self._say(far_words(self._file, far))

    def _show_idle(self) -> None:
        self.is_writing = False
        self.window().removeEventFilter(self)
        self.bar.hide()
        self.stop.hide()
        self.export.setEnabled(self._has_rows)
        self.export.show()

    def _show_fault(self, fault: KnownError) -> None:
        self._show_idle()
        if isinstance(fault, Cancelled):
            self._say("Export stopped. No file was written.")
            return
        self._say("")
        ask.tell(self, fault)
