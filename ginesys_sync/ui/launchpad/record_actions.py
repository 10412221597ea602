"""What head office can do with the record that *Where is it?* has found: block it, let it go, send
it again."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from ginesys_sync.services.control_views import BlockKind, BlockLine, Kinds, Target
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.journey_views import Candidate
from ginesys_sync.services.views import Done
from ginesys_sync.ui.launchpad import deeds
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.deed import Act, Deed, DeedDialog, ask_deed
from ginesys_sync.ui.widgets.journey_pane import PaneActions
from ginesys_sync.ui.widgets.said import Said

Facts = tuple[Kinds, tuple[BlockLine, ...]]


class RecordActions(PaneActions):
    """Buttons for one record at a time, greyed where head office does not send it.
    `again_wanted` carries the record."""

    again_wanted = Signal(object)

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self.record: Candidate | None = None
        self.block_line: BlockLine | None = None
        self.deed: DeedDialog | None = None
        self.said, self.why = Said(), QLabel()
        self.block, self.unblock = QPushButton("&Block..."), QPushButton("&Unblock...")
        self.again = QPushButton("Send A&gain...")
        theme.mark(self.why, "small")
        self.why.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_2)
        for button in (self.block, self.unblock, self.again):
            # Enter in the field above goes to the sites; no button may take it.
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addWidget(self.why, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(self.said)
        column.addLayout(row)
        self.block.clicked.connect(self._ask_to_block)
        self.unblock.clicked.connect(self._ask_to_unblock)
        self.again.clicked.connect(self._want_again)
        self._settle(None)

    def show_record(self, record: Candidate | None) -> None:
        """Another record: what was said of the last one goes."""
        self.record = record
        self.said.hide()
        self._settle(None)
        self.refresh()

    def refresh(self) -> None:
        """Look again whether it is blocked."""
        if self.record is None:
            return

        def read() -> Facts:
            return self._desk.kinds(), self._desk.blocks()

        self._background.run(read, self._settle, lambda fault: None, lane="record-actions")

    def _settle(self, facts: Facts | None) -> None:
        record = self.record
        kind = facts[0].of(record.entity) if facts and record else None
        self.block_line = _found(facts[1], record) if facts and record else None
        is_blocked = self.block_line is not None
        self.block.setVisible(not is_blocked)
        self.unblock.setVisible(is_blocked)
        is_sent = kind is not None and kind.is_sent
        for button in (self.block, self.unblock, self.again):
            button.setEnabled(is_sent)
            button.setAccessibleName(button.text().replace("&", "").rstrip("."))
        self.why.setText("")
        if kind is not None and not is_sent:
            self.why.setText(f"{kind.title} come from the stores.")
        elif self.block_line is not None:
            self.why.setText(f"Blocked by {self.block_line.who}: {self.block_line.reason}")

    # --- what can be done ---

    def _ask_to_block(self) -> None:
        record = self.record
        if record is not None:
            target = Target(BlockKind.RECORD, record.entity, record.key_text)
            deed = deeds.block_record(f"{record.kind.lower()} {record.key_text}")
            self._ask(deed, lambda reason: self._desk.block(target, reason))

    def _ask_to_unblock(self) -> None:
        line = self.block_line
        if line is not None:
            self._ask(deeds.unblock(line), lambda reason: self._desk.unblock(line.target, reason))

    def _ask(self, deed: Deed, act: Act) -> None:
        self.deed = ask_deed(self.window(), self._background, deed, act, self._tell)

    def _want_again(self) -> None:
        if self.record is not None:
            self.again_wanted.emit(self.record)

    def _tell(self, done: Done) -> None:
        self.said.say(done)
        self.refresh()
        self.was_done.emit()


def _found(lines: tuple[BlockLine, ...], record: Candidate) -> BlockLine | None:
    wanted = Target(BlockKind.RECORD, record.entity, record.key_text)
    return next((line for line in lines if line.target == wanted), None)
