"""Where is it? A record's way to every site: derived from the books at the moment it is asked, and
never kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ginesys_sync.core.clock import SystemClock
from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.model import HEAD_OFFICE, Key, SiteCode, Stream
from ginesys_sync.core.plan import Entity, Owner, Plan, captured_by
from ginesys_sync.engine.staging import Staging
from ginesys_sync.services import arrival_words as arriving
from ginesys_sync.services import journey_words as words
from ginesys_sync.services.finding import reading
from ginesys_sync.services.grid_words import channel_title
from ginesys_sync.services.journey_views import Candidate, Journey, SiteJourney
from ginesys_sync.services.site import OpenSite
from ginesys_sync.services.words import moment
from ginesys_sync.store import finding
from ginesys_sync.store import journey as books
from ginesys_sync.store.capture import AUDIENCE_ONLY
from ginesys_sync.store.database import Connection
from ginesys_sync.wire.body import unpack
from ginesys_sync.wire.own_names import in_own_names
from ginesys_sync.wire.seeking import is_gone_in

_SEEK_SECONDS = 0.5
_MOST_BODIES = 60


def journey(
    site: OpenSite,
    record: Candidate,
    search: str = "",
    after: int | None = None,
    limit: int = 50,
    now: datetime | None = None,
) -> Journey:
    """A record's way to every site it is for, and from where it came: of the sites whose code or
    name holds `search`, `limit` after the first `after`, those that wait first."""
    with reading(site) as (connection, plan):
        telling = _Telling(connection, site, plan, record, now or SystemClock().now())
        return telling.tell(search.strip(), after or 0, limit)


class _Telling:
    """One question for one record."""

    def __init__(
        self, connection: Connection, site: OpenSite, plan: Plan, record: Candidate, now: datetime
    ) -> None:
        self._connection, self._site, self._plan, self._now = connection, site, plan, now
        self._kind = plan.entity(record.entity)
        self._key = record.key
        label = finding.label_of(connection, self._kind, record.key)
        self._is_here = label is not None
        self._record = replace(record, label=label or record.label, is_gone=not self._is_here)
        self._sent = books.sent(connection, record.entity, record.key)
        self._held = books.held(connection, record.entity, record.key)
        self._is_captured = captured_by(self._kind, site.is_head_office)
        self._weight = (
            books.noted(connection, record.entity, record.key) if self._is_captured else None
        )

    def tell(self, search: str, after: int, limit: int) -> Journey:
        coming = [arriving.received_journey(what) for what in self._coming()]
        sending = self._sending()
        facts = self._facts(sending) if sending is not None else []
        goes = (
            []
            if sending is None
            else sorted(facts, key=lambda site: words.sent_rank(sending, site))
        )
        fits = [site for site in goes if _fits(search, site.site, site.name)]
        came = [row for row in coming if _fits(search, row.site, row.name)]
        page = [*came] if after == 0 else []
        if sending is not None:
            page += [words.sent_journey(sending, one) for one in fits[after : after + limit]]
        more = after + limit < len(fits)
        return Journey(
            record=self._record,
            headline=self._headline(sending, goes, coming),
            advice=self._advice(sending, goes, coming),
            sites=tuple(page),
            total=len(fits) + len(came),
            whole=len(goes) + len(coming),
            next=after + limit if more else None,
        )

    # --- out ---

    def _sending(self) -> words.Sending | None:
        """What is true for every site it goes to; None when this site does not send it."""
        kind, connection = self._kind, self._connection
        weight = self._weight
        last_no = self._sent.last_no if self._sent is not None else 0
        held = next((held for held in self._held if not held.origin), None)
        if not self._is_captured or (not last_no and weight is None and held is None):
            return None
        stream = str(Stream(SiteCode(self._site.code), kind.channel))
        return words.Sending(
            stream=stream,
            lane=channel_title(self._plan, stream),
            batch=books.own_batch(connection, stream, last_no, kind.name),
            is_noted=weight is not None and (weight > AUDIENCE_ONLY or not last_no),
            is_gone=not self._is_here,
            author=self._sent.author if self._sent is not None else "",
            held=held,
            blocks=books.blocks(connection, kind.channel, kind.name, self._key),
            now=self._now,
        )

    def _facts(self, sending: words.Sending) -> list[books.SiteFacts]:
        meant = self._meant(sending)
        told = books.expanded(self._connection, sending.batch.members) if sending.batch else set()
        last_no = self._sent.last_no if self._sent is not None else 0
        earlier, to_all = dict[str, int](), 0
        if sending.batch is not None and meant - told:
            earlier, to_all = books.earlier_numbers(
                self._connection, sending.stream, self._kind.name, last_no
            )
        rows = []
        for code in sorted(meant | told):
            is_told = code in told
            number = last_no if is_told else max(earlier.get(code, 0), to_all) or last_no
            is_bound = not is_told and sending.batch is not None
            rows.append((code, number, is_bound, code in meant and self._is_here))
        return books.site_facts(self._connection, sending.stream, self._kind.name, self._key, rows)

    def _meant(self, sending: words.Sending) -> frozenset[str]:
        if not self._site.is_head_office:
            return frozenset([HEAD_OFFICE])
        members = self._sent.members if self._sent is not None and not self._sent.is_gone else ""
        found = books.expanded(self._connection, members)
        if self._is_here and (sending.is_noted or sending.held is not None):
            now = books.meant_now(self._connection, self._plan, self._kind, self._key)
            found |= books.expanded(self._connection, now)
        return found

    # --- in ---

    def _coming(self) -> list[arriving.Coming]:
        """From where it came, as far as the books or the kept bodies say."""
        kind, me = self._kind, self._site.code
        origins = {held.origin for held in self._held if held.origin}
        if not self._site.is_head_office:
            base = self._sent.base_no if self._sent is not None else 0
            is_new_here = self._sent is None and self._weight is not None
            is_ours = kind.owner is Owner.SITE or (self._sent is not None and not base)
            if not is_ours and not is_new_here:
                origins.add(HEAD_OFFICE)
        elif kind.owner is Owner.SITE and kind.site_column:
            column = kind.site_column
            found = books.value_of(self._connection, kind, self._key, column)
            if not found and column in kind.key:
                found = str(self._key[kind.key.index(column)])
            origins |= {found} - {""}
        elif self._sent is not None and self._sent.author:
            origins.add(self._sent.author)
        return [self._coming_from(code) for code in sorted(origins - {me})]

    def _coming_from(self, origin: str) -> arriving.Coming:
        stream = f"{origin}/{self._kind.channel}"
        arrival, is_deleted = self._arrival(stream)
        return arriving.Coming(
            origin=origin,
            name=books.site_name(self._connection, origin),
            stream=stream,
            lane=channel_title(self._plan, stream),
            is_here=self._is_here,
            arrival=arrival,
            is_deleted=is_deleted,
            held=next((held for held in self._held if held.origin == origin), None),
            synced_at=moment(books.last_run_at(self._connection)),
            now=self._now,
        )

    def _arrival(self, stream: str) -> tuple[books.Arrival | None, bool]:
        """The batch that brought the record last. The books know it of shared records; for others
        the newest bodies that are kept are looked into, for half a second."""
        connection, me, kind = self._connection, self._site.code, self._kind
        if self._sent is not None and self._sent.base_no and not self._site.is_head_office:
            known = books.arrival_at(connection, me, stream, self._sent.base_no)
            if known is not None:
                return known, not self._is_here
        inbox = Staging(self._site.home.inbox)
        ends_at = time.monotonic() + _SEEK_SECONDS
        for arrival in (
            *books.arrivals(connection, me, stream, kind.name, _MOST_BODIES),
            *books.load_arrivals(connection, me, stream, kind.name, _MOST_BODIES),
        ):
            is_gone = _seek(inbox, arrival, kind, self._key)
            if is_gone is not None:
                return arrival, is_gone
            if time.monotonic() > ends_at:
                break
        return None, False

    # --- in one sentence ---

    def _headline(
        self,
        sending: words.Sending | None,
        goes: Sequence[books.SiteFacts],
        coming: Sequence[SiteJourney],
    ) -> str:
        if sending is None or not goes:
            if coming:
                return coming[0].sentence
            return "It is for no store now: it goes nowhere." if sending else _NOWHERE
        if sending.is_noted or sending.held is not None or len(goes) == 1:
            one = words.sent_journey(sending, goes[0])
            if len(goes) == 1:
                return one.sentence
            return one.sentence if sending.held else words.noted_headline(sending)
        rows = [(words.sent_standing(sending, s), words.needs_attention(sending, s)) for s in goes]
        deed = "Deleted here. " if sending.is_gone else ""
        return deed + words.headline(rows, "stores")

    def _advice(
        self,
        sending: words.Sending | None,
        goes: Sequence[books.SiteFacts],
        coming: Sequence[SiteJourney],
    ) -> str:
        del coming
        if sending is None or not goes:
            return ""
        return words.advice(sending, goes, self._site.is_head_office)


_NOWHERE = "It is here, and nothing of it has been sent or received yet."


def _fits(search: str, code: str, name: str) -> bool:
    whole = f"{code} {name}".casefold()
    return all(word in whole for word in search.casefold().split())


def _seek(inbox: Staging, arrival: books.Arrival, kind: Entity, key: Key) -> bool | None:
    """Whether the record is gone by a kept body; None when the body does not tell of it."""
    try:
        data = inbox.get(arrival.sha256)
        if data is None:
            return None
        body = in_own_names(unpack(data, arrival.sha256, arrival.raw_size), kind)
    except KnownError:
        return None
    return is_gone_in(body, kind.root.name, kind.key, key)
