"""Bad network weather: a small TCP proxy in front of a real server, breakable in one line a time.

`with Weather(server.url) as weather:` gives `weather.url`; then `weather.set(Storm(...))`. A storm
holds for every connection that begins while it is set, or for the first `times` of them.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from urllib.parse import urlsplit

PORTAL = b"<html><body>Welcome! Please sign in to use this network.</body></html>"


@dataclass(frozen=True, slots=True)
class Storm:
    """What happens to a connection.

    latency_seconds: every piece is late by so much, in each direction.
    cut_up_after, cut_down_after: it ends after so many bytes towards, or from, the server.
    resets: it ends by a reset instead of politely.
    is_black_hole: what is sent arrives nowhere and nothing ever comes back.
    loses_answers: the server gets everything; its answer never comes.
    portal_status: something else answers, with this status and HTML (0: nothing does).
    strips: names of answer headers that are lost on the way.
    times: for so many connections (None: for all).
    """

    latency_seconds: float = 0.0
    cut_up_after: int | None = None
    cut_down_after: int | None = None
    resets: bool = False
    is_black_hole: bool = False
    loses_answers: bool = False
    portal_status: int = 0
    strips: tuple[str, ...] = ()
    times: int | None = None


class Weather:
    """The proxy. `connections` counts those that began, `calls` the calls on them."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.calls = 0
        self._storm = Storm()
        self._left: int | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def set(self, storm: Storm | None = None) -> None:
        """Change the weather for connections to come; without a storm it is fair."""
        with self._lock:
            self._storm = storm or Storm()
            self._left = self._storm.times

    def close(self) -> None:
        """End every connection and the proxy."""
        self._over.set()
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Weather:
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _spawn(self, act: Callable[[], None]) -> None:
        thread = threading.Thread(target=act, name="weather")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                if select.select([self._listener], [], [], 0.05)[0]:
                    client, _ = self._listener.accept()
                    storm = self._next_storm()
                    self._spawn(partial(self._connection, client, storm))

    def _next_storm(self) -> Storm:
        with self._lock:
            self.connections += 1
            if self._left is None:
                return self._storm
            if self._left == 0:
                return Storm()
            self._left -= 1
            return self._storm

    def _connection(self, client: socket.socket, storm: Storm) -> None:
        with client:
            if storm.is_black_hole:
                self._over.wait()
                return
            if storm.portal_status:
                self._portal(client, storm.portal_status)
                return
            with contextlib.suppress(OSError):
                server = socket.create_connection(self._target, timeout=5)
                with server:
                    self._carry(client, server, storm)
            if storm.resets:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _portal(self, client: socket.socket, status: int) -> None:
        with contextlib.suppress(OSError):
            client.settimeout(5)
            client.recv(1 << 16)
            head = f"HTTP/1.1 {status} Portal\r\nContent-Type: text/html\r\nConnection: close\r\n"
            head += "Location: http://127.0.0.1:1/sign-in\r\n"
            client.sendall(f"{head}Content-Length: {len(PORTAL)}\r\n\r\n".encode() + PORTAL)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1 << 16):
                pass

    def _carry(self, client: socket.socket, server: socket.socket, storm: Storm) -> None:
        up, down = 0, 0
        while not self._over.is_set():
            for source in select.select([client, server], [], [], 0.05)[0]:
                data = source.recv(1 << 16)
                if not data:
                    return
                self._over.wait(storm.latency_seconds)
                if source is client:
                    self.calls += data.count(b" HTTP/1.1\r\n")
                    data = data if storm.cut_up_after is None else data[: storm.cut_up_after - up]
                    up += len(data)
                    server.sendall(data)
                elif storm.loses_answers:
                    return
                else:
                    down += len(data)
                    if storm.cut_down_after is not None:
                        data = data[: max(0, len(data) - (down - storm.cut_down_after))]
                    client.sendall(_stripped(data, storm.strips))
                if storm.cut_up_after is not None and up >= storm.cut_up_after:
                    return
                if storm.cut_down_after is not None and down >= storm.cut_down_after:
                    return


def _stripped(data: bytes, names: tuple[str, ...]) -> bytes:
    """An answer whose head lies in this piece, without these headers."""
    head, gap, body = data.partition(b"\r\n\r\n")
    if not names or not gap or not head.startswith(b"HTTP/1.1 "):
        return data
    lost = tuple(f"{name.lower()}:".encode() for name in names)
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(lost)]
    return b"\r\n".join(lines) + gap + body
