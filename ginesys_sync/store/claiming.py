"""Sealing on SQLite, the writing half: one short transaction per claim.

It checks the fence, deletes exactly the change ids that the reader saw (never "up to the last"),
checks that as many went as were read, and writes everything the claim feeds: batches, what was sent
of each record, the stream's head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.core.errors import AlreadyRunning
from ginesys_sync.core.model import Audience, Stream
from ginesys_sync.core.plan import Owner
from ginesys_sync.store.capture import EDITED
from ginesys_sync.store.database import Database, database_faults, raw, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.keys import part_list
from ginesys_sync.store.parking import TOO_LARGE, has_parked
from ginesys_sync.store.sealing import Claim, Target
from ginesys_sync.wire.body import ID

DELETE_CLAIMED = "DELETE FROM main.sync_change WHERE id IN (SELECT id FROM claim.change)"
_KEYS = part_list(4)


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch about to be sealed: everything but its number, which the transaction gives it."""

    target: Target
    records: int
    gone: int
    rows: int
    sha256: str
    size: int
    raw_size: int


@dataclass(frozen=True, slots=True)
class SealedBy:
    """Under which run, epoch, plan and moment a claim is sealed."""

    stream: Stream
    epoch: str
    run: int
    plan_version: int
    at: str


class ClaimWriter:
    """Commits claims. Belongs to one thread at a time."""

    def __init__(self, database: Database, fence: int) -> None:
        self._connection = database.connect()
        self._raw = raw(self._connection)
        self._fence = fence
        with database_faults():
            self._raw.execute("ATTACH ':memory:' AS claim")

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def commit(
        self, claim: Claim, image: bytes, batches: Sequence[NewBatch], by: SealedBy
    ) -> tuple[int, ...]:
        """Seal a claim. Returns the numbers of its batches. `image` is the claim as the reader
        serialized it.
        """
        with database_faults():
            self._raw.deserialize(image, name="claim")
        with transaction(self._connection):
            require_fence(self._connection, self._fence)
            deleted = self._raw.execute(DELETE_CLAIMED).rowcount
            self._require_all(claim, deleted)
            numbers = self._number(batches, by)
            for no, batch in zip(numbers, batches, strict=True):
                self._write_batch(claim, no, batch, by)
            if claim.is_chosen:
                pass  # where else the records are, and who is to lose them, stands as before
            elif batches and batches[0].target.place is None:
                self._note_all_records(claim, numbers[0], batches[0])
            elif batches:
                self._note_records(claim, numbers, batches)
            self._note_edits(claim)
        return numbers

    @staticmethod
    def _require_all(claim: Claim, deleted: int) -> None:
        """As many went as were read."""
        if deleted != claim.changes:
            raise AlreadyRunning(
                "Another program has taken changes out of this database's change log.",
                "Nothing was taken twice. Make sure that only one program syncs this "
                "database, then try again.",
                detail=f"claimed {claim.changes}, deleted {deleted}",
            )

    def set_aside(self, claim: Claim, image: bytes, reason: str, at: str) -> None:
        """Park at its origin the one record of a claim that cannot be sealed; its next change tries
        again.
        """
        with database_faults():
            self._raw.deserialize(image, name="claim")
        with transaction(self._connection):
            require_fence(self._connection, self._fence)
            self._raw.execute(DELETE_CLAIMED)
            self._raw.execute(
                f"INSERT INTO sync_parked(entity, {_KEYS}, origin, stream, no, code, reason, "
                "body, raw_size, first_at, "
                f"last_at) SELECT ?, {_KEYS}, '', '', 0, 'too_large', ?, x'', 0, ?, ? FROM "
                "claim.record WHERE true "
                f"ON CONFLICT(entity, {_KEYS}, origin) DO UPDATE SET reason = excluded.reason, "
                "last_at = excluded.last_at, tries = tries + 1",
                (claim.entity.name, reason, at, at),
            )

    def _note_edits(self, claim: Claim) -> None:
        """What is written here is nobody else's edit any more, and what was too large to be sent
        has found its way.
        """
        records = f"({_KEYS}) IN (SELECT {_KEYS} FROM claim.record"
        if claim.entity.owner is Owner.SHARED:
            self._raw.execute(
                f"UPDATE sync_record SET author = '' WHERE entity = ? AND author <> '' "
                f"AND {records} WHERE image = {EDITED})",
                (claim.entity.name,),
            )
        if has_parked(self._connection, claim.entity.name):
            self._raw.execute(
                "DELETE FROM sync_parked WHERE entity = ? AND origin = '' AND code = ? "
                f"AND {records})",
                (claim.entity.name, TOO_LARGE),
            )
        if claim.ends_unsent:
            self._raw.execute(
                f"DELETE FROM sync_block WHERE kind = 'unsent' AND name = ? AND {records})",
                (claim.entity.name,),
            )

    def _number(self, batches: Sequence[NewBatch], by: SealedBy) -> tuple[int, ...]:
        if not batches:
            return ()
        head = self._raw.execute(
            "UPDATE sync_stream SET head_no = head_no + ? WHERE stream = ? RETURNING head_no",
            (len(batches), str(by.stream)),
        ).fetchone()[0]
        return tuple(range(head - len(batches) + 1, head + 1))

    def _write_batch(self, claim: Claim, no: int, batch: NewBatch, by: SealedBy) -> None:
        self._raw.execute(
            "INSERT INTO sync_batch(stream, no, epoch, run, entity, audience, plan_version, "
            "records, gone, rows, "
            "sha256, size, raw_size, sealed_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                str(by.stream),
                no,
                by.epoch,
                by.run,
                claim.entity.name,
                audience_id(self._connection, batch.target.audience),
                by.plan_version,
                batch.records,
                batch.gone,
                batch.rows,
                batch.sha256,
                batch.size,
                batch.raw_size,
                by.at,
            ),
        )

    def _note_all_records(self, claim: Claim, no: int, batch: NewBatch) -> None:
        """One audience for the whole claim: where each record was last sent."""
        gone = "r.here = 0" if batch.gone else "0"
        self._raw.execute(
            f"INSERT INTO sync_record(entity, {_KEYS}, audience, last_no, gone) "
            f"SELECT ?, {part_list(4, 'r')}, ?, ?, {gone} FROM claim.record r WHERE true "
            f"ON CONFLICT(entity, {_KEYS}) DO UPDATE SET audience = excluded.audience, "
            "last_no = excluded.last_no, "
            "gone = excluded.gone",
            (claim.entity.name, audience_id(self._connection, batch.target.audience), no),
        )

    def _note_records(
        self, claim: Claim, numbers: Sequence[int], batches: Sequence[NewBatch]
    ) -> None:
        """Audiences of their own: note for each record its present audience and the newest batch
        that names it.
        """
        members = self._raw.execute("SELECT DISTINCT new FROM claim.record").fetchall()
        for (new,) in members:
            audience_id(self._connection, Audience.parse(new))
        for no, batch in zip(numbers, batches, strict=True):
            self._raw.execute(
                f"INSERT INTO sync_record(entity, {_KEYS}, audience, last_no, gone) "
                f"SELECT ?, {part_list(4, 'r')}, a.id, ?, r.here = 0 FROM claim.target x "
                f"CROSS JOIN claim.record r ON x.place = ? AND r.{ID} = x.{ID} "
                "JOIN sync_audience a ON a.members = r.new WHERE true "
                f"ON CONFLICT(entity, {_KEYS}) DO UPDATE SET audience = excluded.audience, "
                "last_no = max(last_no, excluded.last_no), gone = excluded.gone",
                (claim.entity.name, no, batch.target.place),
            )


def audience_id(connection: Connection, audience: Audience) -> int:
    """The number of an audience in this database, made when it is new. Inside the caller's
    transaction.
    """
    execute = raw(connection).execute
    found = execute("SELECT id FROM sync_audience WHERE name = ?", (audience.name,)).fetchone()
    if found:
        return int(found[0])
    number = execute(
        "INSERT INTO sync_audience(name, members) VALUES (?, ?) RETURNING id",
        (audience.name, audience.members),
    ).fetchone()[0]
    rows = [(number, site) for site in sorted(audience.sites or ())]
    raw(connection).executemany(
        "INSERT INTO sync_audience_site(audience, site) VALUES (?, ?)", rows
    )
    return int(number)
