"""What a grid is asked to show: site, status, period, text. Tells once a person has paused."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QWidget

from ginesys_sync.core.status import Status
from ginesys_sync.services.views import GridFilter
from ginesys_sync.ui.widgets import icons, theme, tokens, wording

PERIODS = ("Any time", "Today", "Last 7 days", "Last 30 days")
PAUSE_MS = 200
_EVERY_SITE = "All sites"
_BY_LENGTH = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon


def since(period: str) -> datetime | None:
    """When the period begins; None for any time."""
    midnight = wording.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"Today": 0, "Last 7 days": 6, "Last 30 days": 29}
    return midnight - timedelta(days=days[period]) if period in days else None


def statuses_of(is_sent: bool) -> tuple[Status, ...]:
    """The statuses a row of this grid can have, in the order of its life."""
    if is_sent:
        return tuple(status for status in Status if status is not Status.RECEIVED)
    return (Status.RECEIVED, Status.PROCESSED, Status.COVERED)


class FilterBar(QWidget):
    """One row of controls. `changed` carries nothing: ask `wanted()`."""

    changed = Signal()

    def __init__(self, is_sent: bool, has_sites: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.site = QComboBox()
        self.status = QComboBox()
        self.period = QComboBox()
        self.text = QLineEdit()
        self.clear = QPushButton("Clear filters")
        self._sites: list[str] = []
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self.changed)
        self._fill(is_sent)
        self.site.setVisible(has_sites)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_2)
        row.addWidget(self.text, 1)
        for control in (self.site, self.status, self.period):
            row.addWidget(control)
            control.currentIndexChanged.connect(self._tell)
        row.addWidget(self.clear)
        self.text.textChanged.connect(self._tell)
        self.clear.clicked.connect(self.reset)
        theme.theme().changed.connect(self._recolour)

    def _fill(self, is_sent: bool) -> None:
        self.site.addItem(_EVERY_SITE)
        self.status.addItem("Any status", None)
        for status in statuses_of(is_sent):
            self.status.addItem(status.value, status)
        for period in PERIODS:
            self.period.addItem(period)
        self.text.setPlaceholderText("Search what was sent" if is_sent else "Search what came")
        self.text.setClearButtonEnabled(True)
        self.text.setMinimumWidth(160)
        self._glass = self.text.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        for control in (self.site, self.status):
            control.setSizeAdjustPolicy(_BY_LENGTH)
        self.status.setMinimumContentsLength(11)
        self._fit_sites()
        self.status.view().setMinimumWidth(216)
        self.site.setAccessibleName("Site")
        self.status.setAccessibleName("Status")
        self.period.setAccessibleName("Period")
        self.text.setAccessibleName("Search")
        theme.mark(self.clear, "link")
        self.clear.hide()

    def _recolour(self) -> None:
        self._glass.setIcon(icons.icon("search", "muted"))

    def offer_sites(self, codes: list[str]) -> None:
        """The sites one can choose. Where the chosen one is no longer among them, all are."""
        if self._sites == codes:
            return
        chosen = self.site.currentText()
        self._sites = list(codes)
        self.site.blockSignals(True)
        self.site.clear()
        self.site.addItems([_EVERY_SITE, *codes])
        self.site.setCurrentIndex(max(0, self.site.findText(chosen)))
        self.site.blockSignals(False)
        self._fit_sites()
        if self.site.currentText() != chosen:
            self._tell()

    def _fit_sites(self) -> None:
        """As wide as the longest code, by the count of its characters: to measure each of 5,000
        holds the window up for a tenth of a second."""
        longest = max((_EVERY_SITE, *self._sites), key=len)
        metrics = self.site.fontMetrics()
        wide = ceil(metrics.horizontalAdvance(longest) / metrics.horizontalAdvance("X"))
        self.site.setMinimumContentsLength(wide)

    @property
    def is_open(self) -> bool:
        """Whether nothing is filtered out."""
        return self.wanted() == GridFilter()

    def wanted(self, sort: str = "") -> GridFilter:
        """What is asked for now."""
        status = self.status.currentData()
        return GridFilter(
            site=self.site.currentText() if self.site.currentIndex() > 0 else "",
            # Qt keeps a StrEnum as a bare string.
            status=Status(status) if status else None,
            since=since(self.period.currentText()),
            text=self.text.text().strip(),
            sort=sort,
        )

    def reset(self) -> None:
        """Show everything again."""
        for control in (self.site, self.status, self.period):
            control.setCurrentIndex(0)
        self.text.clear()
        self._pause.stop()
        self._tell()
        self._pause.stop()
        self.changed.emit()

    def _tell(self) -> None:
        self.clear.setVisible(not self.is_open)
        self._pause.start()
