"""The first look at a home: enough for a window's head, with almost nothing loaded."""

from __future__ import annotations

from pathlib import Path

from ginesys_sync.core.clock import SystemClock
from ginesys_sync.core.settings import open_home
from ginesys_sync.services.overview import head_of
from ginesys_sync.services.views import Overview
from ginesys_sync.store.glance import look_into


def first_look(folder: Path) -> Overview | None:
    """What the head of a window says now, or None when that takes the whole program to say.

    Raises KnownError for a folder that is no home."""
    home = open_home(folder)
    facts = look_into(home.settings.database)
    return None if facts is None else head_of(home, facts, SystemClock().now())
