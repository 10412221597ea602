"""The messages by which head office steps in: a store is refused at the door or let in, takes
everything again, batches are taken back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ginesys_sync.wire import routes
from ginesys_sync.wire.messages import (
    EpochText,
    Message,
    Number,
    Sha256,
    Short,
    SiteCodeText,
    Word,
)
from ginesys_sync.wire.own_messages import SiteOrAll


class ReloadRequest(Message):
    """Head office wants a store to take first loads of all its streams again."""

    site: SiteCodeText


class WithdrawRequest(Message):
    """Head office takes back batches of one of its streams: from these sites, or (None) from all.
    Either all of them or none are taken back.
    """

    channel: Word
    epoch: EpochText
    numbers: Annotated[
        list[Annotated[int, Field(ge=1, le=2**53)]],
        Field(min_length=1, max_length=routes.MAX_BATCHES_A_CALL),
    ]
    sites: Annotated[list[SiteCodeText], Field(min_length=1, max_length=1_000)] | None = None


class ListedBatch(Message):
    """A batch that some sites have heard of: the first of them."""

    no: Number
    sites: list[SiteCodeText]


class WithdrawAnswer(Message):
    """Nothing was taken back when `listed` names a batch. `number`: of the last withdrawal."""

    listed: list[ListedBatch] = Field(default_factory=list)
    number: Number = 0


class WithdrawnRequest(Message):
    """Head office asks what it took back after withdrawal number `after`."""

    after: Number = 0


class Withdrawn(Message):
    """One batch that was taken back from `sites` (`*`: from all). `is_kept`: its body is still
    here, to be fetched."""

    channel: Word
    epoch: EpochText
    no: Number
    sha256: Sha256
    size: Number
    is_kept: bool
    sites: list[SiteOrAll]


class WithdrawnAnswer(Message):
    """What was taken back, oldest first: everything up to withdrawal number `up_to`."""

    up_to: Number
    withdrawn: list[Withdrawn] = Field(default_factory=list)


class SiteChange(Message):
    """Head office says how a site stands: closed and blocked sites are refused at the door."""

    site: SiteCodeText
    state: Literal["active", "blocked", "closed"]
    reason: Short = ""
