"""Starts the windows. The first true line stands early: it is read with little loaded, and the home
is opened in full, on a thread, when that line has been painted."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ginesys_sync.services.desk import Desk
    from ginesys_sync.services.views import Overview

_LOAD_ANYWAY_SECONDS = 2.0
_NOT_OPEN_YET = -1


class OpeningDesk:
    """A desk that is still being opened.

    The first `version` and `overview` are answered at once, from a first look at the home. Every
    other method of `Desk` is passed on: whoever asks waits, on a thread of their own, until the
    home is open. Raises what opening raised.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._desk: Desk | None = None
        self._fault: BaseException | None = None
        self._is_first = True
        self._may_load = threading.Event()
        self._thread = threading.Thread(target=self._open, name="open-home", daemon=True)
        self._thread.start()

    def _open(self) -> None:
        self._may_load.wait(_LOAD_ANYWAY_SECONDS)
        try:
            from ginesys_sync.services.home_desk import HomeDesk

            self._desk = HomeDesk(self._home)
        except BaseException as fault:
            self._fault = fault

    def load(self) -> None:
        """The first line has been painted: now open the home in full."""
        self._may_load.set()

    def version(self) -> int:
        """As `Desk.version`; before anything was looked at, a number no home ever has."""
        return _NOT_OPEN_YET if self._is_first else int(self.__getattr__("version")())

    def overview(self) -> Overview:
        """As `Desk.overview`; the first time from a first look."""
        if self._is_first:
            self._is_first = False
            from ginesys_sync.services.first_look import first_look

            seen = first_look(self._home)
            if seen is not None:
                return seen
        found: Overview = self.__getattr__("overview")()
        return found

    @property
    def is_open(self) -> bool:
        """Whether the home could be opened."""
        self.load()
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
