"""A morning in a shop: the power goes during an upload, during an apply and during a first load,
and a bad item arrives among a thousand. The tills sell on, and at noon everything is equal.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.services.views import RunSummary
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.widgets.sync_window import SyncWindow
from tests.journeys.conftest import Windows
from tests.support.retail_chain import CLOSING, HO, S001, S002, S003, RetailChain
from tests.support.weather import Storm, Weather

NEW_ITEMS = 1_000
BAD = "NEW0500"
KILLED = "The last sync was ended from outside before it could finish. Nothing is lost."
_THE_PROGRAMS_OWN = re.compile(
    r"Traceback|Exception|Error\b|sqlite|errno|None\b|<[a-z]+ object|HTTP \d|0x[0-9a-f]{4}",
    re.IGNORECASE,
)
"""What no sentence for a person in a shop may hold."""


class Till:
    """A till of a store: sells by plain SQL, whatever the sync does meanwhile."""

    def __init__(self, chain: RetailChain, store: str) -> None:
        self._path, self._store = chain.database(store), store
        self.sold = 0
        self.longest_seconds = 0.0

    def sell(self, bills: int = 3) -> None:
        """Write bills, each in a transaction of its own, with a line and a payment."""
        for _ in range(bills):
            self.sold += 1
            number, amount = f"{self._store}-M{self.sold:05}", 100 + self.sold
            begun = time.monotonic()
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=10)) as till:
                till.execute("BEGIN IMMEDIATE")
                till.execute(
                    "INSERT INTO bill VALUES (?, ?, 'sale', '2026-11-28', "
                    "'2026-11-28T09:00:00.000Z', 'C1', NULL, ?)",
                    (self._store, number, amount),
                )
                till.execute(
                    "INSERT INTO bill_line SELECT ?, ?, 1, code, name, 1000, ?, ? "
                    "FROM item LIMIT 1",
                    (self._store, number, amount, amount),
                )
                till.execute(
                    "INSERT INTO bill_payment VALUES (?, ?, 1, 'CASH', ?)",
                    (self._store, number, amount),
                )
                till.execute("COMMIT")
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - begun)


class Morning:
    """The chain, its windows, and every sentence that a person met in them."""

    def __init__(self, chain: RetailChain, windows: Windows) -> None:
        self.chain, self.windows = chain, windows
        self.sentences: set[str] = set()

    def read(self, window: SyncWindow, ended: RunSummary | None = None) -> None:
        """Somebody reads what a window says now."""
        self.sentences |= set(offscreen.words(window))
        if ended is not None:
            self.sentences |= {ended.closing, ended.title, ended.advice, *ended.what_next}

    def press(self, window: SyncWindow, is_office: bool = False) -> RunSummary:
        """Press Sync (at head office: Sync All), wait for the end, and read."""
        if is_office:
            offscreen.press_sync_all(window)  # type: ignore[arg-type]
        else:
            offscreen.press_sync(window)  # type: ignore[arg-type]
        ended = offscreen.wait_for_end(window)
        self.read(window, ended)
        return ended

    def power_goes(
        self, window: SyncWindow, site: str, when: Callable[[], bool], is_office: bool = False
    ) -> None:
        """Press Sync over a slow line; when it has come so far, the power goes. The window says
        so, and that nothing is lost."""
        chain = self.chain
        with Weather(chain.relay.url) as weather:
            weather.set(Storm(latency_seconds=0.25))
            chain.set_home(site, relay=weather.url)
            if is_office:
                offscreen.press_sync_all(window)  # type: ignore[arg-type]
            else:
                offscreen.press_sync(window)  # type: ignore[arg-type]
            offscreen.until(when, what=f"the moment at which the power goes at {site}")
            chain.kill_service(site)
            unfinished = "SELECT 1 FROM sync_run WHERE ended_at IS NULL"
            assert chain.sql(site, unfinished), "the run was over before the power went"
            ended = offscreen.wait_for_end(window)
            chain.set_home(site, relay=chain.relay.url)
        self.read(window, ended)
        assert ended.outcome is Outcome.STOPPED
        assert window.strip.headline.text() == KILLED
        assert "finishes the work" in window.strip.advice.text()


def _thousand_new_items(chain: RetailChain) -> None:
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {NEW_ITEMS})"
    new = "printf('NEW%04d', i)"
    chain.sql(
        HO,
        f"{numbers} INSERT INTO item SELECT {new}, 'New ' || i, '', 'goods', NULL, 'New', '', "
        "'pc', 'GST18', 100 + i, 1, '2026-11-28T08:00:00.000Z' FROM n",
        f"{numbers} INSERT INTO item_price SELECT {new}, '2026-11-28', 90 + i, "
        "'2026-11-28T08:00:00.000Z' FROM n",
    )


def _items(chain: RetailChain, site: str) -> int:
    return int(chain.scalar(site, "SELECT count(*) FROM item"))


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_morning_with_three_power_cuts_and_a_bad_item_ends_equal_at_noon(
    settled: RetailChain, windows: Windows
) -> None:
    chain, day = settled, Morning(settled, windows)
    till, other_till = Till(chain, S001), Till(chain, S002)
    before = _items(chain, HO)
    # This store's own rule refuses one of the thousand that are coming.
    chain.sql(
        S001,
        f"CREATE TRIGGER no_bad BEFORE INSERT ON item WHEN NEW.code = '{BAD}' AND "
        "NEW.name = 'New 500' BEGIN SELECT RAISE(ABORT, 'this item may not be sold here'); END",
    )

    # Eight o'clock: head office sends a thousand items, and its power goes during the upload.
    office = windows.launchpad(chain)
    _thousand_new_items(chain)
    till.sell()
    sealed = "SELECT 1 FROM sync_batch WHERE entity = 'items' AND uploaded_at IS NULL"
    day.power_goes(office, HO, lambda: chain.sql(HO, sealed) != [], is_office=True)
    assert day.press(office, is_office=True).closing == CLOSING

    # Nine: the store syncs, and its power goes while the items go in. The till sells on.
    store = windows.pos(chain, S001)
    day.power_goes(store, S001, lambda: _items(chain, S001) > before)
    till.sell()
    ended = day.press(store)
    assert (ended.outcome, ended.closing) == (Outcome.ATTENTION, CLOSING)
    assert store.strip.attention.text().endswith("attention")
    assert _items(chain, S001) == before + NEW_ITEMS - 1
    assert BAD not in {row[0] for row in chain.rows(S001, "item")}
    offscreen.press(store.strip.attention)
    offscreen.until(lambda: bool(store.attention_dialog.model.rows), what="the list")
    reasons = [row["Why"] for row in offscreen.rows(store.attention_dialog.table)]
    assert any("this item may not be sold here" in why for why in reasons), reasons
    day.sentences |= set(reasons)
    store.attention_dialog.close()

    # Ten: a new store joins, and its power goes during the first load.
    chain.join(S003)
    new_store = windows.pos(chain, S003)
    other_till.sell()
    day.press(new_store)
    assert day.press(office, is_office=True).closing == CLOSING
    day.power_goes(new_store, S003, lambda: _items(chain, S003) > 0)
    assert day.press(new_store).closing == CLOSING

    # Eleven: head office corrects the bad item; it goes in where it waited, with its price.
    chain.sql(HO, f"UPDATE item SET name = 'New 500 (corrected)' WHERE code = '{BAD}'")
    till.sell()
    other = windows.pos(chain, S002)
    for _ in range(2):
        day.press(office, is_office=True)
        for window in (store, other, new_store):
            day.press(window)
    ended = day.press(office, is_office=True)

    # Noon.
    assert (ended.outcome, ended.closing) == (Outcome.DONE, CLOSING)
    for site in (S001, S002, S003):
        for table in ("item", "item_price", "master_policy", "mode_of_payment", "customer"):
            assert chain.rows(site, table) == chain.rows(HO, table), (site, table)
        for table in ("bill", "bill_line", "bill_payment"):
            mine = chain.sql(HO, f"SELECT * FROM {table} WHERE store = '{site}'")
            assert sorted(mine, key=repr) == chain.rows(site, table), (site, table)
        assert chain.status(site, "attention") == []
    sold = chain.scalar(HO, "SELECT count(*) FROM bill WHERE number LIKE '%-M%'")
    assert sold == till.sold + other_till.sold == 12
    assert {row["Status"] for row in offscreen.read_grid(store, "Sent Data")} == {"PROCESSED"}
    assert till.longest_seconds < 5  # on a busy machine; `tests/engine/test_the_till.py` measures
    odd = [words for words in day.sentences if _THE_PROGRAMS_OWN.search(words)]
    assert odd == []
    assert KILLED in day.sentences and CLOSING in day.sentences
