"""Administration > Schedule: when this store syncs by itself. Head office sets it; here it can be
read."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.schedule_views import EffectiveView
from ginesys_sync.ui.widgets import theme
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.card import Card, CardPage
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.schedule_facts import ScheduleFacts


class StoreSchedulePage(QWidget):
    """The effective schedule. `sync_wanted`: the empty page's next step."""

    sync_wanted = Signal()

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self.facts = ScheduleFacts(has_source=True)
        self.area = CardPage()
        self.faces = FourFaces(self.area)
        self._lay_out()
        self.refresh()

    def _lay_out(self) -> None:
        note = QLabel("Head office sets this schedule. It can be read here, not changed.")
        theme.mark(note, "small")
        self.area.fill(Card("When this store syncs by itself", self.facts), note)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.faces)

    def refresh(self) -> None:
        """Look again."""
        self._background.run(self._desk.schedule, self._show, self._show_fault, lane="schedule")

    def _show(self, view: EffectiveView) -> None:
        if view.schedule is None and not view.fault:
            self.faces.show_empty(
                "Head office has set no schedule for this store.",
                "A sync runs only when someone presses Sync. Head office sets schedules in "
                "Launchpad, under Application Settings; they come with the next sync.",
                "Go to Data Exchange",
                self.sync_wanted.emit,
                "calendar",
            )
            return
        self.facts.show_schedule(view)
        self.faces.show_content()

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self.refresh)
