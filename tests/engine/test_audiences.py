"""Who gets what: audiences are sets of sites, and change."""

import pytest

from ginesys_sync.core.model import Audience
from ginesys_sync.core.status import Outcome
from ginesys_sync.store.routing import audiences_of
from tests.support.chain_floor import HO, S001, S002, ChainFloor


def test_a_record_goes_to_the_store_that_its_column_names(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'x'), ('N2', 'S002', 'y')")
    floor.settle(rounds=1)
    assert (floor.codes(S001, "notice"), floor.codes(S002, "notice")) == (["N1"], ["N2"])


def test_a_record_for_nobody_seals_nothing(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', NULL, 'x'), ('N2', 'S999', 'y')")
    floor.done(HO)
    assert floor.batches(HO, "HO/policy") == []
    assert floor.scalar(HO, "SELECT count(*) FROM sync_change") == 0


def test_a_record_that_moves_from_one_store_to_another_is_gone_at_the_first(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S001', 'x')")
    floor.settle(rounds=1)
    floor.sql(HO, "UPDATE notice SET site_code = 'S002'")
    floor.settle(rounds=1)
    assert (floor.codes(S001, "notice"), floor.codes(S002, "notice")) == ([], ["N1"])
    assert floor.batches(HO, "HO/policy")[1:] == [(2, "S001", 0, 1), (3, "S002", 1, 0)]


def test_an_allocation_alone_sends_the_image_to_the_new_store_alone(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "INSERT INTO promotion VALUES ('P1', 'Summer')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001')",
    )
    floor.settle(rounds=1)
    floor.sql(HO, "INSERT INTO promotion_site VALUES ('P1', 'S002')")
    floor.settle(rounds=1)
    assert floor.batches(HO, "HO/pricing") == [(1, "S001", 1, 0), (2, "S002", 1, 0)]
    floor.sql(HO, "DELETE FROM promotion_site WHERE site_code = 'S001'")
    floor.settle(rounds=1)
    assert floor.batches(HO, "HO/pricing")[2:] == [(3, "S001", 0, 1)]
    assert (floor.codes(S001, "promotion"), floor.codes(S002, "promotion")) == ([], ["P1"])


def test_a_change_of_record_and_allocation_at_once_reaches_everybody(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "INSERT INTO promotion VALUES ('P1', 'Summer')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001')",
    )
    floor.settle(rounds=1)
    floor.sql(
        HO,
        "INSERT INTO promotion_site VALUES ('P1', 'S002')",
        "UPDATE promotion SET name = 'Winter'",
    )
    floor.settle(rounds=1)
    floor.assert_equal()


def test_a_deleted_record_is_gone_wherever_it_was_last_sent(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "INSERT INTO promotion VALUES ('P1', 'Summer')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P1', 'S002')",
    )
    floor.settle(rounds=1)
    floor.sql(HO, "DELETE FROM promotion_site", "DELETE FROM promotion")
    floor.settle(rounds=1)
    assert floor.codes(S001, "promotion") == floor.codes(S002, "promotion") == []


def test_groups_are_expanded_and_a_store_that_joins_a_group_gets_what_is_its(
    floor: ChainFloor,
) -> None:
    floor.sql(
        HO,
        "INSERT INTO site_group_member VALUES ('NORTH', 'S001')",
        "INSERT INTO policy VALUES ('R1', 'round')",
        "INSERT INTO policy_group VALUES ('R1', 'NORTH')",
    )
    floor.settle(rounds=1)
    assert (floor.codes(S001, "policy"), floor.codes(S002, "policy")) == (["R1"], [])
    floor.sql(HO, "UPDATE site_group_member SET site_code = 'S002'")
    floor.settle(rounds=1)
    assert (floor.codes(S001, "policy"), floor.codes(S002, "policy")) == ([], ["R1"])


def test_records_of_the_same_set_share_a_batch(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "INSERT INTO notice VALUES ('N1', 'S001', ''), ('N2', 'S002', ''), ('N3', 'S001', '')",
    )
    floor.done(HO)
    assert sorted(b[1:] for b in floor.batches(HO, "HO/policy")) == [
        ("S001", 2, 0),
        ("S002", 1, 0),
    ]


def test_a_closed_store_gets_nothing_and_cannot_be_ticked(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO site VALUES ('S001', 'One', 1), ('S002', 'Two', 0)")
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S002', 'x')")
    floor.done(HO)
    assert floor.batches(HO, "HO/policy") == []
    ended = floor.sync(HO, S002)
    assert ended.outcome is Outcome.STOPPED
    assert "S002 is closed" in ended.closing
    assert "is closed" in floor.sync(S002).closing


def test_a_store_that_is_opened_again_ends_equal(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO site VALUES ('S001', 'One', 1), ('S002', 'Two', 1)")
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S002', 'x')")
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2')")
    floor.settle()
    floor.sql(HO, "UPDATE site SET is_open = 0 WHERE code = 'S002'")
    floor.settle(S001)
    floor.sql(HO, "DELETE FROM item WHERE code = 'I1'", "UPDATE notice SET words = 'y'")
    floor.settle(S001)
    floor.sql(HO, "UPDATE site SET is_open = 1 WHERE code = 'S002'")
    floor.settle()
    floor.assert_equal()
    assert floor.rows(S002, "notice") == [("N1", "S002", "y")]


def _said(*pairs: tuple[str, bool]) -> tuple[tuple[Audience, bool], ...]:
    return tuple((Audience.parse(members), there) for members, there in pairs)


@pytest.mark.parametrize(
    ("old", "new", "is_here", "is_image", "said"),
    [
        ("", "S001", True, True, _said(("S001", True))),
        ("S001", "S001", True, True, _said(("S001", True))),
        ("S001", "S001", True, False, ()),
        ("S001,S002", "S002,S003", True, True, _said(("S001", False), ("S002,S003", True))),
        ("S001,S002", "S002,S003", True, False, _said(("S001", False), ("S003", True))),
        ("S001,S002", "", False, True, _said(("S001,S002", False))),
        ("", "", False, True, ()),
        ("*", "S001", True, True, _said(("*", False), ("S001", True))),
        ("S001", "*", True, False, _said(("*", True))),
    ],
)
def test_who_gets_a_tombstone_and_who_an_image_follows_from_the_two_sets(
    old: str,
    new: str,
    is_here: bool,
    is_image: bool,
    said: tuple[tuple[Audience, bool], ...],
) -> None:
    assert audiences_of(old, new, is_here, is_image) == said
