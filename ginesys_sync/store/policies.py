"""What head office lays down for the sync of its stores, and what a site keeps for itself alone."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from ginesys_sync.store import schema
from ginesys_sync.store.database import read_state, write_state

_OWN = "policy_"


def own_policy(connection: Connection, name: str) -> str | None:
    """What this site keeps for itself under a name."""
    return read_state(connection, _OWN + name)


def master_policy(connection: Connection, name: str) -> str | None:
    """What holds for all stores."""
    return connection.execute(
        select(schema.master_policy.c.value).where(schema.master_policy.c.name == name)
    ).scalar()


def site_policy(connection: Connection, site: str, name: str) -> str | None:
    """What holds for one store; it wins over the master policy."""
    columns = schema.site_policy.c
    return connection.execute(
        select(columns.value).where(columns.site == site, columns.name == name)
    ).scalar()


def site_policies(connection: Connection, name: str) -> dict[str, str]:
    """The stores that have a policy of their own under a name."""
    columns = schema.site_policy.c
    rows = connection.execute(select(columns.site, columns.value).where(columns.name == name))
    return {row.site: row.value for row in rows}


def write_own_policy(connection: Connection, name: str, value: str) -> None:
    """Inside the caller's transaction. An empty value takes it back."""
    write_state(connection, _OWN + name, value)


def write_master_policy(connection: Connection, name: str, value: str) -> None:
    """Inside the caller's transaction. An empty value takes it back."""
    table = schema.master_policy
    connection.execute(delete(table).where(table.c.name == name))
    if value:
        connection.execute(table.insert().values(name=name, value=value))


def write_site_policy(connection: Connection, site: str, name: str, value: str) -> None:
    """Inside the caller's transaction. An empty value takes it back."""
    table = schema.site_policy
    connection.execute(delete(table).where(table.c.site == site, table.c.name == name))
    if value:
        connection.execute(table.insert().values(site=site, name=name, value=value))
