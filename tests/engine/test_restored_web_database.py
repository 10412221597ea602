"""The Web Database brought back from a backup, or lost: refilled from both ends, or joined anew
step by step; no bill is lost and none doubled.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.services.connection import check_connection
from ginesys_sync.services.doctor import examine
from ginesys_sync.services.reloading import reload_site
from tests.engine.test_restores import ITEMS, back_up, bills, put_back, sell
from tests.support.chain_floor import HO, S001, S002, STORES, ChainFloor

pytestmark = pytest.mark.long


@pytest.fixture
def chain(floor: ChainFloor) -> ChainFloor:
    """A chain with items, notices, customers and a bill everywhere."""
    floor.sql(
        HO,
        f"{ITEMS} INSERT INTO item SELECT 'I' || i, 'x', NULL FROM n",
        "INSERT INTO notice VALUES ('N1', 'S001', 'w')",
        "INSERT INTO customer VALUES ('C1', 'c', '', '2026-01-01')",
    )
    floor.settle()
    sell(floor, S001, 1)
    floor.settle()
    return floor


def back_up_relay(floor: ChainFloor, name: str = "backup") -> Path:
    """The Web Database's whole home, copied while it stands still."""
    copy = floor.root / f"relay.{name}"
    floor.relay.stop()
    shutil.copytree(floor.relay.home, copy)
    floor.relay.start()
    return copy


def put_back_relay(floor: ChainFloor, copy: Path) -> None:
    floor.relay.stop()
    shutil.rmtree(floor.relay.home)
    shutil.copytree(copy, floor.relay.home)
    floor.relay.start()


def lose_relay(floor: ChainFloor) -> None:
    """Its disk is gone; a new, empty one is started at the same address."""
    floor.relay.stop()
    shutil.rmtree(floor.relay.home)
    floor.relay.start()


def totals(body: bytes) -> list[tuple[int]]:
    """Of the bills in a body that was kept."""
    with closing(sqlite3.connect(":memory:")) as kept:
        kept.deserialize(body)
        return kept.execute("SELECT total FROM bill").fetchall()


def quiet(floor: ChainFloor) -> None:
    floor.settle()
    floor.assert_equal()
    for site in (HO, *STORES):
        assert floor.parked(site) == []
        assert floor.scalar(site, "SELECT count(*) FROM sync_change") == 0
        assert floor.done(site).notes == ()
        waiting = "SELECT count(*) FROM sync_ack WHERE site = ? AND delivered_at IS NULL"
        assert floor.scalar(site, waiting.replace("?", f"'{site}'")) == 0


def unacknowledged(floor: ChainFloor, site: str) -> list[tuple[str, int]]:
    """Own streams of which head office (or S001) has not acknowledged the last batch here."""
    reader = S001 if site == HO else HO
    return floor.sql(
        site,
        f"SELECT stream, head_no FROM sync_stream s WHERE stream LIKE '{site}/%' AND head_no > "
        f"(SELECT coalesce(max(to_no), 0) FROM sync_ack WHERE stream = s.stream "
        f"AND site = '{reader}')",
    )


@pytest.mark.parametrize("order", [(HO, S001, S002), (S002, S001, HO)])
def test_what_a_restored_web_database_lost_is_sent_to_it_again(
    chain: ChainFloor, order: tuple[str, ...]
) -> None:
    copy = back_up_relay(chain)
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    sell(chain, S001, 2)
    chain.settle()
    sell(chain, S002, 1, item="A")
    chain.done(S002)
    chain.sql(HO, "INSERT INTO item VALUES ('B', 'b', NULL)")
    chain.done(HO)
    put_back_relay(chain, copy)
    for site in order:
        ended = chain.sync(site)
        assert ended.fault is None, (ended, ended.fault.detail if ended.fault else "")
        assert "The Web Database was brought back" in " ".join(ended.notes)
    chain.settle()
    quiet(chain)
    assert bills(chain, HO) == [(1, 5), (2, 5)]
    assert bills(chain, HO, S002) == [(1, 5)]
    assert {"A", "B"} <= set(chain.codes(S001, "item"))
    assert unacknowledged(chain, HO) == unacknowledged(chain, S001) == []


def test_whom_it_had_let_read_what_is_as_the_books_say(chain: ChainFloor) -> None:
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    chain.done(HO, S002)
    copy = back_up_relay(chain)
    chain.done(HO, S001)
    put_back_relay(chain, copy)
    chain.sync(HO, S002)
    chain.sync(S001)
    assert "A" in chain.codes(S001, "item")


def test_acknowledgements_that_it_lost_are_collected_in_the_end(chain: ChainFloor) -> None:
    copy = back_up_relay(chain)
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    chain.done(HO)
    chain.done(S001)
    put_back_relay(chain, copy)
    chain.sync(HO)
    chain.sync(S001)
    chain.sync(HO)
    assert unacknowledged(chain, HO) == []


def test_a_refill_that_is_killed_is_finished_by_the_next_run(chain: ChainFloor) -> None:
    copy = back_up_relay(chain)
    sell(chain, S001, 2)
    chain.done(S001)
    put_back_relay(chain, copy)
    assert chain.killed_run(S001, "ginesys_sync.engine.run:refill:before:1")
    ended = chain.sync(S001)
    assert "The Web Database was brought back" in " ".join(ended.notes)
    quiet(chain)
    assert bills(chain, HO) == [(1, 5), (2, 5)]


def test_a_store_that_healed_after_the_copy_was_made_is_no_clone(chain: ChainFloor) -> None:
    sell(chain, S001, 2)
    before = back_up(chain, S001)
    chain.settle()
    copy = back_up_relay(chain)
    sell(chain, S001, 3)
    chain.done(S001)
    put_back(chain, S001, before)
    assert chain.sync(S001).fault is None
    chain.done(S001)
    put_back_relay(chain, copy)
    assert chain.sync(S001).fault is None
    quiet(chain)
    assert bills(chain, HO) == bills(chain, S001) == [(1, 5), (2, 5), (3, 5)]


@pytest.mark.parametrize("first", [S001, HO])
def test_an_older_copy_and_then_a_newer_one(chain: ChainFloor, first: str) -> None:
    older = back_up_relay(chain, "older")
    sell(chain, S001, 2)
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    chain.settle()
    newer = back_up_relay(chain, "newer")
    put_back_relay(chain, older)
    assert chain.sync(first).fault is None
    put_back_relay(chain, newer)
    for _ in range(2):
        for site in (HO, S001, S002):
            assert chain.sync(site).fault is None
    quiet(chain)
    chain.assert_equal()


def test_a_store_joins_again_after_acknowledgements_were_numbered_anew(chain: ChainFloor) -> None:
    copy = back_up_relay(chain)
    _hear_many_answers(chain)
    put_back_relay(chain, copy)
    chain.join(S001)
    _edited_at_store_and_then_at_head_office(chain)


def test_all_join_a_new_web_database_with_homes_of_their_own(chain: ChainFloor) -> None:
    _hear_many_answers(chain)
    lose_relay(chain)
    for site in (HO, S001, S002):
        shutil.rmtree(chain.home(site))
        chain.join(site)
    _edited_at_store_and_then_at_head_office(chain)


def test_a_store_is_put_back_to_before_it_joined_the_new_web_database(chain: ChainFloor) -> None:
    _hear_many_answers(chain)
    copy = back_up(chain, S001)
    lose_relay(chain)
    for site in (HO, S001, S002):
        chain.join(site)
    chain.settle()
    put_back(chain, S001, copy)
    _edited_at_store_and_then_at_head_office(chain)


def _hear_many_answers(chain: ChainFloor) -> None:
    """The store has collected far more acknowledgements than there will be after this."""
    for number in range(20):
        sell(chain, S001, 10 + number)
        chain.done(S001)
        chain.done(HO)
    chain.done(S001)


def _edited_at_store_and_then_at_head_office(chain: ChainFloor) -> None:
    """The store hears the answer to its edit, and so lets head office's later one in."""
    chain.sql(S001, "UPDATE customer SET name = 'mine', changed_at = '2026-02-01'")
    chain.settle(rounds=4)
    chain.sql(HO, "UPDATE customer SET name = 'theirs', changed_at = '2026-03-01'")
    chain.settle()
    assert [row[1] for row in chain.rows(S001, "customer")] == ["theirs"]
    chain.assert_equal()


@pytest.mark.parametrize("order", [(HO, S001), (S001, HO)])
def test_web_database_and_store_are_both_put_back(
    chain: ChainFloor, order: tuple[str, ...]
) -> None:
    store, copy = back_up(chain, S001), back_up_relay(chain)
    sell(chain, S001, 2)
    chain.settle()
    put_back(chain, S001, store)
    put_back_relay(chain, copy)
    sell(chain, S001, 3)
    for _ in range(2):
        for site in order:
            assert chain.sync(site).fault is None
    chain.settle()
    assert bills(chain, HO) == [(1, 5), (2, 5), (3, 5)]


@pytest.mark.parametrize("order", [(HO, S001, S002), (S001, S002, HO)])
def test_web_database_and_head_office_are_both_put_back(
    chain: ChainFloor, order: tuple[str, ...]
) -> None:
    """They often run on one machine."""
    office, copy = back_up(chain, HO), back_up_relay(chain)
    for n in range(5):
        chain.sql(HO, f"INSERT INTO item VALUES ('LOST{n}', 'a', NULL)")
        chain.done(HO)
    sell(chain, S001, 2)
    chain.settle()
    put_back(chain, HO, office)
    put_back_relay(chain, copy)
    chain.sql(HO, "INSERT INTO item VALUES ('NEW', 'a', NULL)")
    for _ in range(2):
        for site in order:
            assert chain.sync(site).fault is None
    chain.settle()
    assert bills(chain, HO) == [(1, 5), (2, 5)]
    assert "NEW" in chain.codes(S001, "item")
    assert "NEW" in chain.codes(S002, "item")


def test_a_lost_web_database_is_told_from_a_wrong_key_with_the_steps_to_take(
    chain: ChainFloor,
) -> None:
    lose_relay(chain)
    for site, step in ((HO, "relay invite --site HO"), (S001, "ask head office for a new")):
        ended = chain.sync(site)
        assert ended.outcome is Outcome.STOPPED
        assert "it is new, or another one" in ended.closing
        assert step in ended.closing
        assert "no bill is lost" in ended.closing
        found = check_connection(chain.home(site))
        assert ended.fault and (found.title, found.advice) == (
            ended.fault.title,
            ended.fault.advice,
        )
        assert found.title in [finding.what for finding in examine(chain.home(site))]


@pytest.mark.parametrize("order", [(HO, S001, S002), (S001, S002, HO)])
def test_a_lost_web_database_is_joined_anew_and_no_bill_is_lost(
    chain: ChainFloor, order: tuple[str, ...]
) -> None:
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    chain.done(HO, S001)
    sell(chain, S001, 2)
    chain.done(S001)  # at the Web Database, and not at head office
    sell(chain, S002, 1)
    lose_relay(chain)
    sell(chain, S001, 3)
    for site in order:
        chain.join(site)
        assert chain.sync(site).fault is None
    quiet(chain)
    assert bills(chain, HO) == [(1, 5), (2, 5), (3, 5)]
    assert "A" in chain.codes(S002, "item")
    assert unacknowledged(chain, HO) == unacknowledged(chain, S001) == []
    numbers = [no for no, *_ in chain.batches(S001, "S001/sales")]
    assert numbers == sorted(set(numbers))
    assert chain.scalar(HO, "SELECT count(*) FROM sync_conflict") == 0


def test_after_it_was_joined_anew_a_selective_sync_reaches_its_store(chain: ChainFloor) -> None:
    lose_relay(chain)
    for site in (HO, *STORES):
        chain.join(site)
    chain.settle()
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    chain.done(HO, S001)
    chain.done(S002)
    assert "A" not in chain.codes(S002, "item")
    chain.done(HO, S002)
    chain.done(S002)
    assert "A" in chain.codes(S002, "item")


def test_a_store_is_brought_back_after_it_was_enrolled_again(chain: ChainFloor) -> None:
    copy = back_up(chain, S001)
    chain.join(S001)
    sell(chain, S001, 2)
    chain.settle()
    put_back(chain, S001, copy)
    sell(chain, S001, 3)
    ended = chain.sync(S001)
    assert ended.fault is None, ended
    quiet(chain)
    assert bills(chain, HO) == bills(chain, S001) == [(1, 5), (2, 5), (3, 5)]


def test_a_bill_that_replaces_another_after_a_store_was_enrolled_again_is_kept_with_it(
    chain: ChainFloor,
) -> None:
    copy = back_up(chain, S001)
    sell(chain, S001, 2, total=5)
    chain.settle()
    chain.relay.stop()
    chain.relay.keep_days = 0
    chain.relay.start()
    put_back(chain, S001, copy)
    shutil.rmtree(chain.home(S001) / "staged")
    ended = chain.sync(S001)
    assert ended.fault and "no longer kept" in ended.fault.title
    sell(chain, S001, 2, total=8)
    chain.join(S001)
    chain.done(S001)
    ended = chain.sync(HO)
    assert "both versions are kept" in " ".join(ended.notes)
    assert bills(chain, HO) == [(1, 5), (2, 8)]
    ((ours, theirs),) = chain.sql(HO, "SELECT ours, theirs FROM sync_conflict")
    assert (totals(ours), totals(theirs)) == ([(5,)], [(8,)])
    chain.settle()
    chain.assert_equal()


@pytest.mark.parametrize("order", [(HO, S001), (S001, HO)])
def test_a_number_used_twice_when_both_were_put_back_loses_neither_bill(
    chain: ChainFloor, order: tuple[str, ...]
) -> None:
    store, copy = back_up(chain, S001), back_up_relay(chain)
    sell(chain, S001, 2, total=5)
    chain.settle()
    put_back(chain, S001, store)
    put_back_relay(chain, copy)
    sell(chain, S001, 2, total=8)
    for _ in range(2):
        for site in order:
            assert chain.sync(site).fault is None
    chain.settle()
    assert bills(chain, HO) == bills(chain, S001) == [(1, 5), (2, 8)]
    ((ours, theirs),) = chain.sql(HO, "SELECT ours, theirs FROM sync_conflict")
    assert (totals(ours), totals(theirs)) == ([(5,)], [(8,)])


@pytest.mark.parametrize("is_offered", [False, True])
def test_a_store_that_was_to_be_reloaded_is_reloaded_all_the_same(
    chain: ChainFloor, is_offered: bool
) -> None:
    copy = back_up_relay(chain)
    reload_site(chain.home(HO), S001)
    chain.done(HO, S001 if is_offered else S002)
    chain.sql(S001, "UPDATE item SET name = 'damaged'")
    put_back_relay(chain, copy)
    chain.settle()
    chain.assert_equal()
    assert chain.sql(HO, "SELECT * FROM sync_load") == []


def test_a_copy_that_was_made_in_the_middle_of_head_offices_run_loses_nobody_an_answer(
    chain: ChainFloor,
) -> None:
    chain.sql(S001, "UPDATE customer SET name = 's', changed_at = '2026-01-02' WHERE id = 'C1'")
    chain.done(S001)
    copy = back_up_relay(chain)
    run = chain.scalar(HO, "SELECT max(no) FROM sync_run") + 1
    with closing(sqlite3.connect(copy / "relay.sqlite3")) as books:  # it had been opened by then
        books.execute("UPDATE sites SET run = ? WHERE site = 'HO'", (run,))
        books.commit()
    chain.done(HO)
    chain.done(S002)
    put_back_relay(chain, copy)
    chain.settle()
    chain.assert_equal()
    assert chain.scalar(S001, "SELECT count(*) FROM sync_parked") == 0
    waiting = "SELECT count(*) FROM sync_ack WHERE stream = 'S001/customers' AND collected_at > ''"
    assert chain.scalar(S001, waiting) > 0
