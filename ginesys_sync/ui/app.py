"""Starts the windows. The home is opened on a thread while Qt loads, so that the first true line
stands early."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ginesys_sync.services.desk import Desk


class OpeningDesk:
    """A desk that is still being opened: whoever asks it something waits, on a thread of their own.

    Answers every method of `Desk` by passing it on; raises what opening raised.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._desk: Desk | None = None
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._open, name="open-home", daemon=True)
        self._thread.start()

    def _open(self) -> None:
        try:
            from ginesys_sync.services.home_desk import HomeDesk

            self._desk = HomeDesk(self._home)
        except BaseException as fault:
            self._fault = fault

    @property
    def is_open(self) -> bool:
        """Whether the home could be opened."""
        self._thread.join()
        return self._desk is not None

    def __getattr__(self, name: str) -> Any:
        self._thread.join()
        if self._fault is not None:
            raise self._fault
        return getattr(self._desk, name)


def run_launchpad(
    home: Path, *, theme: str = "auto", grab: Path | None = None, place: int = -1
) -> int:
    """Show Launchpad on this home until it is closed. With `grab`: save a picture of it and end. 0,
    or 2 when the
    home could not be opened."""
    return _run(home, theme, grab, place, is_ho=True)


def run_pos(home: Path, *, theme: str = "auto", grab: Path | None = None, place: int = -1) -> int:
    """Show the POS window on this home until it is closed. Otherwise as `run_launchpad`."""
    return _run(home, theme, grab, place, is_ho=False)


def _run(home: Path, theme: str, grab: Path | None, place: int, *, is_ho: bool) -> int:
    desk = OpeningDesk(home)
    from ginesys_sync.ui.starting import show_until_closed

    code = show_until_closed(desk, home, theme, grab, is_ho=is_ho, place=place)
    if not desk.is_open:
        return 2
    desk.close()
    return code
