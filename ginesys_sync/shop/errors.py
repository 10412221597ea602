"""Faults of a request to the shop itself; the other faults are in `core.errors`."""

from __future__ import annotations

from ginesys_sync.core.errors import KnownError


class NotPossible(KnownError):
    """An ordinary write that makes no sense as asked: a bill without lines, an unknown item."""

    code = "not_possible"
    default_advice = "Correct what was asked for, then try again."


class SalesFileUnusable(KnownError):
    """The sales file as a whole cannot be read: not there, damaged, or lacking columns."""

    code = "sales_file"
    default_advice = "Give a sales file as CSV, plain or gzip-compressed, with its header line."
