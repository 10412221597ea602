"""The retail tables as SQLite really makes them."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, make_url
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from ginesys_sync.shop.schema import create_tables, metadata

AN_ITEM = (
    "P1",
    "Mug",
    "Mug",
    "goods",
    None,
    "Kitchen",
    "Ours",
    "pcs",
    "GST12",
    19900,
    1,
    "2026-11-01T00:00:00Z",
)
POSTGRESQL = make_url("postgresql+psycopg://").get_dialect()()
MARIADB = make_url("mysql+pymysql://").get_dialect()()
A_BILL = ("S001", "S001-000001", "sale", "2026-11-01", "2026-11-01T10:00:00Z", "U1", None, 19900)


def test_creating_the_tables_again_keeps_what_they_hold(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO item VALUES ({','.join('?' * 12)})", AN_ITEM)
    create_tables(engine)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT code FROM item").scalar_one() == "P1"


def test_every_table_has_a_key_and_an_item_has_twelve_columns(engine: Engine) -> None:
    seen = inspect(engine)
    assert set(seen.get_table_names()) == set(metadata.tables)
    for table in seen.get_table_names():
        assert seen.get_pk_constraint(table)["constrained_columns"], table
    assert len(seen.get_columns("item")) == 12
    assert seen.get_foreign_keys("item") == []


@pytest.mark.parametrize("price", [4.15, "4.15", "four"])
def test_money_that_is_no_whole_number_of_minor_units_is_refused(
    engine: Engine, price: object
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO item VALUES ({','.join('?' * 12)})", AN_ITEM)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO item_price VALUES ('P1', '2026-11-01', ?, 'now')", (price,)
        )


def test_a_price_of_an_unknown_item_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO item_price VALUES ('P9', '2026-11-01', 100, 'now')")


def test_a_bill_is_never_refused_for_a_missing_master_and_takes_its_lines_away_with_it(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO bill VALUES (?,?,?,?,?,?,?,?)", A_BILL)
        connection.exec_driver_sql(
            "INSERT INTO bill_line VALUES"
            " ('S001', 'S001-000001', 1, 'not-an-item', 'Mug', 1000, 19900, 19900)"
        )
        connection.exec_driver_sql(
            "INSERT INTO bill_payment VALUES ('S001', 'S001-000001', 1, 'none', 19900)"
        )
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM bill")
        for table in ("bill_line", "bill_payment"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0


def test_codes_that_differ_only_in_case_are_two_items(engine: Engine) -> None:
    with engine.begin() as connection:
        for code in ("85123a", "85123A"):
            connection.exec_driver_sql(
                f"INSERT INTO item VALUES ({','.join('?' * 12)})", (code, *AN_ITEM[1:])
            )
        assert connection.exec_driver_sql("SELECT count(*) FROM item").scalar_one() == 2


def test_keys_compare_byte_for_byte_on_the_server_databases_too() -> None:
    postgres = str(CreateTable(metadata.tables["item"]).compile(dialect=POSTGRESQL))
    maria = str(CreateTable(metadata.tables["item"]).compile(dialect=MARIADB))
    assert 'code TEXT COLLATE "C"' in postgres
    assert "code VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin" in maria
    for table in metadata.tables.values():
        for index in table.indexes:
            assert "TEXT" not in {
                str(column.type.compile(dialect=MARIADB)) for column in index.columns
            }, "MariaDB cannot index TEXT without a length"
            assert str(CreateIndex(index).compile(dialect=MARIADB))
