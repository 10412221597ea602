"""What needs attention: every record that could not be written, where, why, since when."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import AttentionRow
from ginesys_sync.ui.widgets import grid, theme, tokens
from ginesys_sync.ui.widgets.answer_bar import AnswerBar
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import Fetched, PagedRows
from ginesys_sync.ui.widgets.wording import exact, grouped, relative


def _reason(row: AttentionRow) -> str:
    return f"{row.reason} Missing: {row.missing}." if row.missing else row.reason


COLUMNS: tuple[Column[AttentionRow], ...] = (
    Column("Record", lambda row: f"{row.entity}  {row.key}", 216, is_code=True),
    Column("Site", lambda row: row.site, 72),
    Column("Why", _reason, 0, tip=_reason),
    Column("Since", lambda row: relative(row.first_at), 96, tip=lambda row: exact(row.first_at)),
    Column(
        "Last tried",
        lambda row: relative(row.last_at),
        96,
        tip=lambda row: f"{exact(row.last_at)} ({row.code})",
    ),
    Column("Tries", lambda row: grouped(row.tries), 64, is_number=True),
)


class AttentionDialog(QDialog):
    """The list, beside the window it came from."""

    def __init__(self, desk: Desk, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Needs attention")
        fit(self, 940, 480)
        self._desk = desk
        self.model = PagedRows(
            COLUMNS, lambda row: (row.site, row.entity, row.key), background, "attention", self
        )
        self.table = grid.table(COLUMNS, "Records that need attention")
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), COLUMNS)
        self.reason = QLabel()
        self.answers = AnswerBar(desk, background, self)
        self.answers.answered.connect(self.look)
        self.faces = FourFaces(self.table)
        self._lay_out()
        self.model.loaded.connect(self._show_loaded)
        self.model.failed.connect(
            lambda fault: self.faces.show_problem(fault, "Try again", self.look)
        )
        self.table.selectionModel().currentRowChanged.connect(self._show_reason)
        self.look()

    def _lay_out(self) -> None:
        title = QLabel("These records could not be written. Everything else went on.")
        theme.mark(title, "title")
        advice = QLabel(
            "Each is tried again at the end of every sync, and leaves this list when it succeeds "
            "or when a newer version of it arrives. Mend the cause named here, then press Sync."
        )
        theme.mark(advice, "muted")
        advice.setWordWrap(True)
        self.reason.setWordWrap(True)
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.reason.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(title)
        column.addWidget(advice)
        column.addWidget(self.faces, 1)
        column.addWidget(self.reason)
        column.addWidget(self.answers)
        column.addWidget(buttons)

    def look(self) -> None:
        """Read the list."""

        def fetch(after: int | None, limit: int) -> Fetched[AttentionRow]:
            page = self._desk.attention(after, limit)
            return Fetched(page.rows, page.next)

        self.model.show_from(fetch)

    def _show_loaded(self) -> None:
        if self.model.rows:
            self.faces.show_content()
        else:
            self.faces.show_empty(
                "Nothing needs attention.", "Every record that came was written.", picture="check"
            )

    def _show_reason(self) -> None:
        place = self.table.currentIndex().row()
        if 0 <= place < len(self.model.rows):
            row = self.model.rows[place]
            what = f"{row.entity} {row.key}".strip()
            self.reason.setText(f"{what}: {_reason(row)}" if what else _reason(row))
            self.answers.show_for(row)
            self.reason.show()
