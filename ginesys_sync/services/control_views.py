"""What a window shows of control: what is blocked, what was done, what would be sent, and what a
person may name. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ASKS = "sweep_asks"
"""The code of what needs attention because a full load left out more than a tenth of a kind."""
DELETES = "deletion_asks"
"""The code of what needs attention because many deletions wait to be sent to others."""
MORE = "more"
"""The code of a line that stands for records beyond those that a site lists."""
ANSWERED, DELETES_ANSWERED = "sweep_answered", "deletion_answered"
"""The same, once head office has answered for a store; the store has not heard of it yet."""


class BlockKind(StrEnum):
    """What can be held back."""

    SITE = "site"
    CHANNEL = "channel"
    ENTITY = "entity"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be blocked or unblocked: a store's code, a channel's or a kind's name, and of one
    record also its key as the lists show it."""

    kind: BlockKind
    name: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class BlockLine:
    """One thing that is blocked. `kind` is `site`, `channel`, `entity` or `record`; `name` and
    `key` go back into `unblock_…`; `what` is in shop words. `waiting`: records that wait behind it
    (of a site: that it may not fetch)."""

    kind: str
    name: str
    key: str
    what: str
    reason: str
    who: str
    at: datetime | None
    waiting: int

    @property
    def target(self) -> Target:
        """What to name to let it go again."""
        return Target(BlockKind(self.kind), self.name, self.key)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing a person did."""

    id: int
    at: datetime | None
    who: str
    action: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record: `name` in the plan, what the shop calls one and many of it, its channel,
    and whether this site sends it."""

    name: str
    one: str
    many: str
    channel: str
    is_sent: bool

    @property
    def title(self) -> str:
        """As a heading, and as the lists show it."""
        return self.many.capitalize()


@dataclass(frozen=True, slots=True)
class Kinds:
    """What can be named: kinds of record, and (channel, title) pairs."""

    records: tuple[RecordKind, ...]
    channels: tuple[tuple[str, str], ...]

    def of(self, word: str) -> RecordKind | None:
        """The kind with this name or title."""
        return next((kind for kind in self.records if word in (kind.name, kind.title)), None)


@dataclass(frozen=True, slots=True)
class AgainWanted:
    """What to send again: one record (`key`), else what was sent since a moment (aware), else all
    of a kind. `sites` None: to all it is meant for."""

    entity: str
    key: str = ""
    since: datetime | None = None
    sites: tuple[str, ...] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """What would go of one kind of record. `records` counts all, `gone` of them are deletions,
    `sealed` of them were collected by an earlier sync. `size` is an estimate in bytes.
    `is_blocked`: its lane stands still, so that nothing of it reaches a store."""

    entity: str
    what: str
    to: str
    records: int
    gone: int
    sealed: int
    size: int
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something a person should look at before it goes: a sentence, and the first few examples."""

    entity: str
    sentence: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What *Sync All* (`sites` None) or *Sync Selective* would send now."""

    sites: tuple[str, ...] | None
    lines: tuple[PreviewLine, ...]
    oddities: tuple[Oddity, ...]

    @property
    def records(self) -> int:
        """Records that would go."""
        return sum(line.records for line in self.lines)

    @property
    def size(self) -> int:
        """About how many bytes."""
        return sum(line.size for line in self.lines)
