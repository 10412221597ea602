"""How moments, counts and sizes read: relative times with the exact one beside, grouped numbers,
sizes people know.

Numbers, the order of day and month, and 12 or 24 hours are the desktop's own; the words are the
program's. Months are always words, so that no date can be misread. What is typed into a schedule,
and what is said of one, goes by 24 hours everywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QLocale

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def now() -> datetime:
    """The present moment; tests put another in its place."""
    return datetime.now(UTC)


def _locale() -> QLocale:
    here = QLocale()
    # The bare C locale groups no digits at all: unreadable, so English stands in for it.
    return QLocale(QLocale.Language.English) if here.language() is QLocale.Language.C else here


def day_words(local: datetime, *, with_year: bool) -> str:
    """`28 Nov 2026`, or `Nov 28, 2026` where the desktop puts the month first."""
    short = _locale().dateFormat(QLocale.FormatType.ShortFormat)
    here = QLocale()
    is_month_first = here.language() is not QLocale.Language.C and short.startswith("M")
    if is_month_first:
        return f"{local:%b} {local.day}" + (f", {local.year}" if with_year else "")
    return f"{local.day} {local:%b}" + (f" {local.year}" if with_year else "")


def time_words(local: datetime, *, with_seconds: bool = False) -> str:
    """`22:42`, or `10:42 PM` where the desktop counts so."""
    here = QLocale()
    is_of_twelve = (
        here.language() is not QLocale.Language.C
        and "ap" in here.timeFormat(QLocale.FormatType.ShortFormat).casefold()
    )
    seconds = ":%S" if with_seconds else ""
    if not is_of_twelve:
        return local.strftime(f"%H:%M{seconds}")
    half = "AM" if local.hour < 12 else "PM"
    return f"{(local.hour + 11) % 12 + 1}{local.strftime(f':%M{seconds}')} {half}"


def grouped(number: int) -> str:
    """`1204567` as the locale writes it: `1,204,567`."""
    return _locale().toString(number)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 record`, `1,204 records`."""
    return f"{grouped(number)} {one if number == 1 else many or one + 's'}"


def size(count: int) -> str:
    """Bytes as people read them: `812 B`, `12 kB`, `3.4 MB`."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{_short(count / 1000)} kB"
    if count < 1_000_000_000:
        return f"{_short(count / 1_000_000)} MB"
    return f"{_short(count / 1_000_000_000)} GB"


def _short(value: float) -> str:
    return _locale().toString(value, "f", 0 if value >= 100 else 1)


def exact(moment: datetime | None) -> str:
    """The moment in local time, to the second, with its day."""
    if moment is None:
        return ""
    local = moment.astimezone()
    return f"{local:%a} {day_words(local, with_year=True)}, {time_words(local, with_seconds=True)}"


def relative(moment: datetime | None, never: str = "") -> str:
    """How long ago: `just now`, `3 min ago`, `2 h ago`, `Fri 10:42`, `3 Nov`: short enough for a
    narrow column."""
    if moment is None:
        return never
    seconds = (now() - moment).total_seconds()
    if seconds < -_MINUTE:
        return exact(moment)
    if seconds < 45:
        return "just now"
    if seconds < _HOUR:
        return f"{max(1, round(seconds / _MINUTE))} min ago"
    local, today = moment.astimezone(), now().astimezone()
    days = (today.date() - local.date()).days
    if days == 0 or seconds < 6 * _HOUR:
        return f"{round(seconds / _HOUR)} h ago"
    if days < 7:
        return f"{local:%a} {time_words(local)}"
    return day_words(local, with_year=local.year != today.year)


def clock(moment: datetime | None) -> str:
    """`10:42` today, else with its day: what a run is called by."""
    if moment is None:
        return ""
    local, today = moment.astimezone(), now().astimezone()
    days = (today.date() - local.date()).days
    if days == 0:
        return time_words(local)
    if days == 1:
        return f"Yesterday {time_words(local)}"
    return f"{day_words(local, with_year=False)} {time_words(local)}"


def lasted(seconds: float) -> str:
    """A length of time: `4 s`, `1 min 20 s`, `2 h 5 min`."""
    if 0 <= seconds < 1:
        return "under 1 s"
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
