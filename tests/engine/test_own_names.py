"""A store whose database has names of its own, and bills that are numbered in this shop only: it
syncs with the chain like any other, and what it may not call so is refused before it joins."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.model import Role
from ginesys_sync.relay.main import invite
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.plans import change_plan, names_words
from ginesys_sync.services.setup import NewSite, join_chain
from tests.support.chain_floor import HO, S001, S002, ChainFloor, floor_plan

OWN_TABLES = """
CREATE TABLE artikel(nr TEXT PRIMARY KEY NOT NULL, name TEXT, ean TEXT UNIQUE,
  regal TEXT DEFAULT 'A1');
CREATE TABLE preis(artikel TEXT NOT NULL REFERENCES artikel(nr), ab TEXT NOT NULL,
  minor INTEGER NOT NULL CHECK(minor >= 0), PRIMARY KEY(artikel, ab));
CREATE TABLE notice(code TEXT PRIMARY KEY NOT NULL, site_code TEXT, words TEXT);
CREATE TABLE promotion(code TEXT PRIMARY KEY NOT NULL, name TEXT);
CREATE TABLE aktionsware(aktion TEXT NOT NULL REFERENCES promotion(code),
  artikel TEXT NOT NULL REFERENCES artikel(nr), minor INTEGER, PRIMARY KEY(aktion, artikel));
CREATE TABLE policy(code TEXT PRIMARY KEY NOT NULL, value TEXT);
CREATE TABLE odd(code PRIMARY KEY, a, b);
CREATE TABLE bon(nr INTEGER PRIMARY KEY, total INTEGER, customer TEXT);
CREATE TABLE bonzeile(bon INTEGER NOT NULL REFERENCES bon(nr), line INTEGER NOT NULL,
  artikel TEXT REFERENCES artikel(nr), amount INTEGER, PRIMARY KEY(bon, line));
CREATE TABLE kunde(id TEXT PRIMARY KEY NOT NULL, phone TEXT, name TEXT, changed_at TEXT);
"""
NAMES: dict[str, Any] = {
    "item": {"table": "artikel", "columns": {"code": "nr", "barcode": "ean"}},
    "price": {"table": "preis", "columns": {"item_code": "artikel", "starts_on": "ab"}},
    "promotion_item": {
        "table": "aktionsware",
        "columns": {"promotion_code": "aktion", "item_code": "artikel"},
    },
    "bill": {"table": "bon", "columns": {"store": None, "number": "nr"}},
    "bill_line": {
        "table": "bonzeile",
        "columns": {"store": None, "number": "bon", "item_code": "artikel"},
    },
    # Two names that change places.
    "customer": {"table": "kunde", "columns": {"name": "phone", "phone": "name"}},
}


def _join(chain: ChainFloor, site: str, names: object = None, tables: str = OWN_TABLES) -> None:
    """Let a store join under its own names."""
    path = chain.root / "names.json"
    path.write_text(json.dumps({"tables": NAMES} if names is None else names))
    with closing(sqlite3.connect(chain.database(site))) as connection:
        connection.executescript(tables)
    document = chain.root / "plan.json"
    document.write_text(json.dumps(floor_plan()))
    join_chain(
        NewSite(
            chain.home(site),
            site,
            Role.STORE,
            f"sqlite+pysqlite:///{chain.database(site)}",
            chain.relay.url,
            invite(chain.relay.home, site, "store"),
            plan=document,
            names=path,
        )
    )


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[ChainFloor]:
    """Head office and S002 under the plan's names, S001 under its own."""
    with ChainFloor(tmp_path) as chain:
        chain.join(HO)
        _join(chain, S001)
        chain.join(S002)
        for site in (HO, S001, S002, HO):
            chain.done(site)
        yield chain


def _masters(chain: ChainFloor) -> None:
    chain.sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2'), ('I3', 'Soap', NULL)",
        "INSERT INTO price VALUES ('I1', '2026-01-01', 5), ('I2', '2026-01-01', 7)",
        "INSERT INTO promotion VALUES ('P1', 'Spring')",
        "INSERT INTO promotion_item VALUES ('P1', 'I1', 4), ('P1', 'I2', 6)",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P1', 'S002')",
        "INSERT INTO notice VALUES ('N1', 'S001', 'hello')",
        "INSERT INTO customer VALUES ('C1', 'Ann', '555', '2026-01-01')",
    )


def _same(chain: ChainFloor, own: str, theirs: str) -> None:
    """What a query at S001 gives is what another gives at head office."""
    assert sorted(chain.sql(S001, own), key=repr) == sorted(chain.sql(HO, theirs), key=repr)


def _assert_equal(chain: ChainFloor) -> None:
    _same(chain, "SELECT nr, name, ean FROM artikel", "SELECT * FROM item")
    _same(chain, "SELECT * FROM preis", "SELECT * FROM price")
    _same(chain, "SELECT * FROM aktionsware", "SELECT * FROM promotion_item")
    _same(chain, "SELECT id, phone, name, changed_at FROM kunde", "SELECT * FROM customer")
    _same(
        chain,
        "SELECT 'S001', nr, total, customer FROM bon",
        "SELECT * FROM bill WHERE store = 'S001'",
    )
    _same(
        chain,
        "SELECT 'S001', bon, line, artikel, amount FROM bonzeile",
        "SELECT * FROM bill_line WHERE store = 'S001'",
    )
    chain.assert_equal([S002])


def test_masters_arrive_under_the_stores_own_names(chain: ChainFloor) -> None:
    _masters(chain)
    chain.settle()
    _assert_equal(chain)
    chain.sql(
        HO,
        "UPDATE item SET barcode = NULL WHERE code = 'I1'",
        "UPDATE item SET barcode = '1' WHERE code = 'I2'",
        "UPDATE item SET barcode = '2' WHERE code = 'I1'",
        "DELETE FROM promotion_item WHERE item_code = 'I2'",
        "DELETE FROM price WHERE item_code = 'I2'",
        "DELETE FROM item WHERE code = 'I3'",
    )
    chain.sql(S001, "UPDATE artikel SET regal = 'B7' WHERE nr = 'I1'")
    chain.settle()
    _assert_equal(chain)
    assert chain.scalar(S001, "SELECT regal FROM artikel WHERE nr = 'I1'") == "B7"


def test_bills_numbered_in_each_shop_alone_stand_apart_at_head_office(chain: ChainFloor) -> None:
    _masters(chain)
    chain.settle()
    chain.sql(
        S001,
        "INSERT INTO bon VALUES (1, 900, 'C1'), (2, 50, NULL)",
        "INSERT INTO bonzeile VALUES (1, 1, 'I1', 400), (1, 2, 'I2', 500), (2, 1, 'I2', 50)",
    )
    chain.sql(S002, "INSERT INTO bill VALUES ('S002', 1, 111, NULL)")
    chain.settle()
    _assert_equal(chain)
    assert chain.rows(HO, "bill") == [
        ("S001", 1, 900, "C1"),
        ("S001", 2, 50, None),
        ("S002", 1, 111, None),
    ]
    chain.sql(
        S001,
        "DELETE FROM bonzeile WHERE bon = 1 AND line = 2",
        "UPDATE bon SET total = 400 WHERE nr = 1",
        "DELETE FROM bonzeile WHERE bon = 2",
        "DELETE FROM bon WHERE nr = 2",
    )
    chain.settle()
    _assert_equal(chain)
    assert chain.scalar(HO, "SELECT count(*) FROM bill WHERE store = 'S001'") == 1


def test_customers_are_edited_on_both_sides(chain: ChainFloor) -> None:
    _masters(chain)
    chain.settle()
    chain.sql(S001, "UPDATE kunde SET phone = 'Anna', changed_at = '2026-02-02' WHERE id = 'C1'")
    chain.settle()
    assert chain.rows(HO, "customer") == [("C1", "Anna", "555", "2026-02-02")]
    _assert_equal(chain)


@pytest.mark.long
def test_a_record_that_cannot_go_in_waits_and_comes_back_under_own_names(
    chain: ChainFloor,
) -> None:
    chain.sql(S001, "INSERT INTO artikel VALUES ('MINE', 'own', '1', 'A1')")
    _masters(chain)
    chain.settle()
    assert ("items", "I1") in [(entity, key) for entity, key, _ in chain.parked(S001)]
    assert "I2" in chain.codes(S001, "artikel")
    chain.sql(S001, "DELETE FROM artikel WHERE nr = 'MINE'")
    chain.settle()
    assert chain.parked(S001) == []
    _assert_equal(chain)


@pytest.mark.long
def test_a_restored_store_reads_its_own_bills_back(chain: ChainFloor, tmp_path: Path) -> None:
    _masters(chain)
    chain.settle()
    shutil.copy(chain.database(S001), tmp_path / "yesterday")
    chain.sql(
        S001, "INSERT INTO bon VALUES (7, 70, NULL)", "INSERT INTO bonzeile VALUES (7, 1, 'I1', 70)"
    )
    chain.settle(S001)
    for extra in ("-wal", "-shm"):
        chain.database(S001).with_name(f"S001.sqlite3{extra}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "yesterday", chain.database(S001))
    assert chain.sql(S001, "SELECT * FROM bon") == []
    chain.settle(S001)
    assert chain.sql(S001, "SELECT * FROM bon") == [(7, 70, None)]
    assert chain.sql(S001, "SELECT * FROM bonzeile") == [(7, 1, "I1", 70)]
    _assert_equal(chain)


@pytest.mark.long
def test_a_store_that_joins_late_gets_its_first_load_under_its_own_names(
    chain: ChainFloor,
) -> None:
    _masters(chain)
    chain.settle()
    _join(chain, "S003")
    chain.settle(S001, "S003")
    assert chain.sql("S003", "SELECT nr, name, ean FROM artikel ORDER BY nr") == chain.rows(
        HO, "item"
    )


@pytest.mark.long
def test_a_newer_plan_reaches_the_store_and_keeps_its_names(chain: ChainFloor) -> None:
    _masters(chain)
    plan = floor_plan() | {"version": 2}
    for site, table in ((HO, "item"), (S001, "artikel"), (S002, "item")):
        chain.sql(site, f"ALTER TABLE {table} ADD COLUMN brand TEXT")
    path = chain.root / "plan2.json"
    path.write_text(json.dumps(plan))
    change_plan(chain.home(HO), path)
    chain.sql(HO, "UPDATE item SET brand = 'B' WHERE code = 'I1'")
    chain.settle()
    assert chain.scalar(S001, "SELECT brand FROM artikel WHERE nr = 'I1'") == "B"
    assert json.loads(names_words(chain.home(S001))) == {"tables": NAMES}


@pytest.mark.long
def test_the_windows_find_and_open_records_under_own_names(chain: ChainFloor) -> None:
    _masters(chain)
    chain.sql(S001, "INSERT INTO bon VALUES (41, 5, NULL)")
    chain.settle()
    desk = HomeDesk(chain.home(S001))
    try:
        (bill,) = [c for c in desk.find_records("41").candidates if c.entity == "bills"]
        journey = desk.journey(bill, "", None, 10)
        assert "processed" in repr(journey).lower()
        (item,) = [c for c in desk.find_records("I1").candidates if c.entity == "items"]
        assert item.label or item.key
        stream = "HO/catalogue"
        records = desk.records(stream, chain.cursor(S001, stream), None, 10)
        assert {row.key for row in records.rows} == {"I1", "I2", "I3"}
    finally:
        desk.close()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"tables": {"nothing": {"table": "x"}}}, "the plan has not"),
        (
            {"tables": {"item": {"table": "artikel", "columns": {"code": None}}}},
            "cannot do without",
        ),
        ({"tables": {"item": {"table": "bon"}, "bill": {"table": "bon"}}}, "both called 'bon'"),
        ({"tables": {"item": {"table": "missing"}}}, "no table 'missing'"),
        ({"tables": {"item": {"table": "artikel", "columns": {"code": "x"}}}}, "no column 'x'"),
        ({"tables": {"bill": {"columns": {"store": None, "number": None}}}}, "no key left"),
        ({"tables": []}, "must be a JSON object"),
        ({"tables": {"item": {"table": ""}}}, "cannot be a name"),
        ({"tables": {"item": {"tabel": "x"}}}, "unknown entry 'tabel'"),
    ],
)
def test_a_map_that_does_not_fit_is_refused_and_the_code_stays_good(
    tmp_path: Path, names: object, words: str
) -> None:
    with ChainFloor(tmp_path) as chain:
        chain.join(HO)
        with pytest.raises(KnownError) as refused:
            _join(chain, S001, names)
        assert words in str(refused.value)
        assert not (chain.home(S001) / "home.json").exists()
        assert chain.sql(S001, "SELECT name FROM sqlite_master WHERE name LIKE 'sync_%'") == []


@pytest.mark.long
def test_a_map_cannot_change_keys_that_the_books_know(chain: ChainFloor) -> None:
    names = {"tables": NAMES | {"bill": {"table": "bon", "columns": {"number": "nr"}}}}
    chain.sql(S001, "ALTER TABLE bon ADD COLUMN store TEXT")
    with pytest.raises(KnownError, match="another key"):
        _join(chain, S001, names, tables="")
    assert json.loads(names_words(chain.home(S001))) == {"tables": NAMES}
