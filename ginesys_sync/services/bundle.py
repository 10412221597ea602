"""The support bundle: what somebody far away needs to see what is wrong, in one file.

No secrets: no key, no enrolment code, no password; and none of the business's own records except
the keys of those that need attention.
"""

from __future__ import annotations

import json
import platform
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from ginesys_sync import __version__
from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.settings import Home, open_home
from ginesys_sync.services.doctor import examine
from ginesys_sync.services.files import written_aside
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.status import status_rows
from ginesys_sync.store.queue_state import queue_state

_LISTS = ("sent", "received", "sites", "attention", "runs")
_ROWS = 500
_LOG_BYTES = 4_000_000
_PACKAGES = ("PySide6_Essentials", "SQLAlchemy", "requests", "APScheduler", "pydantic", "zstandard")
_SECRETS = re.compile(r"(?i)(bearer\s+\S+?:|password[\"\']?\s*[:=]\s*|code=)[^\s\"\',]+")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was written: where, and what is in it."""

    path: Path
    names: tuple[str, ...]


def usual_name(folder: Path, clock: Clock | None = None) -> str:
    """`ginesys-sync-S001-2026-11-22.zip`"""
    today = (clock or SystemClock()).now().date().isoformat()
    return f"ginesys-sync-{open_home(folder).settings.site}-{today}.zip"


def make_bundle(folder: Path, path: Path, clock: Clock | None = None) -> Bundle:
    """Write the bundle of a home. What cannot be read is said inside instead of stopping it.
    Raises DiskFull or FileNotWritten; then nothing is left of it."""
    home = open_home(folder)
    hidden = _hidden(home)
    names = []
    with written_aside(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in _parts(folder, home, clock or SystemClock()):
            bundle.writestr(name, without_secrets(text, hidden))
            names.append(name)
    return Bundle(path, tuple(names))


def _hidden(home: Home) -> tuple[str, ...]:
    """What stands in the home and must stand nowhere else."""
    found = []
    for name in ("key", "key.new", "mail-password"):
        try:
            found.append((home.folder / name).read_text(encoding="utf-8").strip())
        except (OSError, ValueError):
            continue
    return tuple(text for text in found if text)


def without_secrets(text: str, hidden: tuple[str, ...]) -> str:
    """The text with every known secret, and whatever looks like one, taken out."""
    for secret in hidden:
        text = text.replace(secret, "[secret]")
    return _SECRETS.sub(lambda match: f"{match[1]}[secret]", text)


def _parts(folder: Path, home: Home, clock: Clock) -> Iterator[tuple[str, str]]:
    yield "about.json", _json(_about(home, clock))
    yield "doctor.txt", _doctor(folder)
    for name in _LISTS:
        yield f"{name}.json", _said(partial(_status, folder, name))
    yield "queue.json", _said(lambda: _json(_queue(folder)))
    for log in sorted(home.logs.glob("*.log*")):
        yield f"logs/{log.name}", _said(partial(_tail, log))


def _said(read: Callable[[], str]) -> str:
    try:
        return read()
    except (KnownError, OSError) as fault:
        return f"could not be read: {fault} {getattr(fault, 'detail', '')}"


def _json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, default=str)


def _about(home: Home, clock: Clock) -> dict[str, object]:
    settings = asdict(home.settings)
    settings["relay"] = _without_user(home.settings.relay)
    return {
        "made_at": iso(clock.now()),
        "program": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "home": settings,
    }


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _doctor(folder: Path) -> str:
    lines = []
    for finding in examine(folder):
        lines.append(f"{'ok     ' if finding.is_good else 'PROBLEM'}  {finding.what}")
        if finding.advice:
            lines.append(f"         {finding.advice}")
    return "\n".join(lines)


def _status(folder: Path, name: str) -> str:
    return _json(status_rows(folder, name, _ROWS))


def _queue(folder: Path) -> dict[str, object]:
    with opened_site(folder) as site, site.database.connect() as connection:
        return queue_state(connection)


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LOG_BYTES))
        return file.read().decode("utf-8", "replace")
