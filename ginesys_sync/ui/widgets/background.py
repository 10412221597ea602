"""Work off the window's thread, as a sentence: this operation, then on success this, on failure
that.

Threads are plain `threading.Thread`s; their answers come home through a signal, so nothing but the
window's own
thread ever touches a widget.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from ginesys_sync.core.errors import KnownError

log = logging.getLogger(__name__)
T = TypeVar("T")


class ProgramFault(KnownError):
    """A bug of ours, told so that a person can pass it on. The traceback is in the log under
    `code`."""

    code = "program_fault"
    default_advice = (
        "Nothing is lost. Try once more; if it comes back, copy the details and pass them on."
    )


def as_known(error: BaseException) -> KnownError:
    """The fault as a person can be told: known ones as they are, others with a short code to find
    them by."""
    if isinstance(error, KnownError):
        return error
    short = uuid.uuid4().hex[:6]
    log.error("program fault %s", short, exc_info=error)
    detail = f"code {short}: {type(error).__name__}: {error}"
    return ProgramFault("Something went wrong in the program.", detail=detail)


@dataclass(frozen=True, slots=True)
class _Answer:
    lane: str
    ticket: int
    value: Any
    error: BaseException | None
    done: Callable[[Any], None]
    failed: Callable[[KnownError], None] | None


class Background(QObject):
    """Runs operations for one window. `close()` waits for them all and drops their answers."""

    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads: set[threading.Thread] = set()
        self._newest: dict[str, int] = {}
        self._tickets = 0
        self._is_closed = False
        self._ended.connect(self._take_home)

    def run(
        self,
        operation: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[KnownError], None] | None = None,
        lane: str = "",
    ) -> None:
        """Do `operation` on a thread, then `done(its value)` or `failed(its fault)` here.

        Of several in one `lane` only the newest answers: a slow old search never overwrites a new
        one.
        """
        if self._is_closed:
            return
        self._tickets += 1
        ticket = self._tickets
        self._newest[lane or f"#{ticket}"] = ticket

        def work() -> None:
            value, error = None, None
            try:
                value = operation()
            except BaseException as fault:
                error = fault
            answer = _Answer(lane or f"#{ticket}", ticket, value, error, done, failed)
            if not self._is_closed:
                self._ended.emit(answer)

        thread = threading.Thread(target=work, name=f"window-{lane or ticket}", daemon=True)
        self._threads.add(thread)
        thread.start()

    @Slot(object)
    def _take_home(self, answer: _Answer) -> None:
        self._threads = {thread for thread in self._threads if thread.is_alive()}
        if self._is_closed or self._newest.get(answer.lane) != answer.ticket:
            return
        del self._newest[answer.lane]
        if answer.error is None:
            answer.done(answer.value)
            return
        known = as_known(answer.error)
        if answer.failed is not None:
            answer.failed(known)
        else:
            log.warning("nobody heard: %s (%s)", known, known.detail)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._newest)

    def close(self, seconds: float = 15.0) -> None:
        """Wait for what is under way, at most so long, and let nothing answer any more."""
        self._is_closed = True
        for thread in self._threads:
            thread.join(seconds)
        self._threads.clear()
        self._newest.clear()
