"""The four faces of a page: loading, empty, normal, problem. Each says what is true and what to do
next."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.ui.widgets import ask, icons, theme, tokens


class Skeleton(QWidget):
    """Loading: the shape of what is coming, quiet and still."""

    _WIDTHS = (0.62, 0.48, 0.55, 0.40, 0.58, 0.44)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Loading")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("track"))
        wide = self.width() - 2 * tokens.SPACE_4
        for place, part in enumerate(self._WIDTHS):
            top = tokens.SPACE_5 + place * tokens.SPACE_8
            painter.drawRoundedRect(QRectF(tokens.SPACE_4, top, wide * part, 12), 6, 6)
            painter.drawRoundedRect(QRectF(tokens.SPACE_4 + wide * 0.7, top, wide * 0.12, 12), 6, 6)
            painter.drawRoundedRect(
                QRectF(tokens.SPACE_4 + wide * 0.86, top, wide * 0.14, 12), 6, 6
            )
        painter.end()


class Notice(QWidget):
    """Empty or problem: a picture, a title, a sentence, and up to two buttons."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = ("inbox", "muted")
        self._act: Callable[[], None] | None = None
        self._fault: KnownError | None = None
        self.picture = QLabel()
        self.title = QLabel()
        self.text = QLabel()
        self.action = QPushButton()
        self.copy = QPushButton("Copy details")
        theme.mark(self.title, "title")
        theme.mark(self.text, "muted")
        theme.mark(self.copy, "link")
        for label in (self.picture, self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.title.setWordWrap(True)
        self.text.setWordWrap(True)
        self.text.setFixedWidth(440)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action.clicked.connect(self._do)
        self.copy.clicked.connect(self._copy)
        theme.theme().changed.connect(self._recolour)
        self._lay_out()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.action)
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(tokens.SPACE_2)
        column.addStretch(2)
        column.addWidget(self.picture)
        column.addWidget(self.title)
        column.addWidget(self.text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(tokens.SPACE_1)
        column.addLayout(buttons)
        column.addStretch(3)

    def say(
        self,
        look: tuple[str, str],
        title: str,
        text: str,
        action: str = "",
        act: Callable[[], None] | None = None,
        fault: KnownError | None = None,
    ) -> None:
        """Show this."""
        self._look, self._act, self._fault = look, act, fault
        self.title.setText(title)
        self.text.setText(text)
        # A wrapped label in a centred row asks for one line's height only.
        self.text.setMinimumHeight(self.text.heightForWidth(self.text.width()))
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.copy.setVisible(fault is not None)
        self.setAccessibleName(f"{title} {text}")
        self._recolour()

    def _recolour(self) -> None:
        picture = icons.icon(*self._look).pixmap(QSize(32, 32), self.devicePixelRatioF())
        self.picture.setPixmap(picture)

    def _do(self) -> None:
        if self._act is not None:
            self._act()

    def _copy(self) -> None:
        if self._fault is not None:
            ask.copy_details(self._fault)
            self.copy.setText("Copied")


class FourFaces(QStackedWidget):
    """A page's content and its three other faces. It begins with loading."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.skeleton = Skeleton()
        self.notice = Notice()
        self.content = content
        for face in (self.skeleton, self.notice, content):
            self.addWidget(face)

    @property
    def face(self) -> str:
        """Which face is shown: `loading`, `empty`, `normal` or `problem`."""
        if self.currentWidget() is self.skeleton:
            return "loading"
        if self.currentWidget() is self.content:
            return "normal"
        return "problem" if self.notice._fault is not None else "empty"

    def show_loading(self) -> None:
        """Something is on its way."""
        self.setCurrentWidget(self.skeleton)

    def show_content(self) -> None:
        """Here it is."""
        self.setCurrentWidget(self.content)

    def show_empty(
        self,
        title: str,
        text: str,
        action: str = "",
        act: Callable[[], None] | None = None,
        picture: str = "inbox",
    ) -> None:
        """There is nothing, for this reason; `act` is the next step."""
        self.notice.say((picture, "muted"), title, text, action, act)
        self.setCurrentWidget(self.notice)

    def show_problem(
        self, fault: KnownError, action: str = "", act: Callable[[], None] | None = None
    ) -> None:
        """It cannot be shown, for this reason."""
        look = ("octagon-alert", "bad_ink")
        self.notice.say(look, fault.title, fault.advice, action, act, fault)
        self.notice.copy.setText("Copy details")
        self.setCurrentWidget(self.notice)
