"""A site's own mail, for itself: what it sent, whom it let read it, and how far they are."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.relay.bodies import has_body, read_inline
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.mail import as_manifest
from ginesys_sync.relay.restores import head_body
from ginesys_sync.relay.streams import StreamRow, find_stream
from ginesys_sync.wire import own_messages
from ginesys_sync.wire.routes import MAX_MAIL_INLINE_BYTES

_PAGE_BYTES = 4_000_000
_MANIFEST_BYTES = 800


@dataclass(slots=True)
class _Page:
    """What is left of one answer's bounds, and what is in it."""

    limit: int
    inline: int = MAX_MAIL_INLINE_BYTES
    room: int = _PAGE_BYTES
    batches: list[own_messages.OwnBatch] = field(default_factory=list)
    audiences: dict[str, str] = field(default_factory=dict)
    more: bool = False


def read_own(
    relay: Relay, caller: Caller, request: own_messages.OwnRequest
) -> own_messages.OwnAnswer:
    """One page of the caller's own batches of a channel, those with their bodies that are kept."""
    page = _Page(request.limit)
    with relay.database.reading() as reader:
        text = f"{caller.site}/{request.channel}"
        stream = find_stream(reader, caller.organisation, text, caller.epoch)
        if stream is None:
            return own_messages.OwnAnswer(head=0)
        _fill(relay, reader, stream, request.after, page)
        return own_messages.OwnAnswer.model_construct(
            head=stream.head,
            sha256=head_body(reader, caller.organisation, stream.stream, request.after),
            batches=page.batches,
            audiences=page.audiences,
            reach=_reach(reader, stream),
            more=page.more,
        )


def _fill(
    relay: Relay, reader: sqlite3.Connection, stream: StreamRow, after: int, page: _Page
) -> None:
    for row in reader.execute(
        "SELECT b.*, a.members FROM batches b JOIN audiences a USING (organisation, audience)"
        " WHERE b.organisation = ? AND b.stream = ? AND b.no > ? ORDER BY b.no",
        (stream.organisation, stream.stream, after),
    ):
        members = 0 if row["audience"] in page.audiences else len(row["members"]) + 80
        inline = read_inline(reader, stream.organisation, [row["sha256"]]).get(row["sha256"])
        size = _MANIFEST_BYTES + members + len(inline or b"") * 7 // 5
        is_full = size > page.room or len(inline or b"") > page.inline
        if len(page.batches) >= page.limit or (page.batches and is_full):
            page.more = True
            return
        page.room -= size
        page.inline -= len(inline or b"")
        page.audiences[row["audience"]] = row["members"]
        page.batches.append(
            own_messages.OwnBatch.model_construct(
                uploaded_at=row["uploaded_at"],
                manifest=as_manifest(stream, row, inline),
                is_kept=has_body(relay, reader, row["sha256"]),
                withdrawn=_withdrawn(reader, stream, row["no"]),
            )
        )


def _withdrawn(reader: sqlite3.Connection, stream: StreamRow, no: int) -> list[str]:
    rows = reader.execute(
        "SELECT site FROM withdrawn WHERE organisation = ? AND stream = ? AND no = ? ORDER BY site",
        (stream.organisation, stream.stream, no),
    )
    return [row["site"] for row in rows]


def _reach(reader: sqlite3.Connection, stream: StreamRow) -> list[own_messages.OwnReach]:
    return [
        own_messages.OwnReach.model_construct(**dict(row))
        for row in reader.execute(
            "SELECT site, released, acked, ack_run, acked_at FROM reach"
            " WHERE organisation = ? AND stream = ? AND (released > 0 OR acked > 0) ORDER BY site",
            (stream.organisation, stream.stream),
        )
    ]


def compare(
    relay: Relay, caller: Caller, request: own_messages.SameRequest
) -> own_messages.SameAnswer:
    """In which streams the batch that the caller read is another one here, or none: after the Web
    Database and its sender were both brought back, a number may come a second time.
    """
    with relay.database.reading() as reader:
        others = []
        for place in request.places:
            stream = find_stream(reader, caller.organisation, place.stream, place.epoch)
            is_readable = stream is None or (stream.origin == HEAD_OFFICE) is not caller.is_ho
            number = stream.stream if stream and is_readable else 0
            if head_body(reader, caller.organisation, number, place.no) != place.sha256:
                others.append(place.stream)
    return own_messages.SameAnswer(others=others)


def wanted_again(reader: sqlite3.Connection, caller: Caller) -> list[str]:
    """Channels of the caller of which head office needs more than is kept."""
    return [
        row["channel"]
        for row in reader.execute(
            "SELECT DISTINCT s.channel FROM streams s JOIN reach r USING (organisation, stream)"
            " WHERE s.organisation = ? AND s.origin = ? AND r.site = ? AND r.again = 1"
            " ORDER BY s.channel",
            (caller.organisation, caller.site, HEAD_OFFICE),
        )
    ]


def take_again(
    relay: Relay, caller: Caller, request: own_messages.AgainRequest
) -> own_messages.AgainAnswer:
    """The caller has noted everything of these channels: head office waits for no more."""
    with relay.database.writing() as writer:
        asked = 0
        for channel in request.channels:
            asked += writer.execute(
                "UPDATE reach SET again = 0 WHERE organisation = ? AND site = ? AND again = 1"
                " AND stream IN (SELECT stream FROM streams"
                "  WHERE organisation = ? AND origin = ? AND channel = ?)",
                (caller.organisation, HEAD_OFFICE, caller.organisation, caller.site, channel),
            ).rowcount
    return own_messages.AgainAnswer(asked=asked)
