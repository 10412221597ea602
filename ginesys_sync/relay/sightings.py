"""When each site was last seen, and how far its clock is from the Web Database's.

A site that waits for news is seen, too, although it opens no run; so that thousands of them cost
next to nothing, that is noted once a minute at most, for many sites in one transaction.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from starlette.concurrency import run_in_threadpool

from ginesys_sync.core.clock import from_iso, iso
from ginesys_sync.relay.desk import Caller, Relay

NOTED_EVERY: Final = timedelta(seconds=60)
_GATHER_SECONDS: Final = 0.5
_MARGIN: Final = timedelta(seconds=5)
"""A wait of half a minute that comes back a little early still counts for the second half."""


def note_clock(relay: Relay, writer: sqlite3.Connection, caller: Caller, clock: str) -> None:
    """The caller said what its clock shows, at the moment of its call."""
    try:
        ahead = round((from_iso(clock) - relay.clock.now()).total_seconds())
    except ValueError:  # a day that no calendar has
        return
    writer.execute(
        "UPDATE sites SET clock_ahead_seconds = ? WHERE organisation = ? AND site = ?",
        (ahead, caller.organisation, caller.site),
    )


def note_waiting(relay: Relay, callers: Iterable[Caller]) -> None:
    """These sites wait now: seen, unless that was noted in the last minute."""
    now = relay.clock.now()
    before = iso(now - NOTED_EVERY + _MARGIN)
    with relay.database.writing() as writer:
        writer.executemany(
            "UPDATE sites SET last_seen_at = ? WHERE organisation = ? AND site = ?"
            " AND (last_seen_at IS NULL OR last_seen_at <= ?)",
            [(iso(now), each.organisation, each.site, before) for each in callers],
        )


class Sightings:
    """Gathers whom the waiting room sees, and notes them a little later, all at once."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._noted: dict[str, float] = {}
        self._gathered: dict[str, Caller] = {}
        self._task: asyncio.Task[None] | None = None

    def see(self, caller: Caller) -> None:
        """A call that waits has come in. From the event loop's thread only. Nobody looks for head
        office."""
        if caller.is_ho:
            return
        now = self._relay.clock.monotonic()
        if now - self._noted.get(caller.site, -1e9) < (NOTED_EVERY - _MARGIN).total_seconds():
            return
        self._noted[caller.site] = now
        self._gathered[caller.site] = caller
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._note())

    async def _note(self) -> None:
        while self._gathered:
            await asyncio.sleep(_GATHER_SECONDS)
            callers, self._gathered = list(self._gathered.values()), {}
            try:
                await run_in_threadpool(note_waiting, self._relay, callers)
            except sqlite3.Error:  # locked or full: they call again
                for caller in callers:
                    self._noted.pop(caller.site, None)
