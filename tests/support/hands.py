"""A clock whose hands a test turns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Hands:
    """Shows what it was set to (else the present moment) until it is turned on."""

    def __init__(self, moment: datetime | None = None) -> None:
        self.moment = moment or datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def turn(self, **of: float) -> None:
        """On by so much: `hours=3`."""
        self.moment += timedelta(**of)
