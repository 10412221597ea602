"""What a full load holds of what is for certain stores: what its store has or should have, in spite
of blocks, withdrawals, open questions and edits of the same moment; and nothing of others.
"""

import shutil

import pytest

from ginesys_sync.core.errors import NotPossible
from ginesys_sync.core.status import Outcome
from ginesys_sync.engine import offers
from ginesys_sync.engine import run as exchange
from ginesys_sync.engine.loads import LoadWork
from ginesys_sync.services.blocking import (
    block_entity,
    block_record,
    unblock_entity,
    unblock_record,
)
from ginesys_sync.services.reloading import reload_site
from ginesys_sync.services.sending_again import send_again
from ginesys_sync.services.withdrawing import withdraw
from ginesys_sync.wire.messages import Load
from tests.engine.test_reloading import change_notices
from tests.support.chain_floor import HO, S001, S002, S003, ChainFloor

NEWER = "UPDATE promotion SET name = 'newer' WHERE code = 'P1'"


def notices(store: str, first: int, last: int) -> str:
    return (
        f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) "
        f"INSERT INTO notice SELECT 'N' || i, '{store}', 'words' FROM n"
    )


@pytest.fixture
def chain(floor: ChainFloor) -> ChainFloor:
    """A dozen notices for each store, an item for all, a promotion for both."""
    floor.sql(
        HO,
        notices(S001, 1, 12),
        notices(S002, 101, 112),
        "INSERT INTO item VALUES ('I1', 'Tea', NULL)",
        "INSERT INTO promotion VALUES ('P1', 'Summer')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P1', 'S002')",
    )
    floor.settle(rounds=2)
    return floor


def newcomer(chain: ChainFloor) -> None:
    """S003 joins and takes its load: everybody's audiences are computed anew."""
    chain.join(S003)
    for site in (S003, HO, S003):
        chain.sync(site)


def joins_with_nothing(chain: ChainFloor) -> None:
    """S001 has lost its database and its home."""
    chain.database(S001).unlink()
    shutil.rmtree(chain.home(S001))
    chain.join(S001)
    chain.sync(S001)


def newest(chain: ChainFloor, stream: str) -> int:
    return int(chain.scalar(HO, f"SELECT head_no FROM sync_stream WHERE stream = '{stream}'"))


def test_what_is_blocked_and_stands_everywhere_alike_is_in_the_load(chain: ChainFloor) -> None:
    block_record(chain.home(HO), "notices", "N1", "not checked")
    newcomer(chain)  # N1 is noted again: its audience is looked at once it is unblocked
    chain.sql(S001, "DELETE FROM notice")
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    chain.done(S001)
    chain.assert_equal([S001])
    unblock_record(chain.home(HO), "notices", "N1")
    chain.settle()
    chain.assert_equal()


def test_so_it_is_for_a_store_that_comes_with_nothing(chain: ChainFloor) -> None:
    block_entity(chain.home(HO), "notices", "not checked")
    newcomer(chain)
    joins_with_nothing(chain)
    chain.done(HO)
    chain.sync(S001)
    assert len(chain.rows(S001, "notice")) == 12
    unblock_entity(chain.home(HO), "notices")


def test_what_was_to_be_sent_again_to_another_store_is_in_the_load(chain: ChainFloor) -> None:
    block_record(chain.home(HO), "items", "I1", "not checked")
    send_again(chain.home(HO), "items", "I1", sites=[S002])
    newcomer(chain)
    assert chain.rows(S003, "item") == chain.rows(HO, "item")


def test_what_was_blocked_while_the_load_was_built_is_not_swept_when_it_is_offered(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "UPDATE notice SET words = 'not checked' WHERE code = 'N1'")
    block_record(chain.home(HO), "notices", "N1", "not checked")
    reload_site(chain.home(HO), S001)
    assert chain.killed_run(HO, "ginesys_sync.engine.offers:_Offer._offer:before:3")
    unblock_record(chain.home(HO), "notices", "N1")
    seen: list[Load] = []
    with pytest.MonkeyPatch.context() as patch:
        spare = LoadWork._spare
        patch.setattr(LoadWork, "_spare", lambda w, load: (seen.append(load), spare(w, load))[1])
        chain.settle(rounds=1)
    assert [each.key for load in seen for each in load.held] == [["N1"]]
    chain.assert_equal()


def test_what_another_stores_was_withdrawn_from_is_in_the_load(chain: ChainFloor) -> None:
    chain.sql(HO, NEWER)
    chain.done(HO)
    withdraw(chain.home(HO), "HO/pricing", [newest(chain, "HO/pricing")], [S002], "wrong")
    for store in (S001, S002):
        chain.sql(store, "DELETE FROM promotion")
        reload_site(chain.home(HO), store)
    chain.settle(rounds=1)
    assert chain.rows(S001, "promotion") == [("P1", "newer")]
    chain.assert_equal()


def test_what_is_for_all_and_was_withdrawn_from_one_store_is_in_the_load_of_a_newcomer(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "INSERT INTO item VALUES ('I2', 'Milk', NULL)")
    chain.done(HO)
    withdraw(chain.home(HO), "HO/catalogue", [newest(chain, "HO/catalogue")], [S001], "wrong")
    newcomer(chain)
    assert chain.codes(S003, "item") == ["I1", "I2"]


def test_what_was_withdrawn_from_a_store_and_sent_again_to_it_alone_is_in_its_load(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, NEWER)
    chain.done(HO)
    withdraw(chain.home(HO), "HO/pricing", [newest(chain, "HO/pricing")], [S001], "wrong")
    send_again(chain.home(HO), "promotions", "P1", sites=[S001])
    chain.settle(rounds=1)
    joins_with_nothing(chain)
    chain.settle(rounds=1)
    assert chain.rows(S001, "promotion") == [("P1", "newer")]


def test_what_was_for_certain_stores_and_is_blocked_stays_when_its_kind_is_for_all(
    chain: ChainFloor,
) -> None:
    block_record(chain.home(HO), "notices", "N1", "not checked")
    change_notices(chain, 2, are_for_all=True)
    chain.settle()
    reload_site(chain.home(HO), S001)
    chain.settle(rounds=1)
    assert "N1" in chain.codes(S001, "notice")


def test_what_has_grown_too_large_for_a_body_stays_as_the_store_has_it(
    chain: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("offers", "seal"):
        monkeypatch.setattr(f"ginesys_sync.engine.{room}.MAX_BODY_BYTES", 60_000)
    words = "long " * 20_000
    chain.sql(HO, f"UPDATE notice SET words = '{words}' WHERE code = 'N1'")
    chain.sql(HO, f"UPDATE item SET name = '{words}' WHERE code = 'I1'")
    chain.sync(HO)
    reload_site(chain.home(HO), S001)
    chain.sync(HO)
    chain.sync(S001)
    assert ("N1", "S001", "words") in chain.rows(S001, "notice")
    assert chain.rows(S001, "item") == [("I1", "Tea", None)]
    assert len(chain.rows(S001, "notice")) == 12


def test_a_key_that_is_no_utf8_holds_its_kind_and_stops_nothing(chain: ChainFloor) -> None:
    chain.sql(HO, "INSERT INTO odd VALUES (CAST(x'ff41' AS TEXT), '1', x'01')")
    chain.settle(rounds=1)
    chain.sql(HO, "UPDATE odd SET a = '2'")
    block_entity(chain.home(HO), "odds", "not checked")
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    chain.done(S001)
    assert chain.sql(S001, "SELECT hex(code), a FROM odd") == [("FF41", "1")]


@pytest.mark.parametrize(
    "edit",
    ["DELETE FROM notice WHERE code = 'N1'", "UPDATE notice SET words = 'x' WHERE code = 'N1'"],
)
def test_what_a_load_may_hold_or_leave_out_cannot_be_withdrawn(
    chain: ChainFloor, edit: str
) -> None:
    reload_site(chain.home(HO), S001)
    chain.sql(HO, edit)
    chain.done(HO)  # it goes as a batch, and the load is built after that
    with pytest.raises(NotPossible, match="S001 has heard of it"):
        withdraw(chain.home(HO), "HO/policy", [newest(chain, "HO/policy")], None, "wrong")
    chain.settle(rounds=1)
    chain.assert_equal()


def test_what_is_no_longer_for_all_does_not_go_to_a_newcomer(chain: ChainFloor) -> None:
    chain.sql(HO, notices(S001, 201, 230))
    change_notices(chain, 2, are_for_all=True)
    chain.settle(rounds=2)
    assert len(chain.rows(S002, "notice")) == 54
    change_notices(chain, 3, are_for_all=False)
    assert chain.sync(HO).outcome is Outcome.ATTENTION  # the stores would lose many: it asks
    newcomer(chain)
    assert chain.rows(S003, "notice") == []
    reload_site(chain.home(HO), S002)
    chain.sync(HO)
    chain.sync(S002)
    assert len(chain.rows(S002, "notice")) == 54  # nobody has answered


def test_what_is_for_another_store_now_stays_as_it_is_until_its_deletion_is_allowed(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "UPDATE notice SET site_code = 'S002', words = 'secret' WHERE site_code = 'S001'")
    assert chain.sync(HO).outcome is Outcome.ATTENTION
    before = chain.rows(S001, "notice")
    reload_site(chain.home(HO), S001)
    chain.sync(HO)
    chain.sync(S001)
    assert chain.rows(S001, "notice") == before


@pytest.mark.parametrize(("table", "where"), [("notice", "code = 'N101'"), ("item", "code = 'X1'")])
def test_a_deletion_that_is_still_asked_about_is_not_made_by_a_load(
    chain: ChainFloor, table: str, where: str
) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
    chain.sql(HO, f"{numbers} INSERT INTO item SELECT 'X' || i, 'Item', NULL FROM n")
    chain.settle(rounds=1)
    chain.sql(
        HO,
        f"DELETE FROM {table} WHERE {where}",
        "DELETE FROM notice WHERE site_code = 'S001'",
        "DELETE FROM item WHERE code LIKE 'X1%'",
    )
    assert chain.sync(HO).outcome is Outcome.ATTENTION
    reload_site(chain.home(HO), S002)
    chain.sync(HO)
    chain.sync(S002)
    assert chain.scalar(S002, f"SELECT count(*) FROM {table} WHERE {where}") == 1


def test_an_edit_while_the_load_is_built_does_not_go_to_the_store_that_loses_the_record(
    chain: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = offers.offer_loads

    def late(*facts: object) -> None:
        chain.sql(HO, "UPDATE notice SET site_code = 'S002', words = 'secret' WHERE code = 'N1'")
        honest(*facts)  # type: ignore[arg-type]

    reload_site(chain.home(HO), S001)
    with monkeypatch.context() as patch:
        patch.setattr(exchange, "offer_loads", late)
        chain.done(HO)
    chain.done(S001)
    assert ("N1", "S001", "words") in chain.rows(S001, "notice")
    chain.settle()
    chain.assert_equal()


def test_a_kind_whose_table_was_changed_keeps_only_its_own_lane_waiting(chain: ChainFloor) -> None:
    chain.sql(HO, "ALTER TABLE notice RENAME COLUMN words TO word")
    reload_site(chain.home(HO), S001)
    ended = chain.sync(HO)
    assert [note for note in ended.notes if note.startswith("The full load of HO/policy could not")]
    states = dict(chain.sql(HO, "SELECT stream, state FROM sync_load"))
    assert {name for name, state in states.items() if state == "due"} == {"HO/policy"}
    chain.sql(HO, "ALTER TABLE notice RENAME COLUMN word TO words")
    chain.settle()
    chain.assert_equal()


def test_a_store_is_not_told_which_records_of_others_are_held_back(
    chain: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.sql(HO, "UPDATE notice SET words = 'not checked' WHERE code IN ('N1', 'N101')")
    block_entity(chain.home(HO), "notices", "not checked")
    reload_site(chain.home(HO), S001)
    chain.done(HO)
    seen: list[Load] = []
    spare = LoadWork._spare
    monkeypatch.setattr(LoadWork, "_spare", lambda w, load: (seen.append(load), spare(w, load))[1])
    chain.done(S001)
    assert [each.key for load in seen for each in load.held] == [["N1"]]


def test_a_store_that_is_quick_takes_nothing_from_those_that_are_offered_theirs_next(
    chain: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.sql(HO, "INSERT INTO price VALUES ('I1', '2026-01-01', 5)")
    chain.done(HO)
    for store in (S001, S002):
        chain.sql(HO, f"INSERT INTO promotion VALUES ('Of {store}', 'Winter')")
        chain.sql(HO, f"INSERT INTO promotion_site VALUES ('Of {store}', '{store}')")
        reload_site(chain.home(HO), store)
    offer, quick = offers._Offer._offer, list[str]()

    def offered(one: offers._Offer, sites: list[str], *facts: object) -> None:
        offer(one, sites, *facts)  # type: ignore[arg-type]
        if one._stream == "HO/pricing" and not quick:
            quick.extend(sites)
            chain.sync(sites[0])

    with monkeypatch.context() as patch:
        patch.setattr(offers._Offer, "_offer", offered)
        chain.done(HO)
    assert len(quick) == 1
    assert {state for (state,) in chain.sql(HO, "SELECT state FROM sync_load")} == {"offered"}
    chain.settle()
    chain.assert_equal()
