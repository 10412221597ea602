"""What is true of a record on its way to a site, decided from the facts alone: no database, no
clock. `arrival_words` says the same of its way from one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.status import Reach, Status, sent_status
from ginesys_sync.services.journey_views import SiteJourney, Step, StepKind, StepState
from ginesys_sync.services.words import ago, moment
from ginesys_sync.store.journey import Block, Held, OwnBatch, SiteFacts

DONE, NOW, AHEAD, STUCK = StepState.DONE, StepState.NOW, StepState.AHEAD, StepState.STUCK
Line = tuple[str, str, str | None]
"""A station's title, its words in full, and when it was reached."""
_WAY_OUT = (
    StepKind.CHANGED,
    StepKind.SEALED,
    StepKind.UPLOADED,
    StepKind.PROCESSED,
    StepKind.CONFIRMED,
)
_TITLES = {
    StepKind.CHANGED: "Changed",
    StepKind.SEALED: "Collected",
    StepKind.UPLOADED: "Web Database",
    StepKind.RECEIVED: "Received",
    StepKind.PROCESSED: "Processed",
    StepKind.CONFIRMED: "Confirmed",
}


@dataclass(frozen=True, slots=True)
class Sending:
    """What is the same for every site a record goes to. `is_noted`: its newest change waits to be
    collected; `is_gone`: it was deleted here; `author`: whose edit it is, '' for this site's."""

    stream: str
    lane: str
    batch: OwnBatch | None
    is_noted: bool
    is_gone: bool
    author: str
    held: Held | None
    blocks: tuple[Block, ...]
    now: datetime

    def block(self, *kinds: str) -> Block | None:
        """What holds it back, of these kinds."""
        return next((block for block in self.blocks if block.kind in kinds), None)


def place_words(site: str) -> str:
    """`S001`, `head office`."""
    return "head office" if site == HEAD_OFFICE else site


def capital(words: str) -> str:
    """The first letter large, the others as they are."""
    return words[:1].upper() + words[1:]


# --- the way out ---


def sent_standing(what: Sending, site: SiteFacts) -> Status:
    """The status of the newest version of a record for one site."""
    if what.held is not None or what.is_noted:
        is_blocked = what.block("record", "entity") is not None and what.held is None
        return Status.BLOCKED if is_blocked else Status.WAITING
    if site.ack and site.reason is not None:
        # Its batch is processed there, but this record of it could not be written.
        return Status.RECEIVED
    if what.batch is None:
        return Status.PROCESSED if site.ack else Status.WAITING
    is_there = bool(what.batch.uploaded_at and site.released_at)
    reach = Reach(
        uploaded=site.no if what.batch.uploaded_at else 0,
        released=site.no if is_there else 0,
        acknowledged=site.no if site.ack else 0,
        covered=site.no if site.ack == "load" else 0,
    )
    status = sent_status(site.no, reach)
    if status in (Status.PROCESSED, Status.COVERED):
        return status
    if what.batch.withdrawn_at:
        return Status.WITHDRAWN
    is_held_back = status is Status.WAITING and what.block("channel") is not None
    return Status.BLOCKED if site.state == "blocked" or is_held_back else status


def needs_attention(what: Sending, site: SiteFacts) -> bool:
    """Whether a person has to do something for this site."""
    return what.held is not None or sent_standing(what, site) is Status.RECEIVED


def sent_rank(what: Sending, site: SiteFacts) -> tuple[int, str]:
    """What needs attention first, then what waits here, then what waits there, then the rest."""
    if needs_attention(what, site):
        return 0, site.site
    order = {Status.PROCESSED: 4, Status.COVERED: 4, Status.UPLOADED: 3}
    return order.get(sent_standing(what, site), 2), site.site


def sent_journey(what: Sending, site: SiteFacts) -> SiteJourney:
    """The way of a record to one site."""
    status = sent_standing(what, site)
    is_stuck = needs_attention(what, site)
    known = what.batch is not None and not what.is_noted and what.held is None
    return SiteJourney(
        site=site.site,
        name=site.name,
        is_incoming=False,
        status=status,
        sentence=_sent_sentence(what, site, status),
        steps=_sent_steps(what, site, status, is_stuck),
        stream=what.stream,
        batch=site.no if known else None,
        needs_attention=is_stuck,
    )


def _sent_sentence(what: Sending, site: SiteFacts, status: Status) -> str:
    there = place_words(site.site)
    if what.held is not None:
        return f"It could not be sent: {sentence(what.held.reason)}"
    if what.is_noted:
        return _noted_sentence(what, site, there)
    if status is Status.WITHDRAWN:
        return f"It was withdrawn before {there} had read it."
    if status is Status.BLOCKED:
        return _blocked_sentence(what, site, there)
    if status is Status.WAITING:
        return _waiting_sentence(what, site, there)
    if status is Status.UPLOADED:
        return _uploaded_sentence(what, site, there)
    if status is Status.RECEIVED:
        return f"It needs attention at {there}: {sentence(site.reason or '')}"
    if status is Status.COVERED:
        return f"{there} has it by its first load."
    if what.is_gone or not site.is_meant:
        return f"It is deleted at {there} too." if what.is_gone else f"It was removed at {there}."
    return f"{capital(there)} has it."


def _noted_sentence(what: Sending, site: SiteFacts, there: str) -> str:
    block = what.block("record", "entity")
    if block is not None:
        return f"{block.who} blocked it: {sentence(block.reason)} The change stays here."
    deed = "It is new here and waits" if what.batch is None else "The newest change waits"
    if what.is_gone:
        deed = "It was deleted here; that waits"
    before = ""
    if site.ack and not site.reason:
        before = f" {capital(there)} has the version before it."
    return f"{deed} to be collected by the next sync.{before}"


def _blocked_sentence(what: Sending, site: SiteFacts, there: str) -> str:
    block = what.block("channel")
    if site.state == "blocked":
        return f"{there} is blocked and does not sync."
    if block is None:
        return f"It is held back from {there}."
    return f"{block.who} blocked {what.lane}: {sentence(block.reason)} It waits until unblocked."


def _waiting_sentence(what: Sending, site: SiteFacts, there: str) -> str:
    if site.state == "closed":
        return f"{there} is closed: nothing goes there."
    if what.batch is None:
        return "It was sent before; which batch holds it is no longer known."
    if not what.batch.uploaded_at:
        return "It is collected, and not at the Web Database yet: the next sync sends it."
    chosen = what.batch.chosen
    since = ""
    if chosen and site.site not in chosen:
        one = len(chosen) == 1
        since = f", since only {_names(chosen)} {'was' if one else 'were'} chosen"
    return f"It is not released to {there}{since}. Press Sync All, or Sync Selective to {there}."


def _names(codes: Sequence[str]) -> str:
    shown = ", ".join(codes[:3])
    return shown + (f" and {len(codes) - 3} more" if len(codes) > 3 else "")


def _uploaded_sentence(what: Sending, site: SiteFacts, there: str) -> str:
    if site.load is not None:
        return f"It waits for the first load of {there}, which holds it."
    seen, released = moment(site.last_seen_at), moment(site.released_at)
    if site.site == HEAD_OFFICE:
        return "It waits at the Web Database until head office syncs and confirms it."
    if seen is not None and released is not None and seen > released:
        return (
            f"{there} was seen {ago(seen, what.now)}, after this was there: "
            "the next sync here collects what it confirms."
        )
    last = f"last seen {ago(seen, what.now)}" if seen else "never seen yet"
    return f"It waits at the Web Database: {there} has not synced since ({last})."


def sentence(words: str) -> str:
    """A reason that ends as a sentence does."""
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _sent_steps(what: Sending, site: SiteFacts, status: Status, is_stuck: bool) -> tuple[Step, ...]:
    batch = None if what.is_noted or what.held is not None else what.batch
    far = _how_far(what, site, status)
    there, at_most = place_words(site.site), " at the latest" if site.is_bound else ""
    number = f"Batch {site.no:,}"
    who = f"at {place_words(what.author)}" if what.author else "here"
    deed = "Deleted" if what.is_gone else "Changed"
    uploaded = (
        max(filter(None, (batch.uploaded_at, site.released_at)), default=None) if batch else None
    )
    lines: tuple[Line, ...] = (
        (deed, f"{deed} {who}", None),
        (
            number,
            f"In {number.lower()} of {what.lane}{at_most}",
            batch.sealed_at if batch else None,
        ),
        ("Web Database", f"At the Web Database for {there}", uploaded),
        _processed_line(what, site, status, is_stuck),
        ("Confirmed", f"{capital(there)}'s acknowledgement has come", site.collected_at),
    )
    return tuple(
        step(kind, place, far, is_stuck, line)
        for place, (kind, line) in enumerate(zip(_WAY_OUT, lines, strict=True))
    )


def _how_far(what: Sending, site: SiteFacts, status: Status) -> int:
    """The station where a record stands; one beyond the last when it is through."""
    if what.is_noted or what.held is not None:
        return 0
    if status in (Status.PROCESSED, Status.COVERED):
        return 5
    if status is Status.RECEIVED:
        return 3
    if status is Status.UPLOADED or (what.batch and what.batch.withdrawn_at):
        return 2
    return 2 if what.batch is not None and what.batch.uploaded_at and site.released_at else 1


def _processed_line(what: Sending, site: SiteFacts, status: Status, is_stuck: bool) -> Line:
    there = place_words(site.site)
    if is_stuck and what.held is None:
        return "Needs attention", f"Needs attention at {there}", site.reason_at
    if status is Status.COVERED:
        return "First load", f"{capital(there)} got it by a full load", site.applied_at
    return "Processed", f"Processed at {there}", site.applied_at


def step(
    kind: StepKind,
    place: int,
    far: int,
    is_stuck: bool,
    line: Line,
) -> Step:
    """A station before, at, or after the place where the record stands."""
    title, words, at = line
    if place < far:
        return Step(kind, title, words, DONE, moment(at))
    if place == far:
        return Step(kind, title, words, STUCK if is_stuck else NOW, moment(at))
    return Step(kind, _TITLES[kind], f"Not yet: {words[:1].lower()}{words[1:]}", AHEAD)


# --- all of them ---


def headline(rows: Sequence[tuple[Status | None, bool]], noun: str) -> str:
    """What is true over all sites a record goes to: (status, whether it needs attention) each."""
    whole = len(rows)
    stuck = sum(needs for _, needs in rows)
    done = sum(status in (Status.PROCESSED, Status.COVERED) and not needs for status, needs in rows)
    waiting = whole - done - stuck
    if done == whole:
        return f"Processed at {'both' if whole == 2 else f'all {whole:,}'} {noun}."
    parts = [f"Processed at {done:,} of {whole:,} {noun}."]
    if waiting:
        parts.append(f"{waiting:,} {'waits' if waiting == 1 else 'wait'}.")
    if stuck:
        parts.append(f"{stuck:,} {'needs' if stuck == 1 else 'need'} attention.")
    return " ".join(parts)


def noted_headline(what: Sending) -> str:
    """What is true of every site while the newest change waits here."""
    block = what.block("record", "entity")
    if block is not None:
        return f"{block.who} blocked it: {sentence(block.reason)} The change stays here."
    if what.is_gone:
        return "It was deleted here; that waits to be collected by the next sync."
    deed = "It is new here and waits" if what.batch is None else "The newest change waits here"
    return f"{deed} to be collected by the next sync."


def advice(what: Sending, goes: Sequence[SiteFacts], is_head_office: bool) -> str:
    """What a person can do about it; '' when nothing has to be done here."""
    press = "Sync All" if is_head_office else "Sync"
    if what.held is not None:
        return "Make the record smaller; its next change is tried again."
    if what.block("record", "entity") is not None and what.is_noted:
        return "Unblock it to let it go."
    if what.is_noted:
        return f"Press {press} to send it."
    standing = {sent_standing(what, site) for site in goes}
    if Status.WAITING in standing:
        return f"Press {press} to send it."
    return ""
