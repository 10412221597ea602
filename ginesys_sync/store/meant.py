"""SQL for whether a record stands here, and for which stores it is meant."""

from __future__ import annotations

from ginesys_sync.core.plan import Entity, Plan, Rule
from ginesys_sync.store.keys import equal, parts
from ginesys_sync.wire.body import quoted


def members_sql(plan: Plan, entity: Entity) -> str:
    """SQL for the canonical list of the active (or blocked) stores that record `r` (its key in
    k1 …) is for, by a rule that is not *all*; NULL for none.
    """
    found = _sites(plan, entity)
    return (
        "(SELECT group_concat(site, ',') FROM (SELECT DISTINCT CAST(site AS TEXT) AS "
        f"site FROM ({found}) "
        "WHERE site IN (SELECT code FROM main.sync_site WHERE role = 'store' AND state IN "
        "('active', 'blocked')) ORDER BY 1))"
    )


def is_meant(plan: Plan, entity: Entity) -> str:
    """SQL: whether record `r` (its key in k1 …) is for the store `:site`, by a rule that is not
    *all*."""
    return f"EXISTS (SELECT 1 FROM ({_sites(plan, entity)}) WHERE CAST(site AS TEXT) = :site)"


def _sites(plan: Plan, entity: Entity) -> str:
    rule = entity.audience
    if rule.rule is Rule.COLUMN:
        table, link = entity.root.name, entity.key
    else:
        table, link = rule.table, rule.columns
    found = (
        f"SELECT t.{quoted(rule.site)} AS site FROM main.{quoted(table)} t "
        f"WHERE {equal('t', link, 'r', parts(len(entity.key)))}"
    )
    return _expanded(plan, found) if rule.rule is Rule.GROUPS else found


def _expanded(plan: Plan, found: str) -> str:
    source = plan.groups
    if source is None:
        return "SELECT NULL AS site WHERE 0"
    return (
        f"SELECT m.{quoted(source.site)} AS site FROM main.{quoted(source.table)} m "
        f"WHERE m.{quoted(source.group)} IN (SELECT site FROM ({found}))"
    )


def is_here(entity: Entity, record: str = "r") -> str:
    """SQL: whether a record (its key in k1 …) stands in its table."""
    here = equal("t", entity.key, record, parts(len(entity.key)))
    return f"EXISTS (SELECT 1 FROM main.{quoted(entity.root.name)} t WHERE {here})"
