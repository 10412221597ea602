"""First loads: who wants one, what head office offers, and when it is over.

`wanted`: a store joined when the stream already had a past (or fell behind what is kept).
`ready`: head office offered a load; the store holds the tail after it from that moment on.
While a load is wanted, `load_no` says whether the store may do without it: RELOAD is a person's
word that it may not, although it has its past.
"""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256

from ginesys_sync.core.model import HEAD_OFFICE, Role
from ginesys_sync.relay.bells import What, ring_sites
from ginesys_sync.relay.bodies import missing_bodies, name_bodies
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.purge import drop_bodies, drop_files
from ginesys_sync.relay.streams import NOT_WITHDRAWN, StreamRow, find_stream
from ginesys_sync.wire import messages

RELOAD = -1


def want_loads(writer: sqlite3.Connection, organisation: str, site: str) -> None:
    """A store was enrolled: every stream of head office that has a past must be brought to it.

    What it had applied before (it is enrolled again) stays noted, so that a store that still has
    its database goes on without a load.
    """
    writer.execute(
        "INSERT INTO reach (organisation, stream, site, load)"
        " SELECT s.organisation, s.stream, ?, 'wanted' FROM streams s JOIN sites o"
        " ON o.organisation = s.organisation AND o.site = s.origin"
        " WHERE s.organisation = ? AND o.role = ? AND s.epoch = o.epoch AND s.head > 0"
        " ON CONFLICT (organisation, stream, site) DO UPDATE SET load = 'wanted'",
        (site, organisation, Role.HO),
    )
    _leave_loads(writer, organisation, site)


def want_load(writer: sqlite3.Connection, organisation: str, site: str, stream: int) -> None:
    """A reader needs what is no longer kept of this stream."""
    is_new = writer.execute(
        "INSERT INTO reach (organisation, stream, site, load) VALUES (?, ?, ?, 'wanted')"
        " ON CONFLICT (organisation, stream, site) DO UPDATE SET load = 'wanted'"
        " WHERE load = 'none'",
        (organisation, stream, site),
    ).rowcount
    if is_new and site != HEAD_OFFICE:
        ring_sites(writer, organisation, What.LOAD_WANTED, [HEAD_OFFICE])


def forget_loads(writer: sqlite3.Connection, organisation: str, site: str) -> None:
    """The site was closed: nothing is loaded for it any more."""
    writer.execute(
        "UPDATE reach SET load = 'none', load_no = 0"
        " WHERE organisation = ? AND site = ? AND load <> 'none'",
        (organisation, site),
    )
    _leave_loads(writer, organisation, site)


def take_offers_back(writer: sqlite3.Connection, organisation: str) -> None:
    """Head office was brought back from an older copy: what its loads left out, because a person
    held it back, it may not know any more, and would never send. So it makes them anew.
    """
    writer.execute(
        "UPDATE reach SET load = 'wanted', load_no = ? WHERE organisation = ? AND load = 'ready'",
        (RELOAD, organisation),
    )
    writer.execute("DELETE FROM load_sites WHERE organisation = ?", (organisation,))


def _leave_loads(writer: sqlite3.Connection, organisation: str, site: str) -> None:
    writer.execute(
        "DELETE FROM load_sites WHERE organisation = ? AND site = ?", (organisation, site)
    )


def offer_load(
    relay: Relay, caller: Caller, request: messages.LoadsRequest
) -> messages.LoadsAnswer:
    """Head office offers a load of one of its streams to the sites that want one. Repeatable."""
    load = request.load
    sizes = {chunk.sha256: chunk.size for chunk in load.chunks}
    with relay.database.writing() as writer:
        stream = find_stream(writer, caller.organisation, load.stream, load.epoch)
        if stream is None or stream.origin != caller.site:
            raise Refusal("not_your_stream", stream=load.stream, site=caller.site)
        if load.no > stream.head:
            raise Refusal("load_refused", why=f"{load.stream} has no number {load.no} yet")
        missing = missing_bodies(relay, writer, sizes)
        if missing:
            return messages.LoadsAnswer(missing=missing)
        number = _note_load(relay, writer, stream, load)
        taken: set[str] = set()
        offered = [
            site
            for site in dict.fromkeys(request.sites)
            if _offer_to(writer, stream, site, load.no, number, taken)
        ]
        ring_sites(writer, caller.organisation, What.LOAD_OFFERED, taken)
        name_bodies(writer, caller.organisation, sizes)
        is_read = _readers(writer, caller.organisation, number)
        dropped = [] if is_read else _drop_load(writer, caller.organisation, number)
    drop_files(relay, dropped)
    return messages.LoadsAnswer(offered=offered)


def _note_load(
    relay: Relay, writer: sqlite3.Connection, stream: StreamRow, load: messages.Load
) -> int:
    """The load's number: that of the same load offered before, or a new one."""
    digest = sha256(load.model_dump_json(exclude={"made_at"}).encode()).hexdigest()
    known = writer.execute(
        "SELECT load FROM loads WHERE organisation = ? AND stream = ? AND digest = ?",
        (relay.organisation, stream.stream, digest),
    ).fetchone()
    if known:
        return int(known["load"])
    (number,) = writer.execute(
        "UPDATE organisations SET last_load = last_load + 1 WHERE organisation = ?"
        " RETURNING last_load",
        (relay.organisation,),
    ).fetchone()
    key = (relay.organisation, number)
    writer.execute(
        "INSERT INTO loads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *key,
            stream.stream,
            digest,
            load.no,
            load.plan_version,
            load.made_at,
            relay.now(),
            json.dumps([each.model_dump() for each in load.held]),
            json.dumps(load.kinds),
        ),
    )
    writer.executemany(
        "INSERT INTO load_chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*key, place, one.entity, one.sha256, one.size, one.raw_size, one.records, one.rows)
            for place, one in enumerate(load.chunks)
        ],
    )
    return int(number)


def _offer_to(
    writer: sqlite3.Connection,
    stream: StreamRow,
    site: str,
    no: int,
    number: int,
    taken: set[str],
) -> bool:
    """Offer to one site; whether it took it (or has it). Refused when its tail is not whole. Adds
    to `taken` when it is news for the site.
    """
    key = (stream.organisation, stream.stream, site)
    row = writer.execute(
        "SELECT load FROM reach WHERE organisation = ? AND stream = ? AND site = ?", key
    ).fetchone()
    if row is None or row["load"] == "none":
        return False
    if row["load"] == "ready":
        return bool(
            writer.execute(
                "SELECT 1 FROM load_sites WHERE organisation = ? AND load = ? AND site = ?",
                (stream.organisation, number, site),
            ).fetchone()
        )
    if is_tail_broken(writer, stream, site, no):
        raise Refusal("load_refused", why=f"the tail after number {no} is no longer kept")
    writer.execute(
        "UPDATE reach SET load = 'ready', load_no = ?, released = max(released, ?),"
        # Its chunks were read when this was the head: they may hold what came up to here.
        " listed = max(listed, ?) WHERE organisation = ? AND stream = ? AND site = ?",
        (no, no, stream.head, *key),
    )
    writer.execute("INSERT INTO load_sites VALUES (?, ?, ?)", (stream.organisation, number, site))
    taken.add(site)
    return True


def is_tail_broken(reader: sqlite3.Connection, stream: StreamRow, site: str, after: int) -> bool:
    """Whether a batch for `site` beyond `after` is no longer kept."""
    return bool(
        reader.execute(
            "SELECT 1 FROM batches b WHERE organisation = ? AND stream = ? AND no > ?"
            f" AND purged = 1 AND {NOT_WITHDRAWN}"
            " AND (audience = '*' OR EXISTS (SELECT 1 FROM audience_members m"
            " WHERE m.organisation = b.organisation AND m.audience = b.audience AND m.site = ?))"
            " LIMIT 1",
            (stream.organisation, stream.stream, after, site, site),
        ).fetchone()
    )


def finish_load(
    writer: sqlite3.Connection, stream: StreamRow, site: str, no: int
) -> list[str] | None:
    """The site applied the load up to `no`; files to drop, or None when no such load is open."""
    row = writer.execute(
        "SELECT l.load FROM load_sites s JOIN loads l USING (organisation, load)"
        " WHERE s.organisation = ? AND s.site = ? AND l.stream = ? AND l.no = ?",
        (stream.organisation, site, stream.stream, no),
    ).fetchone()
    if row is None:
        return None
    writer.execute(
        "UPDATE reach SET load = 'none', load_no = 0"
        " WHERE organisation = ? AND stream = ? AND site = ?",
        (stream.organisation, stream.stream, site),
    )
    writer.execute(
        "DELETE FROM load_sites WHERE organisation = ? AND load = ? AND site = ?",
        (stream.organisation, row["load"], site),
    )
    if _is_wanted(writer, stream):
        return []  # head office may be about to offer the same chunks to others
    return drop_unread_loads(writer, stream.organisation, stream.stream)


def _is_wanted(reader: sqlite3.Connection, stream: StreamRow) -> bool:
    return bool(
        reader.execute(
            "SELECT 1 FROM reach WHERE organisation = ? AND stream = ? AND load = 'wanted' LIMIT 1",
            (stream.organisation, stream.stream),
        ).fetchone()
    )


def drop_unread_loads(
    writer: sqlite3.Connection, organisation: str, stream: int | None = None
) -> list[str]:
    """Drop loads (of one stream) that no site reads any more; the files that go with them."""
    dropped: list[str] = []
    for (number,) in writer.execute(
        "SELECT load FROM loads l WHERE organisation = ? AND stream = coalesce(?, stream)"
        " AND NOT EXISTS (SELECT 1 FROM load_sites s"
        " WHERE s.organisation = l.organisation AND s.load = l.load)",
        (organisation, stream),
    ).fetchall():
        dropped += _drop_load(writer, organisation, number)
    return dropped


def _readers(reader: sqlite3.Connection, organisation: str, number: int) -> bool:
    return bool(
        reader.execute(
            "SELECT 1 FROM load_sites WHERE organisation = ? AND load = ? LIMIT 1",
            (organisation, number),
        ).fetchone()
    )


def _drop_load(writer: sqlite3.Connection, organisation: str, number: int) -> list[str]:
    hashes = [
        row["sha256"]
        for row in writer.execute(
            "SELECT sha256 FROM load_chunks WHERE organisation = ? AND load = ?",
            (organisation, number),
        )
    ]
    writer.execute("DELETE FROM loads WHERE organisation = ? AND load = ?", (organisation, number))
    return drop_bodies(writer, organisation, hashes)


def ready_load(reader: sqlite3.Connection, stream: StreamRow, site: str) -> messages.Load | None:
    """The load that was offered to `site` for this stream."""
    row = reader.execute(
        "SELECT l.* FROM load_sites s JOIN loads l USING (organisation, load)"
        " WHERE s.organisation = ? AND s.site = ? AND l.stream = ?",
        (stream.organisation, site, stream.stream),
    ).fetchone()
    if row is None:
        return None
    chunks = reader.execute(
        "SELECT entity, sha256, size, raw_size, records, rows FROM load_chunks"
        " WHERE organisation = ? AND load = ? ORDER BY position",
        (stream.organisation, row["load"]),
    )
    return messages.Load.model_construct(
        stream=stream.text,
        epoch=stream.epoch,
        no=row["no"],
        plan_version=row["plan_version"],
        made_at=row["made_at"],
        kinds=json.loads(row["kinds"]),
        chunks=[messages.LoadChunk.model_construct(**chunk) for chunk in map(dict, chunks)],
        held=[messages.HeldRecord.model_construct(**each) for each in json.loads(row["held"])],
    )
