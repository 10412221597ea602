"""The messages by which a site waits at the Web Database for news of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ginesys_sync.wire import routes
from ginesys_sync.wire.messages import Message, Number


class WaitRequest(Message):
    """Wait for news of the asker: until there is some after number `after`, or `seconds` are over.
    `after` None: answer at once, with the number to wait from.
    """

    after: Number | None = None
    seconds: Annotated[int, Field(ge=0, le=routes.MAX_WAIT_SECONDS)]


class WaitAnswer(Message):
    """Whether there may be news of the asker (also said at once when `after` is too long ago to
    know), and the number to wait from next time: nothing that comes in between is missed.
    """

    rang: bool
    at: Number
