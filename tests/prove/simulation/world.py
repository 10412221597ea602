"""What everything in a simulated chain shares: one clock, one source of chance, one trace, one
baton. Exactly one party moves at a time, and chance alone says which and how far.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_LAST_LINES = 50_000
_A_MOMENT = timedelta(milliseconds=1)


class PowerCut(BaseException):
    """What ends a killed run: no handler of the program may swallow it."""


class Broken(AssertionError):
    """A promise that did not hold."""


class World:
    """One simulated world. `present` is the one that moves in this process."""

    present: World | None = None

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.nonces = random.Random(seed + 1)
        self.moment = BEGINNING
        self.actor: Actor | None = None
        self.ahead: dict[str, float] = {}
        self.points = 0
        self.last: list[str] = []
        self._hash = hashlib.blake2b(digest_size=16)

    def tell(self, what: str) -> None:
        """One line of the trace."""
        who = self.actor.name if self.actor else "-"
        line = f"{who} {what}"
        self._hash.update(f"{line}\n".encode())
        self.last.append(line)
        if len(self.last) > 2 * _LAST_LINES:
            del self.last[:_LAST_LINES]

    @property
    def trace(self) -> str:
        """The hash of everything that happened."""
        return self._hash.hexdigest()

    def time_at_actor(self) -> float:
        """Seconds since 1970 by the clock of the machine that moves."""
        ahead = self.ahead.get(self.actor.name, 0.0) if self.actor else 0.0
        return self.moment.timestamp() + ahead

    def pass_time(self, seconds: float) -> None:
        """Time goes on for everybody."""
        self.moment += timedelta(seconds=seconds)

    def point(self, what: str, *, may_wait: bool = True, may_die: bool = True) -> None:
        """A place where the moving party may be killed (not while the Web Database works for it),
        and, where it holds no lock, others may move before it goes on."""
        self.points += 1
        self.moment += _A_MOMENT
        self.tell(what)
        actor = self.actor
        if actor is not None:
            actor.pass_point(may_wait, may_die)


class SiteClock:
    """A site's clock: the world's, wrong by as much as the world says."""

    def __init__(self, world: World, site: str) -> None:
        self._world = world
        self._site = site

    def now(self) -> datetime:
        return self._world.moment + timedelta(seconds=self._world.ahead.get(self._site, 0.0))

    def monotonic(self) -> float:
        return (self._world.moment - BEGINNING).total_seconds()

    def sleep(self, seconds: float) -> None:
        self._world.pass_time(seconds)
        self._world.point("sleep")


class Actor:
    """One run that moves only while it has the baton. It gives the baton back after as many points
    as it was given, and dies at or soon after its `dies_at`-th (0: never)."""

    def __init__(self, world: World, name: str, act: Callable[[], None], dies_at: int = 0) -> None:
        self.name = name
        self.is_over = False
        self.is_dead = False
        self.fault: BaseException | None = None
        self.passed = 0
        self._world = world
        self._act = act
        self._dies_at = dies_at
        self._left = 0
        self._mine, self._theirs = threading.Lock(), threading.Lock()
        self._mine.acquire()
        self._theirs.acquire()
        _crew.hire(self._work)

    def move(self, points: int) -> None:
        """Let it move past so many points, or to its end."""
        before, self._world.actor = self._world.actor, self
        self._left = points
        self._mine.release()
        self._theirs.acquire()
        self._world.actor = before

    def pass_point(self, may_wait: bool, may_die: bool) -> None:
        """Called by itself at each point."""
        self.check_alive()
        self.passed += 1
        if may_die and 0 < self._dies_at <= self.passed:
            self.is_dead = True
            self._world.tell("killed")
            raise PowerCut
        self._left -= 1
        if self._left <= 0 and may_wait:
            self._theirs.release()
            self._mine.acquire()
            self.check_alive()

    def check_alive(self) -> None:
        """The dead do nothing more, whatever their handlers would like to."""
        if self.is_dead:
            raise PowerCut

    def _work(self) -> None:
        self._mine.acquire()
        try:
            self.check_alive()
            self._act()
        except PowerCut:
            pass
        except BaseException as fault:
            self.fault = fault
        finally:
            self.is_over = True
            self._theirs.release()


class _Crew:
    """Threads that are kept from one run to the next."""

    def __init__(self) -> None:
        self._idle: list[_Hand] = []

    def hire(self, work: Callable[[], None]) -> None:
        """Have some thread do it."""
        hand = self._idle.pop() if self._idle else _Hand(self._idle)
        hand.take(work)


class _Hand:
    def __init__(self, idle: list[_Hand]) -> None:
        self._idle = idle
        self._wake = threading.Lock()
        self._wake.acquire()
        self._work: Callable[[], None] = lambda: None
        threading.Thread(target=self._live, name="hand", daemon=True).start()

    def take(self, work: Callable[[], None]) -> None:
        self._work = work
        self._wake.release()

    def _live(self) -> None:
        while True:
            self._wake.acquire()
            self._work()
            self._idle.append(self)


_crew = _Crew()
