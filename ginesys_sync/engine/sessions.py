"""The connections of the Web Database's client: one session for each thread, and calls that another
thread can end.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection
from urllib3.util.retry import Retry as Retries

from ginesys_sync.core.errors import Cancelled
from ginesys_sync.wire import routes

_RETRY_AFTER_SECONDS = 20
Answer = TypeVar("Answer")


class SiteKey(AuthBase):
    """The site's key on a call; as an `auth`, so that no file of the machine replaces it."""

    def __init__(self, site: str, key: str) -> None:
        self._token = f"Bearer {site}:{key}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._token
        return request


def nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No key on a call."""
    return request


class Sessions:
    """One session for each thread that calls `url`. A failed call is tried again `tries` times,
    but not one with a body, which goes on where it was cut, nor one that waits for news.
    """

    def __init__(
        self,
        url: str,
        tries: int,
        pause_seconds: float,
        new_session: Callable[[], requests.Session],
        *,
        trust_env: bool,
    ) -> None:
        self._url, self._trust_env = url, trust_env
        self._tries, self._pause_seconds = tries, pause_seconds
        self._new_session = new_session
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._all: list[requests.Session] = []
        self._waits: WeakSet[_Breakable] = WeakSet()

    def mine(self) -> requests.Session:
        """The calling thread's own."""
        session: requests.Session | None = getattr(self._mine, "session", None)
        if session is None:
            session = self._new_session()
            session.trust_env = self._trust_env
            session.mount(self._url, HTTPAdapter(max_retries=self._retries(self._tries)))
            once = self._retries(0)
            session.mount(self._url + routes.BODIES, HTTPAdapter(max_retries=once))
            waits = _Breakable(max_retries=once)
            session.mount(self._url + routes.WAIT, waits)
            self._mine.session = session
            with self._lock:
                self._all.append(session)
                self._waits.add(waits)
        return session

    def lend(self, session: requests.Session, is_over: Callable[[], bool]) -> None:
        """Let the calling thread wait for news on the session of another, until `is_over`."""
        waits = session.get_adapter(self._url + routes.WAIT)
        assert isinstance(waits, _Breakable)
        waits.is_over = is_over
        self._mine.session = session

    def break_waits(self) -> None:
        """Cut the lines of the calls that wait for news."""
        with self._lock:
            for waits in self._waits:
                waits.break_off()

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for session in self._all:
                session.close()
            self._all.clear()
        self._mine = threading.local()

    def _retries(self, tries: int) -> Retries:
        return Retries(
            total=tries,
            redirect=0,
            allowed_methods=None,
            status_forcelist=(502, 503, 504),
            backoff_factor=self._pause_seconds,
            backoff_jitter=self._pause_seconds,
            respect_retry_after_header=True,
            retry_after_max=_RETRY_AFTER_SECONDS,
            raise_on_status=False,
        )


class _Breakable(HTTPAdapter):
    """An adapter whose connections another thread can cut, also while somebody reads from them.

    Closing a session closes what is idle only. A connection that is made when `is_over` is cut
    at once.
    """

    def __init__(self, max_retries: Retries) -> None:
        super().__init__(max_retries=max_retries)
        self.is_over: Callable[[], bool] = lambda: False
        self._connections: WeakSet[HTTPConnection] = WeakSet()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """The pool for a call; it tells of the connections that it makes."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = partial(self._connect, type(pool).ConnectionCls)
        return pool

    def break_off(self) -> None:
        """Whoever reads or writes meets the end of the line."""
        for connection in list(self._connections):
            _cut(connection)

    def _connect(self, make: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        connection = make(*args, **kwargs)
        connect = connection.connect

        def connect_unless_over() -> None:
            connect()
            if self.is_over():
                _cut(connection)

        connection.connect = connect_unless_over
        self._connections.add(connection)
        return connection


def _cut(connection: HTTPConnection) -> None:
    line = connection.sock
    if line is not None:
        with suppress(OSError):
            socket.socket.shutdown(line, socket.SHUT_RDWR)  # beneath TLS, which is not asked


class Waits:
    """Calls that may take long, each on a thread of its own, so that whoever asked can be let go at
    once: also while a name is looked up or a line is tried, which nothing can cut short.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_over = False
        self._open: set[Future[Any]] = set()

    def keep(self, act: Callable[[Callable[[], bool]], Answer]) -> Answer:
        """What `act(is_over)` gives or raises. Raises Cancelled when it was ended."""
        outcome: Future[Answer] = Future()
        with self._lock:
            if self._is_over:
                raise _ended()
            self._open.add(outcome)
        threading.Thread(target=_settle, args=(outcome, act), name="wait", daemon=True).start()
        try:
            return outcome.result()
        finally:
            with self._lock:
                self._open.discard(outcome)

    def end(self, *, for_good: bool) -> None:
        """Let everybody go who waits now; with `for_good`, whoever comes later, too."""
        with self._lock:
            self._is_over = self._is_over or for_good
            for outcome in self._open:
                with suppress(InvalidStateError):
                    outcome.set_exception(_ended())


def _settle(outcome: Future[Answer], act: Callable[[Callable[[], bool]], Answer]) -> None:
    with suppress(InvalidStateError):  # nobody waits for it any more
        try:
            answer = act(outcome.done)
        except BaseException as fault:
            outcome.set_exception(fault)
        else:
            outcome.set_result(answer)


def _ended() -> Cancelled:
    return Cancelled("Waiting for news was stopped.", "Nothing: it was asked for.")
