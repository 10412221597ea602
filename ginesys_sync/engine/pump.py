"""The pump: runs stages side by side on threads, or one by one in any order.

A stage is a step function over bounded channels. It does one piece and says PROGRESS, IDLE (it
waits for another stage) or DONE. The first stage that fails stops them all, and its fault is
raised.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
_TICK_SECONDS = 0.2


class Turn(Enum):
    """What one step came to."""

    PROGRESS = "progress"
    IDLE = "idle"
    DONE = "done"


class Step(Protocol):
    """One stage of a run."""

    def step(self) -> Turn:
        """Do one piece of work."""


class Channel(Generic[Item]):
    """A bounded queue between two stages. `limit` is how many items may wait in it."""

    def __init__(self, limit: int) -> None:
        self._items: deque[Item] = deque()
        self._limit = limit
        self._closed = False
        self._unfinished = 0
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether the giver has to wait."""
        with self._lock:
            return len(self._items) >= self._limit

    @property
    def is_drained(self) -> bool:
        """Whether nothing waits and nothing more will come."""
        with self._lock:
            return self._closed and not self._items

    @property
    def is_settled(self) -> bool:
        """Whether the taker has finished everything that was given."""
        with self._lock:
            return not self._unfinished

    def give(self, item: Item) -> None:
        """Add an item; givers ask `is_full` first."""
        with self._lock:
            self._items.append(item)
            self._unfinished += 1

    def take(self) -> Item | None:
        """The oldest item, or None when there is none now."""
        with self._lock:
            return self._items.popleft() if self._items else None

    def finish(self) -> None:
        """The taker has done with one item. Only channels whose giver asks `is_settled` need it."""
        with self._lock:
            self._unfinished -= 1

    def close(self) -> None:
        """Nothing more will come."""
        with self._lock:
            self._closed = True


class ThreadPump:
    """Each stage on a thread of its own; `tick` is called a few times a second on the caller's."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._moved = threading.Condition()
        self._moves = 0
        self._fault: BaseException | None = None

    def run(self, stages: Sequence[Step]) -> None:
        """Until every stage is done. Raises the first fault, also one that `tick` raises."""
        threads = [
            threading.Thread(target=self._work, args=(stage,), name=type(stage).__name__)
            for stage in stages
        ]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                for thread in threads:
                    thread.join(_TICK_SECONDS / len(threads))
                self._tick()
        except BaseException as fault:
            self._fail(fault)
        for thread in threads:
            thread.join()
        if self._fault is not None:
            raise self._fault

    def _work(self, stage: Step) -> None:
        try:
            while self._fault is None:
                with self._moved:
                    seen = self._moves
                turn = stage.step()
                if turn is Turn.IDLE:
                    self._wait(seen)
                else:
                    self._announce()
                if turn is Turn.DONE:
                    return
        except BaseException as fault:
            self._fail(fault)

    def _wait(self, seen: int) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._moves != seen or self._fault is not None)

    def _announce(self) -> None:
        with self._moved:
            self._moves += 1
            self._moved.notify_all()

    def _fail(self, fault: BaseException) -> None:
        with self._moved:
            if self._fault is None:
                self._fault = fault
            self._moved.notify_all()


class TurnPump:
    """Stages one by one on the caller's thread, in the order that `choose` picks: for tests and
    simulation.
    """

    def __init__(self, choose: Callable[[int], int] = lambda _: 0) -> None:
        self._choose = choose

    def run(self, stages: Sequence[Step]) -> None:
        """Until every stage is done. Raises RuntimeError when all wait for each other."""
        left = list(stages)
        idle: set[int] = set()
        while left:
            waiting = [stage for stage in left if id(stage) not in idle]
            if not waiting:
                raise RuntimeError(f"stages wait for each other: {left}")
            stage = waiting[self._choose(len(waiting)) % len(waiting)]
            turn = stage.step()
            if turn is Turn.IDLE:
                idle.add(id(stage))
                continue
            idle.clear()
            if turn is Turn.DONE:
                left.remove(stage)
