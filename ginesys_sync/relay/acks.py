"""Taking acknowledgements: one number per site and stream, and a row for the stream's origin."""

from __future__ import annotations

import json
import sqlite3

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.relay.bells import What, ring_sites
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.loads import finish_load
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.purge import drop_files, purge_acked
from ginesys_sync.relay.streams import StreamRow, find_stream
from ginesys_sync.wire import messages

_PARKED_BYTES = 400_000
"""How much of the list of parked records is kept with one acknowledgement."""


def take_acks(relay: Relay, caller: Caller, request: messages.AcksRequest) -> messages.AcksAnswer:
    """Note how far the caller has applied what it reads, and forget what nobody needs any more."""
    dropped: list[str] = []
    origins: set[str] = set()
    with relay.database.writing() as writer:
        for ack in request.acks:
            dropped += _take(relay, writer, caller, ack, origins)
        ring_sites(writer, caller.organisation, What.ACK, origins)
    drop_files(relay, dropped)
    return messages.AcksAnswer(taken=len(request.acks))


def _take(
    relay: Relay,
    writer: sqlite3.Connection,
    caller: Caller,
    ack: messages.Ack,
    origins: set[str],
) -> list[str]:
    """Take one; a repeated or late one changes nothing. Adds to the `origins` that it is news for;
    returns the files to drop.
    """
    stream = find_stream(writer, caller.organisation, ack.stream, ack.epoch)
    if stream is None or (stream.origin == HEAD_OFFICE) is caller.is_ho:
        raise Refusal("ack_beyond", site=caller.site, stream=ack.stream)
    reach = writer.execute(
        "SELECT coalesce(max(CASE site WHEN '*' THEN 0 ELSE acked END), 0) AS acked,"
        " coalesce(max(CASE site WHEN '*' THEN 0 ELSE ack_run END), 0) AS ack_run,"
        " coalesce(max(CASE site WHEN '*' THEN 0 ELSE ack_said END), 0) AS ack_said,"
        " coalesce(max(released), 0) AS released FROM reach"
        " WHERE organisation = ? AND stream = ? AND site IN (?, '*')",
        (caller.organisation, stream.stream, caller.site),
    ).fetchone()
    if ack.to_no > min(reach["released"], stream.head):
        raise Refusal("ack_beyond", site=caller.site, stream=ack.stream)
    dropped: list[str] = []
    is_end_of_load = False
    if ack.kind == "load":
        files = finish_load(writer, stream, caller.site, ack.to_no)
        if files is None and ack.to_no > reach["acked"]:
            raise Refusal("ack_beyond", site=caller.site, stream=ack.stream)
        is_end_of_load = files is not None
        dropped += files or []
    known = (reach["acked"], reach["ack_run"], reach["ack_said"])
    if not is_end_of_load and (ack.to_no, ack.run, ack.said) <= known:
        return dropped  # repeated, or late
    _note(relay, writer, caller, stream, ack)
    origins.add(stream.origin)
    after = reach["acked"]
    return dropped + purge_acked(relay, writer, stream.stream, caller.site, after, ack.to_no)


def _note(
    relay: Relay,
    writer: sqlite3.Connection,
    caller: Caller,
    stream: StreamRow,
    ack: messages.Ack,
) -> None:
    writer.execute(
        "INSERT INTO reach (organisation, stream, site, acked, ack_run, ack_said, acked_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation, stream, site) DO UPDATE SET"
        " acked = excluded.acked, ack_run = excluded.ack_run, ack_said = excluded.ack_said,"
        " acked_at = excluded.acked_at",
        (
            caller.organisation,
            stream.stream,
            caller.site,
            ack.to_no,
            ack.run,
            ack.said,
            ack.applied_at,
        ),
    )
    ack = _bounded(ack)
    _keep_last_word(writer, caller, stream, ack)
    _list(writer, caller.organisation, stream.origin, caller.site, relay.now(), ack)


def _keep_last_word(
    writer: sqlite3.Connection, caller: Caller, stream: StreamRow, ack: messages.Ack
) -> None:
    """Of those that ever needed attention in a stream: what does now."""
    parked = json.dumps([word.model_dump() for word in ack.parked])
    key = (caller.organisation, stream.stream, caller.site)
    if ack.parked_total:
        writer.execute(
            "INSERT OR REPLACE INTO last_words VALUES (?, ?, ?, ?, ?)",
            (*key, ack.parked_total, parked),
        )
    else:
        writer.execute(
            "UPDATE last_words SET parked_total = 0, parked = ?"
            " WHERE organisation = ? AND stream = ? AND site = ?",
            (parked, *key),
        )


def tell_last_words_again(relay: Relay, writer: sqlite3.Connection, caller: Caller) -> None:
    """The caller was brought back from an older copy. What others said needs attention of its
    streams since may have been collected by the database that is no more: it is said once more, as
    acknowledgements that move nothing else.
    """
    for row in writer.execute(_LAST_WORDS, (caller.organisation, caller.site)):
        ack = messages.Ack(
            stream=f"{caller.site}/{row['channel']}",
            epoch=row["epoch"],
            from_no=row["acked"],
            to_no=row["acked"],
            run=row["ack_run"],
            said=row["ack_said"],
            applied_at=row["acked_at"] or relay.now(),
            parked_total=row["parked_total"],
            parked=json.loads(row["parked"]),
        )
        _list(writer, caller.organisation, caller.site, row["site"], relay.now(), ack)


_LAST_WORDS = """
    SELECT s.channel, s.epoch, w.site, w.parked_total, w.parked,
           r.acked, r.ack_run, r.ack_said, r.acked_at
    FROM streams s JOIN last_words w USING (organisation, stream)
    JOIN reach r ON r.organisation = w.organisation AND r.stream = w.stream AND r.site = w.site
    WHERE s.organisation = ? AND s.origin = ? ORDER BY s.stream, w.site
"""


def _list(
    writer: sqlite3.Connection,
    organisation: str,
    origin: str,
    site: str,
    at: str,
    ack: messages.Ack,
) -> None:
    """Have `origin` collect it."""
    (number,) = writer.execute(
        "UPDATE organisations SET last_ack = last_ack + 1 WHERE organisation = ?"
        " RETURNING last_ack",
        (organisation,),
    ).fetchone()
    writer.execute(
        "INSERT INTO acks VALUES (?, ?, ?, ?, ?, ?)",
        (organisation, number, origin, site, at, ack.model_dump_json()),
    )


def _bounded(ack: messages.Ack) -> messages.Ack:
    """The acknowledgement with its list of parked records cut to what one page can carry."""
    room = _PARKED_BYTES
    kept: list[messages.ParkedWord] = []
    for word in ack.parked:
        room -= len(word.model_dump_json())
        if room < 0:
            break
        kept.append(word)
    return ack.model_copy(update={"parked": kept})
