"""What a sync changed reads as a shop would say it: prices with their point, columns as words."""

from __future__ import annotations

import pytest

from ginesys_sync.services.arrivals import change_of
from ginesys_sync.store.arrivals import Arrival


@pytest.mark.parametrize(
    ("column", "old", "new", "read"),
    [
        ("price_minor", 295, 245, ("price", "2.95", "2.45")),
        ("price_minor", None, -5, ("price", "(empty)", "-0.05")),
        ("mrp_minor", 123456789, 100, ("mrp", "1,234,567.89", "1.00")),
        ("quantity_milli", 1500, 2, ("quantity", "1.500", "0.002")),
        ("valid_from", "2026-11-01", "x" * 300, ("valid from", "2026-11-01", "x" * 199 + "…")),
        ("price_minor", "free", b"12", ("price", "free", "(2 bytes)")),
        ("number", 295, 245, ("number", "295", "245")),
    ],
)
def test_a_changed_value(column: str, old: object, new: object, read: tuple[str, ...]) -> None:
    found = change_of(None, Arrival(1, "prices", ("A",), column, old, new))
    assert (found.column, found.old, found.new) == read
