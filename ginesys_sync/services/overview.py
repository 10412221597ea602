"""The head of a window: which site this is, three lamps lit by truth, one headline, one next step.

Pure: facts in (`store.glance`), words out. It imports little, because the first line a window
paints comes from here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ginesys_sync import __version__
from ginesys_sync.core.clock import from_iso
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.settings import Home
from ginesys_sync.services.views import Identity, Lamp, Light, Overview
from ginesys_sync.services.words import ago, counted, moment, needs_words
from ginesys_sync.store.glance import Glance, LastRun, SiteGlance

SILENT_AFTER = timedelta(hours=24)
FIRST_LOAD_WORDS = "first full load"
_NO_CONTACT = {"unreachable", "not_the_web_database"}
_NO_ENTRY = {"refused", "versions_differ"}


def head_of(home: Home, facts: Glance, now: datetime) -> Overview:
    """What a window's head says at this moment, without the runs' own figures."""
    situation = situation_of(facts)
    headline, next_step = _words(home, facts, situation, now)
    return Overview(
        identity=_identity(home, facts),
        lamps=_lamps(home, facts, now),
        headline=headline,
        next_step=next_step,
        situation=situation,
        attention=facts.attention,
        selection=facts.selection,
        questions=facts.questions,
    )


def _is_head_office(home: Home) -> bool:
    return home.settings.site == HEAD_OFFICE


def _identity(home: Home, facts: Glance) -> Identity:
    settings = home.settings
    listed = {site.code: site.name for site in facts.sites}
    called = "Head office" if _is_head_office(home) else settings.site
    return Identity(
        site=settings.site,
        name=listed.get(settings.site) or called,
        role=settings.role,
        organisation=settings.organisation,
        relay_url=settings.relay,
        relay_id=settings.relay_id,
        plan=facts.plan,
        plan_version=facts.plan_version,
        program=f"ginesys-sync {__version__}",
        home=str(home.folder),
    )


def _last_ended(facts: Glance) -> LastRun | None:
    return next((run for run in facts.runs if run.ended_at), None)


def situation_of(facts: Glance) -> str:
    """Which of the situations of `Overview` this is."""
    if facts.open_requests:
        return "running"
    if facts.runs and facts.runs[0].ended_at is None:
        return "killed"
    last = _last_ended(facts)
    if last is None:
        return "first_run"
    if last.outcome == "stopped":
        return "killed" if last.code == "killed" else "problem"
    if last.code == "notes" and FIRST_LOAD_WORDS in last.title:
        return "first_load"
    return "normal"


def _words(home: Home, facts: Glance, situation: str, now: datetime) -> tuple[str, str]:
    """The headline and what to do."""
    button = "Sync All" if _is_head_office(home) else "Sync"
    if situation == "running":
        return "A sync is running.", ""
    last = _last_ended(facts)
    if situation == "killed":
        return (
            "The last sync was ended from outside before it could finish. Nothing is lost.",
            f"Press {button}: it finishes the work.",
        )
    if last is None:
        return "Nothing has been sent or received yet.", f"Press {button} to begin."
    if situation == "problem":
        return f"The last sync stopped: {last.title}", last.advice
    if situation == "first_load":
        return last.title, "Ask head office to sync, then press Sync again."
    return _calm_words(home, facts, last, now, button)


def _calm_words(
    home: Home, facts: Glance, last: LastRun, now: datetime, button: str
) -> tuple[str, str]:
    if not _is_head_office(home):
        return _store_words(home, facts, last, now, button)
    parts = [f"Last sync {ago(moment(last.ended_at), now)}."]
    if facts.changes:
        verb = "waits" if facts.changes == 1 else "wait"
        parts.append(f"{counted(facts.changes, 'change')} since then {verb} to be sent.")
    else:
        parts.append(_what_is_open(facts))
    if facts.attention:
        parts.append(f"{needs_words(facts.attention, facts.questions)}.")
    return " ".join(parts), f"Press {button} to send them now." if facts.changes else ""


def _store_words(
    home: Home, facts: Glance, last: LastRun, now: datetime, button: str
) -> tuple[str, str]:
    """The store's one line."""
    from ginesys_sync.services.pos_line import next_sync, pos_line

    settings = home.settings
    coming = next_sync(facts.schedule, settings.site, settings.time_zone, now)
    parts = [
        pos_line(facts.own, last.ended_at, coming, now),
        f"Last sync {ago(moment(last.ended_at), now)}.",
    ]
    if facts.attention:
        parts.append(f"{needs_words(facts.attention, facts.questions)}.")
    return " ".join(parts), f"Press {button} to send them now." if facts.changes else ""


def _what_is_open(facts: Glance) -> str:
    """What others have not read or processed yet, in one sentence."""
    if facts.waiting:
        total = sum(facts.waiting.values())
        words = counted(total, "record waits", "records wait")
        return f"{words} for {_stores(list(facts.waiting))}."
    if facts.unacknowledged:
        has = "has" if len(facts.unacknowledged) == 1 else "have"
        return f"{_stores(list(facts.unacknowledged))} {has} not processed everything yet."
    return "Every store has processed what it was sent."


def _stores(codes: list[str]) -> str:
    """`S001`, or `3 stores`."""
    return codes[0] if len(codes) == 1 else f"{len(codes):,} stores"


# --- lamps ---


def _lamps(home: Home, facts: Glance, now: datetime) -> tuple[Lamp, Lamp, Lamp]:
    relay = _relay_lamp(facts, now)
    if _is_head_office(home):
        own = Lamp("Head office", Light.GOOD, "Here", "This is head office.")
        return own, relay, _stores_lamp(facts, now)
    code = home.settings.site
    return _office_lamp(facts, now), relay, Lamp(code, Light.GOOD, "Here", f"This is {code}.")


def _relay_lamp(facts: Glance, now: datetime) -> Lamp:
    name = "Web Database"
    last = _last_ended(facts)
    if last is None:
        return Lamp(name, Light.UNKNOWN, "Not called yet", "This site has not called it yet.")
    when = ago(moment(last.ended_at), now)
    if last.code in _NO_CONTACT:
        return Lamp(name, Light.BAD, "Not reached", f"{last.title} ({when})")
    if last.code in _NO_ENTRY:
        return Lamp(name, Light.BAD, "Refused", f"{last.title} ({when})")
    return Lamp(name, Light.GOOD, "Reached", f"It was reached {when}.")


def _office_lamp(facts: Glance, now: datetime) -> Lamp:
    name = "Head office"
    if facts.heard_at is None:
        return Lamp(name, Light.UNKNOWN, "Not heard yet", "Nothing has come from head office yet.")
    when = ago(moment(facts.heard_at), now)
    if HEAD_OFFICE in facts.unacknowledged or HEAD_OFFICE in facts.waiting:
        sentence = f"It has not processed everything yet. Last heard {when}."
        # Right after a good sync there is always something on its way: no fault until it is old.
        oldest = min((each.since for each in facts.own if each.since), default=None)
        is_old = oldest is not None and now - from_iso(oldest) > SILENT_AFTER
        return Lamp(name, Light.WARNING if is_old else Light.WAITING, "Waiting", sentence)
    return Lamp(name, Light.GOOD, "Up to date", f"It has processed everything. Last heard {when}.")


def _stores_lamp(facts: Glance, now: datetime) -> Lamp:
    name = "Stores"
    active = [site for site in facts.sites if site.role == "store" and site.state == "active"]
    if not active:
        return Lamp(name, Light.UNKNOWN, "None joined", "No store has joined the chain yet.")
    if _last_ended(facts) is None:
        return Lamp(name, Light.UNKNOWN, "Nothing sent yet", "Head office has not synced yet.")
    silent = [site.code for site in active if _is_silent(site, now)]
    if silent:
        sentence = f"{', '.join(silent[:5])} not seen for a day or more."
        return Lamp(name, Light.WARNING, f"{len(silent):,} silent", sentence)
    behind = {*facts.unacknowledged, *facts.waiting}
    if behind:
        named = ", ".join(sorted(behind)[:5])
        return Lamp(
            name,
            Light.WAITING,
            f"{len(behind):,} of {len(active):,} waiting",
            f"{named}: not everything is sent and processed there yet.",
        )
    return Lamp(name, Light.GOOD, "Up to date", f"All {len(active):,} have processed everything.")


def _is_silent(site: SiteGlance, now: datetime) -> bool:
    last = moment(site.last_seen_at)
    return last is not None and now - last > SILENT_AFTER
