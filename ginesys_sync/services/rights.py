"""Who may do what to the sync: the one place that decides it. Today everybody who may open a home
may do what its site may do; some things only head office may."""

from __future__ import annotations

from ginesys_sync.core.errors import NotPossible
from ginesys_sync.services.site import OpenSite


def require_head_office(site: OpenSite, doing: str) -> None:
    """Raises NotPossible at a store. `doing` completes *Only head office may …*."""
    if not site.is_head_office:
        raise NotPossible(
            f"Only head office may {doing}.", f"Do it at head office, for {site.code}."
        )
