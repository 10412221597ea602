"""Taking batches back: head office may, as long as a site has not heard of them.

A batch that is taken back keeps its number; its readers pass over it, and cannot fetch its body.
Taken from all it is finished, and goes as finished ones go: head office's own data is in it, which
it may need to read back.
"""

from __future__ import annotations

import secrets
import sqlite3
from itertools import groupby
from operator import itemgetter

from ginesys_sync.relay.batches import ALL
from ginesys_sync.relay.bodies import has_body
from ginesys_sync.relay.desk import Caller, Relay, site_row
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.streams import StreamRow, find_stream, own_streams
from ginesys_sync.wire.control_messages import (
    ListedBatch,
    WithdrawAnswer,
    Withdrawn,
    WithdrawnAnswer,
    WithdrawnRequest,
    WithdrawRequest,
)

_NAMED = 20
_A_PAGE = 20_000
"""Lines of `withdrawn` about which one answer tells; a batch is never cut."""


def withdraw(relay: Relay, caller: Caller, request: WithdrawRequest) -> WithdrawAnswer:
    """Take back all of the named batches, or none and say which sites have heard of which; what was
    taken back before, from those who have not heard of it. Repeatable."""
    with relay.database.writing() as writer:
        stream = own_streams(writer, caller).get(request.channel)
        text = f"{caller.site}/{request.channel}"
        if stream is None or stream.epoch != request.epoch:
            raise Refusal("batch_unknown", stream=text, no=request.numbers[0])
        for no in request.numbers:
            if no > stream.head:
                raise Refusal("batch_unknown", stream=text, no=no)
        numbers = sorted(set(request.numbers))
        heard = {no: _heard(writer, caller, stream, no, request) for no in numbers}
        listed = [ListedBatch(no=no, sites=sites) for no, sites in heard.items() if sites]
        if listed and not request.again:
            first = [each.model_copy(update={"sites": each.sites[:_NAMED]}) for each in listed]
            return WithdrawAnswer(listed=first)
        before = after = withdrawals_word(writer, caller)
        changed = 0
        for no in numbers:
            sites = request.sites
            if heard[no]:
                asked = _members(writer, stream, no) if sites is None else sites
                sites = sorted(set(asked) - set(heard[no]))
            changed += _take_back(relay, writer, stream, no, sites)
        if changed:
            after = secrets.token_hex(8)
            writer.execute(
                "UPDATE organisations SET withdrawals = ? WHERE organisation = ?",
                (after, caller.organisation),
            )
    return WithdrawAnswer(listed=listed, before=before, after=after)


def withdrawals_word(reader: sqlite3.Connection, caller: Caller) -> str:
    """The word for what is withdrawn: another one whenever something is; empty before that."""
    (word,) = reader.execute(
        "SELECT withdrawals FROM organisations WHERE organisation = ?", (caller.organisation,)
    ).fetchone()
    return str(word)


def list_withdrawn(relay: Relay, caller: Caller, request: WithdrawnRequest) -> WithdrawnAnswer:
    """What of a channel is taken back, about as much as a page may hold."""
    found: list[Withdrawn] = []
    room = _A_PAGE
    with relay.database.reading() as reader:
        text = f"{caller.site}/{request.channel}"
        stream = find_stream(reader, caller.organisation, text, caller.epoch)
        if stream is None:
            return WithdrawnAnswer()
        rows = reader.execute(_WITHDRAWN, (stream.organisation, stream.stream, request.after))
        for _, of_batch in groupby(rows, itemgetter("no")):
            if room <= 0:
                return WithdrawnAnswer(withdrawn=found, more=True)
            found.append(_withdrawn(relay, reader, list(of_batch)))
            room -= len(found[-1].sites)
    return WithdrawnAnswer(withdrawn=found)


_WITHDRAWN = """
    SELECT w.no, w.site, b.sha256
    FROM withdrawn w JOIN batches b USING (organisation, stream, no)
    WHERE w.organisation = ? AND w.stream = ? AND w.no > ? ORDER BY w.no, w.site
"""


def _withdrawn(relay: Relay, reader: sqlite3.Connection, rows: list[sqlite3.Row]) -> Withdrawn:
    sha256 = rows[0]["sha256"]
    return Withdrawn(
        no=rows[0]["no"],
        sha256=sha256,
        is_kept=has_body(relay, reader, sha256),
        sites=[row["site"] for row in rows],
    )


_OF_BATCH = """
    JOIN batches b ON b.organisation = m.organisation
    LEFT JOIN reach r
      ON r.organisation = m.organisation AND r.stream = b.stream AND r.site = m.site
    WHERE m.organisation = :organisation AND b.stream = :stream AND b.no = :no AND m.role = 'store'
      AND (b.audience = '*' OR EXISTS (SELECT 1 FROM audience_members a
           WHERE a.organisation = b.organisation AND a.audience = b.audience AND a.site = m.site))
"""
_MEMBERS = f"SELECT m.site FROM sites m {_OF_BATCH}"
_MAY_HAVE_HEARD = f"""
    SELECT m.site FROM sites m {_OF_BATCH}
      AND (:is_forgotten OR max(r.listed, r.acked) >= b.no
           OR r.load = 'ready' AND r.load_no >= b.no)
      AND NOT EXISTS (SELECT 1 FROM withdrawn w WHERE w.organisation = b.organisation
           AND w.stream = b.stream AND w.no = b.no AND w.site IN ('*', m.site))
"""


def _members(reader: sqlite3.Connection, stream: StreamRow, no: int) -> list[str]:
    facts = {"organisation": stream.organisation, "stream": stream.stream, "no": no}
    return [row["site"] for row in reader.execute(_MEMBERS, facts)]


def _heard(
    reader: sqlite3.Connection, caller: Caller, stream: StreamRow, no: int, request: WithdrawRequest
) -> list[str]:
    """The sites that have heard of a batch, or whose full load holds what is in it; all when that
    is forgotten: it was here before that was kept, or before the Web Database was brought back.
    """
    (listed_before,) = reader.execute(
        "SELECT listed_before FROM streams WHERE organisation = ? AND stream = ?",
        (stream.organisation, stream.stream),
    ).fetchone()
    site = site_row(reader, caller.organisation, caller.site)
    is_forgotten = no <= listed_before or bool(site and site["set_back"])
    facts = {
        "organisation": stream.organisation,
        "stream": stream.stream,
        "no": no,
        "is_forgotten": is_forgotten and not request.again,
    }
    found = {row["site"] for row in reader.execute(_MAY_HAVE_HEARD, facts)}
    return sorted(found if request.sites is None else found & set(request.sites))


def _take_back(
    relay: Relay, writer: sqlite3.Connection, stream: StreamRow, no: int, sites: list[str] | None
) -> int:
    """How many lines of it are new."""
    key = (stream.organisation, stream.stream, no)
    added = writer.executemany(
        "INSERT OR IGNORE INTO withdrawn VALUES (?, ?, ?, ?, ?)",
        [(*key, site, relay.now()) for site in ([ALL] if sites is None else sites)],
    ).rowcount
    if sites is None:
        writer.execute("INSERT OR IGNORE INTO finished VALUES (?, ?, ?, ?)", (*key, relay.now()))
    return max(0, added)
