"""Databases brought back from a backup: recognised at once, healed in the same run, nothing lost
and nothing doubled, whatever happened between the backup and the restore.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.core.status import Outcome
from tests.support.chain_floor import HO, S001, S002, ChainFloor

pytestmark = pytest.mark.long

ITEMS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)"


def back_up(floor: ChainFloor, site: str, name: str = "backup") -> Path:
    """The site's database as it is now, copied as a backup program does."""
    copy = floor.root / f"{site}.{name}"
    with (
        closing(sqlite3.connect(floor.database(site))) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


def put_back(floor: ChainFloor, site: str, copy: Path) -> None:
    """The backup in the place of the database."""
    for end in ("-wal", "-shm"):
        floor.database(site).with_name(floor.database(site).name + end).unlink(missing_ok=True)
    shutil.copy(copy, floor.database(site))


def sell(floor: ChainFloor, site: str, *numbers: int, total: int = 5, item: str = "I1") -> None:
    for number in numbers:
        floor.sql(
            site,
            f"INSERT INTO bill VALUES ('{site}', {number}, {total}, NULL)",
            f"INSERT INTO bill_line VALUES ('{site}', {number}, 1, '{item}', {total})",
        )


def bills(floor: ChainFloor, site: str, store: str = S001) -> list[tuple[int, int]]:
    return floor.sql(site, f"SELECT number, total FROM bill WHERE store = '{store}' ORDER BY 1")


def healed(floor: ChainFloor, site: str) -> None:
    """The run that heals says so, and the next has nothing to say."""
    ended = floor.sync(site)
    assert ended.outcome is Outcome.ATTENTION, (ended, ended.fault and ended.fault.detail)
    assert any("brought back from an older copy" in note for note in ended.notes), ended
    floor.done(site)


@pytest.fixture
def shop(floor: ChainFloor) -> ChainFloor:
    """A chain with thirty items everywhere."""
    floor.sql(HO, f"{ITEMS} INSERT INTO item SELECT 'I' || i, 'x', NULL FROM n")
    floor.settle()
    return floor


@pytest.mark.parametrize("point", ["sold", "sent", "at head office", "acknowledged"])
def test_a_bill_survives_a_restore_at_every_point_of_its_way(shop: ChainFloor, point: str) -> None:
    copy = back_up(shop, S001)
    sell(shop, S001, 1)
    was_sent = point != "sold"
    if was_sent:
        shop.done(S001)
    if point in ("at head office", "acknowledged"):
        shop.done(HO)
    if point == "acknowledged":
        shop.done(S001)
    put_back(shop, S001, copy)
    sell(shop, S001, 2)
    healed(shop, S001) if was_sent else shop.done(S001)
    assert bills(shop, S001) == ([(1, 5)] if was_sent else []) + [(2, 5)]
    shop.settle()
    shop.assert_equal()
    assert bills(shop, HO) == bills(shop, S001)
    assert shop.scalar(S001, "SELECT count(*) FROM sync_change") == 0


def test_a_restored_store_that_only_looks_is_recognised_however_often_it_asks(
    shop: ChainFloor,
) -> None:
    copy = back_up(shop, S001)
    sell(shop, S001, 1)
    shop.settle()
    put_back(shop, S001, copy)
    with shop.losing("/v1/own", times=1_000):
        for _ in range(6):
            assert shop.sync(S001).outcome is Outcome.STOPPED
            assert shop.cursor(S001, "HO/catalogue") == 1
    sell(shop, S001, 2)
    healed(shop, S001)
    shop.settle()
    assert bills(shop, HO) == bills(shop, S001) == [(1, 5), (2, 5)]


def test_a_number_that_was_used_twice_loses_neither_bill(shop: ChainFloor) -> None:
    copy = back_up(shop, S001)
    sell(shop, S001, 1, total=5)
    shop.settle()
    put_back(shop, S001, copy)
    sell(shop, S001, 1, total=7)
    sell(shop, S001, 2, total=8)
    ended = shop.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert shop.parked(S001) == [("bills", "S001", "used_twice")]
    shop.settle()
    assert bills(shop, HO) == bills(shop, S001) == [(1, 5), (2, 8)]
    shop.assert_equal()
    ((ours, theirs, winner),) = shop.sql(S001, "SELECT ours, theirs, winner FROM sync_conflict")
    assert winner == HO
    for body, total in ((ours, 7), (theirs, 5)):
        with closing(sqlite3.connect(":memory:")) as kept:
            kept.deserialize(body)
            assert kept.execute("SELECT total FROM bill").fetchall() == [(total,)]
            assert kept.execute("SELECT amount FROM bill_line").fetchall() == [(total,)]
    shop.sql(S001, "UPDATE bill SET total = 9 WHERE number = 1")
    shop.settle()
    assert shop.parked(S001) == [("bills", "S001", "used_twice")]  # until a person has acted
    shop.assert_equal()


def test_the_same_bill_entered_again_is_the_same_bill(shop: ChainFloor) -> None:
    copy = back_up(shop, S001)
    sell(shop, S001, 1)
    shop.settle()
    put_back(shop, S001, copy)
    sell(shop, S001, 1)
    healed(shop, S001)
    shop.settle()
    assert bills(shop, HO) == bills(shop, S001) == [(1, 5)]
    assert shop.scalar(S001, "SELECT count(*) FROM sync_conflict") == 0
    assert shop.parked(S001) == []


def test_a_bill_that_head_office_knows_and_that_was_deleted_since_comes_back(
    shop: ChainFloor,
) -> None:
    copy = back_up(shop, S001)
    sell(shop, S001, 1)
    shop.settle()
    put_back(shop, S001, copy)
    sell(shop, S001, 1)
    shop.sql(S001, "DELETE FROM bill_line", "DELETE FROM bill")
    healed(shop, S001)
    shop.settle()
    assert bills(shop, HO) == bills(shop, S001) == [(1, 5)]


def test_a_deletion_that_was_sent_is_read_back_too(shop: ChainFloor) -> None:
    sell(shop, S001, 1, 2)
    shop.settle()
    copy = back_up(shop, S001)
    shop.sql(S001, "DELETE FROM bill_line WHERE number = 1", "DELETE FROM bill WHERE number = 1")
    shop.settle()
    put_back(shop, S001, copy)
    healed(shop, S001)
    shop.settle()
    assert bills(shop, HO) == bills(shop, S001) == [(2, 5)]


def test_what_head_office_sent_meanwhile_comes_again(shop: ChainFloor) -> None:
    copy = back_up(shop, S001)
    shop.sql(HO, "INSERT INTO item VALUES ('NEW', 'n', NULL)", "DELETE FROM item WHERE code = 'I9'")
    shop.settle()
    sell(shop, S001, 1, item="NEW")
    shop.settle()
    put_back(shop, S001, copy)
    shop.sql(HO, "INSERT INTO item VALUES ('NEWER', 'n', NULL)")
    shop.done(HO)
    healed(shop, S001)
    assert shop.parked(S001) == []
    shop.settle()
    shop.assert_equal()
    assert bills(shop, HO) == [(1, 5)]


def test_a_lost_bill_that_waits_for_its_item_is_not_overwritten_by_a_new_one(
    shop: ChainFloor,
) -> None:
    copy = back_up(shop, S001)
    shop.sql(HO, "INSERT INTO item VALUES ('NEW', 'n', NULL)")
    shop.settle()
    sell(shop, S001, 1, item="NEW")
    shop.settle()
    put_back(shop, S001, copy)
    with shop.losing("/v1/mail", times=1_000):  # its own mail comes back, head office's does not
        shop.done(HO)
        shop.sync(S001)
    sell(shop, S001, 1, total=9)
    shop.sync(S001)
    assert bills(shop, HO) == [(1, 5)]
    shop.settle()
    assert bills(shop, HO) == bills(shop, S001) == [(1, 5)]
    assert shop.parked(S001) == [("bills", "S001", "used_twice")]


def test_restored_twice_from_the_same_backup(shop: ChainFloor) -> None:
    copy = back_up(shop, S001)
    for number in (1, 2, 3):
        sell(shop, S001, number)
        shop.settle()
        put_back(shop, S001, copy)
        sell(shop, S001, number + 10)
        healed(shop, S001)
        shop.settle()
        assert bills(shop, HO) == bills(shop, S001)
    assert [number for number, _ in bills(shop, HO)] == [1, 2, 3, 11, 12, 13]
    shop.assert_equal()


@pytest.mark.parametrize("rounds", [1, 3])
def test_the_same_backup_again_after_runs_without_a_line_is_no_second_copy(
    shop: ChainFloor, rounds: int
) -> None:
    copy = back_up(shop, S001)
    for number, runs in ((1, 0), (2, 12)):
        sell(shop, S001, number)
        shop.settle(rounds=rounds)
        put_back(shop, S001, copy)
        shop.out_of_reach(S001, runs)
        sell(shop, S001, number + 10)
        healed(shop, S001)
        shop.settle()
        assert bills(shop, HO) == bills(shop, S001)
    assert [number for number, _ in bills(shop, HO)] == [1, 2, 11, 12]


def test_an_acknowledgement_that_was_collected_since_the_copy_is_known_again(
    shop: ChainFloor,
) -> None:
    shop.sql(HO, "INSERT INTO customer VALUES ('C1', 'Ann', '1', '2026-01-01')")
    shop.settle()
    shop.sql(S001, "UPDATE customer SET name = 'Anna', changed_at = '2026-01-02'")
    shop.done(S001)
    copy = back_up(shop, S001)
    shop.done(HO)
    shop.done(S001)
    shop.done(S001)  # only now does the Web Database forget it
    put_back(shop, S001, copy)
    shop.out_of_reach(S001, 5)  # more runs than the copy has lost
    shop.sql(HO, "UPDATE customer SET name = 'Annabel', changed_at = '2026-01-03'")
    shop.done(HO)
    healed(shop, S001)
    assert shop.rows(S001, "customer") == [("C1", "Annabel", "1", "2026-01-03")]
    shop.settle()
    shop.assert_equal()


def test_an_older_and_then_a_newer_backup(shop: ChainFloor) -> None:
    older = back_up(shop, S001, "older")
    sell(shop, S001, 1)
    shop.settle()
    newer = back_up(shop, S001, "newer")
    sell(shop, S001, 2)
    shop.settle()
    for copy, number in ((older, 3), (newer, 4), (older, 5)):
        put_back(shop, S001, copy)
        sell(shop, S001, number)
        healed(shop, S001)
        shop.settle()
    assert [number for number, _ in bills(shop, HO)] == [1, 2, 3, 4, 5]
    shop.assert_equal()


def test_a_copy_from_between_sealing_and_sending_gives_its_numbers_back(shop: ChainFloor) -> None:
    sell(shop, S001, 1)
    assert shop.killed_run(S001, "ginesys_sync.engine.webdb:WebDatabase.post_batches:before:1")
    copy = back_up(shop, S001)
    shop.done(S001)
    sell(shop, S001, 2)
    shop.settle()
    put_back(shop, S001, copy)
    sell(shop, S001, 3)
    healed(shop, S001)
    shop.settle()
    assert bills(shop, HO) == bills(shop, S001) == [(1, 5), (2, 5), (3, 5)]
    shop.assert_equal()


def test_a_store_restored_with_its_whole_home(shop: ChainFloor) -> None:
    copy, home = back_up(shop, S001), shop.root / "home.backup"
    shutil.copytree(shop.home(S001), home)
    sell(shop, S001, 1)
    shop.settle()
    put_back(shop, S001, copy)
    shutil.rmtree(shop.home(S001))
    shutil.copytree(home, shop.home(S001))
    sell(shop, S001, 2)
    healed(shop, S001)
    shop.settle()
    assert bills(shop, HO) == bills(shop, S001) == [(1, 5), (2, 5)]


@pytest.mark.parametrize(
    "point",
    [
        "store.healing:note_read_back:before:1",
        "store.healing:note_read_back:after:1",
        "store.healing:note_read_back:before:2",
        "store.runs:renumber_run:after:1",
        "store.identity:begin_life:before:1",
        "store.identity:begin_life:after:1",
        "engine.webdb:WebDatabase.own:after:1",
        "engine.webdb:WebDatabase.open:after:2",
        "engine.webdb:WebDatabase.post_batches:before:1",
    ],
)
def test_a_heal_that_is_killed_is_finished_by_the_next_run(shop: ChainFloor, point: str) -> None:
    copy = back_up(shop, S001)
    for number in (1, 2):
        sell(shop, S001, number)
        shop.done(S001)
    put_back(shop, S001, copy)
    sell(shop, S001, 3)
    assert shop.killed_run(S001, f"ginesys_sync.{point}")
    sell(shop, S001, 4)
    assert shop.sync(S001).fault is None
    shop.settle()
    assert bills(shop, HO) == bills(shop, S001) == [(1, 5), (2, 5), (3, 5), (4, 5)]
    shop.assert_equal()


def test_the_status_of_what_was_read_back_is_as_it_was(shop: ChainFloor) -> None:
    copy = back_up(shop, S001)
    sell(shop, S001, 1)
    shop.done(S001)
    shop.settle()
    wanted = (
        "SELECT b.no, b.run, b.records, b.sha256, b.sealed_at, b.uploaded_at IS NOT NULL, "
        "(SELECT max(to_no) FROM sync_release WHERE stream = b.stream), "
        "(SELECT max(to_no) FROM sync_ack WHERE stream = b.stream AND site = 'HO'), "
        "(SELECT applied_at FROM sync_ack WHERE stream = b.stream AND site = 'HO'), "
        "(SELECT last_no FROM sync_record WHERE entity = 'bills') "
        "FROM sync_batch b WHERE stream = 'S001/sales'"
    )
    before = shop.sql(S001, wanted)
    put_back(shop, S001, copy)
    healed(shop, S001)
    assert shop.sql(S001, wanted) == before


def test_an_edit_of_a_shared_record_made_since_stands_and_both_are_kept(shop: ChainFloor) -> None:
    copy = back_up(shop, S001)
    shop.sql(S001, "INSERT INTO customer VALUES ('C1', 'first', '1', '2026-01-01')")
    shop.settle()
    put_back(shop, S001, copy)
    shop.sql(S001, "INSERT INTO customer VALUES ('C1', 'second', '2', '2026-01-02')")
    shop.sync(S001)
    shop.settle()
    shop.assert_equal()
    assert shop.rows(HO, "customer") == [("C1", "second", "2", "2026-01-02")]
    assert shop.scalar(S001, "SELECT count(*) FROM sync_conflict") == 1


def test_two_copies_of_a_store_do_not_both_go_on(shop: ChainFloor) -> None:
    sell(shop, S001, 1)
    shop.settle()
    twin = back_up(shop, S001, "twin")
    sell(shop, S001, 2)
    shop.settle()
    mine = back_up(shop, S001, "mine")
    put_back(shop, S001, twin)
    sell(shop, S001, 3)
    healed(shop, S001)
    put_back(shop, S001, mine)
    sell(shop, S001, 4)
    for _ in range(3):
        ended = shop.sync(S001)
        assert ended.outcome is Outcome.STOPPED
        assert "Two copies of S001 are in use" in (ended.fault.title if ended.fault else "")
    assert bills(shop, S001) == [(1, 5), (2, 5), (4, 5)]


def test_a_healed_store_needs_no_more_calls_than_any_other(shop: ChainFloor) -> None:
    copy = back_up(shop, S001)
    sell(shop, S001, 1)
    shop.settle()
    put_back(shop, S001, copy)
    healed(shop, S001)
    shop.settle()
    shop.done(S001)
    assert len(shop.calls) <= 3


def test_a_store_put_back_while_head_office_sent_to_it_alone(shop: ChainFloor) -> None:
    copy = back_up(shop, S001)
    shop.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'w')")
    shop.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    shop.done(HO, S001)
    shop.done(S001)
    put_back(shop, S001, copy)
    shop.sql(HO, "UPDATE notice SET words = 'x'", "INSERT INTO item VALUES ('B', 'b', NULL)")
    shop.done(HO, S002)
    healed(shop, S001)
    shop.settle()
    shop.assert_equal()
