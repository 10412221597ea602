"""A store that is reloaded ends equal to head office, whatever had become of its tables."""

import json

import pytest

from ginesys_sync.core.errors import UnknownSite
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Outcome
from ginesys_sync.services import blocking
from ginesys_sync.services.plans import change_plan
from ginesys_sync.services.reloading import reload_site
from tests.engine.test_restores import back_up, put_back
from tests.support.chain_floor import HO, S001, S002, S003, ChainFloor, floor_plan

NOTICES = (
    "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10) "
    "INSERT INTO notice SELECT 'N' || i, 'S001', 'stays' FROM n"
)


@pytest.fixture
def chain(floor: ChainFloor) -> ChainFloor:
    """Thirty items with prices, a promotion and a notice for S001, a bill of S001."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)"
    floor.sql(
        HO,
        f"{numbers} INSERT INTO item SELECT 'I' || i, 'Item', NULL FROM n",
        f"{numbers} INSERT INTO price SELECT 'I' || i, '2026-01-01', i FROM n",
        "INSERT INTO promotion VALUES ('P1', 'Summer')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P1', 'S002')",
        "INSERT INTO notice VALUES ('N1', 'S001', 'hello')",
    )
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 100, NULL)")
    floor.settle(rounds=2)
    return floor


def damage(chain: ChainFloor) -> None:
    """Somebody has been at the store's tables, past the sync."""
    chain.sql(
        S001,
        "UPDATE item SET name = 'damaged' WHERE code < 'I2'",
        "DELETE FROM price WHERE item_code = 'I7'",
        "INSERT INTO item VALUES ('X1', 'of nobody', NULL)",
        "DELETE FROM notice",
        "DELETE FROM sync_change WHERE entity <> 'bills'",
    )


def test_a_reloaded_store_gets_everything_again_and_loses_what_head_office_has_not(
    chain: ChainFloor,
) -> None:
    damage(chain)
    reload_site(chain.home(HO), S001, "its disk was changed")
    chain.done(HO)
    chain.done(S001)
    chain.assert_equal()
    chain.done(HO)
    assert chain.sql(HO, "SELECT * FROM sync_load") == []
    assert chain.sql(HO, "SELECT * FROM sync_change") == []
    assert chain.scalar(HO, "SELECT count(*) FROM sync_ack WHERE kind = 'load'") > 0
    chain.sql(HO, "UPDATE item SET name = 'newer' WHERE code = 'I9'")
    chain.settle(rounds=1)
    chain.assert_equal()
    assert ("reload", "store S001") in chain.sql(HO, "SELECT action, what FROM sync_audit")


def test_what_is_for_certain_stores_goes_to_the_reloaded_one_alone(chain: ChainFloor) -> None:
    chain.sql(S001, "DELETE FROM promotion")
    for store in (S001, S002):
        chain.sql(store, f"INSERT INTO notice VALUES ('N9', '{store}', 'of nobody')")
    before = chain.rows(HO, "sync_record"), chain.batches(HO, "HO/policy")
    reload_site(chain.home(HO), S001)
    chain.settle(rounds=1)
    chain.assert_equal([S001])
    assert chain.codes(S001, "notice") == ["N1"]
    assert chain.codes(S002, "notice") == ["N9"]
    assert (chain.rows(HO, "sync_record"), chain.batches(HO, "HO/policy")) == before


def test_a_deletion_that_the_store_had_not_read_yet_reaches_it_in_spite_of_the_load(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, NOTICES, "UPDATE notice SET words = 'moves' WHERE code = 'N2'")
    chain.settle(rounds=1)
    chain.sql(
        HO,
        "DELETE FROM notice WHERE code = 'N1'",
        "UPDATE notice SET site_code = 'S002' WHERE code = 'N2'",
        "DELETE FROM promotion_site WHERE promotion_code = 'P1' AND site_code = 'S001'",
    )
    chain.done(HO)
    reload_site(chain.home(HO), S001)
    chain.settle()
    assert chain.codes(S001, "notice") == sorted(f"N{i}" for i in range(3, 11))
    chain.assert_equal()


def test_a_deletion_that_only_its_newer_copy_had_read_reaches_a_store_that_is_put_back(
    chain: ChainFloor,
) -> None:
    copy = back_up(chain, S001)
    chain.sql(HO, "DELETE FROM notice WHERE code = 'N1'")
    chain.settle(rounds=2)
    assert chain.codes(S001, "notice") == []
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    put_back(chain, S001, copy)
    chain.sync(S001)
    chain.settle()
    assert chain.codes(S001, "notice") == []
    chain.assert_equal()


def test_a_load_takes_nothing_away_of_a_kind_that_it_does_not_hold(
    chain: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan that the store applies it by may be another than that it was made by."""
    chain.sql(S001, "INSERT INTO notice VALUES ('N9', 'S001', 'of nobody')")
    made = Plan.from_head_office
    monkeypatch.setattr(
        Plan,
        "from_head_office",
        lambda plan, channel: [each for each in made(plan, channel) if each.name != "notices"],
    )
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    monkeypatch.setattr(Plan, "from_head_office", made)
    chain.done(S001)
    assert chain.codes(S001, "notice") == ["N1", "N9"]


def change_notices(chain: ChainFloor, version: int, *, are_for_all: bool) -> None:
    document = floor_plan() | {"version": version}
    if are_for_all:
        (notices,) = (entity for entity in document["entities"] if entity["name"] == "notices")
        del notices["audience"]
    file = chain.root / "plan.json"
    file.write_text(json.dumps(document))
    change_plan(chain.home(HO), file)


def test_a_deletion_that_went_to_everybody_reaches_it_although_the_kind_is_for_certain_stores_now(
    chain: ChainFloor,
) -> None:
    change_notices(chain, 2, are_for_all=True)
    chain.settle()
    assert chain.codes(S002, "notice") == ["N1"]
    change_notices(chain, 3, are_for_all=False)
    chain.done(HO)
    reload_site(chain.home(HO), S002)
    chain.settle()
    assert chain.codes(S002, "notice") == []
    chain.assert_equal()


def test_what_was_parked_of_an_earlier_batch_does_not_come_back_after_the_load(
    chain: ChainFloor,
) -> None:
    chain.sql(S001, "INSERT INTO item VALUES ('MINE', 'of the store', 'B1')")
    chain.sql(HO, "INSERT INTO item VALUES ('X1', 'goes again', 'B1')")
    chain.settle(rounds=1)
    assert chain.parked(S001) == [("items", "X1", "duplicate")]
    chain.sql(HO, "DELETE FROM item WHERE code = 'X1'")
    chain.done(HO)
    reload_site(chain.home(HO), S001)
    chain.settle(rounds=2)
    assert chain.parked(S001) == [] and chain.attention() == []
    chain.assert_equal()


def test_a_version_that_waited_for_an_answer_does_not_come_back_after_the_load(
    chain: ChainFloor,
) -> None:
    chain.sql(S001, "INSERT INTO customer VALUES ('C1', 'Asha', '1', '2026-01-01')")
    for site in (S001, HO, HO):
        chain.done(site)  # head office's answer is on its way
    chain.sql(S001, "DELETE FROM customer")
    chain.done(S001)
    assert chain.sql(S001, "SELECT k1, code FROM sync_parked") == [("C1", "kept_edit")]
    for _ in range(2):
        chain.done(HO)  # it has taken the deletion, and says so
    reload_site(chain.home(HO), S001)
    chain.settle(rounds=2)
    assert chain.codes(S001, "customer") == []
    assert chain.scalar(S001, "SELECT count(*) FROM sync_parked") == 0
    chain.assert_equal()


def test_a_load_that_its_store_does_not_want_any_more_is_not_made_again(
    chain: ChainFloor,
) -> None:
    chain.join(S001)  # again, with its database: until it says how far it is, it wants loads
    chain.done(HO, S002)
    assert chain.sql(HO, "SELECT DISTINCT site, state FROM sync_load") == [(S001, "due")]
    chain.sync(S001)
    chain.done(HO)
    assert chain.sql(HO, "SELECT * FROM sync_load") == []
    chain.settle()
    assert chain.scalar(HO, "SELECT count(*) FROM sync_ack WHERE kind = 'load'") == 0
    chain.assert_equal()


def test_until_the_load_is_there_the_store_says_what_it_waits_for(chain: ChainFloor) -> None:
    damage(chain)
    reload_site(chain.home(HO), S001)
    ended = chain.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert ended.notes[0].startswith("This store waits for a full load")
    chain.settle(rounds=1)
    chain.assert_equal()


def test_a_store_that_syncs_in_between_is_reloaded_all_the_same(chain: ChainFloor) -> None:
    """It is where it was; that must not spare it the load, as it spares one that joins again."""
    damage(chain)
    reload_site(chain.home(HO), S001)
    for _ in range(2):
        chain.sync(S001)
    chain.settle(rounds=1)
    chain.assert_equal()


def test_reloaded_twice_while_the_first_load_is_offered_it_gets_the_second(
    chain: ChainFloor,
) -> None:
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    damage(chain)
    reload_site(chain.home(HO), S001)
    chain.settle(rounds=1)
    chain.assert_equal()
    assert chain.sql(HO, "SELECT * FROM sync_load") == []


def test_a_store_that_is_set_up_again_while_its_load_is_offered_gets_another(
    chain: ChainFloor,
) -> None:
    chain.join(S003)
    chain.sync(S003)
    chain.done(HO)
    chain.join(S003)
    chain.settle(S003, rounds=2)
    chain.assert_equal([S003])
    assert chain.sql(HO, "SELECT * FROM sync_load") == []


def test_together_with_a_store_that_joins_it_shares_the_load_and_misses_nothing(
    chain: ChainFloor,
) -> None:
    chain.join(S003)
    chain.sync(S003)
    chain.sync(HO, S001)  # S003 is owed its load from here on, and not released to
    chain.sql(HO, "UPDATE item SET name = 'newer' WHERE code = 'I3'")
    chain.sync(HO, S001)
    chain.sync(S001)
    damage(chain)
    reload_site(chain.home(HO), S001)
    chain.settle(S001, S002, S003, rounds=2)
    chain.assert_equal([S001, S002, S003])


def test_a_reload_sweeps_nothing_that_head_office_holds_back(chain: ChainFloor) -> None:
    chain.sql(HO, "INSERT INTO item VALUES ('Z1', 'Item', NULL)")  # nothing refers to it
    chain.settle(rounds=1)
    blocking.block_record(chain.home(HO), "items", "Z1", "not checked")
    chain.sql(HO, "UPDATE item SET name = 'not checked' WHERE code = 'Z1'")
    damage(chain)
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    chain.done(S001)
    rows = {row[0]: row[1] for row in chain.rows(S001, "item")}
    assert rows["Z1"] == "Item"
    assert rows["I1"] == "Item" and "X1" not in rows
    blocking.unblock_record(chain.home(HO), "items", "Z1")
    chain.settle(rounds=1)
    chain.assert_equal()


def test_more_held_back_than_can_be_named_spares_the_whole_kind(
    chain: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ginesys_sync.engine.offers._HELD_OF_A_KIND", 5)
    blocking.block_entity(chain.home(HO), "items", "not checked")
    chain.sql(HO, "UPDATE item SET name = 'not checked'")
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    chain.done(S001)  # and nothing is asked
    assert {row[1] for row in chain.rows(S001, "item")} == {"Item"}
    assert len(chain.rows(S001, "item")) == 30
    assert chain.parked(S001) == []


def test_a_store_that_cannot_be_reloaded_is_refused(chain: ChainFloor) -> None:
    with pytest.raises(UnknownSite, match="There is no store 'S009'"):
        reload_site(chain.home(HO), "S009")
