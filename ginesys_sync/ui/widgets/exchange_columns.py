"""The columns of *Sent Data* and *Received Data*, for runs, batches and records in one tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard

from ginesys_sync.core.status import Kind, Status
from ginesys_sync.services.views import BatchRow, RecordRow, RunGroup
from ginesys_sync.ui.widgets import pill
from ginesys_sync.ui.widgets.columns import Column, Heading, PillWord
from ginesys_sync.ui.widgets.wording import clock, counted, exact, grouped, relative, size


@dataclass(frozen=True, slots=True)
class More:
    """The last line of an opened node when there is more than one page."""

    shown: int


@dataclass(frozen=True, slots=True)
class Why:
    """The only line of an opened batch that cannot be looked into: the reason, and what to do."""

    words: str


Line = RunGroup | BatchRow | RecordRow | More | Why


def status_pill(status: Status) -> PillWord:
    """The pill of a status."""
    return PillWord(status.value, pill.SHAPE_OF[status], pill.TONE_OF[status])


def attention_words(count: int) -> str:
    """`1 needs attention`, `3 need attention`."""
    return f"{grouped(count)} {'needs' if count == 1 else 'need'} attention"


def _what(line: Line) -> str:
    if isinstance(line, RunGroup):
        return f"{clock(line.started_at)}  {line.title}".strip() if line.run else line.title
    if isinstance(line, BatchRow):
        return line.what
    if isinstance(line, More):
        return f"Show more ({grouped(line.shown)} shown)"
    if isinstance(line, Why):
        return line.words
    return line.label if line.key in ("", line.label) else f"{line.label}  ({line.key})"


def _number(line: Line) -> str:
    if not isinstance(line, BatchRow):
        return ""
    number = "" if line.batch is None else grouped(line.batch)
    return f"{line.channel} {number}".strip()


def _pills(line: Line) -> tuple[PillWord, ...]:
    if isinstance(line, BatchRow):
        found = [status_pill(line.status)]
    elif isinstance(line, RunGroup):
        found = _group_pill(line)
    elif isinstance(line, RecordRow):
        return (PillWord("Deleted", "cross", "calm"),) if line.is_gone else ()
    else:
        return ()
    if line.attention:
        found.append(PillWord(attention_words(line.attention), "mark", "warning"))
    return tuple(found)


def _group_pill(group: RunGroup) -> list[PillWord]:
    """One pill for a run: the status that is furthest behind, since that is what one waits for."""
    if not group.statuses:
        return []
    order = list(Status)
    status, count = min(group.statuses, key=lambda pair: order.index(pair[0]))
    whole = sum(number for _, number in group.statuses)
    shown = status_pill(status)
    if count < whole:
        shown = PillWord(f"{status.value}  {count} of {whole}", shown.shape, shown.tone)
    return [shown]


def _status_tip(line: Line) -> str:
    if isinstance(line, RunGroup):
        return "\n".join(f"{number} {status.value}" for status, number in line.statuses)
    return _status(line)


def _status(line: Line) -> str:
    return ", ".join(shown.word for shown in _pills(line))


def _site(line: Line) -> str:
    return line.site if isinstance(line, BatchRow) else ""


def _problem(line: Line) -> str:
    return line.problem if isinstance(line, BatchRow | RecordRow) else ""


def heading(line: Line | None, *, has_sites: bool) -> Heading | None:
    """What runs over several columns: a run's title (its counts are in its words), a record's name
    and key; where no site stands beside it, an acknowledgement, which holds no records."""
    if isinstance(line, RunGroup | RecordRow):
        return Heading(_what(line), 4, isinstance(line, RunGroup))
    if isinstance(line, BatchRow) and not has_sites and not _has_body(line):
        return Heading(_what(line), 4, False)
    if isinstance(line, Why):
        return Heading(_what(line), 8, False)
    return None


def _count(line: Line) -> str:
    return grouped(line.records) if _has_body(line) else ""


def _size(line: Line) -> str:
    return size(line.size) if _has_body(line) else ""


def _size_tip(line: Line) -> str:
    return counted(line.size, "byte") if _has_body(line) else ""


def _has_body(line: Line) -> TypeGuard[BatchRow]:
    """Whether there is something to be measured: an acknowledgement has no contents."""
    return isinstance(line, BatchRow) and line.kind is Kind.DATA


def _moment(field: str) -> tuple[Callable[[Line], str], Callable[[Line], str]]:
    def when(line: Line) -> datetime | None:
        return getattr(line, field, None) if isinstance(line, BatchRow | RunGroup) else None

    return (lambda line: relative(when(line))), (lambda line: exact(when(line)))


def _times(title: str, field: str) -> Column[Any]:
    text, tip = _moment(field)
    return Column(title, text, 88, tip=tip, field=field)


def _kind_tip(line: Line) -> str:
    if isinstance(line, RunGroup):
        much = f"{counted(line.records, 'record')}, {size(line.size)}"
        return f"{line.title}\n{exact(line.started_at)}\n{much}"
    if isinstance(line, BatchRow) and line.kind is Kind.ACKNOWLEDGEMENT:
        return f"Acknowledgement from {line.site}: {line.what}"
    if isinstance(line, BatchRow) and line.is_first_load:
        return f"{line.what}\nMade at head office {exact(line.created_at)}"
    return _what(line)


def columns(is_sent: bool) -> tuple[Column[Any], ...]:
    """The columns of one of the two grids."""
    moments = ("uploaded_at", "Uploaded") if is_sent else ("received_at", "Received")
    return (
        Column("What", _what, 0, tip=_kind_tip, field=""),
        Column("To" if is_sent else "From", _site, 56, field="site"),
        Column("Records", _count, 72, is_number=True, field="records"),
        Column("Size", _size, 72, is_number=True, tip=_size_tip, field="size"),
        Column("Status", _status, 176, tip=_status_tip, pills=_pills, field="status"),
        _times(moments[1], moments[0]),
        _times("Processed", "processed_at"),
        Column("Batch", _number, 92, is_code=True, field="batch"),
        Column("Problem", _problem, 128, field="problem"),
    )
