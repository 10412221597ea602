"""*Sites*: every store of the chain, the one that needs help most at the top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.board_views import Board, BoardLine
from ginesys_sync.services.desk import Desk
from ginesys_sync.ui.launchpad.activity_chart import BoardDelegate
from ginesys_sync.ui.launchpad.board_columns import BOARD_COLUMNS, CHART
from ginesys_sync.ui.launchpad.board_filters import BoardFilters
from ginesys_sync.ui.launchpad.site_dialog import SiteDialog
from ginesys_sync.ui.widgets import grid, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import RowsModel

NAME, STATUS = 1, 2
EVERY_MS = 30_000


@dataclass(frozen=True, slots=True)
class SiteAction:
    """One entry of a site's menu. `is_for`: whether it makes sense for a site."""

    title: str
    act: Callable[[BoardLine], None]
    is_for: Callable[[BoardLine], bool] = lambda line: True


class BoardPage(QWidget):
    """Filters, table, and the way into one site. `sync_wanted` carries a code; `look_wanted`: the
    empty page's next step. Entries of the menu stand in `site_actions`, for others to add to."""

    sync_wanted = Signal(str)
    look_wanted = Signal()

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self.board = Board()
        self._has_looked = False
        self._sort, self._is_upwards = STATUS, True
        self.filters = BoardFilters()
        self.model: RowsModel[BoardLine] = RowsModel(BOARD_COLUMNS, lambda line: line.code, self)
        self.table = grid.table(BOARD_COLUMNS, "Sites")
        self.faces = FourFaces(self.table)
        self.note, self.why = QLabel(), QLabel()
        self.sync, self.open_one = QPushButton("Sync this Site"), QPushButton("Open...")
        self.dialog: SiteDialog | None = None
        self.site_actions: list[SiteAction] = [
            SiteAction("Open...", lambda line: self.open_line(line)),
            SiteAction("Sync this Site", self._sync, lambda line: line.is_in_the_chain),
        ]
        self._clock = QTimer(self, interval=EVERY_MS)
        self._lay_out()
        self._wire()
        self._settle()
        self.refresh()

    def _lay_out(self) -> None:
        theme.mark(self.why, "small")
        theme.mark(self.note, "note", "warning")
        self.note.setContentsMargins(tokens.SPACE_2, tokens.SPACE_1, tokens.SPACE_2, tokens.SPACE_1)
        self.note.setWordWrap(True)
        self.note.hide()
        self.table.setModel(self.model)
        self.table.setItemDelegate(BoardDelegate(BOARD_COLUMNS, CHART, self.table))
        header = self.table.horizontalHeader()
        grid.dress_header(header, BOARD_COLUMNS)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(STATUS, Qt.SortOrder.AscendingOrder)
        grid.WideColumn(self.table, NAME, 140)
        foot = QHBoxLayout()
        foot.setSpacing(tokens.SPACE_2)
        foot.addWidget(self.sync)
        foot.addWidget(self.open_one)
        foot.addSpacing(tokens.SPACE_2)
        foot.addWidget(self.why, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_3, tokens.SPACE_5, tokens.SPACE_3)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(self.filters)
        column.addWidget(self.note)
        column.addWidget(self.faces, 1)
        column.addLayout(foot)

    def _wire(self) -> None:
        self.open_one.setAccessibleName("Open the selected site")
        self.sync.setAccessibleName("Sync the selected site")
        self.filters.changed.connect(self._show)
        self.filters.search.installEventFilter(self)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.table.activated.connect(lambda _: self.open_selected())
        self.table.selectionModel().currentRowChanged.connect(self._settle)
        self.table.horizontalHeader().sectionClicked.connect(self.sort_by)
        self.open_one.clicked.connect(self.open_selected)
        self.sync.clicked.connect(self._sync_selected)
        self._clock.timeout.connect(self._tick)
        self._clock.start()

    # --- what is true ---

    def refresh(self) -> None:
        """Look again; filters, order and the place stay."""
        self._background.run(self._desk.board, self._take, self._show_fault, lane="board")

    def _tick(self) -> None:
        if self.isVisible():
            self.refresh()

    def _take(self, board: Board) -> None:
        self.board, self._has_looked = board, True
        self.filters.offer(board.lines)
        self.note.setText(board.note)
        self.note.setVisible(bool(board.note) and bool(board.lines))
        self._show()

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self.refresh)
        self._settle()

    def _show(self) -> None:
        if not self._has_looked:  # whoever types meanwhile is not told that there are no stores
            return
        if not self.board.lines:
            self.faces.show_empty(
                "No stores yet.",
                "A store appears here once it has been invited to the Web Database.",
                "Look again",
                self.look_wanted.emit,
                "store",
            )
            self._settle()
            return
        chosen = self.selected
        found = self.filters.fitting(self.board.lines)
        sort = BOARD_COLUMNS[self._sort].sort or BOARD_COLUMNS[self._sort].text
        found.sort(key=sort, reverse=not self._is_upwards)
        self.model.set_rows(found)
        self._select(chosen.code if chosen else "")
        if found:
            self.faces.show_content()
        else:
            self.faces.show_empty(
                "No site fits.",
                "Search for part of a code, a name or a group, or choose another status.",
                "Show all",
                self.filters.reset,
                "search",
            )
        self._settle()

    def sort_by(self, place: int) -> None:
        """Sort by a column: the most telling first, then the other way round."""
        self._is_upwards = not self._is_upwards if place == self._sort else True
        self._sort = place
        order = Qt.SortOrder.AscendingOrder if self._is_upwards else Qt.SortOrder.DescendingOrder
        self.table.horizontalHeader().setSortIndicator(place, order)
        self._show()

    # --- one site ---

    @property
    def selected(self) -> BoardLine | None:
        """The site one stands on."""
        place = self.table.currentIndex().row()
        return self.model.rows[place] if 0 <= place < len(self.model.rows) else None

    def _select(self, code: str) -> None:
        for place, line in enumerate(self.model.rows):
            if line.code == code:
                if self.table.currentIndex().row() != place:
                    self.table.setCurrentIndex(self.model.index(place, 0))
                return

    def _settle(self) -> None:
        line = self.selected if self.faces.face == "normal" else None
        is_there = self.faces.face == "normal"
        for control in (self.sync, self.open_one, self.why):
            control.setVisible(is_there)
        self.open_one.setEnabled(line is not None)
        self.sync.setEnabled(line is not None and line.is_in_the_chain)
        hint = "Choose a site to see what is wrong; Enter opens it."
        self.why.setText(hint if line is None else f"{line.code}: {line.why}")

    def open_selected(self) -> None:
        """Show how the selected site stands."""
        if self.selected is not None:
            self.open_line(self.selected)

    def open_line(self, line: BoardLine) -> None:
        """Show how a site stands."""
        self.dialog = SiteDialog(line, self.menu_of(line), self.window())
        self.dialog.sync_wanted.connect(self.sync_wanted)
        self.dialog.open()

    def menu_of(self, line: BoardLine) -> QMenu:
        """What one can do with a site."""
        menu = QMenu(self)
        for action in self.site_actions:
            entry = menu.addAction(action.title)
            entry.setEnabled(action.is_for(line))
            entry.triggered.connect(partial(self._act, action, line))
        return menu

    def _act(self, action: SiteAction, line: BoardLine, is_checked: bool = False) -> None:
        if self.dialog is not None and self.dialog.isVisible():
            self.dialog.accept()
        action.act(line)

    def _show_menu(self, at: QPoint) -> None:
        index = self.table.indexAt(at)
        if index.isValid():
            menu = self.menu_of(self.model.rows[index.row()])
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(self.table.viewport().mapToGlobal(at))

    def _sync(self, line: BoardLine) -> None:
        self.sync_wanted.emit(line.code)

    def _sync_selected(self) -> None:
        if self.selected is not None:
            self._sync(self.selected)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_search = watched is self.filters.search
        if is_search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            is_down = event.key() == Qt.Key.Key_Down
            if is_down and self.model.rows:
                self.table.setFocus()
                self.table.setCurrentIndex(self.model.index(0, 0))
                return True
        return super().eventFilter(watched, event)
