"""The nouns of the sync: sites, streams, records, batches. See the words in README.md."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NewType

from ginesys_sync.core.text import readable

SiteCode = NewType("SiteCode", str)
"""A site's short code as the chain knows it: `HO`, `S001`."""

Key = tuple[str | int | bytes, ...]
"""A record's key: the values of its root table's key columns, in the plan's order. Where it is
carried from one database to another its text is `core.text.exact`."""

HEAD_OFFICE = SiteCode("HO")
MAX_KEY_PARTS = 4

_SITE_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,15}")


class Role(StrEnum):
    """Which side of the exchange a site stands on."""

    HO = "ho"
    STORE = "store"


class SiteState(StrEnum):
    """How far a site is on its way into, or out of, the chain."""

    INVITED = "invited"
    ACTIVE = "active"
    BLOCKED = "blocked"
    CLOSED = "closed"


IN_THE_CHAIN = frozenset({SiteState.ACTIVE, SiteState.BLOCKED})
"""The states of a site that records are for: a block is a pause, not a farewell."""


def is_site_code(text: str) -> bool:
    """Whether `text` may be a site's code: 1-16 capitals, digits, `-`, `_`."""
    return _SITE_CODE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class Stream:
    """A numbered sequence of batches: one origin, one channel. Written `HO/pricing`."""

    origin: SiteCode
    channel: str

    def __str__(self) -> str:
        return f"{self.origin}/{self.channel}"

    @classmethod
    def parse(cls, text: str) -> Stream:
        """Read `HO/pricing` back. Raises ValueError for anything else."""
        origin, slash, channel = text.partition("/")
        if not slash or not is_site_code(origin) or not channel.isidentifier():
            raise ValueError(f"not a stream: {text!r}")
        return cls(SiteCode(origin), channel)


@dataclass(frozen=True, slots=True)
class Epoch:
    """One incarnation of a site's streams: a counter granted by the relay plus 64 random bits.
    Written `3-9f…`.
    """

    counter: int
    nonce: str

    def __str__(self) -> str:
        return f"{self.counter}-{self.nonce}"

    @classmethod
    def parse(cls, text: str) -> Epoch:
        """Read an epoch back. Raises ValueError when it is none."""
        counter, dash, nonce = text.partition("-")
        if not dash or not counter.isdigit() or not re.fullmatch(r"[0-9a-f]{16}", nonce):
            raise ValueError(f"not an epoch: {text!r}")
        return cls(int(counter), nonce)


@dataclass(frozen=True, slots=True)
class Audience:
    """The set of sites that get a record. `sites` is None for *all*, which includes sites
    to come.
    """

    sites: frozenset[SiteCode] | None

    @classmethod
    def all(cls) -> Audience:
        """Every site of the chain, today's and tomorrow's."""
        return cls(None)

    @classmethod
    def of(cls, sites: Iterable[str]) -> Audience:
        """Exactly these sites."""
        return cls(frozenset(SiteCode(site) for site in sites))

    @property
    def members(self) -> str:
        """Canonical text: `*` for all, else the codes sorted and joined by commas (empty for
        nobody).
        """
        return "*" if self.sites is None else ",".join(sorted(self.sites))

    @property
    def name(self) -> str:
        """`*` for all, else the SHA-256 of the canonical text."""
        return "*" if self.sites is None else sha256(self.members.encode()).hexdigest()

    @classmethod
    def parse(cls, members: str) -> Audience:
        """Read canonical text back."""
        if members == "*":
            return cls.all()
        return cls.of(code for code in members.split(",") if code)

    def holds(self, site: str) -> bool:
        """Whether `site` is meant."""
        return self.sites is None or site in self.sites

    @property
    def is_nobody(self) -> bool:
        """Whether no site is meant: such a record seals nothing."""
        return self.sites is not None and not self.sites


@dataclass(frozen=True, slots=True)
class Site:
    """One member of the chain as head office lists it."""

    code: SiteCode
    name: str
    role: Role
    state: SiteState
    groups: tuple[str, ...] = ()


def key_text(key: Key) -> str:
    """A key as a person reads it: its parts joined by ` / `."""
    return " / ".join(
        part.hex() if isinstance(part, bytes) else readable(str(part)) for part in key
    )
