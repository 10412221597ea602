"""The chain's sites as head office keeps them, what the Web Database says of them, and the first
loads they are due.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from ginesys_sync.core.model import Role, Site, SiteCode, SiteState, is_site_code
from ginesys_sync.core.plan import Owner, Plan, Rule
from ginesys_sync.store import schema
from ginesys_sync.store.capture import AUDIENCE_ONLY, note_all
from ginesys_sync.store.database import raw
from ginesys_sync.store.tables import table_columns
from ginesys_sync.wire.body import quoted


@dataclass(frozen=True, slots=True)
class Contact:
    """What the Web Database last said of a site."""

    site: str
    enrolled_at: str | None
    last_seen_at: str | None
    program: str
    plan_version: int
    run: int
    clock_ahead_seconds: int = 0


@dataclass(frozen=True, slots=True)
class BusinessSite:
    """A site as the business database lists it."""

    code: str
    name: str
    is_open: bool


def sites(connection: Connection) -> tuple[Site, ...]:
    """All sites of the chain, by code."""
    rows = raw(connection).execute(
        "SELECT code, name, role, state, groups FROM sync_site ORDER BY code"
    )
    return tuple(
        Site(
            SiteCode(code),
            name,
            Role(role),
            SiteState(state),
            tuple(group for group in groups.split(",") if group),
        )
        for code, name, role, state, groups in rows
    )


def write_site(connection: Connection, site: Site) -> None:
    """Add or change a site. Says nothing to the change log when nothing changed."""
    raw(connection).execute(
        "INSERT INTO sync_site(code, name, role, state, groups) VALUES (?,?,?,?,?) ON "
        "CONFLICT(code) DO UPDATE SET "
        "name = excluded.name, role = excluded.role, state = excluded.state, groups = "
        "excluded.groups "
        "WHERE name <> excluded.name OR role <> excluded.role OR state <> excluded.state OR "
        "groups <> excluded.groups",
        (site.code, site.name, site.role.value, site.state.value, ",".join(site.groups)),
    )


def business_sites(connection: Connection, plan: Plan) -> dict[str, BusinessSite]:
    """The sites that the business database itself lists, if the plan says where."""
    source = plan.sites
    if source is None or not table_columns(connection, source.table):
        return {}
    is_open = quoted(source.is_open) if source.is_open else "1"
    rows = raw(connection).execute(
        f"SELECT CAST({quoted(source.code)} AS TEXT), CAST({quoted(source.name)} AS TEXT), "
        f"{is_open} FROM {quoted(source.table)}"
    )
    return {
        code: BusinessSite(code, name or "", bool(opened))
        for code, name, opened in rows
        if code and is_site_code(code)
    }


def business_groups(connection: Connection, plan: Plan) -> dict[str, tuple[str, ...]] | None:
    """Which groups each site is in, sorted, by the business database's own list; None when the plan
    knows of none. Who gets what is found by the codes as they stand there: these are for people and
    for seeing a change, so that a code may be mended to fit a list joined by commas.
    """
    source = plan.groups
    if source is None or not table_columns(connection, source.table):
        return None
    found: dict[str, set[str]] = {}
    rows = raw(connection).execute(
        f"SELECT CAST({quoted(source.group)} AS TEXT), CAST({quoted(source.site)} AS TEXT) "
        f"FROM {quoted(source.table)}"
    )
    for group, site in rows:
        if group and site:
            found.setdefault(site, set()).add(group.replace(",", ";"))
    return {site: tuple(sorted(groups)) for site, groups in found.items()}


def contacts(connection: Connection) -> dict[str, Contact]:
    """What the Web Database last said, by site."""
    rows = connection.execute(select(schema.contact))
    return {row.site: Contact(*row) for row in rows}


def write_contact(connection: Connection, contact: Contact) -> None:
    """Keep what the Web Database says of a site."""
    raw(connection).execute(
        "INSERT INTO sync_contact(site, enrolled_at, last_seen_at, program, plan_version, "
        "run, clock_ahead_seconds) VALUES (?,?,?,?,?,?,?) "
        "ON CONFLICT(site) DO UPDATE SET enrolled_at = excluded.enrolled_at, last_seen_at = "
        "excluded.last_seen_at, "
        "program = excluded.program, plan_version = excluded.plan_version, run = excluded.run, "
        "clock_ahead_seconds = excluded.clock_ahead_seconds",
        (
            contact.site,
            contact.enrolled_at,
            contact.last_seen_at,
            contact.program,
            contact.plan_version,
            contact.run,
            contact.clock_ahead_seconds,
        ),
    )


def note_audiences(connection: Connection, plan: Plan) -> None:
    """Sites or groups have changed: have every audience that is not *all* computed again."""
    for entity in plan.in_order():
        if entity.owner is not Owner.SITE and entity.audience.rule is not Rule.ALL:
            note_all(connection, entity, AUDIENCE_ONLY)
