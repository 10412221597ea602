"""What the site board is asked to show: words, a group, a level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.services.board_views import BoardLine, Level
from ginesys_sync.ui.widgets import icons, theme, tokens
from ginesys_sync.ui.widgets.wording import grouped

_EVERY = "All groups"


class BoardFilters(QWidget):
    """`changed` carries nothing: ask `fitting`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.search, self.group = QLineEdit(), QComboBox()
        self.chips: dict[Level | None, QPushButton] = {}
        self._only_one = QButtonGroup(self)
        self._dress()
        top = QHBoxLayout()
        top.setSpacing(tokens.SPACE_2)
        top.addWidget(self.search, 1)
        top.addWidget(self.group)
        under = QHBoxLayout()
        under.setSpacing(tokens.SPACE_1)
        for level in (None, *Level):
            under.addWidget(self._chip(level))
        under.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        column.addLayout(top)
        column.addLayout(under)

    def _dress(self) -> None:
        self.search.setPlaceholderText("Search by code, name or group")
        self.search.setAccessibleName("Search sites")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.group.setAccessibleName("Group")
        self.group.addItem(_EVERY)
        self.group.setMinimumWidth(144)
        self.search.textChanged.connect(lambda _: self.changed.emit())
        self.group.currentIndexChanged.connect(lambda _: self.changed.emit())

    def _chip(self, level: Level | None) -> QPushButton:
        chip = self.chips[level] = QPushButton(_words(level))
        theme.mark(chip, "chip")
        chip.setCheckable(True)
        chip.setChecked(level is None)
        self._only_one.addButton(chip)
        chip.clicked.connect(lambda _: self.changed.emit())
        return chip

    @property
    def level(self) -> Level | None:
        """The level that is chosen; None: all."""
        return next(level for level, chip in self.chips.items() if chip.isChecked())

    def choose(self, level: Level | None) -> None:
        """Show only this level."""
        self.chips[level].setChecked(True)
        self.changed.emit()

    @property
    def is_open(self) -> bool:
        """Whether nothing is left out."""
        no_group = self.group.currentIndex() <= 0
        return self.level is None and not self.search.text().strip() and no_group

    def reset(self) -> None:
        """Show everything again."""
        self.search.clear()
        self.group.setCurrentIndex(0)
        self.choose(None)

    def offer(self, lines: Iterable[BoardLine]) -> None:
        """These are all there are: the groups to choose from."""
        groups = sorted({group for line in lines for group in line.groups})
        if groups == [self.group.itemText(place) for place in range(1, self.group.count())]:
            return
        chosen = self.group.currentText()
        self.group.blockSignals(True)
        self.group.clear()
        self.group.addItems([_EVERY, *groups])
        self.group.setCurrentIndex(max(0, self.group.findText(chosen)))
        self.group.blockSignals(False)

    def fitting(self, lines: Sequence[BoardLine]) -> list[BoardLine]:
        """Those that fit, in their order; the chips count what fits words and group."""
        words = self.search.text().casefold().split()
        group = self.group.currentText() if self.group.currentIndex() > 0 else ""
        found = [line for line in lines if _fits(line, words, group)]
        counts = dict.fromkeys(Level, 0)
        for line in found:
            counts[line.level] += 1
        for level, chip in self.chips.items():
            count = len(found) if level is None else counts[level]
            chip.setText(f"{_words(level)} {grouped(count)}")
            chip.setEnabled(bool(count) or level is None or chip.isChecked())
        level = self.level
        return found if level is None else [line for line in found if line.level is level]


def _words(level: Level | None) -> str:
    return "All" if level is None else level.value


def _fits(line: BoardLine, words: list[str], group: str) -> bool:
    if group and group not in line.groups:
        return False
    if not words:
        return True
    whole = " ".join((line.code, line.name, *line.groups)).casefold()
    return all(word in whole for word in words)
