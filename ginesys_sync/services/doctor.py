"""`doctor`: looks through home, database, plan, disk and connection, and says what to do about
what it finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.plan import Entity, captured_by
from ginesys_sync.core.settings import open_home
from ginesys_sync.services.connection import check_connection
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.services.words import needs_words
from ginesys_sync.services.worker import is_service_running
from ginesys_sync.store import capture, grids, tables
from ginesys_sync.store.database import Connection, database_faults
from ginesys_sync.store.fitting import fitted_plan

_ROOM_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    is_good: bool
    what: str
    advice: str = ""


def examine(folder: Path) -> list[Finding]:
    """Everything there is to look at; stops where nothing further can be looked at."""
    return list(_examined(folder))


def _examined(folder: Path) -> Iterator[Finding]:
    try:
        home = open_home(folder)
        home.key()
        yield Finding(True, f"Home of {home.settings.site}, with its key.")
        free = shutil.disk_usage(folder).free
        yield Finding(
            free > _ROOM_BYTES,
            f"{free // 1_000_000:,} MB free on the disk of the home.",
            "" if free > _ROOM_BYTES else "Free some space: less than 1 GB is left.",
        )
        with opened_site(folder) as site, site.database.connect() as connection, database_faults():
            yield Finding(True, f"Database opened, {site.database.size() // 1000:,} kB.")
            yield from _plan_findings(connection, site)
            yield _attention(connection)
    except KnownError as fault:
        yield Finding(False, fault.title, fault.advice)
        return
    running = is_service_running(folder)
    words = "The service is running." if running else "The service is not running."
    yield Finding(
        True, words, "" if running else "A window starts it; or run `ginesys-sync service`."
    )
    found = check_connection(folder)
    yield Finding(found.is_good, found.title, found.advice)


def _plan_findings(connection: Connection, site: OpenSite) -> Iterator[Finding]:
    plan = site.plan
    try:
        fitted_plan(connection, plan, site.is_head_office)
    except KnownError as fault:
        yield Finding(False, fault.title, fault.advice)
        return
    yield Finding(True, f"Plan {plan.name}, version {plan.version}, fits this database.")
    captured = [e for e in plan.entities if captured_by(e, site.is_head_office)]
    missing = [
        entity.many
        for entity in captured
        if not capture.has_triggers(connection, entity, site.is_head_office)
    ]
    if missing:
        yield Finding(
            False,
            f"Changes of {', '.join(missing)} are not noted: triggers are missing.",
            "Another program has dropped them. Run `ginesys-sync init` for this database again.",
        )
    else:
        yield Finding(True, "Every change is noted: all triggers are in place.")
    for entity in captured:
        yield from _rows_without_key(connection, entity)
        yield from _unnoted_evictions(connection, entity, site.is_head_office)
    for entity in plan.entities:
        yield from _slow_children(connection, entity)


def _rows_without_key(connection: Connection, entity: Entity) -> Iterator[Finding]:
    for table in entity.tables:
        columns = tuple(dict.fromkeys((*table.key, *table.root)))
        count = tables.count_null(connection, table.name, columns)
        if count:
            yield Finding(
                False,
                f"{count:,} {'row' if count == 1 else 'rows'} of {table.name} "
                f"{'has' if count == 1 else 'have'} no value in {' or '.join(columns)} and "
                f"{'is' if count == 1 else 'are'} never sent.",
                "A record is found again by its key: fill it in, or delete what is not needed.",
            )


def _unnoted_evictions(
    connection: Connection, entity: Entity, is_head_office: bool
) -> Iterator[Finding]:
    for table, index in capture.unguarded_indexes(connection, entity, is_head_office):
        yield Finding(
            False,
            f"{table} has a unique index over an expression, {index}: a row that INSERT OR REPLACE "
            "evicts by it is not noted, and stays at the other sites.",
            "Let your programs delete such a row in so many words, or keep the expression in a "
            "generated column and make the index over that.",
        )


def _slow_children(connection: Connection, entity: Entity) -> Iterator[Finding]:
    for child in entity.children:
        if not tables.is_indexed(connection, child.name, child.root):
            yield Finding(
                False,
                f"{child.name} has no index that begins with {', '.join(child.root)}.",
                "Add one: without it, every sealed record reads the whole table.",
            )


def _attention(connection: Connection) -> Finding:
    count = grids.count_attention(connection)
    if not count:
        return Finding(True, "No record needs attention.")
    return Finding(
        False,
        f"{needs_words(count, grids.count_questions(connection))}.",
        "`ginesys-sync status --attention` lists them with reasons.",
    )
