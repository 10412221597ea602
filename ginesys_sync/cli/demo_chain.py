"""The demo's chain: a folder with a Web Database, head office and stores, each in a home of its
own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import TracebackType

from ginesys_sync.core.errors import DiskFull, HomeUnusable
from ginesys_sync.core.model import HEAD_OFFICE, Role
from ginesys_sync.core.settings import is_home
from ginesys_sync.relay.main import invite
from ginesys_sync.services.members import refresh_members
from ginesys_sync.services.setup import NewSite, join_chain
from ginesys_sync.services.worker import stop_service
from ginesys_sync.shop.chain import Chain, fill_head_office, fill_store
from ginesys_sync.store.database import Database

_MARK = "demo.json"
_BILLS = 40
STORES = ("S001", "S002")


class DemoChain:
    """A context manager: the Web Database runs inside it, and every child is ended at its end."""

    def __init__(self, folder: Path, *, is_fresh: bool, kind: str = "made up") -> None:
        self.folder = folder
        self._kind = kind
        self._relay: subprocess.Popen[str] | None = None
        self.url = ""
        self._prepare(is_fresh)

    def _prepare(self, is_fresh: bool) -> None:
        mark = self.folder / _MARK
        if self.folder.exists() and any(self.folder.iterdir()) and not mark.exists():
            raise HomeUnusable(
                f"{self.folder} holds other things than a demo.",
                "Give another folder with --dir; this one was not touched.",
            )
        if is_fresh and self.folder.exists():
            shutil.rmtree(self.folder)
        if mark.exists():
            kind = json.loads(mark.read_text(encoding="utf-8")).get("kind")
            if kind != self._kind:
                raise HomeUnusable(
                    f"The demo in {self.folder} is another one.",
                    "Give another folder with --dir, or begin anew with --fresh.",
                )
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write_mark(0)
        except OSError as fault:
            raise DiskFull(f"{self.folder} cannot be written.", detail=str(fault)) from fault

    def _write_mark(self, port: int) -> None:
        facts = {"kind": self._kind, "port": port}
        (self.folder / _MARK).write_text(json.dumps(facts) + "\n", encoding="utf-8")

    def __enter__(self) -> DemoChain:
        self.start_relay()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for code in self.codes():
            stop_service(self.home(code))
        self.stop_relay()

    @property
    def webdb(self) -> Path:
        """The Web Database's home."""
        return self.folder / "webdb"

    def home(self, code: str) -> Path:
        """A site's home."""
        return self.folder / code

    def database(self, code: str) -> Database:
        """A site's business database."""
        return Database(self.database_url(code))

    def database_url(self, code: str) -> str:
        """Its address."""
        return f"sqlite+pysqlite:///{(self.folder / f'{code}.sqlite3').resolve()}"

    def codes(self) -> list[str]:
        """The sites that have joined."""
        found = sorted(path.name for path in self.folder.iterdir() if is_home(path))
        return sorted(found, key=lambda code: (code != HEAD_OFFICE, code))

    def shown(self) -> list[str]:
        """The sites whose windows are opened."""
        return self.codes()[:3]

    def start_relay(self) -> None:
        """Serve the Web Database on the port of last time, or on a free one."""
        port = int(json.loads((self.folder / _MARK).read_text(encoding="utf-8"))["port"])
        command = [
            sys.executable,
            "-m",
            "ginesys_sync",
            "relay",
            "serve",
            "--home",
            str(self.webdb),
        ]
        self._relay = subprocess.Popen(
            [*command, "--port", str(port)], stdout=subprocess.PIPE, text=True
        )
        assert self._relay.stdout is not None
        line = self._relay.stdout.readline().strip()
        if not line:
            self._relay.wait()
            raise HomeUnusable(
                "The demo's Web Database could not start.",
                "Another demo may be running in this folder: close it, or begin anew with --fresh.",
            )
        self.url = line.rsplit(" ", 1)[-1]
        self._write_mark(int(self.url.rsplit(":", 1)[-1]))

    def stop_relay(self) -> None:
        """End the Web Database."""
        if self._relay is not None:
            self._relay.terminate()
            self._relay.wait()
            assert self._relay.stdout is not None
            self._relay.stdout.close()
            self._relay = None

    def join(self, code: str) -> bool:
        """Have a site join, unless it has. Returns whether it is new."""
        if is_home(self.home(code)):
            return False
        role = Role.HO if code == HEAD_OFFICE else Role.STORE
        ticket = invite(self.webdb, code, role.value)
        join_chain(
            NewSite(
                self.home(code), code, role, self.database_url(code), self.url, ticket, demo=True
            )
        )
        return True


def made_up_chain(chain: DemoChain, stores: Sequence[str] = STORES) -> None:
    """Head office with 2,000 items and what belongs to them, and the stores with bills of the
    past."""
    facts = Chain(today=date.today(), stores=len(stores))  # noqa: DTZ011
    if chain.join(HEAD_OFFICE):
        database = chain.database(HEAD_OFFICE)
        fill_head_office(database.engine, facts)
        database.dispose()
    for code in stores:
        if chain.join(code):
            database = chain.database(code)
            fill_store(database.engine, facts, code, _BILLS)
            database.dispose()
    refresh_members(chain.home(HEAD_OFFICE))
