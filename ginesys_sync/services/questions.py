"""What the sync asks a person before much is deleted: here, after a full load that left out much;
at the others, before many deletions are sent. Nothing of it goes until somebody has answered. Head
office sees what its stores ask, and answers for them (`services.sweeps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ginesys_sync.core.clock import Clock
from ginesys_sync.core.errors import KnownError, NotPossible
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.plan import Entity, Plan
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.blocking import Done
from ginesys_sync.services.deciding_views import Question
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.services.sweeps import answer_for, said_for
from ginesys_sync.services.words import moment
from ginesys_sync.store import attention, deleting, sweeping
from ginesys_sync.store.database import Connection, transaction

_NAMED = 5
LOAD, DELETIONS = "load", "deletions"
"""What a question can be about: what a full load left out, deletions that wait to be sent."""


def questions_of(connection: Connection, plan: Plan, me: str) -> tuple[Question, ...]:
    """What is asked at this site, `me`; at head office also what stores said they are asked."""
    known = {entity.name: entity for entity in plan.entities}
    found = [
        _of_load(me, known[each.entity], each)
        for each in sweeping.questions(connection)
        if each.entity in known
    ]
    for each in deleting.deletion_questions(connection):
        if each.entity in known:
            found.append(_of_deletion(me, known[each.entity], each))
    for told in attention.told_under(connection, (sweeping.ASKS, deleting.ASKS)):
        if told.entity in known:
            found.append(_of_store(connection, known[told.entity], told))
    return tuple(found)


def _of_store(connection: Connection, entity: Entity, told: attention.Told) -> Question:
    return Question(
        told.site,
        entity.name,
        entity.many,
        None,
        None,
        (),
        moment(told.key),
        said_for(connection, told.code, told.site, entity.name, told.key),
        told.code == sweeping.ASKS,
        True,
        told.reason,
    )


def _of_load(me: str, entity: Entity, asked: sweeping.Question) -> Question:
    answers = {sweeping.SWEEP: "go", sweeping.KEEP: "keep"}
    return Question(
        me,
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


def _of_deletion(me: str, entity: Entity, asked: deleting.DeletionQuestion) -> Question:
    return Question(
        me,
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
    """What is asked at the site of a home, and what its stores said they are asked. Raises
    KnownError."""
    with opened_site(folder) as site, site.database.connect() as connection:
        return questions_of(connection, site.plan, site.code)


def answer(
    folder: Path,
    entity: str,
    *,
    may_go: bool,
    at: str = "",
    about: str = "",
    asked_at: datetime | None = None,
    reason: str = "",
    clock: Clock | None = None,
) -> Done:
    """Answer what is asked of a kind of record, by its name or its shop name: the next sync does
    it. `at`: the site that asks, `about`: `LOAD` or `DELETIONS`; empty where only one thing is
    asked. `asked_at`: the question asked then and no later one. Raises KnownError when nothing is
    asked, NotPossible when several things are or a word cannot keep them.
    """
    with opened_site(folder) as site, site.database.connect() as connection:
        found = questions_of(connection, site.plan, site.code)
        asked = [each for each in found if asked_at in (None, each.asked_at)]
        one = _the_one(asked, entity, at, about)
        if one.site == site.code:
            return _answer_here(connection, site, one, may_go, reason, clock)
        told = attention.told_under(
            connection, (sweeping.ASKS if one.is_of_load else deleting.ASKS,)
        )
    key = next(each.key for each in told if (each.site, each.entity) == (one.site, one.entity))
    answer_for(folder, one.site, one.entity, key, may_go=may_go, reason=reason)
    return Done(*_said_for(one, may_go))


def _the_one(asked: Sequence[Question], entity: str, at: str, about: str) -> Question:
    """The question that is meant."""
    names = (entity, entity.casefold())
    found = [
        each
        for each in asked
        if (each.entity in names or each.many.casefold() in names)
        and at in ("", each.site)
        and (not about or each.is_of_load == (about == LOAD))
    ]
    if not found:
        raise KnownError(
            f"Nothing is asked about {entity!r} {f'at {at}' if at else 'here'}.",
            "`ginesys-sync control … questions` lists what is.",
        )
    if len(found) == 1:
        return found[0]
    places = list(dict.fromkeys(each.site for each in found))
    if len(places) > 1:
        raise NotPossible(
            f"{found[0].many.capitalize()} are asked about at {', '.join(places[:_NAMED])}"
            f"{' and others' if len(places) > _NAMED else ''}.",
            "Say with --site whose question you answer.",
        )
    raise NotPossible(
        f"Two things are asked about {found[0].many} at {places[0]}: what a full load left out, "
        "and deletions that wait to be sent.",
        f"Say with --about {LOAD} or --about {DELETIONS} which you answer.",
    )


def _answer_here(
    connection: Connection,
    site: OpenSite,
    one: Question,
    may_go: bool,
    reason: str,
    clock: Clock | None,
) -> Done:
    if not may_go and not one.can_keep:
        raise NotPossible(
            f"{one.many.capitalize()} that stores have and that are not meant for them cannot be "
            "kept by a word.",
            "Have them meant for those stores again: then nothing is deleted there, and the "
            "question ends by itself.",
        )
    with transaction(connection):
        _keep_answer(connection, one, may_go)
        note_action(
            connection, f"answered: {'go' if may_go else 'keep'}", one.entity, reason, clock
        )
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


def _said_for(one: Question, may_go: bool) -> tuple[str, str]:
    """The same, where head office answers for a store."""
    verb = "go" if may_go else "stay"
    comes = f"The next sync takes the answer along; {one.site}'s sync after that"
    if one.is_of_load:
        lacks = f"{one.many.capitalize()} that head office does not have"
        return f"{lacks} {verb} at {one.site}.", f"{comes} does it."
    # A store sends before it receives.
    comes = f"{comes} brings it there, and the one that follows does it."
    deleted = f"{one.many.capitalize()} that were deleted at {one.site}"
    return f"{deleted} {verb} at head office{' too' if may_go else ''}.", comes
