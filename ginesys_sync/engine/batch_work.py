"""One body on its way into the business tables: a batch, a set of parked records, a chunk of a
load, or own mail that is read back.
"""

from __future__ import annotations

from ginesys_sync.core.plan import Entity
from ginesys_sync.engine.conflicts import Faults


class BatchWork:
    """One body being applied: which entity, whose, from which batch, and which records were set
    aside. `is_whole`: nothing of it stays unless all of it goes in. `does_halt`: then its stream
    stands still; else it parks.
    """

    def __init__(self, entity: Entity, origin: str, stream: str, no: int, raw: bytes) -> None:
        self.entity = entity
        self.origin = origin
        self.stream = stream
        self.no = no
        self.raw = raw
        self.faults: Faults = {}
        self.keyless: list[int] = []
        self.is_load = False
        self.is_one_piece = False
        self.is_over = False
        self.is_noted = False
        self.keeps_both = False
        self.is_whole = False
        self.does_halt = False
        self.places: dict[int, tuple[str, int]] = {}

    def place(self, number: int) -> tuple[str, int]:
        """The stream and batch that a record came in."""
        return self.places.get(number, (self.stream, self.no))
