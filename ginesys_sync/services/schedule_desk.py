"""What a window may ask about schedules and about past syncs: a part of `services.desk.Desk`."""

from __future__ import annotations

from typing import Protocol

from ginesys_sync.core.schedule import Schedule
from ginesys_sync.services.schedule_views import EffectiveView, RunPage, RunWanted, SchedulePlan
from ginesys_sync.services.views import RunSummary


class ScheduleDesk(Protocol):
    """When a site syncs by itself, and when it did."""

    def schedule(self) -> EffectiveView:
        """The schedule this site works by now, with its next five runs."""

    def schedules(self) -> SchedulePlan:
        """Every schedule of the chain (head office only)."""

    def set_schedule(self, whose: str, schedule: Schedule | None) -> None:
        """Lay down a schedule (head office only); None takes it back. `whose`: HO, `*` for all
        stores (Master Policy), or a store's code (Site Policy).
        """

    def set_time_zone(self, name: str) -> None:
        """Choose whose clock head office's own schedule means; empty: the machine's."""

    def run_page(self, wanted: RunWanted, after: str | None, limit: int) -> RunPage:
        """Syncs, newest first, with those that never began."""

    def run_details(self, run: int) -> RunSummary:
        """What one sync did with each site."""
