"""*Control* > *Edited twice*: records that were edited at two places at once, every version that
was kept, side by side, and putting another one back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.deciding_views import ConflictedRecord
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import Done
from ginesys_sync.ui.launchpad import deeds
from ginesys_sync.ui.launchpad.version_table import (
    VersionTable,
    edited_words,
    version_words,
    whose_words,
)
from ginesys_sync.ui.widgets import grid, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column
from ginesys_sync.ui.widgets.deed import DeedDialog, ask_deed
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import Fetched, PagedRows
from ginesys_sync.ui.widgets.said import Said
from ginesys_sync.ui.widgets.wording import counted, exact, grouped, relative

PUT_BACK = "&Put this Version Back..."


def name_of(record: ConflictedRecord) -> str:
    """`Customer  C-0007`."""
    return f"{record.one[:1].upper()}{record.one[1:]}  {record.key}"


def stands_words(record: ConflictedRecord) -> str:
    """Whose version is the one that holds now."""
    standing = next((version for version in record.versions if version.stands), None)
    if standing is None:
        return "Edited since"
    return whose_words(standing.whose) + (", deleted" if standing.is_gone else "")


COLUMNS: tuple[Column[ConflictedRecord], ...] = (
    Column("Record", name_of, 216, is_code=True),
    Column("Name", lambda record: record.label, 0, tip=lambda record: record.label),
    Column("Versions", lambda record: grouped(len(record.versions)), 88, is_number=True),
    Column("Stands", stands_words, 128),
    Column("Since", lambda record: relative(record.at), 112, tip=lambda record: exact(record.at)),
)


class ConflictsPage(QWidget):
    """The list, below it the versions of the record one stands on, and the button that puts one
    back."""

    changed = Signal()

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self.deed: DeedDialog | None = None
        self.model: PagedRows[ConflictedRecord] = PagedRows(
            COLUMNS, lambda record: (record.entity, record.key), background, "conflicts", self
        )
        self.table = grid.table(COLUMNS, "Records that were edited at two places at once")
        self.versions = VersionTable()
        self.title, self.advice, self.about = QLabel(), QLabel(), QLabel()
        self.meant, self.said, self.put_back = QLabel(), Said(), QPushButton(PUT_BACK)
        whole = QWidget()
        self.faces = FourFaces(whole)
        self._lay_out(whole)
        self.model.loaded.connect(self._show_loaded)
        self.model.failed.connect(self._show_fault)
        self.model.dataChanged.connect(self._settle)
        self.model.rowsInserted.connect(self._say)
        self.table.selectionModel().currentRowChanged.connect(self._settle)
        self.versions.changed.connect(self._settle_foot)
        self.versions.meant.connect(self.ask_to_put_back)
        self.put_back.clicked.connect(self.ask_to_put_back)

    def _lay_out(self, whole: QWidget) -> None:
        for label, part in (
            (self.title, "title"),
            (self.advice, "muted"),
            (self.about, "strong"),
            (self.meant, "muted"),
        ):
            theme.mark(label, part)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.advice.setText(
            "Every version is kept here. Choose a record, then the version that is right: put "
            "back, it is an ordinary edit made at head office."
        )
        self.put_back.setAccessibleName("Put the selected version back")
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), COLUMNS)
        foot = QHBoxLayout()
        foot.setSpacing(tokens.SPACE_3)
        foot.addWidget(self.put_back)
        foot.addWidget(self.meant, 1)
        inside, column = QVBoxLayout(whole), QVBoxLayout(self)
        for box in (inside, column):
            box.setContentsMargins(0, 0, 0, 0)
            box.setSpacing(tokens.SPACE_2)
        for widget in (self.title, self.advice):
            inside.addWidget(widget)
        inside.addWidget(self.table, 1)
        inside.addWidget(self.about)
        inside.addWidget(self.versions, 2)
        inside.addLayout(foot)
        column.addWidget(self.said)
        column.addWidget(self.faces, 1)

    # --- what is true ---

    def refresh(self) -> None:
        """Look again; what is the same stays as it is."""

        def fetch(after: int | None, limit: int) -> Fetched[ConflictedRecord]:
            page = self._desk.conflicts(after, limit)
            return Fetched(page.rows, page.next)

        self.model.show_from(fetch)

    def _show_loaded(self) -> None:
        if not self.model.rows:
            self.faces.show_empty(
                "No record was edited at two places at once.",
                "When a store and head office edit the same record before they have heard of each "
                "other, the newer edit stands everywhere and the other one is kept here.",
                picture="copy",
            )
            return
        self._say()
        self.faces.show_content()
        if self.selected is None:
            shown = self.versions.record
            known = [(record.entity, record.key) for record in self.model.rows]
            name = (shown.entity, shown.key) if shown is not None else None
            self.table.selectRow(known.index(name) if name in known else 0)
        self._settle()

    def _say(self) -> None:
        """How many they are; until the last page has come, that there are more."""
        count = len(self.model.rows)
        more = " and more" if self.model.canFetchMore(self.table.rootIndex()) else ""
        were = "record was" if count == 1 and not more else "records were"
        self.title.setText(f"{grouped(count)}{more} {were} edited at two places at once.")

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self.refresh)

    @property
    def selected(self) -> ConflictedRecord | None:
        """The record one stands on."""
        place = self.table.currentIndex().row()
        return self.model.rows[place] if 0 <= place < len(self.model.rows) else None

    def _settle(self) -> None:
        record = self.selected
        if record is None:
            return
        self.versions.show_record(record)
        differing, count = self.versions.compared
        differ = "differs" if differing == 1 else "differ"
        name = " ".join((*name_of(record).split(), record.label)).strip()
        is_listed = any(version.stands for version in record.versions)
        since = "" if is_listed else " It was edited since: what it says now is none of these."
        told = f"{grouped(differing)} of {counted(count, 'field')} {differ}."
        self.about.setText(f"{name}: {told}{since}")
        self._settle_foot()

    def _settle_foot(self) -> None:
        record, version = self.versions.record, self.versions.chosen
        if record is None:
            return
        can_go = version is not None and not version.stands and record.can_prefer
        self.put_back.setEnabled(can_go)
        if version is None:
            self.meant.setText("Choose a version: click in its column.")
        elif version.stands:
            self.meant.setText(f"{version_words(version)} is the one that stands now.")
        elif not record.can_prefer:
            self.meant.setText("Records of this kind are not head office's to edit.")
        else:
            told = "deleted there" if version.is_gone else f"edited {edited_words(version)}"
            self.meant.setText(f"{version_words(version)}, {told}")

    # --- what can be done ---

    def ask_to_put_back(self) -> None:
        """Ask, then put the version one stands on back."""
        record, version = self.versions.record, self.versions.chosen
        if record is None or version is None or not self.put_back.isEnabled():
            return
        self.deed = ask_deed(
            self.window(),
            self._background,
            deeds.put_back(record, version),
            lambda reason: self._desk.prefer(record.entity, record.key, version.number, reason),
            self._tell,
        )

    def _tell(self, done: Done) -> None:
        self.said.say(done)
        self.refresh()
        self.changed.emit()
