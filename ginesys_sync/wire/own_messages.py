"""What a site asks of its own mail at the Web Database: to read it back, to send it once more."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ginesys_sync.wire import routes
from ginesys_sync.wire.messages import (
    AudienceName,
    Manifest,
    Members,
    Message,
    Moment,
    Number,
    Sha256,
    StreamPlace,
    StreamText,
    Word,
)

SiteOrAll = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Z0-9][A-Z0-9_-]{0,15})$")]


class OwnRequest(Message):
    """Asks for the asker's own batches of a channel beyond `after`, in its present epoch."""

    channel: Word
    after: Number = 0
    limit: Annotated[int, Field(ge=1, le=routes.MAX_BATCHES_A_CALL)] = 200


class OwnBatch(Message):
    """A batch of the asker. `is_kept`: its body is still here, in the manifest or to be fetched.
    `withdrawn`: the sites it was taken back from before they heard of it (`*`: all).
    """

    uploaded_at: Moment
    manifest: Manifest
    is_kept: bool
    withdrawn: list[SiteOrAll] = Field(default_factory=list)


class OwnReach(Message):
    """How far a site (`*`: all) may read a stream of the asker, and how far it has applied it."""

    site: SiteOrAll
    released: Number
    acked: Number
    ack_run: Number
    acked_at: Moment | None = None


class OwnAnswer(Message):
    """One page of the asker's own mail. `sha256`: the body of batch `after`. `more`: ask again."""

    head: Number
    sha256: Sha256 | None = None
    batches: list[OwnBatch] = Field(default_factory=list)
    audiences: dict[AudienceName, Members] = Field(default_factory=dict)
    reach: list[OwnReach] = Field(default_factory=list)
    more: bool = False


class AgainRequest(Message):
    """The asker has noted everything of these channels to be sent once more."""

    channels: Annotated[list[Word], Field(max_length=200)]


class AgainAnswer(Message):
    """Of how many streams that was asked."""

    asked: Number


class SameRequest(Message):
    """Asks whether batches that the asker has of others' streams are those that are here."""

    places: Annotated[list[StreamPlace], Field(max_length=routes.MAX_STREAMS)]


class SameAnswer(Message):
    """The streams in which it is another one, or none."""

    others: list[StreamText] = Field(default_factory=list)
