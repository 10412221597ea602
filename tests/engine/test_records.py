"""Records and their rows: children, keys, REPLACE, the customer's own triggers."""

import pytest

from tests.support.chain_floor import HO, S001, S002, ChainFloor

ITEMS = "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2'), ('I3', 'Salt', '3')"
BILL = "INSERT INTO bill VALUES ('S001', 1, 300, NULL)"
LINES = "INSERT INTO bill_line VALUES ('S001', 1, 1, 'I1', 100), ('S001', 1, 2, 'I2', 200)"


@pytest.fixture
def shop(floor: ChainFloor) -> ChainFloor:
    """Items everywhere, one bill with two lines at S001, at head office as well."""
    floor.sql(HO, ITEMS)
    floor.settle(rounds=1)
    floor.sql(S001, BILL, LINES)
    floor.settle(rounds=1)
    return floor


def test_a_line_that_is_removed_is_removed_at_head_office(shop: ChainFloor) -> None:
    shop.sql(S001, "DELETE FROM bill_line WHERE line = 1")
    shop.settle(rounds=1)
    assert shop.rows(HO, "bill_line") == [("S001", 1, 2, "I2", 200)]


def test_a_line_that_is_changed_sends_its_bill(shop: ChainFloor) -> None:
    shop.sql(S001, "UPDATE bill_line SET amount = 150 WHERE line = 1")
    shop.settle(rounds=1)
    shop.assert_equal()


def test_a_line_that_moves_to_another_bill_leaves_the_old_one(shop: ChainFloor) -> None:
    shop.sql(
        S001,
        "INSERT INTO bill VALUES ('S001', 2, 0, NULL)",
        "UPDATE bill_line SET number = 2 WHERE line = 2",
    )
    shop.settle(rounds=1)
    assert shop.rows(HO, "bill_line") == [("S001", 1, 1, "I1", 100), ("S001", 2, 2, "I2", 200)]


def test_lines_that_trade_places_between_two_bills_arrive(shop: ChainFloor) -> None:
    shop.sql(S001, "INSERT INTO bill VALUES ('S001', 2, 0, NULL)")
    shop.sql(S001, "INSERT INTO bill_line VALUES ('S001', 2, 1, 'I3', 9)")
    shop.settle(rounds=1)
    shop.sql(
        S001,
        "UPDATE bill_line SET number = 99, line = line WHERE 0",
        "DELETE FROM bill_line",
        "INSERT INTO bill_line VALUES ('S001', 1, 1, 'I3', 9), ('S001', 2, 1, 'I1', 100)",
    )
    shop.settle(rounds=1)
    shop.assert_equal()


def test_a_bill_that_gets_another_number_is_the_new_one_and_not_the_old_one(
    shop: ChainFloor,
) -> None:
    shop.sql(S001, "INSERT INTO bill VALUES ('S001', 7, 300, NULL)")
    shop.sql(S001, "UPDATE bill_line SET number = 7", "DELETE FROM bill WHERE number = 1")
    shop.settle(rounds=1)
    assert shop.rows(HO, "bill") == [("S001", 7, 300, None)]
    shop.assert_equal()


def test_a_key_that_changes_is_a_tombstone_and_an_image(shop: ChainFloor) -> None:
    shop.sql(HO, "UPDATE item SET code = 'I9' WHERE code = 'I3'")
    shop.settle(rounds=1)
    assert shop.codes(S002, "item") == ["I1", "I2", "I9"]


def test_replace_that_evicts_another_record_is_captured(floor: ChainFloor) -> None:
    floor.sql(HO, ITEMS)
    floor.settle(rounds=1)
    floor.sql(HO, "REPLACE INTO item VALUES ('I7', 'Tea again', '1')")
    assert floor.codes(HO, "item") == ["I2", "I3", "I7"]
    floor.settle(rounds=1)
    floor.assert_equal()


def test_update_or_replace_that_evicts_another_record_is_captured(floor: ChainFloor) -> None:
    floor.sql(HO, ITEMS)
    floor.settle(rounds=1)
    floor.sql(HO, "UPDATE OR REPLACE item SET barcode = '1' WHERE code = 'I2'")
    assert floor.codes(HO, "item") == ["I2", "I3"]
    floor.settle(rounds=1)
    floor.assert_equal()


def test_a_row_without_a_key_does_not_refuse_its_writer(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO odd VALUES (NULL, 1, 2)", "UPDATE odd SET a = 3", "DELETE FROM odd")
    floor.sql(HO, "INSERT INTO odd VALUES (NULL, 1, 2)", "UPDATE odd SET code = 'X'")
    floor.sql(
        HO,
        "INSERT INTO promotion VALUES ('P1', 'x')",
        "INSERT INTO promotion_site VALUES (NULL, 'S001')",
    )
    floor.settle(rounds=1)
    assert floor.rows(S001, "odd") == [("X", 1, 2)]


def test_every_sqlite_type_arrives_exactly_as_it_was(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "INSERT INTO odd VALUES ('int', 9007199254740993, -1), ('real', 0.1, 1e300),"
        " ('text', '007', ''), ('blob', x'00ff', zeroblob(70000)), ('null', NULL, 'é\u20b9'),"
        " (5, 'integer key', 1), (x'0102', 'blob key', 2)",
    )
    floor.settle(rounds=1)
    typed = "SELECT code, typeof(code), a, typeof(a), b, typeof(b) FROM odd ORDER BY 2, 1"
    assert floor.sql(S001, typed) == floor.sql(HO, typed)
    floor.sql(HO, "DELETE FROM odd WHERE typeof(code) <> 'text'")
    floor.settle(rounds=1)
    assert floor.sql(S001, typed) == floor.sql(HO, typed)


def test_what_the_customers_trigger_writes_while_a_batch_is_applied_is_captured(
    floor: ChainFloor,
) -> None:
    floor.sql(
        HO,
        "CREATE TRIGGER welcome AFTER INSERT ON bill BEGIN "
        "INSERT INTO item VALUES ('T' || NEW.number, 'made by a trigger', NULL); END",
    )
    floor.sql(S001, BILL)
    floor.settle()
    assert floor.codes(S002, "item") == ["T1"]
    assert floor.rows(HO, "bill") == floor.rows(S001, "bill")


def test_what_is_applied_is_not_sent_back(shop: ChainFloor) -> None:
    shop.settle()
    assert shop.scalar(HO, "SELECT count(*) FROM sync_change") == 0
    assert shop.batches(S001, "S001/catalogue") == []
    assert [b for b in shop.batches(HO, "HO/sales")] == []


def test_a_store_may_write_head_offices_table_and_it_stays_its_own_affair(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, ITEMS)
    floor.settle(rounds=1)
    floor.sql(S001, "UPDATE item SET name = 'changed here' WHERE code = 'I1'")
    floor.settle(rounds=1)
    assert floor.sql(HO, "SELECT name FROM item WHERE code = 'I1'") == [("Tea",)]
