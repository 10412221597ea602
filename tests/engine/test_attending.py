"""What needs attention is tried again or discarded by a person's word; both sides hear of it."""

import pytest

from ginesys_sync.core.errors import NotPossible
from ginesys_sync.services.attending import discard, retry
from tests.support.chain_floor import HO, S001, S002, ChainFloor


@pytest.fixture
def chain(floor: ChainFloor) -> ChainFloor:
    """An item that S001 cannot take, because it has another one of the same bar code."""
    floor.sql(S001, "INSERT INTO item VALUES ('X', 'in the way', 'B1')")
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'one', 'B1'), ('I2', 'two', 'B2')")
    floor.settle(rounds=1)
    assert floor.parked(S001) == [("items", "I1", "duplicate")]
    assert floor.attention() == [(S001, "I1", "duplicate")]
    return floor


def test_discarded_at_the_store_it_is_gone_there_and_head_office_hears_of_it(
    chain: ChainFloor,
) -> None:
    said = discard(chain.home(S001), "items", "I1", reason="we keep ours")
    assert said.sentence == "The items I1 is discarded here."
    chain.settle(rounds=1)
    assert chain.parked(S001) == []
    assert chain.attention() == []
    rows = chain.sql(S001, "SELECT action, what, reason FROM sync_audit")
    assert rows == [("discard", "items I1, from HO", "we keep ours")]
    chain.sql(S001, "DELETE FROM item WHERE code = 'X'")
    chain.sql(HO, "UPDATE item SET name = 'newer' WHERE code = 'I1'")
    chain.settle(rounds=1)
    chain.assert_equal()


def test_a_line_that_is_discarded_at_head_office_comes_again_when_the_store_repeats_it(
    chain: ChainFloor,
) -> None:
    discard(chain.home(HO), "items", "I1", site=S001)
    assert chain.attention() == []
    chain.settle(rounds=1)
    assert chain.attention() == []
    chain.sql(HO, "UPDATE item SET name = 'newer' WHERE code = 'I1'")
    chain.settle(rounds=1)
    assert chain.attention() == [(S001, "I1", "duplicate")]


def test_retried_from_head_office_the_record_goes_again_to_that_store_alone(
    chain: ChainFloor,
) -> None:
    chain.sql(S001, "DELETE FROM sync_parked", "DELETE FROM item WHERE code = 'X'")
    retry(chain.home(HO), "items", "I1", site=S001)
    chain.settle(rounds=1)
    chain.assert_equal()
    assert chain.batches(HO, "HO/catalogue")[-1][1:] == (S001, 1, 0)
    assert chain.attention() == []


def test_retried_at_the_store_it_goes_in_with_the_next_sync_once_the_cause_is_mended(
    chain: ChainFloor,
) -> None:
    chain.sql(S001, "UPDATE item SET barcode = NULL WHERE code = 'X'")
    assert retry(chain.home(S001), "items", "I1").what_next == "The next sync does it."
    chain.settle(rounds=1)
    assert chain.parked(S001) == []
    assert chain.attention() == []


def test_a_bill_of_another_store_is_discarded_at_head_office_and_the_store_hears_of_it(
    floor: ChainFloor,
) -> None:
    floor.sql(S002, "INSERT INTO bill VALUES ('S001', 9, 1, NULL)")
    floor.settle(rounds=2)
    assert floor.parked(HO) == [("bills", "S001", "not_theirs")]
    assert floor.scalar(S002, "SELECT count(*) FROM sync_attention") == 1
    discard(floor.home(HO), "bills", "S001/9")
    floor.settle(rounds=1)
    assert floor.parked(HO) == []
    assert floor.scalar(S002, "SELECT count(*) FROM sync_attention") == 0
    assert floor.rows(HO, "bill") == []


def test_a_record_that_was_too_large_is_noted_again_when_it_is_retried(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ginesys_sync.engine import seal

    monkeypatch.setattr(seal, "MAX_BODY_BYTES", 100_000)
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', hex(zeroblob(100000)))")
    floor.sync(HO)
    assert floor.parked(HO) == [("notices", "N1", "too_large")]
    monkeypatch.undo()
    retry(floor.home(HO), "notices", "N1")
    floor.settle(rounds=1)
    assert floor.parked(HO) == []
    assert floor.codes(S001, "notice") == ["N1"]


def test_what_needs_no_attention_can_be_neither_retried_nor_discarded(chain: ChainFloor) -> None:
    for act in (retry, discard):
        with pytest.raises(NotPossible, match="No items I2 needs attention here"):
            act(chain.home(S001), "items", "I2")
        with pytest.raises(NotPossible, match="S002 has not said that a items I1"):
            act(chain.home(HO), "items", "I1", S002)
    assert chain.sql(S001, "SELECT * FROM sync_audit") == []
    assert chain.parked(S001) == [("items", "I1", "duplicate")]
