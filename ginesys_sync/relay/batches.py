"""Taking batches in: manifests in number order and the release with them, in one transaction."""

from __future__ import annotations

import sqlite3
from hashlib import sha256

from ginesys_sync.core.model import HEAD_OFFICE, Audience, is_site_code
from ginesys_sync.relay.bells import What, bells_of_release, ring
from ginesys_sync.relay.bodies import has_body, keep_small, missing_bodies, name_bodies
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.disk import require_room
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.streams import StreamRow, begin_stream, own_streams
from ginesys_sync.wire import messages
from ginesys_sync.wire.messages import Manifest
from ginesys_sync.wire.routes import INLINE_BODY_BYTES

ALL = "*"
_TO_HEAD_OFFICE = Audience.of([HEAD_OFFICE]).name


class _Incomplete(Exception):
    """Bodies are missing: undo everything and say which."""

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing


def take_batches(
    relay: Relay, caller: Caller, request: messages.BatchesRequest
) -> messages.BatchesAnswer:
    """Store manifests, raise releases. Repeatable; refuses gaps and other bytes under a number."""
    for name, members in request.audiences.items():
        audience = Audience.parse(members)
        is_right = (audience.members, audience.name) == (members, name)
        if not is_right or not all(map(is_site_code, audience.sites or ())):
            raise Refusal("audience_wrong", detail=f"{name}: {members[:200]}")
    for manifest in request.batches:
        _check_manifest(caller, manifest)
    if request.batches:
        require_room(relay)
    try:
        with relay.database.writing() as writer:
            answer = _store(relay, writer, caller, request)
            if request.release:
                _release(writer, caller, request.release)
            return answer
    except _Incomplete as incomplete:
        return messages.BatchesAnswer(stored=0, already=0, missing=incomplete.missing)


def _check_manifest(caller: Caller, manifest: Manifest) -> None:
    if manifest.epoch != caller.epoch:
        raise Refusal("epoch_unknown", site=caller.site, detail=manifest.epoch)
    if not caller.is_ho and manifest.audience != _TO_HEAD_OFFICE:
        raise Refusal("audience_refused")
    if manifest.body is None:
        return
    is_right = len(manifest.body) == manifest.size <= INLINE_BODY_BYTES
    if not is_right or sha256(manifest.body).hexdigest() != manifest.sha256:
        raise Refusal("body_damaged", detail=f"{manifest.channel} {manifest.no}")


def _store(
    relay: Relay, writer: sqlite3.Connection, caller: Caller, request: messages.BatchesRequest
) -> messages.BatchesAnswer:
    streams = own_streams(writer, caller)
    heads = {channel: stream.head for channel, stream in streams.items()}
    fresh: dict[tuple[str, int], Manifest] = {}
    for manifest in request.batches:
        text = f"{caller.site}/{manifest.channel}"
        place = (manifest.channel, manifest.no)
        head = heads.get(manifest.channel, request.begins.get(manifest.channel, 0))
        if manifest.no > head + 1:
            raise Refusal("gap", stream=text, expected=head + 1, got=manifest.no)
        if manifest.no == head + 1:
            heads[manifest.channel] = manifest.no
            fresh[place] = manifest
            continue
        is_new = place in fresh
        if not is_new and manifest.channel not in streams:
            raise Refusal("gap", stream=text, expected=head + 1, got=manifest.no)
        known = _content(fresh[place]) if is_new else _kept(writer, streams[place[0]], place[1])
        if known != _content(manifest):
            raise Refusal("number_taken", stream=text, no=manifest.no)
        if not is_new:
            _mend_body(relay, writer, caller, manifest)
    _name_audiences(relay, writer, caller, request, list(fresh.values()))
    _insert(relay, writer, caller, list(fresh.values()))
    return messages.BatchesAnswer(stored=len(fresh), already=len(request.batches) - len(fresh))


def _content(manifest: Manifest) -> tuple[str, str, str]:
    """What makes two batches of one number the same."""
    return manifest.sha256, manifest.entity, manifest.audience


def _kept(writer: sqlite3.Connection, stream: StreamRow, no: int) -> tuple[str, str, str]:
    row = writer.execute(
        "SELECT sha256, entity, audience FROM batches"
        " WHERE organisation = ? AND stream = ? AND no = ?",
        (stream.organisation, stream.stream, no),
    ).fetchone()
    return row["sha256"], row["entity"], row["audience"]


def _mend_body(
    relay: Relay, writer: sqlite3.Connection, caller: Caller, manifest: Manifest
) -> None:
    """A known batch came again with its body: keep the body if it is needed and was lost."""
    if manifest.body is None or has_body(relay, writer, manifest.sha256):
        return
    needed = writer.execute(
        "SELECT 1 FROM batches WHERE organisation = ? AND sha256 = ? AND purged = 0",
        (caller.organisation, manifest.sha256),
    ).fetchone()
    if needed:
        keep_small(relay, writer, caller.site, manifest.sha256, manifest.body)
        name_bodies(writer, caller.organisation, [manifest.sha256])


def _name_audiences(
    relay: Relay,
    writer: sqlite3.Connection,
    caller: Caller,
    request: messages.BatchesRequest,
    fresh: list[Manifest],
) -> None:
    """Make the sets of sites known that these batches are for."""
    for name in {manifest.audience for manifest in fresh}:
        key = (caller.organisation, name)
        if writer.execute(
            "SELECT 1 FROM audiences WHERE organisation = ? AND audience = ?", key
        ).fetchone():
            continue
        members = request.audiences.get(name)
        if members is None:
            raise Refusal("audience_unknown", detail=name)
        writer.execute("INSERT INTO audiences VALUES (?, ?, ?, ?)", (*key, members, relay.now()))
        writer.executemany(
            "INSERT INTO audience_members VALUES (?, ?, ?)",
            [(*key, site) for site in members.split(",") if site],
        )


def _insert(
    relay: Relay, writer: sqlite3.Connection, caller: Caller, fresh: list[Manifest]
) -> None:
    for manifest in fresh:
        if manifest.body is not None:
            keep_small(relay, writer, caller.site, manifest.sha256, manifest.body)
    missing = missing_bodies(relay, writer, {one.sha256: one.size for one in fresh})
    if missing:
        raise _Incomplete(missing)
    streams: dict[str, StreamRow] = {}
    for manifest in fresh:
        if manifest.channel not in streams:
            streams[manifest.channel] = begin_stream(relay, writer, caller, manifest.channel)
    now = relay.now()
    writer.executemany(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        [_row(streams[one.channel], one, now) for one in fresh],
    )
    writer.executemany(
        "UPDATE streams SET head = ? WHERE organisation = ? AND stream = ?",
        [(one.no, caller.organisation, streams[one.channel].stream) for one in fresh],
    )
    name_bodies(writer, caller.organisation, {one.sha256 for one in fresh})


def _row(stream: StreamRow, one: Manifest, now: str) -> tuple[str | int, ...]:
    """A manifest as its row, in the order of the table's columns."""
    place = (stream.organisation, stream.stream, one.no, one.entity, one.audience)
    body = (one.plan_version, one.codec, one.sha256, one.size, one.raw_size)
    return (*place, *body, one.records, one.gone, one.rows, one.run, one.sealed_at, now)


def _release(writer: sqlite3.Connection, caller: Caller, release: messages.Release) -> None:
    """Raise how far sites may read: never lower, never beyond what is here. Whoever can read a new
    batch by that is rung for.
    """
    if release.epoch != caller.epoch:
        raise Refusal("epoch_unknown", site=caller.site, detail=release.epoch)
    streams = own_streams(writer, caller)
    raised = {
        streams[channel].stream: min(no, streams[channel].head)
        for channel, no in release.channels.items()
        if channel in streams
    }
    bells = bells_of_release(writer, caller, raised, release.sites)
    sites = [ALL] if release.sites is None else list(dict.fromkeys(release.sites))
    writer.executemany(
        "INSERT INTO reach (organisation, stream, site, released) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (organisation, stream, site)"
        " DO UPDATE SET released = max(released, excluded.released)",
        [
            (caller.organisation, stream, site, upto)
            for stream, upto in raised.items()
            for site in sites
        ],
    )
    ring(writer, caller.organisation, What.RELEASE, bells)
