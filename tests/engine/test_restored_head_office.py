"""Head office brought back from a backup: what it had sent comes back to its tables, and the bills
it lost come again from the Web Database, or else from the stores.
"""

import json
import shutil
from pathlib import Path

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.services.blocking import block_record
from ginesys_sync.services.plans import change_plan
from ginesys_sync.services.reloading import reload_site
from ginesys_sync.services.withdrawing import withdraw
from tests.engine.test_restores import ITEMS, back_up, bills, healed, put_back, sell
from tests.support.chain_floor import HO, S001, S002, S003, STORES, ChainFloor, floor_plan

pytestmark = pytest.mark.long


@pytest.fixture
def chain(floor: ChainFloor) -> ChainFloor:
    """A chain with items, promotions, notices and customers everywhere."""
    floor.sql(
        HO,
        f"{ITEMS} INSERT INTO item SELECT 'I' || i, 'x', NULL FROM n",
        "INSERT INTO promotion VALUES ('P1', 'p'), ('P2', 'p')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P2', 'S001'), ('P2', 'S002')",
        "INSERT INTO promotion_item VALUES ('P1', 'I1', 5), ('P2', 'I2', 5)",
        "INSERT INTO notice VALUES ('N1', 'S001', 'w')",
        "INSERT INTO customer VALUES ('C1', 'c', '', '2026-01-01')",
    )
    floor.settle()
    sell(floor, S001, 1)
    floor.settle()
    return floor


def forgetful(floor: ChainFloor) -> None:
    """From here on the Web Database forgets at once what everybody has processed."""
    floor.relay.stop()
    floor.relay.keep_days = 0
    floor.relay.start()


def quiet(floor: ChainFloor) -> None:
    floor.settle()
    floor.assert_equal()
    for site in (HO, *STORES):
        assert floor.parked(site) == []
        assert floor.scalar(site, "SELECT count(*) FROM sync_change") == 0
        assert floor.done(site).notes == ()


def test_what_it_had_sent_and_received_since_comes_back(chain: ChainFloor) -> None:
    copy = back_up(chain, HO)
    chain.sql(
        HO,
        "INSERT INTO item VALUES ('NEW', 'n', NULL)",
        "INSERT INTO price VALUES ('NEW', '2026-01-01', 7)",
        "UPDATE item SET name = 'y' WHERE code = 'I1'",
        "DELETE FROM item WHERE code = 'I9'",
    )
    chain.settle()
    sell(chain, S001, 2, item="NEW")
    sell(chain, S002, 1)
    chain.settle()
    before = {table: chain.rows(HO, table) for table in ("item", "price", "bill", "bill_line")}
    put_back(chain, HO, copy)
    healed(chain, HO)
    assert {table: chain.rows(HO, table) for table in before} == before
    quiet(chain)


def test_it_goes_on_with_numbers_that_were_never_used(chain: ChainFloor) -> None:
    copy = back_up(chain, HO)
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    chain.settle()
    put_back(chain, HO, copy)
    chain.sql(HO, "INSERT INTO item VALUES ('B', 'b', NULL)")
    healed(chain, HO)
    quiet(chain)
    codes = [number for number, *_ in chain.batches(HO, "HO/catalogue")]
    assert codes == [1, 2, 3]
    assert {"A", "B"} <= set(chain.codes(S001, "item"))


def test_what_the_web_database_keeps_no_more_comes_from_the_homes(chain: ChainFloor) -> None:
    forgetful(chain)
    copy = back_up(chain, HO)
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    sell(chain, S001, 2)
    chain.settle()
    sell(chain, S002, 7)
    chain.done(S002)
    put_back(chain, HO, copy)
    healed(chain, HO)
    assert bills(chain, HO) == [(1, 5)]
    assert bills(chain, HO, S002) == [(7, 5)]
    ended = chain.sync(S001)
    assert "everything again" in " ".join(ended.notes)
    quiet(chain)
    assert bills(chain, HO) == [(1, 5), (2, 5)]


def test_what_is_kept_nowhere_is_said_with_what_to_do(chain: ChainFloor) -> None:
    forgetful(chain)
    copy = back_up(chain, HO)
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    chain.settle()
    put_back(chain, HO, copy)
    shutil.rmtree(chain.home(HO) / "staged")
    ended = chain.sync(HO)
    assert ended.outcome is Outcome.STOPPED
    assert ended.fault and "no longer kept" in ended.fault.title
    assert "ginesys-sync init" in ended.fault.advice
    assert chain.sync(HO).closing == ended.closing
    chain.join(HO)
    chain.sql(HO, "INSERT INTO item VALUES ('B', 'b', NULL)")
    sell(chain, S001, 3)
    chain.settle()
    assert bills(chain, HO) == [(1, 5), (3, 5)]
    assert "B" in chain.codes(S001, "item")


def test_what_was_taken_back_stays_taken_back(chain: ChainFloor) -> None:
    copy = back_up(chain, HO)
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    chain.done(HO)
    withdraw(chain.home(HO), "HO/catalogue", [2], None, "a mistake")
    put_back(chain, HO, copy)
    healed(chain, HO)
    chain.sql(HO, "INSERT INTO item VALUES ('B', 'b', NULL)")
    chain.settle()
    assert [code for code in chain.codes(S001, "item") if len(code) == 1] == ["B"]
    assert chain.scalar(
        HO, "SELECT withdrawn_at FROM sync_batch WHERE stream = 'HO/catalogue' AND no = 2"
    )


def test_an_edit_made_since_stands_and_both_are_kept(chain: ChainFloor) -> None:
    copy = back_up(chain, HO)
    chain.sql(HO, "UPDATE item SET name = 'lost' WHERE code = 'I1'")
    chain.settle()
    put_back(chain, HO, copy)
    chain.sql(HO, "UPDATE item SET name = 'newer' WHERE code = 'I1'")
    healed(chain, HO)
    quiet(chain)
    assert chain.scalar(S001, "SELECT name FROM item WHERE code = 'I1'") == "newer"
    assert chain.scalar(HO, "SELECT count(*) FROM sync_conflict") == 1


def test_records_for_certain_sites_go_to_whom_its_tables_say(chain: ChainFloor) -> None:
    copy = back_up(chain, HO)
    chain.sql(
        HO,
        "DELETE FROM promotion_site WHERE promotion_code = 'P2' AND site_code = 'S001'",
        "INSERT INTO promotion_site VALUES ('P1', 'S002')",
        "UPDATE promotion SET name = 'q'",
        "UPDATE notice SET site_code = 'S002'",
        "INSERT INTO notice VALUES ('N2', 'S001', 'new')",
    )
    chain.settle()
    put_back(chain, HO, copy)
    healed(chain, HO)
    quiet(chain)
    assert chain.codes(S001, "promotion") == ["P1", "P2"]
    assert chain.codes(S002, "promotion") == ["P2"]
    assert chain.scalar(S001, "SELECT name FROM promotion WHERE code = 'P1'") == "q"
    assert chain.codes(S001, "notice") == ["N2"]
    assert chain.codes(S002, "notice") == ["N1"]


def test_shared_records_are_as_they_were(chain: ChainFloor) -> None:
    copy = back_up(chain, HO)
    chain.sql(S001, "UPDATE customer SET name = 's', changed_at = '2026-01-05'")
    chain.sql(S002, "INSERT INTO customer VALUES ('C2', 'two', '', '2026-01-02')")
    chain.settle()
    put_back(chain, HO, copy)
    chain.sql(S002, "UPDATE customer SET name = 't', changed_at = '2026-01-06' WHERE id = 'C1'")
    healed(chain, HO)
    quiet(chain)
    names = [("C1", "t", "", "2026-01-06"), ("C2", "two", "", "2026-01-02")]
    assert chain.rows(HO, "customer") == names


def test_the_plan_that_it_had_installed_is_in_place_again(
    chain: ChainFloor, tmp_path: Path
) -> None:
    for site in (HO, *STORES):
        chain.sql(site, "ALTER TABLE item ADD COLUMN colour TEXT")
    after = {site: back_up(chain, site, "altered") for site in (HO, *STORES)}
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(floor_plan() | {"version": 2}))
    change_plan(chain.home(HO), file, only_look=False)
    chain.sql(HO, "INSERT INTO item VALUES ('RED', 'r', NULL, 'red')")
    chain.settle()
    chain.sql(S001, "UPDATE customer SET phone = '9', changed_at = '2026-02-01'")
    sell(chain, S001, 2, item="RED")
    chain.settle()
    for site in (HO, S001):
        put_back(chain, site, after[site])
    healed(chain, HO)
    healed(chain, S001)
    quiet(chain)
    assert chain.rows(HO, "item") == chain.rows(S001, "item")
    assert chain.scalar(S001, "SELECT colour FROM item WHERE code = 'RED'") == "red"


def test_what_a_plan_has_for_everybody_before_the_heal_gets_to_everybody(
    chain: ChainFloor, tmp_path: Path
) -> None:
    """What was sent to one store and then taken from it comes back while it is noted for all."""
    chain.sql(HO, "INSERT INTO notice VALUES ('N2', 'S002', 'w')")
    copy = back_up(chain, HO)
    chain.done(HO)
    chain.sql(HO, "UPDATE notice SET site_code = NULL WHERE code = 'N2'")
    chain.settle()
    put_back(chain, HO, copy)
    document = floor_plan() | {"version": 2}
    for entity in document["entities"]:
        if entity["name"] == "notices":
            del entity["audience"]
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(document))
    change_plan(chain.home(HO), file, only_look=False)
    healed(chain, HO)
    chain.settle()
    wanted = chain.rows(HO, "notice")
    assert len(wanted) == 2
    assert chain.rows(S001, "notice") == chain.rows(S002, "notice") == wanted


@pytest.mark.parametrize(
    "point",
    [
        "store.healing:note_read_back:before:2",
        "store.healing:note_read_back:after:2",
        "store.identity:begin_life:after:1",
        "engine.webdb:WebDatabase.open:after:2",
        "store.ledger:move_cursor:before:1",
    ],
)
def test_a_heal_that_is_killed_is_finished_by_the_next_run(chain: ChainFloor, point: str) -> None:
    copy = back_up(chain, HO)
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)", "UPDATE promotion SET name = 'q'")
    chain.sql(HO, "INSERT INTO price VALUES ('A', '2026-01-01', 3)")
    sell(chain, S001, 2)
    chain.settle()
    put_back(chain, HO, copy)
    chain.sql(HO, "INSERT INTO item VALUES ('B', 'b', NULL)")
    assert chain.killed_run(HO, f"ginesys_sync.{point}")
    assert chain.sync(HO).fault is None
    quiet(chain)
    assert bills(chain, HO) == [(1, 5), (2, 5)]


def test_a_store_that_joined_since_stays_a_member(chain: ChainFloor) -> None:
    copy = back_up(chain, HO)
    chain.join(S003)
    for _ in range(2):
        chain.done(HO)
        chain.sync(S003)
    sell(chain, S003, 4)
    chain.done(S003)
    chain.done(HO)
    put_back(chain, HO, copy)
    healed(chain, HO)
    chain.sql(HO, "INSERT INTO item VALUES ('LATE', 'l', NULL)")
    for _ in range(3):
        chain.sync(HO)
        for store in (*STORES, S003):
            chain.sync(store)
    chain.sync(HO)
    chain.assert_equal((*STORES, S003))
    assert bills(chain, HO, S003) == [(4, 5)]


def test_head_office_and_a_store_are_both_put_back(chain: ChainFloor) -> None:
    copies = {site: back_up(chain, site) for site in (HO, S001)}
    chain.sql(HO, "INSERT INTO item VALUES ('A', 'a', NULL)")
    chain.settle()
    sell(chain, S001, 2, item="A")
    chain.settle()
    for site, copy in copies.items():
        put_back(chain, site, copy)
    sell(chain, S001, 3)
    healed(chain, S001)
    healed(chain, HO)
    quiet(chain)
    assert bills(chain, HO) == bills(chain, S001) == [(1, 5), (2, 5), (3, 5)]


def test_a_load_that_left_out_what_nobody_remembers_was_held_back_is_made_anew(
    chain: ChainFloor,
) -> None:
    copy = back_up(chain, HO)
    block_record(chain.home(HO), "items", "I1", "not checked")
    chain.sql(HO, "UPDATE item SET name = 'not checked' WHERE code = 'I1'")
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    chain.sql(S001, "UPDATE item SET name = 'damaged' WHERE code = 'I1'")
    put_back(chain, HO, copy)
    healed(chain, HO)
    quiet(chain)
