"""The time zone a schedule is read in: the site's own, or the one of its machine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from ginesys_sync.core.schedule import ScheduleUnfit

# In the database's folder, but no zones, or other ones on other machines, or with leap seconds.
_NO_ZONES = re.compile(r"(posix|right|SystemV)/.*|localtime|posixrules|Factory")


def zone_named(name: str) -> ZoneInfo:
    """The zone of a name such as `Asia/Kolkata`. Raises ScheduleUnfit when this machine does not
    know it.
    """
    if not _NO_ZONES.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            pass
    raise ScheduleUnfit(
        f"This computer does not know the time zone {name[:64]!r}.",
        "Choose one of the list, such as Asia/Kolkata or Europe/Berlin.",
    )


def zone_names() -> list[str]:
    """The zones this machine knows, sorted, for a person to choose from."""
    return sorted(name for name in available_timezones() if not _NO_ZONES.fullmatch(name))


def site_zone(name: str) -> ZoneInfo:
    """The zone a site has chosen; the machine's own when it has chosen none (empty)."""
    return zone_named(name or local_zone_name())


def local_zone_name(environment: Mapping[str, str] = os.environ, etc: Path = Path("/etc")) -> str:
    """The name of the machine's own zone: what `TZ` says, else where the link `localtime` points,
    else the text of `timezone`; `UTC` when none of them names a known zone, as on Windows.
    """
    told = environment.get("TZ")
    candidates = [told.removeprefix(":") or "UTC"] if told is not None else []
    with suppress(OSError, RuntimeError):  # a loop of links is a RuntimeError before Python 3.13
        candidates.append(str((etc / "localtime").resolve()))
    with suppress(OSError, ValueError):
        candidates += (etc / "timezone").read_text(encoding="ascii").split()[:1]
    for candidate in candidates:
        name = _inside_database(candidate)
        if _is_known(name):
            return name
    return "UTC"


def _inside_database(path: str) -> str:
    """`/usr/share/zoneinfo/Asia/Kolkata` → `Asia/Kolkata`; a name stays as it is."""
    name = re.sub(r"^.*/zoneinfo[^/]*/", "", path)
    return re.sub(r"^(posix|right)/", "", name)


def _is_known(name: str) -> bool:
    try:
        zone_named(name)
    except ScheduleUnfit:
        return False
    return True
