"""Live mode: what changes here is sent within about a second, and what comes at the Web Database is
fetched as soon.

Two threads only ask; the runs are the service's. One looks whether the change log holds anything
new, the other waits at the Web Database until it rings. Both wait longer and longer, with jitter,
while nothing works.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.status import Outcome, Stage
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.store import runs
from ginesys_sync.store.change_log import last_change
from ginesys_sync.store.database import Connection, Database

LOOK_SECONDS = 0.5
QUIET_SECONDS = 0.1
BURST_SECONDS = 2.0
WAIT_SECONDS = 30
"""A store is seen at each of its calls; who waits longer is thought to be away."""
HEAD_OFFICE_WAIT_SECONDS = 50
"""Head office is nobody's to look for, and asks now and then who is there."""
MOST_PAUSE_SECONDS = 60.0
STUCK_SECONDS = 600.0
_COLLECTING = Stage.COLLECTING.value
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Patience:
    """How long to pause after a failure: twice as long each time, and never the same for all."""

    seconds: float = 0.0

    def fail(self, chance: Callable[[], float] = random.random) -> float:
        """The pause after one more failure, in seconds."""
        self.seconds = min(MOST_PAUSE_SECONDS, max(1.0, self.seconds * 2))
        return self.seconds * (0.5 + chance() / 2)

    def succeed(self) -> None:
        """It works again."""
        self.seconds = 0.0


@dataclass(frozen=True, slots=True)
class Left:
    """Changes up to number `stuck` could not be taken by a run (they are held back, or their table
    is not as the plan says): they are no news for a while. `since` is a steady clock's, in seconds.
    """

    stuck: int = 0
    since: float = 0.0

    def is_news(self, last: int, now: float) -> bool:
        """Whether a change log that ends at `last` (0: it is empty) is to be taken up."""
        return last > 0 and (last != self.stuck or now - self.since > STUCK_SECONDS)

    def after_look(self, last: int) -> Left:
        """The log ends at `last`: once it is empty its numbers come again, and nothing is stuck."""
        return self if last else Left()

    def after_run(self, last_before: int, collected: int, now: float) -> Left:
        """A run that was asked for when the log ended at `last_before` took `collected`. As long
        as none is taken no number comes again, so that another end of the log means news."""
        return Left() if collected else Left(last_before, now)


class Live:
    """Asks for runs by `ask(trigger)` while it is on."""

    def __init__(
        self,
        database: Database,
        make_web: Callable[[], WebDatabase],
        ask: Callable[[], None],
        tell: Callable[[bool], None],
        wait_seconds: int = WAIT_SECONDS,
    ) -> None:
        self._database = database
        self._make_web = make_web
        self._ask = ask
        self._tell = tell
        self._wait_seconds = wait_seconds
        self._over = threading.Event()
        self._online = threading.Event()
        self._web: WebDatabase | None = None
        self._is_told: bool | None = None
        self._threads = [
            threading.Thread(target=self._watch_changes, name="live-changes"),
            threading.Thread(target=self._watch_bell, name="live-bell"),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ask for nothing any more."""
        self._over.set()
        self._online.set()
        web = self._web
        if web is not None:
            web.stop_waiting()
        for thread in self._threads:
            thread.join()

    # --- changes here -----------------------------------------------------------------------------

    def _watch_changes(self) -> None:
        left, patience = Left(), Patience()
        with self._database.connect() as connection:
            while not self._over.wait(LOOK_SECONDS):
                try:
                    last = last_change(connection)
                    left = left.after_look(last)
                    if not left.is_news(last, time.monotonic()):
                        continue
                    last = self._quiet(connection, last)
                    collected = self._run(connection)
                    rest = last_change(connection)
                except KnownError as fault:
                    log.warning("changes could not be looked at: %s", fault.detail)
                    collected, rest = None, 0
                if collected is None:
                    self._pause(patience.fail())
                    continue
                patience.succeed()
                left = left.after_run(last, collected, time.monotonic()).after_look(rest)

    def _quiet(self, connection: Connection, last: int) -> int:
        """Wait until a burst of changes is over, or has lasted long enough."""
        waited = 0.0
        while waited < BURST_SECONDS and not self._over.wait(QUIET_SECONDS):
            waited += QUIET_SECONDS
            now = last_change(connection)
            if now == last:
                break
            last = now
        return last

    def _run(self, connection: Connection) -> int | None:
        """Have a run made: how many changes it took; None when it could not be done."""
        newest = runs.runs(connection, None, 1)
        before = newest[0].no if newest else 0
        self._ask()
        while runs.open_requests(connection):
            if self._over.wait(QUIET_SECONDS / 2):
                return None
        done = runs.runs_after(connection, before)
        if not done or done[-1].outcome not in (Outcome.DONE, Outcome.ATTENTION):
            return None
        return sum(int(run.tally.get(_COLLECTING, {}).get("done", 0)) for run in done)

    def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until the Web Database answers again."""
        self._online.clear()
        self._online.wait(seconds)

    # --- the bell at the Web Database -------------------------------------------------------------

    def _watch_bell(self) -> None:
        """Wait at the Web Database. `after` moves on only when a run has been asked for."""
        after: int | None = None
        patience = Patience()
        while not self._over.is_set():
            try:
                if self._web is None:
                    self._web = self._make_web()
                if self._over.is_set():  # `close` may have found no client to stop
                    break
                answer = self._web.wait(after, self._wait_seconds)
                if answer.rang:
                    self._ask()
                after = answer.at
                self._say(True)
            except KnownError as fault:
                log.info("the Web Database cannot be waited at: %s (%s)", fault, fault.detail)
                self._say(False)
                self._over.wait(patience.fail())
                continue
            patience.succeed()
            self._online.set()
        if self._web is not None:
            self._web.close()

    def _say(self, is_online: bool) -> None:
        """Tell when it changes whether the Web Database is there, unless all is over."""
        if is_online == self._is_told or self._over.is_set():
            return
        try:
            self._tell(is_online)
            self._is_told = is_online
        except KnownError as fault:
            log.warning("live mode's state could not be noted: %s", fault.detail)
