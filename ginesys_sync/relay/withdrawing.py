"""Taking batches back: head office may, as long as a site has not heard of them.

A batch that is taken back keeps its number; its readers pass over it, and cannot fetch its body.
Taken from all it is finished, and goes as finished ones go: head office's own data is in it, which
it may need to read back.
"""

from __future__ import annotations

import sqlite3

from ginesys_sync.relay.batches import ALL
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.streams import StreamRow, own_streams
from ginesys_sync.wire.control_messages import ListedBatch, WithdrawAnswer, WithdrawRequest

_NAMED = 20


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
        if not listed:
            for no in numbers:
                _take_back(relay, writer, stream, no, request.sites)
    return WithdrawAnswer(listed=listed)


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
    relay: Relay, writer: sqlite3.Connection, stream: StreamRow, no: int, sites: list[str] | None
) -> None:
    key = (stream.organisation, stream.stream, no)
    writer.executemany(
        "INSERT OR IGNORE INTO withdrawn VALUES (?, ?, ?, ?, ?)",
        [(*key, site, relay.now()) for site in ([ALL] if sites is None else sites)],
    )
    if sites is None:
        writer.execute("INSERT OR IGNORE INTO finished VALUES (?, ?, ?, ?)", (*key, relay.now()))
