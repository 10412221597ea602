"""One input for the reader of bodies, as deep as it gets: unpacked, checked, applied.

`python -m tests.prove.fuzz_reader FOLDER HOME [libFuzzer options]` lets atheris make the inputs; it
runs in a process of its own, because a fuzzer ends its process, and so does what it looks for.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["ginesys_sync"]):
    from ginesys_sync.core.errors import Damaged, KnownError
    from ginesys_sync.core.model import SiteCode
    from ginesys_sync.core.plan import Entity
    from ginesys_sync.engine.bodies import BatchWork, BodyWork
    from ginesys_sync.engine.context import RunContext, Tally
    from ginesys_sync.services.site import OpenSite, opened_site
    from ginesys_sync.store.applying import BodyApplier
    from ginesys_sync.store.database import raw as driver
    from ginesys_sync.store.fence import raise_fence
    from ginesys_sync.wire.body import Counts, check_structure, pack, unpack

PACKED, IMAGE = 0, 1
"""The first byte of an input: how the second, an entity's place in the plan, and the rest are
meant."""
_FRESH_AFTER = 500
"""Inputs that one scratch database takes."""
_FORGED = (sqlite3.Error, UnicodeError, OverflowError, MemoryError)
"""What SQLite raises of a forged image: the last one when it asks for more than SQLite allows."""


class StillClock:
    """No time passes, so that nothing pauses."""

    def now(self) -> datetime:
        return datetime(2026, 11, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None: ...


class Reader:
    """The reader of bodies of one site, on a scratch copy of its database."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._home, self._folder = home, folder
        self._kept = home.with_suffix(".sqlite3").read_bytes()
        self._stack = ExitStack()
        self._taken = 0
        self._open()

    def _open(self) -> None:
        self._stack.close()
        self._stack = ExitStack()
        scratch = self._home.with_suffix(".sqlite3")
        for more in ("-wal", "-shm"):
            scratch.with_name(scratch.name + more).unlink(missing_ok=True)
        scratch.write_bytes(self._kept)
        site = self._stack.enter_context(opened_site(self._home))
        connection = self._stack.enter_context(site.database.connect())
        driver(connection).execute("PRAGMA synchronous=OFF")
        self._context = _context(site, raise_fence(connection))
        self.entities = site.plan.entities
        self._applier = BodyApplier(connection)

    def close(self) -> None:
        """Let go of the scratch database."""
        self._stack.close()

    def read(self, data: bytes) -> bool:
        """Whether the input was taken, all of it or without some of its records. Raises whatever is
        no Damaged: then the reader is broken."""
        if len(data) < 3:
            return False
        entity = self.entities[data[1] % len(self.entities)]
        packed = data[2:] if data[0] == PACKED else pack(data[2:]).data
        try:
            raw = unpack(packed, sha256(packed).hexdigest(), raw_size_of(packed, data))
            check_structure(raw, entity, counts_of(raw, entity))
        except Damaged:
            return False
        self._apply(entity, raw)
        return True

    def _apply(self, entity: Entity, raw: bytes) -> None:
        origin = "S001" if entity.owner.value != "ho" else "HO"
        work = BatchWork(entity, origin, f"{origin}/{entity.channel}", 1, raw)
        BodyWork(self._context, self._applier).apply(work, lambda: None)
        self._taken += 1
        if self._taken % _FRESH_AFTER == 0:
            self._open()


def _context(site: OpenSite, fence: int) -> RunContext:
    nothing: Any = None
    return RunContext(
        database=site.database,
        web=nothing,
        staging=nothing,
        inbox=nothing,
        clock=StillClock(),
        transfers=nothing,
        listener=lambda _: None,
        is_cancelled=lambda: False,
        site=SiteCode(site.code),
        epoch=site.epoch,
        incarnation=site.incarnation,
        program="fuzz",
        plan=site.plan,
        fence=fence,
        run=1,
        sites=None,
        tally=Tally(lambda _: None),
        check_sites=lambda *_: None,
    )


def raw_size_of(packed: bytes, data: bytes) -> int:
    """What a forger's manifest would say: the right size, so that what is within is reached."""
    if data[0] != PACKED:
        return max(1, len(data) - 2)
    import zstandard

    try:
        return max(1, min(zstandard.frame_content_size(packed), 1 << 20))
    except zstandard.ZstdError:
        return 4_096


def counts_of(raw: bytes, entity: Entity) -> Counts | None:
    """What a forger's manifest would say of an image; None when it cannot even be counted."""
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(raw)
            images, *others = (
                connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
                for name in (*(table.name for table in entity.tables), "_gone")
            )
    except _FORGED:
        return None
    return Counts(images, others[-1], images + sum(others))


# --- mutations that know what a body is -----------------------------------------------------------


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Another input like this one: other bytes, or an image that SQLite itself has changed, which
    gets further."""
    chance = random.Random(seed)
    if len(data) < 103 or data[0] != IMAGE or chance.random() < 0.3:
        return bytes(atheris.Mutate(data, most))
    way = chance.choice((_other_cells, _other_rows, _other_rows, _other_header))
    try:
        return (data[:2] + way(data[2:], chance))[:most]
    except _FORGED:
        return bytes(atheris.Mutate(data, most))


def _other_header(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    changed[chance.randrange(16, 100)] = chance.randrange(256)
    return bytes(changed)


def _other_cells(raw: bytes, chance: random.Random) -> bytes:
    """Bytes of a page's header, of its cell pointers, or of a cell's beginning."""
    changed = bytearray(raw)
    size = int.from_bytes(raw[16:18], "big") or 65_536
    page = chance.randrange(max(1, len(raw) // max(size, 1))) * size
    start = page + (100 if page == 0 else 0)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = start + chance.randrange(64)
        if at < len(changed):
            changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(changed)


_VALUES: tuple[Callable[[random.Random], object], ...] = (
    lambda chance: None,
    lambda chance: chance.choice((0, 1, -1, 2**63 - 1, -(2**63), 2**31, 1 << 20)),
    lambda chance: chance.choice((0.0, -0.0, 1e308, float("inf"), 1.1)),
    lambda chance: "".join(chance.choice("AZ019 'é\0") for _ in range(chance.randrange(12))),
    lambda chance: chance.choice(("S001", "S002", "HO", "1", "I1", "2026-11-02")),
    lambda chance: chance.randbytes(chance.randrange(40)),
)


def _other_rows(raw: bytes, chance: random.Random) -> bytes:
    """Rows that are deleted, renumbered, doubled, or that hold something else."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(raw)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
        if not tables:
            return raw
        for _ in range(chance.choice((1, 2, 5))):
            table = chance.choice(tables)
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            if not columns:
                continue
            value = chance.choice(_VALUES)(chance)
            match chance.randrange(4):
                case 0:
                    connection.execute(
                        f'UPDATE OR IGNORE "{table}" SET "{chance.choice(columns)}" = ?', (value,)
                    )
                case 1:
                    values = [chance.choice(_VALUES)(chance) for _ in columns[1:]]
                    marks = ",".join("?" * len(columns))
                    number = chance.choice((None, 1, 2, 3, 1 << 20, (1 << 20) + 1, -1))
                    connection.execute(
                        f'INSERT OR IGNORE INTO "{table}" VALUES ({marks})', (number, *values)
                    )
                case 2:
                    connection.execute(
                        f'DELETE FROM "{table}" WHERE _id = (SELECT min(_id) FROM "{table}")'
                    )
                case _:
                    connection.execute(
                        f'UPDATE OR IGNORE "{table}" SET _id = _id + ?',
                        (chance.choice((1, -1, 1 << 20, 1 << 40)),),
                    )
        return connection.serialize()


@dataclass(frozen=True, slots=True)
class _Asked:
    folder: Path
    home: Path
    options: list[str]


def main(asked: _Asked) -> None:
    """Fuzz until the options say that it is enough."""
    scratch = asked.folder / "scratch"
    shutil.copytree(asked.home.parent, scratch)
    reader = Reader(scratch / asked.home.name, scratch)

    def one_input(data: bytes) -> None:
        try:
            reader.read(data)
        except KnownError as fault:
            raise AssertionError(f"{type(fault).__name__}: {fault} ({fault.detail})") from fault

    atheris.Setup([sys.argv[0], *asked.options], one_input, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main(_Asked(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
