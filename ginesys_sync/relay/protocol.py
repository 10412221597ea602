"""uvicorn's HTTP protocol, with one thing more: calls under way learn that the server stops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

_STOPPING = "ginesys_sync.stopping"


class Protocol(H11Protocol):
    """Without this a call that waits for something else than its line would hold up the stop."""

    def shutdown(self) -> None:
        """Ends what is idle. A call under way gets an empty piece of request, and `is_stopping`."""
        super().shutdown()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle and not cycle.response_complete:
            cycle.scope.setdefault("extensions", {})[_STOPPING] = {}
            cycle.message_event.set()


def is_stopping(scope: Mapping[str, Any]) -> bool:
    """Whether the server that made this call's scope stops."""
    return _STOPPING in scope.get("extensions", ())
