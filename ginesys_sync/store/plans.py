"""The plan as it stands in the database, and what installing another one does.

`sync_plan` holds the versions as they travel; the plan in place, whose triggers are there, is
remembered apart, because a newer one may have come that does not fit this database.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from ginesys_sync.core.errors import DatabaseUnusable, PlanUnfit
from ginesys_sync.core.own_names import OwnNames, names_document, parse_names, under_own_names
from ginesys_sync.core.plan import Entity, Plan, captured_by, with_own_entities
from ginesys_sync.core.plan_text import parse_plan, plan_document
from ginesys_sync.store import schema
from ginesys_sync.store.capture import CAPTURE_VERSION, install_capture
from ginesys_sync.store.database import SCHEMA_VERSION, raw, read_state, write_state
from ginesys_sync.store.fitting import fitted_plan
from ginesys_sync.store.identity import SITE

_IN_PLACE = "plan_in_place"
_OWN_NAMES = "own_names"
_CAPTURE_MADE_BY = "capture_made_by"
_MAKER = f"{SCHEMA_VERSION}/{CAPTURE_VERSION}"
"""Whose triggers stand in a database: they differ with the sync's own tables, and by themselves."""


def present_plan(connection: Connection) -> Plan:
    """The plan this database works by, under its own names. Raises DatabaseUnusable when it has
    none.
    """
    document = read_state(connection, _IN_PLACE)
    if not document:
        raise DatabaseUnusable(
            "This database has no plan that says what to sync.",
            "Run `ginesys-sync init` for it again.",
        )
    return _under_own_names(connection, parse_plan(document))


def own_names(connection: Connection) -> OwnNames:
    """What this database calls the plan's tables and columns otherwise."""
    return parse_names(read_state(connection, _OWN_NAMES) or "{}")


def keep_names(connection: Connection, names: OwnNames) -> None:
    """Inside the caller's transaction, which then installs the plan anew. Raises PlanUnfit when the
    books know records by keys of another width than these names give.
    """
    before = _entities_before(connection)
    write_state(connection, _OWN_NAMES, names_document(names))
    for name, entity in _entities_before(connection).items():
        if len(entity.key) != len(before[name].key):
            raise PlanUnfit(
                f"By this map of names, {entity.many} would have another key than they had so far.",
                "Leave the columns of the key as they were, or join with a database that was not "
                "in the chain before.",
            )


def _under_own_names(connection: Connection, plan: Plan) -> Plan:
    site = read_state(connection, SITE) or ""
    return under_own_names(plan, own_names(connection), site)


def arrived_plan(connection: Connection) -> Plan | None:
    """A plan that has come and is not in place yet, or the present one when its triggers were made
    by an older program: as the chain has it. Raises PlanUnfit when it is malformed.
    """
    newest = "SELECT document FROM sync_plan ORDER BY version DESC LIMIT 1"
    (document,) = raw(connection).execute(newest).fetchone() or (None,)
    is_current = read_state(connection, _CAPTURE_MADE_BY) == _MAKER
    if document is None or (is_current and document == read_state(connection, _IN_PLACE)):
        return None
    return parse_plan(document)


def plan_at(connection: Connection, version: int) -> Plan | None:
    """An earlier (or later) version of the plan with the sync's own entities, under this
    database's own names; None when this database does not have it.
    """
    document = connection.execute(
        select(schema.plan.c.document).where(schema.plan.c.version == version)
    ).scalar()
    if document is None:
        return None
    return with_own_entities(_under_own_names(connection, parse_plan(document)))


def forget_installed(connection: Connection) -> None:
    """Streams begin anew: the next installation notes every record again."""
    write_state(connection, _IN_PLACE, "")


def install_plan(
    connection: Connection, plan: Plan, is_head_office: bool, *, notes_existing: bool = True
) -> Plan:
    """Inside the caller's transaction: keep the plan (as the chain has it), make its triggers, and
    note every record of the entities that are new or changed (a rehearsal spares that). Returns the
    plan as the engine runs it. Raises PlanUnfit before anything is changed.
    """
    names = own_names(connection)
    fitted = fitted_plan(connection, _under_own_names(connection, plan), is_head_office, names)
    before = _entities_before(connection)
    document = plan_document(fitted.as_the_chain_has_it)
    parse_plan(document)  # what was filled in must be readable where it arrives, too
    running = with_own_entities(fitted)
    note = frozenset(
        entity.name
        for entity in running.entities
        if notes_existing
        and captured_by(entity, is_head_office)
        and _is_new(before.get(entity.name), entity)
    )
    install_capture(connection, running, is_head_office, note)
    _forget_dropped(connection, running)
    connection.exec_driver_sql(
        "INSERT INTO sync_plan(version, document) VALUES (?, ?) "
        "ON CONFLICT(version) DO UPDATE SET document = excluded.document",
        (fitted.version, document),
    )
    write_state(connection, _IN_PLACE, document)
    write_state(connection, _CAPTURE_MADE_BY, _MAKER)
    return running


def _entities_before(connection: Connection) -> dict[str, Entity]:
    if not read_state(connection, _IN_PLACE):
        return {}
    present = with_own_entities(present_plan(connection))
    return {entity.name: entity for entity in present.entities}


def _is_new(before: Entity | None, entity: Entity) -> bool:
    """Whether records of an entity travel otherwise than they did, or stand in other tables."""
    return (
        before is None
        or before.as_it_travels != entity.as_it_travels
        or before.tables != entity.tables
    )


def _forget_dropped(connection: Connection, plan: Plan) -> None:
    """What is parked of an entity that syncs no more waits for nothing."""
    known = [entity.name for entity in plan.entities]
    connection.execute(schema.parked.delete().where(schema.parked.c.entity.not_in(known)))
