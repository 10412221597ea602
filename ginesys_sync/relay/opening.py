"""The first call of a run: who it is, whether it is still the same site, what it must resend."""

from __future__ import annotations

import sqlite3

from ginesys_sync import __version__
from ginesys_sync.relay.access import list_contacts
from ginesys_sync.relay.bodies import body_path
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.mail import read_mail
from ginesys_sync.relay.own import wanted_again
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.restores import head_body, is_set_back, recognise_life
from ginesys_sync.relay.sightings import note_clock
from ginesys_sync.relay.streams import own_streams
from ginesys_sync.relay.withdrawing import withdrawals_word
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
    """Open a run. The same (incarnation, run) again is the same call. Raises Refusal for a clone,
    and for a restored site whose program cannot heal it.
    """
    check_protocol(request.protocol, f"the program at {caller.site}")
    with relay.database.writing() as writer:
        set_back = is_set_back(writer, caller, request)
        restored = recognise_life(relay, writer, caller, request)
        # Acknowledgements are numbered anew by a Web Database that was brought back.
        collected = 0 if set_back else request.mail.acks_after
        _note_seen(relay, writer, caller, request)
        if restored is None:
            _note_run(writer, caller, request.run, collected)
    if restored and not request.can_heal:
        raise Refusal("site_restored", site=caller.site, why=restored.why)
    with relay.database.reading() as reader:
        own = _own(reader, caller, request)
        withdrawals = withdrawals_word(reader, caller) if caller.is_ho else ""
        if restored:
            return messages.OpenAnswer(
                relay_id=relay.relay_id,
                time=relay.now(),
                own=own,
                restored=restored,
                withdrawals=withdrawals,
            )
        again = wanted_again(reader, caller)
        missing = _missing(relay, reader, caller)
        sites = list_contacts(reader, caller.organisation) if caller.is_ho else []
    return messages.OpenAnswer.model_construct(
        relay_id=relay.relay_id,
        time=relay.now(),
        own=own,
        missing=missing,
        sites=sites,
        mail=read_mail(
            relay, caller, request.mail.model_copy(update={"acks_after": collected}), collected
        ),
        again=again,
        set_back=set_back,
        withdrawals=withdrawals,
    )


def _note_seen(
    relay: Relay, writer: sqlite3.Connection, caller: Caller, request: messages.OpenRequest
) -> None:
    """The site was here, and what its clock said."""
    writer.execute(
        "UPDATE sites SET program = ?, plan_version = ?, last_seen_at = ?"
        " WHERE organisation = ? AND site = ?",
        (
            request.program,
            request.plan_version,
            relay.now(),
            caller.organisation,
            caller.site,
        ),
    )
    note_clock(relay, writer, caller, request.clock)


def _note_run(writer: sqlite3.Connection, caller: Caller, run: int, collected: int) -> None:
    """The run counts; the site has others' acknowledgements up to `collected`."""
    writer.execute(
        "UPDATE sites SET run = ?, collected = ? WHERE organisation = ? AND site = ?",
        (run, collected, caller.organisation, caller.site),
    )


def _own(
    reader: sqlite3.Connection, caller: Caller, request: messages.OpenRequest
) -> list[messages.StreamPlace]:
    """How far the caller's own streams are here, those included that are not here at all."""
    places = {
        stream.text: messages.StreamPlace(
            stream=stream.text,
            epoch=stream.epoch,
            no=stream.head,
            sha256=head_body(reader, caller.organisation, stream.stream, stream.head),
        )
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
