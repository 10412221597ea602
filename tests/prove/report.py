"""What a proof tried and what broke, as lines for programs and as a table for people."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Work:
    """What a part is given: about how long it may take (parts with a fixed amount of work do all
    of it), the first seed, a folder of its own, and which share of the work is its: `shard` of
    `shards`, so that several processes may do one part together."""

    seconds: float
    folder: Path
    seed: int = 1
    shard: int = 0
    shards: int = 1

    def is_mine(self, place: int) -> bool:
        """Whether the piece of work at this place of the part's list belongs to this share."""
        return place % self.shards == self.shard


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `planned` is how many pieces there are (None: as many as time
    allows); `broken` holds a sentence for each piece that broke, with what repeats it."""

    part: str
    what: str
    tried: int
    planned: int | None = None
    broken: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing broke and nothing that was planned was left out."""
        return not self.broken and (self.planned is None or self.tried == self.planned)

    def text(self) -> str:
        """The line as JSON."""
        return json.dumps(asdict(self) | {"holds": self.holds}, ensure_ascii=False)


def line_of(text: str) -> Line:
    """A line that `Line.text` wrote."""
    found = json.loads(text)
    found.pop("holds")
    return Line(**(found | {"broken": tuple(found["broken"])}))


def together(lines: Iterable[Line]) -> list[Line]:
    """Lines of several shares as one each: what they tried and planned added up."""
    found: dict[tuple[str, str], Line] = {}
    for line in lines:
        before = found.get((line.part, line.what))
        found[line.part, line.what] = line if before is None else _sum(before, line)
    return list(found.values())


def _sum(one: Line, other: Line) -> Line:
    planned = None
    if one.planned is not None and other.planned is not None:
        planned = one.planned + other.planned
    return replace(
        one,
        tried=one.tried + other.tried,
        planned=planned,
        broken=one.broken + other.broken,
        seconds=one.seconds + other.seconds,
    )


def table(lines: Iterable[Line]) -> str:
    """What a person reads at the end: a row a line, then what broke."""
    lines = list(lines)
    head = ("part", "what", "tried", "of", "broken", "seconds", "verdict")
    rows = [
        (
            line.part,
            line.what,
            f"{line.tried:,}",
            "" if line.planned is None else f"{line.planned:,}",
            f"{len(line.broken):,}",
            f"{line.seconds:.0f}",
            "holds" if line.holds else "BROKEN",
        )
        for line in lines
    ]
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    written = [
        "  ".join(
            cell.ljust(width) if place in (0, 1, 6) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
    written.insert(1, "-" * max(map(len, written)))
    broken = [f"{line.part}: {line.what}: {why}" for line in lines for why in line.broken]
    return "\n".join([*written, *broken])
