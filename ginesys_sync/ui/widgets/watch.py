"""Keeps an eye on the desk: asks its version a few times a second and tells the window when
something changed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ginesys_sync.ui.widgets.background import as_known

if TYPE_CHECKING:
    from ginesys_sync.core.errors import KnownError
    from ginesys_sync.services.desk import Desk

TICK_SECONDS = 0.3


class DeskWatch(QObject):
    """One thread a window. `looked` carries an Overview, `moved` a Progress, `failed` a KnownError.

    While the window is not to be seen it rests, and looks once when it is seen again.
    """

    looked = Signal(object)
    moved = Signal(object)
    failed = Signal(object)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._wake = threading.Event()
        self._is_stopping = False
        self.is_resting = False
        self._must_look = True
        self._request: int | None = None
        self._last_fault = ""
        self._thread = threading.Thread(target=self._watch, name="desk-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def follow(self, request: int | None) -> None:
        """Also tell how this asked run goes (None: no longer)."""
        self._request = request
        self._wake.set()

    def look_now(self) -> None:
        """Look without waiting for the next tick, whether or not something changed."""
        self._must_look = True
        self._wake.set()

    def rest(self, is_resting: bool) -> None:
        """Rest while nobody looks at the window."""
        if self.is_resting and not is_resting:
            self._must_look = True
        self.is_resting = is_resting
        self._wake.set()

    def close(self) -> None:
        """Stop and wait for the thread."""
        self._is_stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(15)

    def _watch(self) -> None:
        seen: int | None = None
        while not self._is_stopping:
            self._wake.clear()
            if not self.is_resting:
                try:
                    seen = self._look(seen)
                    self._last_fault = ""
                except Exception as fault:
                    self._tell(as_known(fault))
            self._wake.wait(None if self.is_resting else TICK_SECONDS)

    def _look(self, seen: int | None) -> int:
        version = self._desk.version()
        request = self._request
        if request is not None:
            progress = self._desk.progress(request)
            if not self._is_stopping and request == self._request:
                self.moved.emit(progress)
        if version != seen or self._must_look:
            self._must_look = False
            overview = self._desk.overview()
            if not self._is_stopping:
                self.looked.emit(overview)
        return version

    def _tell(self, fault: KnownError) -> None:
        # The same fault every 300 ms is one message, and everything is looked at anew after it.
        self._must_look = True
        if str(fault) != self._last_fault and not self._is_stopping:
            self._last_fault = str(fault)
            self.failed.emit(fault)
