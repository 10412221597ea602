"""`ginesys-sync status`: the lists as a table for people, or as JSON for scripts."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from ginesys_sync.services.status import status_rows

_WIDEST = 60


def show(asked: argparse.Namespace) -> int:
    """Print one list."""
    rows = status_rows(asked.home, asked.what, asked.limit)
    if asked.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        print_table(rows)
    return 0


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Rows of equal keys as a table; numbers to the right."""
    if not rows:
        print("Nothing yet.")
        return
    columns = list(rows[0])
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [
        max(len(column), *(len(line[place]) for line in cells))
        for place, column in enumerate(columns)
    ]
    print("  ".join(c.ljust(w) for c, w in zip(columns, widths, strict=True)).rstrip())
    for row, line in zip(rows, cells, strict=True):
        parts = [
            cell.rjust(width) if isinstance(row[column], int) else cell.ljust(width)
            for column, cell, width in zip(columns, line, widths, strict=True)
        ]
        print("  ".join(parts).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
