"""HO Control: read-only lists of what head office sent, so that a store can check that a master
arrived."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from ginesys_sync.core.errors import UnknownSite
from ginesys_sync.services.views import ControlColumn, ControlPage
from ginesys_sync.shop import lists
from ginesys_sync.store.database import Database, database_faults
from ginesys_sync.store.tables import table_columns

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for."""

    database: Database
    site: str
    search: str
    after: tuple[str, ...]
    limit: int
    today: date


Found = tuple[list[Row], int, tuple[str, ...] | None]


def money(minor: int | None) -> str:
    """Minor units as a person reads them: 125000 → `1,250.00`; nothing for none."""
    if minor is None:
        return ""
    sign, whole = ("-" if minor < 0 else ""), abs(minor)
    return f"{sign}{whole // 100:,}.{whole % 100:02d}"


def _yes(flag: bool) -> str:
    return "Yes" if flag else "No"


def _my_store(asked: Asked) -> Found:
    row = lists.my_store(asked.database.engine, asked.site)
    if row is None:
        return [], 0, None
    facts = [
        ("Code", row.code),
        ("Name", row.name),
        ("Town", row.town),
        ("Country", row.country),
        ("Currency", row.currency),
        ("Opened on", row.opened_on),
        ("Open", _yes(row.is_open)),
    ]
    wanted = asked.search.casefold()
    shown = [pair for pair in facts if wanted in f"{pair[0]} {pair[1]}".casefold()]
    return list(shown), len(shown), None


def _items(asked: Asked) -> Found:
    page = lists.items(asked.database.engine, asked.today, asked.search, asked.limit, asked.after)
    rows: list[Row] = [
        (
            r.code,
            r.name,
            r.department,
            r.brand,
            r.barcode or "",
            money(r.mrp_minor),
            money(r.price_minor),
            r.price_from or "",
        )
        for r in page.rows
    ]
    return rows, page.total, page.next_after


def _prices(asked: Asked) -> Found:
    page = lists.prices(asked.database.engine, asked.search, asked.limit, asked.after)
    rows: list[Row] = [
        (r.item_code, r.name or "", r.effective_from, money(r.price_minor)) for r in page.rows
    ]
    return rows, page.total, page.next_after


def _users(asked: Asked) -> Found:
    page = lists.users(asked.database.engine, asked.search, asked.limit, asked.after)
    rows: list[Row] = [(r.code, r.name, r.role, _yes(r.is_active)) for r in page.rows]
    return rows, page.total, page.next_after


def _roles(asked: Asked) -> Found:
    page = lists.roles(asked.database.engine, asked.search, asked.limit, asked.after)
    return [(r.code, r.name, r.rights) for r in page.rows], page.total, page.next_after


def _promotions(asked: Asked) -> Found:
    page = lists.promotions(asked.database.engine, asked.search, asked.limit, asked.after)
    rows: list[Row] = [
        (r.code, r.name, r.starts_on, r.ends_on, f"{r.items:,}", _yes(r.is_active))
        for r in page.rows
    ]
    return rows, page.total, page.next_after


def _policies(asked: Asked) -> Found:
    page = lists.policies(asked.database.engine, asked.search, asked.limit, asked.after)
    rows: list[Row] = [(r.site_code or _EVERY_STORE, r.code, r.name, r.value) for r in page.rows]
    return rows, page.total, page.next_after


def _modes(asked: Asked) -> Found:
    page = lists.modes_of_payment(asked.database.engine, asked.search, asked.limit, asked.after)
    rows: list[Row] = [(r.code, r.name, r.kind, _yes(r.is_active)) for r in page.rows]
    return rows, page.total, page.next_after


def _customers(asked: Asked) -> Found:
    page = lists.customers(asked.database.engine, asked.search, asked.limit, asked.after)
    rows: list[Row] = [(r.id, r.name, r.phone, r.town, r.changed_at) for r in page.rows]
    return rows, page.total, page.next_after


@dataclass(frozen=True, slots=True)
class _List:
    table: str
    columns: tuple[str, ...]
    read: Callable[[Asked], Found]
    numbers: Sequence[int] = ()


_LISTS: dict[str, _List] = {
    "My Store": _List("site", ("What", "Value"), _my_store),
    "Item Master": _List(
        "item",
        ("Code", "Name", "Department", "Brand", "Barcode", "MRP", "Price", "Price since"),
        _items,
        (5, 6),
    ),
    "Item Price Management": _List("item_price", ("Item", "Name", "From", "Price"), _prices, (3,)),
    "Users": _List("app_user", ("Code", "Name", "Role", "Active"), _users),
    "Roles": _List("role", ("Code", "Name", "Rights"), _roles),
    "Promotion": _List(
        "promotion", ("Code", "Name", "From", "To", "Items", "Active"), _promotions, (4,)
    ),
    "Policies": _List("master_policy", ("For", "Code", "Name", "Value"), _policies),
    "Mode of Payment": _List("mode_of_payment", ("Code", "Name", "Kind", "Active"), _modes),
    "Customers": _List("customer", ("Id", "Name", "Phone", "Town", "Changed"), _customers),
}


_EVERY_STORE = "All stores"
_KEYS: dict[str, tuple[int, ...]] = {
    "Item Master": (0,),
    "Item Price Management": (0, 2),
    "Users": (0,),
    "Roles": (0,),
    "Promotion": (0,),
    "Policies": (0, 1),
    "Mode of Payment": (0,),
    "Customers": (0,),
}
"""Which texts of a row are its record's key."""


def record_of(name: str, row: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """The table and the key of the record that a row of a list shows; None when it shows none."""
    places = _KEYS.get(name)
    if places is None or len(row) <= max(places):
        return None
    key = tuple(row[place] for place in places)
    if name == "Policies":
        return ("master_policy", key[1:]) if key[0] == _EVERY_STORE else ("site_policy", key)
    return _LISTS[name].table, key


def control_lists(database: Database) -> tuple[str, ...]:
    """The lists whose tables are the built-in ones of this database."""
    with database_faults(), database.connect() as connection:
        return tuple(name for name, one in _LISTS.items() if table_columns(connection, one.table))


def control_page(
    database: Database, site: str, name: str, search: str, after: str | None, limit: int
) -> ControlPage:
    """One page of a list, as texts. Raises UnknownSite-like KnownError for a list there is not."""
    one = _LISTS.get(name)
    if one is None:
        raise UnknownSite(f"There is no list called {name!r}.", "Choose one of the lists shown.")
    key = tuple(json.loads(after)) if after else ()
    asked = Asked(database, site, search, key, limit, date.today())  # noqa: DTZ011
    with database_faults():
        rows, total, following = one.read(asked)
    columns = tuple(ControlColumn(c, place in one.numbers) for place, c in enumerate(one.columns))
    return ControlPage(
        columns, tuple(rows), total, json.dumps(following) if following is not None else None
    )
