"""What head office can do with a row of *Sent Data*: take it back, send it again. Two buttons under
the grid, the same in the menu of a row, and beside them why it cannot be taken back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from ginesys_sync.core.status import Kind
from ginesys_sync.services.views import BatchRow, RecordRow
from ginesys_sync.ui.launchpad.send_again_dialog import Proposal
from ginesys_sync.ui.launchpad.withdraw_dialog import why_it_stays
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.exchange_page import ExchangePage

_AFTER_GROUPED = 1


class SentActions(QWidget):
    """`withdraw_wanted` carries a BatchRow, `again_wanted` a Proposal."""

    withdraw_wanted = Signal(object)
    again_wanted = Signal(object)

    def __init__(self, page: ExchangePage) -> None:
        super().__init__()
        self._page = page
        self.withdraw, self.again = QPushButton("&Withdraw..."), QPushButton("Send A&gain...")
        self.why = QLabel()
        self.in_menu = QAction("Withdraw...", page.tree), QAction("Send Again...", page.tree)
        theme.mark(self.why, "small")
        self.why.setWordWrap(True)
        self.withdraw.setAccessibleName("Withdraw the selected batch")
        self.again.setAccessibleName("Send the selected batch or record again")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_2)
        for widget in (self.withdraw, self.again):
            row.addWidget(widget)
        row.addWidget(self.why, 1)
        page.tree.addActions(self.in_menu)
        page.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for press in (self.withdraw.clicked, self.in_menu[0].triggered):
            press.connect(self._want_back)
        for press in (self.again.clicked, self.in_menu[1].triggered):
            press.connect(self._want_again)
        page.tree.selectionModel().currentChanged.connect(lambda *_: self._settle())
        model = page.model
        for changed in (model.modelReset, model.dataChanged, model.rowsRemoved, model.loaded):
            changed.connect(lambda *_: self._settle())
        foot = page.foot.layout()
        assert isinstance(foot, QHBoxLayout)
        foot.insertWidget(_AFTER_GROUPED, self, 1)
        self._settle()

    @property
    def line(self) -> object:
        """The row one stands on."""
        return self._page.model.node(self._page.tree.currentIndex()).line

    @property
    def proposal(self) -> Proposal | None:
        """What sending this row again means: one record of a batch, or what its batch held."""
        node = self._page.model.node(self._page.tree.currentIndex())
        above = node.parent.line if node.parent is not None else None
        if isinstance(node.line, RecordRow) and isinstance(above, BatchRow):
            return Proposal(above.entity, node.line.key, None, above.site)
        if isinstance(node.line, BatchRow) and node.line.kind is Kind.DATA:
            return Proposal(node.line.entity, "", node.line.created_at, node.line.site)
        return None

    def _settle(self) -> None:
        for control in (self.again, self.in_menu[1]):
            control.setEnabled(self.proposal is not None)
        self.say_why(self.line)
        if self._page.model.is_empty:
            self.why.setText("")

    def say_why(self, line: object) -> None:
        """Whether this row can be taken back; if not, why."""
        why = why_it_stays(line)
        for control in (self.withdraw, self.in_menu[0]):
            control.setEnabled(not why)
        is_batch = isinstance(line, BatchRow) and bool(why)
        self.withdraw.setToolTip(why)
        self.in_menu[0].setText(f"Withdraw... ({why.rstrip('.')})" if is_batch else "Withdraw...")
        self.why.setText(f"Cannot be withdrawn: {why}" if is_batch else why)

    def _want_back(self) -> None:
        if isinstance(self.line, BatchRow) and not why_it_stays(self.line):
            self.withdraw_wanted.emit(self.line)

    def _want_again(self) -> None:
        if self.proposal is not None:
            self.again_wanted.emit(self.proposal)
