"""*Alert Limits*: from when on something is wrong, for all stores and for single ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from ginesys_sync.services.alert_desk import AlertView
from ginesys_sync.services.alert_form import (
    Entry,
    LimitEntries,
    Span,
    Unit,
    limit_entries,
    limit_problems,
    limits_of,
    span_of,
)
from ginesys_sync.services.alert_settings import Limits
from ginesys_sync.ui.launchpad.schedule_form import Unrolled
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.fields import FieldRow, ShortField
from ginesys_sync.ui.widgets.form_window import FormWindow
from ginesys_sync.ui.widgets.picker import Choice, Picker

_WITHOUT = "without a call"


class SpanField(QWidget):
    """The number and unit of a time: two controls to put into a `FieldRow`."""

    def __init__(self, name: str, span: Span, changed: Callable[[], None]) -> None:
        super().__init__()
        self.number, self.unit = ShortField(), Unrolled()
        for unit in Unit:
            self.unit.addItem(unit.value, unit.value)
        self.unit.setAccessibleName(f"{name}: unit")
        self.unit.setFixedWidth(104)
        self.number.setText(span.number)
        self.unit.setCurrentIndex(self.unit.findData(span.unit.value))
        self.number.textChanged.connect(changed)
        self.unit.currentIndexChanged.connect(changed)
        self.hide()

    @property
    def span(self) -> Span:
        """What stands there."""
        return Span(self.number.text(), Unit(self.unit.currentData()))


class AlertLimitsWindow(FormWindow):
    """`save_limits` keeps them; it is called on a thread."""

    def __init__(
        self,
        parent: QWidget,
        background: Background,
        view: AlertView,
        save_limits: Callable[[Limits], None],
    ) -> None:
        super().__init__(parent, background, "Alert Limits", (648, 640))
        self._names = dict(view.stores)
        self._default = view.limits.silent_minutes
        self._save_limits = save_limits
        self.picker: Picker | None = None
        self.stores: dict[str, SpanField] = {}
        self._lines: dict[str, QWidget] = {}
        self._fill(limit_entries(view.limits))
        self.begin()
        self.silent.number.setFocus()

    def _fill(self, typed: LimitEntries) -> None:
        self.silent = SpanField("Silent", typed.silent, self.look)
        self.backlog = SpanField("Old backlog", typed.backlog, self.look)
        self.records, self.parked, self.clock = ShortField(), ShortField(), ShortField()
        for field, text in (
            (self.records, typed.records), (self.parked, typed.parked), (self.clock, typed.clock),
        ):  # fmt: skip
            field.setText(text)
            field.textChanged.connect(self.look)
        self.rows = {
            Entry.SILENT: _span_row("Silent", self.silent, _WITHOUT),
            Entry.BACKLOG: _span_row("Old backlog", self.backlog, "of waiting"),
            Entry.RECORDS: FieldRow(
                "Growing backlog", self.records, _after("records for an hour, and more come")
            ),
            Entry.PARKED: FieldRow("Needs attention", self.parked, _after("records of a store")),
            Entry.CLOCK: FieldRow("Wrong clock", self.clock, _after("seconds")),
        }
        self.column.addWidget(
            _heading("All stores", "A store needs help when it reaches one of these.")
        )
        for row in self.rows.values():
            self.column.addWidget(row)
        self.column.addSpacing(tokens.SPACE_3)
        self.column.addWidget(
            _heading(
                "Single stores", "A store in this list is silent after a time of its own instead."
            )
        )
        self.add = QPushButton("Add a Store...")
        self.add.clicked.connect(self._choose_store)
        self._under = QVBoxLayout()
        self._under.setSpacing(tokens.SPACE_2)
        self.column.addLayout(self._under)
        self.column.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addStretch(1)
        for code, span in typed.stores:
            self._add(code, span)

    # --- single stores ---

    def _add(self, code: str, span: Span) -> None:
        name = f"{code} {self._names.get(code, '')}".strip()
        field = SpanField(name, span, self.look)
        remove = QPushButton("Remove")
        theme.mark(remove, "link")
        remove.setAccessibleName(f"Remove the limit of {name}")
        remove.clicked.connect(lambda: self._remove(code))
        row = _span_row(code, field, self._names.get(code) or _WITHOUT, remove)
        row.control.setAccessibleName(f"Silent: {name}")
        row.label.setToolTip(name)
        self.rows[code], self.stores[code] = row, field
        self._lines[code] = row
        self._under.addWidget(row)

    def _remove(self, code: str) -> None:
        line = self._lines.pop(code)
        del self.rows[code], self.stores[code]
        self._under.removeWidget(line)
        line.hide()
        line.deleteLater()
        self.add.setFocus()
        self.look()

    def _choose_store(self) -> None:
        choices = [
            Choice(code, code, name)
            for code, name in self._names.items()
            if code not in self.stores
        ]
        self.picker = Picker(self, "Which store gets its own limit?", ("Site", "Name"), choices)
        self.picker.chosen.connect(self._take_store)
        self.picker.open()

    def _take_store(self, code: str) -> None:
        self._add(code, span_of(self._default))
        self.look()
        self.stores[code].number.setFocus()
        self.stores[code].number.selectAll()

    # --- what stands there ---

    def entries(self) -> LimitEntries:
        return LimitEntries(
            silent=self.silent.span,
            backlog=self.backlog.span,
            records=self.records.text(),
            parked=self.parked.text(),
            clock=self.clock.text(),
            stores=tuple((code, field.span) for code, field in sorted(self.stores.items())),
        )

    def problems(self) -> Mapping[str, str]:
        return limit_problems(self.entries())

    def saving(self) -> Callable[[], None]:
        limits = limits_of(self.entries())
        return lambda: self._save_limits(limits)


def _span_row(label: str, field: SpanField, after: str, *more: QWidget) -> FieldRow:
    row = FieldRow(label, field.number, field.unit, _after(after), *more)
    field.setParent(row)
    return row


def _after(words: str) -> QLabel:
    label = QLabel(words)
    theme.mark(label, "muted")
    return label


def _heading(title: str, note: str) -> QWidget:
    whole, heading, small = QWidget(), QLabel(title), QLabel(note)
    theme.mark(heading, "title")
    theme.mark(small, "small")
    small.setWordWrap(True)
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(tokens.SPACE_1)
    column.addWidget(heading)
    column.addWidget(small)
    return whole
