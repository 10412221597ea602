"""What a sync changed at a store, as its windows show it: plain dataclasses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what a sync changed. `column` is empty for a record that is new or was deleted;
    `what` says which."""

    id: int
    kind: str
    key: str
    what: str
    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of them; `next` is None at the end. `are_all`: nothing was left out because a kind had
    too many records to note each."""

    rows: tuple[Change, ...]
    next: int | None
    are_all: bool
