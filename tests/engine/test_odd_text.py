"""Text that is no UTF-8 travels byte for byte and stops nothing; people see a mark in its place."""

from pathlib import Path

import pytest

from ginesys_sync.core.model import Key
from ginesys_sync.engine import offers
from ginesys_sync.services.batches import show_batch
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.store.capture import SENT_AGAIN
from ginesys_sync.store.database import Database, transaction
from ginesys_sync.store.noting import note_slice
from ginesys_sync.store.plans import present_plan
from tests.support.chain_floor import HO, S001, S002, S003, ChainFloor

BAD = "CAST(x'ff41' AS TEXT)"
SEEN = "\ufffdA"
EXACT = "SELECT hex(code), hex(a), typeof(code) FROM odd ORDER BY 1"


def _arrive(floor: ChainFloor, *statements: str) -> None:
    floor.sql(HO, *statements)
    floor.done(HO)
    floor.sync(S001)


def _parked(floor: ChainFloor) -> list[tuple[str, str, str]]:
    return floor.sql(S001, "SELECT hex(k1), typeof(k1), reason FROM sync_parked ORDER BY 1")


def test_a_record_with_such_a_key_parks_is_told_of_and_comes_back(floor: ChainFloor) -> None:
    floor.sql(S001, "DROP TABLE odd", "CREATE TABLE odd(code PRIMARY KEY, a CHECK(a < 9), b)")
    _arrive(floor, f"INSERT INTO odd VALUES ({BAD}, 9, 1), ('good', 1, 1)")
    ((key, kind, _),) = _parked(floor)
    assert (key, kind) == ("FF41", "text")
    assert floor.codes(S001, "odd") == ["good"]
    floor.done(HO)
    assert floor.attention() == [("S001", SEEN, "value_refused")]
    _arrive(floor, "UPDATE odd SET a = 2")
    assert _parked(floor) == []
    assert floor.sql(S001, EXACT) == floor.sql(HO, EXACT)
    _arrive(floor, f"DELETE FROM odd WHERE code = {BAD}")
    assert floor.sql(S001, EXACT) == floor.sql(HO, EXACT)


def test_a_missing_parent_with_such_a_key_parks_its_child(floor: ChainFloor) -> None:
    floor.sql(
        S001,
        "DROP TABLE odd",
        "CREATE TABLE grp(code PRIMARY KEY)",
        "CREATE TABLE odd(code PRIMARY KEY, a REFERENCES grp(code), b)",
    )
    _arrive(floor, f"INSERT INTO odd VALUES ('child', {BAD}, 1), ('good', NULL, 1)")
    ((_, _, reason),) = _parked(floor)
    assert reason == f"It refers to grp {SEEN}, which is not here."
    floor.sql(S001, f"INSERT INTO grp VALUES ({BAD})")
    floor.done(S001)
    assert floor.sql(S001, EXACT) == floor.sql(HO, EXACT)


def test_a_shared_record_with_such_a_key_is_decided_when_two_edited_it(floor: ChainFloor) -> None:
    floor.sql(HO, f"INSERT INTO customer VALUES ({BAD}, 'Ann', '1', '2026-01-01')")
    floor.settle(rounds=1)
    floor.sql(HO, "UPDATE customer SET name = 'head office', changed_at = '2026-01-02'")
    floor.sql(S001, f"UPDATE customer SET name = {BAD}, changed_at = '2026-01-03'")
    floor.settle()
    found = "SELECT hex(id), typeof(id), hex(name) FROM customer"
    for site in (HO, S001, S002):
        assert floor.sql(site, found) == [("FF41", "text", "FF41")], site
    kept = floor.sql(HO, "SELECT hex(k1), typeof(k1), winner FROM sync_conflict")
    assert kept == [("FF41", "text", "S001")]


def test_a_store_that_joins_late_gets_such_records_and_loses_its_own(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers, "TARGET_ROWS", 1)
    monkeypatch.setattr("ginesys_sync.engine.sweeping.TARGET_ROWS", 1)
    monkeypatch.setattr("ginesys_sync.store.sweeping.SHARE", 0.1)
    _arrive(
        floor, f"INSERT INTO odd VALUES ({BAD}, 1, 1), (CAST(x'fe' AS TEXT), 2, 2), ('k', 3, 3)"
    )
    floor.join(S003)
    floor.sql(
        S003,
        "INSERT INTO odd VALUES (CAST(x'fd41' AS TEXT), 8, 8), (CAST(x'fc41' AS TEXT), 9, 9)",
    )
    for site in (S003, HO, S003):
        floor.sync(site)
    assert floor.sql(S003, EXACT) == floor.sql(HO, EXACT)


def test_records_with_such_keys_are_each_sent_again_once(floor: ChainFloor) -> None:
    _arrive(
        floor, f"INSERT INTO odd VALUES ({BAD}, 1, 1), (CAST(x'e941' AS TEXT), 2, 2), ('k', 3, 3)"
    )
    database = Database(f"sqlite+pysqlite:///{floor.database(HO)}")
    after: Key | None = None
    counts: list[int] = []
    with database.connect() as connection, transaction(connection):
        odds = present_plan(connection).entity("odds")
        while len(counts) < 9:
            count, after = note_slice(connection, odds, SENT_AGAIN, after, None, 1)
            counts.append(count)
            if after is None:
                break
    assert counts == [1, 1, 1, 0]
    noted = floor.sql(HO, "SELECT hex(k1) FROM sync_change WHERE entity = 'odds' ORDER BY 1")
    assert noted == [("6B",), ("E941",), ("FF41",)]


def test_batches_with_such_text_are_shown(floor: ChainFloor) -> None:
    _arrive(floor, f"INSERT INTO notice VALUES ({BAD}, 'S001', {BAD})")
    desk = HomeDesk(floor.home(HO))
    try:
        page = desk.records("HO/policy", 1, None, 10)
    finally:
        desk.close()
    assert [row.key for row in page.rows] == [SEEN]
    assert any(SEEN in row for row in _shown(floor.home(HO)))


def _shown(home: Path) -> list[tuple[object, ...]]:
    bodies = [path for path in home.glob("staged/**/*") if path.is_file()]
    return [row for path in bodies for table in show_batch(path) for row in table["rows"]]
