"""What head office does to its masters, and anybody to a customer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.engine import Connection

from ginesys_sync.core.clock import iso
from ginesys_sync.shop.errors import NotPossible
from ginesys_sync.shop.schema import app_user, customer, item, site, user_site
from ginesys_sync.shop.writing import Database, reading, writing

GOODS = "goods"
SERVICE = "service"


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item as it is entered; `mrp_minor` is the maximum retail price in minor units."""

    code: str
    name: str
    mrp_minor: int
    description: str = ""
    kind: str = GOODS
    barcode: str | None = None
    department: str = ""
    brand: str = ""
    unit: str = "pcs"
    tax_code: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer without the time of the last edit."""

    id: str
    name: str
    phone: str = ""
    email: str = ""
    town: str = ""
    country: str = ""


def add_item(database: Database, new: NewItem, *, at: datetime) -> None:
    """Add an active item. Raises NotPossible when its code is taken."""
    with writing(database) as connection:
        if connection.execute(select(item.c.code).where(item.c.code == new.code)).first():
            raise NotPossible(f"There is an item {new.code!r} already.", "Choose another code.")
        values = asdict(new) | {"is_active": 1, "changed_at": iso(at)}
        values["description"] = new.description or new.name
        connection.execute(insert(item).values(values))


def assign_user(database: Database, user_code: str, site_code: str) -> bool:
    """Let a user work at a site; False when that was so already.

    Raises NotPossible for an unknown user or site.
    """
    with writing(database) as connection:
        _need(connection, app_user, user_code, "user")
        _need(connection, site, site_code, "site")
        its_key = (user_site.c.user_code == user_code, user_site.c.site_code == site_code)
        if connection.execute(select(user_site).where(*its_key)).first():
            return False
        connection.execute(insert(user_site).values(user_code=user_code, site_code=site_code))
        return True


def unassign_user(database: Database, user_code: str, site_code: str) -> bool:
    """Take a user off a site; False when he was not there."""
    with writing(database) as connection:
        gone = connection.execute(
            delete(user_site).where(
                user_site.c.user_code == user_code, user_site.c.site_code == site_code
            )
        )
        return gone.rowcount > 0


def next_unassigned_user(database: Database, site_code: str) -> str | None:
    """The first active user, by code, who is not assigned to a site; None when all are."""
    here = select(user_site.c.user_code).where(user_site.c.site_code == site_code)
    with reading(database) as connection:
        return connection.execute(
            select(app_user.c.code)
            .where(app_user.c.is_active == 1, app_user.c.code.not_in(here))
            .order_by(app_user.c.code)
            .limit(1)
        ).scalar()


def edit_customer(database: Database, edited: Customer, *, at: datetime) -> None:
    """Store what a customer looks like now; a new id is a new customer."""
    with writing(database) as connection:
        values = asdict(edited) | {"changed_at": iso(at)}
        found = connection.execute(
            update(customer).where(customer.c.id == edited.id).values(values)
        )
        if not found.rowcount:
            connection.execute(insert(customer).values(values))


def get_customer(database: Database, customer_id: str) -> Customer:
    """A customer as this database has him. Raises NotPossible when it has not."""
    with reading(database) as connection:
        row = connection.execute(select(customer).where(customer.c.id == customer_id)).one_or_none()
    if row is None:
        raise NotPossible(f"There is no customer {customer_id!r}.", "Check the customer's number.")
    return Customer(row.id, row.name, row.phone, row.email, row.town, row.country)


def close_site(database: Database, site_code: str, *, at: datetime) -> None:
    """Mark a site closed for good. Raises NotPossible for an unknown one."""
    with writing(database) as connection:
        _need(connection, site, site_code, "site")
        connection.execute(
            update(site).where(site.c.code == site_code).values(is_open=0, changed_at=iso(at))
        )


def _need(connection: Connection, table: Table, code: str, what: str) -> None:
    if not connection.execute(select(table.c.code).where(table.c.code == code)).first():
        raise NotPossible(f"There is no {what} {code!r}.", f"Check the code of the {what}.")
