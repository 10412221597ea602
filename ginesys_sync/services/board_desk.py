"""What a window may ask about the site board: a part of `services.desk.Desk`."""

from __future__ import annotations

from typing import Protocol

from ginesys_sync.services.board_views import Alert, Board


class BoardDesk(Protocol):
    """The site board of head office."""

    def board(self) -> Board:
        """Every store, worst first (a store gets an empty board). Up to 300 ms with 5,000."""

    def open_alerts(self) -> tuple[Alert, ...]:
        """What is wrong now, oldest first: cheap to ask often."""
