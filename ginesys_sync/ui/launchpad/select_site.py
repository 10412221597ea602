"""The window `Select Site`: search, tick, `OK`. Ticks survive filtering; tick-all ticks what is
shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSortFilterProxyModel, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.services.views import SiteLine
from ginesys_sync.ui.launchpad.site_columns import SELECT_COLUMNS
from ginesys_sync.ui.widgets import grid, icons, theme, tokens
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.columns import Index, Role
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import RowsModel
from ginesys_sync.ui.widgets.wording import grouped


class SiteTicks(RowsModel[SiteLine]):
    """The sites with a tick each. `ticks_changed` after every change."""

    ticks_changed = Signal()

    def __init__(self, sites: Sequence[SiteLine], parent: QObject | None = None) -> None:
        super().__init__(SELECT_COLUMNS, lambda site: site.code, parent)
        self.ticked: set[str] = set()
        self.show_sites(sites)

    def show_sites(self, sites: Sequence[SiteLine]) -> None:
        """Show these; ticks stay, except of sites that can no longer sync."""
        self.set_rows(sorted(sites, key=lambda site: (not site.can_sync, site.code)))
        self.ticked &= {site.code for site in sites if site.can_sync}
        self.ticks_changed.emit()

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or not self.rows[index.row()].can_sync:
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            is_ticked = self.rows[index.row()].code in self.ticked
            return Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole and not self.rows[index.row()].can_sync:
            return self.rows[index.row()].why_not
        return super().data(index, role)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        self.tick([self.rows[index.row()].code], Qt.CheckState(value) is Qt.CheckState.Checked)
        return True

    def tick(self, codes: Sequence[str], is_on: bool) -> None:
        """Tick or untick these, as far as they can sync."""
        allowed = {site.code for site in self.rows if site.can_sync}
        change = set(codes) & allowed
        self.ticked = self.ticked | change if is_on else self.ticked - change
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, 0))
        self.ticks_changed.emit()


class SiteSearch(QSortFilterProxyModel):
    """Shows the sites whose code, name or group holds every word that was typed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: list[str] = []
        self.setSortRole(Role.SORT)

    def search(self, text: str) -> None:
        """Look for these words."""
        self._words = text.casefold().split()
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        site: SiteLine = self.sourceModel().index(row, 0).data(Role.OBJECT)
        whole = " ".join((site.code, site.name, *site.groups)).casefold()
        return all(word in whole for word in self._words)

    def shown(self) -> list[SiteLine]:
        """The sites that are shown."""
        return [self.index(row, 0).data(Role.OBJECT) for row in range(self.rowCount())]


class SelectSite(QDialog):
    """`chosen` carries the ticked codes, sorted, when `OK` was pressed, `preview_wanted` when
    `Preview`. Who opens it then says `finish`, or hides it to show what would go."""

    chosen = Signal(object)
    preview_wanted = Signal(object)

    def __init__(
        self, sites: Sequence[SiteLine], last: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Select Site")
        fit(self, 780, 560)
        self._last = tuple(last)
        self.model = SiteTicks(sites, self)
        self.proxy = SiteSearch(self)
        self.proxy.setSourceModel(self.model)
        self.search = QLineEdit()
        self.last = QPushButton("Last selection")
        self.all = QCheckBox("Tick &all")
        self.count = QLabel()
        self.table = grid.table(SELECT_COLUMNS, "Sites")
        self.faces = FourFaces(self.table)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self.preview = self.buttons.addButton("&Preview", QDialogButtonBox.ButtonRole.ActionRole)
        self.is_looking = False
        self._lay_out()
        self._wire()
        self._settle()

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search by code, name or group")
        self.search.setAccessibleName("Search sites")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.table.setModel(self.proxy)
        grid.dress_header(self.table.horizontalHeader(), SELECT_COLUMNS)
        self.ok.setText("OK")
        self.cancel.setText("Cancel")
        theme.mark(self.ok, "primary")
        self.ok.setDefault(True)
        for button in (self.cancel, self.preview):
            button.setAutoDefault(False)
        self.preview.setToolTip("See what would be sent, before it is sent")
        self.last.setToolTip("Tick " + ", ".join(self._last))
        self.last.setVisible(bool(self._last))
        top = QHBoxLayout()
        top.setSpacing(tokens.SPACE_3)
        top.addWidget(self.search, 1)
        top.addWidget(self.last)
        under = QHBoxLayout()
        under.addWidget(self.all)
        under.addStretch(1)
        under.addWidget(self.count)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(top)
        column.addLayout(under)
        column.addWidget(self.faces, 1)
        column.addWidget(self.buttons)
        self.search.setFocus()

    def _wire(self) -> None:
        self.search.textChanged.connect(self._search)
        self.search.installEventFilter(self)
        self.table.installEventFilter(self)
        self.table.clicked.connect(self._click)
        self.last.clicked.connect(self._tick_last)
        self.all.clicked.connect(self._tick_shown)
        self.model.ticks_changed.connect(self._settle)
        self.preview.clicked.connect(self._want_preview)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    @property
    def ticked(self) -> tuple[str, ...]:
        """What is ticked, shown or not."""
        return tuple(sorted(self.model.ticked))

    def accept(self) -> None:
        if self.ticked and not self.is_looking:
            self._set_looking(True)
            self.chosen.emit(self.ticked)

    def finish(self) -> None:
        """It is done with."""
        self._set_looking(False)
        super().accept()

    def rest(self) -> None:
        """Out of sight, with its ticks, until it is opened again."""
        self._set_looking(False)
        self.hide()

    def _want_preview(self) -> None:
        self.preview_wanted.emit(self.ticked)

    def reject(self) -> None:
        self.is_looking = False
        super().reject()

    def _set_looking(self, is_looking: bool) -> None:
        """While what would go is looked through, nothing is ticked; `Cancel` ends it."""
        self.is_looking = is_looking
        for control in (self.search, self.last, self.table):
            control.setEnabled(not is_looking)
        self._settle()

    def _search(self, text: str) -> None:
        self.proxy.search(text)
        self._settle()

    @Slot(bool)
    def _tick_shown(self) -> None:
        # A click on the half-ticked box ticks the rest; only a wholly ticked one unticks.
        can = [site.code for site in self.proxy.shown() if site.can_sync]
        is_on = not set(can) <= self.model.ticked
        self.model.tick(can, is_on)

    @Slot()
    def _tick_last(self) -> None:
        self.model.tick(self.ticked, False)
        self.model.tick(self._last, True)

    @Slot(QModelIndex)
    def _click(self, index: QModelIndex) -> None:
        # The box toggles itself; the rest of the row is a bigger target for the same.
        if index.column() != 0:
            self._toggle(index)

    def _toggle(self, index: QModelIndex) -> None:
        site: SiteLine = index.data(Role.OBJECT)
        self.model.tick([site.code], site.code not in self.model.ticked)

    def _settle(self) -> None:
        shown = self.proxy.shown()
        can_sync = {site.code for site in shown if site.can_sync}
        on = can_sync & self.model.ticked
        state = Qt.CheckState.PartiallyChecked if on else Qt.CheckState.Unchecked
        self.all.setCheckState(Qt.CheckState.Checked if can_sync and on == can_sync else state)
        self.all.setEnabled(bool(can_sync) and not self.is_looking)
        self.all.setText("Tick &all shown" if self.search.text().strip() else "Tick &all")
        whole = len(self.model.rows)
        self.count.setText(f"{grouped(len(self.model.ticked))} of {grouped(whole)} ticked")
        can = bool(self.model.ticked) and not self.is_looking
        for button in (self.ok, self.preview):
            button.setEnabled(can)
        self.ok.setToolTip("" if self.model.ticked else "Tick at least one site.")
        if self.is_looking:
            self.count.setText("Looking at what would go…")
        if shown:
            self.faces.show_content()
        elif self.model.rows:
            self.faces.show_empty(
                "No site fits.", "Search for part of a code, a name or a group.", picture="search"
            )
        else:
            self.faces.show_empty(
                "No stores yet.",
                "A store appears here once it is in the chain's list of sites.",
                picture="store",
            )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is not QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        key = event.key()
        if watched is self.search and key == Qt.Key.Key_Down and self.proxy.rowCount():
            self.table.setFocus()
            self.table.setCurrentIndex(self.proxy.index(0, 0))
            return True
        if watched is self.table and key == Qt.Key.Key_Space:
            index = self.table.currentIndex()
            if index.isValid() and index.data(Role.OBJECT).can_sync:
                self._toggle(index)
            return True
        if watched is self.table and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accept()
            return True
        return super().eventFilter(watched, event)
