"""`ui`: what a person at head office waits for when the books are large.

The board and Sent Data: a real Launchpad, offscreen, on the books of 5,000 sites and 200 batches
for all of them (1,000,000 derived rows); from the click until the rows are in the grid, the middle
of three. The first opening includes reading the books. The board is opened in a window that has
just come up, the lists in one that stands (`starting.spare_the_loop`). Received Data: at a head
office with 500,000 batches and as many acknowledgements of 5,000 stores, and at a store that got
1,000,000 batches. Stall: a real Launchpad whose service sends 1,000,000 changed items; the longest
time in which its event loop did not come round, told by a timer of a millisecond, from the click on
Sync All until the run has ended, once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.big_books import make_big_books
from tests.bench.big_received import make_received_at_a_store, make_received_at_head_office
from tests.bench.report import Measure, note
from tests.bench.rig import ROOT, make_chain

ROUNDS, ROWS = 3, 1_000_000
OPEN_MS, WORK_MS, STALL_MS = 300, 500, 50


def run(quick: bool) -> list[Measure]:
    """Opening, sorting, filtering; and the longest stall."""
    sites, batches, rows = (50, 20, 5_000) if quick else (5_000, 200, ROWS)
    with tempfile.TemporaryDirectory(prefix="bench-ui-") as name:
        folder = Path(name)
        note(f"ui: books of {sites:,} sites and {batches:,} batches for each")
        big = make_big_books(folder / "big", sites, batches)
        turns = [_child("grids", big.home("HO")) for _ in range(1 if quick else ROUNDS)]
        came = make_received_at_head_office(folder / "came", sites, batches // 2)
        past = make_received_at_a_store(folder / "past", sites * batches)
        for turn in turns:
            turn |= _child("received", came.home("HO")) | _child("store", past.home("S001"))
        note(f"ui: {rows:,} changed items are synced under a window")
        chain = make_chain(folder / "chain", ("S001",))
        chain.change_items(rows)
        with chain.relay():
            stall = _child("stall", chain.home("HO"))
    found = []
    for what in turns[0]:
        took = [turn[what] for turn in turns]
        limit = OPEN_MS if what.endswith("open") else WORK_MS
        raw: dict[str, Any] = {"ms": [round(one, 1) for one in took], "rows": sites * batches}
        found.append(Measure("ui", what, median(took), limit, "ms", not quick, raw))
    longest = stall.pop("longest")
    raw = {"rows": rows} | stall
    found.append(Measure("ui", "longest stall", longest, STALL_MS, "ms", not quick, raw))
    return found


def _child(kind: str, home: Path) -> dict[str, float]:
    """Figures of a window in a fresh process."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.bench.ui_window", kind, str(home)],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(home / "xdg")},
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        timeout=1_200,
        check=True,
    )
    figures: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return figures
