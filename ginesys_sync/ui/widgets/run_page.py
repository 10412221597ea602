"""The page a sync is asked for on, in either window: its buttons, the present run, the last one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QWidget

from ginesys_sync.services.views import Overview, Progress
from ginesys_sync.ui.widgets import theme
from ginesys_sync.ui.widgets.run_pane import RunPane

_WAIT = "A sync is running: wait until it has ended, or cancel it."


class RunPage(QScrollArea):
    """Scrolls as a whole on a small screen, so that nothing is ever cut.

    `buttons` ask for a run and are greyed while one goes on; the first takes the focus back when
    the progress is put away. `last` brings the last run back.
    """

    def __init__(self, *buttons: QPushButton) -> None:
        super().__init__()
        self._buttons = buttons
        self._overview: Overview | None = None
        self._is_put_away = False
        self._seen_run: int | None = None
        self.last = QPushButton("Show last sync")
        self.pane = RunPane()
        self.pane.hide()
        self.last.hide()
        theme.mark(self.last, "link")
        self.last.clicked.connect(self.show_last)
        self.pane.put_away.connect(self._put_away)

    def fill(self, page: QWidget) -> None:
        """Scroll this content, up and down only."""
        theme.mark(page, "page")
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_overview(self, overview: Overview) -> None:
        """Show the run that goes on, or the last one."""
        self._overview = overview
        if overview.current is not None and overview.current.summary is None:
            if self.pane.request != overview.current.request:
                self.show_run(overview.current)
        elif overview.last is not None and not self.pane.is_running:
            if self._seen_run != overview.last.run and not self._is_put_away:
                self.pane.show_summary(overview.last)
            self._seen_run = overview.last.run
        self._settle()

    def show_asked(self, what: str) -> None:
        """A run was asked for."""
        self._is_put_away = False
        self.pane.show_asked(what)
        self.ensureWidgetVisible(self.pane)
        self._settle()

    def show_not_asked(self) -> None:
        """It could not be asked for."""
        self.pane.is_running = False
        self.pane.hide()
        self.show_last()

    def show_run(self, progress: Progress) -> None:
        """It goes on, or has ended."""
        self._is_put_away = False
        self.pane.show_progress(progress)
        if progress.summary is not None:
            self._seen_run = progress.summary.run
        self._settle()

    def show_last(self) -> None:
        """Bring the last run back."""
        self._is_put_away = False
        if not self.pane.is_running and self._overview and self._overview.last is not None:
            self.pane.show_summary(self._overview.last)
        self._settle()

    def _put_away(self) -> None:
        self._is_put_away = True
        self._settle()
        self._buttons[0].setFocus()

    def _settle(self) -> None:
        is_running = self.pane.is_running
        for button in self._buttons:
            button.setEnabled(not is_running)
            button.setToolTip(_WAIT if is_running else "")
        has_last = self._overview is not None and self._overview.last is not None
        self.last.setVisible(has_last and not self.pane.isVisibleTo(self))
