"""Batch bodies on disk: stored once, named by their SHA-256, durable before anyone is told so.

A small body lies in its row (measured: 0.04 ms against 0.5 ms for a file of its own, which needs
two fsyncs); a large one is a file that was written aside, fsynced, renamed, and whose folder was
fsynced. The row and the rename are one transaction, so that whoever drops bodies sees both or
neither.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256 as new_hash
from pathlib import Path
from typing import BinaryIO

from ginesys_sync.relay.desk import Caller, Relay, fsync_folder, make_folder
from ginesys_sync.relay.disk import require_room
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.wire.routes import INLINE_BODY_BYTES

MAX_UNNAMED_BYTES = {"store": 4 * 2**30, "ho": 64 * 2**30}
"""What a site may have sent without a batch or load naming it yet."""
_PIECE = 1 << 20


def body_path(relay: Relay, sha256: str) -> Path:
    """Where a large body's file is."""
    return relay.home / "bodies" / sha256[:2] / sha256


def part_path(relay: Relay, site: str, sha256: str) -> Path:
    """Where the part of a site's unfinished upload is."""
    return relay.home / "uploads" / site / f"{sha256}.part"


def missing_bodies(relay: Relay, reader: sqlite3.Connection, sizes: Mapping[str, int]) -> list[str]:
    """Which of these bodies are not here, row and file, at that size."""
    return [sha256 for sha256, size in sizes.items() if not has_body(relay, reader, sha256, size)]


def has_body(
    relay: Relay, reader: sqlite3.Connection, sha256: str, size: int | None = None
) -> bool:
    """Whether a body is here, row and file."""
    row = reader.execute(
        "SELECT size, data IS NULL AS is_file FROM bodies WHERE organisation = ? AND sha256 = ?",
        (relay.organisation, sha256),
    ).fetchone()
    if row is None or size not in (None, row["size"]):
        return False
    return not row["is_file"] or body_path(relay, sha256).exists()


def name_bodies(writer: sqlite3.Connection, organisation: str, hashes: Collection[str]) -> None:
    """Note that a batch or a load names these bodies: they are no longer orphans."""
    writer.executemany(
        "UPDATE bodies SET is_named = 1 WHERE organisation = ? AND sha256 = ? AND is_named = 0",
        [(organisation, sha256) for sha256 in hashes],
    )


def keep_small(
    relay: Relay, writer: sqlite3.Connection, site: str, sha256: str, data: bytes
) -> None:
    """Keep a small body in its row."""
    writer.execute(
        "INSERT INTO bodies (organisation, sha256, size, site, added_at, data)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (organisation, sha256)"
        " DO UPDATE SET data = excluded.data WHERE data IS NULL",
        (relay.organisation, sha256, len(data), site, relay.now(), data),
    )


def check_room(relay: Relay, caller: Caller, size: int) -> None:
    """Raises Refusal when the disk is nearly full, or the caller has sent too much that nothing
    names yet.
    """
    require_room(relay)
    with relay.database.reading() as reader:
        (unnamed,) = reader.execute(
            "SELECT coalesce(sum(size), 0) FROM bodies"
            " WHERE organisation = ? AND site = ? AND is_named = 0",
            (caller.organisation, caller.site),
        ).fetchone()
    folder = part_path(relay, caller.site, "").parent
    with contextlib.suppress(FileNotFoundError):
        unnamed += sum(entry.stat().st_size for entry in folder.iterdir())
    if unnamed + size > MAX_UNNAMED_BYTES[caller.role]:
        raise Refusal("too_many_unnamed", site=caller.site, headers={"Retry-After": "3600"})


def upload_offset(relay: Relay, caller: Caller, sha256: str) -> tuple[int, bool]:
    """How many bytes of a body are here from this caller, and whether it is whole."""
    with relay.database.reading() as reader:
        row = reader.execute(
            "SELECT size FROM bodies WHERE organisation = ? AND sha256 = ?",
            (relay.organisation, sha256),
        ).fetchone()
        if row and has_body(relay, reader, sha256):
            return int(row["size"]), True
    with contextlib.suppress(FileNotFoundError):
        return part_path(relay, caller.site, sha256).stat().st_size, False
    return 0, False


def keep_part(relay: Relay, caller: Caller, sha256: str, offset: int, data: bytes) -> None:
    """Write one piece of an upload at its place; nothing is promised about it yet.

    Two uploads of one body at the same time write the same bytes at the same places, and the hash
    is taken of what lies on disk, so they do not disturb each other.
    """
    path = part_path(relay, caller.site, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, offset)
            offset, view = offset + written, view[written:]
    finally:
        os.close(descriptor)


def finish_upload(relay: Relay, caller: Caller, sha256: str, total: int) -> None:
    """Make a whole, checked body of an upload's part."""
    path = part_path(relay, caller.site, sha256)
    try:
        with path.open("r+b") as part:
            part.truncate(total)
            digest = new_hash()
            while piece := part.read(_PIECE):
                digest.update(piece)
            if digest.hexdigest() != sha256:
                path.unlink(missing_ok=True)
                raise Refusal("body_damaged")
            os.fsync(part.fileno())
        if total <= INLINE_BODY_BYTES:
            keep_whole(relay, caller, sha256, path.read_bytes())
            path.unlink(missing_ok=True)
        else:
            _place(relay, caller, sha256, total, path)
    except FileNotFoundError:
        # Another call of the same upload was faster.
        if not upload_offset(relay, caller, sha256)[1]:
            raise Refusal("offset_differs", headers={"Upload-Offset": "0"}) from None


def keep_whole(relay: Relay, caller: Caller, sha256: str, data: bytes) -> None:
    """Keep a body that came in one piece."""
    if new_hash(data).hexdigest() != sha256:
        raise Refusal("body_damaged")
    if len(data) <= INLINE_BODY_BYTES:
        with relay.database.writing() as writer:
            keep_small(relay, writer, caller.site, sha256, data)
        return
    aside = part_path(relay, caller.site, f"{sha256}.{secrets.token_hex(4)}")
    aside.parent.mkdir(parents=True, exist_ok=True)
    try:
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _place(relay, caller, sha256, len(data), aside)
    finally:
        aside.unlink(missing_ok=True)
    part_path(relay, caller.site, sha256).unlink(missing_ok=True)


def _place(relay: Relay, caller: Caller, sha256: str, size: int, aside: Path) -> None:
    """Row and rename in one transaction. `aside` is whole, right and fsynced."""
    target = body_path(relay, sha256)
    with relay.database.writing() as writer:
        writer.execute(
            "INSERT INTO bodies (organisation, sha256, size, site, added_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (organisation, sha256) DO NOTHING",
            (relay.organisation, sha256, size, caller.site, relay.now()),
        )
        make_folder(target.parent)
        aside.replace(target)
        fsync_folder(target.parent)


_MAY_READ = """
    SELECT 1 FROM batches b JOIN streams s USING (organisation, stream)
    WHERE b.organisation = :organisation AND b.sha256 = :sha256 AND b.purged = 0
      AND (s.origin = :site
        OR b.no <= max(
             coalesce((SELECT released FROM reach r WHERE r.organisation = b.organisation
                       AND r.stream = b.stream AND r.site = :site), 0),
             coalesce((SELECT released FROM reach r WHERE r.organisation = b.organisation
                       AND r.stream = b.stream AND r.site = '*'), 0))
           AND (b.audience = '*' OR EXISTS (SELECT 1 FROM audience_members m
                WHERE m.organisation = b.organisation AND m.audience = b.audience
                  AND m.site = :site))
           AND NOT EXISTS (SELECT 1 FROM withdrawn w WHERE w.organisation = b.organisation
                AND w.stream = b.stream AND w.no = b.no AND w.site IN ('*', :site)))
    UNION ALL
    SELECT 1 FROM load_chunks c JOIN load_sites l USING (organisation, load)
    WHERE c.organisation = :organisation AND c.sha256 = :sha256 AND l.site = :site
    UNION ALL
    SELECT 1 FROM bodies
    WHERE organisation = :organisation AND sha256 = :sha256 AND site = :site
    LIMIT 1
"""


def find_body(relay: Relay, caller: Caller, sha256: str) -> tuple[int, bytes | None]:
    """The size of a body the caller may read, and its bytes when it is small. Raises Refusal."""
    facts = {"organisation": caller.organisation, "sha256": sha256, "site": caller.site}
    with relay.database.reading() as reader:
        if not reader.execute(_MAY_READ, facts).fetchone():
            raise Refusal("body_unknown", site=caller.site)
        row = reader.execute(
            "SELECT size, data FROM bodies WHERE organisation = ? AND sha256 = ?",
            (caller.organisation, sha256),
        ).fetchone()
    if row is None or (row["data"] is None and not body_path(relay, sha256).exists()):
        raise Refusal("body_gone")
    return int(row["size"]), row["data"]


def open_body(relay: Relay, sha256: str) -> BinaryIO:
    """A large body's file. Raises Refusal when it was dropped meanwhile."""
    try:
        return body_path(relay, sha256).open("rb")
    except FileNotFoundError:
        raise Refusal("body_gone") from None


def read_piece(file: BinaryIO, start: int, end: int) -> bytes:
    """The bytes `start` to `end` (not included) of a file."""
    file.seek(start)
    return file.read(end - start)


def read_inline(
    reader: sqlite3.Connection, organisation: str, hashes: Iterable[str]
) -> dict[str, bytes]:
    """The bytes of those bodies that are small."""
    found: dict[str, bytes] = {}
    for sha256 in hashes:
        row = reader.execute(
            "SELECT data FROM bodies WHERE organisation = ? AND sha256 = ? AND data IS NOT NULL",
            (organisation, sha256),
        ).fetchone()
        if row:
            found[sha256] = row["data"]
    return found
