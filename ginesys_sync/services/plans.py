"""The chain's plan, as head office shows it and puts a newer version of it in place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.own_names import OwnNames, names_document, parse_names
from ginesys_sync.core.plan import Entity, Plan, captured_by
from ginesys_sync.core.plan_text import parse_plan, plan_document
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.syncing import run_lock
from ginesys_sync.store.database import rehearsal, transaction
from ginesys_sync.store.fence import raise_fence, require_fence
from ginesys_sync.store.fitting import fitted_plan
from ginesys_sync.store.plans import install_plan, own_names, present_plan


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What another plan changes, in the shop names of the kinds of record. `sent_again`: those
    that head office sends whole because they are new or travel differently."""

    version: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    sent_again: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether this very plan is in place already."""
        return not self.version


def read_plan(path: Path) -> Plan:
    """A plan file, with or without the mark some editors put before UTF-8. Raises PlanUnfit when it
    cannot be read or is malformed."""
    return parse_plan(_text(path, "plan"))


def read_names(path: Path) -> OwnNames:
    """A map of names, as a file. Raises PlanUnfit when it cannot be read or is malformed."""
    return parse_names(_text(path, "map of names"))


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise PlanUnfit(
            f"The {what} {path} cannot be read.",
            f"Check the path of the {what} file.",
            detail=str(fault),
        ) from fault
    except UnicodeDecodeError as fault:
        raise PlanUnfit(
            f"The {what} {path} is not a text in UTF-8.",
            "Save it as UTF-8 in your editor, then try again.",
            detail=str(fault),
        ) from fault


def plan_words(folder: Path) -> str:
    """The plan that a site works by, as a document for people to read and change."""
    with opened_site(folder) as site, site.database.connect() as connection:
        return plan_document(present_plan(connection).as_the_chain_has_it)


def names_words(folder: Path) -> str:
    """What a site's database calls the plan's tables and columns otherwise, as `init --names` takes
    it."""
    with opened_site(folder) as site, site.database.connect() as connection:
        return names_document(own_names(connection))


def change_plan(folder: Path, path: Path, *, only_look: bool = False) -> PlanChange:
    """Put a newer plan in place at head office; the next sync sends it to every store before
    anything else. Everything is checked before anything is changed. Raises KnownError."""
    plan = read_plan(path)
    with opened_site(folder) as site, run_lock(folder), site.database.connect() as connection:
        if not site.is_head_office:
            raise PlanUnfit(
                "The plan is head office's: a store gets it by sync.",
                "Put it in place at head office.",
            )
        present = present_plan(connection)
        fitted = fitted_plan(connection, plan, is_head_office=True)
        if plan_document(fitted) == plan_document(present):
            return PlanChange(0)
        _check_version(present, fitted)
        if only_look:
            with rehearsal(connection):
                install_plan(connection, plan, is_head_office=True, notes_existing=False)
        else:
            fence = raise_fence(connection)
            with transaction(connection):
                require_fence(connection, fence)
                install_plan(connection, plan, is_head_office=True)
        return differences(present, fitted)


def _check_version(present: Plan, coming: Plan) -> None:
    if coming.name != present.name:
        raise PlanUnfit(
            f"This is the plan {coming.name!r}; the chain works by {present.name!r}.",
            f"Give it the name {present.name!r} if it is meant to follow that plan.",
        )
    if coming.version <= present.version:
        raise PlanUnfit(
            f"The plan is version {coming.version}, and version {present.version} is in place "
            "already with other contents.",
            f"Number it {present.version + 1}: stores know a newer plan by its number.",
        )


def differences(present: Plan, coming: Plan) -> PlanChange:
    """What `coming` changes for the kinds of record that the chain syncs."""
    before = {entity.name: entity for entity in present.entities}
    after = {entity.name: entity for entity in coming.entities}
    added = [entity for name, entity in after.items() if name not in before]
    changed = [e for name, e in after.items() if name in before and before[name] != e]
    return PlanChange(
        coming.version,
        tuple(entity.many for entity in added),
        tuple(entity.many for entity in changed),
        tuple(entity.many for name, entity in before.items() if name not in after),
        tuple(
            entity.many
            for entity in coming.entities
            if captured_by(entity, True) and _travels_anew(before.get(entity.name), entity)
        ),
    )


def _travels_anew(before: Entity | None, after: Entity) -> bool:
    return before is None or before.as_it_travels != after.as_it_travels
