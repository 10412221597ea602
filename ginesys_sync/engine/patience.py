"""How patient the Web Database's client is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call waits, and how often it is tried again.

    A body is tried again as long as it gets on: `tries` counts the tries without progress. An
    answer that comes slower than `bytes_per_second` (after `read_seconds`) is given up.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    tries: int = 4
    pause_seconds: float = 0.25
    bytes_per_second: float = 512.0
