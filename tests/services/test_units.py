"""Columns and amounts read as people say them."""

import pytest

from ginesys_sync.services.units import amount, called


@pytest.mark.parametrize(
    ("column", "name", "value", "words"),
    [
        ("price_minor", "price", 295, "2.95"),
        ("price_minor", "price", -5, "-0.05"),
        ("price_minor", "price", 123456789, "1,234,567.89"),
        ("quantity_milli", "quantity", 1500, "1.500"),
        ("unit_price", "unit price", 1250, "1,250"),
        ("Price", "Price", 2.5, "2.5"),
        ("minor", "minor", 1000, "1,000"),
    ],
)
def test_an_amount_reads_as_it_is_said(column: str, name: str, value: float, words: str) -> None:
    assert (called(column), amount(column, value)) == (name, words)
