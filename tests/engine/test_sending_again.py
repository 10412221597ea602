"""Sent again: to whom a person says, as it stands, and the books of who has what stay true."""

from datetime import UTC, datetime, timedelta

import pytest

from ginesys_sync.core.errors import NotPossible, UnknownSite
from ginesys_sync.core.model import Audience
from ginesys_sync.services import blocking
from ginesys_sync.services.sending_again import send_again
from ginesys_sync.store.routing import chosen_audiences
from tests.support.chain_floor import HO, S001, S002, ChainFloor

pytestmark = pytest.mark.long


@pytest.fixture
def chain(floor: ChainFloor) -> ChainFloor:
    """Items and prices at both stores, a promotion for S001, a notice for S002."""
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'one', NULL), ('I2', 'two', NULL)",
        "INSERT INTO price VALUES ('I1', '2026-01-01', 100), ('I2', '2026-01-01', 200)",
        "INSERT INTO promotion VALUES ('P1', 'Summer'), ('P2', 'Winter')",
        "INSERT INTO promotion_item VALUES ('P1', 'I1', 90)",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P2', 'S002')",
        "INSERT INTO notice VALUES ('N1', 'S002', 'hello')",
    )
    floor.settle(rounds=1)
    return floor


def lose(chain: ChainFloor, site: str, *statements: str) -> None:
    """Somebody damages a store's tables behind the sync's back."""
    chain.sql(site, *statements)
    chain.sql(site, "DELETE FROM sync_change")


def books(chain: ChainFloor) -> list[tuple[object, ...]]:
    return chain.rows(HO, "sync_record")


def test_one_record_goes_again_to_the_chosen_store_alone(chain: ChainFloor) -> None:
    before = books(chain)
    for site in (S001, S002):
        lose(chain, site, "UPDATE item SET name = 'damaged' WHERE code = 'I1'")
    said = send_again(chain.home(HO), "items", "I1", sites=[S001])
    assert said.sentence == "Items I1 will be sent again to S001."
    chain.settle(rounds=1)
    assert chain.rows(S001, "item")[0] == ("I1", "one", None)
    assert chain.rows(S002, "item")[0] == ("I1", "damaged", None)
    assert chain.batches(HO, "HO/catalogue")[-1][1:] == ("S001", 1, 0)
    assert books(chain) == before
    assert chain.sql(HO, "SELECT * FROM sync_change") == []


def test_a_kind_of_record_goes_again_to_all(chain: ChainFloor) -> None:
    for site in (S001, S002):
        lose(chain, site, "DELETE FROM price")
    assert send_again(chain.home(HO), "prices").records == 2
    chain.settle(rounds=1)
    chain.assert_equal()


def test_what_is_for_certain_stores_goes_again_only_to_those_of_the_chosen(
    chain: ChainFloor,
) -> None:
    before = books(chain)
    lose(chain, S001, "DELETE FROM promotion_item", "DELETE FROM promotion")
    send_again(chain.home(HO), "promotions", sites=[S001])
    chain.settle(rounds=1)
    chain.assert_equal()
    assert chain.codes(S001, "promotion") == ["P1"]
    assert books(chain) == before


def test_no_tombstone_is_lost_after_sending_again_to_some(chain: ChainFloor) -> None:
    chain.sql(HO, "INSERT INTO promotion_site VALUES ('P1', 'S002')")
    chain.settle(rounds=1)
    send_again(chain.home(HO), "promotions", "P1", sites=[S001])
    chain.settle(rounds=1)
    chain.sql(HO, "DELETE FROM promotion_site WHERE promotion_code = 'P1'")
    chain.settle(rounds=1)
    assert chain.codes(S001, "promotion") == []
    assert chain.codes(S002, "promotion") == ["P2"]


def test_an_edit_in_the_same_run_goes_to_all_and_the_chosen_get_the_newest(
    chain: ChainFloor,
) -> None:
    send_again(chain.home(HO), "items", "I1", sites=[S001])
    chain.sql(HO, "UPDATE item SET name = 'newer' WHERE code = 'I1'")
    chain.sql(HO, "DELETE FROM price WHERE item_code = 'I2'", "DELETE FROM item WHERE code = 'I2'")
    send_again(chain.home(HO), "items", "I2", sites=[S002])
    chain.settle(rounds=2)
    chain.assert_equal()


def test_only_what_was_sent_since_a_moment_goes_again_with_what_is_gone(
    chain: ChainFloor,
) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(NotPossible, match="No prices were sent since then"):
        send_again(chain.home(HO), "prices", since=later)
    since = datetime.now(UTC)
    chain.sql(
        HO,
        "UPDATE price SET minor = 7 WHERE item_code = 'I1'",
        "DELETE FROM price WHERE item_code = 'I2'",
    )
    chain.settle(rounds=1)
    lose(
        chain,
        S001,
        "UPDATE price SET minor = 0",
        "INSERT INTO price VALUES ('I2', '2026-01-01', 200)",
    )
    assert send_again(chain.home(HO), "prices", since=since, sites=[S001]).records == 2
    chain.settle(rounds=1)
    chain.assert_equal()


def test_many_records_are_noted_slice_by_slice(
    chain: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ginesys_sync.services.sending_again._SLICE", 2)
    chain.sql(HO, "INSERT INTO item VALUES ('I3', 'x', NULL), ('I4', 'y', NULL), ('I5', 'z', NULL)")
    chain.settle(rounds=1)
    assert send_again(chain.home(HO), "items", sites=[S002]).records == 5
    noted = chain.sql(HO, "SELECT k1 FROM sync_change ORDER BY id")
    assert [key for (key,) in noted] == ["I1", "I2", "I3", "I4", "I5"]


def test_a_blocked_record_is_not_sent_again_before_it_is_unblocked(chain: ChainFloor) -> None:
    blocking.block_record(chain.home(HO), "items", "I1", "wrong")
    lose(chain, S001, "UPDATE item SET name = 'damaged'")
    send_again(chain.home(HO), "items", sites=[S001])
    chain.settle(rounds=1)
    assert [row[1] for row in chain.rows(S001, "item")] == ["damaged", "two"]
    blocking.unblock_record(chain.home(HO), "items", "I1")
    chain.settle(rounds=1)
    chain.assert_equal()


def test_a_store_sends_its_own_again_to_head_office(chain: ChainFloor) -> None:
    chain.sql(S001, "INSERT INTO bill VALUES ('S001', 17, 5, NULL)")
    chain.settle(rounds=1)
    lose(chain, HO, "UPDATE bill SET total = 0")
    said = send_again(chain.home(S001), "bills", "S001/17")
    assert said.sentence == "Bills S001 / 17 will be sent again to head office."
    chain.settle(rounds=1)
    chain.assert_equal()
    with pytest.raises(NotPossible, match="head office only"):
        send_again(chain.home(S001), "bills", sites=[S002])
    with pytest.raises(NotPossible, match="Items are not S001's to send"):
        send_again(chain.home(S001), "items")


def test_a_shared_record_sent_again_is_no_edit_of_head_office(chain: ChainFloor) -> None:
    chain.sql(HO, "INSERT INTO customer VALUES ('C1', 'Ann', '1', '2026-01-01')")
    chain.settle(rounds=2)
    blocking.block_entity(chain.home(HO), "customers", "so that the note stays")
    send_again(chain.home(HO), "customers", "C1", sites=[S002])
    chain.sql(S001, "UPDATE customer SET phone = '2', changed_at = '2025-01-01'")
    chain.sync(S001)
    chain.sync(HO)
    assert chain.rows(HO, "customer") == [("C1", "Ann", "2", "2025-01-01")]
    assert chain.sql(HO, "SELECT * FROM sync_conflict") == []
    blocking.unblock_entity(chain.home(HO), "customers")
    chain.settle(rounds=2)
    chain.assert_equal()


def test_stores_that_cannot_be_sent_to_are_refused(chain: ChainFloor) -> None:
    with pytest.raises(UnknownSite, match="There is no store 'S009'"):
        send_again(chain.home(HO), "items", sites=["S009"])
    with pytest.raises(NotPossible, match="No store is chosen"):
        send_again(chain.home(HO), "items", sites=[])
    with pytest.raises(NotPossible, match="There is no items 'I9' here"):
        send_again(chain.home(HO), "items", "I9", sites=[S001])
    assert chain.sql(HO, "SELECT * FROM sync_change") == []


@pytest.mark.parametrize(
    ("old", "new", "is_here", "said"),
    [
        ("S1,S2", "S1,S2", True, {("S1", True)}),
        ("S1,S2", "S2", True, {("S1", False)}),
        ("S2", "S2", True, set()),
        ("S1,S2", "", False, {("S1", False)}),
        ("*", "*", True, {("S1,S3", True)}),
        ("*", "", False, {("S1,S3", False)}),
        ("S3", "S1", True, {("S1", True), ("S3", False)}),
    ],
)
def test_of_the_chosen_sites_each_gets_what_it_should_have(
    old: str, new: str, is_here: bool, said: set[tuple[str, bool]]
) -> None:
    found = chosen_audiences(old, new, is_here, Audience.of(["S1", "S3"]))
    assert {(audience.members, there) for audience, there in found} == said
