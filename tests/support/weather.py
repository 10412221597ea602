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

from tests.support.http_weather import Alteration, ask, portal, read_call, without

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Storm:
    """What happens to a connection.

    latency_seconds: every piece is late by so much, in each direction.
    bytes_per_second: no more gets through, in each direction (0: as much as comes).
    cut_up_after, cut_down_after: it ends after so many bytes towards, or from, the server.
    resets: it ends by a reset instead of politely.
    is_black_hole: what is sent arrives nowhere and nothing ever comes back.
    is_half_open: the server gets everything and is gone then, but nobody is told.
    loses_answers: the server gets everything; its answer never comes.
    portal_status: something else answers, with this status and HTML (0: nothing does).
    strips: names of answer headers that are lost on the way.
    repeats_requests: the server gets everything twice; its second answer comes.
    repeats_answers: every answer comes twice.
    alters: what a proxy makes of every answer.
    times: for so many connections (None: for all).
    from_call: the calls before this one (counted from 0, on all connections) are spared.
    """

    latency_seconds: float = 0.0
    bytes_per_second: float = 0.0
    cut_up_after: int | None = None
    cut_down_after: int | None = None
    resets: bool = False
    is_black_hole: bool = False
    is_half_open: bool = False
    loses_answers: bool = False
    portal_status: int = 0
    strips: tuple[str, ...] = ()
    repeats_requests: bool = False
    repeats_answers: bool = False
    alters: Alteration | None = None
    times: int | None = None
    from_call: int = 0

    @property
    def reads_calls(self) -> bool:
        """Whether it understands what it carries, call by call."""
        changes = self.strips or self.alters or self.portal_status
        return bool(changes or self.repeats_requests or self.repeats_answers or self.from_call)


class Weather:
    """The proxy. `connections` counts those that began, `calls` the calls on them, `bytes_up` and
    `bytes_down` what it passed on."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = self.calls = self.bytes_up = self.bytes_down = 0
        self._storm = Storm()
        self._left: int | None = None
        self._spared = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._changed = threading.Event()
        self._threads: list[threading.Thread] = []

    def set(self, storm: Storm | None = None) -> None:
        """Change the weather for connections to come; without a storm it is fair. Whoever was left
        waiting in the last one is let go."""
        with self._lock:
            self._storm = storm or Storm()
            self._left, self._spared = self._storm.times, self._storm.from_call
            self._changed.set()
            self._changed = threading.Event()

    def close(self) -> None:
        """End every connection and the proxy."""
        self._over.set()
        self._changed.set()
        self._listener.close()
        while alive := [thread for thread in self._threads if thread.is_alive()]:
            for thread in alive:
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
                    self._threads = [one for one in self._threads if one.is_alive()]
                    self._spawn(partial(self._connection, client, *self._next_storm()))

    def _next_storm(self) -> tuple[Storm, threading.Event]:
        with self._lock:
            self.connections += 1
            if self._left is not None:
                if self._left == 0:
                    return Storm(), self._changed
                self._left -= 1
            return self._storm, self._changed

    def _connection(self, client: socket.socket, storm: Storm, changed: threading.Event) -> None:
        with client:
            client.settimeout(30)
            with contextlib.suppress(OSError):
                if storm.reads_calls:
                    self._carry_calls(client, storm, changed)
                elif storm.is_black_hole:
                    changed.wait()
                else:
                    with socket.create_connection(self._target, timeout=5) as server:
                        self._carry(client, server, storm, changed)
            if storm.resets:
                with contextlib.suppress(OSError):
                    linger = struct.pack("ii", 1, 0)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    # --- call by call -----------------------------------------------------------------------------

    def _carry_calls(self, client: socket.socket, storm: Storm, changed: threading.Event) -> None:
        with client.makefile("rb") as reader:
            while not self._over.is_set():
                if not self._is_coming(client) or not (call := read_call(reader)):
                    return
                with self._lock:
                    self.calls += 1
                    is_spared, self._spared = self._spared > 0, max(0, self._spared - 1)
                if not self._answer(client, call, Storm() if is_spared else storm, changed):
                    return

    def _is_coming(self, client: socket.socket) -> bool:
        """Wait until something comes; whether it did before all was over."""
        while not self._over.is_set():
            if select.select([client], [], [], 0.05)[0]:
                return True
        return False

    def _answer(
        self, client: socket.socket, call: bytes, storm: Storm, changed: threading.Event
    ) -> bool:
        """Answer one call; whether the connection goes on."""
        if storm.is_black_hole:
            changed.wait()
            return False
        if storm.portal_status:
            client.sendall(portal(storm.portal_status))
            client.shutdown(socket.SHUT_WR)
            return False
        answer = ask(self._target, call)
        if storm.repeats_requests:
            answer = ask(self._target, call)
        if storm.is_half_open:
            changed.wait()
        if storm.is_half_open or storm.loses_answers or answer is None:
            return False
        answer = without(answer, ("Connection", *storm.strips))
        answer = storm.alters(answer) if storm.alters else answer
        data = answer.text() * (2 if storm.repeats_answers else 1)
        self.bytes_up, self.bytes_down = self.bytes_up + len(call), self.bytes_down + len(data)
        client.sendall(data)
        return answer.says_its_end

    # --- byte by byte -----------------------------------------------------------------------------

    def _carry(
        self,
        client: socket.socket,
        server: socket.socket,
        storm: Storm,
        changed: threading.Event,
    ) -> None:
        up, down = 0, 0
        while not self._over.is_set():
            for source in select.select([client, server], [], [], 0.05)[0]:
                data = source.recv(_PIECE)
                if not data:
                    return
                self._over.wait(storm.latency_seconds)
                if source is client:
                    self.calls += data.count(b" HTTP/1.1\r\n")
                    data = data if storm.cut_up_after is None else data[: storm.cut_up_after - up]
                    up += len(data)
                    self.bytes_up += self._pass_on(server, data, storm, changed)
                elif storm.is_half_open:
                    server.close()
                    changed.wait()
                    return
                elif storm.loses_answers:
                    return
                else:
                    if storm.cut_down_after is not None:
                        data = data[: storm.cut_down_after - down]
                    down += len(data)
                    self.bytes_down += self._pass_on(client, data, storm, changed)
                if storm.cut_up_after is not None and up >= storm.cut_up_after:
                    return
                if storm.cut_down_after is not None and down >= storm.cut_down_after:
                    return

    def _pass_on(
        self, to: socket.socket, data: bytes, storm: Storm, changed: threading.Event
    ) -> int:
        """Send, as fast as the storm lets through; how many bytes. What is on its way in a slow
        one is lost when the weather changes."""
        speed = storm.bytes_per_second
        step = max(1, int(speed / 20)) if speed else len(data)
        for at in range(0, len(data), step or 1):
            to.sendall(data[at : at + step])
            if speed and changed.wait(step / speed):
                raise ConnectionError("the weather has changed")
        return len(data)
