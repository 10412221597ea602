"""`Where is it?` on the rows that stand for a record: in the menu of the row, and by Enter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractItemView

from ginesys_sync.services.desk import Desk
from ginesys_sync.services.journey_views import Candidate
from ginesys_sync.services.views import BatchRow, RecordRow
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.rows import PagedRows
from ginesys_sync.ui.widgets.where_is_it import TITLE, Asking

RecordAt = Callable[[QModelIndex], Asking | None]


def offer_on_exchange(page: ExchangePage) -> QAction:
    """On the records of *Sent Data* and *Received Data*."""

    def record_at(index: QModelIndex) -> Asking | None:
        node = page.model.node(index)
        batch = node.parent.line if node.parent is not None else None
        if not isinstance(node.line, RecordRow) or not isinstance(batch, BatchRow):
            return None
        return Asking(node.line.key, partial(_named, batch.entity, node.line.key))

    return _offer(page.tree, record_at)


def offer_on_list(
    view: QAbstractItemView, model: PagedRows[tuple[str, ...]], name: Callable[[], str]
) -> QAction:
    """On the rows of a HO Control list."""

    def record_at(index: QModelIndex) -> Asking | None:
        if not 0 <= index.row() < len(model.rows):
            return None
        row = model.rows[index.row()]
        return Asking(row[0], partial(_controlled, name(), row))

    return _offer(view, record_at)


def _named(entity: str, key: str, desk: Desk) -> Candidate | None:
    return desk.record_named(entity, key)


def _controlled(name: str, row: tuple[str, ...], desk: Desk) -> Candidate | None:
    return desk.control_record(name, row)


def _offer(view: QAbstractItemView, record_at: RecordAt) -> QAction:
    action = QAction(TITLE, view)

    def show(index: QModelIndex) -> None:
        asking = record_at(index)
        if asking is not None:
            view.window().show_where_of(asking)  # type: ignore[attr-defined]

    def settle() -> None:
        action.setEnabled(record_at(view.currentIndex()) is not None)

    action.triggered.connect(lambda: show(view.currentIndex()))
    view.activated.connect(show)
    view.addAction(action)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
    view.selectionModel().currentChanged.connect(lambda *_: settle())
    settle()
    return action
