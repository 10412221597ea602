"""What a store is asked after a full load that left out much, as head office answers it for that
store. `services.questions` answers at the site itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ginesys_sync.core.errors import NotPossible
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.control_views import ANSWERED
from ginesys_sync.services.rights import require_head_office
from ginesys_sync.services.site import opened_site
from ginesys_sync.store import parking, sweeping
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.grids import AttentionLine


def answer_for(
    folder: Path, store: str, entity: str, asked_at: str, *, may_go: bool, reason: str = ""
) -> None:
    """Head office's answer to what a store is asked: it travels with the next sync, as a policy of
    that store, and holds for this question alone. Raises KnownError when the store has not said
    that it is asked."""
    with opened_site(folder) as site, site.database.connect() as connection:
        require_head_office(site, "answer for a store")
        if not parking.told_like(connection, store, entity, asked_at):
            raise NotPossible(
                f"{store} is not asked about that any more.", "There is nothing to answer."
            )
        word = sweeping.SWEEP if may_go else sweeping.KEEP
        with transaction(connection):
            sweeping.answer_for(connection, store, entity, asked_at, word)
            said = "go" if may_go else "keep"
            note_action(connection, f"answered: {said}", f"{entity} at {store}", reason)


def with_answers(
    connection: Connection, me: str, lines: Sequence[AttentionLine]
) -> list[AttentionLine]:
    """The lines, where a store asks and head office has answered saying so."""
    return [
        _with_answer(connection, line) if line.code == sweeping.ASKS and line.site != me else line
        for line in lines
    ]


def _with_answer(connection: Connection, line: AttentionLine) -> AttentionLine:
    answer = sweeping.answered_for(connection, line.site, line.entity, line.key)
    if not answer:
        return line
    verb = "go" if answer == sweeping.SWEEP else "stay"
    said = f"Head office has answered: they {verb}. {line.site} hears of it when it syncs."
    return replace(line, code=ANSWERED, reason=f"{line.reason} {said}")
