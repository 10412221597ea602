"""`pipeline`: items from head office over the relay to one store, against one plain `executemany`.

Per round, next to each other: a fresh process inserts the ready tuples into an empty table of its
own (same DDL, same index, same PRAGMAs, one transaction); then relay, head office and a live store
run at the same time on a fresh copy of one prepared chain. The clock runs in head office's process
from the first claim of its run until the end of the run that collected the last batch's
acknowledgement: sealing, staging, uploading, releasing, fetching, checking, applying, acknowledging
and all fsyncs are in it. Afterwards the three tables must have the same hash.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.bench.report import Measure, middle_ratio, note, rounded
from tests.bench.rig import (
    ChainFolder,
    child,
    cpu_seconds_of,
    kind_of_child,
    machine,
    make_chain,
    peak_of,
)
from tests.bench.rows import description, item_hash, make_database

ROWS, FEW_ROWS = 1_000_000, 100_000
ROUNDS = 3
LIMIT = 2.0
PEAK_LIMIT_MB = 200
GROWTH_LIMIT = 1.15
STORE = "S001"


def run(quick: bool) -> list[Measure]:
    """The measures of `pipeline` and its memory."""
    rows, few = (20_000, 10_000) if quick else (ROWS, FEW_ROWS)
    with tempfile.TemporaryDirectory(prefix="bench-pipeline-") as name:
        folder = Path(name)
        note(f"pipeline: preparing a chain with {few:,} and one with {rows:,} changed items")
        small = make_chain(folder / "few", (STORE,))
        large = small.copy(folder / "many")
        small.change_items(few)
        large.change_items(rows)
        base = _Rounds(folder, 1 if quick else ROUNDS)
        few_peaks = base.measure(small)[2]
        seconds, baseline, peaks, details = base.measure(large)
        make_database(folder / "empty.sqlite3")
        raw = {
            "rows": rows,
            "columns": 12,
            "seconds": rounded(seconds),
            "baseline_seconds": rounded(baseline),
            "rounds": details,
            "hashes_equal": True,
            "baseline": description(folder / "empty.sqlite3"),
        }
    figure = middle_ratio(seconds, baseline)
    found = [Measure("pipeline", "end to end", figure, LIMIT, judged=not quick, raw=raw)]
    return found + _memory(peaks, few_peaks, rows, few, quick)


def _memory(
    peaks: dict[str, list[int]], few: dict[str, list[int]], rows: int, few_rows: int, quick: bool
) -> list[Measure]:
    """Every process's highest peak of all rounds, and its growth from few to many records."""
    found = []
    for process in peaks:
        raw = {
            "rows": rows,
            "peak_kb": peaks[process],
            "few_rows": few_rows,
            "few_peak_kb": few[process],
        }
        most, at_few = max(peaks[process]), max(few[process])
        words = f"peak memory, {process}"
        found.append(
            Measure("pipeline", words, most / 1024, PEAK_LIMIT_MB, "MB", not quick, raw=raw)
        )
        words = f"peak memory, {process}, many against few records"
        found.append(
            Measure("pipeline", words, most / at_few, GROWTH_LIMIT, judged=not quick, raw=raw)
        )
    return found


class _Rounds:
    def __init__(self, folder: Path, rounds: int) -> None:
        self._folder = folder
        self._rounds = rounds

    def measure(
        self, chain: ChainFolder
    ) -> tuple[list[float], list[float], dict[str, list[int]], list[dict[str, Any]]]:
        """Seconds per round, the baseline's seconds, peaks per process, and the rounds' details."""
        seconds, baseline, details = [], [], []
        peaks: dict[str, list[int]] = {"head office": [], "relay": [], "store": []}
        wanted = item_hash(chain.database("HO"))
        for number in range(1, self._rounds + 1):
            busy = machine(self._folder)
            plain = self._baseline(chain, wanted)
            used = chain.copy(self._folder / "used")
            try:
                found = _exchange(used)
                assert item_hash(used.database(STORE)) == wanted, "the store holds other items"
            finally:
                used.drop()
            seconds.append(found["seconds"])
            baseline.append(plain["seconds"])
            for process, peak in found["peaks"].items():
                peaks[process].append(peak)
            cpu = plain["cpu_seconds_of_insert"]
            details.append(found | {"machine": busy, "baseline_cpu_seconds": cpu})
            note(
                f"pipeline round {number}: {plain['rows']:,} rows, {found['seconds']:.2f} s "
                f"against {plain['seconds']:.2f} s = {found['seconds'] / plain['seconds']:.2f}"
            )
        return seconds, baseline, peaks, details

    def _baseline(self, chain: ChainFolder, wanted: str) -> dict[str, Any]:
        target = self._folder / "plain.sqlite3"
        make_database(target)
        words = kind_of_child("baseline", chain.database("HO"), target)
        with child(*words) as process:
            found = process.result()
        assert item_hash(target) == wanted, "the baseline holds other items"
        target.unlink()
        return found


def _exchange(chain: ChainFolder) -> dict[str, Any]:
    """One exchange by three processes at the same time."""
    ho, store = chain.home("HO"), chain.home(STORE)
    with (
        chain.relay() as relay,
        child(*kind_of_child("receiver", store)) as receiver,
        child(*kind_of_child("sender", ho, chain.database("HO"))) as sender,
    ):
        receiver.hear()
        sender.say("go")
        sent = sender.result()
        received = receiver.result()
        peaks = {
            "head office": sent.pop("peak_kb"),
            "relay": peak_of(relay),
            "store": received.pop("peak_kb"),
        }
        relay_cpu = cpu_seconds_of(relay)
    return {
        "seconds": round(sent["seconds"], 3),
        "head_office": sent,
        "store": received,
        "relay": {"cpu_seconds": relay_cpu},
        "peaks": peaks,
    }
