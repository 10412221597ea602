"""The service: the one process of a site that runs the engine. It syncs by schedule, in live mode,
and whenever a window asks.

Asked and watched through the database (a request row, a progress row), so it is the same under
another account. A window starts it as its child if none runs; such a child ends when its window
is gone and nothing is under way.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ginesys_sync.core.clock import SystemClock
from ginesys_sync.core.ending import when_asked_to_end
from ginesys_sync.core.errors import AlreadyRunning, HomeUnusable, KnownError
from ginesys_sync.services.alert_watch import AlertWatch
from ginesys_sync.services.planner import Planner
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.services.syncing import Ask, Ended, sync
from ginesys_sync.store import runs
from ginesys_sync.store.database import Connection

SERVICE_LOCK = "service.lock"
PID_FILE = "service.pid"
LOOK_SECONDS = 0.2
STOP_SECONDS = 30.0
START_SECONDS = 2.0
LOOK_LOCK_SECONDS = 0.1
log = logging.getLogger(__name__)


@contextmanager
def _only_service(folder: Path, seconds: float) -> Iterator[None]:
    """Hold the service's lock, waiting so long for it: whoever only looks whether a service runs
    holds it for a moment, too, and must neither stop a service nor be taken for one."""
    lock = FileLock(folder / SERVICE_LOCK, timeout=seconds)
    try:
        lock.acquire(poll_interval=0.01)
    except Timeout:
        raise AlreadyRunning(
            "The service of this site is already running.", "There is nothing to do: it goes on."
        ) from None
    except OSError as fault:
        raise HomeUnusable("The home folder cannot be written.", detail=str(fault)) from fault
    try:
        yield
    finally:
        lock.release()


def is_service_running(folder: Path) -> bool:
    """Whether a service of this site runs now."""
    try:
        with _only_service(folder, LOOK_LOCK_SECONDS):
            return False
    except AlreadyRunning:
        return True


def seems_to_serve(folder: Path) -> bool:
    """Whether the service that last wrote its number here is alive. Only for a sentence on screen:
    it looks without touching the lock, which would be in the way of a service that begins.
    """
    if os.name == "nt":  # where asking a process for a sign of life would end it
        return is_service_running(folder)
    try:
        os.kill(int((folder / PID_FILE).read_text(encoding="ascii")), 0)
    except PermissionError:  # alive, under another account
        return True
    except (OSError, ValueError):
        return False
    return True


def start_child(folder: Path) -> subprocess.Popen[bytes]:
    """Start the service as a child of this process. It ends when the pipe to its input closes,
    which it does when this process is gone, and nothing is under way."""
    command = [sys.executable, "-m", "ginesys_sync", "service", "--home", str(folder), "--child"]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def let_go(child: subprocess.Popen[bytes], is_busy: bool) -> None:
    """Tell a child that its window is gone; wait for its end unless it is busy with a run."""
    if child.stdin is not None:
        child.stdin.close()
    if not is_busy:
        with suppress(subprocess.TimeoutExpired):
            child.wait(STOP_SECONDS)


def stop_service(folder: Path) -> None:
    """End the service of a home if one runs, and wait until it has."""
    try:
        pid = int((folder / PID_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    if not is_service_running(folder):
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    with suppress(Timeout):
        FileLock(folder / SERVICE_LOCK, timeout=STOP_SECONDS).acquire().lock.release()


class Service:
    """Serves the requests of one site, one at a time, until told to stop."""

    def __init__(self, folder: Path, *, is_child: bool = False, minutes: int | None = None) -> None:
        self._folder = folder
        self._is_child = is_child
        self._minutes = minutes
        self._over = threading.Event()
        self._is_orphan = threading.Event()
        self._wake = threading.Event()
        self._clock = SystemClock()
        self._alerts: AlertWatch | None = None

    def stop(self) -> None:
        """End after the present run's current slice."""
        self._over.set()
        self._wake.set()

    def serve(self) -> int:
        """Until stopped. Raises AlreadyRunning when a service of this site runs already."""
        with _only_service(self._folder, START_SECONDS), opened_site(self._folder) as site:
            (self._folder / PID_FILE).write_text(f"{os.getpid()}\n", encoding="ascii")
            with site.database.connect() as connection:
                self._end_left_over(connection)
                with ExitStack() as stack:
                    self._keep_time(stack, site, connection)
                    self._loop(connection)
        return 0

    def _loop(self, connection: Connection) -> None:
        if self._is_child:
            threading.Thread(target=self._watch_parent, daemon=True).start()
        while not self._over.is_set():
            request = self._next(connection)
            if request is not None:
                self._answer(connection, request)
                continue
            if self._is_orphan.is_set():
                return
            self._planner.look()
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _watch_parent(self) -> None:
        """The window holds the other end of our input: it closes when the window is gone.

        Read without a buffer: its lock, held by a thread that waits, would keep the process from
        ending when it is asked to (it is aborted after a second).
        """
        with suppress(OSError, ValueError):
            while os.read(sys.stdin.fileno(), 1024):
                pass
        self._is_orphan.set()
        self._wake.set()

    def _next(self, connection: Connection) -> runs.Request | None:
        try:
            return runs.next_request(connection)
        except KnownError as fault:
            log.warning("the request list could not be read: %s", fault.detail)
            return None

    def _answer(self, connection: Connection, request: runs.Request) -> None:
        if request.is_cancelled:
            runs.mark_request(connection, request.id, runs.ENDED, message="Sync was cancelled.")
            return
        ended = self._run(connection, request)
        runs.mark_request(
            connection, request.id, runs.ENDED, ended.run or None, message=ended.closing
        )
        if self._alerts is not None:
            self._alerts.look_soon()

    def _run(self, connection: Connection, request: runs.Request) -> Ended:
        def is_cancelled() -> bool:
            return self._over.is_set() or runs.is_cancelled(connection_for_cancel, request.id)

        with opened_site(self._folder) as site, site.database.connect() as connection_for_cancel:
            del connection
            return sync(
                self._folder,
                Ask(request.sites, request.trigger, request.id, request.who),
                is_cancelled=is_cancelled,
            )

    def _end_left_over(self, connection: Connection) -> None:
        """Requests that an earlier service took and did not end were killed with it."""
        for request in runs.open_requests(connection):
            if request.state == runs.TAKEN:
                runs.mark_request(
                    connection,
                    request.id,
                    runs.ENDED,
                    message="Sync stopped: it was ended from outside. Nothing is lost. "
                    "The next sync finishes its work.",
                )

    def _keep_time(self, stack: ExitStack, site: OpenSite, connection: Connection) -> None:
        """From here on runs are asked for by the schedule and by live mode, as they come."""
        self._planner = Planner(site, connection, self._clock, self._wake.set, self._minutes)
        stack.callback(self._planner.close)
        if site.is_head_office:
            self._alerts = AlertWatch(site, self._clock)
            stack.callback(self._alerts.close)


def serve(folder: Path, *, is_child: bool = False, minutes: int | None = None) -> int:
    """Run the service of a home until SIGTERM or Ctrl+C. Returns the exit code.

    `minutes` between two runs; None: by the schedule and in live mode, as head office laid down;
    0: only when a window asks."""
    service = Service(folder, is_child=is_child, minutes=minutes)
    with when_asked_to_end(service.stop):
        return service.serve()
