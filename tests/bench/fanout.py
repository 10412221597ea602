"""`fanout`: what it costs head office to send the same items to many stores instead of one.

Two chains take turns, equal but for the number of stores. Head office's time is what its own
process needs: from the first claim to the end of the run that sealed, uploaded and released
everything, plus the whole later run that collects every store's acknowledgement. What the stores do
in between (each applies everything, in a process of its own kind) is not head office's time.
Afterwards every store must hold the same items.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.bench.report import Measure, middle_ratio, note, rounded
from tests.bench.rig import ChainFolder, child, kind_of_child, make_chain
from tests.bench.rows import description, item_hash, make_database

ROWS, STORES = 100_000, 50
ROUNDS = 3
LIMIT = 1.2


def run(quick: bool) -> list[Measure]:
    """Head office's time for many stores against one."""
    rows, stores = (2_000, 3) if quick else (ROWS, STORES)
    one: list[dict[str, Any]] = []
    many: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-fanout-") as name:
        folder = Path(name)
        note(f"fanout: preparing a chain of 1 store and one of {stores}, {rows:,} changed items")
        single = make_chain(folder / "one", ("S001",))
        wide = make_chain(folder / "wide", tuple(f"S{n:03d}" for n in range(1, stores + 1)))
        for chain in (single, wide):
            chain.change_items(rows)
        for number in range(1, (1 if quick else ROUNDS) + 1):
            one.append(_round(single, folder / "used"))
            many.append(_round(wide, folder / "used"))
            note(
                f"fanout round {number}: {many[-1]['seconds']:.2f} s for {stores} stores, "
                f"{one[-1]['seconds']:.2f} s for one = "
                f"{many[-1]['seconds'] / one[-1]['seconds']:.2f}"
            )
        make_database(folder / "empty.sqlite3")
        facts = description(folder / "empty.sqlite3")
    seconds, baseline = [r["seconds"] for r in many], [r["seconds"] for r in one]
    raw = {
        "rows": rows,
        "stores": stores,
        "seconds": rounded(seconds),
        "baseline_seconds": rounded(baseline),
        "rounds": many,
        "baseline_rounds": one,
        "hashes_equal": True,
        "table": {key: facts[key] for key in ("ddl", "indexes", "pragmas", "sqlite")},
    }
    figure = middle_ratio(seconds, baseline)
    return [Measure("fanout", "head office's time", figure, LIMIT, judged=not quick, raw=raw)]


def _round(template: ChainFolder, folder: Path) -> dict[str, Any]:
    chain = template.copy(folder)
    try:
        with chain.relay():
            sent = _once(chain, ("HO",))
            stores = _once(chain, chain.stores)
            collected = _once(chain, ("HO",))
        wanted = item_hash(chain.database("HO"))
        for store in chain.stores:
            assert item_hash(chain.database(store)) == wanted, f"{store} holds other items"
    finally:
        chain.drop()
    return {
        "seconds": sent["since_claim"] + collected["runs"][0],
        "claim_to_released": round(sent["since_claim"], 3),
        "collecting": round(collected["runs"][0], 3),
        "stages": sent["stages"],
        "peak_kb": [sent["peak_kb"], collected["peak_kb"]],
        "store_seconds": rounded(stores["runs"]),
    }


def _once(chain: ChainFolder, codes: tuple[str, ...]) -> dict[str, Any]:
    with child(*kind_of_child("once", *(chain.home(code) for code in codes))) as process:
        process.say("go")
        return process.result()
