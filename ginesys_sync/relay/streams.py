"""The rows of streams: finding, beginning, choosing the one a reader is in."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.problems import Refusal

_MAX_CHANNELS = 200
NOT_WITHDRAWN = (
    "NOT EXISTS (SELECT 1 FROM withdrawn w WHERE w.organisation = b.organisation"
    " AND w.stream = b.stream AND w.no = b.no AND w.site IN ('*', ?))"
)
"""SQL: head office has not taken back batch `b` from a site. Parameter: the site."""


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One stream in one epoch; `stream` is its number here, `head` its last uploaded number."""

    organisation: str
    stream: int
    origin: str
    channel: str
    epoch: str
    epoch_no: int
    head: int

    @property
    def text(self) -> str:
        """As the wire writes it."""
        return f"{self.origin}/{self.channel}"

    @classmethod
    def of(cls, row: sqlite3.Row) -> StreamRow:
        """From a row that holds (at least) a stream's columns."""
        return cls(
            row["organisation"],
            row["stream"],
            row["origin"],
            row["channel"],
            row["epoch"],
            row["epoch_no"],
            row["head"],
        )


def find_stream(
    reader: sqlite3.Connection, organisation: str, text: str, epoch: str
) -> StreamRow | None:
    """The stream written `HO/pricing` in that epoch, if there is one."""
    origin, _, channel = text.partition("/")
    row = reader.execute(
        "SELECT * FROM streams WHERE organisation = ? AND origin = ? AND channel = ? AND epoch = ?",
        (organisation, origin, channel, epoch),
    ).fetchone()
    return StreamRow.of(row) if row else None


def begin_stream(
    relay: Relay, writer: sqlite3.Connection, caller: Caller, channel: str
) -> StreamRow:
    """The caller's own stream in its present epoch; made when it is the first time."""
    text = f"{caller.site}/{channel}"
    known = find_stream(writer, caller.organisation, text, caller.epoch)
    if known:
        return known
    if len(own_streams(writer, caller)) >= _MAX_CHANNELS:
        raise Refusal("malformed", detail=f"more than {_MAX_CHANNELS} channels")
    (number,) = writer.execute(
        "UPDATE organisations SET last_stream = last_stream + 1 WHERE organisation = ?"
        " RETURNING last_stream",
        (caller.organisation,),
    ).fetchone()
    writer.execute(
        "INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0)",
        (
            caller.organisation,
            number,
            caller.site,
            channel,
            caller.epoch,
            caller.epoch_no,
            relay.now(),
        ),
    )
    return StreamRow(
        caller.organisation, number, caller.site, channel, caller.epoch, caller.epoch_no, 0
    )


def own_streams(reader: sqlite3.Connection, caller: Caller) -> dict[str, StreamRow]:
    """The caller's own streams in its present epoch, by channel."""
    rows = reader.execute(
        "SELECT * FROM streams WHERE organisation = ? AND origin = ? AND epoch = ? ORDER BY stream",
        (caller.organisation, caller.site, caller.epoch),
    )
    return {row["channel"]: StreamRow.of(row) for row in rows}
