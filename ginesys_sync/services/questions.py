"""What the sync asks a person before much is deleted: here, after a full load that left out much;
at the others, before many deletions are sent. Nothing of it goes until somebody has answered.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ginesys_sync.core.clock import Clock
from ginesys_sync.core.errors import KnownError, NotPossible
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.plan import Entity, Plan
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.blocking import Done
from ginesys_sync.services.deciding_views import Question
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.words import moment
from ginesys_sync.store import deleting, sweeping
from ginesys_sync.store.database import Connection, transaction


def questions_of(connection: Connection, plan: Plan) -> tuple[Question, ...]:
    """What is asked at a site."""
    known = {entity.name: entity for entity in plan.entities}
    found = [
        _of_load(known[each.entity], each)
        for each in sweeping.questions(connection)
        if each.entity in known
    ]
    for each in deleting.deletion_questions(connection):
        if each.entity in known:
            found.append(_of_deletion(known[each.entity], each))
    return tuple(found)


def _of_load(entity: Entity, asked: sweeping.Question) -> Question:
    answers = {sweeping.SWEEP: "go", sweeping.KEEP: "keep"}
    return Question(
        entity.name,
        entity.many,
        asked.extra,
        asked.total,
        (),
        moment(asked.asked_at),
        answers.get(asked.answer, ""),
        True,
        True,
        f"{asked.extra:,} of the {asked.total:,} {entity.many} here are not in head office's full "
        "load. They are kept until someone says whether they should go.",
    )


def _of_deletion(entity: Entity, asked: deleting.DeletionQuestion) -> Question:
    return Question(
        entity.name,
        entity.many,
        asked.gone,
        asked.total,
        asked.sites,
        moment(asked.asked_at),
        "" if asked.answer == deleting.ASKED else asked.answer,
        False,
        not asked.sites,
        asked.words,
    )


def questions(folder: Path) -> tuple[Question, ...]:
    """What is asked at the site of a home. Raises KnownError."""
    with opened_site(folder) as site, site.database.connect() as connection:
        return questions_of(connection, site.plan)


def answer(
    folder: Path, entity: str, *, may_go: bool, reason: str = "", clock: Clock | None = None
) -> Done:
    """Answer what is asked of a kind of record, by its name or its shop name: the next sync does
    it. Raises KnownError when nothing is asked, NotPossible when a word cannot keep them.
    """
    with opened_site(folder) as site, site.database.connect() as connection:
        names = (entity, entity.casefold())
        asked = [
            each
            for each in questions_of(connection, site.plan)
            if each.entity in names or each.many.casefold() in names
        ]
        if not asked:
            raise KnownError(
                f"Nothing is asked about {entity!r} here.",
                "`ginesys-sync status --attention` lists what is.",
            )
        one = asked[0]
        if not may_go and not one.can_keep:
            raise NotPossible(
                f"{one.many.capitalize()} that stores have and that are not meant for them cannot "
                "be kept by a word.",
                "Have them meant for those stores again: then nothing is deleted there, and the "
                "question ends by itself.",
            )
        word = "go" if may_go else "keep"
        with transaction(connection):
            _keep_answer(connection, one, may_go)
            note_action(connection, f"answered: {word}", one.entity, reason, clock)
        return Done(*_said(one, may_go, site.code))


def _keep_answer(connection: Connection, one: Question, may_go: bool) -> None:
    if one.is_of_load:
        for each in sweeping.questions(connection):
            if each.entity == one.entity:
                word = sweeping.SWEEP if may_go else sweeping.KEEP
                sweeping.ask(connection, replace(each, answer=word))
        return
    for question in deleting.deletion_questions(connection):
        if question.entity == one.entity:
            word = deleting.GO if may_go else deleting.KEEP
            deleting.ask(connection, replace(question, answer=word))


def _said(one: Question, may_go: bool, site: str) -> tuple[str, str]:
    """What was done, and what comes next."""
    if may_go:
        return "They go with the next sync.", ""
    if one.is_of_load:
        return "They stay.", ""
    there = "at the stores" if site == HEAD_OFFICE else "at head office"
    return (
        f"They stay {there}, and are asked about no more.",
        f"Here they are still deleted: {one.many} that are entered again are sent as ever.",
    )
