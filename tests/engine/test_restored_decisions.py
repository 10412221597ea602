"""What a person had taken back, and what stores had said needs attention, is known to head office
again after a restore of its own database or of the Web Database.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.core.errors import KnownError, NotPossible
from ginesys_sync.services.plans import change_plan
from ginesys_sync.services.sending_again import send_again
from ginesys_sync.services.withdrawing import withdraw
from tests.engine.test_restored_web_database import back_up_relay, put_back_relay
from tests.engine.test_restores import back_up, put_back
from tests.engine.test_withdrawing import chain as chain
from tests.engine.test_withdrawing import last, statuses, take_back
from tests.support.chain_floor import HO, S001, S002, STORES, ChainFloor, floor_plan

pytestmark = pytest.mark.long

NO_NOTICE = "CREATE TRIGGER no BEFORE INSERT ON notice BEGIN SELECT RAISE(ABORT, 'not here'); END"


def quiet(floor: ChainFloor) -> None:
    """All sync until there is nothing more to heal or to refill."""
    for _ in range(3):
        for site in (HO, *STORES):
            ended = floor.sync(site)
            assert ended.fault is None, (ended, ended.fault.detail if ended.fault else "")


def edit(floor: ChainFloor, name: str, code: str = "I1") -> None:
    floor.sql(HO, f"UPDATE item SET name = '{name}' WHERE code = '{code}'")
    floor.done(HO)


def stands_taken_back(chain: ChainFloor, no: int) -> None:
    """The books say so, no store has it, and with the next change all are equal."""
    assert statuses(chain, "HO/catalogue", no) == {S001: "WITHDRAWN", S002: "WITHDRAWN"}
    for site in STORES:
        assert chain.rows(site, "item")[0] == ("I1", "one", None)
    chain.sql(HO, "UPDATE item SET name = 'mended' WHERE code = 'I1'")
    quiet(chain)
    chain.assert_equal()
    assert chain.sql(HO, "SELECT * FROM sync_block") == []
    assert {chain.done(site).notes for site in (HO, *STORES)} == {()}


@pytest.mark.parametrize("runs", [0, 1, 2])
@pytest.mark.parametrize("body", ["kept", "gone", "damaged"])
def test_what_was_taken_back_after_head_offices_copy(
    chain: ChainFloor, runs: int, body: str
) -> None:
    edit(chain, "wrong")
    copy = back_up(chain, HO)
    no = take_back(chain, "HO/catalogue")
    for _ in range(runs):
        chain.done(HO)
    put_back(chain, HO, copy)
    if body != "kept":
        spoil(chain, no, body)
    quiet(chain)
    assert chain.sql(HO, "SELECT kind, name, k1 FROM sync_block") == [("unsent", "items", "I1")]
    stands_taken_back(chain, no)


def spoil(chain: ChainFloor, no: int, body: str) -> None:
    """The body of a batch that head office keeps, and the one at the Web Database."""
    (sha256,) = chain.sql(
        HO, f"SELECT sha256 FROM sync_batch WHERE stream = 'HO/catalogue' AND no = {no}"
    )[0]
    file = chain.home(HO) / "staged" / sha256[:2] / sha256
    if body == "damaged":
        file.write_bytes(b"not what it was")
        return
    file.unlink()
    with closing(sqlite3.connect(chain.relay.home / "relay.sqlite3")) as relay, relay:
        relay.execute("DELETE FROM bodies WHERE sha256 = ?", (sha256,))


def test_taken_back_from_one_store_after_head_offices_copy(chain: ChainFloor) -> None:
    edit(chain, "wrong")
    copy = back_up(chain, HO)
    no = take_back(chain, "HO/catalogue", S001)
    chain.settle()
    put_back(chain, HO, copy)
    quiet(chain)
    assert statuses(chain, "HO/catalogue", no) == {S001: "WITHDRAWN", S002: "PROCESSED"}
    edit(chain, "mended")
    quiet(chain)
    chain.assert_equal()


def test_a_deletion_that_was_taken_back_after_the_copy_goes_with_the_next_change(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "DELETE FROM promotion_site WHERE promotion_code = 'P1'")
    chain.done(HO)
    copy = back_up(chain, HO)
    take_back(chain, "HO/pricing")
    put_back(chain, HO, copy)
    quiet(chain)
    assert chain.codes(S001, "promotion") == ["P1"]
    chain.sql(HO, "INSERT INTO promotion_site VALUES ('P1', 'S002')")
    quiet(chain)
    chain.assert_equal()
    assert chain.codes(S001, "promotion") == []


def test_what_went_out_anew_after_it_was_taken_back_is_not_held_for_unsent(
    chain: ChainFloor,
) -> None:
    edit(chain, "wrong")
    copy = back_up(chain, HO)
    no = take_back(chain, "HO/catalogue")
    edit(chain, "right")
    chain.settle()
    put_back(chain, HO, copy)
    quiet(chain)
    chain.assert_equal()
    assert statuses(chain, "HO/catalogue", no) == {S001: "WITHDRAWN", S002: "WITHDRAWN"}
    assert chain.sql(HO, "SELECT * FROM sync_block") == []


def test_what_was_taken_back_is_asked_for_once(chain: ChainFloor) -> None:
    for name in ("one", "two"):
        edit(chain, name)
        take_back(chain, "HO/catalogue")
    with chain.losing("/v1/withdrawn", times=99):
        chain.done(HO)


def test_an_answer_that_was_lost_is_learnt_by_the_next_run(chain: ChainFloor) -> None:
    edit(chain, "wrong")
    with chain.losing("/v1/withdraw", times=99), pytest.raises(KnownError, match="connection"):
        take_back(chain, "HO/catalogue")
    assert chain.scalar(HO, "SELECT count(*) FROM sync_batch WHERE withdrawn_at IS NOT NULL") == 0
    quiet(chain)
    stands_taken_back(chain, last(chain, "HO/catalogue"))


@pytest.mark.parametrize("when", ["before it was sent", "after it was sent", "no run since"])
def test_what_was_taken_back_after_the_web_databases_copy(chain: ChainFloor, when: str) -> None:
    copy = back_up_relay(chain) if when == "before it was sent" else None
    edit(chain, "wrong")
    copy = copy or back_up_relay(chain)
    no = take_back(chain, "HO/catalogue")
    if when != "no run since":
        chain.done(HO)
    put_back_relay(chain, copy)
    quiet(chain)
    stands_taken_back(chain, no)


def test_a_store_that_read_it_from_the_web_databases_copy_first_gets_it_as_it_is_now(
    chain: ChainFloor,
) -> None:
    edit(chain, "wrong")
    copy = back_up_relay(chain)
    no = take_back(chain, "HO/catalogue")
    chain.done(HO)
    put_back_relay(chain, copy)
    chain.sync(S001)
    ended = chain.sync(HO)
    assert [note for note in ended.notes if "withdrawn" in note] == [
        f"Batch {no} of Catalogue was withdrawn, but the Web Database was brought back from an "
        "older copy, and S001 may have read it there. What was in it, S001 gets as it is now."
    ]
    quiet(chain)
    assert statuses(chain, "HO/catalogue", no) == {S001: "PROCESSED", S002: "WITHDRAWN"}
    assert chain.rows(S001, "item")[0] == ("I1", "wrong", None)
    assert chain.rows(S002, "item")[0] == ("I1", "one", None)
    send_again(chain.home(HO), "items", "I1")
    quiet(chain)
    chain.assert_equal()
    assert chain.sql(HO, "SELECT * FROM sync_block WHERE kind = 'unsent'") == []


def test_a_store_that_had_passed_over_it_gets_it_as_it_is_now(chain: ChainFloor) -> None:
    """It says how far it has come before head office can take the batch back again: nobody can tell
    whether it has read it."""
    withdrawn, _, copy = two_edits(chain)
    take_back_number(chain, withdrawn)
    chain.settle()
    put_back_relay(chain, copy)
    chain.sync(S001)
    chain.sync(S002)
    quiet(chain)
    assert statuses(chain, "HO/catalogue", withdrawn) == {S001: "PROCESSED", S002: "PROCESSED"}
    chain.assert_equal()
    assert {chain.done(site).notes for site in (HO, *STORES)} == {()}


def two_edits(chain: ChainFloor) -> tuple[int, int, Path]:
    """Their batches, which no store has heard of, and the Web Database as it was then."""
    edit(chain, "wrong")
    edit(chain, "two", "I2")
    second = last(chain, "HO/catalogue")
    return second - 1, second, back_up_relay(chain)


def both_are_withdrawn(chain: ChainFloor, *numbers: int) -> None:
    for no in numbers:
        assert statuses(chain, "HO/catalogue", no) == {S001: "WITHDRAWN", S002: "WITHDRAWN"}


def test_two_withdrawals_one_forgotten_are_both_known_in_the_end(chain: ChainFloor) -> None:
    """The Web Database is brought back to between them, and no run tells of that."""
    first, second, copy = two_edits(chain)
    take_back_number(chain, first)
    put_back_relay(chain, copy)
    take_back_number(chain, second)
    quiet(chain)
    both_are_withdrawn(chain, first, second)
    assert chain.rows(S001, "item") == [("I1", "one", None), ("I2", "two", None)]


def test_both_were_brought_back_to_different_withdrawals(chain: ChainFloor) -> None:
    first, second, relay = two_edits(chain)
    take_back_number(chain, first)
    copy = back_up(chain, HO)
    take_back_number(chain, second)
    chain.done(HO)
    put_back_relay(chain, relay)
    chain.sync(HO)
    chain.done(HO)
    put_back(chain, HO, copy)
    quiet(chain)
    both_are_withdrawn(chain, first, second)


def test_that_a_store_has_it_after_all_is_learnt_once_more(chain: ChainFloor) -> None:
    edit(chain, "wrong")
    relay = back_up_relay(chain)
    no = take_back(chain, "HO/catalogue")
    chain.done(HO)
    copy = back_up(chain, HO)
    put_back_relay(chain, relay)
    chain.sync(S001)
    chain.sync(HO)
    put_back(chain, HO, copy)
    quiet(chain)
    assert statuses(chain, "HO/catalogue", no) == {S001: "PROCESSED", S002: "WITHDRAWN"}


def test_a_newer_copy_of_the_web_database_does_not_take_it_back_once_more(
    chain: ChainFloor,
) -> None:
    edit(chain, "wrong")
    older = back_up_relay(chain, "older")
    no = take_back(chain, "HO/catalogue")
    chain.done(HO)
    newer = back_up_relay(chain, "newer")
    put_back_relay(chain, older)
    chain.sync(S001)
    quiet(chain)
    put_back_relay(chain, newer)
    quiet(chain)
    assert statuses(chain, "HO/catalogue", no) == {S001: "PROCESSED", S002: "WITHDRAWN"}


@pytest.mark.parametrize("does_head_office_know", [True, False])
def test_what_a_store_has_cannot_be_taken_back_from_a_web_database_that_forgot(
    chain: ChainFloor, does_head_office_know: bool
) -> None:
    edit(chain, "wrong")
    copy = back_up_relay(chain)
    chain.sync(S001)
    if does_head_office_know:
        chain.done(HO)
    else:
        chain.out_of_reach(HO, 1)
        chain.done(HO, S002)
    put_back_relay(chain, copy)
    chain.sync(HO)
    with pytest.raises(NotPossible, match="cannot be taken back: S001"):
        take_back(chain, "HO/catalogue")
    quiet(chain)
    with pytest.raises(NotPossible, match="cannot be taken back: S001"):
        take_back(chain, "HO/catalogue")
    edit(chain, "new")
    assert take_back(chain, "HO/catalogue") == last(chain, "HO/catalogue")


def give_odds_another_table(chain: ChainFloor) -> None:
    for site in (HO, *STORES):
        chain.sql(site, "CREATE TABLE odd2 (code TEXT PRIMARY KEY NOT NULL, a, b)")
    document = floor_plan() | {"version": 2}
    for entity in document["entities"]:
        if entity["name"] == "odds":
            entity["table"] = "odd2"
    file = chain.root / "plan.json"
    file.write_text(json.dumps(document))
    change_plan(chain.home(HO), file)


@pytest.mark.parametrize("how", ["learnt", "heard of", "by a person"])
def test_the_plan_has_another_table_for_it_since(chain: ChainFloor, how: str) -> None:
    chain.sql(HO, "INSERT INTO odd VALUES ('O1', 1, 2)")
    chain.done(HO)
    copy = back_up_relay(chain)
    no = last(chain, "HO/catalogue")
    if how == "learnt":
        with chain.losing("/v1/withdraw", times=99), pytest.raises(KnownError):
            take_back(chain, "HO/catalogue")
    elif how == "heard of":
        take_back(chain, "HO/catalogue")
    give_odds_another_table(chain)
    if how == "heard of":
        put_back_relay(chain, copy)
        chain.sync(S001)
    if how == "by a person":
        take_back(chain, "HO/catalogue")
    quiet(chain)
    first = "PROCESSED" if how == "heard of" else "WITHDRAWN"
    assert statuses(chain, "HO/catalogue", no) == {S001: first, S002: "WITHDRAWN"}


def take_back_number(chain: ChainFloor, no: int) -> None:
    withdraw(chain.home(HO), "HO/catalogue", [no], None, "half the price")


def refuse_a_notice(floor: ChainFloor) -> list[tuple[str, str, str]]:
    """A notice that waits at S001, as head office lists it."""
    floor.sql(S001, NO_NOTICE)
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'w')")
    listen(floor)
    assert floor.attention()
    return floor.attention()


def listen(floor: ChainFloor) -> None:
    for _ in range(3):
        for site in (HO, *STORES):
            floor.sync(site)


@pytest.mark.parametrize("out_of_reach", [0, 5])
def test_what_waits_at_a_store_is_listed_at_a_restored_head_office(
    chain: ChainFloor, out_of_reach: int
) -> None:
    copy = back_up(chain, HO)
    told = refuse_a_notice(chain)
    put_back(chain, HO, copy)
    chain.out_of_reach(HO, out_of_reach)
    listen(chain)
    assert chain.attention() == told
    assert "need" in str(notice_status(chain))
    chain.sql(S001, "DROP TRIGGER no")
    listen(chain)
    assert chain.attention() == []


def notice_status(chain: ChainFloor) -> object:
    return chain.sql(HO, "SELECT parked_total || ' need' FROM sync_ack WHERE parked_total > 0")


def test_what_waits_no_more_is_not_listed_at_a_restored_head_office(chain: ChainFloor) -> None:
    refuse_a_notice(chain)
    copy = back_up(chain, HO)
    chain.sql(S001, "DROP TRIGGER no")
    listen(chain)
    assert chain.attention() == []
    put_back(chain, HO, copy)
    listen(chain)
    assert chain.attention() == []
    chain.assert_equal()


def test_what_waits_again_at_a_restored_store_is_listed(chain: ChainFloor) -> None:
    told = refuse_a_notice(chain)
    copy = back_up(chain, S001)
    chain.sql(S001, "DROP TRIGGER no")
    listen(chain)
    assert chain.attention() == []
    put_back(chain, S001, copy)
    chain.sync(S001)
    chain.sync(HO)
    assert chain.attention() == told


def test_what_waits_at_head_office_is_listed_at_a_restored_store(chain: ChainFloor) -> None:
    copy = back_up(chain, S001)
    chain.sql(HO, "CREATE TRIGGER no BEFORE INSERT ON bill BEGIN SELECT RAISE(ABORT, 'no'); END")
    chain.sql(
        S001,
        "INSERT INTO bill VALUES ('S001', 1, 5, NULL)",
        "INSERT INTO bill_line VALUES ('S001', 1, 1, 'I1', 5)",
    )
    listen(chain)
    listed = "SELECT site, entity, key FROM sync_attention"
    told = chain.sql(S001, listed)
    assert told
    put_back(chain, S001, copy)
    listen(chain)
    assert chain.sql(S001, listed) == told
