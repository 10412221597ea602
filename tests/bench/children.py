"""What the benchmarks start as processes: `python -m tests.bench.children KIND …`.

- `baseline SOURCE TARGET`: reads the tuples, then times one `executemany` in one transaction.
- `sender HOME`: one line in, then head office syncs until every store has acknowledged all it was
  sent; times from the first claim.
- `receiver HOME`: a live store, syncing again and again until its standard input closes.
- `once HOME …`: one sync of each home in turn.

Each ends with one line of JSON on standard output, with its own peak of memory and the processor
seconds of its whole life.
"""

from __future__ import annotations

import importlib
import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.rows import INSERT, connected, items_of

PAUSE_SECONDS = 0.3
"""Between two syncs of a live site: it looks often, but a run without work still begins, asks the
Web Database and is written down, each of them on the same disk."""


def peak_kilobytes(pid: str = "self") -> int:
    """The most memory a process has had in use at once (resident)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise LookupError("this system does not tell a process's peak memory")


class Watch:
    """Listens to a run: when it began to claim, and from when to when each stage moved."""

    def __init__(self) -> None:
        self.began: float | None = None
        self.stages: dict[str, list[float]] = {}

    def __call__(self, event: Any) -> None:
        now = time.monotonic()
        kind = type(event).__name__
        if kind == "Counted" and self.began is None and event.waiting:
            self.began = now
        elif kind == "StageMoved" and event.done:
            self.stages.setdefault(event.stage.value, [now, now])[1] = now

    def spans(self) -> dict[str, list[float]]:
        """Per stage, its first and its last movement in seconds since the first claim."""
        zero = self.began or min((first for first, _ in self.stages.values()), default=0.0)
        return {
            stage: [round(a - zero, 3), round(b - zero, 3)] for stage, (a, b) in self.stages.items()
        }


def baseline(source: str, target: str) -> dict[str, Any]:
    """Seconds of one `executemany` with its commit."""
    rows = items_of(Path(source))
    with closing(connected(Path(target))) as connection:
        began, cpu = time.monotonic(), time.process_time()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows)
        connection.execute("COMMIT")
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    return {"seconds": seconds, "rows": len(rows), "cpu_seconds_of_insert": round(cpu, 2)}


def _sync(home: Path, watch: Watch) -> float:
    """One sync; its seconds. A run that did not end well ends the measurement."""
    from ginesys_sync.services.syncing import Ask, sync

    began = time.monotonic()
    ended = sync(home, Ask(), watch)
    if ended.fault is not None or ended.notes:
        raise SystemExit(f"{ended.closing} {ended.notes} {ended.fault and ended.fault.detail}")
    return time.monotonic() - began


def _all_acknowledged(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        (behind,) = connection.execute(
            "SELECT count(*) FROM sync_stream s, sync_site t WHERE s.stream LIKE 'HO/%' "
            "AND s.head_no > 0 AND t.role = 'store' AND t.state = 'active' AND s.head_no > "
            "(SELECT coalesce(max(to_no), 0) FROM sync_ack a "
            "WHERE a.stream = s.stream AND a.site = t.code)"
        ).fetchone()
        (waiting,) = connection.execute("SELECT EXISTS (SELECT 1 FROM sync_change)").fetchone()
    return not behind and not waiting


def sender(home: str, database: str) -> dict[str, Any]:
    """Head office syncs until everything is acknowledged."""
    watch, runs = Watch(), []
    _warm()
    sys.stdin.readline()
    while True:
        runs.append(round(_sync(Path(home), watch), 3))
        if _all_acknowledged(Path(database)):
            break
        time.sleep(PAUSE_SECONDS)
    assert watch.began is not None
    return {"seconds": time.monotonic() - watch.began, "runs": runs, "stages": watch.spans()}


def receiver(home: str) -> dict[str, Any]:
    """A store syncs as long as somebody holds its standard input open."""
    watch, over, runs = Watch(), threading.Event(), []

    def wait() -> None:
        sys.stdin.read()
        over.set()

    _warm()
    threading.Thread(target=wait, daemon=True).start()
    _say({"ready": True})
    while not over.is_set():
        seconds = round(_sync(Path(home), watch), 3)
        runs.append(seconds)
        over.wait(PAUSE_SECONDS)
    return {"runs": runs, "stages": watch.spans()}


def once(*homes: str) -> dict[str, Any]:
    """One sync of each home in turn."""
    _warm()
    sys.stdin.readline()
    watch = Watch()
    runs = [_sync(Path(home), watch) for home in homes]
    began = watch.began
    return {
        "runs": runs,
        "stages": watch.spans(),
        "since_claim": time.monotonic() - began if began else None,
    }


def _warm() -> None:
    """Pay for the imports before the clock runs."""
    importlib.import_module("ginesys_sync.services.syncing")


def _say(document: dict[str, Any]) -> None:
    print(json.dumps(document), flush=True)


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "baseline": baseline,
    "sender": sender,
    "receiver": receiver,
    "once": once,
}

if __name__ == "__main__":
    found = _KINDS[sys.argv[1]](*sys.argv[2:])
    _say(found | {"peak_kb": peak_kilobytes(), "cpu_seconds": round(time.process_time(), 2)})
