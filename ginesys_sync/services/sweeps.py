"""What a store is asked after a full load that left out much: may it go, or is it to be kept?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.site import opened_site
from ginesys_sync.store import sweeping
from ginesys_sync.store.database import transaction


@dataclass(frozen=True, slots=True)
class SweepQuestion:
    """`extra` of the `total` records of a kind (its shop name is `many`) are not in head office's
    full load. `answer`: empty, or what a person said and the next sync does."""

    entity: str
    many: str
    extra: int
    total: int
    asked_at: str
    answer: str


def sweep_questions(folder: Path) -> tuple[SweepQuestion, ...]:
    """What is asked at the site of a home."""
    with opened_site(folder) as site, site.database.connect() as connection:
        many = {entity.name: entity.many for entity in site.plan.entities}
        return tuple(
            SweepQuestion(
                each.entity,
                many.get(each.entity, each.entity),
                each.extra,
                each.total,
                each.asked_at,
                "" if each.answer == sweeping.ASKED else each.answer,
            )
            for each in sweeping.questions(connection)
        )


def answer_sweep(folder: Path, entity: str, *, may_go: bool, reason: str = "") -> None:
    """Answer one question: the next sync lets the records go, or keeps them for good. Raises
    KnownError when nothing is asked of that kind."""
    with opened_site(folder) as site, site.database.connect() as connection:
        asked = {question.entity: question for question in sweeping.questions(connection)}
        if entity not in asked:
            raise KnownError(
                f"Nothing is asked about {entity!r} here.",
                "`ginesys-sync status --attention` lists what is.",
            )
        word = sweeping.SWEEP if may_go else sweeping.KEEP
        with transaction(connection):
            sweeping.ask(connection, replace(asked[entity], answer=word))
            note_action(connection, f"answered: {word}", entity, reason)
