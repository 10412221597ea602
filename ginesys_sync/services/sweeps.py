"""What a store asks before much is deleted (there, after a full load that left out much; at head
office, before many deletions of its own are sent), as head office answers it for that store.
`services.questions` answers at the site itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ginesys_sync.core.errors import NotPossible
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.control_views import ANSWERED, DELETES_ANSWERED
from ginesys_sync.services.rights import require_head_office
from ginesys_sync.services.site import opened_site
from ginesys_sync.store import answers, deleting, parking, sweeping
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.grids import AttentionLine

_ANSWERED = {sweeping.ASKS: ANSWERED, deleting.ASKS: DELETES_ANSWERED}
_GOES = {sweeping.ASKS: sweeping.SWEEP, deleting.ASKS: deleting.GO}
_KEEP = deleting.KEEP


def answer_for(
    folder: Path, store: str, entity: str, asked_at: str, *, may_go: bool, reason: str = ""
) -> None:
    """Head office's answer to what a store is asked: it travels with the next sync, as a policy of
    that store, and holds for this question alone. Raises KnownError when the store has not said
    that it is asked."""
    with opened_site(folder) as site, site.database.connect() as connection:
        require_head_office(site, "answer for a store")
        code = parking.told_code(connection, store, entity, asked_at)
        if code not in _ANSWERED:
            raise NotPossible(
                f"{store} is not asked about that any more.", "There is nothing to answer."
            )
        with transaction(connection):
            word = _GOES[code] if may_go else _KEEP
            answers.answer_for(connection, code, store, entity, asked_at, word)
            said = "go" if may_go else "keep"
            note_action(connection, f"answered: {said}", f"{entity} at {store}", reason)


def with_answers(
    connection: Connection, me: str, lines: Sequence[AttentionLine]
) -> list[AttentionLine]:
    """The lines, where a store asks and head office has answered saying so."""
    return [
        _with_answer(connection, line) if line.code in _ANSWERED and line.site != me else line
        for line in lines
    ]


def said_for(connection: Connection, code: str, store: str, entity: str, asked_at: str) -> str:
    """`go` or `keep`, as head office has answered this question of a store; empty: not yet."""
    words = {_GOES[code]: "go", _KEEP: "keep"}
    said = answers.answered_for(connection, code, store, entity, asked_at, words)
    return words.get(said, "")


def _with_answer(connection: Connection, line: AttentionLine) -> AttentionLine:
    answer = said_for(connection, line.code, line.site, line.entity, line.key)
    if not answer:
        return line
    verb = "go" if answer == "go" else "stay"
    said = f"Head office has answered: they {verb}. {line.site} hears of it when it syncs."
    return replace(line, code=_ANSWERED[line.code], reason=f"{line.reason} {said}")
