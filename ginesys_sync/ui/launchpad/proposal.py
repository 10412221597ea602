"""A schedule to begin from when nothing is set."""

from __future__ import annotations

from datetime import date, time

from ginesys_sync.core.schedule import OccursEvery, Schedule, Unit


def proposal(today: date) -> Schedule:
    """Daily, every 15 minutes from 09:00 to 21:00, from today, with live mode on."""
    every = OccursEvery(15, Unit.MINUTES, time(9, 0), time(21, 0))
    return Schedule(frequency=every, start_date=today, live=True)
