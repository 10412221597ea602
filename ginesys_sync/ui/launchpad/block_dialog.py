"""Block a channel, a kind of record or one record: what, and why."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QWidget

from ginesys_sync.services.control_views import BlockKind, Kinds, Target
from ginesys_sync.services.views import Done
from ginesys_sync.ui.launchpad.deeds import block_text
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.deed import Deed, DeedDialog

Block = Callable[[Target, str], Done]
_WHAT = (
    ("A channel", BlockKind.CHANNEL),
    ("A kind of record", BlockKind.ENTITY),
    ("One record", BlockKind.RECORD),
)
_DEED = Deed("Block", " ", "Block", needs_reason=True)


class BlockDialog(DeedDialog):
    """Says what the chosen block does before it is done."""

    def __init__(self, parent: QWidget, background: Background, kinds: Kinds, block: Block) -> None:
        self._kinds = kinds
        super().__init__(parent, background, _DEED, lambda reason: block(self.target, reason))
        self.setWindowTitle("Block")
        self.title.setText("What is to be held back?")
        self.what.setFocus()

    def _lay_out(self) -> None:
        super()._lay_out()
        self.what, self.name, self.key = QComboBox(), QComboBox(), QLineEdit()
        self.note = QLabel("A store is blocked in its menu under Sites.")
        for words, kind in _WHAT:
            self.what.addItem(words, kind.value)
        self.add_row("&What", self.what)
        self._name_label = self.add_row("&Which", self.name)
        self._key_label = self.add_row("Its &key", self.key)
        self.key.setPlaceholderText("As the lists show it: 85123A, or S001 / 17")
        self.what.currentIndexChanged.connect(self._offer_names)
        self.name.currentIndexChanged.connect(self._show_text)
        self.key.textChanged.connect(lambda _: self.settle())
        self._offer_names()

    @property
    def kind(self) -> BlockKind:
        """What kind of thing is to be blocked."""
        return BlockKind(self.what.currentData())

    @property
    def target(self) -> Target:
        """What is to be blocked."""
        key = self.key.text().strip() if self.kind is BlockKind.RECORD else ""
        return Target(self.kind, self.name.currentData() or "", key)

    @property
    def why_not(self) -> str:
        if not self.name.currentData():
            return "There is nothing of that kind in the plan."
        if self.kind is BlockKind.RECORD and not self.key.text().strip():
            return "Say which record: its key, as the lists show it."
        return super().why_not

    def _offer_names(self) -> None:
        is_channel = self.kind is BlockKind.CHANNEL
        self.name.blockSignals(True)
        self.name.clear()
        if is_channel:
            sent = {kind.channel for kind in self._kinds.records if kind.is_sent}
            for name, title in self._kinds.channels:
                if name in sent:
                    self.name.addItem(title, name)
        else:
            for kind in self._kinds.records:
                if kind.is_sent:
                    self.name.addItem(kind.title, kind.name)
        self.name.blockSignals(False)
        is_record = self.kind is BlockKind.RECORD
        self._key_label.setVisible(is_record)
        self.key.setVisible(is_record)
        self._show_text()

    def _show_text(self) -> None:
        self.say(block_text(self.kind, self.name.currentText()))
        self.settle()
        self.adjustSize()
