"""What one connection applies, body after body."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.core.plan import Entity, Owner, Table
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.database import Database
from ginesys_sync.wire.body import GONE, body_schema, lay_in

_CUSTOMER = Table("customer", ("id",), ("id",), ("id", "name"))
CUSTOMERS = Entity("customers", "customer", "customers", "customers", Owner.HO, _CUSTOMER)
_BILL = Table("bill", ("number",), ("number",), ("number", "total"))
_LINE = Table("line", ("number", "line"), ("number",), ("number", "line", "what"))
BILLS = Entity("bills", "bill", "bills", "sales", Owner.HO, _BILL, (_LINE,))


def _body(entity: Entity, *gone: str) -> bytes:
    """A body of tombstones, with the schema cookie that every other one of these has, too."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in (*body_schema(entity), *gone):
            connection.execute(statement)
        connection.execute("PRAGMA schema_version=10")
        return connection.serialize()


TWO_CUSTOMERS = _body(CUSTOMERS, f"INSERT INTO {GONE} VALUES (1, 'C1'), (2, 'C2')")
ONE_BILL = _body(BILLS, f"INSERT INTO {GONE} VALUES (3, 7)")


@pytest.fixture
def applier(tmp_path: Path) -> Iterator[BodyApplier]:
    """One on an empty database."""
    with Database(f"sqlite+pysqlite:///{tmp_path / 'shop.sqlite3'}").connect() as connection:
        yield BodyApplier(connection)


def test_each_body_is_read_where_its_own_tables_are(applier: BodyApplier) -> None:
    expected = [
        (TWO_CUSTOMERS, CUSTOMERS, Span(1, 2), 2),
        (ONE_BILL, BILLS, Span(3, 3), 1),
        (TWO_CUSTOMERS, CUSTOMERS, Span(1, 2), 2),
    ]
    for data, entity, span, records in expected:
        applier.attach(data, entity)
        assert applier.gone_span() == span
        assert applier.numbers(GONE, Span(1, 9)) == list(range(span.first, span.last + 1))
        assert applier.counts(entity) == (records, records)


def test_what_is_laid_in_is_not_read_with_what_was_compiled_for_the_one_before() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("ATTACH ':memory:' AS body")
        for data, expected in ((TWO_CUSTOMERS, [1, 2]), (ONE_BILL, [3]), (TWO_CUSTOMERS, [1, 2])):
            lay_in(connection, data, "body")
            rows = connection.execute(f"SELECT _id FROM body.{GONE}").fetchall()
            assert [number for (number,) in rows] == expected
