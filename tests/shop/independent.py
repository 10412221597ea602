"""An independent reading of a sales file: the csv module and Decimal, nothing of ours."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from decimal import Decimal
from pathlib import Path


def independent_figures(path: Path) -> dict[str, tuple[int, int, Decimal]]:
    """Country to bills, lines and the sum of quantity × price, in whole pounds. For sound files."""
    bills: dict[str, set[str]] = defaultdict(set)
    lines: dict[str, int] = defaultdict(int)
    value: dict[str, Decimal] = defaultdict(Decimal)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            country = row["Country"]
            bills[country].add(row["InvoiceNo"])
            lines[country] += 1
            value[country] += Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
    return {country: (len(bills[country]), lines[country], value[country]) for country in bills}
