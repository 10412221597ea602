"""Text that comes out of a database: SQLite stores any bytes as text, and shops have such rows.

Nothing of it may stop the sync. What Python only shows is `shown`, with a mark in place of each
byte that is no UTF-8; what it carries back into a database is `exact` (PEP 383), and only
records' keys ever are: everything else travels inside SQL.
"""

from __future__ import annotations


def shown(data: bytes) -> str:
    """Text for people, for the books and for the wire: always valid, not always the same bytes."""
    return data.decode("utf-8", "replace")


def exact(data: bytes) -> str:
    """Text that `stored` gives back byte for byte. Not for people: see `readable`."""
    return data.decode("utf-8", "surrogateescape")


def stored(text: str) -> bytes:
    """The bytes that `exact` text stands for."""
    return text.encode("utf-8", "surrogateescape")


def readable(text: str) -> str:
    """`exact` text as a person may see it."""
    return text if text.isascii() else shown(stored(text))


def is_plain(text: str) -> bool:
    """Whether `exact` text is valid as it stands, so that a database takes it as text."""
    return text.isascii() or not any("\udc80" <= sign <= "\udcff" for sign in text)
