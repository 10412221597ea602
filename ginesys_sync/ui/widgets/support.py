"""The button that writes the support bundle: one click, one file for whoever helps."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QPushButton

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.desk import Desk
from ginesys_sync.ui.widgets import icons, theme
from ginesys_sync.ui.widgets.ask import tell
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.wording import now

NOTE = "Logs, versions and the state of the queues, for whoever helps. No key, code or password."


class SupportButton(QPushButton):
    """`Support Bundle...`. `written` carries the file's path."""

    written = Signal(object)

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__("Support &Bundle...")
        self._desk, self._background = desk, background
        self.setToolTip(NOTE)
        self.setAccessibleDescription(NOTE)
        self.clicked.connect(self._choose)
        theme.theme().changed.connect(self._recolour)
        self._recolour()

    def _recolour(self) -> None:
        icons.put_on(self, "file-down", "text")

    def _choose(self) -> None:
        name = f"ginesys-sync-support-{now().date().isoformat()}.zip"
        file, _ = QFileDialog.getSaveFileName(self, "Support Bundle", name, "Zip files (*.zip)")
        if file:
            self.write(Path(file))

    def write(self, path: Path) -> None:
        """Write it there."""
        self.setEnabled(False)
        self.setText("Writing…")
        self._background.run(
            lambda: self._desk.support_bundle(path),
            lambda nothing: self._end(path, None),
            lambda fault: self._end(path, fault),
            lane="support",
        )

    def _end(self, path: Path, fault: KnownError | None) -> None:
        self.setEnabled(True)
        self.setText("Support &Bundle...")
        if fault is not None:
            tell(self, fault)
        else:
            self.written.emit(path)
