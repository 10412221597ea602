"""What a person has to decide, as it is shown: records of which several versions are kept, and what
is asked before much is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record: `whose` (a site's code), when it was edited there (as the record
    itself says) and when it was kept. `stands`: it is the one that stands here now.
    """

    number: int
    whose: str
    edited_at: str
    kept_at: datetime | None
    is_gone: bool
    stands: bool


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field of a record as each of its versions has it, in their order. A table of child rows
    is one field.
    """

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the versions have it otherwise."""
        return len(set(self.values)) > 1


@dataclass(frozen=True, slots=True)
class ConflictedRecord:
    """A record of which several versions were kept. `label`: what it is called, beside its key.
    `at`: when the newest of them was. `can_prefer`: whether another version can be put back at
    this site.
    """

    entity: str
    one: str
    key: str
    label: str
    at: datetime | None
    versions: tuple[Version, ...]
    fields: tuple[FieldLine, ...]
    can_prefer: bool


@dataclass(frozen=True, slots=True)
class Question:
    """At `site`, `count` of the `total` records of a kind are asked about (None: asked at a store,
    which told its sentence alone). `is_of_load`: a full load left them out there; else their
    deletion waits to be sent to others (to `sites`, where the kind is for certain stores).
    `answer`: empty, or what a person said (`go`, `keep`) and the next sync does. `can_keep`:
    whether they can be kept by a word.
    """

    site: str
    entity: str
    many: str
    count: int | None
    total: int | None
    sites: tuple[str, ...]
    asked_at: datetime | None
    answer: str
    is_of_load: bool
    can_keep: bool
    sentence: str
