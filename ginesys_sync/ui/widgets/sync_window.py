"""What Launchpad and the POS window share: band, strip, run pane, the watch on the desk, closing
without losing anything."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QChildEvent, QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QDialog, QMainWindow, QVBoxLayout, QWidget

from ginesys_sync.ui.widgets import theme
from ginesys_sync.ui.widgets.ask import ask, tell
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.band import Band, Strip
from ginesys_sync.ui.widgets.memory import Memory
from ginesys_sync.ui.widgets.watch import DeskWatch

if TYPE_CHECKING:
    from ginesys_sync.core.errors import KnownError
    from ginesys_sync.services.desk import Desk
    from ginesys_sync.services.views import Overview, Progress, RunSummary
    from ginesys_sync.ui.widgets.ask import Question
    from ginesys_sync.ui.widgets.help_window import HelpWindow
    from ginesys_sync.ui.widgets.journey_pane import PaneActions
    from ginesys_sync.ui.widgets.tray import Tray
    from ginesys_sync.ui.widgets.where_is_it import Asking, WhereIsIt


class SyncWindow(QMainWindow):
    """The base of both windows.

    The head is built and painted first; `build_body` is called once, after the first true line
    stands there.
    `truth_shown` comes at that moment, `run_ended` with the RunSummary of each run that was seen to
    its end.
    """

    truth_shown = Signal()
    run_ended = Signal(object)
    closed = Signal()

    sync_page = ""
    sync_words = "Sync"

    def __init__(self, desk: Desk, home: Path | None, name: str) -> None:
        super().__init__()
        self.desk = desk
        self.name = name
        self.overview: Overview | None = None
        self.ended: RunSummary | None = None
        self.is_built = False
        self._may_close = False
        self.question: Question | None = None
        self.where: WhereIsIt | None = None
        self.help: HelpWindow | None = None
        self._followed: int | None = None
        self.memory = Memory(home, name)
        self.tray: Tray | None = None
        self._is_ending = False
        self.background = Background(self)
        self.watch = DeskWatch(desk, self)
        self._make_head()
        self._restore_geometry()
        self.watch.looked.connect(self._take_overview)
        self.watch.moved.connect(self._take_progress)
        self.watch.failed.connect(self._take_fault)
        self.watch.start()

    def _make_head(self) -> None:
        self.band = Band()
        self.band.where_wanted.connect(self.show_where)
        QShortcut(QKeySequence("Ctrl+K"), self, self.show_where)
        QShortcut(QKeySequence("F1"), self, self.show_help)
        self.strip = Strip(self.sync_page)
        self.strip.step_wanted.connect(self.take_step)
        self.strip.attention_wanted.connect(self.show_attention)
        whole = QWidget()
        self.column = QVBoxLayout(whole)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.column.addWidget(self.band)
        self.column.addWidget(self.strip)
        self.body = QWidget()
        self.column.addWidget(self.body, 1)
        self.setCentralWidget(whole)

    # --- what each window says for itself ---

    def build_body(self) -> None:
        """Make what is under the strip."""
        raise NotImplementedError

    def show_state(self, overview: Overview) -> None:
        """Something changed: show it in the body."""
        raise NotImplementedError

    def show_run(self, progress: Progress) -> None:
        """A run goes on, or has ended."""
        raise NotImplementedError

    def take_step(self, situation: str) -> None:
        """The strip's button was pressed."""
        raise NotImplementedError

    def show_asked(self, what: str) -> None:
        """A run was asked for a moment ago."""
        raise NotImplementedError

    def show_refused(self, fault: KnownError) -> None:
        """The run that was asked for could not even be asked for."""
        raise NotImplementedError

    @property
    def is_running(self) -> bool:
        """Whether a run is under way as far as this window knows."""
        raise NotImplementedError

    # --- what the watch brings ---

    @Slot(object)
    def _take_overview(self, overview: Overview) -> None:
        is_first = self.overview is None
        self.overview = overview
        self.band.show_overview(overview)
        self.strip.show_overview(overview)
        self.setWindowTitle(f"{self.name} – {overview.identity.name or overview.identity.site}")
        if is_first:
            self.repaint()
            self.truth_shown.emit()
            # The rest is made after this line has been painted: a true line early beats a full
            # window late.
            QTimer.singleShot(0, self, self._build)
        elif self.is_built:
            self._show_state()

    def _build(self) -> None:
        if self.is_built or self.overview is None:
            return
        self.build_body()
        self._make_tray()
        self.is_built = True
        self.background.run(self.desk.demo_actions, self._offer_demo, lane="demo-actions")
        self._show_state()

    def _show_state(self) -> None:
        assert self.overview is not None
        if self.tray is not None:
            self.tray.show_overview(self.overview)
        current = self.overview.current
        if current is not None and current.summary is None:
            self._follow(current.request)
        self.show_state(self.overview)
        if self.where is not None:
            self.where.refresh()

    def _follow(self, request: int | None) -> None:
        if request != self._followed:
            self._followed = request
            self.watch.follow(request)

    @Slot(object)
    def _take_progress(self, progress: Progress) -> None:
        if not self.is_built or progress.request != self._followed:
            return
        self.show_run(progress)
        if progress.summary is not None:
            self.ended = progress.summary
            self._follow(None)
            self.watch.look_now()
            self.run_ended.emit(progress.summary)

    @Slot(object)
    def _take_fault(self, fault: KnownError) -> None:
        self.strip.show_fault(fault.title, fault.advice)
        self.show_trouble(fault)
        self.truth_shown.emit()

    def show_trouble(self, fault: KnownError) -> None:
        """The desk does not answer: the strip says it; a window may say more."""

    # --- trying it out ---

    def _offer_demo(self, actions: tuple[str, ...]) -> None:
        if not actions:
            return
        menu = self.menuBar().addMenu("&Demo")
        for name in actions:
            menu.addAction(name).triggered.connect(partial(self.act_demo, name))

    def act_demo(self, name: str, is_checked: bool = False) -> None:
        """Do an entry of the menu `Demo`; what was done is said at the foot of the window."""
        self.background.run(
            lambda: self.desk.demo_act(name),
            self.statusBar().showMessage,
            self._say_fault,
            lane="demo",
        )

    @Slot(object)
    def say_written(self, path: Path) -> None:
        """A file was written that a person asked for."""
        self.statusBar().showMessage(f"Written: {path}")

    def _say_fault(self, fault: KnownError) -> None:
        tell(self, fault)

    # --- running ---

    def ask_sync(self, sites: Sequence[str] | None, what: str) -> None:
        """Ask for a run and follow it. Shows `Starting…` at once."""
        if self.is_running:
            return
        self.ended = None
        self.show_asked(what)

        def asked(request: int) -> None:
            self._follow(request)
            self.watch.look_now()

        self.background.run(lambda: self.desk.ask_sync(sites), asked, self.show_refused, lane="ask")

    @Slot(object)
    def cancel_run(self, request: int) -> None:
        """Ask the run to end."""
        self.background.run(lambda: self.desk.cancel(request), lambda nothing: None, lane="cancel")

    @property
    def last_run(self) -> RunSummary | None:
        """The last run that ended: the one seen to its end in this window, or the one the desk
        tells of."""
        told = self.overview.last if self.overview is not None else None
        return self.ended or told

    def show_attention(self) -> None:
        """Open the list of what needs attention."""
        from ginesys_sync.ui.widgets.attention import AttentionDialog

        own = self.overview.identity.site if self.overview is not None else ""
        self.attention_dialog = AttentionDialog(self.desk, self.background, self, own)
        self.attention_dialog.open()

    # --- where is it? ---

    @Slot()
    def show_where(self) -> None:
        """Open *Where is it?* to type."""
        self._where_dialog().begin()

    def show_where_of(self, asking: Asking) -> None:
        """Open it on the record of a row."""
        self._where_dialog().begin_with(asking)

    def _where_dialog(self) -> WhereIsIt:
        from ginesys_sync.ui.widgets.where_is_it import WhereIsIt

        if self.where is None:
            self.where = WhereIsIt(self.desk, self.background, self, self.record_actions())
        return self.where

    def record_actions(self) -> PaneActions | None:
        """What can be done here with a record that was found; None: nothing."""
        return None

    # --- in the tray ---

    def _make_tray(self) -> None:
        from ginesys_sync.ui.widgets.tray import Tray

        keeps = self.memory.is_set("keep_in_tray")
        self.tray = Tray(self, self.name, self.sync_words, keeps=keeps)
        self.tray.open_wanted.connect(self.come_forward)
        self.tray.sync_wanted.connect(self.sync_from_tray)
        self.tray.quit_wanted.connect(self.end)
        self.tray.kept.connect(lambda is_kept: self.memory.keep("keep_in_tray", is_kept))

    def sync_from_tray(self) -> None:
        """The tray's own way to sync."""
        self.ask_sync(None, self.sync_words)

    @Slot()
    def come_forward(self) -> None:
        """Show the window before all others."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    @Slot()
    def end(self) -> None:
        """Close the window for good, whether or not it was to be kept in the tray."""
        if self.is_running:
            self.come_forward()  # or nobody would see the question
        self._is_ending = True
        self.close()
        self._is_ending = False

    # --- help ---

    @property
    def shown(self) -> str:
        """The words on the tab or room in front; what F1 helps with."""
        return self.sync_page

    @Slot()
    def show_help(self) -> None:
        """Open the help on the page for what is in front."""
        self._help(self, self.shown)

    def _help(self, beside: QWidget, shown: str) -> None:
        from ginesys_sync.ui.widgets.help_pages import page_for
        from ginesys_sync.ui.widgets.help_window import HelpWindow

        before = beside.findChild(HelpWindow, options=Qt.FindChildOption.FindDirectChildrenOnly)
        self.help = before or HelpWindow(beside)
        self.help.open_on(page_for(shown))

    def childEvent(self, event: QChildEvent) -> None:
        super().childEvent(event)
        if not event.polished():
            return  # and do not look at the child: Python would learn its class, at the start even
        dialog = event.child()
        if isinstance(dialog, QDialog) and dialog.windowTitle() != "Help":
            # A dialog keeps its window's own keys away.
            key = QShortcut(QKeySequence("F1"), dialog)
            topic = getattr(dialog, "help_topic", "")
            key.activated.connect(lambda: self._help(dialog, topic or dialog.windowTitle()))

    # --- showing, hiding, closing ---

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._rest_if_unseen()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._rest_if_unseen()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.WindowStateChange:
            self._rest_if_unseen()

    def _rest_if_unseen(self) -> None:
        """In the tray the truth is seen also while the window is not."""
        is_seen = self.isVisible() and not self.isMinimized()
        self.watch.rest(not is_seen and not (self.tray is not None and self.tray.is_there))

    def closeEvent(self, event: QCloseEvent) -> None:
        is_kept = self.tray is not None and self.tray.is_keeping
        if is_kept and not self._is_ending and not self._may_close:
            event.ignore()
            self.hide()
            return
        if self.is_running and not self._may_close:
            event.ignore()
            self._ask_to_close()
            return
        self.memory.keep_geometry(self)
        self.keep_state()
        self.memory.save()
        if self.tray is not None:
            self.tray.put_away()
        # Gone at once for the person, although a call to the network may take its time to end.
        self.tray = None
        self.hide()
        self.watch.close()
        self.background.close()
        event.accept()
        self.closed.emit()

    def keep_state(self) -> None:
        """Remember what is in front; each window says what that is."""

    def _ask_to_close(self) -> None:
        if self.question is None:
            self.question = ask(
                self,
                "A sync is running.",
                "The sync goes on in the background and nothing is lost. "
                "Open this window again to see how it ended.",
                "Close Window",
                "Keep Open",
                self._answer_close,
            )

    def _answer_close(self, is_yes: bool) -> None:
        self.question = None
        if is_yes:
            self._may_close = True
            self.close()

    def _restore_geometry(self) -> None:
        self.memory.restore_geometry(self)
        self.setMinimumSize(900, 480)
        theme.mark(self.body, "page")
