"""Databases of the first version, with data in hand: today's, with what came later taken out.

What came later is read from the migrations themselves, so that the next one needs nothing here but
to be one of `ADD COLUMN`, `CREATE TABLE` or `CREATE INDEX`.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from ginesys_sync.relay.migrations.climb import climb
from ginesys_sync.store.migrations import versions

_ADDS = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+)")
_MAKES = re.compile(r"CREATE (TABLE|INDEX) (\w+)")
_FIRST = "0001"


def take_back_site(path: Path) -> None:
    """Make a site's database one of version 0001."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in reversed(_later_statements()):
            if added := _ADDS.search(statement):
                connection.execute(f"ALTER TABLE {added[1]} DROP COLUMN {added[2]}")
            elif made := _MAKES.search(statement):
                connection.execute(f"DROP {made[1]} {made[2]}")
        connection.execute("UPDATE sync_version SET version_num = ?", (_FIRST,))
        connection.execute("UPDATE sync_state SET value = '' WHERE name = 'capture_made_by'")


def _later_statements() -> list[str]:
    names = sorted(module.name for module in iter_modules(versions.__path__))
    later = [import_module(f"{versions.__name__}.{name}") for name in names[1:]]
    return [statement for module in later for statement in module.STATEMENTS]


def take_back_relay(path: Path) -> None:
    """Make a Web Database's database one of version 0001. It must not be served now."""
    old = path.with_name("first.sqlite3")
    climb(old, _FIRST)
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("ATTACH ? AS today", (str(path),))
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM main.sqlite_master WHERE type = 'table' AND "
                "name NOT IN ('relay_version') AND name NOT LIKE 'sqlite%'"
            )
        ]
        with connection:
            for name in reversed(names):
                connection.execute(f"DELETE FROM main.{name}")
            for name in names:
                _copy(connection, name)
            connection.execute(
                "UPDATE main.sites SET incarnation = (SELECT i.incarnation FROM today.incarnations "
                "i WHERE i.organisation = sites.organisation AND i.site = sites.site "
                "AND i.state = 'current')"
            )
        connection.execute("DETACH today")
    for end in ("-wal", "-shm", ""):
        path.with_name(path.name + end).unlink(missing_ok=True)
    for end in ("-wal", "-shm"):
        old.with_name(old.name + end).unlink(missing_ok=True)
    old.replace(path)


def _copy(connection: sqlite3.Connection, name: str) -> None:
    def columns(schema: str) -> list[str]:
        found = connection.execute(f"PRAGMA {schema}.table_info({name})").fetchall()
        return [row[1] for row in found]

    today = columns("today")
    kept = ", ".join(f'"{column}"' for column in columns("main") if column in today)
    connection.execute(f"INSERT INTO main.{name} ({kept}) SELECT {kept} FROM today.{name}")


def safety_copies(root: Path) -> list[str]:
    """What is wrong with the copies that a migration made first: whole, and of the old version."""
    wrong = []
    found = sorted(path for path in root.rglob("*.before-*") if path.name[-4:].isdigit())
    if not found:
        wrong.append("there is no safety copy")
    for path in found:
        with closing(sqlite3.connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            name = "relay_version" if path.name.startswith("relay") else "sync_version"
            (version,) = connection.execute(f"SELECT version_num FROM {name}").fetchone()
        if (verdict, version) != ("ok", _FIRST):
            wrong.append(f"the safety copy {path.name} is {verdict}, version {version}")
    return wrong
