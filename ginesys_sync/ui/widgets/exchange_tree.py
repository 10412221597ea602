"""The tree behind *Sent Data* and *Received Data*: runs open to batches, batches to records, all a
page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QBrush

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.status import Kind
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import NOT_SENT, BatchRow, GridFilter, Page, RecordRow, RunGroup
from ginesys_sync.ui.widgets import theme
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Index, Role
from ginesys_sync.ui.widgets.exchange_columns import Line, More, Why, columns, heading

PAGE = 50


class Node:
    """A line with what it opens to."""

    __slots__ = (
        "__weakref__", "children", "is_fetching", "is_known", "line", "next",
        "number", "parent", "place",
    )  # fmt: skip
    _numbers = count(1)

    def __init__(self, line: Line | None, parent: Node | None) -> None:
        self.number = next(Node._numbers)
        self.line = line
        self.parent = parent
        self.children: list[Node] = []
        self.place = 0
        self.next: int | None = None
        self.is_fetching = False
        self.is_known = False

    @property
    def can_open(self) -> bool:
        """Whether it may have lines below it."""
        if isinstance(self.line, BatchRow):
            return self.line.kind is Kind.DATA
        return self.line is None or isinstance(self.line, RunGroup)

    def name(self) -> tuple[object, ...]:
        """What makes it the same line after a refresh."""
        line = self.line
        if isinstance(line, RunGroup):
            return ("run", line.run)
        if isinstance(line, BatchRow):
            return ("batch", line.run, line.kind, line.site, line.stream, line.batch, line.entity)
        if isinstance(line, RecordRow):
            return ("record", line.entity, line.key)
        return ("why",) if isinstance(line, Why) else ("more",)

    def renumber(self) -> None:
        """Write down each child's place."""
        for place, child in enumerate(self.children):
            child.place = place


class ExchangeTree(QAbstractItemModel):
    """`loaded` follows every answer for the top lines, `failed` a fault."""

    loaded = Signal()
    failed = Signal(object)

    def __init__(
        self,
        desk: Desk,
        is_sent: bool,
        background: Background,
        parent: QObject | None = None,
        *,
        has_sites: bool = True,
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._is_sent = is_sent
        self._has_sites = has_sites
        self._background = background
        self.columns = columns(is_sent)
        self.wanted = GridFilter()
        self.is_grouped = True
        # An index holds a number, not an object: one that outlived its node leads nowhere instead
        # of into freed memory.
        self._nodes: WeakValueDictionary[int, Node] = WeakValueDictionary()
        self._root = Node(None, None)

    # --- what Qt asks ---

    def node(self, index: Index) -> Node:
        """The node behind an index; the root for an invalid one."""
        if not index.isValid():
            return self._root
        return self._nodes.get(index.internalId(), self._root)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        children = self.node(parent).children
        if 0 <= row < len(children) and 0 <= column < len(self.columns):
            return self._index(children[row], column)
        return QModelIndex()

    def _index(self, node: Node, column: int) -> QModelIndex:
        self._nodes[node.number] = node
        return self.createIndex(node.place, column, node.number)

    def index_of(self, node: Node) -> QModelIndex:
        """Where a node is."""
        return QModelIndex() if node is self._root else self._index(node, 0)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        above = self.node(index).parent
        return QModelIndex() if above is None else self.index_of(above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.column() > 0 else len(self.node(parent).children)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self.columns)

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        node = self.node(parent)
        return parent.column() <= 0 and node.can_open and (not node.is_known or bool(node.children))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.ForegroundRole:
            is_link = isinstance(self.node(index).line, More)
            return QBrush(theme.colour("accent")) if is_link else None
        if role == Role.HEADING:
            return heading(self.node(index).line, has_sites=self._has_sites)
        return self.columns[index.column()].answer(self.node(index).line, role)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        return self.columns[section].head(role) if section < len(self.columns) else None

    def canFetchMore(self, parent: Index) -> bool:
        node = self.node(parent)
        # Not for the top: QTreeView would fetch page after page at each layout. The page asks
        # `fetch_next`.
        return (
            node is not self._root and node.can_open and not node.is_fetching and not node.is_known
        )

    def fetchMore(self, parent: Index) -> None:
        node = self.node(parent)
        self._fetch(node, node.next, PAGE)

    # --- what the page asks ---

    def show_filter(self, wanted: GridFilter, is_grouped: bool) -> None:
        """Show something else, from its beginning."""
        self.wanted, self.is_grouped = wanted, is_grouped
        self.beginResetModel()
        self._root = Node(None, None)
        self.endResetModel()
        self._fetch(self._root, None, PAGE)

    def refresh(self) -> None:
        """Look again at what is shown; what is open stays open."""
        self._look_again(self._root)

    def open_more(self, index: Index) -> bool:
        """Fetch the next page when `index` is a *Show more* line."""
        node = self.node(index)
        if isinstance(node.line, More) and node.parent is not None:
            self._fetch(node.parent, node.parent.next, 4 * PAGE)
            return True
        return False

    def fetch_next(self) -> None:
        """Fetch the next page of top lines, if there is one and none is on its way."""
        if self._root.next is not None and not self._root.is_fetching:
            self._fetch(self._root, self._root.next, 2 * PAGE)

    def newest_run(self) -> QModelIndex:
        """Where the newest run is; invalid where no run is shown."""
        for child in self._root.children:
            if isinstance(child.line, RunGroup) and child.line.run != NOT_SENT:
                return self.index_of(child)
        return QModelIndex()

    @property
    def is_empty(self) -> bool:
        """Whether there is no line at all."""
        return not self._root.children

    # --- fetching ---

    def _look_again(self, node: Node) -> None:
        if node.is_fetching:
            return
        self._fetch(node, None, max(PAGE, len(_rows(node))))

    def _fetch(self, node: Node, after: int | None, limit: int) -> None:
        node.is_fetching = True
        wanted, is_grouped, line = self.wanted, self.is_grouped, node.line

        def ask() -> Page[Any]:
            if isinstance(line, BatchRow):
                return self._records(line, after, limit)
            if isinstance(line, RunGroup):
                rows = self._desk.sent_rows if self._is_sent else self._desk.received_rows
                return rows(line.run, wanted, after, limit)
            if is_grouped:
                groups = self._desk.sent_groups if self._is_sent else self._desk.received_groups
                return groups(wanted, after, limit)
            rows = self._desk.sent_rows if self._is_sent else self._desk.received_rows
            return rows(None, wanted, after, limit)

        lane = f"tree-{self._is_sent}-{node.number}"
        self._background.run(
            ask,
            lambda page: self._take(node, page, after),
            lambda fault: self._give_up(node, fault),
            lane=lane,
        )

    def _records(self, line: BatchRow, after: int | None, limit: int) -> Page[RecordRow]:
        if line.batch is None:
            return self._desk.load_records(line.run, line.stream, line.entity, after, limit)
        return self._desk.records(line.stream, line.batch, after, limit)

    def _give_up(self, node: Node, fault: KnownError) -> None:
        node.is_fetching = False
        if not self._is_shown(node):
            return
        if isinstance(node.line, BatchRow):
            # One batch that cannot be looked into takes nothing else from the page.
            node.is_known = True
            self._settle(node, [*_rows(node), Node(Why(str(fault)), node)])
            return
        self.failed.emit(fault)

    def _is_shown(self, node: Node) -> bool:
        while node.parent is not None:
            node = node.parent
        return node is self._root

    def _take(self, node: Node, page: Page[Any], after: int | None) -> None:
        node.is_fetching = False
        if not self._is_shown(node):
            return
        node.is_known = True
        node.next = page.next
        fresh = [Node(line, node) for line in page.rows]
        whole = fresh if after is None else _rows(node) + fresh
        if page.next is not None and node is not self._root:
            whole.append(Node(More(len(whole)), node))
        self._settle(node, whole)
        if node is self._root:
            self.loaded.emit()
        for child in list(node.children):
            if after is None and child.is_known:
                self._look_again(child)

    def _settle(self, node: Node, whole: Sequence[Node]) -> None:
        """Make the children `whole`, keeping every node that was there, so that what is open stays
        open."""
        names = {child.name() for child in whole}
        where = self.index_of(node)
        for place in range(len(node.children) - 1, -1, -1):
            if node.children[place].name() not in names:
                self.beginRemoveRows(where, place, place)
                del node.children[place]
                node.renumber()
                self.endRemoveRows()
        old = {child.name(): child for child in node.children}
        if [child.name() for child in whole if child.name() in old] != list(old):
            self._replace_all(node, whole)
            return
        place = 0
        while place < len(whole):
            if whole[place].name() in old:
                self._update(old[whole[place].name()], whole[place].line)
                place += 1
                continue
            end = place
            while end < len(whole) and whole[end].name() not in old:
                end += 1
            self.beginInsertRows(where, place, end - 1)
            node.children[place:place] = whole[place:end]
            node.renumber()
            self.endInsertRows()
            place = end

    def _replace_all(self, node: Node, whole: Sequence[Node]) -> None:
        where = self.index_of(node)
        if node.children:
            self.beginRemoveRows(where, 0, len(node.children) - 1)
            node.children = []
            self.endRemoveRows()
        if whole:
            self.beginInsertRows(where, 0, len(whole) - 1)
            node.children = list(whole)
            node.renumber()
            self.endInsertRows()

    def _update(self, child: Node, line: Line | None) -> None:
        if child.line != line:
            child.line = line
            right = self._index(child, len(self.columns) - 1)
            self.dataChanged.emit(self.index_of(child), right)


def _rows(node: Node) -> list[Node]:
    """What stands below a node, without a line that only says something about it."""
    return [child for child in node.children if not isinstance(child.line, More | Why)]
