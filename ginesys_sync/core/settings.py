"""A site's home folder and its settings: which site, which database, which Web Database."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ginesys_sync.core.errors import HomeUnusable, VersionsDiffer
from ginesys_sync.core.model import HEAD_OFFICE, Role, is_site_code

_FILE = "home.json"
_KEY_FILE = "key"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What `init` wrote down. `time_zone`: whose clock the schedule means; empty: the machine's."""

    site: str
    role: str
    database: str
    relay: str
    organisation: str = ""
    relay_id: str = ""
    time_zone: str = ""
    certificates: str = ""
    demo: bool = False
    format: int = _FORMAT


@dataclass(frozen=True, slots=True)
class Home:
    """The folder with a site's settings, its key, its bodies and its logs."""

    folder: Path
    settings: Settings

    @property
    def staged(self) -> Path:
        """Bodies this site sealed."""
        return self.folder / "staged"

    @property
    def inbox(self) -> Path:
        """Bodies this site fetched."""
        return self.folder / "inbox"

    @property
    def logs(self) -> Path:
        """Log files."""
        return self.folder / "logs"

    def key(self) -> str:
        """The site's secret key. Raises HomeUnusable when it is missing."""
        advice = "Ask head office for a new enrolment code and run `ginesys-sync init` again."
        try:
            key = (self.folder / _KEY_FILE).read_text(encoding="ascii").strip()
        except FileNotFoundError as fault:
            title = "The key of this site is missing from its home folder."
            raise HomeUnusable(title, advice) from fault
        except (OSError, ValueError) as fault:
            title = "The key of this site in its home folder cannot be read."
            raise HomeUnusable(title, advice, detail=type(fault).__name__) from fault
        if not key.isalnum():
            raise HomeUnusable("The key of this site in its home folder is spoilt.", advice)
        return key


def open_home(folder: Path) -> Home:
    """A home that `init` made. Raises HomeUnusable when the folder is none, VersionsDiffer when it
    is a newer one.
    """
    try:
        document = json.loads((folder / _FILE).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise HomeUnusable(f"{folder} is not the home folder of a site.") from None
    except (OSError, ValueError, RecursionError) as fault:
        raise HomeUnusable(
            f"The settings in {folder} cannot be read.", detail=str(fault)
        ) from fault
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise HomeUnusable(f"The settings in {folder} are not those of a site.")
    if document["format"] > _FORMAT:
        raise VersionsDiffer("This home folder was made by a newer version of the program.")
    known = {field.name: str(field.type) for field in fields(Settings)}
    found = {name: value for name, value in document.items() if name in known}
    for name, value in found.items():
        if type(value).__name__ != known[name]:
            raise _wrong(folder, name, value)
    try:
        settings = Settings(**found)
    except TypeError as fault:
        raise HomeUnusable(
            f"The settings in {folder} are incomplete.", detail=str(fault)
        ) from fault
    if not is_site_code(settings.site):
        raise _wrong(folder, "site", settings.site)
    if settings.role != (Role.HO if settings.site == HEAD_OFFICE else Role.STORE):
        raise _wrong(folder, "role", settings.role)
    return Home(folder, settings)


def _wrong(folder: Path, name: str, value: object) -> HomeUnusable:
    return HomeUnusable(
        f"The settings in {folder} say {json.dumps(value):.80} where {name!r} stands.",
        f"Somebody has changed {_FILE} by hand: put {name!r} right there.",
    )


def is_home(folder: Path) -> bool:
    """Whether the folder already is a site's home."""
    return (folder / _FILE).exists()


def write_settings(folder: Path, settings: Settings) -> Home:
    """Keep the settings; the old ones stand until the new ones are on disk."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{_FILE}.new"
        temporary.write_text(json.dumps(asdict(settings), indent=1) + "\n", encoding="utf-8")
        temporary.replace(folder / _FILE)
    except OSError as fault:
        raise HomeUnusable(
            f"The home folder {folder} cannot be written.", detail=str(fault)
        ) from fault
    return Home(folder, settings)


def write_key(folder: Path, key: str) -> None:
    """Keep the site's key, for its owner's eyes only."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _KEY_FILE
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key + "\n")
    except OSError as fault:
        raise HomeUnusable(
            f"The home folder {folder} cannot be written.", detail=str(fault)
        ) from fault
