"""A real Web Database for tests: its own process, its own home, a loopback socket."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType

import uvicorn
from starlette.applications import Starlette

from ginesys_sync.core.clock import SystemClock, iso
from ginesys_sync.engine.webdb import Patience, WebDatabase
from ginesys_sync.relay.desk import KEEP_DAYS
from ginesys_sync.relay.main import invite
from ginesys_sync.relay.protocol import Protocol
from ginesys_sync.wire.messages import (
    EnrolRequest,
    MailCursor,
    MailRequest,
    OpenAnswer,
    OpenRequest,
)
from ginesys_sync.wire.messages import StreamPlace as Place
from ginesys_sync.wire.routes import PROTOCOL
from tests.support.forked_relay import ForkedRelay

IMPATIENT = Patience(connect_seconds=2.0, read_seconds=5.0, tries=2, pause_seconds=0.01)
"""For tests in which tries are to fail soon."""

_PROGRAM = """
import sys
from pathlib import Path
from ginesys_sync.relay.main import serve
home, port, workers, keep, *tls = sys.argv[1:]
cert, key = map(Path, tls) if tls else (None, None)
raise SystemExit(
    serve(
        Path(home),
        "127.0.0.1",
        int(port),
        workers=int(workers),
        tls_cert=cert,
        tls_key=key,
        keep_days=int(keep),
    )
)
"""


class RelayServer:
    """`ginesys-sync relay serve` as a child process, ended by its own process id."""

    def __init__(
        self,
        home: Path,
        *,
        workers: int = 1,
        tls: tuple[Path, Path] | None = None,
        keep_days: int = KEEP_DAYS,
    ) -> None:
        self.home = home
        self.url = ""
        self._workers = workers
        self._tls = tls or ()
        self.keep_days = keep_days
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> RelayServer:
        """Start, and return when it listens. A later start takes the same port again."""
        facts = (self.home, self._port, self._workers, self.keep_days)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *map(str, facts), *map(str, self._tls)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("Web Database listening on "), line
        said = json.loads((self.home / "relay.json").read_text())
        self.url, self._port = said["url"], said["port"]
        assert line.strip().endswith(self.url)
        return self

    def stop(self) -> int:
        """End it politely; its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it as a power cut would."""
        return self._end(signal.SIGKILL)

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        os.kill(process.pid, number)
        code = process.wait(timeout=20)
        if process.stdout:
            process.stdout.close()
        return code

    def __enter__(self) -> RelayServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """An application served from a thread of this process, for tests that change its parts."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app, http=Protocol, log_config=None, lifespan="off", ws="none", access_log=False
        )
    )
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class Member:
    """One enrolled site as a test plays it: its key, its epoch, its client."""

    def __init__(
        self, server: RelayServer | ForkedRelay, site: str, *, url: str | None = None
    ) -> None:
        self.site = site
        self._books = server.home / "relay.sqlite3"
        self.role = "ho" if site == "HO" else "store"
        self.key = secrets.token_hex(32)
        self.incarnation = secrets.token_hex(8)
        self.code = invite(server.home, site, self.role)
        self.web = WebDatabase(url or server.url, site, self.key, patience=IMPATIENT)
        request = EnrolRequest.model_validate(
            {
                "site": site,
                "role": self.role,
                "code": self.code,
                "key": self.key,
                "program": "test",
            }
        )
        self.epoch = self.web.enrol(request).epoch

    def open(
        self,
        run: int = 1,
        *,
        heads: list[Place] | None = None,
        mail: MailRequest | None = None,
        protocol: int = PROTOCOL,
        **more: object,
    ) -> OpenAnswer:
        """The first call of a run; unless told otherwise, of a site that has lost nothing."""
        request = self.request(run, heads=heads, mail=mail, protocol=protocol)
        return self.web.open(request.model_copy(update=more))

    def request(
        self,
        run: int = 1,
        *,
        heads: list[Place] | None = None,
        mail: MailRequest | None = None,
        protocol: int = PROTOCOL,
    ) -> OpenRequest:
        """What `open` asks."""
        return OpenRequest(
            incarnation=self.incarnation,
            run=run,
            program="test",
            protocol=protocol,
            plan_version=1,
            clock=iso(SystemClock().now()),
            heads=self._sent() if heads is None else heads,
            mail=MailRequest(streams=self._applied()) if mail is None else mail,
        )

    def _sent(self) -> list[Place]:
        rows = self._look(
            "SELECT origin || '/' || channel, epoch, head FROM streams WHERE origin = ? AND head"
        )
        return [
            Place(stream=text, epoch=epoch, no=no)
            for text, epoch, no in rows
            if epoch == self.epoch
        ]

    def _applied(self) -> list[MailCursor]:
        rows = self._look(
            "SELECT origin || '/' || channel, epoch, acked FROM streams"
            " JOIN reach USING (organisation, stream) WHERE site = ? AND acked ORDER BY epoch_no"
        )
        return [MailCursor(stream=text, epoch=epoch, after=no) for text, epoch, no in rows]

    def _look(self, query: str) -> list[tuple[str, str, int]]:
        with closing(sqlite3.connect(self._books, timeout=20)) as connection:
            return connection.execute(query, (self.site,)).fetchall()
