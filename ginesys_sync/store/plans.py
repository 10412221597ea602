"""The plan as it stands in the database, and what installing another one does."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ginesys_sync.core.errors import DatabaseUnusable
from ginesys_sync.core.plan import Plan, captured_by, parse_plan, plan_document, with_own_entities
from ginesys_sync.store import schema
from ginesys_sync.store.capture import fitted_plan, install_capture
from ginesys_sync.store.database import read_state, write_state

_INSTALLED = "plan_installed"


def newest_plan(connection: Connection) -> Plan:
    """The chain's plan with the highest version this database has."""
    row = connection.execute(
        select(schema.plan).order_by(schema.plan.c.version.desc()).limit(1)
    ).first()
    if row is None:
        raise DatabaseUnusable(
            "This database has no plan that says what to sync.",
            "Run `ginesys-sync init` for it again.",
        )
    return parse_plan(row.document)


def installed_version(connection: Connection) -> int:
    """The version whose triggers are in place; 0 when none is."""
    return int(read_state(connection, _INSTALLED) or 0)


def forget_installed(connection: Connection) -> None:
    """Streams begin anew: the next installation notes every record again."""
    write_state(connection, _INSTALLED, "0")


def install_plan(connection: Connection, plan: Plan, is_head_office: bool) -> Plan:
    """Inside the caller's transaction: keep the plan, make its triggers, and note every record of
    the entities that are new or changed. Returns the plan as the engine runs it. Raises PlanUnfit
    before anything is changed.
    """
    fitted = fitted_plan(connection, plan)
    before = _entities_before(connection)
    document = plan_document(fitted)
    running = with_own_entities(fitted)
    note = frozenset(
        entity.name
        for entity in running.entities
        if captured_by(entity, is_head_office) and before.get(entity.name) != entity
    )
    install_capture(connection, running, is_head_office, note)
    connection.exec_driver_sql(
        "INSERT INTO sync_plan(version, document) VALUES (?, ?) "
        "ON CONFLICT(version) DO UPDATE SET document = excluded.document",
        (fitted.version, document),
    )
    write_state(connection, _INSTALLED, str(fitted.version))
    return running


def _entities_before(connection: Connection) -> dict[str, object]:
    if not installed_version(connection):
        return {}
    return {entity.name: entity for entity in with_own_entities(newest_plan(connection)).entities}
