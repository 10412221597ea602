"""The Web Database's door for the command line: serve a home, invite a site."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import json
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn
from filelock import FileLock, Timeout
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from ginesys_sync.core.errors import AlreadyRunning, HomeUnusable, KnownError
from ginesys_sync.relay import access
from ginesys_sync.relay.app import make_app
from ginesys_sync.relay.desk import DATABASE_FILE, KEEP_DAYS, Relay, open_relay
from ginesys_sync.relay.protocol import Protocol
from ginesys_sync.relay.sweep import sweep

ADDRESS_FILE = "relay.json"
PORT_FILE = "port"
_STOP_SECONDS = 5
_BACKLOG = 2048
_LINES = 65_536


def invite(home: Path, site: str, role: str, name: str = "") -> str:
    """A one-time enrolment code for a site; an earlier one is void. Raises KnownError."""
    _make_home(home)
    with contextlib.closing(open_relay(home)) as relay:
        return access.invite(relay, site, role, name)


def serve(
    home: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    db_url: str | None = None,
    workers: int = 1,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    keep_days: int = KEEP_DAYS,
) -> int:
    """Serve a home until SIGTERM or Ctrl+C; 0 then. Raises KnownError when it cannot start.

    `port` 0 takes a free one. Says on standard output where it listens, and writes pid, host and
    port to `relay.json` in the home. Plain HTTP is served on loopback only. What every site has
    processed is kept for `keep_days`.
    """
    _check_host(host, tls_cert, tls_key)
    _check_database(home, db_url)
    _make_home(home)
    config = _config(functools.partial(_worker_app, home, keep_days), workers, tls_cert, tls_key)
    _allow_many_lines()
    with (
        _alone(home),
        _listening(host, port) as listener,
        contextlib.closing(open_relay(home, keep_days=keep_days)) as relay,
        _stoppable(config, listener) as run,
        _swept(relay),
        _announced(home, "https" if tls_cert else "http", host, listener) as url,
    ):
        sys.stdout.write(f"Web Database listening on {url}\n")
        sys.stdout.flush()
        run()
    return 0


def is_served_home(home: Path) -> bool:
    """Whether a Web Database has its home in this folder already."""
    return (home / DATABASE_FILE).exists()


def last_port(home: Path) -> int:
    """The port this home was served on last; 0 when it never was. Sites keep the address."""
    try:
        return int((home / PORT_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _worker_app(home: Path, keep_days: int) -> Starlette:
    return make_app(open_relay(home, keep_days=keep_days))


def _config(
    make: Callable[[], Starlette], workers: int, tls_cert: Path | None, tls_key: Path | None
) -> uvicorn.Config:
    return uvicorn.Config(
        make,
        factory=True,
        workers=workers,
        loop="asyncio",
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_STOP_SECONDS,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
    )


def _allow_many_lines() -> None:
    """Every site may hold a line open to wait for news: take as many as this user is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _LINES if hard == resource.RLIM_INFINITY else min(hard, _LINES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextlib.contextmanager
def _stoppable(config: uvicorn.Config, listener: socket.socket) -> Iterator[Callable[[], None]]:
    """Gives what to call to serve until a signal comes; a signal that comes earlier counts, too."""
    if config.workers > 1:
        yield Multiprocess(config, sockets=[listener]).run
        return
    server = uvicorn.Server(config)

    def stop(number: int, frame: FrameType | None) -> None:
        # uvicorn stops on a signal by itself and raises it again at its end: harmless then.
        server.should_exit = True

    is_main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGTERM, signal.SIGINT) if is_main else ()
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield functools.partial(server.run, sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_host(host: str, tls_cert: Path | None, tls_key: Path | None) -> None:
    if (tls_cert is None) is not (tls_key is None):
        raise KnownError(
            "A certificate needs its key, and a key its certificate.", "Give both, or neither."
        )
    for path in (tls_cert, tls_key):
        if path and not path.is_file():
            raise KnownError(f"There is no file {path}.", "Give the certificate's own path.")
    if tls_cert is None and not _is_loopback(host):
        raise KnownError(
            f"The Web Database does not serve plain HTTP on {host}: keys could be read on the way.",
            "Serve on 127.0.0.1 behind a proxy that speaks https, or give a certificate and key.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_database(home: Path, db_url: str | None) -> None:
    if db_url in (None, f"sqlite+pysqlite:///{home / DATABASE_FILE}"):
        return
    raise KnownError(
        f"The Web Database keeps its own records in {DATABASE_FILE} in its home, not in {db_url}.",
        "Leave --db out, and choose the place with --home.",
    )


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise HomeUnusable(
            f"The folder {home} cannot be made or used.",
            "Give a folder that this user may write to.",
            detail=str(fault),
        ) from fault


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the home: one server at a time; the lock dies with its holder."""
    lock = FileLock(home / "relay.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyRunning(
            f"A Web Database is already running on {home}.",
            f"{home / ADDRESS_FILE} says where; stop that one first, or use it.",
        ) from None
    except OSError as fault:
        raise HomeUnusable(
            f"The folder {home} cannot be written to.",
            "Give a folder that this user may write to.",
            detail=str(fault),
        ) from fault
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, or asyncio leaves Nagle's algorithm on: the second piece of an answer
    # would wait for the client's delayed acknowledgement of the first, 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)  # from here on callers wait instead of being refused
        except OSError as fault:
            raise KnownError(
                f"The Web Database cannot listen on {host} port {port}.",
                "Another program may use that port: give another one, or 0 for any free one.",
                detail=str(fault),
            ) from fault
        listener.set_inheritable(True)
        yield listener


@contextlib.contextmanager
def _swept(relay: Relay) -> Iterator[None]:
    """Put right what a kill left over, while the server runs already."""
    sweeper = threading.Thread(target=sweep, args=(relay,), name="sweep")
    sweeper.start()
    try:
        yield
    finally:
        sweeper.join()


@contextlib.contextmanager
def _announced(home: Path, scheme: str, host: str, listener: socket.socket) -> Iterator[str]:
    """Write down where the server listens, as long as it does; gives the address."""
    port = listener.getsockname()[1]
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    aside = home / f"{ADDRESS_FILE}.new"
    facts = {"pid": os.getpid(), "host": host, "port": port, "url": url}
    aside.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    aside.replace(home / ADDRESS_FILE)
    (home / PORT_FILE).write_text(f"{port}\n", encoding="ascii")
    try:
        yield url
    finally:
        (home / ADDRESS_FILE).unlink(missing_ok=True)
