"""A sales file written into databases: head office's part and each store's, one transaction each.

Customers are written at the stores where they bought, as in life, and reach head office by sync.
A customer of two countries is the same row at both.
"""

from __future__ import annotations

from sqlalchemy import Table

from ginesys_sync.core.clock import iso
from ginesys_sync.shop import chain_words as words
from ginesys_sync.shop import schema
from ginesys_sync.shop.chain_items import Row
from ginesys_sync.shop.masters import SERVICE
from ginesys_sync.shop.money import line_amount
from ginesys_sync.shop.sales_records import FileBill, SalesFile
from ginesys_sync.shop.writing import Database, insert_rows, writing

CURRENCY = "GBP"
PAID_BY = "CREDIT"
CASHIER = "TILL"


def load_head_office(database: Database, sales: SalesFile) -> None:
    """Write items, prices, sites, users and a few policies into empty tables of head office."""
    since = min(item.changed_at for item in sales.items)
    managers = [(f"{s.code}-M1", f"Manager {s.country}", "MANAGER", 1, since) for s in sales.stores]
    filled: list[tuple[Table, list[Row]]] = [
        (
            schema.site,
            [
                (s.code, s.country, "", s.country, CURRENCY, s.opened_on, 1, since)
                for s in sales.stores
            ],
        ),
        (schema.master_policy, [(*policy, since) for policy in words.MASTER_POLICIES]),
        (schema.mode_of_payment, [(*mode, 1, since) for mode in words.MODES_OF_PAYMENT]),
        (schema.role, [(*role, since) for role in words.ROLES]),
        (schema.app_user, list(managers)),
        (schema.user_site, [(f"{s.code}-M1", s.code) for s in sales.stores]),
        (schema.item, _items(sales)),
        (
            schema.item_price,
            [(i.code, i.priced_on, i.price_minor, i.changed_at) for i in sales.items],
        ),
    ]
    with writing(database) as connection:
        for table, rows in filled:
            insert_rows(connection, table, rows)


def load_store(database: Database, sales: SalesFile, store: str) -> None:
    """Write a store's bills, each with one payment over its total, and the customers who bought.

    KeyError for a store the file does not have.
    """
    bills = list(sales.bills(store))
    with writing(database) as connection:
        insert_rows(
            connection,
            schema.customer,
            (
                (c.id, f"Customer {c.id}", "", "", "", c.country, c.changed_at)
                for c in sales.customers
                if store in c.stores
            ),
        )
        insert_rows(connection, schema.bill, (_head(bill) for bill in bills))
        insert_rows(connection, schema.bill_line, (line for b in bills for line in _lines(b)))
        insert_rows(
            connection,
            schema.bill_payment,
            ((store, b.number, 1, PAID_BY, b.total_minor) for b in bills),
        )


def _items(sales: SalesFile) -> list[Row]:
    rows: list[Row] = []
    for i in sales.items:
        department, unit = ("Services", "job") if i.kind == SERVICE else ("Gifts", "pcs")
        told = (i.code, i.name, i.name, i.kind, None, department, "", unit, "VAT20")
        rows.append((*told, i.price_minor, 1, i.changed_at))
    return rows


def _head(bill: FileBill) -> Row:
    day, at = bill.at.date().isoformat(), iso(bill.at)
    return (
        bill.store,
        bill.number,
        bill.kind,
        day,
        at,
        CASHIER,
        bill.customer_id,
        bill.total_minor,
    )


def _lines(bill: FileBill) -> list[Row]:
    rows: list[Row] = []
    for n, line in enumerate(bill.lines, start=1):
        amount = line_amount(line.quantity_milli, line.price_minor)
        sold = (line.item_code, line.description, line.quantity_milli, line.price_minor, amount)
        rows.append((bill.store, bill.number, n, *sold))
    return rows
