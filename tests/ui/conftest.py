"""Windows on a staged desk, closed again after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.pos.window import PosWindow
from ginesys_sync.ui.starting import application
from ginesys_sync.ui.widgets.sync_window import SyncWindow
from tests.support.staged_desk import StagedDesk

Opens = Callable[..., LaunchpadWindow]
OpensPos = Callable[..., PosWindow]


@pytest.fixture
def windows(qtbot: QtBot) -> Iterator[list[SyncWindow]]:
    """The windows of this test; what is still open is closed at its end."""
    application("light")
    opened: list[SyncWindow] = []
    yield opened
    for window in opened:
        desk = window.desk
        assert isinstance(desk, StagedDesk)
        desk.close()
        if window.isVisible():
            offscreen.close(window)
        window.deleteLater()


@pytest.fixture
def launchpad(windows: list[SyncWindow]) -> Opens:
    """Opens Launchpad on a desk."""

    def open_one(desk: StagedDesk | None = None, home: Path | None = None) -> LaunchpadWindow:
        window = offscreen.open_launchpad(desk or StagedDesk(), home)
        windows.append(window)
        return window

    return open_one


@pytest.fixture
def pos(windows: list[SyncWindow]) -> OpensPos:
    """Opens the POS window on a desk."""

    def open_one(desk: StagedDesk | None = None, home: Path | None = None) -> PosWindow:
        window = offscreen.open_pos(desk or StagedDesk(is_ho=False), home)
        windows.append(window)
        return window

    return open_one
