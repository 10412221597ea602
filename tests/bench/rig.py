"""A chain on this machine for the benchmarks: relay, head office and stores, each a process of its
own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from ginesys_sync.core.model import Role
from ginesys_sync.relay.main import invite
from ginesys_sync.services.setup import NewSite, join_chain
from ginesys_sync.services.syncing import Ask, sync
from tests.bench.children import peak_kilobytes
from tests.bench.rows import INSERT, connected, make_items

ROOT = Path(__file__).resolve().parents[2]
_RELAY = (
    "import sys; from pathlib import Path; from ginesys_sync.relay.main import serve; "
    "sys.exit(serve(Path(sys.argv[1]), port=int(sys.argv[2])))"
)


class Child:
    """One process of a benchmark. Ended by its own process id only, whatever happens."""

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def say(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """The next line of its standard output. Raises RuntimeError when it ended without one."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a child ended with {self._process.wait()}: {self._process.args!r}")
        return line.strip()

    def result(self) -> dict[str, Any]:
        """Close its standard input and wait for its last line."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        line = self.hear()
        self._process.wait(timeout=60)
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        """End it if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                stream.close()


@contextmanager
def child(*words: str) -> Iterator[Child]:
    """A child process that does not outlive the block."""
    made = Child(*words)
    try:
        yield made
    finally:
        made.end()


def kind_of_child(kind: str, *words: str | Path) -> tuple[str, ...]:
    """The command line of one of `children`'s kinds."""
    return ("-m", "tests.bench.children", kind, *map(str, words))


class ChainFolder:
    """A chain's homes and databases in one folder. All have joined and synced; no relay runs.

    The relay keeps its port, because the homes say it; `copy` is another folder of this chain."""

    def __init__(self, folder: Path, port: int, stores: tuple[str, ...]) -> None:
        self.folder = folder
        self.port = port
        self.stores = stores

    def home(self, code: str) -> Path:
        """A site's home."""
        return self.folder / code

    def database(self, code: str) -> Path:
        """A site's database."""
        return self.folder / code / "shop.sqlite3"

    def copy(self, folder: Path) -> ChainFolder:
        """The same chain in another folder, to be used once; paths inside are mended."""
        shutil.copytree(self.folder, folder)
        for settings in folder.glob("*/*.json"):
            text = settings.read_text(encoding="utf-8")
            settings.write_text(text.replace(str(self.folder), str(folder)), encoding="utf-8")
        return ChainFolder(folder, self.port, self.stores)

    def drop(self) -> None:
        """Delete it all."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def relay(self) -> Iterator[Child]:
        """The relay at work."""
        with child("-c", _RELAY, str(self.folder / "relay"), str(self.port)) as process:
            process.hear()
            yield process

    def change_items(self, count: int) -> None:
        """Write `count` new items at head office, as any program would; its triggers note them."""
        with closing(connected(self.database("HO"))) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, make_items(count))
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def make_chain(folder: Path, stores: tuple[str, ...]) -> ChainFolder:
    """A new chain: every site joined and synced once, so that all know plan and sites."""
    folder.mkdir(parents=True)
    chain = ChainFolder(folder, 0, stores)
    with chain.relay() as relay:
        facts = json.loads((folder / "relay" / "relay.json").read_text())
        chain.port = facts["port"]
        assert facts["pid"] == relay.pid
        for code in ("HO", *stores):
            _join(chain, facts["url"], code)
        for code in ("HO", *stores, "HO"):
            ended = sync(chain.home(code), Ask())
            assert ended.fault is None, ended
    return chain


def _join(chain: ChainFolder, url: str, code: str) -> None:
    role = Role.HO if code == "HO" else Role.STORE
    home = chain.home(code)
    home.mkdir()
    join_chain(
        NewSite(
            home,
            code,
            role,
            f"sqlite+pysqlite:///{chain.database(code)}",
            url,
            invite(chain.folder / "relay", code, role.value),
        )
    )


def cpu_seconds_of(process: Child) -> float:
    """The processor seconds that a process has used so far."""
    times = psutil.Process(process.pid).cpu_times()
    return round(times.user + times.system, 2)


def machine(folder: Path) -> dict[str, float]:
    """How busy the machine is at this moment: processes that want to run, and what the disk takes
    to keep 1 MB for good (the middle of nine, in milliseconds). Ratios of a busy machine say less.
    """
    path, taken = folder / "probe", []
    with path.open("wb") as file:
        for _ in range(9):
            file.write(os.urandom(1_000_000))
            file.flush()
            began = time.monotonic()
            os.fsync(file.fileno())
            taken.append((time.monotonic() - began) * 1000)
    path.unlink()
    return {"load": round(psutil.getloadavg()[0], 1), "fsync_ms": round(median(taken), 2)}


def peak_of(process: Child) -> int:
    """The peak memory in kilobytes of a process that still runs."""
    return peak_kilobytes(str(process.pid))
