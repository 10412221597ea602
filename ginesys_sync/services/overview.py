"""The head of a window: which site this is, three lamps lit by truth, one headline, one next step."""

from __future__ import annotations

from datetime import datetime, timedelta

from ginesys_sync.core.model import HEAD_OFFICE, Role, Site, SiteCode, SiteState
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Outcome
from ginesys_sync.services.asked import progress_of
from ginesys_sync.services.grids import moment
from ginesys_sync.services.site import PROGRAM, OpenSite
from ginesys_sync.services.summary import ago, run_summary
from ginesys_sync.services.syncing import WHY_NOT
from ginesys_sync.services.views import Identity, Lamp, Light, Overview, Progress, SiteLine
from ginesys_sync.store import grids, runs, sites
from ginesys_sync.store.database import Connection

SILENT_AFTER = timedelta(hours=24)
_NO_CONTACT = {"unreachable", "not_the_web_database"}


def overview_of(connection: Connection, site: OpenSite, plan: Plan, now: datetime) -> Overview:
    """What a window's head says at this moment."""
    records = runs.runs(connection, None, 1)
    ended = [r for r in runs.runs(connection, None, 5) if r.ended_at]
    last = run_summary(connection, plan, site.code, ended[0], now) if ended else None
    current = _current(connection, site, plan, now)
    attention = grids.count_attention(connection)
    situation = _situation(connection, records, ended, current)
    headline, next_step = _words(connection, site, situation, ended, now, attention)
    return Overview(
        identity=_identity(connection, site, plan),
        lamps=_lamps(connection, site, ended, now),
        headline=headline,
        next_step=next_step,
        situation=situation,
        attention=attention,
        current=current,
        last=last,
        selection=_selection(connection),
    )


def _identity(connection: Connection, site: OpenSite, plan: Plan) -> Identity:
    settings = site.home.settings
    listed = {one.code: one.name for one in sites.sites(connection)}
    called = "Head office" if site.is_head_office else settings.site
    return Identity(
        site=settings.site,
        name=listed.get(SiteCode(settings.site)) or called,
        role=settings.role,
        organisation=settings.organisation,
        relay_url=settings.relay,
        relay_id=settings.relay_id,
        plan=plan.name,
        plan_version=plan.version,
        program=PROGRAM,
        home=str(site.home.folder),
    )


def _current(connection: Connection, site: OpenSite, plan: Plan, now: datetime) -> Progress | None:
    waiting = runs.open_requests(connection)
    if not waiting:
        return None
    return progress_of(connection, plan, site.code, waiting[0].id, now)


def _selection(connection: Connection) -> tuple[str, ...]:
    """The sites ticked last."""
    for record in runs.runs(connection, None, 50):
        if record.sites:
            return record.sites
    return ()


def _situation(
    connection: Connection,
    newest: tuple[runs.RunRecord, ...],
    ended: list[runs.RunRecord],
    current: Progress | None,
) -> str:
    if current is not None:
        return "running"
    if newest and newest[0].ended_at is None:
        return "killed"
    if not ended:
        return "first_run"
    if ended[0].outcome is Outcome.STOPPED:
        return "killed" if ended[0].code == "killed" else "problem"
    if ended[0].code == "notes" and "first full load" in ended[0].title:
        return "first_load"
    return "normal"


def _words(
    connection: Connection,
    site: OpenSite,
    situation: str,
    ended: list[runs.RunRecord],
    now: datetime,
    attention: int,
) -> tuple[str, str]:
    """The headline and what to do."""
    button = "Sync All" if site.is_head_office else "Sync"
    if situation == "running":
        return "A sync is running.", ""
    if situation == "first_run":
        return "Nothing has been sent or received yet.", f"Press {button} to begin."
    if situation == "killed":
        return (
            "The last sync was ended from outside before it could finish. Nothing is lost.",
            f"Press {button}: it finishes the work.",
        )
    last = ended[0]
    if situation == "problem":
        return f"The last sync stopped: {last.title}", last.advice
    if situation == "first_load":
        return last.title, "Ask head office to sync, then press Sync again."
    return _calm_words(connection, site, last, now, attention, button)


def _calm_words(
    connection: Connection,
    site: OpenSite,
    last: runs.RunRecord,
    now: datetime,
    attention: int,
    button: str,
) -> tuple[str, str]:
    when = ago(moment(last.ended_at), now)
    changes = sum(grids.waiting_changes(connection).values())
    parts = [f"Last sync {when}."]
    if changes:
        verb = "waits" if changes == 1 else "wait"
        parts.append(f"{_changes(changes)} since then {verb} to be sent.")
    else:
        parts.append(_what_is_open(connection, site))
    if attention:
        needs = "record needs" if attention == 1 else "records need"
        parts.append(f"{attention:,} {needs} attention.")
    return " ".join(parts), f"Press {button} to send them now." if changes else ""


def _what_is_open(connection: Connection, site: OpenSite) -> str:
    """What others have not read or processed yet, in one sentence."""
    open_at = grids.unacknowledged(connection)
    unsent = grids.waiting_records(connection)
    if not site.is_head_office:
        if open_at or unsent:
            return "Head office has not processed everything yet."
        return "Everything here is at head office."
    if unsent:
        waits = "waits" if sum(unsent.values()) == 1 else "wait"
        return f"{_records(sum(unsent.values()))} {waits} for {_stores(list(unsent))}."
    if open_at:
        has = "has" if len(open_at) == 1 else "have"
        return f"{_stores(list(open_at))} {has} not processed everything yet."
    return "Every store has processed what it was sent."


def _stores(codes: list[str]) -> str:
    """`S001`, or `3 stores`."""
    return codes[0] if len(codes) == 1 else f"{len(codes):,} stores"


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


def _changes(count: int) -> str:
    return f"{count:,} change{'' if count == 1 else 's'}"


# --- lamps --------------------------------------------------------------------------------------------------------


def _lamps(
    connection: Connection, site: OpenSite, ended: list[runs.RunRecord], now: datetime
) -> tuple[Lamp, Lamp, Lamp]:
    relay = _relay_lamp(ended, now)
    if site.is_head_office:
        own = Lamp("Head office", Light.GOOD, "Here", "This is head office.")
        return own, relay, _stores_lamp(connection, bool(ended), now)
    office = _office_lamp(connection, ended, now)
    return office, relay, Lamp(site.code, Light.GOOD, "Here", f"This is {site.code}.")


def _relay_lamp(ended: list[runs.RunRecord], now: datetime) -> Lamp:
    name = "Web Database"
    if not ended:
        return Lamp(name, Light.UNKNOWN, "Not called yet", "This site has not called it yet.")
    last = ended[0]
    when = ago(moment(last.ended_at), now)
    if last.code in _NO_CONTACT:
        return Lamp(name, Light.BAD, "Not reached", f"{last.title} ({when})")
    if last.code in ("refused", "versions_differ"):
        return Lamp(name, Light.BAD, "Refused", f"{last.title} ({when})")
    return Lamp(name, Light.GOOD, "Reached", f"It was reached {when}.")


def _office_lamp(connection: Connection, ended: list[runs.RunRecord], now: datetime) -> Lamp:
    name = "Head office"
    open_at = grids.unacknowledged(connection)
    heard = max((row for row in grids.last_heard(connection)), default=None)
    if not ended or heard is None:
        return Lamp(name, Light.UNKNOWN, "Not heard yet", "Nothing has come from head office yet.")
    when = ago(moment(heard), now)
    if HEAD_OFFICE in open_at:
        return Lamp(
            name,
            Light.WARNING,
            "Waiting",
            f"It has not processed everything yet. Last heard {when}.",
        )
    return Lamp(name, Light.GOOD, "Up to date", f"It has processed everything. Last heard {when}.")


def _stores_lamp(connection: Connection, has_synced: bool, now: datetime) -> Lamp:
    name = "Stores"
    active = [
        s for s in sites.sites(connection) if s.role is Role.STORE and s.state is SiteState.ACTIVE
    ]
    if not active:
        return Lamp(name, Light.UNKNOWN, "None joined", "No store has joined the chain yet.")
    if not has_synced:
        return Lamp(name, Light.UNKNOWN, "Nothing sent yet", "Head office has not synced yet.")
    seen = sites.contacts(connection)
    silent = [s for s in active if _is_silent(seen.get(s.code), now)]
    behind = {*grids.unacknowledged(connection), *grids.waiting_records(connection)}
    if silent:
        return Lamp(
            name,
            Light.WARNING,
            f"{len(silent):,} silent",
            f"{', '.join(s.code for s in silent[:5])} not seen for a day or more.",
        )
    if behind:
        return Lamp(
            name,
            Light.WARNING,
            f"{len(behind):,} of {len(active):,} waiting",
            f"{', '.join(sorted(behind)[:5])}: not everything is sent and processed there yet.",
        )
    return Lamp(name, Light.GOOD, "Up to date", f"All {len(active):,} have processed everything.")


def _is_silent(contact: sites.Contact | None, now: datetime) -> bool:
    last = moment(contact.last_seen_at) if contact else None
    return last is not None and now - last > SILENT_AFTER


# --- sites --------------------------------------------------------------------------------------------------------


def site_lines(connection: Connection) -> tuple[SiteLine, ...]:
    """The stores of the chain with what is open for each."""
    waiting = grids.waiting_records(connection)
    open_at = grids.unacknowledged(connection)
    attention = grids.attention_by_site(connection)
    seen = sites.contacts(connection)
    return tuple(
        _site_line(site, seen.get(site.code), waiting, open_at, attention)
        for site in sites.sites(connection)
        if site.role is Role.STORE
    )


def _site_line(
    site: Site,
    contact: sites.Contact | None,
    waiting: dict[str, int],
    open_at: dict[str, tuple[int, str]],
    attention: dict[str, int],
) -> SiteLine:
    why = WHY_NOT.get(site.state)
    return SiteLine(
        code=site.code,
        name=site.name,
        role=site.role.value,
        state=site.state.value,
        groups=site.groups,
        last_seen_at=moment(contact.last_seen_at) if contact else None,
        waiting=waiting.get(site.code, 0),
        unacknowledged=open_at.get(site.code, (0, ""))[0],
        attention=attention.get(site.code, 0),
        program=contact.program if contact else "",
        plan_version=contact.plan_version if contact else 0,
        can_sync=why is None,
        why_not="" if why is None else f"It {why[0]}",
    )
