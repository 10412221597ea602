"""The part of the staged desk that has records of which several versions are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ginesys_sync.services.deciding_views import ConflictedRecord, FieldLine, Version
from ginesys_sync.services.views import Done, Page
from tests.support import staged_data as data

FIELDS = ("id", "name", "phone", "email", "town", "country", "changed_at")
Whose = tuple[str, datetime | None, Sequence[str]]
"""A site, when the record was edited there, and what it says from `name` to `country`; no words:
it was deleted."""


def _version(number: int, whose: Whose) -> Version:
    site, edited_at, said = whose
    told = edited_at.isoformat() if edited_at is not None else ""
    return Version(number, site, told, data.ago(hours=3), not said, number == 1)


def record(key: str, hours: int, *whose: Whose, can_prefer: bool = True) -> ConflictedRecord:
    """A customer; the first version stands."""
    versions = tuple(_version(number, each) for number, each in enumerate(whose, start=1))
    columns = []
    for version, (_, _, said) in zip(versions, whose, strict=True):
        columns.append((key, *said, version.edited_at) if said else ("",) * len(FIELDS))
    fields = tuple(
        FieldLine(name, values)
        for name, values in zip(FIELDS, zip(*columns, strict=True), strict=True)
    )
    label = next(said[0] for _, _, said in whose if said)
    return ConflictedRecord(
        "customers", "customer", key, label, data.ago(hours=hours), versions, fields, can_prefer
    )


ASHA = record(
    "C000117",
    3,
    ("HO", data.ago(hours=5), ("Asha Nair", "+91 98200 11871", "asha117@example.com", "Pune",
                               "India")),
    ("S001", data.ago(hours=6), ("Asha Nair-Kulkarni", "+91 98200 11817", "asha117@example.com",
                                 "Pune", "India")),
)  # fmt: skip
RAVI = record(
    "C000042",
    50,
    ("S002", data.ago(hours=52), ("Ravi Shah", "+91 97000 42000", "ravi42@example.com", "Surat",
                                  "India")),
    ("HO", data.ago(hours=54), ("Ravi Shah", "+91 97000 42001", "ravi42@example.com", "Surat",
                                "India")),
    ("S001", None, ()),
)  # fmt: skip
MANY = record(
    "C000008",
    190,
    *((site, data.ago(hours=200 + place), ("Meera Iyer", f"+91 98000 0000{place}",
       "meera.iyer.and.sons.wholesale@long-name-of-a-shop.example.com", town, "India"))
      for place, (site, town) in enumerate((("HO", "Chennai"), ("S001", "Madurai"),
                                            ("S002", "Salem"), ("S003", "Chennai")))),
)  # fmt: skip


class StagedConflicts:
    """Set `conflicted` before a window is shown."""

    conflicted: list[ConflictedRecord]

    def _ask(self) -> None:
        raise NotImplementedError

    def _do(self, *deed: Any) -> Done:
        raise NotImplementedError

    def with_conflicts(self) -> Any:
        """Two versions, three with a deletion, four."""
        self.conflicted = [ASHA, RAVI, MANY]
        return self

    def conflicts(self, after: int | None, limit: int) -> Page[ConflictedRecord]:
        self._ask()
        end = (after or 0) + limit
        rows = tuple(self.conflicted[after or 0 : end])
        return Page(rows, end if end < len(self.conflicted) else None)

    def prefer(self, entity: str, key: str, version: int, reason: str) -> Done:
        self._do("prefer", entity, key, version, reason)
        self.conflicted = [
            _standing(each, version) if (each.entity, each.key) == (entity, key) else each
            for each in self.conflicted
        ]
        done = f"Version {version} of {entity.removesuffix('s')} {key} stands here now."
        return Done(done, "The next sync sends it.")


def _standing(record: ConflictedRecord, number: int) -> ConflictedRecord:
    versions = (replace(each, stands=each.number == number) for each in record.versions)
    return replace(record, versions=tuple(versions))
