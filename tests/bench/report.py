"""What a benchmark found, as JSON lines for programs and as a table for people."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """One judged figure. `raw` is everything it was made of; `unit` is `ratio` or what a value
    counts."""

    bench: str
    measure: str
    figure: float
    limit: float
    unit: str = "ratio"
    judged: bool = True
    raw: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the figure is within its limit."""
        return self.figure <= self.limit

    def line(self) -> str:
        """The measure as one line of JSON."""
        key = "ratio" if self.unit == "ratio" else "value"
        document = {
            "bench": self.bench,
            "measure": self.measure,
            key: round(self.figure, 3),
            "limit": self.limit,
            "holds": self.holds,
        }
        if self.unit != "ratio":
            document["unit"] = self.unit
        if not self.judged:
            document["judged"] = False
        return json.dumps(document | self.raw, ensure_ascii=False)


def middle_ratio(measured: list[float], baseline: list[float]) -> float:
    """The median of the rounds' own ratios: each round's two halves ran next to each other."""
    return median(a / b for a, b in zip(measured, baseline, strict=True))


def rounded(seconds: list[float]) -> list[float]:
    """Seconds as the lines show them."""
    return [round(one, 3) for one in seconds]


def show(measures: list[Measure]) -> None:
    """The table on standard error."""
    rows = [
        (m.bench, m.measure, f"{m.figure:.2f}", f"{m.limit:g} {m.unit}", _verdict(m))
        for m in measures
    ]
    head = ("bench", "measure", "found", "limit", "verdict")
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip(), file=sys.stderr)


def _verdict(measure: Measure) -> str:
    if not measure.judged:
        return "not judged (--quick)"
    return "holds" if measure.holds else "DOES NOT HOLD"


def note(words: str) -> None:
    """Tell a waiting person what goes on."""
    print(words, file=sys.stderr, flush=True)
