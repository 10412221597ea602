"""The head of a window: which site this is, the three lamps, and under them what is true now and
what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ginesys_sync.services.views import Light
from ginesys_sync.services.words import needs_words
from ginesys_sync.ui.widgets import icons, theme, tokens
from ginesys_sync.ui.widgets.lamps import Lamps
from ginesys_sync.ui.widgets.wording import grouped

if TYPE_CHECKING:
    from ginesys_sync.services.views import Overview

_LOOK = {
    "first_run": ("info", "info", "info_ink"),
    "running": ("info", "refresh-cw", "info_ink"),
    "first_load": ("info", "download", "info_ink"),
    "killed": ("warning", "triangle-alert", "warning_ink"),
    "problem": ("bad", "octagon-alert", "bad_ink"),
    "normal": ("", "check", "good_ink"),
    "attention": ("", "triangle-alert", "warning_ink"),
}
TEST = "Test Connection"


class Band(QFrame):
    """Site and lamps, and the way to a record. `where_wanted`: its button was pressed."""

    where_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, "band")
        self.site = QLabel("…")
        self.chain = QLabel("")
        theme.mark(self.site, "title")
        theme.mark(self.chain, "small")
        self.lamps = Lamps()
        self.where = QPushButton("Where is it?")
        self.where.setToolTip("Find a record and see how far it is (Ctrl+K)")
        self.where.clicked.connect(self.where_wanted)
        self._recolour()
        theme.theme().changed.connect(self._recolour)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.site)
        names.addWidget(self.chain)
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_5, tokens.SPACE_2, tokens.SPACE_5, tokens.SPACE_2)
        row.setSpacing(tokens.SPACE_6)
        row.addLayout(names)
        row.addStretch(1)
        row.addWidget(self.lamps)
        row.addWidget(self.where)

    def _recolour(self) -> None:
        icons.put_on(self.where, "search")

    def show_overview(self, overview: Overview) -> None:
        """Say which site this is and light the lamps."""
        identity = overview.identity
        same = identity.name == identity.site
        self.site.setText(identity.site if same else f"{identity.site}  {identity.name}")
        self.chain.setText(identity.organisation)
        self.lamps.show_lamps(overview.lamps)


class Strip(QFrame):
    """One true sentence, what to do, a button that does it, and the way to what needs attention."""

    step_wanted = Signal(str)
    attention_wanted = Signal()

    def __init__(self, sync_page: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, "strip")
        self._sync_page = sync_page
        self._is_on_sync_page = True
        self._situation = ""
        self.picture = QLabel()
        self.picture.setFixedSize(20, 20)
        self.headline = QLabel("Opening…")
        self.advice = QLabel("")
        for label in (self.headline, self.advice):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.mark(self.headline, "strong")
        self.step = QPushButton()
        self.attention = QPushButton()
        theme.mark(self.attention, "link", "warning")
        self.step.hide()
        self.attention.hide()
        self.advice.hide()
        self._lay_out()
        self.step.clicked.connect(self._want_step)
        self.attention.clicked.connect(self.attention_wanted)
        theme.theme().changed.connect(self._recolour)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.headline)
        words.addWidget(self.advice)
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_5, tokens.SPACE_2, tokens.SPACE_5, tokens.SPACE_2)
        row.setSpacing(tokens.SPACE_3)
        row.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(words, 1)
        row.addWidget(self.attention, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.step, 0, Qt.AlignmentFlag.AlignVCenter)
        self.setMinimumHeight(48)

    def show_overview(self, overview: Overview) -> None:
        """Say what is true."""
        situation = overview.situation if overview.situation in _LOOK else "normal"
        if situation == "normal" and overview.lamps[1].light is Light.BAD:
            situation = "problem"
        if situation == "normal" and overview.attention:
            situation = "attention"
        self._say(situation, overview.headline, overview.next_step)
        self.attention.setVisible(overview.attention > 0)
        self.attention.setText(needs_words(overview.attention, overview.questions, grouped))

    def show_fault(self, title: str, advice: str) -> None:
        """The desk itself does not answer."""
        self._say("problem", title, advice)
        self.step.hide()
        self.attention.hide()

    def _say(self, situation: str, headline: str, advice: str) -> None:
        self._situation = situation
        self.headline.setText(headline)
        self.advice.setText(advice)
        self.advice.setVisible(bool(advice))
        self._offer_step()
        self.setAccessibleName(f"{headline} {advice}".strip())
        theme.mark(self, "strip", _LOOK[situation][0])
        self._recolour()

    def stand_on(self, is_sync_page: bool) -> None:
        """Whether the page below has the sync's own buttons: then the strip need not lead there."""
        self._is_on_sync_page = is_sync_page
        self._offer_step()

    def _offer_step(self) -> None:
        is_problem = self._situation == "problem"
        leads_there = self._situation not in ("", "normal", "attention")
        self.step.setText(TEST if is_problem else f"Go to {self._sync_page}")
        self.step.setVisible(is_problem or (leads_there and not self._is_on_sync_page))

    def _recolour(self) -> None:
        if self._situation:
            _, name, ink = _LOOK[self._situation]
            ratio = self.devicePixelRatioF()
            self.picture.setPixmap(icons.icon(name, ink).pixmap(QSize(20, 20), ratio))

    def _want_step(self) -> None:
        self.step_wanted.emit(self._situation)
