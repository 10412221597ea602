"""How patient the Web Database's client is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import random

from ginesys_sync.core.clock import Clock
from ginesys_sync.core.errors import KnownError


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call waits, and how often it is tried again.

    A body is tried again as long as it gets on: `tries` counts the tries without progress. An
    answer that comes slower than `bytes_per_second` (after `read_seconds`) is given up.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    tries: int = 4
    pause_seconds: float = 0.25
    bytes_per_second: float = 512.0

    @contextmanager
    def persistence(self, clock: Clock) -> Iterator[Callable[[KnownError, int], None]]:
        """Gives what to call after a failed try, with how far it came: it waits, longer each time
        without progress, and raises the fault when there were too many."""
        furthest, failed = 0, 0

        def tried(fault: KnownError, reached: int) -> None:
            nonlocal furthest, failed
            failed = 1 if reached > furthest else failed + 1
            furthest = max(furthest, reached)
            if failed > self.tries:
                raise fault
            clock.sleep(self.pause_seconds * 2 ** (failed - 1) * (0.5 + random()))

        yield tried
