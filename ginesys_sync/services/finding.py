"""Finding a record by what a person calls it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ginesys_sync.core.model import Key, key_text
from ginesys_sync.core.plan import PLAN_ENTITY, SITE_ENTITY, Entity, Plan, with_own_entities
from ginesys_sync.services.journey_views import Candidate, Found
from ginesys_sync.services.journey_words import capital
from ginesys_sync.services.site import OpenSite
from ginesys_sync.store import finding
from ginesys_sync.store.database import Connection, database_faults, snapshot
from ginesys_sync.store.plans import present_plan

MOST_CANDIDATES = 50
_LONGEST = 200
_FIND_SECONDS = 1.0
Ticks = Callable[[], float]


def find(site: OpenSite, text: str, ticks: Ticks = time.monotonic) -> Found:
    """Records that a person may mean by `text`, best first: at most MOST_CANDIDATES, within about a
    second whatever the tables hold."""
    wanted = _clean(text)
    if not wanted:
        return Found((), True)
    began = ticks()
    with reading(site) as (connection, plan):
        # The sync's own lists of sites and plans are records as well, but nobody asks for them.
        known = [e for e in plan.in_order() if e.name not in (SITE_ENTITY.name, PLAN_ENTITY.name)]
        hits, is_complete = finding.find(
            connection,
            known,
            finding.Wanted(wanted, site.code, MOST_CANDIDATES),
            lambda share: ticks() - began > share * _FIND_SECONDS,
        )
        found = tuple(_candidate(plan, hit) for hit in hits[:MOST_CANDIDATES])
        return Found(found, is_complete and len(hits) <= MOST_CANDIDATES)


def _clean(text: str) -> str:
    """What can be looked for: no line ends, no signs that cannot be seen or stored, not too
    long."""
    text = text.encode("utf-8", "ignore").decode()
    shown = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * _LONGEST])
    return " ".join(shown.split())[:_LONGEST].strip()


def record_named(site: OpenSite, entity: str, text: str) -> Candidate | None:
    """The record of that kind whose key reads exactly `text`; None when nothing here knows it."""
    with reading(site) as (connection, plan):
        kind = plan.entity(entity)
        ways = finding.splits(text, len(kind.key))
        for pieces in ways:
            for hit in finding.named(connection, kind, pieces):
                if key_text(hit.key) == text:
                    return _candidate(plan, hit)
        return _unknown(kind, ways[0]) if ways else None


def control_record(site: OpenSite, table: str, pieces: Sequence[str]) -> Candidate | None:
    """The record that a row of a HO Control list shows; None when the plan does not sync it."""
    with reading(site) as (connection, plan):
        kind = next((entity for entity in plan.entities if entity.root.name == table), None)
        if kind is None or len(pieces) != len(kind.key):
            return None
        hit = next(iter(finding.named(connection, kind, pieces)), None)
        return _unknown(kind, pieces) if hit is None else _candidate(plan, hit)


def _candidate(plan: Plan, hit: finding.Hit) -> Candidate:
    kind = plan.entity(hit.entity)
    return Candidate(
        hit.entity, capital(kind.one), hit.key, key_text(hit.key), hit.label, hit.is_gone
    )


def _unknown(kind: Entity, pieces: Sequence[str]) -> Candidate:
    """A record that a batch told of and that neither table nor books have."""
    key: Key = tuple(pieces)
    return Candidate(kind.name, capital(kind.one), key, key_text(key), "", True)


@contextmanager
def reading(site: OpenSite) -> Iterator[tuple[Connection, Plan]]:
    """A connection for this question alone, in one snapshot: it may take long and be cut short."""
    with (
        site.database.connect() as connection,
        database_faults(),
        snapshot(connection),
    ):
        yield connection, with_own_entities(present_plan(connection))
