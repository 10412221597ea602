"""Taken back before a store has heard of it, a batch leaves a gap that nobody stumbles over, and
what comes later is right for everybody."""

import pytest

from ginesys_sync.core.errors import KnownError, NotPossible
from ginesys_sync.services.sending_again import send_again
from ginesys_sync.services.status import status_rows
from ginesys_sync.services.withdrawing import withdraw
from tests.engine.test_reloading import change_notices
from tests.support.chain_floor import HO, S001, S002, S003, ChainFloor

WHY = "half the price"


@pytest.fixture
def chain(floor: ChainFloor) -> ChainFloor:
    """Items at both stores, promotions for one and for the other."""
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'one', NULL), ('I2', 'two', NULL)",
        "INSERT INTO promotion VALUES ('P1', 'Summer'), ('P2', 'Winter')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P2', 'S002')",
    )
    floor.settle(rounds=1)
    return floor


def last(chain: ChainFloor, stream: str) -> int:
    return int(chain.scalar(HO, f"SELECT head_no FROM sync_stream WHERE stream = '{stream}'"))


def take_back(chain: ChainFloor, stream: str, *sites: str) -> int:
    """Withdraw the newest batch of a stream."""
    no = last(chain, stream)
    withdraw(chain.home(HO), stream, [no], sites or None, WHY)
    return no


def statuses(chain: ChainFloor, stream: str, no: int) -> dict[str, str]:
    rows = status_rows(chain.home(HO), "sent", 100)
    return {r["site"]: r["status"] for r in rows if (r["stream"], r["batch"]) == (stream, no)}


def test_nobody_gets_what_was_taken_back_and_what_follows_goes_on(chain: ChainFloor) -> None:
    chain.sql(HO, "UPDATE item SET name = 'wrong' WHERE code = 'I1'")
    chain.done(HO)
    no = take_back(chain, "HO/catalogue")
    chain.sql(HO, "UPDATE item SET name = 'right' WHERE code = 'I2'")
    chain.settle(rounds=2)
    for site in (S001, S002):
        assert chain.rows(site, "item") == [("I1", "one", None), ("I2", "right", None)]
        assert chain.cursor(site, "HO/catalogue") == no + 1
    assert statuses(chain, "HO/catalogue", no) == {S001: "WITHDRAWN", S002: "WITHDRAWN"}
    assert statuses(chain, "HO/catalogue", no + 1) == {S001: "PROCESSED", S002: "PROCESSED"}
    chain.sql(HO, "UPDATE item SET name = 'mended' WHERE code = 'I1'")
    chain.settle(rounds=1)
    chain.assert_equal()
    assert chain.sql(HO, "SELECT * FROM sync_block") == []
    assert chain.scalar(HO, "SELECT what FROM sync_audit WHERE action = 'withdraw'") == (
        f"batch {no} of Catalogue from all stores"
    )


def test_what_was_taken_back_goes_when_it_is_sent_again(chain: ChainFloor) -> None:
    chain.sql(HO, "UPDATE item SET name = 'right after all' WHERE code = 'I1'")
    chain.done(HO)
    take_back(chain, "HO/catalogue")
    send_again(chain.home(HO), "items", "I1")
    chain.settle(rounds=1)
    chain.assert_equal()


def test_a_store_that_has_heard_of_it_is_named_and_nothing_is_taken_back(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "UPDATE item SET name = 'wrong' WHERE code = 'I1'")
    chain.done(HO)
    chain.done(S002)
    with pytest.raises(NotPossible, match="cannot be taken back: S002 has heard of it already"):
        take_back(chain, "HO/catalogue")
    assert chain.sql(HO, "SELECT * FROM sync_block") == []
    no = take_back(chain, "HO/catalogue", S001)
    chain.settle(rounds=1)
    assert chain.rows(S001, "item")[0] == ("I1", "one", None)
    assert chain.rows(S002, "item")[0] == ("I1", "wrong", None)
    assert statuses(chain, "HO/catalogue", no) == {S001: "WITHDRAWN", S002: "PROCESSED"}
    chain.sql(HO, "UPDATE item SET name = 'right'")
    chain.settle(rounds=1)
    chain.assert_equal()


def test_listed_is_heard_of_even_when_the_answer_was_lost(chain: ChainFloor) -> None:
    chain.sql(HO, "UPDATE item SET name = 'wrong' WHERE code = 'I1'")
    chain.done(HO)
    with chain.losing("/open", times=9):
        assert chain.sync(S001).fault is not None
    with pytest.raises(NotPossible, match="S001 has heard of it already"):
        take_back(chain, "HO/catalogue")


def test_a_deletion_that_was_taken_back_goes_with_the_records_next_change(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "DELETE FROM promotion_site WHERE promotion_code = 'P1'")
    chain.done(HO)
    take_back(chain, "HO/pricing")
    chain.settle(rounds=1)
    assert chain.codes(S001, "promotion") == ["P1"]
    chain.sql(HO, "INSERT INTO promotion_site VALUES ('P1', 'S002')")
    chain.settle(rounds=1)
    chain.assert_equal()
    assert chain.codes(S001, "promotion") == []


def test_a_deletion_that_was_taken_back_goes_when_it_is_sent_again(chain: ChainFloor) -> None:
    chain.sql(HO, "DELETE FROM promotion_site", "DELETE FROM promotion")
    chain.done(HO)
    for no in {row[0] for row in chain.batches(HO, "HO/pricing") if row[3]}:
        withdraw(chain.home(HO), "pricing", [no], None, WHY)
    chain.settle(rounds=1)
    assert chain.codes(S001, "promotion") == ["P1"]
    send_again(chain.home(HO), "promotions", "P1")
    send_again(chain.home(HO), "promotions", sites=[S002])
    chain.settle(rounds=1)
    chain.assert_equal()


def test_only_whom_it_goes_to_changes_and_those_who_never_got_the_image_get_it(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "INSERT INTO promotion VALUES ('P3', 'Autumn')")
    chain.sql(HO, "INSERT INTO promotion_site VALUES ('P3', 'S001')")
    chain.done(HO)
    take_back(chain, "HO/pricing")
    chain.sql(HO, "INSERT INTO promotion_site VALUES ('P3', 'S002')")
    chain.settle(rounds=1)
    chain.assert_equal()


def test_a_store_that_joins_later_does_not_get_what_was_taken_back(chain: ChainFloor) -> None:
    chain.sql(HO, "UPDATE item SET name = 'wrong' WHERE code = 'I1'")
    chain.done(HO)
    take_back(chain, "HO/catalogue")
    chain.join(S003)
    chain.settle(S001, S002, S003, rounds=2)
    assert chain.codes(S003, "item") == ["I2"]
    chain.sql(HO, "UPDATE item SET name = 'right' WHERE code = 'I1'")
    chain.settle(S001, S002, S003, rounds=1)
    chain.assert_equal([S001, S002, S003])


def test_what_a_later_batch_brought_meanwhile_is_not_kept_from_a_store_that_joins(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "UPDATE item SET name = 'wrong' WHERE code = 'I1'")
    chain.done(HO)
    no = last(chain, "HO/catalogue")
    chain.sql(HO, "UPDATE item SET name = 'right' WHERE code = 'I1'")
    chain.done(HO)
    withdraw(chain.home(HO), "catalogue", [no], None, WHY)
    chain.join(S003)
    chain.settle(S001, S002, S003, rounds=2)
    chain.assert_equal([S001, S002, S003])


def test_a_lost_answer_is_finished_by_the_same_call_and_loses_no_deletion(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "DELETE FROM promotion_site WHERE promotion_code = 'P1'")
    chain.done(HO)
    with chain.losing("/withdraw", times=9), pytest.raises(KnownError):
        take_back(chain, "HO/pricing")
    assert chain.scalar(HO, "SELECT count(*) FROM sync_block WHERE kind = 'unsent'") == 1
    no = take_back(chain, "HO/pricing")
    assert statuses(chain, "HO/pricing", no) == {S001: "WITHDRAWN"}
    chain.sql(HO, "UPDATE promotion SET name = 'again' WHERE code = 'P1'")
    chain.settle(rounds=1)
    chain.assert_equal()


def test_what_makes_no_sense_is_refused(chain: ChainFloor) -> None:
    home, no = chain.home(HO), last(chain, "HO/catalogue")
    for numbers, sites, words in (
        ([999], None, "There is no batch 999 of HO/catalogue"),
        ([no], [], "No store is chosen"),
        ([], None, "No batch is chosen"),
    ):
        with pytest.raises(NotPossible, match=words):
            withdraw(home, "catalogue", numbers, sites, WHY)
    chain.sql(HO, "INSERT INTO promotion_site VALUES ('P1', 'S002')")
    chain.done(HO)
    with pytest.raises(NotPossible, match="is not for S001"):
        take_back(chain, "HO/pricing", S001)
    take_back(chain, "HO/pricing", S002)
    with pytest.raises(NotPossible, match="is withdrawn already"):
        take_back(chain, "HO/pricing")
    with pytest.raises(NotPossible, match="Taking something back needs a reason"):
        withdraw(home, "catalogue", [no], None, "")
    with pytest.raises(NotPossible, match="knows no channel"):
        withdraw(home, "plan", [1], None, WHY)
    with pytest.raises(NotPossible, match="Only head office"):
        withdraw(chain.home(S001), "sales", [1], None, WHY)


def test_a_deletion_for_everybody_that_was_withdrawn_from_one_goes_to_it_when_sent_again(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'for one')")
    change_notices(chain, 2, are_for_all=True)
    chain.settle()
    assert chain.codes(S002, "notice") == ["N1"]
    change_notices(chain, 3, are_for_all=False)
    chain.done(HO)
    numbers = "SELECT no FROM sync_batch WHERE stream = 'HO/policy' AND gone > 0"
    withdraw(chain.home(HO), "HO/policy", [chain.scalar(HO, numbers)], [S002], WHY)
    chain.settle()
    assert chain.codes(S002, "notice") == ["N1"]
    send_again(chain.home(HO), "notices", reason=WHY)
    chain.settle()
    assert chain.codes(S002, "notice") == []
    chain.assert_equal()
