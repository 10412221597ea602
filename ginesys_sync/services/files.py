"""Files that a person asked for: whole or not there at all, and faults told in shop words."""

from __future__ import annotations

import errno
import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from ginesys_sync.core.errors import DiskFull, KnownError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FOLDER = {errno.ENOENT, errno.ENOTDIR}


class FileNotWritten(KnownError):
    """The file that a person chose cannot be written as it is."""

    code = "file"
    default_advice = "Choose another folder, then export again."


@contextmanager
def text_file(raw: BinaryIO) -> Iterator[TextIO]:
    """Text into a binary file, in UTF-8 with a mark, so that spreadsheets read it."""
    file = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="", write_through=True)
    yield file
    file.flush()
    file.detach()


@contextmanager
def written_aside(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path` that takes its place when all is written and on disk; stopped or
    failed, nothing is left of it. Raises DiskFull or FileNotWritten."""
    part = None
    try:
        target = path.resolve()
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as fault:
        raise _told_as(fault, path) from fault
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _told_as(fault: OSError, path: Path) -> KnownError:
    """Why the file could not be written, in shop words."""
    name, detail = path.name, str(fault)
    if fault.errno in _NO_ROOM:
        return DiskFull(
            f"There is no room on the disk for {name}.",
            "Free some space or choose another disk, then export again. No file was written.",
            detail,
        )
    if fault.errno in _NOT_ALLOWED:
        return FileNotWritten(
            f"{name} may not be written there.",
            "Choose another folder, then export again. If the file is open in another program, "
            "close it there first.",
            detail,
        )
    if fault.errno == errno.EISDIR:
        return FileNotWritten(
            f"{name} is the name of a folder.", "Choose another name, then export again.", detail
        )
    if fault.errno in _NO_FOLDER:
        return FileNotWritten(f"The folder for {name} is not there.", detail=detail)
    return FileNotWritten(f"{name} could not be written.", detail=detail)
