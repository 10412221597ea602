"""What a store is told arrived: counted in shop words, and listed with old and new value."""

from __future__ import annotations

from ginesys_sync.services.arrival_views import Changes
from ginesys_sync.services.arrivals import arrived_words, changes
from ginesys_sync.services.site import opened_site
from ginesys_sync.store.arrivals import MOST_RECORDS
from tests.support.chain_floor import HO, S001, ChainFloor


def _last_run(floor: ChainFloor, site: str) -> tuple[str, Changes]:
    with opened_site(floor.home(site)) as opened, opened.database.connect() as connection:
        run = floor.scalar(site, "SELECT max(no) FROM sync_run")
        words = arrived_words(connection, opened.plan, site, run)
        return words, changes(connection, opened.plan, site, run, None)


def _brought(floor: ChainFloor, *statements: str) -> tuple[str, list[tuple[str, ...]]]:
    """What S001 is told after head office did this."""
    floor.sql(HO, *statements)
    floor.done(HO)
    floor.done(S001)
    words, found = _last_run(floor, S001)
    return words, [(r.kind, r.key, r.what, r.column, r.old, r.new) for r in found.rows]


def test_new_changed_and_deleted_records_are_told_with_old_and_new_value(
    floor: ChainFloor,
) -> None:
    words, rows = _brought(
        floor,
        "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2')",
        "INSERT INTO price VALUES ('I1', '2026-01-01', 100)",
    )
    assert sorted(words.split(", ")) == ["1 new prices", "2 new items"]
    assert ("items", "I1", "new", "", "", "") in rows
    words, rows = _brought(
        floor,
        "UPDATE price SET minor = 95",
        "UPDATE item SET name = 'Green tea', barcode = NULL WHERE code = 'I1'",
        "DELETE FROM item WHERE code = 'I2'",
    )
    assert sorted(words.split(", ")) == ["1 prices", "2 items (1 deleted)"]
    assert set(rows) == {
        ("prices", "I1 / 2026-01-01", "changed", "minor", "100", "95"),
        ("items", "I1", "changed", "name", "Tea", "Green tea"),
        ("items", "I1", "changed", "barcode", "1", "(empty)"),
        ("items", "I2", "deleted", "", "", ""),
    }


def test_what_came_as_it_was_already_changes_nothing(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.settle(rounds=1)
    words, rows = _brought(floor, "UPDATE item SET name = name")
    assert (words, rows) == ("1 items", [])


def test_more_than_anybody_would_read_is_only_counted(floor: ChainFloor) -> None:
    many = MOST_RECORDS + 1
    words, rows = _brought(
        floor,
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) "
        "INSERT INTO item SELECT 'I' || i, 'Item ' || i, 'B' || i FROM n",
    )
    assert (words, rows) == (f"{many:,} items", [])
    assert not _last_run(floor, S001)[1].are_all


def test_head_office_keeps_no_notes_of_what_its_stores_send(floor: ChainFloor) -> None:
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 5, NULL)")
    floor.settle(rounds=1)
    assert floor.scalar(HO, "SELECT count(*) FROM sync_arrival") == 0


def test_old_notes_are_let_go(floor: ChainFloor) -> None:
    _brought(floor, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.sql(S001, "UPDATE sync_run SET no = 4999 WHERE no = (SELECT max(no) FROM sync_run)")
    floor.done(S001)
    assert floor.scalar(S001, "SELECT max(no) FROM sync_run") == 5000
    assert floor.scalar(S001, "SELECT count(*) FROM sync_arrival") == 0
