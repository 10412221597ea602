"""What a person holds back stays here in one piece, and stops nobody else."""

import pytest

from ginesys_sync.core.errors import NotPossible, Refused, UnknownSite
from ginesys_sync.core.status import Outcome
from ginesys_sync.services import blocking
from ginesys_sync.services.status import status_rows
from tests.support.chain_floor import HO, S001, S002, S003, ChainFloor

pytestmark = pytest.mark.long

WHY = "not checked yet"


def test_a_blocked_record_stays_and_stops_no_other_and_goes_when_unblocked(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'one', NULL), ('I2', 'two', NULL)")
    floor.settle(rounds=1)
    blocking.block_record(floor.home(HO), "items", "I1", WHY)
    floor.sql(HO, "UPDATE item SET name = name || '!'", "UPDATE item SET name = name || '!'")
    floor.settle(rounds=2)
    assert floor.rows(S001, "item") == [("I1", "one", None), ("I2", "two!!", None)]
    assert floor.scalar(HO, "SELECT count(*) FROM sync_change WHERE k1 = 'I1'") == 2
    (line,) = blocking.blocks(floor.home(HO))
    assert (line.what, line.reason, line.waiting) == ("items I1", WHY, 1)
    blocking.unblock_record(floor.home(HO), "items", "I1")
    floor.settle(rounds=1)
    floor.assert_equal()
    assert blocking.blocks(floor.home(HO)) == ()


def test_a_record_that_is_deleted_while_blocked_goes_as_a_tombstone_when_unblocked(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'one', NULL)")
    floor.settle(rounds=1)
    blocking.block_record(floor.home(HO), "items", "I1", WHY)
    floor.sql(HO, "DELETE FROM item")
    floor.settle(rounds=1)
    assert floor.codes(S001, "item") == ["I1"]
    blocking.unblock_record(floor.home(HO), "items", "I1")
    floor.settle(rounds=1)
    assert floor.codes(S001, "item") == []


def test_a_record_of_several_key_parts_is_blocked_by_all_of_them(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'one', NULL)",
        "INSERT INTO price VALUES ('I1', '2026-01-01', 1), ('I1', '2026-02-01', 2)",
    )
    blocking.block_record(floor.home(HO), "prices", "I1/2026-02-01", WHY)
    floor.settle(rounds=1)
    assert floor.rows(S001, "price") == [("I1", "2026-01-01", 1)]
    with pytest.raises(NotPossible, match="No prices has a key like"):
        blocking.block_record(floor.home(HO), "prices", "I1", WHY)


def test_a_number_typed_as_text_finds_the_record_with_the_number(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO odd VALUES (7, 'a', 'b'), ('8', 'a', 'b')")
    blocking.block_record(floor.home(HO), "odds", "7", WHY)
    floor.settle(rounds=1)
    assert floor.codes(S001, "odd") == ["8"]


def test_a_child_of_a_blocked_parent_waits_at_the_store_and_comes_in_with_it(
    floor: ChainFloor,
) -> None:
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'one', NULL)",
        "INSERT INTO price VALUES ('I1', '2026-01-01', 1)",
    )
    blocking.block_record(floor.home(HO), "items", "I1", WHY)
    floor.settle(rounds=1)
    assert floor.parked(S001) == [("prices", "I1", "missing_parent")]
    blocking.unblock_record(floor.home(HO), "items", "I1")
    floor.settle(rounds=1)
    assert floor.parked(S001) == []
    floor.assert_equal()


def test_a_block_can_be_lifted_when_its_record_is_nowhere_any_more(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO promotion VALUES ('P1', 'for nobody')", "DELETE FROM promotion")
    home = floor.home(HO)

    def block_meanwhile(_: int) -> int:
        if not blocking.blocks(home):
            blocking.block_record(home, "promotions", "P1", WHY)
        return 0

    floor.done(HO, choose=block_meanwhile)
    assert floor.scalar(HO, "SELECT count(*) FROM sync_change") == 0
    blocking.unblock_record(home, "promotions", "P1")
    assert blocking.blocks(home) == ()


def test_a_blocked_kind_of_record_waits_as_a_whole(floor: ChainFloor) -> None:
    blocking.block_entity(floor.home(HO), "items", WHY)
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'one', NULL), ('I2', 'two', NULL)",
        "INSERT INTO notice VALUES ('N1', 'S001', 'hello')",
    )
    floor.settle(rounds=1)
    assert floor.rows(S001, "item") == []
    assert floor.codes(S001, "notice") == ["N1"]
    assert blocking.blocks(floor.home(HO))[0].waiting == 2
    blocking.unblock_entity(floor.home(HO), "items")
    floor.settle(rounds=1)
    floor.assert_equal()


def test_a_blocked_channel_is_sealed_and_sent_but_its_release_stands_still(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'one', NULL)")
    floor.settle(rounds=1)
    blocking.block_channel(floor.home(HO), "catalogue", WHY)
    floor.sql(HO, "UPDATE item SET name = 'newer'", "INSERT INTO policy VALUES ('P1', 'x')")
    floor.done(HO)
    floor.done(HO)
    floor.sync(S001)
    assert floor.rows(S001, "item") == [("I1", "one", None)]
    top = status_rows(floor.home(HO), "sent", 1)[0]
    assert (top["status"], top["stream"]) == ("BLOCKED", "HO/catalogue")
    assert floor.scalar(HO, "SELECT count(*) FROM sync_batch WHERE uploaded_at IS NULL") == 0
    assert blocking.blocks(floor.home(HO))[0].waiting == 1
    blocking.unblock_channel(floor.home(HO), "Catalogue")
    floor.settle(rounds=1)
    floor.assert_equal()
    assert status_rows(floor.home(HO), "sent", 1)[0]["status"] == "PROCESSED"


def test_a_first_load_of_a_blocked_channel_waits_for_it(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'one', NULL)")
    floor.settle(rounds=1)
    blocking.block_channel(floor.home(HO), "catalogue", WHY)
    floor.sql(HO, "UPDATE item SET name = 'not checked'")
    floor.join(S003)
    floor.settle(S003, rounds=2)
    assert floor.rows(S003, "item") == []
    blocking.unblock_channel(floor.home(HO), "catalogue")
    floor.settle(S001, S002, S003, rounds=2)
    floor.assert_equal([S001, S002, S003])


def test_a_first_load_brings_nothing_of_a_blocked_record_that_has_changed(
    floor: ChainFloor,
) -> None:
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'one', NULL), ('I2', 'two', NULL), ('I3', 'three', NULL)",
    )
    floor.settle(rounds=1)
    for key in ("I1", "I2"):
        blocking.block_record(floor.home(HO), "items", key, WHY)
    floor.sql(HO, "UPDATE item SET name = 'not checked' WHERE code = 'I1'")
    floor.join(S003)
    floor.settle(S003, rounds=2)
    # I2 is blocked and has not changed since: it stands everywhere alike.
    assert floor.codes(S003, "item") == ["I2", "I3"]
    blocking.unblock_record(floor.home(HO), "items", "I1")
    floor.settle(S001, S002, S003, rounds=1)
    floor.assert_equal([S001, S002, S003])


def test_a_blocked_store_is_refused_keeps_what_it_has_and_catches_up(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "INSERT INTO notice VALUES ('N1', 'S001', 'for one')",
        "INSERT INTO item VALUES ('I1', 'one', NULL)",
    )
    floor.settle(rounds=1)
    blocking.block_site(floor.home(HO), S001, "stock taking")
    assert floor.scalar(HO, "SELECT state FROM sync_site WHERE code = 'S001'") == "blocked"
    assert {row[1] for row in floor.sql(HO, "SELECT * FROM sync_change")} <= {"sync_site"}
    floor.sql(HO, "UPDATE item SET name = 'newer'", "UPDATE notice SET words = 'newer'")
    floor.done(HO)
    ended = floor.sync(S001)
    assert isinstance(ended.fault, Refused)
    assert "stock taking" in ended.closing
    floor.done(S002)
    assert floor.rows(S002, "item") == [("I1", "newer", None)]
    assert blocking.blocks(floor.home(HO))[0].what == "store S001"
    blocking.unblock_site(floor.home(HO), S001)
    # Before head office syncs again nothing may have been taken from it.
    floor.sync(S001)
    assert floor.codes(S001, "notice") == ["N1"]
    floor.settle(rounds=2)
    floor.assert_equal()


def test_a_blocked_store_hears_of_a_deletion_when_it_is_let_in_however_late(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'one'), ('N2', 'S001', 'two')")
    floor.settle()
    blocking.block_site(floor.home(HO), S001, WHY)
    floor.sql(HO, "DELETE FROM notice WHERE code = 'N1'")
    floor.done(HO)
    floor.relay.stop()
    floor.relay.keep_days = 0  # as if a week had gone by
    floor.relay.start()
    floor.done(HO)
    blocking.unblock_site(floor.home(HO), S001)
    floor.settle()
    assert floor.codes(S001, "notice") == ["N2"]
    floor.assert_equal()


def test_whatever_makes_no_sense_is_refused_in_shop_words(floor: ChainFloor) -> None:
    home = floor.home(HO)
    for act, words in (
        (lambda: blocking.block_entity(home, "bills", WHY), "come from the stores"),
        (lambda: blocking.block_entity(home, "sync_plan", WHY), "knows no kind of record"),
        (lambda: blocking.block_channel(home, "plan", WHY), "knows no channel"),
        (lambda: blocking.block_record(home, "items", "I9", WHY), "There is no items 'I9'"),
        (lambda: blocking.block_entity(home, "items", "  "), "A block needs a reason"),
        (lambda: blocking.unblock_entity(home, "items"), "Nobody has blocked all items"),
        (lambda: blocking.unblock_site(home, S001), "S001 is not blocked"),
        (lambda: blocking.block_entity(floor.home(S001), "items", WHY), "Only head office"),
    ):
        with pytest.raises(NotPossible, match=words):
            act()
    with pytest.raises(UnknownSite, match="There is no store 'S777'"):
        blocking.block_site(home, "S777", WHY)
    assert floor.sql(HO, "SELECT * FROM sync_block") == []
    assert floor.sql(HO, "SELECT * FROM sync_audit") == []


def test_every_block_and_unblock_is_noted_with_who_and_why(floor: ChainFloor) -> None:
    blocking.block_channel(floor.home(HO), "pricing", WHY)
    blocking.unblock_channel(floor.home(HO), "pricing", "checked")
    rows = floor.sql(HO, "SELECT action, what, reason, who <> '' FROM sync_audit ORDER BY id")
    assert rows == [
        ("block", "channel Pricing", WHY, 1),
        ("unblock", "channel Pricing", "checked", 1),
    ]
    assert floor.sync(HO).outcome is Outcome.DONE
