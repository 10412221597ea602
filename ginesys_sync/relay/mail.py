"""Handing out mail: each site its own batches, loads and acknowledgements, a page at a time.

Everything of one page is read in one snapshot, so a child lane is never seen ahead of its parents'.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field

from ginesys_sync.core.model import Role
from ginesys_sync.relay.bells import What, ring_sites
from ginesys_sync.relay.bodies import read_inline
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.loads import RELOAD, is_tail_broken, ready_load, want_load
from ginesys_sync.relay.streams import NOT_WITHDRAWN, StreamRow
from ginesys_sync.wire import messages
from ginesys_sync.wire.routes import MAX_MAIL_INLINE_BYTES

_PAGE_BYTES = 6_000_000
_ACKS_BYTES = 1_000_000
_LOADS_BYTES = 1_000_000
_MANIFEST_BYTES = 800
_CHUNK_BYTES = 220
_STREAM_BYTES = 150


@dataclass(slots=True)
class _Page:
    """What is left of one answer's bounds, and what is in it."""

    limit: int
    inline: int = MAX_MAIL_INLINE_BYTES
    room: int = _PAGE_BYTES
    batches: list[messages.MailBatch] = field(default_factory=list)
    audiences: dict[str, str] = field(default_factory=dict)
    streams: list[messages.MailStream] = field(default_factory=list)
    loads: list[messages.Load] = field(default_factory=list)
    listed: dict[int, list[int]] = field(default_factory=dict)
    """By stream, the numbers on this page that were never listed to the asker before."""
    more: bool = False
    again: list[StreamRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One stream as the asker reads it: from `after` up to `upto`; `released` is how far it may."""

    stream: StreamRow
    after: int
    upto: int
    released: int
    acked: int
    load: str
    load_no: int
    listed: int


def read_mail(
    relay: Relay, caller: Caller, request: messages.MailRequest, forget_up_to: int = 0
) -> messages.MailAnswer:
    """One page of mail. Acknowledgements up to `forget_up_to` are forgotten: what the asker had
    collected before this run, so that a copy of its database that is made in a run, and put back
    after it, finds the others again. How far the page lists is kept before it goes out: what a
    store has heard of cannot be taken back.
    """
    while True:
        answer = _read_page(relay, caller, request, forget_up_to)
        if answer is not None:
            return answer


def _read_page(
    relay: Relay, caller: Caller, request: messages.MailRequest, forget_up_to: int
) -> messages.MailAnswer | None:
    """None when something of it was taken back before it could go out."""
    behind: list[StreamRow] = []
    caught_up: list[StreamRow] = []
    page = _Page(request.limit)
    with relay.database.reading() as reader:
        acks, more_acks = _own_acks(reader, caller, request.acks_after, page)
        readings = _readings(reader, caller, request)
        page.room -= _STREAM_BYTES * len(readings)
        for reading in readings:
            _read_stream(reader, caller, reading, page, behind, caught_up)
        collected = reader.execute(
            "SELECT 1 FROM acks WHERE organisation = ? AND origin = ? AND id <= ? LIMIT 1",
            (caller.organisation, caller.site, forget_up_to),
        ).fetchone()
    news = {} if caller.is_ho else page.listed
    if (collected or behind or caught_up or news) and not _note(
        relay, caller, forget_up_to, behind, caught_up, news
    ):
        return None
    if page.again:
        _ask_again(relay, caller, page.again)
    return messages.MailAnswer.model_construct(
        batches=page.batches,
        audiences=page.audiences,
        streams=page.streams,
        loads=page.loads,
        acks=acks,
        more=page.more or more_acks,
    )


def _own_acks(
    reader: sqlite3.Connection, caller: Caller, after: int, page: _Page
) -> tuple[list[messages.AckRow], bool]:
    rows: list[messages.AckRow] = []
    room = _ACKS_BYTES
    for row in reader.execute(
        "SELECT id, site, received_at, ack FROM acks"
        " WHERE organisation = ? AND origin = ? AND id > ? ORDER BY id",
        (caller.organisation, caller.site, after),
    ):
        size = len(row["ack"]) + 120
        if rows and size > room:
            return rows, True
        room -= size
        page.room -= size
        rows.append(
            messages.AckRow.model_construct(
                id=row["id"],
                site=row["site"],
                received_at=row["received_at"],
                ack=messages.Ack.model_validate_json(row["ack"]),
            )
        )
    return rows, False


_STREAMS = """
    SELECT s.*, coalesce(mine.acked, 0) AS acked, coalesce(mine.load, 'none') AS load,
           coalesce(mine.load_no, 0) AS load_no, coalesce(mine.listed, 0) AS listed,
           min(s.head, max(coalesce(mine.released, 0), coalesce(everyone.released, 0))) AS released
    FROM streams s
    JOIN sites o ON o.organisation = s.organisation AND o.site = s.origin
    LEFT JOIN reach mine ON mine.organisation = s.organisation AND mine.stream = s.stream
      AND mine.site = :site
    LEFT JOIN reach everyone ON everyone.organisation = s.organisation
      AND everyone.stream = s.stream AND everyone.site = '*'
    WHERE s.organisation = :organisation AND s.origin <> :site AND o.role <> :role
    ORDER BY s.stream
"""


def _readings(
    reader: sqlite3.Connection, caller: Caller, request: messages.MailRequest
) -> list[_Reading]:
    """The streams the asker may read (stores those of head office, head office those of stores), in
    the asked order, then the others."""
    epochs: dict[str, list[sqlite3.Row]] = {}
    facts = {"organisation": caller.organisation, "site": caller.site, "role": caller.role}
    for row in reader.execute(_STREAMS, facts):
        epochs.setdefault(f"{row['origin']}/{row['channel']}", []).append(row)
    cursors = {cursor.stream: cursor for cursor in request.streams}
    order = [
        *(text for text in cursors if text in epochs),
        *(t for t in epochs if t not in cursors),
    ]
    readings = []
    for text in order:
        cursor = cursors.get(text)
        row, after = _choose(reader, caller, epochs[text], cursor)
        upto = row["released"]
        if cursor and cursor.upto is not None and cursor.epoch == row["epoch"]:
            upto = min(upto, cursor.upto)
        readings.append(
            _Reading(
                StreamRow.of(row),
                after,
                upto,
                row["released"],
                row["acked"],
                row["load"],
                row["load_no"],
                row["listed"],
            )
        )
    return readings


def _choose(
    reader: sqlite3.Connection,
    caller: Caller,
    epochs: list[sqlite3.Row],
    cursor: messages.MailCursor | None,
) -> tuple[sqlite3.Row, int]:
    """The epoch of a stream that the asker is in, and from where.

    Whoever is in an older epoch reads it to its end before the next one begins. Whoever is in none
    starts with the newest; head office with the oldest that is still kept, for the bills in it.
    """
    rows = sorted(epochs, key=lambda row: row["epoch_no"])
    for position, row in enumerate(rows):
        if cursor and cursor.epoch == row["epoch"]:
            if cursor.after >= row["released"] and position + 1 < len(rows):
                return rows[position + 1], 0
            return row, cursor.after
    if caller.role is Role.HO:
        for row in rows[:-1]:
            if reader.execute(
                "SELECT 1 FROM batches"
                " WHERE organisation = ? AND stream = ? AND purged = 0 LIMIT 1",
                (row["organisation"], row["stream"]),
            ).fetchone():
                return row, 0
    return rows[-1], 0


def _read_stream(
    reader: sqlite3.Connection,
    caller: Caller,
    reading: _Reading,
    page: _Page,
    behind: list[StreamRow],
    caught_up: list[StreamRow],
) -> None:
    """Add one stream's mail to the page."""
    stream, load = reading.stream, reading.load
    has_its_past = (
        load == "wanted" and reading.load_no != RELOAD and reading.after >= reading.acked > 0
    )
    if has_its_past and not is_tail_broken(reader, stream, caller.site, reading.after):
        # Enrolled again, but the store still has its database: it goes on where it was.
        caught_up.append(stream)
        load = "none"
    complete = reading.after
    if load == "ready":
        _add_load(reader, caller, stream, page)
    elif load == "none" and reading.upto > reading.after:
        found = _list(reader, caller, reading, page)
        if found is None:
            behind.append(stream)
            load = "wanted"
        else:
            complete = found
    page.streams.append(
        messages.MailStream.model_construct(
            stream=stream.text,
            epoch=stream.epoch,
            complete=complete,
            head=reading.released,
            load=load,
        )
    )


def _add_load(reader: sqlite3.Connection, caller: Caller, stream: StreamRow, page: _Page) -> None:
    load = ready_load(reader, stream, caller.site)
    if load is None:
        return
    size = 300 + _CHUNK_BYTES * (len(load.kinds) + len(load.chunks) + len(load.held))
    if page.loads and size > _LOADS_BYTES:
        return  # it is listed when the ones before it are done
    page.room -= size
    page.loads.append(load)


_MINE = f"""
    SELECT b.*, a.members FROM batches b JOIN audiences a USING (organisation, audience)
    WHERE b.organisation = ? AND b.stream = ? AND b.no > ? AND b.no <= ?
      AND (b.audience = '*' OR EXISTS (SELECT 1 FROM audience_members m
           WHERE m.organisation = b.organisation AND m.audience = b.audience AND m.site = ?))
      AND {NOT_WITHDRAWN}
    ORDER BY b.no
"""


def _list(reader: sqlite3.Connection, caller: Caller, reading: _Reading, page: _Page) -> int | None:
    """List the asker's batches; how far that is complete. None when one is no longer kept: a store
    then needs a first load. Head office has lost it, and goes on: the store is asked to send again.
    """
    stream = reading.stream
    complete = reading.after
    site = caller.site
    key = (stream.organisation, stream.stream, reading.after, reading.upto, site, site)
    for row in reader.execute(_MINE, key):
        if row["purged"] and not caller.is_ho:
            return None
        if row["purged"]:
            page.again += [stream] if stream not in page.again else []
            complete = row["no"]
            continue
        members = 0 if row["audience"] in page.audiences else len(row["members"]) + 80
        inline = read_inline(reader, stream.organisation, [row["sha256"]]).get(row["sha256"])
        size = _MANIFEST_BYTES + members + len(inline or b"") * 7 // 5
        is_full = size > page.room or len(inline or b"") > page.inline
        if len(page.batches) >= page.limit or (page.batches and is_full):
            page.more = True
            return complete
        page.room -= size
        page.inline -= len(inline or b"")
        page.audiences[row["audience"]] = row["members"]
        page.batches.append(_batch(stream, row, inline))
        if row["no"] > reading.listed:
            page.listed.setdefault(stream.stream, []).append(row["no"])
        complete = row["no"]
    return reading.upto


def _batch(stream: StreamRow, row: sqlite3.Row, inline: bytes | None) -> messages.MailBatch:
    return messages.MailBatch.model_construct(
        stream=stream.text,
        uploaded_at=row["uploaded_at"],
        manifest=as_manifest(stream, row, inline),
    )


def as_manifest(stream: StreamRow, row: sqlite3.Row, inline: bytes | None) -> messages.Manifest:
    """A batch's row as its manifest, with its body when that is small."""
    return messages.Manifest.model_construct(
        channel=stream.channel,
        epoch=stream.epoch,
        no=row["no"],
        entity=row["entity"],
        audience=row["audience"],
        plan_version=row["plan_version"],
        codec=row["codec"],
        sha256=row["sha256"],
        size=row["size"],
        raw_size=row["raw_size"],
        records=row["records"],
        gone=row["gone"],
        rows=row["rows"],
        run=row["run"],
        sealed_at=row["sealed_at"],
        body=inline,
    )


def _note(
    relay: Relay,
    caller: Caller,
    forget_up_to: int,
    behind: list[StreamRow],
    caught_up: list[StreamRow],
    listed: dict[int, list[int]],
) -> bool:
    """Write down what reading the mail told: harmless when repeated. False, and nothing is written,
    when head office has taken back some of what is `listed` meanwhile.
    """
    with relay.database.writing() as writer:
        if any(_is_withdrawn(writer, caller, stream, listed[stream]) for stream in listed):
            return False
        writer.executemany(
            "INSERT INTO reach (organisation, stream, site, listed) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (organisation, stream, site)"
            " DO UPDATE SET listed = max(listed, excluded.listed)",
            [
                (caller.organisation, stream, caller.site, max(numbers))
                for stream, numbers in listed.items()
            ],
        )
        writer.execute(
            "DELETE FROM acks WHERE organisation = ? AND origin = ? AND id <= ?",
            (caller.organisation, caller.site, forget_up_to),
        )
        for stream in behind:
            want_load(writer, caller.organisation, caller.site, stream.stream)
        for stream in caught_up:
            writer.execute(
                "UPDATE reach SET load = 'none' WHERE organisation = ? AND stream = ?"
                " AND site = ? AND load = 'wanted'",
                (caller.organisation, stream.stream, caller.site),
            )
    return True


def _ask_again(relay: Relay, caller: Caller, streams: list[StreamRow]) -> None:
    """Have the origins of these streams send everything once more: the caller has lost some of it
    (it was brought back from an older copy), and it is no longer kept.
    """
    with relay.database.writing() as writer:
        for stream in streams:
            writer.execute(
                "UPDATE reach SET again = 1 WHERE organisation = ? AND stream = ? AND site = ?",
                (caller.organisation, stream.stream, caller.site),
            )
        origins = {stream.origin for stream in streams}
        ring_sites(writer, caller.organisation, What.LOAD_WANTED, origins)


def _is_withdrawn(
    reader: sqlite3.Connection, caller: Caller, stream: int, numbers: list[int]
) -> bool:
    """Whether one of these batches has been taken back from the asker."""
    found = reader.execute(
        "SELECT 1 FROM withdrawn WHERE organisation = ? AND stream = ? AND site IN ('*', ?)"
        " AND no IN (SELECT value FROM json_each(?)) LIMIT 1",
        (caller.organisation, stream, caller.site, json.dumps(numbers)),
    )
    return found.fetchone() is not None
