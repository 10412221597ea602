"""The built-in retail tables: head office's, the stores', and the customers they share.

Rules that hold for every table, and why:

- **Money is INTEGER minor units** (pence, paise) in columns named `…_minor`. No float can come in:
  on SQLite the tables are STRICT, so a stray `4.15` is refused where it is typed instead of being
  rounded somewhere later.
- **Quantities are INTEGER thousandths** of the item's unit in columns named `…_milli` (3 pieces =
  3000, 0.335 kg = 335): integers add and multiply exactly in every database; text would not add.
- Dates are `YYYY-MM-DD`, times what `core.clock.iso` writes (UTC, milliseconds, `Z`), flags 0 or 1.
- Keys compare byte for byte on every database: `85123a` and `85123A` are two items.
- **What a store writes refers to masters without a foreign key** (bill lines to items; bills to
  customers, users and sites; receipts to goods issues). A bill is a fact: it must be stored at the
  till before the first sync, and at head office although an item is unknown there or was deleted.
  Inside a document, and between head office's own masters, foreign keys are real.

SQLite enforces foreign keys only on connections with `PRAGMA foreign_keys=ON`: whoever opens them
says so.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

CODE: TypeEngine[Any] = (
    Text()
    .with_variant(
        mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mysql", "mariadb"
    )
    .with_variant(postgresql.TEXT(collation="C"), "postgresql")
)
"""Text that is, or refers to, a key: compared and ordered byte for byte, trailing blanks too."""
WHOLE: TypeEngine[Any] = BigInteger().with_variant(Integer(), "sqlite")
"""Money in minor units, quantities in thousandths, counts."""

ALLOCATION_TABLES = ("promotion_site", "user_site")
"""Head office's lists of who gets what: they steer the sync and do not travel."""
LOCAL_TABLES = ("site_group", "site_group_member")
"""Head office's own bookkeeping: stays where it is."""


def _key(name: str, *more: Any) -> Column[Any]:
    return Column(name, CODE, *more, primary_key=True)


def _code(name: str, *more: Any, null: bool = False) -> Column[Any]:
    return Column(name, CODE, *more, nullable=null)


def _text(name: str, null: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=null)


def _whole(name: str, null: bool = False) -> Column[Any]:
    return Column(name, WHOLE, nullable=null)


def _flag(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False)


def _line_no(name: str) -> Column[Any]:
    return Column(name, Integer, primary_key=True, autoincrement=False)


def _table(name: str, *parts: Any) -> Table:
    return Table(name, metadata, *parts, sqlite_strict=True)


# --- sites: stores only; head office is not in its own list ---

site = _table(
    "site",
    _key("code"),
    _text("name"),
    _text("town"),
    _text("country"),
    _text("currency"),
    _text("opened_on"),
    _flag("is_open"),
    _text("changed_at"),
)
site_group = _table("site_group", _key("code"), _text("name"))
site_group_member = _table(
    "site_group_member",
    _key("group_code", ForeignKey("site_group.code", ondelete="CASCADE")),
    _key("site_code", ForeignKey("site.code", ondelete="CASCADE")),
)

# --- policies and users ---

master_policy = _table(
    "master_policy", _key("code"), _text("name"), _text("value"), _text("changed_at")
)
site_policy = _table(
    "site_policy",
    _key("site_code", ForeignKey("site.code")),
    _key("code"),
    _text("name"),
    _text("value"),
    _text("changed_at"),
)
mode_of_payment = _table(
    "mode_of_payment",
    _key("code"),
    _text("name"),
    _text("kind"),
    _flag("is_active"),
    _text("changed_at"),
)
role = _table("role", _key("code"), _text("name"), _text("rights"), _text("changed_at"))
app_user = _table(
    "app_user",
    _key("code"),
    _text("name"),
    _code("role_code", ForeignKey("role.code")),
    _flag("is_active"),
    _text("changed_at"),
)
user_site = _table(
    "user_site",
    _key("user_code", ForeignKey("app_user.code", ondelete="CASCADE")),
    _key("site_code", ForeignKey("site.code", ondelete="CASCADE")),
)

# --- catalogue and prices: an item is goods or service, a promotion by percent or by price ---

item = _table(
    "item",
    _key("code"),
    _text("name"),
    _text("description"),
    _text("kind"),
    _code("barcode", null=True),
    _text("department"),
    _text("brand"),
    _text("unit"),
    _text("tax_code"),
    _whole("mrp_minor"),
    _flag("is_active"),
    _text("changed_at"),
)
Index(None, item.c.barcode)
"""The till scans barcodes. Not unique: one barcode on two items is a mistake a shop lives with
until it is mended."""

item_price = _table(
    "item_price",
    _key("item_code", ForeignKey("item.code")),
    _key("effective_from"),
    _whole("price_minor"),
    _text("changed_at"),
)
promotion = _table(
    "promotion",
    _key("code"),
    _text("name"),
    _text("kind"),
    _whole("percent_off"),
    _text("starts_on"),
    _text("ends_on"),
    _flag("is_active"),
    _text("changed_at"),
)
promotion_item = _table(
    "promotion_item",
    _key("promotion_code", ForeignKey("promotion.code", ondelete="CASCADE")),
    _key("item_code", ForeignKey("item.code")),
    _whole("price_minor", null=True),
)
Index(None, promotion_item.c.item_code)
promotion_site = _table(
    "promotion_site",
    _key("promotion_code", ForeignKey("promotion.code", ondelete="CASCADE")),
    _key("site_code", ForeignKey("site.code", ondelete="CASCADE")),
)

# --- customers: shared by all; the id is unique in the chain ---

customer = _table(
    "customer",
    _key("id"),
    _text("name"),
    _text("phone"),
    _text("email"),
    _text("town"),
    _text("country"),
    _text("changed_at"),
)

# --- stock ---

goods_issue = _table(
    "goods_issue",
    _key("number"),
    _code("site_code", ForeignKey("site.code")),
    _text("issued_on"),
    _text("remarks"),
    _text("changed_at"),
)
goods_issue_line = _table(
    "goods_issue_line",
    _key("number", ForeignKey("goods_issue.number", ondelete="CASCADE")),
    _line_no("line"),
    _code("item_code", ForeignKey("item.code")),
    _whole("quantity_milli"),
    _whole("cost_minor"),
)
Index(None, goods_issue_line.c.item_code)
goods_receipt = _table(
    "goods_receipt",
    _key("store"),
    _key("number"),
    _text("received_at"),
    _code("issue_number", null=True),
    _code("received_by"),
    _text("remarks"),
)
goods_receipt_line = _table(
    "goods_receipt_line",
    _key("store"),
    _key("number"),
    _line_no("line"),
    _code("item_code"),
    _whole("quantity_milli"),
    ForeignKeyConstraint(
        ["store", "number"], ["goods_receipt.store", "goods_receipt.number"], ondelete="CASCADE"
    ),
)

# --- sales: `kind` is sale or return; a return has negative quantities and payments ---

bill = _table(
    "bill",
    _key("store"),
    _key("number"),
    _text("kind"),
    _text("business_day"),
    _text("billed_at"),
    _code("cashier"),
    _code("customer_id", null=True),
    _whole("total_minor"),
)
bill_line = _table(
    "bill_line",
    _key("store"),
    _key("number"),
    _line_no("line"),
    _code("item_code"),
    _text("description"),
    _whole("quantity_milli"),
    _whole("price_minor"),
    _whole("amount_minor"),
    ForeignKeyConstraint(["store", "number"], ["bill.store", "bill.number"], ondelete="CASCADE"),
)
bill_payment = _table(
    "bill_payment",
    _key("store"),
    _key("number"),
    _line_no("payment_no"),
    _code("mode_code"),
    _whole("amount_minor"),
    ForeignKeyConstraint(["store", "number"], ["bill.store", "bill.number"], ondelete="CASCADE"),
)
day_settlement = _table(
    "day_settlement",
    _key("store"),
    _key("business_day"),
    _whole("bills"),
    _whole("total_minor"),
    _whole("cash_minor"),
    _whole("counted_minor"),
    _text("closed_at"),
    _code("closed_by"),
)


def create_tables(database: Engine | Connection) -> None:
    """Make the tables that a business database lacks; the others stay as they are."""
    metadata.create_all(database)
