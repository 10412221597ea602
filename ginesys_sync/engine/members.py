"""Head office's list of sites: what its own tables say, what the Web Database says, and what
follows from a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ginesys_sync.core.model import (
    HEAD_OFFICE,
    IN_THE_CHAIN,
    Role,
    Site,
    SiteCode,
    SiteState,
    Stream,
)
from ginesys_sync.core.plan import Plan
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store import board, due_loads, sites
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.wire.control_messages import SiteChange
from ginesys_sync.wire.messages import SiteContact

_LISTED_CLOSED = "it is closed in head office's list of sites"


def merged(
    known: Mapping[str, Site],
    business: Mapping[str, sites.BusinessSite],
    groups: Mapping[str, tuple[str, ...]] | None,
    contacts: Mapping[str, SiteContact],
) -> dict[str, Site]:
    """The sites as they should be listed. A site is the chain's when it has been invited at the Web
    Database; its name, groups and whether it is open come from the business's own list where there
    is one.
    """
    found: dict[str, Site] = {}
    for code in sorted({*known, *contacts}):
        before, contact, own = known.get(code), contacts.get(code), business.get(code)
        state = before.state if before else SiteState.INVITED
        if contact is not None:
            state = SiteState(contact.state)
        role = Role(contact.role) if contact else (before.role if before else Role.STORE)
        if own is not None and not own.is_open and role is Role.STORE:
            state = SiteState.CLOSED
        found[code] = Site(
            SiteCode(code),
            own.name if own else (before.name if before else _name(code)),
            role,
            state,
            (before.groups if before else ()) if groups is None else groups.get(code, ()),
        )
    return found


def door_changes(
    business: Mapping[str, sites.BusinessSite], contacts: Sequence[SiteContact]
) -> list[SiteChange]:
    """What the Web Database must be told: a store that the business's own list closes, or opens
    again, is refused at the door, or let in. Blocking is a person's word and stays.
    """
    changes = []
    for contact in contacts:
        own = business.get(contact.site)
        if own is None or contact.role != Role.STORE.value:
            continue
        if not own.is_open and contact.state in ("active", "invited"):
            changes.append(SiteChange(site=contact.site, state="closed", reason=_LISTED_CLOSED))
        elif own.is_open and contact.state == "closed":
            changes.append(SiteChange(site=contact.site, state="active"))
    return changes


def _name(code: str) -> str:
    return "Head office" if code == HEAD_OFFICE else code


def refresh_sites(
    context: RunContext, connection: Connection, answers: Sequence[SiteContact]
) -> None:
    """Bring the list of sites up to date inside a run, at the Web Database first."""
    business = sites.business_sites(connection, context.plan)
    told = {
        change.site: context.web.change_site(change) for change in door_changes(business, answers)
    }
    answers = [told.get(answer.site, answer) for answer in answers]
    with transaction(connection):
        require_fence(connection, context.fence)
        take_contacts(connection, context.plan, answers, context.now())


def take_contacts(
    connection: Connection, plan: Plan, answers: Sequence[SiteContact], at: str
) -> None:
    """Inside the caller's transaction: bring the list of sites up to date, and let follow what
    must.

    Audiences are computed again when sites or groups changed, and a site that came with nothing is
    owed first loads up to the heads of this moment.
    """
    before: dict[str, Site] = {site.code: site for site in sites.sites(connection)}
    contacts = {answer.site: answer for answer in answers}
    business = sites.business_sites(connection, plan)
    after = merged(before, business, sites.business_groups(connection, plan), contacts)
    for answer in answers:
        sites.write_contact(connection, _contact(answer))
    board.note_contacts(connection, at)
    for site in after.values():
        sites.write_site(connection, site)
    _owe_loads(connection, answers, at)
    if _audiences_changed(before.values(), after.values()):
        sites.note_audiences(connection, plan)


def _contact(answer: SiteContact) -> sites.Contact:
    return sites.Contact(
        answer.site,
        answer.enrolled_at,
        answer.last_seen_at,
        answer.program,
        answer.plan_version,
        answer.run,
        answer.clock_ahead_seconds,
    )


def _audiences_changed(before: Iterable[Site], after: Iterable[Site]) -> bool:
    def facts(members: Iterable[Site]) -> set[tuple[str, bool, tuple[str, ...]]]:
        return {(s.code, s.state in IN_THE_CHAIN, s.groups) for s in members}

    return facts(before) != facts(after)


def _owe_loads(connection: Connection, answers: Sequence[SiteContact], at: str) -> None:
    """Owe every wanted load that is not owed yet."""
    owed = {
        (load.site, load.stream)
        for load in due_loads.due_loads(connection)
        if load.state == due_loads.DUE  # one that was offered and is wanted again was forgotten
    }
    for answer in answers:
        wanted = [
            stream
            for stream in answer.loads_wanted
            if (answer.site, stream) not in owed and Stream.parse(stream).origin == HEAD_OFFICE
        ]
        due_loads.owe_load(connection, answer.site, wanted, at)
