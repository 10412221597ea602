"""Real processes in some ten milliseconds each: a server that has imported the program forks them.

The server itself does nothing else, has one thread and no open database, so that what it forks is
as good as newly started. A child does one job (`support.crash_child`), tells of it in lines through
a pipe, and ends; a kill is a real SIGKILL of a real process. Its string hashes are fixed, so that
equal jobs go equal ways.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

_MOST = 1 << 16


class Child:
    """One forked process. `lines` are what it tells, until its end."""

    def __init__(self, server: ForkServer, pid: int, told: int) -> None:
        self.pid = pid
        self._server = server
        self._told = os.fdopen(told, encoding="utf-8", errors="replace")

    def lines(self) -> Iterator[str]:
        """What it tells, line by line, until it is gone or the reader stops."""
        while line := self._told.readline():
            yield line.rstrip("\n")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Its exit code; below zero the signal that ended it. Must be called once."""
        for _ in self._told:
            pass
        self._told.close()
        return int(self._server.ask({"wait": self.pid})["code"])


class ForkServer:
    """The parent of the children. A context manager."""

    def __enter__(self) -> ForkServer:
        self._line, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | {"PYTHONHASHSEED": "0"},
        )
        theirs.close()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._line.close()
        self._process.wait()

    def start(self, job: dict[str, Any]) -> Child:
        """Have a child do a job."""
        reading, writing = os.pipe()
        answer = self.ask({"job": job}, [writing])
        os.close(writing)
        return Child(self, int(answer["pid"]), reading)

    def ask(self, message: dict[str, Any], handles: list[int] | None = None) -> dict[str, Any]:
        """One message there and one back."""
        socket.send_fds(self._line, [json.dumps(message).encode()], handles or [])
        answer = self._line.recv(_MOST)
        if not answer:
            raise RuntimeError("the fork server has ended")
        return dict(json.loads(answer))


def _serve(line: socket.socket, carry_out: Callable[[dict[str, Any], int], int]) -> None:
    gc.collect()
    gc.freeze()
    living: set[int] = set()
    while True:
        text, handles, _, _ = socket.recv_fds(line, _MOST, 1)
        if not text:
            break
        message = json.loads(text)
        if "wait" in message:
            _, status = os.waitpid(message["wait"], 0)
            living.discard(message["wait"])
            line.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
            continue
        pid = os.fork()
        if pid == 0:
            line.close()
            code = 1
            try:
                code = carry_out(message["job"], handles[0])
            finally:
                os._exit(code)
        os.close(handles[0])
        living.add(pid)
        line.send(json.dumps({"pid": pid}).encode())
    for pid in living:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    from tests.support.crash_child import carry_out

    # What runs say of their stops is looked at by whoever started them.
    logging.getLogger("ginesys_sync").addHandler(logging.NullHandler())
    _serve(socket.socket(fileno=int(sys.argv[1])), carry_out)
