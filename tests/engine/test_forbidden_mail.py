"""Mail that must not be taken: others' records, wrong ways, damaged bodies. It stops one stream."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.engine import run
from ginesys_sync.wire.body import pack
from tests.support.chain_floor import HO, S001, S002, ChainFloor

ITEM = "INSERT INTO item VALUES ('I1', 'Tea', '1')"
BILL = "INSERT INTO bill VALUES ('S001', 1, 100, NULL)"


def _kept_strays(*_: object) -> int:
    return 0


@pytest.fixture
def dishonest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does not drop the notes of what is not its site's to send."""
    monkeypatch.setattr(run, "drop_strays", _kept_strays)


def _steal(floor: ChainFloor, site: str, entity: str, key: str) -> None:
    """Have a dishonest site's next run send a record that it does not capture."""
    keys = key.split("/")
    columns = ", ".join(f"k{n + 1}" for n in range(len(keys)))
    values = ", ".join(f"'{part}'" if not part.isdigit() else part for part in keys)
    channel = {"items": "catalogue", "bills": "sales"}[entity]
    floor.sql(
        site,
        "INSERT INTO sync_stream(stream, epoch) "
        f"SELECT '{site}/{channel}', value FROM sync_state WHERE name = 'epoch'",
        f"INSERT INTO sync_change(entity, {columns}) VALUES ('{entity}', {values})",
    )


@pytest.mark.usefixtures("dishonest")
def test_a_store_that_sends_head_offices_records_is_refused_and_its_bills_are_taken(
    floor: ChainFloor,
) -> None:
    floor.sql(S001, "INSERT INTO item VALUES ('I1', 'forged', NULL)", BILL)
    _steal(floor, S001, "items", "I1")
    floor.done(S001)
    ended = floor.sync(HO)
    assert ended.outcome is Outcome.ATTENTION
    assert "S001 sent items, which it may not send." in " ".join(ended.notes)
    assert floor.rows(HO, "item") == []
    assert floor.rows(HO, "bill") == [("S001", 1, 100, None)]
    assert floor.cursor(HO, "S001/catalogue") == 0
    assert not any("/bodies/" in path for _, path in floor.calls)


@pytest.mark.usefixtures("dishonest")
def test_head_office_that_sends_the_stores_records_is_refused(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO bill VALUES ('S001', 9, 100, NULL)", ITEM)
    _steal(floor, HO, "bills", "S001/9")
    floor.sync(HO)
    assert floor.sync(S001).outcome is Outcome.ATTENTION
    assert floor.rows(S001, "bill") == []
    assert floor.codes(S001, "item") == ["I1"]


def test_a_store_that_sends_another_stores_bill_has_it_parked(floor: ChainFloor) -> None:
    floor.sql(S002, "INSERT INTO bill VALUES ('S001', 5, 1, NULL), ('S002', 5, 2, NULL)")
    floor.done(S002)
    assert floor.sync(HO).outcome is Outcome.ATTENTION
    assert floor.parked(HO) == [("bills", "S001", "not_theirs")]
    assert floor.rows(HO, "bill") == [("S002", 5, 2, None)]


def test_a_store_can_neither_take_over_nor_delete_another_stores_bill(floor: ChainFloor) -> None:
    floor.sql(S001, BILL)
    floor.settle(rounds=1)
    floor.sql(S002, BILL, "UPDATE bill SET total = 0")
    floor.sync(S002)
    floor.sync(HO)
    floor.sql(S002, "DELETE FROM bill")
    floor.sync(S002)
    floor.sync(HO)
    assert floor.rows(HO, "bill") == [("S001", 1, 100, None)]
    assert floor.parked(HO) == [("bills", "S001", "not_theirs")]


def _damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def _bodies(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def large(floor: ChainFloor) -> ChainFloor:
    """A body that travels by itself is at the Web Database, with a small one of another lane."""
    floor.sql(HO, "INSERT INTO odd VALUES ('B', randomblob(100000), 1)")
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'x')")
    floor.done(HO)
    return floor


def test_a_body_damaged_at_the_web_database_stops_its_stream_only(large: ChainFloor) -> None:
    (body,) = _bodies(large.relay.home / "bodies")
    _damage(body)
    ended = large.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert "damaged" in ended.notes[0]
    asked = [path for method, path in large.calls if method == "GET"]
    assert len(asked) == 2
    assert large.codes(S001, "notice") == ["N1"]
    assert large.cursor(S001, "HO/catalogue") == 0
    _damage(body)
    large.done(S001)
    large.assert_equal([S001])


def test_a_body_damaged_in_the_inbox_is_fetched_anew(large: ChainFloor) -> None:
    cut = "ginesys_sync.engine.bodies:BodyWork.apply:before:2"
    assert large.killed_run(S001, cut)
    (body,) = [p for p in _bodies(large.home(S001) / "inbox") if p.stat().st_size > 50_000]
    _damage(body)
    large.done(S001)
    large.assert_equal([S001])


def test_a_body_that_is_gone_everywhere_stops_its_stream_only(large: ChainFloor) -> None:
    for folder in (large.relay.home / "bodies", large.home(HO) / "staged"):
        for path in _bodies(folder):
            path.unlink()
    assert large.sync(S001).outcome is Outcome.ATTENTION
    assert large.codes(S001, "notice") == ["N1"]
    assert large.sync(S001).outcome is Outcome.ATTENTION


def test_a_body_of_another_schema_is_not_taken(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript("CREATE TABLE item(_id INTEGER PRIMARY KEY, code, name, barcode);")
        connection.execute("INSERT INTO item VALUES (1, 'EVIL', 'x', 'y')")
        forged = pack(connection.serialize())
    monkeypatch.setattr("ginesys_sync.engine.seal.pack", lambda raw: forged)
    floor.sql(HO, ITEM)
    floor.done(HO)
    monkeypatch.undo()
    ended = floor.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert "other tables or columns" in ended.notes[0]
    assert floor.rows(S001, "item") == []


def test_a_store_whose_table_is_gone_stops_that_lane_and_says_so(floor: ChainFloor) -> None:
    floor.sql(S001, "DROP TABLE odd")
    floor.sql(HO, "INSERT INTO odd VALUES ('X', 1, 1)")
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'x')")
    floor.done(HO)
    ended = floor.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert "not as the plan says" in ended.notes[0]
    assert floor.codes(S001, "notice") == ["N1"]
    floor.sql(S001, "CREATE TABLE odd(code PRIMARY KEY, a, b)")
    floor.done(S001)
    floor.assert_equal([S001])


def test_head_offices_run_goes_on_when_one_of_its_tables_is_gone(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO odd VALUES ('X', 1, 1)", "DROP TABLE odd", ITEM)
    ended = floor.sync(HO)
    assert ended.outcome is Outcome.ATTENTION
    floor.sync(S001)
    assert floor.codes(S001, "item") == ["I1"]
    floor.sql(HO, "CREATE TABLE odd(code PRIMARY KEY, a, b)")
    floor.done(HO)
