"""Exact arithmetic on minor units and thousandths; no float anywhere."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case

MILLI = 1000
"""Thousandths in one unit of quantity."""


def line_amount(quantity_milli: int, price_minor: int) -> int:
    """Quantity × price in minor units, rounded half away from zero: what a till charges for a line.

    For whole quantities there is nothing to round.
    """
    exact = quantity_milli * price_minor
    whole = (abs(exact) + MILLI // 2) // MILLI
    return whole if exact >= 0 else -whole


def sql_line_amount(
    quantity_milli: ColumnElement[int], price_minor: ColumnElement[int]
) -> ColumnElement[int]:
    """`line_amount` as the database computes it, on whole numbers only.

    Only numbers above zero are divided: databases disagree on how a negative one rounds.
    """
    exact = quantity_milli * price_minor
    half = MILLI // 2
    return case((exact >= 0, (exact + half) // MILLI), else_=-((half - exact) // MILLI))
