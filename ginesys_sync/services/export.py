"""*Export CSV*: the rows of a grid into a file, telling how far it is; stopped or failed it leaves
no file, and an older one of that name as it was.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from ginesys_sync.core.errors import Cancelled
from ginesys_sync.services.files import text_file, written_aside
from ginesys_sync.services.views import BatchRow, ExportProgress

Told = Callable[[ExportProgress], None]

_HEAD = (
    "run",
    "kind",
    "site",
    "stream",
    "batch",
    "what",
    "records",
    "bytes",
    "status",
    "created_at",
    "uploaded_at",
    "received_at",
    "processed_at",
    "needs attention",
)
_STEP = 500
"""Rows between two looks at whether a person has stopped it."""


def nobody_asks(_: ExportProgress) -> None:
    """For those who do not watch an export."""


def goes_on() -> bool:
    """For those who never stop one."""
    return False


class ExportWatch:
    """Counts an export's rows, tells of them and hears that it is to stop: then Cancelled."""

    def __init__(self, total: int, told: Told, is_stopped: Callable[[], bool]) -> None:
        self._total = total
        self._told = told
        self._is_stopped = is_stopped
        self._looked = 0
        self._written = 0

    def look(self) -> None:
        """One more row of the books was looked at."""
        self._looked += 1
        if self._looked % _STEP == 0:
            self.tell()

    def looked_at(self, rows: Iterable[BatchRow]) -> Iterator[BatchRow]:
        """The same rows, each counted as it passes."""
        for row in rows:
            self.look()
            yield row

    def write(self) -> None:
        """One more row is in the file."""
        self._written += 1
        if self._written % _STEP == 0:
            self.tell()

    def tell(self) -> None:
        """Say how it stands. Raises Cancelled when it is to stop."""
        if self._is_stopped():
            raise stopped()
        self._told(ExportProgress(self._written, self._looked, self._total))


def stopped() -> Cancelled:
    """What an export ends with when a person stopped it."""
    return Cancelled("The export was stopped.", "No file was written. Export again when you want.")


def write_csv(rows: Iterable[BatchRow], path: Path, watch: ExportWatch) -> int:
    """Write rows as CSV, in UTF-8 with a mark so that spreadsheets read it. Returns how many.

    Raises Cancelled, or DiskFull or FileNotWritten; then nothing is left of it."""
    count = 0
    watch.tell()
    with written_aside(path) as raw, text_file(raw) as file:
        writer = csv.writer(file)
        writer.writerow(_HEAD)
        for row in rows:
            writer.writerow(_csv_row(row))
            count += 1
            watch.write()
        watch.tell()
    return count


def _csv_row(row: BatchRow) -> tuple[object, ...]:
    return (
        row.run,
        row.kind.value,
        row.site,
        row.stream,
        row.batch,
        _plain(row.what),
        row.records,
        row.size,
        row.status.value,
        *(at.isoformat() if at else "" for at in _moments(row)),
        row.attention,
    )


def _moments(row: BatchRow) -> tuple[datetime | None, ...]:
    return (row.created_at, row.uploaded_at, row.received_at, row.processed_at)


def _plain(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@" else text
