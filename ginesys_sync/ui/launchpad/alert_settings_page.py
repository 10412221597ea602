"""Application Settings > Alerts: from when on a store needs help, who is told of it, and a test."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.alert_desk import AlertView, Tried
from ginesys_sync.services.alert_form import is_told, limit_words
from ginesys_sync.services.desk import Desk
from ginesys_sync.ui.launchpad.alert_channels_window import AlertChannelsWindow
from ginesys_sync.ui.launchpad.alert_limits_window import AlertLimitsWindow
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.card import Card, CardPage
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.pill import Pill

_NOBODY = (
    "Nobody outside this window is told. A mail or a call to a web address reaches whoever can "
    "help when nobody looks at Launchpad."
)
_SECURITY = {"starttls": "STARTTLS", "tls": "TLS", "none": "without TLS"}


class Facts(QWidget):
    """Names and what they are, in two columns."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(tokens.SPACE_6)
        self._grid.setVerticalSpacing(tokens.SPACE_2)
        self._grid.setColumnStretch(1, 1)

    def show_facts(self, facts: list[tuple[str, str]]) -> None:
        """Show these, always the same names."""
        for name, words in facts:
            if name not in self.values:
                label, value = QLabel(name), QLabel()
                theme.mark(label, "muted")
                value.setWordWrap(True)
                value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                place = len(self.values)
                self._grid.addWidget(label, place, 0, Qt.AlignmentFlag.AlignTop)
                self._grid.addWidget(value, place, 1)
                self.values[name] = value
            self.values[name].setText(words)
            self.values[name].setAccessibleName(f"{name}: {words}")


class TriedNote(QWidget):
    """What became of a test: a line for each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = QFrame()
        theme.mark(self.answers, "note")
        self._inside = QVBoxLayout(self.answers)
        self._inside.setContentsMargins(
            tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2
        )
        self._lines: list[QWidget] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.answers)
        self.hide()

    def show_tried(self, tried: tuple[Tried, ...]) -> None:
        """Say what each channel did."""
        self.clear()
        good = sum(each.is_good for each in tried)
        tone = "bad" if not good else "good" if good == len(tried) else "warning"
        theme.mark(self.answers, "note", tone)
        for each in tried:
            line, words = QWidget(), QLabel(each.words)
            words.setWordWrap(True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(tokens.SPACE_3)
            word = ("Sent", "tick", "good") if each.is_good else ("Not sent", "cross", "bad")
            row.addWidget(Pill(*word), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(words, 1)
            self._inside.addWidget(line)
            self._lines.append(line)
        self.setAccessibleName(" ".join(each.words for each in tried))
        self.show()

    def clear(self) -> None:
        """What was said is no longer true."""
        for line in self._lines:
            self._inside.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._lines = []
        self.hide()


class AlertSettingsPage(QWidget):
    """Two cards, and a line that says what was done."""

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self.view: AlertView | None = None
        self.limits_window: AlertLimitsWindow | None = None
        self.channels_window: AlertChannelsWindow | None = None
        self.said, self.said_text = QFrame(), QLabel()
        self.limits, self.channels, self.nobody = Facts(), Facts(), QLabel(_NOBODY)
        self.tested = TriedNote()
        self.area = CardPage()
        self.faces = FourFaces(self.area)
        self._lay_out()
        self.change_limits.clicked.connect(self.open_limits)
        self.change_channels.clicked.connect(self.open_channels)
        self.test.clicked.connect(self.send_test)

    def _lay_out(self) -> None:
        theme.mark(self.said, "note", "good")
        self.said_text.setWordWrap(True)
        self.nobody.setWordWrap(True)
        note = QHBoxLayout(self.said)
        note.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        note.addWidget(self.said_text)
        self.said.hide()
        told = QWidget()
        inside = QVBoxLayout(told)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(tokens.SPACE_3)
        for part in (self.nobody, self.channels, self.tested):
            inside.addWidget(part)
        limits = Card(
            "When a store needs help",
            self.limits,
            "Each of these is one alert on the board, which clears itself.",
        )
        who = Card("Who is told", told, "Beside this window, where every alert stands.")
        self.change_limits = limits.add_button("Change...")
        self.change_channels, self.test = who.add_button("Change..."), who.add_button("Send a Test")
        self.change_limits.setAccessibleName("Change: when a store needs help")
        self.area.fill(self.said, limits, who)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.faces)

    # --- what is true ---

    def refresh(self) -> None:
        """Read what holds."""
        self._background.run(
            self._desk.alert_settings, self._show, self._show_fault, lane="alert-settings"
        )

    def _show(self, view: AlertView) -> None:
        self.view = view
        self.limits.show_facts(limit_words(view.limits, dict(view.stores)))
        self.channels.show_facts([("Mail", _mail_words(view)), ("Web address", _hook_words(view))])
        self.nobody.setVisible(not is_told(view))
        self.channels.setVisible(is_told(view))
        self.test.setVisible(is_told(view))
        self.change_channels.setText("Change..." if is_told(view) else "Set Up...")
        self.change_channels.setAccessibleName(
            f"{self.change_channels.text().rstrip('.')}: who is told"
        )
        self.faces.show_content()

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self.refresh)

    def _say(self, words: str) -> None:
        self.said_text.setText(words)
        self.said.setAccessibleName(words)
        self.said.show()
        self.tested.clear()
        self.area.verticalScrollBar().setValue(0)
        self.refresh()

    # --- what a person does ---

    def open_limits(self) -> None:
        """Open *Alert Limits*."""
        if self.view is not None:
            self.said.hide()
            self.limits_window = AlertLimitsWindow(
                self.window(), self._background, self.view, self._desk.set_alert_limits
            )
            self.limits_window.saved.connect(
                lambda: self._say("Saved. The service goes by it at its next look, in a minute.")
            )
            self.limits_window.open()

    def open_channels(self) -> None:
        """Open *Who Is Told*."""
        if self.view is not None:
            self.said.hide()
            self.channels_window = AlertChannelsWindow(
                self.window(), self._background, self.view, self._desk.set_alert_channels
            )
            self.channels_window.saved.connect(
                lambda: self._say("Saved. A test shows whether the message arrives.")
            )
            self.channels_window.open()

    def send_test(self) -> None:
        """Send a test message by every channel that is set."""
        self.said.hide()
        self.tested.clear()
        self.test.setEnabled(False)
        self.test.setText("Sending…")
        self._background.run(
            self._desk.try_alerts,
            self._take_tried,
            lambda fault: self._take_tried((Tried(False, str(fault)),)),
            lane="alert-test",
        )

    def _take_tried(self, tried: tuple[Tried, ...]) -> None:
        self.test.setEnabled(True)
        self.test.setText("Send a Test")
        # The button was grey while it worked, and lost the keyboard to its neighbour.
        self.test.setFocus()
        self.tested.show_tried(tried)


def _mail_words(view: AlertView) -> str:
    if view.mail is None:
        return "none"
    mail = view.mail
    more = f" and {len(mail.to) - 3} more" if len(mail.to) > 3 else ""
    by = f"{mail.host}, port {mail.port}, {_SECURITY[mail.security]}"
    sign_in = f", signed in as {mail.user}" if mail.user else ""
    return f"to {', '.join(mail.to[:3])}{more}, from {mail.sender}, by {by}{sign_in}"


def _hook_words(view: AlertView) -> str:
    return f"{view.webhook}/…" if view.webhook else "none"
