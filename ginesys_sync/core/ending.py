"""Being asked to end: what a signal (SIGTERM, Ctrl+C) sets going."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def when_asked_to_end(act: Callable[[], None]) -> Iterator[None]:
    """Inside, on the main thread, each of these signals has `act` called on a thread of its own.

    Not in the handler: that runs between two steps of the main thread, which may just hold the lock
    that `act` needs. A handler that set the Event its main thread waits for has been seen to stand
    still for good; `SimpleQueue.put` may be called anywhere.
    """
    asked: SimpleQueue[bool] = SimpleQueue()

    def listen() -> None:
        while asked.get():
            act()

    listener = threading.Thread(target=listen, name="ending", daemon=True)
    listener.start()
    before = {number: signal.signal(number, lambda *_: asked.put(True)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        asked.put(False)
        listener.join()
