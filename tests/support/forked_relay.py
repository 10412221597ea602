"""A real Web Database that is forked instead of newly started, for thousands of them."""

from __future__ import annotations

import signal
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from ginesys_sync.relay.desk import KEEP_DAYS
from tests.support.fork_server import Child, ForkServer

_LISTENS = "> Web Database listening on "


@cache
def shared_forks() -> ForkServer:
    """One fork server for all tests of this process; it ends with it."""
    return ForkServer().__enter__()


class ForkedRelay:
    """What `RelayServer` is, from a fork server. `url` is empty when it ended before it listened.

    `told` are the lines that it told: its effects, when `watched` says that they are to be counted
    (`at`, `is_after`, `root`: see `crash_child`).
    """

    def __init__(
        self, home: Path, server: ForkServer | None = None, keep_days: int = KEEP_DAYS
    ) -> None:
        self.home = home
        self.url = ""
        self.told: list[str] = []
        self._server = server or shared_forks()
        self.keep_days = keep_days
        self._port = 0
        self._child: Child | None = None

    def start(self, **watched: Any) -> ForkedRelay:
        """Start, and return when it listens or has ended. A later start takes the same port."""
        job = {"kind": "relay", "home": str(self.home), "port": self._port}
        self._child = self._server.start(job | {"keep_days": self.keep_days} | watched)
        self.url, self.told = "", []
        for line in self._child.lines():
            self.told.append(line)
            if line.startswith(_LISTENS):
                self.url = line.removeprefix(_LISTENS)
                self._port = int(self.url.rpartition(":")[2])
                break
        return self

    def stop(self) -> int:
        """End it politely; its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it as a power cut would."""
        return self._end(signal.SIGKILL)

    def end(self) -> int:
        """End it politely, unless it was killed before; its exit code."""
        return self._end(signal.SIGTERM)

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._child is not None
        return self._child.pid

    def __enter__(self) -> ForkedRelay:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _end(self, number: int) -> int:
        child, self._child = self._child, None
        if child is None:
            return 0
        child.kill(number)
        self.told += child.lines()
        return child.wait()
