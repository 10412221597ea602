"""*Where is it?*: find a record, see how far it is for every site. Ctrl+K in either window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.journey_views import Candidate, Found
from ginesys_sync.ui.widgets import icons, theme, tokens
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column, Role
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.filter_bar import PAUSE_MS
from ginesys_sync.ui.widgets.journey_pane import JourneyPane, PaneActions
from ginesys_sync.ui.widgets.rows import RowsModel

TITLE = "Where is it?"
_HIGH = 48
_LIST_WIDTH = 264
_MOVES = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp)


@dataclass(frozen=True, slots=True)
class Asking:
    """A row that stands for a record: its key in words, and how the desk finds it."""

    words: str
    find: Callable[[Desk], Candidate | None]


def called(one: Candidate) -> str:
    """What a person calls a record: its name, else its key."""
    return one.label or one.key_text


def _second_line(one: Candidate) -> str:
    key = one.key_text if one.label else ""
    deleted = "deleted" if one.is_gone else ""
    return "  ·  ".join(part for part in (one.kind, key, deleted) if part)


def _told(one: Candidate) -> str:
    return f"{called(one)}, {_second_line(one)}"


COLUMNS: tuple[Column[Candidate], ...] = (Column("Record", _told, 0, tip=lambda one: ""),)


class CandidateDelegate(QStyledItemDelegate):
    """Two lines: what it is called, and below it what it is."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        one: Candidate = index.data(Role.OBJECT)
        looks: Any = option
        painter.save()
        if looks.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(looks.rect, theme.colour("selection"))
        box = looks.rect.adjusted(tokens.SPACE_3, 6, -tokens.SPACE_3, -6)
        middle = Qt.TextElideMode.ElideMiddle
        for words, ink, size, weight, place in (
            (called(one), "text", tokens.TEXT_BODY, tokens.WEIGHT_MEDIUM, _TOP),
            (_second_line(one), "muted", tokens.TEXT_SMALL, tokens.WEIGHT_REGULAR, _BOTTOM),
        ):
            painter.setFont(theme.text_font(size, weight))
            painter.setPen(theme.colour(ink))
            shown = painter.fontMetrics().elidedText(words, middle, box.width())
            painter.drawText(box, int(place), shown)
        painter.restore()

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(120, _HIGH)


_TOP, _BOTTOM = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom


class WhereIsIt(QDialog):
    """A field, what fits it, and the journey of the one that is chosen. One for a window: opened
    again, it shows what was looked for last. `actions`: what can be done here with a record."""

    def __init__(
        self,
        desk: Desk,
        background: Background,
        parent: QWidget,
        actions: PaneActions | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(TITLE)
        self._desk, self._background = desk, background
        self.search = QLineEdit()
        self.model = RowsModel(COLUMNS, lambda one: (one.entity, repr(one.key)), self)
        self.list = QListView()
        self.more = QLabel("There may be more: type more of it.")
        self.pane = JourneyPane(desk, background, actions)
        both = QWidget()
        self.faces = FourFaces(both)
        # It says what was typed, which is no mark-up.
        self.faces.notice.title.setTextFormat(Qt.TextFormat.PlainText)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._lay_out(both)
        self._wire()
        self._show_start()

    def _lay_out(self, both: QWidget) -> None:
        self.search.setPlaceholderText("Item code, bill number, user, promotion, customer's name")
        self.search.setAccessibleName(TITLE)
        self.search.setClearButtonEnabled(True)
        self._glass = self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.list.setModel(self.model)
        self.list.setItemDelegate(CandidateDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Records that fit")
        self.list.setFixedWidth(_LIST_WIDTH)
        theme.mark(self.more, "small")
        self.more.setWordWrap(True)
        left = QVBoxLayout()
        left.setSpacing(tokens.SPACE_2)
        left.addWidget(self.list, 1)
        left.addWidget(self.more)
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_4)
        row.addLayout(left)
        row.addWidget(self.pane, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        # Enter in the field goes to the sites; no button may take it.
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addWidget(self.search)
        column.addWidget(self.faces, 1)
        column.addWidget(buttons)

    def _wire(self) -> None:
        self._pause.timeout.connect(self._look)
        self.search.textChanged.connect(self._typed)
        self.search.installEventFilter(self)
        self.list.installEventFilter(self)
        self.list.selectionModel().currentChanged.connect(self._show_chosen)
        theme.theme().changed.connect(self._recolour)

    def _recolour(self) -> None:
        self._glass.setIcon(icons.icon("search", "muted"))

    # --- opening ---

    def begin(self) -> None:
        """Open it to type; what was looked for last stands there, marked."""
        self._open()
        self.search.setFocus()
        self.search.selectAll()
        self.refresh()

    def begin_with(self, asking: Asking) -> None:
        """Open it on the record of a row."""
        self._open()
        self._pause.stop()
        self.search.blockSignals(True)
        self.search.setText(asking.words)
        self.search.blockSignals(False)
        self.faces.show_loading()
        self._background.run(
            lambda: asking.find(self._desk),
            lambda one: self._take(Found(() if one is None else (one,), True)),
            lambda fault: self._fail(fault, lambda: self.begin_with(asking)),
            lane="where-find",
        )
        self.search.setFocus()

    def _open(self) -> None:
        if not self.isVisible():
            fit(self, 980, 620)
            self.open()

    def refresh(self) -> None:
        """The books have changed: look again at what is shown, quietly."""
        if self.isVisible():
            self.pane.refresh()

    # --- looking ---

    def _typed(self) -> None:
        if self.search.text().strip():
            self._pause.start()
        else:
            self._pause.stop()
            self._show_start()

    def _show_start(self) -> None:
        self._take_none()
        self.faces.show_empty(
            "Which record are you looking for?",
            "Type its code, its number or its name. You see for every site whether it is there, "
            "and what it waits for if it is not.",
            picture="search",
        )

    def _look(self) -> None:
        text = self.search.text().strip()
        if self.faces.face != "normal":
            self.faces.show_loading()
        self._background.run(
            lambda: self._desk.find_records(text),
            self._take,
            lambda fault: self._fail(fault, self._look),
            lane="where-find",
        )

    def _take_none(self) -> None:
        # An answer that is still on its way is to an older question.
        self._background.run(lambda: None, lambda nothing: None, lane="where-find")
        self.model.set_rows([])
        self.pane.show_record(None)

    def _take(self, found: Found) -> None:
        self.model.set_rows(found.candidates)
        self.more.setVisible(not found.is_complete)
        if not found.candidates:
            self.pane.show_record(None)
            text = self.search.text().strip()
            shown = text if len(text) <= 40 else f"{text[:39]}…"
            self.faces.show_empty(
                f"Nothing here is called “{shown}”.",
                "Type a code or a number as it is printed, or part of a name. What another site "
                "made is here only once it has been received.",
                picture="search",
            )
            return
        self.faces.show_content()
        self.list.setCurrentIndex(self.model.index(0, 0))
        self._show_chosen()

    def _fail(self, fault: KnownError, again: Callable[[], None]) -> None:
        self.faces.show_problem(fault, "Try again", again)

    def _show_chosen(self) -> None:
        place = self.list.currentIndex().row()
        if 0 <= place < len(self.model.rows):
            self.pane.show_record(self.model.rows[place])

    # --- keys ---

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is not QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if watched is self.search and event.key() in _MOVES and self.model.rows:
            self.list.keyPressEvent(event)
            return True
        if is_enter:
            self.pane.take_focus()
            return True
        return super().eventFilter(watched, event)
