"""Journeys: real windows offscreen, a real Web Database, a real service behind each window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.worker import stop_service
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.pos.window import PosWindow
from ginesys_sync.ui.starting import application
from ginesys_sync.ui.widgets.sync_window import SyncWindow
from tests.support.retail_chain import (
    HO,
    RetailChain,
    chain,
    offline,
    retail_template,
    settled,
    settled_template,
)

__all__ = ["chain", "offline", "retail_template", "settled", "settled_template"]


class Windows:
    """The windows of one test, each on the real desk of its home."""

    def __init__(self) -> None:
        self._opened: list[tuple[SyncWindow, HomeDesk, RetailChain, str]] = []

    def launchpad(self, chain: RetailChain) -> LaunchpadWindow:
        """Launchpad of head office."""
        window = self._open(chain, HO)
        assert isinstance(window, LaunchpadWindow)
        return window

    def pos(self, chain: RetailChain, site: str) -> PosWindow:
        """The POS window of a store."""
        window = self._open(chain, site)
        assert isinstance(window, PosWindow)
        return window

    def _open(self, chain: RetailChain, site: str) -> SyncWindow:
        desk = HomeDesk(chain.home(site))
        opens = offscreen.open_launchpad if site == HO else offscreen.open_pos
        window = opens(desk, chain.home(site))
        self._opened.append((window, desk, chain, site))
        return window

    def close(self) -> None:
        """Close what is still open, end the services, and wait for their ends."""
        for window, desk, of, site in self._opened:
            if window.isVisible():
                offscreen.close(window)
            window.deleteLater()
            stop_service(of.home(site))
            child = desk._service  # the desk's own child: nobody else may wait for it
            desk.close()
            if child is not None:
                child.wait(timeout=30)


@pytest.fixture
def windows(qtbot: QtBot) -> Iterator[Windows]:
    """Opens windows; closes them after the test."""
    application("light")
    opened = Windows()
    yield opened
    opened.close()
