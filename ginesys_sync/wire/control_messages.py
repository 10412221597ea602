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
    Either all of them or none are taken back. again: they were taken back before, of which the Web
    Database does not know; so each is taken back from whoever has not heard of it.
    """

    channel: Word
    epoch: EpochText
    numbers: Annotated[
        list[Annotated[int, Field(ge=1, le=2**53)]],
        Field(min_length=1, max_length=routes.MAX_BATCHES_A_CALL),
    ]
    sites: (
        Annotated[list[SiteCodeText], Field(min_length=1, max_length=routes.MAX_AUDIENCE_SITES)]
        | None
    ) = None
    again: bool = False


class ListedBatch(Message):
    """A batch that some sites have heard of: the first of them, or (again) all."""

    no: Number
    sites: list[SiteCodeText]


class WithdrawAnswer(Message):
    """Nothing was taken back when `listed` names a batch, unless it was taken back again. before,
    after: the word for what is withdrawn, before this and now.
    """

    listed: list[ListedBatch] = Field(default_factory=list)
    before: Short = ""
    after: Short = ""


class WithdrawnRequest(Message):
    """Head office asks what is taken back of a channel beyond batch `after`, in its present
    epoch."""

    channel: Word
    after: Number = 0


class Withdrawn(Message):
    """One batch that was taken back from `sites` (`*`: from all). `is_kept`: its body is still
    here, to be fetched."""

    no: Number
    sha256: Sha256
    is_kept: bool
    sites: list[SiteOrAll]


class WithdrawnAnswer(Message):
    """What was taken back, by number. `more`: ask again behind the last one."""

    withdrawn: list[Withdrawn] = Field(default_factory=list)
    more: bool = False


class SiteChange(Message):
    """Head office says how a site stands: closed and blocked sites are refused at the door."""

    site: SiteCodeText
    state: Literal["active", "blocked", "closed"]
    reason: Short = ""
