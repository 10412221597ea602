"""Line amounts are exact, and the same in Python and in SQL."""

from __future__ import annotations

from fractions import Fraction

import pytest
from sqlalchemy import literal, select
from sqlalchemy.engine import Engine

from ginesys_sync.shop.money import line_amount, sql_line_amount

CASES = [
    (1000, 415, 415),
    (-2000, 415, -830),
    (1, 500, 1),
    (1, 499, 0),
    (-1, 500, -1),
    (-1, 499, 0),
    (335, 4990, 1672),
    (-335, 4990, -1672),
    (0, 4990, 0),
    (10**9, 10**6, 10**12),
    (80995000, 594257, 48131845715),
]


@pytest.mark.parametrize(("quantity", "price", "amount"), CASES)
def test_a_line_is_rounded_half_away_from_zero_everywhere(
    engine: Engine, quantity: int, price: int, amount: int
) -> None:
    assert line_amount(quantity, price) == amount
    assert abs(Fraction(quantity * price, 1000) - amount) <= Fraction(1, 2)
    with engine.connect() as connection:
        found = connection.execute(select(sql_line_amount(literal(quantity), literal(price))))
        assert found.scalar_one() == amount
