"""What a selective sync would send: what, to whom, how much, and what looks odd; then `OK` sends
it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.control_views import Preview, PreviewLine
from ginesys_sync.services.desk import Desk
from ginesys_sync.ui.widgets import grid, theme, tokens
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import RowsModel
from ginesys_sync.ui.widgets.wording import counted, grouped, size

_NAMED = 3
_EXAMPLES = 3


def _note(line: PreviewLine) -> str:
    if line.is_blocked:
        return "Blocked: no store gets it"
    return f"{grouped(line.sealed)} of them waited already" if line.sealed else ""


COLUMNS: tuple[Column[PreviewLine], ...] = (
    Column("What", lambda line: line.what, 0),
    Column("To", lambda line: line.to, 176, tip=lambda line: line.to),
    Column("Records", lambda line: grouped(line.records), 80, is_number=True),
    Column("Deleted", lambda line: grouped(line.gone) if line.gone else "–", 80, is_number=True),
    Column("About", lambda line: size(line.size), 80, is_number=True),
    Column("Note", _note, 216, tip=_note),
)


def whom(codes: tuple[str, ...]) -> str:
    """`S001, S002 and 3 more`."""
    more = f" and {grouped(len(codes) - _NAMED)} more" if len(codes) > _NAMED else ""
    return ", ".join(codes[:_NAMED]) + more


class PreviewDialog(QDialog):
    """`send_wanted` when it is to go, `back_wanted` to choose other sites. With something odd
    Enter goes back instead of sending."""

    send_wanted = Signal()
    back_wanted = Signal()

    def __init__(
        self,
        desk: Desk,
        background: Background,
        codes: tuple[str, ...],
        parent: QWidget,
        found: Preview | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preview")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._desk, self._background, self._codes = desk, background, codes
        self.title, self.sum = QLabel(), QLabel()
        self.odd, self.odd_words = QFrame(), QLabel()
        self.model: RowsModel[PreviewLine] = RowsModel(COLUMNS, lambda line: line.entity, self)
        self.table = grid.table(COLUMNS, "What would be sent")
        self.faces = FourFaces(self.table)
        self.buttons = QDialogButtonBox()
        roles = QDialogButtonBox.ButtonRole
        self.ok = self.buttons.addButton("OK", roles.AcceptRole)
        self.back = self.buttons.addButton("&Back", roles.ActionRole)
        self.cancel = self.buttons.addButton("Cancel", roles.RejectRole)
        self._lay_out()
        fit(self, 860, 520)
        if found is None:
            self.look()
        else:
            self._take(found)

    def _lay_out(self) -> None:
        theme.mark(self.title, "title")
        theme.mark(self.sum, "muted")
        theme.mark(self.odd, "note", "warning")
        self.title.setWordWrap(True)
        self.title.setText(f"What would go to {whom(self._codes)}")
        self.odd_words.setWordWrap(True)
        self.odd_words.setTextFormat(Qt.TextFormat.PlainText)
        self.odd_words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inside = QVBoxLayout(self.odd)
        inside.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        inside.addWidget(self.odd_words)
        self.odd.hide()
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), COLUMNS)
        grid.WideColumn(self.table, 0, 144)
        self.back.setToolTip("Choose other sites")
        self.back.clicked.connect(self._go_back)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addWidget(self.title)
        column.addWidget(self.odd)
        column.addWidget(self.faces, 1)
        column.addWidget(self.sum)
        column.addWidget(self.buttons)

    def look(self) -> None:
        """Count what would go."""
        self.faces.show_loading()
        self.sum.setText("Counting what would go… Nothing is sent by it.")
        self._offer(can_send=False, is_odd=False)
        codes = self._codes
        self._background.run(
            lambda: self._desk.preview(codes), self._take, self._show_fault, lane="preview"
        )

    def _take(self, found: Preview) -> None:
        self.model.set_rows(found.lines)
        self._tell_odd(found)
        if found.lines:
            much = counted(found.records, "record")
            self.sum.setText(f"{much}, about {size(found.size)}. Nothing is sent yet.")
            self.faces.show_content()
        else:
            self.sum.setText("")
            self.faces.show_empty(
                "There is nothing to send.",
                "These sites have everything. OK syncs all the same, to receive what they sent.",
                picture="check",
            )
        self._offer(can_send=True, is_odd=bool(found.oddities))

    def _tell_odd(self, found: Preview) -> None:
        lines = ["Look at this before it goes:"] if found.oddities else []
        for odd in found.oddities:
            lines.append(f"•  {odd.sentence}")
            lines += [f"     {example}" for example in odd.examples[:_EXAMPLES]]
            if len(odd.examples) > _EXAMPLES:
                lines.append("     …")
        self.odd_words.setText("\n".join(lines))
        self.odd.setAccessibleName(" ".join(lines))
        self.odd.setVisible(bool(lines))

    def _show_fault(self, fault: KnownError) -> None:
        self.sum.setText("")
        self.odd.hide()
        self.faces.show_problem(fault, "Try again", self.look)
        self._offer(can_send=False, is_odd=False)

    def _offer(self, *, can_send: bool, is_odd: bool) -> None:
        self.ok.setEnabled(can_send)
        self.ok.setText("Send Anyway" if is_odd else "OK")
        self.ok.setAutoDefault(False)
        theme.mark(self.ok, "" if is_odd else "primary")
        theme.mark(self.back, "primary" if is_odd else "")
        first = self.back if is_odd or not can_send else self.ok
        first.setDefault(True)
        first.setFocus()

    def accept(self) -> None:
        if self.ok.isEnabled():
            super().accept()
            self.send_wanted.emit()

    def _go_back(self) -> None:
        super().reject()
        self.back_wanted.emit()
