"""Twelve classic defects of a sync, each patched in from here: the program itself has no switch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.model import Audience, Stream
from ginesys_sync.core.plan import Owner
from ginesys_sync.engine import offers, run, upload
from ginesys_sync.engine.apply import Apply
from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.engine.loads import LoadWork
from ginesys_sync.store import capture, claiming, ledger, sealing
from ginesys_sync.store.claiming import ClaimWriter
from ginesys_sync.store.database import raw, transaction
from ginesys_sync.wire.body import quoted
from ginesys_sync.wire.messages import Ack, AcksRequest, BatchesRequest

Patch = pytest.MonkeyPatch


def id_up_to_the_last(patch: Patch) -> None:
    """Delete claims by "id <= last", and believe the count."""
    patch.setattr(
        claiming,
        "DELETE_CLAIMED",
        "DELETE FROM main.sync_change WHERE entity = (SELECT entity FROM main.sync_change "
        "WHERE id = (SELECT max(id) FROM claim.change)) "
        "AND id <= (SELECT max(id) FROM claim.change)",
    )
    patch.setattr(ClaimWriter, "_require_all", lambda *_: None)


def cursor_before_data(patch: Patch) -> None:
    """Move the cursor in a transaction of its own, before the batch's slices."""
    honest = BodyWork.apply

    def hasty(self: BodyWork, work: Any, at_end: Callable[[], None]) -> None:
        with transaction(self._applier.connection):
            at_end()
        honest(self, work, lambda: None)

    patch.setattr(BodyWork, "apply", hasty)


def acknowledge_before_commit(patch: Patch) -> None:
    """Acknowledge a batch when it has come, then apply it."""
    honest = Apply._apply

    def hasty(self: Apply, fetched: Any) -> None:
        context, batch = self._context, fetched.batch
        ack = Ack(
            stream=batch.stream,
            epoch=batch.epoch,
            from_no=batch.no - 1,
            to_no=batch.no,
            run=context.run,
            applied_at=context.now(),
            parked_total=0,
            parked=[],
        )
        context.web.acks(AcksRequest(acks=[ack]))
        honest(self, fetched)

    patch.setattr(Apply, "_apply", hasty)


def hush_too_wide(patch: Patch) -> None:
    """While one entity is applied, capture nothing of any."""
    narrow = capture._trigger

    def wide(*facts: Any, **more: Any) -> str:
        entity = facts[0]
        return narrow(*facts, **more).replace(
            f"SELECT 1 FROM sync_hush WHERE entity = '{entity.name}'", "SELECT 1 FROM sync_hush"
        )

    patch.setattr(capture, "_trigger", wide)


def tombstone_without_audience(patch: Patch) -> None:
    """Send a tombstone to those whom the record is for now, instead of those who had it."""

    def forgetful(
        _old: str, new: str, is_here: bool, _is_image: bool
    ) -> tuple[tuple[Audience, bool], ...]:
        after = Audience.parse(new)
        return () if after.is_nobody else ((after, is_here),)

    patch.setattr(sealing, "audiences_of", forgetful)


def retry_of_an_old_image(patch: Patch) -> None:
    """Keep what is parked of a record that has come in a newer version since, and try it again."""
    honest = BodyWork._move_on

    def keeping(self: BodyWork, work: Any, at_end: Callable[[], None]) -> None:
        is_a_retry = bool(work.places)
        honest(self, work, at_end) if is_a_retry else at_end()

    patch.setattr(BodyWork, "_move_on", keeping)


def delete_first_reload(patch: Patch) -> None:
    """Empty the tables before a full load fills them."""
    honest = LoadWork._take_chunks

    def drastic(self: LoadWork, load: Any) -> None:
        driver = raw(self._connection)
        for entity in reversed(self._entities(load)):
            with suppress(KnownError), transaction(self._connection):
                driver.execute("INSERT INTO sync_hush VALUES (?)", (entity.name,))
                for table in (*reversed(entity.children), entity.root):
                    driver.execute(f"DELETE FROM {quoted(table.name)}")
                driver.execute("DELETE FROM sync_hush")
        honest(self, load)

    patch.setattr(LoadWork, "_take_chunks", drastic)


def sweep_from_below(patch: Patch) -> None:
    """Take what a store sends as all that it has: what is not in it goes at head office."""
    honest = Apply._apply

    def sweeping(self: Apply, fetched: Any) -> None:
        honest(self, fetched)
        entity, origin = fetched.entity, Stream.parse(fetched.batch.stream).origin
        if not self._context.is_head_office or entity.owner is not Owner.SITE:
            return
        driver = raw(self.applier.connection)
        key = ", ".join(quoted(part) for part in entity.key)
        with transaction(self.applier.connection):
            for table in (*reversed(entity.children), entity.root):
                driver.execute(
                    f"DELETE FROM main.{quoted(table.name)} WHERE {quoted(entity.key[0])} = ? "
                    f"AND ({key}) NOT IN (SELECT {key} FROM body.{quoted(entity.root.name)})",
                    (origin,),
                )

    patch.setattr(Apply, "_apply", sweeping)


def head_read_late(patch: Patch) -> None:
    """Take as the number of a snapshot the stream's head after its last chunk."""
    honest = offers._Offer._request

    def late(self: Any, *facts: Any) -> Any:
        self._no = ledger.streams(self._connection)[self._stream].head_no
        return honest(self, *facts)

    patch.setattr(offers._Offer, "_request", late)


def release_before_upload(patch: Patch) -> None:
    """Let sites read, and count as uploaded, what is only about to be sent."""
    honest = upload.post

    def hasty(context: Any, connection: Any, batches: Any, bodies: Any) -> None:
        reached = {batch.stream: batch.no for batch in batches}
        with suppress(KnownError):
            release = upload._release(context, reached)
            context.web.post_batches(BatchesRequest(release=release))
        with transaction(connection):
            for stream, no in reached.items():
                ledger.note_uploaded(connection, stream, context.epoch, no, context.now())
        honest(context, connection, batches, bodies)

    for room in (upload, run):
        patch.setattr(room, "post", hasty)


def claim_without_fence(patch: Patch) -> None:
    """Commit claims without asking whether another run has taken over."""
    patch.setattr(claiming, "require_fence", lambda *_: None)


def body_dropped_at_upload(patch: Patch) -> None:
    """Forget a body as soon as the Web Database has it."""
    honest = upload.post

    def tidy(context: Any, connection: Any, batches: Any, bodies: Any) -> None:
        honest(context, connection, batches, bodies)
        for batch in batches:
            context.staging.drop(batch.sha256)

    for room in (upload, run):
        patch.setattr(room, "post", tidy)
