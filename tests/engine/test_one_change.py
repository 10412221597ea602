"""The path of one change, down and up."""

from ginesys_sync.core.status import CLOSING_SENTENCE
from tests.support.chain_floor import HO, S001, S002, ChainFloor

ITEM = "INSERT INTO item VALUES ('I1', 'Tea', '111')"


def test_a_change_at_a_sql_prompt_arrives_and_its_acknowledgement_comes_home(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, ITEM)
    floor.done(HO)
    assert floor.rows(S001, "item") == []
    floor.done(S001)
    assert floor.rows(S001, "item") == [("I1", "Tea", "111")]
    assert floor.rows(S002, "item") == []
    floor.done(HO)
    found = floor.sql(HO, "SELECT site, to_no FROM sync_ack WHERE stream = 'HO/catalogue'")
    assert found == [("S001", 1)]


def test_a_bill_goes_up_and_head_offices_acknowledgement_comes_home(floor: ChainFloor) -> None:
    floor.sql(HO, ITEM)
    floor.settle()
    floor.sql(
        S001,
        "INSERT INTO bill VALUES ('S001', 1, 500, NULL)",
        "INSERT INTO bill_line VALUES ('S001', 1, 1, 'I1', 500)",
    )
    floor.done(S001)
    floor.done(HO)
    floor.assert_equal()
    assert floor.rows(HO, "bill_line") == [("S001", 1, 1, "I1", 500)]
    floor.done(S001)
    found = floor.sql(S001, "SELECT site, to_no FROM sync_ack WHERE stream = 'S001/sales'")
    assert found == [("HO", 1)]


def test_selective_sends_to_the_ticked_store_only_and_a_later_all_releases_the_rest(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, ITEM)
    floor.done(HO, S001)
    floor.done(S001)
    floor.done(S002)
    assert (floor.codes(S001, "item"), floor.codes(S002, "item")) == (["I1"], [])
    floor.done(HO)
    floor.done(S002)
    assert floor.codes(S002, "item") == ["I1"]


def test_receiving_is_from_all_stores_even_when_sending_is_selective(floor: ChainFloor) -> None:
    floor.sql(S002, "INSERT INTO bill VALUES ('S002', 1, 100, NULL)")
    floor.done(S002)
    floor.done(HO, S001)
    assert floor.rows(HO, "bill") == [("S002", 1, 100, None)]


def test_ten_changes_of_one_record_are_one(floor: ChainFloor) -> None:
    floor.sql(HO, ITEM, *(f"UPDATE item SET name = 'Tea {n}'" for n in range(9)))
    floor.done(HO)
    assert floor.batches(HO, "HO/catalogue") == [(1, "*", 1, 0)]
    floor.done(S001)
    assert floor.rows(S001, "item") == [("I1", "Tea 8", "111")]


def test_a_record_made_and_deleted_between_two_runs_leaves_nothing_at_the_stores(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, ITEM, "DELETE FROM item")
    floor.settle()
    assert floor.rows(S001, "item") == []


def test_a_deleted_record_is_deleted_at_the_stores(floor: ChainFloor) -> None:
    floor.sql(HO, ITEM)
    floor.settle()
    floor.sql(HO, "DELETE FROM item WHERE code = 'I1'")
    floor.done(HO)
    assert floor.batches(HO, "HO/catalogue")[-1] == (2, "*", 0, 1)
    floor.done(S001)
    assert floor.rows(S001, "item") == []


def test_parents_arrive_before_their_children_and_go_after_them(floor: ChainFloor) -> None:
    floor.sql(HO, ITEM, "INSERT INTO price VALUES ('I1', '2026-01-01', 100)")
    floor.done(HO)
    floor.done(S001)
    floor.sql(HO, "DELETE FROM price", "DELETE FROM item")
    floor.settle()
    assert (floor.rows(S001, "item"), floor.rows(S001, "price")) == ([], [])
    assert floor.parked(S001) == []


def test_an_empty_run_is_at_most_three_calls(floor: ChainFloor) -> None:
    floor.settle()
    for site in (HO, S001):
        ended = floor.done(site)
        assert len(floor.calls) <= 3, (site, floor.calls)
        assert ended.closing == CLOSING_SENTENCE


def test_what_changes_while_a_run_seals_goes_with_the_next_one(floor: ChainFloor) -> None:
    floor.sql(HO, ITEM)
    late = iter(["INSERT INTO item VALUES ('I2', 'Late', '222')"])

    def while_it_counts(event: object) -> None:
        if type(event).__name__ == "Counted":
            floor.sql(HO, next(late))

    floor.done(HO, listener=while_it_counts)
    floor.done(S001)
    assert floor.codes(S001, "item") == ["I1"]
    floor.settle()
    assert floor.codes(S001, "item") == ["I1", "I2"]


def test_many_batches_of_many_entities_arrive_whole(floor: ChainFloor) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)"
    floor.sql(
        HO,
        f"{numbers} INSERT INTO item SELECT 'I' || i, 'Item ' || i, 'B' || i FROM n",
        f"{numbers} INSERT INTO price SELECT 'I' || i, '2026-01-01', i FROM n",
    )
    floor.done(HO)
    floor.done(S001)
    floor.assert_equal([S001])
    assert len(floor.batches(HO, "HO/pricing")) > 1
