"""A store that joins late is brought to where the others are, by chunks that resume."""

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.engine import offers, seal
from ginesys_sync.services.blocking import block_record, unblock_record
from ginesys_sync.services.reloading import reload_site
from tests.support.chain_floor import HO, S001, S003, ChainFloor

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
ITEMS = f"{NUMBERS} INSERT INTO item SELECT 'I' || i, 'Item ' || i, 'B' || i FROM n"
PRICES = f"{NUMBERS} INSERT INTO price SELECT 'I' || i, '2026-01-01', i FROM n"
CHUNK = "ginesys_sync.engine.loads:LoadWork._apply_chunk"


@pytest.fixture
def chain(floor: ChainFloor, monkeypatch: pytest.MonkeyPatch) -> ChainFloor:
    """Items and prices that S001 has had for long; chunks of a hundred records."""
    monkeypatch.setattr(offers, "TARGET_ROWS", 100)
    monkeypatch.setattr(seal, "TARGET_ROWS", 100)
    floor.sql(
        HO,
        ITEMS,
        PRICES,
        "INSERT INTO notice VALUES ('N3', 'S003', 'for the new one')",
        "INSERT INTO customer VALUES ('C1', 'Ann', '1', '2026-01-01')",
        "INSERT INTO promotion VALUES ('P1', 'Summer')",
        "INSERT INTO promotion_site VALUES ('P1', 'S003'), ('P1', 'S001')",
    )
    floor.settle(rounds=1)
    return floor


def test_a_store_that_joins_late_ends_equal_and_its_load_is_acknowledged(
    chain: ChainFloor,
) -> None:
    chain.join(S003)
    ended = chain.sync(S003)
    assert ended.outcome is Outcome.ATTENTION
    assert "first full load" in ended.notes[0]
    chain.done(HO)
    chain.done(S003)
    chain.assert_equal([S003])
    assert chain.rows(S003, "notice") == [("N3", "S003", "for the new one")]
    assert chain.scalar(S003, "SELECT count(*) FROM sync_ack WHERE kind = 'load'") > 0
    chain.done(HO)
    assert chain.sql(HO, "SELECT * FROM sync_load") == []


def test_what_changes_while_a_load_waits_reaches_the_store_as_its_tail(chain: ChainFloor) -> None:
    chain.join(S003)
    chain.sync(S003)
    chain.done(HO)
    chain.sql(
        HO,
        "UPDATE item SET name = 'newer' WHERE code = 'I7'",
        "DELETE FROM price WHERE item_code = 'I9'",
        "DELETE FROM item WHERE code = 'I9'",
        "INSERT INTO item VALUES ('I999', 'new', NULL)",
    )
    chain.done(HO)
    chain.done(S003)
    chain.assert_equal([S003])


@pytest.mark.parametrize(("moment", "left"), [("before:2", 9), ("after:2", 8), ("after:5", 5)])
def test_loading_that_is_killed_goes_on_at_its_chunk(
    chain: ChainFloor, moment: str, left: int
) -> None:
    chain.join(S003)
    chain.sync(S003)
    chain.done(HO)
    assert chain.killed_run(S003, f"{CHUNK}:{moment}")
    chain.done(S003)
    again = [path for method, path in chain.calls if method == "GET" and "/bodies/" in path]
    assert len(again) == left
    chain.assert_equal([S003])


@pytest.mark.parametrize("nth", [1, 3])
def test_a_load_that_is_killed_after_its_sweep_takes_nothing_away_and_asks_nothing(
    chain: ChainFloor, nth: int
) -> None:
    chain.join(S003)
    chain.sync(S003)
    chain.done(HO)
    assert chain.killed_run(S003, f"ginesys_sync.engine.loads:LoadWork._end:before:{nth}")
    chain.done(S003)
    chain.assert_equal([S003])
    assert chain.scalar(S003, "SELECT count(*) FROM sync_seen") == 0


def test_building_that_is_killed_goes_on_at_its_chunk(chain: ChainFloor) -> None:
    chain.join(S003)
    chain.sync(S003)
    put = "ginesys_sync.engine.webdb:WebDatabase.put_body:after:1"
    assert chain.killed_run(HO, put)
    chain.sql(HO, "UPDATE item SET name = 'newer' WHERE code = 'I1'")
    chain.settle(S003)
    chain.assert_equal([S003])


def test_a_chunk_that_was_built_is_not_built_again(
    chain: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.join(S003)
    chain.sync(S003)
    built: list[str] = []
    keep = offers._Offer._keep

    def stops_after_two(offer: offers._Offer, entity: object, *facts: object) -> None:
        if len(built) == 2:
            raise offers.Refused("The line was cut.")
        built.append(str(facts))
        keep(offer, entity, *facts)  # type: ignore[arg-type]

    monkeypatch.setattr(offers._Offer, "_keep", stops_after_two)
    assert chain.sync(HO).outcome is Outcome.STOPPED
    monkeypatch.setattr(offers._Offer, "_keep", keep)
    chain.done(HO)
    bodies = [path for method, path in chain.calls if method == "PUT"]
    assert len(bodies) == len(set(bodies))
    chain.done(S003)
    chain.assert_equal([S003])


def test_stores_that_are_loaded_together_share_what_is_for_all_and_have_the_rest_of_their_own(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'for the first one')")
    chain.done(HO)
    chain.join(S003)
    chain.sync(S003)
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    built = [path for method, path in chain.calls if method == "PUT"]
    # Plan and sites, 300 items, 300 prices, the customer and the promotion; a notice for each.
    assert len(built) == len(set(built)) == 2 + 3 + 3 + 1 + 1 + 2
    chain.done(S003)
    chain.done(S001)
    chain.assert_equal([S001, S003])


def test_what_a_load_parks_and_its_tail_mends_in_one_run_does_not_stay_listed(
    chain: ChainFloor,
) -> None:
    chain.sql(
        HO,
        "INSERT INTO item VALUES ('NEW', 'not checked', NULL)",
        "INSERT INTO price VALUES ('NEW', '2026-01-01', 5)",
    )
    block_record(chain.home(HO), "items", "NEW", "not checked")
    chain.sync(HO)
    chain.join(S003)
    chain.sync(S003)
    chain.sync(HO)
    unblock_record(chain.home(HO), "items", "NEW")
    chain.sync(HO)
    chain.done(S003)
    assert chain.scalar(S003, "SELECT max(said) FROM sync_ack WHERE stream = 'HO/pricing'") == 1
    chain.settle(S001, S003, rounds=1)
    assert chain.attention() == []
    chain.assert_equal([S003])


def test_a_load_never_takes_away_what_the_store_owns_or_edited(chain: ChainFloor) -> None:
    chain.join(S003)
    chain.sql(
        S003,
        "INSERT INTO bill VALUES ('S003', 1, 100, NULL)",
        "INSERT INTO customer VALUES ('C9', 'Bob', '9', '2026-02-02')",
    )
    chain.settle(S003, S001)
    chain.assert_equal([S003, S001])
    assert chain.codes(HO, "customer") == ["C1", "C9"]


def test_a_store_whose_load_waited_misses_nothing_that_came_for_it_alone_meanwhile(
    chain: ChainFloor,
) -> None:
    """Another store that joins later has its load made together with the one that waited."""
    chain.join(S003)
    chain.sync(S003)
    chain.done(HO, S001)  # it is owed a load, and not ticked
    chain.sql(
        HO,
        "INSERT INTO notice VALUES ('N4', 'S003', 'came while it waited')",
        "INSERT INTO notice VALUES ('N5', 'S003', 'and went again')",
    )
    chain.done(HO, S001)
    chain.sql(HO, "DELETE FROM notice WHERE code = 'N5'")
    chain.done(HO, S001)
    chain.join("S004")
    chain.sync("S004")
    chain.settle(S001, S003, "S004")
    chain.assert_equal([S001, S003, "S004"])
    assert "N4" in chain.codes(S003, "notice")
