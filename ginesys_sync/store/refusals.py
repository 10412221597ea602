"""What the business database refuses, in shop words, and what of it concerns single records."""

from __future__ import annotations

import sqlite3

from ginesys_sync.store.database import translated

DUPLICATE = "duplicate"
_MISSING_PARENT = "missing_parent"
_OF_RECORDS = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG})
_WORDS = (
    (
        "unique constraint failed",
        DUPLICATE,
        "Another record here already has the same unique value ({detail}).",
    ),
    ("foreign key constraint failed", _MISSING_PARENT, "A record it refers to is not here."),
    (
        "not null constraint failed",
        "empty_value",
        "A value is missing that must be there ({detail}).",
    ),
    (
        "check constraint failed",
        "value_refused",
        "A value is outside what this database allows ({detail}).",
    ),
    ("datatype mismatch", "wrong_type", "A value has another type than this database holds."),
    ("cannot store", "wrong_type", "A value has another type than this database holds ({whole})."),
)


class ConstraintBroken(Exception):
    """The business database refused some record of a span. `code` and `reason` say why; not yet
    which. `clash` names the unique set when that is the reason. `is_for_all`: it refuses every
    record in the same way, so that there is nothing to look for.
    """

    def __init__(self, code: str, reason: str, clash: str = "", is_for_all: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.clash = clash
        self.is_for_all = is_for_all

    def of_tombstone(self) -> ConstraintBroken:
        """The same, when it was a deletion that was refused."""
        if self.code != _MISSING_PARENT:
            return self
        return ConstraintBroken("still_in_use", "Other records here still refer to it.")


def refusal(fault: sqlite3.Error) -> Exception:
    """A refusal of some record as ConstraintBroken; a fault of the database itself as the border
    translates it.
    """
    words = str(fault)
    lower = words.lower()
    for sign, code, sentence in _WORDS:
        if sign in lower:
            detail = words.partition(": ")[2]
            clash = detail.lower() if code == DUPLICATE else ""
            return ConstraintBroken(code, sentence.format(detail=detail or "-", whole=words), clash)
    if getattr(fault, "sqlite_errorcode", 0) & 0xFF in _OF_RECORDS:
        return ConstraintBroken("refused", f"A rule of this database refused it: {words}.")
    return translated(fault)


def broken_rule(fault: sqlite3.Error, is_for_all: bool) -> ConstraintBroken:
    """A rule of the customer's own database (a trigger, a check, an index) that cannot be carried
    out here: it asks for a function, a table or a column that this program does not find.
    """
    return ConstraintBroken(
        "refused",
        f"A rule of this database cannot work here: {fault}. Whoever looks after the database can "
        "mend it; then the record goes in by itself.",
        is_for_all=is_for_all,
    )
