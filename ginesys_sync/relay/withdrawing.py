"""Taking batches back: head office may, as long as a site has not heard of them.

A batch that is taken back keeps its number; its readers pass over it, and cannot fetch its body.
Taken from all it is finished, and goes as finished ones go: head office's own data is in it, which
it may need to read back.
"""

from __future__ import annotations

import sqlite3
from itertools import groupby
from operator import itemgetter

from ginesys_sync.relay.batches import ALL
from ginesys_sync.relay.bodies import has_body
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.streams import StreamRow, own_streams
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
"""Lines of `withdrawn` about which one answer tells; one withdrawal is never cut."""
_WITHDRAWN = """
    SELECT w.withdrawal, w.stream, w.no, w.site, s.channel, s.epoch, b.sha256, b.size
    FROM withdrawn w JOIN streams s USING (organisation, stream)
    JOIN batches b USING (organisation, stream, no)
    WHERE w.organisation = ? AND w.withdrawal > ?
    ORDER BY w.withdrawal, w.stream, w.no, w.site
"""


def withdraw(relay: Relay, caller: Caller, request: WithdrawRequest) -> WithdrawAnswer:
    """Take back all of the named batches, or none and say which sites have heard of which.
    Repeatable."""
    with relay.database.writing() as writer:
        stream = own_streams(writer, caller).get(request.channel)
        text = f"{caller.site}/{request.channel}"
        if stream is None or stream.epoch != request.epoch:
            raise Refusal("batch_unknown", stream=text, no=request.numbers[0])
        for no in request.numbers:
            if no > stream.head:
                raise Refusal("batch_unknown", stream=text, no=no)
        numbers = sorted(set(request.numbers))
        heard = {no: _heard(writer, stream, no, request.sites) for no in numbers}
        listed = [ListedBatch(no=no, sites=sites) for no, sites in heard.items() if sites]
        if listed:
            return WithdrawAnswer(listed=listed)
        return WithdrawAnswer(number=_take_back(relay, writer, stream, numbers, request.sites))


def last_withdrawal(reader: sqlite3.Connection, organisation: str) -> int:
    """The number of the last call that took something back; 0 when none did."""
    (number,) = reader.execute(
        "SELECT last_withdrawal FROM organisations WHERE organisation = ?", (organisation,)
    ).fetchone()
    return int(number)


def list_withdrawn(relay: Relay, caller: Caller, request: WithdrawnRequest) -> WithdrawnAnswer:
    """What was taken back after a withdrawal: whole ones, about as much as a page may hold."""
    found: list[Withdrawn] = []
    room = _A_PAGE
    with relay.database.reading() as reader:
        up_to = last_withdrawal(reader, caller.organisation)
        listed = reader.execute(_WITHDRAWN, (caller.organisation, request.after))
        for number, rows in groupby(listed, itemgetter("withdrawal")):
            if room <= 0:
                up_to = number - 1
                break
            for _, of_batch in groupby(rows, itemgetter("stream", "no")):
                found.append(_withdrawn(relay, reader, list(of_batch)))
                room -= len(found[-1].sites)
    return WithdrawnAnswer(up_to=up_to, withdrawn=found)


def _withdrawn(relay: Relay, reader: sqlite3.Connection, rows: list[sqlite3.Row]) -> Withdrawn:
    first = rows[0]
    return Withdrawn(
        channel=first["channel"],
        epoch=first["epoch"],
        no=first["no"],
        sha256=first["sha256"],
        size=first["size"],
        is_kept=has_body(relay, reader, first["sha256"]),
        sites=[row["site"] for row in rows],
    )


_HEARD = """
    SELECT r.site FROM reach r JOIN batches b USING (organisation, stream)
    JOIN streams s USING (organisation, stream)
    WHERE r.organisation = :organisation AND r.stream = :stream AND b.no = :no AND r.site <> '*'
      AND (b.audience = '*' OR EXISTS (SELECT 1 FROM audience_members m
           WHERE m.organisation = b.organisation AND m.audience = b.audience AND m.site = r.site))
      AND (max(r.listed, r.acked) >= b.no OR r.load = 'ready' AND r.load_no >= b.no)
      AND NOT EXISTS (SELECT 1 FROM withdrawn w WHERE w.organisation = b.organisation
           AND w.stream = b.stream AND w.no = b.no AND w.site IN ('*', r.site))
    ORDER BY r.site
"""
_BEFORE_LISTS = """
    SELECT m.site FROM sites m JOIN batches b USING (organisation)
    JOIN streams s USING (organisation, stream)
    WHERE m.organisation = :organisation AND b.stream = :stream AND b.no = :no
      AND m.role = 'store' AND b.no <= s.listed_before
      AND (b.audience = '*' OR EXISTS (SELECT 1 FROM audience_members a
           WHERE a.organisation = b.organisation AND a.audience = b.audience AND a.site = m.site))
    ORDER BY m.site
"""


def _heard(
    reader: sqlite3.Connection, stream: StreamRow, no: int, sites: list[str] | None
) -> list[str]:
    """The first of the sites that have heard of a batch (or may have, before that was kept), or
    whose full load holds what is in it."""
    facts = {"organisation": stream.organisation, "stream": stream.stream, "no": no}
    found = {
        row["site"] for query in (_HEARD, _BEFORE_LISTS) for row in reader.execute(query, facts)
    }
    return sorted(found if sites is None else found & set(sites))[:_NAMED]


def _take_back(
    relay: Relay,
    writer: sqlite3.Connection,
    stream: StreamRow,
    numbers: list[int],
    sites: list[str] | None,
) -> int:
    """The number of the last withdrawal: this one, unless it says nothing new."""
    now, number = relay.now(), last_withdrawal(writer, stream.organisation)
    keys = [(stream.organisation, stream.stream, no) for no in numbers]
    is_new = writer.executemany(
        "INSERT OR IGNORE INTO withdrawn VALUES (?, ?, ?, ?, ?, ?)",
        [
            (*key, site, now, number + 1)
            for key in keys
            for site in ([ALL] if sites is None else sites)
        ],
    ).rowcount
    if sites is None:
        writer.executemany(
            "INSERT OR IGNORE INTO finished VALUES (?, ?, ?, ?)", [(*key, now) for key in keys]
        )
    if is_new:
        number += 1
        writer.execute(
            "UPDATE organisations SET last_withdrawal = ? WHERE organisation = ?",
            (number, stream.organisation),
        )
    return number
