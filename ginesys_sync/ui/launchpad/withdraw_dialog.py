"""Take a batch back that no store has heard of yet: from all, or from one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QRadioButton, QWidget

from ginesys_sync.core.status import Kind, Status
from ginesys_sync.services.views import BatchRow, Done
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.deed import Deed, DeedDialog
from ginesys_sync.ui.widgets.wording import grouped

Withdraw = Callable[[tuple[str, ...] | None, str], Done]
"""From these stores (None: from all), for this reason."""


def why_it_stays(row: object) -> str:
    """Why a row of *Sent Data* cannot be taken back; empty when it can, as far as head office
    knows: whether a store has heard of it, the Web Database says when it is asked."""
    if not isinstance(row, BatchRow) or row.kind is not Kind.DATA:
        return "Open a sync and choose a batch."
    if row.is_first_load:
        return "A first load stays: reload its store."
    if row.status is Status.WITHDRAWN:
        return "It is taken back already."
    if row.status is Status.PROCESSED:
        return f"{row.site} has processed it."
    if row.status is Status.COVERED:
        return f"{row.site} got it with a full load."
    if not row.is_uploaded:
        return "It is still here: block its channel to keep it."
    return ""


class WithdrawDialog(DeedDialog):
    """Asks from whom, and why."""

    def __init__(
        self, parent: QWidget, background: Background, row: BatchRow, withdraw: Withdraw
    ) -> None:
        self._row = row
        number = "" if row.batch is None else grouped(row.batch)
        deed = Deed(
            f"Withdraw {row.what}?",
            f"Batch {number} of {row.channel} is taken back from the Web Database, as long as the "
            "store has not heard of it. Head office keeps what was in it: it goes with each "
            "record's next change, or when it is sent again.",
            "Withdraw",
            "Leave It",
            "Calling the Web Database…",
            needs_reason=True,
        )
        super().__init__(parent, background, deed, lambda reason: withdraw(self.sites, reason))

    def _lay_out(self) -> None:
        super()._lay_out()
        self.all = QRadioButton("From &all stores")
        self.one = QRadioButton(f"From {self._row.site} &only")
        self.all.setChecked(True)
        self.body.addWidget(self.all)
        self.body.addWidget(self.one)
        self.entries += [self.all, self.one]

    @property
    def sites(self) -> tuple[str, ...] | None:
        """From whom; None: from all."""
        return None if self.all.isChecked() else (self._row.site,)
