"""The first call of a run: who it is, whether it is still the same site, what it must resend."""

from __future__ import annotations

import sqlite3

from ginesys_sync import __version__
from ginesys_sync.relay.access import list_contacts
from ginesys_sync.relay.bodies import body_path
from ginesys_sync.relay.desk import Caller, Relay, site_row
from ginesys_sync.relay.mail import read_mail
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.streams import own_streams
from ginesys_sync.wire import messages
from ginesys_sync.wire.routes import PROTOCOL, PROTOCOL_SKEW

_LOOKED_AT = 1_000
"""Kept batches of the caller whose bodies are looked for in one call, oldest first."""


def who_am_i(relay: Relay, caller: Caller) -> messages.WhoAmI:
    """The key was accepted."""
    return messages.WhoAmI(
        organisation=caller.organisation,
        site=caller.site,
        role=caller.role.value,
        relay_id=relay.relay_id,
        program=__version__,
        protocol=PROTOCOL,
        time=relay.now(),
    )


def check_protocol(protocol: int, who: str) -> None:
    """Raises Refusal when a program speaks a protocol too far from ours."""
    if abs(protocol - PROTOCOL) > PROTOCOL_SKEW:
        older, newer = (
            (who, "the Web Database") if protocol < PROTOCOL else ("the Web Database", who)
        )
        older = older[0].upper() + older[1:] if older.startswith("the ") else older
        raise Refusal("versions_differ", older=older, newer=newer)


def open_run(relay: Relay, caller: Caller, request: messages.OpenRequest) -> messages.OpenAnswer:
    """Open a run. The same (incarnation, run) again is the same call."""
    check_protocol(request.protocol, f"the program at {caller.site}")
    with relay.database.writing() as writer:
        _check_incarnation(writer, caller, request)
        writer.execute(
            "UPDATE sites SET incarnation = ?, run = ?, program = ?, plan_version = ?,"
            " last_seen_at = ? WHERE organisation = ? AND site = ?",
            (
                request.incarnation,
                request.run,
                request.program,
                request.plan_version,
                relay.now(),
                caller.organisation,
                caller.site,
            ),
        )
    with relay.database.reading() as reader:
        own = _own(reader, caller, request)
        missing = _missing(relay, reader, caller)
        sites = list_contacts(reader, caller.organisation) if caller.is_ho else []
    return messages.OpenAnswer.model_construct(
        relay_id=relay.relay_id,
        time=relay.now(),
        own=own,
        missing=missing,
        sites=sites,
        mail=read_mail(relay, caller, request.mail),
    )


def _check_incarnation(
    writer: sqlite3.Connection, caller: Caller, request: messages.OpenRequest
) -> None:
    """A site that is behind what is known of it was restored from a copy, or cloned."""
    row = site_row(writer, caller.organisation, caller.site)
    assert row is not None
    if row["incarnation"] and row["incarnation"] != request.incarnation:
        raise Refusal("site_restored", site=caller.site, why="its home is another one")
    if request.run < row["run"]:
        why = f"its sync number is {request.run}, but {row['run']} was seen before"
        raise Refusal("site_restored", site=caller.site, why=why)
    streams = own_streams(writer, caller)
    for place in request.heads:
        stream = streams.get(place.stream.partition("/")[2])
        is_own = stream is not None and (stream.text, stream.epoch) == (place.stream, place.epoch)
        if stream and is_own and place.no < stream.head:
            why = f"{place.stream} is at {place.no} there, but {stream.head} was uploaded before"
            raise Refusal("site_restored", site=caller.site, why=why)


def _own(
    reader: sqlite3.Connection, caller: Caller, request: messages.OpenRequest
) -> list[messages.StreamPlace]:
    """How far the caller's own streams are here, those included that are not here at all."""
    places = {
        stream.text: messages.StreamPlace(stream=stream.text, epoch=stream.epoch, no=stream.head)
        for stream in own_streams(reader, caller).values()
    }
    for head in request.heads:
        if head.stream.startswith(f"{caller.site}/") and head.stream not in places:
            places[head.stream] = messages.StreamPlace(stream=head.stream, epoch=caller.epoch, no=0)
    return list(places.values())


def _missing(relay: Relay, reader: sqlite3.Connection, caller: Caller) -> list[str]:
    """Bodies that kept batches of the caller need and that are gone: one look at the disk each."""
    rows = reader.execute(
        "SELECT DISTINCT b.sha256, c.sha256 IS NULL AS is_lost, c.data IS NULL AS is_file"
        " FROM (SELECT b.organisation, b.sha256 FROM streams s JOIN batches b"
        "       USING (organisation, stream) WHERE s.organisation = ? AND s.origin = ?"
        "       AND b.purged = 0 ORDER BY b.stream, b.no LIMIT ?) b"
        " LEFT JOIN bodies c ON c.organisation = b.organisation AND c.sha256 = b.sha256",
        (caller.organisation, caller.site, _LOOKED_AT),
    )
    return [
        row["sha256"]
        for row in rows
        if row["is_lost"] or (row["is_file"] and not body_path(relay, row["sha256"]).exists())
    ]
