"""The plan as it stands in the database, and what installing another one does.

`sync_plan` holds the versions as they travel; the plan in place, whose triggers are there, is
remembered apart, because a newer one may have come that does not fit this database.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from ginesys_sync.core.errors import DatabaseUnusable
from ginesys_sync.core.plan import Entity, Plan, captured_by, with_own_entities
from ginesys_sync.core.plan_text import parse_plan, plan_document
from ginesys_sync.store import schema
from ginesys_sync.store.capture import CAPTURE_VERSION, install_capture
from ginesys_sync.store.database import SCHEMA_VERSION, read_state, write_state
from ginesys_sync.store.fitting import fitted_plan

_IN_PLACE = "plan_in_place"
_CAPTURE_MADE_BY = "capture_made_by"
_MAKER = f"{SCHEMA_VERSION}/{CAPTURE_VERSION}"
"""Whose triggers stand in a database: they differ with the sync's own tables, and by themselves."""


def present_plan(connection: Connection) -> Plan:
    """The plan this database works by. Raises DatabaseUnusable when it has none."""
    document = read_state(connection, _IN_PLACE)
    if not document:
        raise DatabaseUnusable(
            "This database has no plan that says what to sync.",
            "Run `ginesys-sync init` for it again.",
        )
    return parse_plan(document)


def arrived_plan(connection: Connection) -> Plan | None:
    """A plan that has come and is not in place yet, or the present one when its triggers were made
    by an older program. Raises PlanUnfit when it is malformed.
    """
    row = connection.execute(
        select(schema.plan).order_by(schema.plan.c.version.desc()).limit(1)
    ).first()
    is_current = read_state(connection, _CAPTURE_MADE_BY) == _MAKER
    if row is None or (is_current and row.document == read_state(connection, _IN_PLACE)):
        return None
    return parse_plan(row.document)


def plan_at(connection: Connection, version: int) -> Plan | None:
    """An earlier (or later) version of the plan with the sync's own entities; None when this
    database does not have it.
    """
    document = connection.execute(
        select(schema.plan.c.document).where(schema.plan.c.version == version)
    ).scalar()
    return None if document is None else with_own_entities(parse_plan(document))


def forget_installed(connection: Connection) -> None:
    """Streams begin anew: the next installation notes every record again."""
    write_state(connection, _IN_PLACE, "")


def install_plan(
    connection: Connection, plan: Plan, is_head_office: bool, *, notes_existing: bool = True
) -> Plan:
    """Inside the caller's transaction: keep the plan, make its triggers, and note every record of
    the entities that are new or changed (a rehearsal spares that). Returns the plan as the engine
    runs it. Raises PlanUnfit before anything is changed.
    """
    fitted = fitted_plan(connection, plan, is_head_office)
    before = _entities_before(connection)
    document = plan_document(fitted)
    parse_plan(document)  # what was filled in must be readable where it arrives, too
    running = with_own_entities(fitted)
    note = frozenset(
        entity.name
        for entity in running.entities
        if notes_existing
        and captured_by(entity, is_head_office)
        and before.get(entity.name) != entity.as_it_travels
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
    return {entity.name: entity.as_it_travels for entity in present.entities}


def _forget_dropped(connection: Connection, plan: Plan) -> None:
    """What is parked of an entity that syncs no more waits for nothing."""
    known = [entity.name for entity in plan.entities]
    connection.execute(schema.parked.delete().where(schema.parked.c.entity.not_in(known)))
