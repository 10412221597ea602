"""Columns and their values as a person calls and reads them."""

from __future__ import annotations

_UNITS = {"_minor": 2, "_milli": 3}
"""How the built-in retail tables name columns of whole numbers that stand for parts of one."""


def called(column: str) -> str:
    """`price_minor` → `price`."""
    return column.removesuffix(_ending(column)).replace("_", " ")


def amount(column: str, value: float) -> str:
    """A number of a column: 295 of `price_minor` → `2.95`; of `total`, 1250 → `1,250`."""
    digits = _UNITS.get(_ending(column), 0)
    if digits and value == int(value):
        whole, rest = divmod(abs(int(value)), 10**digits)
        return f"{'-' if value < 0 else ''}{whole:,}.{rest:0{digits}}"
    return f"{value:,g}"


def has_unit(column: str) -> bool:
    """Whether whole numbers of a column stand for parts of one."""
    return bool(_ending(column))


def _ending(column: str) -> str:
    return next((ending for ending in _UNITS if column.endswith(ending)), "")
