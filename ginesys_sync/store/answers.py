"""What head office answers to a question of a store (`store.sweeping`, `store.deleting`): a policy
of that store, which holds for the question asked then and for no other.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from ginesys_sync.store import policies
from ginesys_sync.store.glance import ANSWERS


def answer_for(
    connection: Connection, code: str, site: str, entity: str, asked_at: str, answer: str
) -> None:
    """Inside the caller's transaction: answer the question that a store told of under `code`."""
    policies.write_site_policy(connection, site, ANSWERS[code] + entity, f"{asked_at} {answer}")


def answered_for(
    connection: Connection,
    code: str,
    site: str,
    entity: str,
    asked_at: str,
    words: Collection[str],
) -> str:
    """Which of the `words` head office answered to this question of a store; empty when none."""
    said = policies.site_policy(connection, site, ANSWERS[code] + entity) or ""
    at, _, answer = said.partition(" ")
    return answer if at == asked_at and answer in words else ""
