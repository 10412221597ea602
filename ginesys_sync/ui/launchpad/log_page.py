"""*Control* > *Log*: who stepped into the sync, how, and why."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.control_views import AuditLine
from ginesys_sync.services.desk import Desk
from ginesys_sync.ui.widgets import grid, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import Fetched, PagedRows
from ginesys_sync.ui.widgets.wording import exact, relative

_DONE = {
    "prefer": "Put back",
    "answered: go": "They may go",
    "answered: sweep": "They may go",
    "answered: keep": "They stay",
}


def _did(line: AuditLine) -> str:
    return _DONE.get(line.action, line.action.capitalize())


COLUMNS: tuple[Column[AuditLine], ...] = (
    Column("When", lambda line: relative(line.at), 128, tip=lambda line: exact(line.at)),
    Column("Who", lambda line: line.who, 112),
    Column("Did", _did, 112),
    Column("To what", lambda line: line.what, 0, tip=lambda line: line.what),
    Column("Why", lambda line: line.reason, 216, tip=lambda line: line.reason),
)


class LogPage(QWidget):
    """Read only, newest first, a page at a time."""

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk = desk
        self.model: PagedRows[AuditLine] = PagedRows(
            COLUMNS, lambda line: line.id, background, "audit", self
        )
        self.table = grid.table(COLUMNS, "Log")
        self.faces = FourFaces(self.table)
        self.title = QLabel("Everything that people did to the sync, and why")
        theme.mark(self.title, "title")
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), COLUMNS)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(self.title)
        column.addWidget(self.faces, 1)
        self.title.hide()
        self.model.loaded.connect(self._show_loaded)
        self.model.failed.connect(self._show_fault)

    def refresh(self) -> None:
        """Look again; what is the same stays as it is."""

        def fetch(before: int | None, limit: int) -> Fetched[AuditLine]:
            page = self._desk.audit(before, limit)
            return Fetched(page.rows, page.next)

        self.model.show_from(fetch)

    def _show_loaded(self) -> None:
        self.title.setVisible(bool(self.model.rows))
        if self.model.rows:
            self.faces.show_content()
        else:
            self.faces.show_empty(
                "Nobody has stepped in yet.",
                "Each block, reload, withdrawal, discarded record and changed schedule is listed "
                "here, with who did it, when and why.",
                picture="history",
            )

    def _show_fault(self, fault: KnownError) -> None:
        self.title.hide()
        self.faces.show_problem(fault, "Try again", self.refresh)
