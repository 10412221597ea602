"""The part of the staged desk that answers about the site board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ginesys_sync.services.board_views import Alert, Board, Level
from tests.support import staged_data as data
from tests.support.board_lines import board_line, busy_day, wrong_lines


class StagedBoard:
    """Set `stores_board` before a window is shown; without it nothing is wrong at any store."""

    site_lines: Sequence[data.SiteLine]
    stores_board: Board | None = None

    def _ask(self) -> None:
        raise NotImplementedError

    def _ask_rows(self) -> None:
        raise NotImplementedError

    def change(self, **fields: object) -> None:
        raise NotImplementedError

    def board(self) -> Board:
        self._ask_rows()
        return self.stores_board or Board(tuple(_calm(line) for line in self.site_lines))

    def open_alerts(self) -> tuple[Alert, ...]:
        self._ask()
        return self.stores_board.alerts if self.stores_board else ()

    def something_wrong(self, stores: int = 20) -> Any:
        """One store for each thing that can be wrong, the others as usual."""
        wrong = wrong_lines()
        known = {line.code for line in wrong}
        calm = [line for line in map(_calm, data.sites(stores)) if line.code not in known]
        calm.sort(key=lambda line: line.level is Level.OUT)
        alerts = tuple(alert for line in wrong for alert in line.alerts)
        self.stores_board = Board((*wrong, *calm), alerts, data.ago(minutes=1))
        self.change(headline="Last sync 1 min ago. 60,611 records wait for 2 stores.")
        return self


def _calm(site: data.SiteLine) -> Any:
    number = int(site.code[1:])
    is_in = site.state == "active"
    return board_line(
        site.code,
        name=site.name,
        state=site.state,
        groups=site.groups,
        level=Level.FINE if is_in else Level.OUT,
        why="It has everything." if is_in else site.why_not,
        last_seen_at=data.ago(minutes=number % 50) if is_in else site.last_seen_at,
        is_online=is_in and number % 50 < 2,
        is_live=number % 3 == 0,
        hours=busy_day(number) if is_in else board_line("S").hours,
    )
