"""`start`: how long until Launchpad tells the truth, against a bare PySide6 window.

Both are fresh processes on the offscreen platform and take turns; the clock runs from just before
the process is made until the words have been painted. Launchpad's are its headline, which must be
what the home itself says (not "Opening…"). The home is head office's of a chain with one store and
a few waiting items. A first turn of each, to have files in the page cache, does not count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from ginesys_sync.services.home_desk import HomeDesk
from tests.bench.report import Measure, middle_ratio, note, rounded
from tests.bench.rig import ROOT, make_chain

ROUNDS, TURNS = 3, 3
LIMIT = 2.5


def run(quick: bool) -> list[Measure]:
    """Launchpad against a bare window."""
    bare: list[float] = []
    launchpad: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-start-") as name:
        folder = Path(name)
        chain = make_chain(folder / "chain", ("S001",))
        chain.change_items(100)
        home = chain.home("HO")
        with closing(HomeDesk(home)) as desk:
            truth = desk.overview().headline
        _seconds(folder, "bare"), _seconds(folder, "launchpad", str(home))
        for number in range(1, (1 if quick else ROUNDS) + 1):
            turns = [
                (_seconds(folder, "bare")[0], _seconds(folder, "launchpad", str(home)))
                for _ in range(1 if quick else TURNS)
            ]
            for _, (_, words) in turns:
                assert words == truth, f"Launchpad says {words!r}, its home {truth!r}"
            bare.append(sum(seconds for seconds, _ in turns) / len(turns))
            launchpad.append(sum(seconds for _, (seconds, _) in turns) / len(turns))
            note(
                f"start round {number}: {launchpad[-1]:.2f} s against {bare[-1]:.2f} s = "
                f"{launchpad[-1] / bare[-1]:.2f}"
            )
    raw: dict[str, Any] = {
        "seconds": rounded(launchpad),
        "baseline_seconds": rounded(bare),
        "turns_a_round": 1 if quick else TURNS,
        "headline": truth,
        "baseline": "QApplication, QMainWindow and one QLabel",
    }
    figure = middle_ratio(launchpad, bare)
    return [Measure("start", "Launchpad", figure, LIMIT, judged=not quick, raw=raw)]


def _seconds(folder: Path, kind: str, *words: str) -> tuple[float, str]:
    """From before the process was made until the words were painted; and the words."""
    own = {f"XDG_{part}_HOME": str(folder / "xdg") for part in ("CONFIG", "DATA", "CACHE", "STATE")}
    began = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-m", "tests.bench.windows", kind, *words],
        env=os.environ | own | {"QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=True,
    )
    said = json.loads(found.stdout.splitlines()[-1])
    return said["painted_at"] - began, said["words"]
