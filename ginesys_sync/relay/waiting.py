"""The waiting room: calls that wait until a bell is rung for their site.

A waiting call is a task and a line, no thread and no connection of the database. One task of the
process reads the log for all of them, and only while there are some. Several processes may share a
home: each looks for itself whether anybody committed.
"""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from ginesys_sync.relay.bells import NOTHING_SEEN, listen
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.sightings import Sightings
from ginesys_sync.wire.wait_messages import WaitAnswer, WaitRequest

_TICK_SECONDS = 0.1
_MOST = 5_000
_BUSY_SECONDS = 30
_AT_ONCE = 100


@dataclass(eq=False, slots=True)
class _Waiter:
    """One waiting call. `seen` is the number up to which the log holds nothing for its site."""

    site: str
    seen: int
    rang: asyncio.Future[bool]
    has_listened: bool = False
    is_due: bool = False

    def listened(self, now: int, rang: bool) -> None:
        """The log was read up to `now`."""
        if self.rang.done():
            return
        self.seen, self.has_listened = now, True
        if rang or self.is_due:
            self.rang.set_result(rang)

    def due(self) -> None:
        """Its time is over: it goes, but not before the log was read for it once."""
        self.is_due = True
        if self.has_listened:
            self.listened(self.seen, False)

    def fail(self, fault: Exception) -> None:
        """It cannot wait any longer."""
        if not self.rang.done():
            self.rang.set_exception(fault)


class WaitingRoom:
    """The waiting calls of one process: one for each site, and at most `most`."""

    def __init__(self, relay: Relay, most: int | None = None) -> None:
        self._relay = relay
        self._most = most or _room_for_calls()
        self._sightings = Sightings(relay)
        self._waiters: dict[str, _Waiter] = {}
        self._arrivals: list[_Waiter] = []
        self._somebody_came = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def wait(self, caller: Caller, request: WaitRequest, receive: Receive) -> WaitAnswer:
        """Until there are news for the caller, its time is over, or the server stops.

        `receive` is that of the call, whose request was read to its end. Raises Refusal when there
        is no room, and when a newer call of the same site comes; ClientDisconnect.
        """
        waiter = self._enter(caller.site, request.after)
        self._sightings.see(caller)
        timer = asyncio.get_running_loop().call_later(request.seconds, waiter.due)
        line = asyncio.ensure_future(receive())
        ends: set[asyncio.Future[Any]] = {waiter.rang, line}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if waiter.rang.done():
                return WaitAnswer(rang=waiter.rang.result(), at=waiter.seen)
            if line.result()["type"] == "http.disconnect":
                raise ClientDisconnect
            return WaitAnswer(rang=False, at=max(0, waiter.seen))  # the server stops
        finally:
            timer.cancel()
            self._leave(waiter)
            line.cancel()
            await asyncio.gather(line, return_exceptions=True)

    def _enter(self, site: str, after: int | None) -> _Waiter:
        older = self._waiters.get(site)
        if older:
            older.fail(Refusal("waits_elsewhere", site=site))
        elif len(self._waiters) >= self._most:
            raise Refusal("busy", headers={"Retry-After": str(_BUSY_SECONDS)})
        loop = asyncio.get_running_loop()
        waiter = _Waiter(site, NOTHING_SEEN if after is None else after, loop.create_future())
        self._waiters[site] = waiter
        self._arrivals.append(waiter)
        self._somebody_came.set()
        if self._listening is None or self._listening.done():
            self._listening = loop.create_task(self._listen())
        return waiter

    def _leave(self, waiter: _Waiter) -> None:
        waiter.rang.cancel()
        if self._waiters.get(waiter.site) is waiter:
            del self._waiters[waiter.site]

    async def _listen(self) -> None:
        """Read the log whenever somebody comes or commits, until nobody waits any more."""
        try:
            with self._relay.database.watching() as has_changed:
                while self._waiters:
                    self._somebody_came.clear()
                    arrivals, self._arrivals = self._arrivals, []
                    await self._tell(list(self._waiters.values()) if has_changed() else arrivals)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_TICK_SECONDS):
                            await self._somebody_came.wait()
        except Exception as fault:
            for waiter in self._waiters.values():
                waiter.fail(fault)

    async def _tell(self, waiters: list[_Waiter]) -> None:
        """Read the log for these, and wake those there are news for."""
        seen = {waiter.site: waiter.seen for waiter in waiters if not waiter.rang.done()}
        if not seen:
            return
        now, found = await run_in_threadpool(partial(listen, self._relay, seen))
        for place, waiter in enumerate(waiters):
            waiter.listened(now, waiter.site in found)
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)  # so that the first go while the last are woken


def _room_for_calls() -> int:
    """As many as there are, but never more than half of the lines that this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else min(_MOST, soft // 2)
