"""What a kill left, as a digest: two kills that left the same need to be healed only once.

What comes after a kill depends on nothing but what it left, so equal states are tried once, as is
usual where crashes are tested (CrashMonkey and ACE: Mohan et al., OSDI 2018). Right after one
effect and right before the next one there is hardly ever a difference, nor is there after a flush
to disk or a question to the Web Database.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from ginesys_sync.relay.main import ADDRESS_FILE, PORT_FILE

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT(?!00:00:00Z)\d\d:\d\d:\d\d(?:\.\d+)?Z?")
"""One of a run: people's own moments in the stories are midnights, and stay."""
_WORD = re.compile(r"[0-9a-f]{16,64}")
_PORT = re.compile(r"127\.0\.0\.1(?::|\\?', port=)\d+")
"""As an address, and as the words of a fault have it: `host='127.0.0.1', port=…`."""
_LONG = 50_000
"""A value that is longer is data, not a document with moments and words in it."""
_NUMBER = re.compile(rb"\d+")
_OF_A_PROCESS = ("-wal", "-shm", ".lock")
"""Files that say who has a database or a home open; what is in them belongs to the database."""
_SAYS_WHERE = (ADDRESS_FILE, PORT_FILE)
"""Files in which a Web Database says where it listens, and who it is."""


def left_behind(root: Path) -> str:
    """A digest of everything below a folder: the rows of each database, as whoever opens it next
    will see them, and each other file by its name and contents. What differs from one run of a
    story to the next counts as equal: moments, the port, and random words, as long as equal ones
    stand in the same places.
    """
    words: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return words.setdefault(found[0], f"#{len(words)}")

    text = "\0".join(_parts(root)).replace(str(root), "ROOT")
    plain = _PORT.sub("PORT", _MOMENT.sub("WHEN", text))
    return sha256(_WORD.sub(named, plain).encode("utf-8", "surrogatepass")).hexdigest()


def _parts(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        where = Path(folder)
        yield folder
        for name in sorted(names):
            path = where / name
            yield str(path)
            if name.endswith(".sqlite3"):
                yield from _rows(path)
            elif name in _SAYS_WHERE:
                yield repr(_NUMBER.sub(b"N", path.read_bytes()))
            elif not name.endswith(_OF_A_PROCESS):
                data = path.read_bytes()
                yield repr(data) if data.isascii() else _hash(data)


def _rows(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.text_factory = bytes
        schema = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        yield _hash(repr(schema).encode())
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        for (name,) in database.execute(tables).fetchall():
            rows = database.execute(f'SELECT * FROM "{name.decode()}"').fetchall()
            text = repr(rows)
            yield text if len(text) < _LONG else repr([tuple(map(_short, row)) for row in rows])


def _short(value: object) -> object:
    return _hash(value) if isinstance(value, bytes) and len(value) > _LONG else value


def _hash(data: bytes) -> str:
    """In capitals: it is no random word, and has to be the same."""
    return sha256(data).hexdigest().upper()
