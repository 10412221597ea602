"""Bodies as files in the home: staged ones are on disk for good before their batch is sealed;
fetched ones may be lost.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ginesys_sync.core.errors import DiskFull, HomeUnusable


class Staging:
    """A folder of bodies named by their SHA-256."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise HomeUnusable(f"The folder {folder} cannot be made.", detail=str(fault)) from fault

    def path(self, name: str) -> Path:
        """Where the body of that name stands, or would."""
        return self.folder / name[:2] / name

    def has(self, name: str) -> bool:
        """Whether the body is there."""
        return self.path(name).exists()

    def put(self, name: str, data: bytes, is_durable: bool = True) -> None:
        """Keep a body. When `is_durable`, it survives a power cut from here on. Raises DiskFull."""
        path = self.path(name)
        if path.exists():
            return
        temporary = path.with_suffix(".part")
        try:
            path.parent.mkdir(exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                if is_durable:
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
            if is_durable:
                _sync_folder(path.parent)
        except OSError as fault:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise DiskFull(
                "A batch could not be kept in the home folder.", detail=str(fault)
            ) from fault

    def get(self, name: str) -> bytes | None:
        """The body, or None when it is not there."""
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise HomeUnusable("A kept batch cannot be read.", detail=str(fault)) from fault

    def names(self) -> list[tuple[str, int, float]]:
        """All bodies: name, size in bytes, when it was written (seconds since 1970)."""
        found = []
        with os.scandir(self.folder) as folders:
            inner = [folder.path for folder in folders if folder.is_dir()]
        for path in inner:
            with os.scandir(path) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        facts = entry.stat()
                        found.append((entry.name, facts.st_size, facts.st_mtime))
        return found

    def drop(self, name: str) -> None:
        """Forget a body."""
        self.path(name).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
