"""The versions of one record side by side, a field a line, what differs first; one stands on the
version that is meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QEvent, QModelIndex, QObject, QRect, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QVBoxLayout, QWidget

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.services.deciding_views import ConflictedRecord, FieldLine, Version
from ginesys_sync.ui.widgets import grid, tokens
from ginesys_sync.ui.widgets.columns import Column, PillWord
from ginesys_sync.ui.widgets.rows import RowsModel
from ginesys_sync.ui.widgets.wording import exact

NOW, EDITED = "Now", "Edited"
DIFFERS, SAME = "Differs", "Same"
_BEFORE = 2
"""So many columns stand before the first version's."""
_LEAST, _MOST_HIGH = 160, 240
STANDS = PillWord("Stands", "tick", "good")
KEPT = PillWord("Kept", "clock", "calm")
DELETED = PillWord("Deleted", "cross", "calm")
_DIFFERS = PillWord(DIFFERS, "mark", "warning")


def whose_words(code: str) -> str:
    """A site as a person calls it: `Head office`, `S001`."""
    return "Head office" if code == HEAD_OFFICE else code


def version_words(version: Version) -> str:
    """`Version 2: S001`."""
    return f"Version {version.number}: {whose_words(version.whose)}"


def edited_words(version: Version) -> str:
    """When it was edited: what the record itself says, in local time where it tells its zone."""
    if version.is_gone:
        return "–"
    try:
        moment = datetime.fromisoformat(version.edited_at)
    except ValueError:
        return version.edited_at or "Not told"
    return exact(moment) if moment.tzinfo is not None else version.edited_at.replace("T", " ")


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A line of the table: `mark` says whether the versions differ in it (empty: not compared), the
    values and pills follow the versions."""

    name: str
    mark: str
    values: tuple[str, ...]
    pills: tuple[tuple[PillWord, ...], ...] = ()


def version_lines(record: ConflictedRecord) -> tuple[VersionLine, ...]:
    """What stands, when each was edited, then the fields: those that differ first."""
    pills = tuple(_state(version) for version in record.versions)
    words = tuple(", ".join(pill.word for pill in each) for each in pills)
    edited = tuple(version.edited_at for version in record.versions)
    # The record's own moment of its edit is told once, above the fields.
    fields = [field for field in record.fields if field.values != edited or not any(edited)]
    return (
        VersionLine(NOW, "", words, pills),
        VersionLine(EDITED, "", tuple(map(edited_words, record.versions))),
        *(_line(field) for field in sorted(fields, key=lambda field: not field.differs)),
    )


def _line(field: FieldLine) -> VersionLine:
    name = field.name.replace("_", " ")
    mark = DIFFERS if field.differs else SAME
    values = tuple(value or "–" for value in field.values)
    return VersionLine(f"{name[:1].upper()}{name[1:]}", mark, values)


def _state(version: Version) -> tuple[PillWord, ...]:
    state = STANDS if version.stands else KEPT
    return (state, DELETED) if version.is_gone else (state,)


def _column(place: int, version: Version) -> Column[VersionLine]:
    def value(line: VersionLine) -> str:
        return line.values[place]

    def pills(line: VersionLine) -> tuple[PillWord, ...]:
        return line.pills[place] if line.pills else ()

    return Column(version_words(version), value, _LEAST, pills=pills)


def _columns(versions: tuple[Version, ...]) -> tuple[Column[VersionLine], ...]:
    def mark(line: VersionLine) -> tuple[PillWord, ...]:
        return (_DIFFERS,) if line.mark == DIFFERS else ()

    return (
        Column("Field", lambda line: line.name, 120),
        Column("Compared", lambda line: line.mark, 96, pills=mark),
        *(_column(place, version) for place, version in enumerate(versions)),
    )


class VersionTable(QWidget):
    """`chosen` is the version one stands on; `changed` follows another one, `meant` Enter or a
    double click on it."""

    changed = Signal()
    meant = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.record: ConflictedRecord | None = None
        self.model: RowsModel[VersionLine] = RowsModel(_columns(()), lambda line: line.name, self)
        self.table = grid.table(self.model.columns, "Versions of the selected record")
        self.table.setModel(self.model)
        self.table.setWordWrap(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectColumns)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        self.table.viewport().installEventFilter(self)
        self.table.selectionModel().currentColumnChanged.connect(lambda *_: self.changed.emit())
        self.table.activated.connect(self._mean)

    @property
    def compared(self) -> tuple[int, int]:
        """How many of the fields differ, and how many there are."""
        marks = [line.mark for line in self.model.rows if line.mark]
        return marks.count(DIFFERS), len(marks)

    @property
    def chosen(self) -> Version | None:
        """The version one stands on; None on what stands before them."""
        place = self.table.currentIndex().column() - _BEFORE
        if self.record is None or not 0 <= place < len(self.record.versions):
            return None
        return self.record.versions[place]

    def show_record(self, record: ConflictedRecord | None) -> None:
        """Show these versions and stand on one that does not stand in the record; the same record
        again keeps the place."""
        if record == self.record:
            return
        before, at = self.record, self.table.currentIndex()
        self.record = record
        versions = record.versions if record is not None else ()
        columns = _columns(versions)
        if [column.title for column in columns] != [each.title for each in self.model.columns]:
            self.model.set_columns(columns)
            grid.dress_header(self.table.horizontalHeader(), columns)
        self.model.set_rows(version_lines(record) if record is not None else ())
        self._fit()
        is_same = before is not None and record is not None and _name(before) == _name(record)
        if record is not None and not (is_same and self.table.currentIndex().isValid()):
            place = at.column() if is_same and at.isValid() else _other(record) + _BEFORE
            self.table.setCurrentIndex(self.model.index(0, place))
        self.changed.emit()

    def _mean(self, _: QModelIndex) -> None:
        if self.chosen is not None:
            self.meant.emit()

    # --- room ---

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._fit()
        return False

    def _fit(self) -> None:
        """The versions share what is left, and each line is as high as its longest value needs."""
        header, count = self.table.horizontalHeader(), self.model.columnCount() - _BEFORE
        if count <= 0:
            return
        taken = sum(header.sectionSize(place) for place in range(_BEFORE))
        wide = max(_LEAST, (self.table.viewport().width() - taken) // count)
        for place in range(_BEFORE, _BEFORE + count):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(place, wide)
        measure = self._height_in(wide - 2 * tokens.SPACE_2)
        for row, line in enumerate(self.model.rows):
            self.table.setRowHeight(row, max(measure(value) for value in line.values))

    def _height_in(self, wide: int) -> Callable[[str], int]:
        metrics, room = self.table.fontMetrics(), QRect(0, 0, wide, _MOST_HIGH)

        def measure(value: str) -> int:
            needed = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, value).height()
            return max(tokens.ROW_HEIGHT, min(needed + tokens.SPACE_4, _MOST_HIGH))

        return measure


def _name(record: ConflictedRecord) -> tuple[str, str]:
    return record.entity, record.key


def _other(record: ConflictedRecord) -> int:
    """The place of the newest version that does not stand."""
    places = [place for place, version in enumerate(record.versions) if not version.stands]
    return places[-1] if places else 0
