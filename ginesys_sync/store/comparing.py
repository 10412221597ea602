"""Comparing what two databases hold: the SHA-256 of a table's sorted rows, or of the part that one
site should have.
"""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection

from ginesys_sync.core.plan import Entity, Owner, Rule, Table
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import equal, listed, parts
from ginesys_sync.wire.body import quoted


def table_hash(connection: Connection, entity: Entity, table: Table, site: str) -> str:
    """The hash of a table's rows in key order, each value with its type. With `site` (at head
    office): only rows of records that are the site's own or that it was last sent.
    """
    digest = sha256()
    values = ", ".join(f"CAST(quote(t.{quoted(column)}) AS BLOB)" for column in table.columns)
    where, parameters = _meant(entity, table, site)
    rows = raw(connection).execute(
        f"SELECT {values} FROM {quoted(table.name)} t {where} ORDER BY {listed(table.key, 't')}",
        parameters,
    )
    for row in rows:
        digest.update(b"\x1f".join(row))
        digest.update(b"\x1e")
    return digest.hexdigest()


def _meant(entity: Entity, table: Table, site: str) -> tuple[str, tuple[str, ...]]:
    if not site or (entity.owner is Owner.SITE and not entity.site_column):
        return "", ()
    if entity.owner is Owner.SITE:
        link = equal("o", entity.key, "t", table.root)
        return (
            f"WHERE EXISTS (SELECT 1 FROM {quoted(entity.root.name)} o WHERE {link} "
            f"AND o.{quoted(entity.site_column)} = ?)",
            (site,),
        )
    if entity.audience.rule is Rule.ALL:
        return "", ()
    width = parts(len(entity.key))
    return (
        "WHERE EXISTS (SELECT 1 FROM sync_record s JOIN sync_audience_site m ON m.audience = "
        "s.audience "
        "WHERE s.entity = ? AND s.gone = 0 AND m.site = ? AND "
        f"{equal('s', width, 't', table.root)})",
        (entity.name, site),
    )
