"""The tab `Control`: `Blocked`, `Needs attention`, `Edited twice` and `Log`, chosen in a list at
the left."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QStackedWidget, QVBoxLayout, QWidget

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import Overview
from ginesys_sync.ui.launchpad.blocked_page import BlockedPage
from ginesys_sync.ui.launchpad.conflicts_page import ConflictsPage
from ginesys_sync.ui.launchpad.log_page import LogPage
from ginesys_sync.ui.widgets import icons, theme, tokens
from ginesys_sync.ui.widgets.attention import AttentionPane
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.wording import grouped

BLOCKED, ATTENTION, CONFLICTS, LOG = "Blocked", "Needs attention", "Edited twice", "Log"
_PICTURES = {
    BLOCKED: "circle-pause",
    ATTENTION: "triangle-alert",
    CONFLICTS: "copy",
    LOG: "history",
}


class ControlPage(QWidget):
    """Its sections, one at a time. `again_wanted` carries what needs attention and is to be sent
    again."""

    again_wanted = Signal(object)

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self.blocked = BlockedPage(desk, background)
        self.attention = AttentionPane(desk, background, HEAD_OFFICE)
        self.conflicts = ConflictsPage(desk, background)
        self.log = LogPage(desk, background)
        self.sections, self.pages = QListWidget(), QStackedWidget()
        self._lay_out()
        self.sections.currentRowChanged.connect(self._show)
        self.attention.again_wanted.connect(self.again_wanted)
        theme.theme().changed.connect(self._recolour)
        self.sections.setCurrentRow(0)

    def _lay_out(self) -> None:
        theme.mark(self.sections, "sections")
        self.sections.setFixedWidth(184)
        self.sections.setIconSize(QSize(tokens.SPACE_4, tokens.SPACE_4))
        self.sections.setAccessibleName("Control")
        self.sections.addItems(list(_PICTURES))
        self._recolour()
        for page in (self.blocked, self.attention, self.conflicts, self.log):
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(
                tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_3
            )
            column.addWidget(page)
            self.pages.addWidget(holder)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sections)
        row.addWidget(self.pages, 1)

    def _recolour(self) -> None:
        for place, name in enumerate(_PICTURES):
            self.sections.item(place).setIcon(icons.icon(_PICTURES[name], "muted"))

    @property
    def section(self) -> str:
        """The section in front."""
        return list(_PICTURES)[self.sections.currentRow()]

    def show_section(self, name: str) -> None:
        """Go to `Blocked`, `Needs attention`, `Edited twice` or `Log`."""
        self.sections.setCurrentRow(list(_PICTURES).index(name))

    def _show(self, place: int) -> None:
        self.pages.setCurrentIndex(place)
        self.refresh()

    def refresh(self) -> None:
        """Something changed: look again at the section in front, quietly."""
        if self.section == BLOCKED:
            self.blocked.refresh()
        elif self.section == ATTENTION:
            self.attention.look()
        elif self.section == CONFLICTS:
            self.conflicts.refresh()
        else:
            self.log.refresh()

    def show_overview(self, overview: Overview) -> None:
        """How many records need attention stands beside their section."""
        count = f"  {grouped(overview.attention)}" if overview.attention else ""
        self.sections.item(list(_PICTURES).index(ATTENTION)).setText(ATTENTION + count)
