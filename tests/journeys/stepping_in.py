"""Stepping into the sync as a person does, in real windows."""

from __future__ import annotations

from PySide6.QtTest import QTest

from ginesys_sync.core.status import Outcome
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.board_page import BoardPage
from ginesys_sync.ui.launchpad.control_page import ControlPage
from ginesys_sync.ui.launchpad.sent_actions import SentActions
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.pos.window import PosWindow
from ginesys_sync.ui.widgets.deed import DeedDialog
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.where_is_it import WhereIsIt
from tests.support.retail_chain import CLOSING, HO, RetailChain


def control(office: LaunchpadWindow, section: str) -> ControlPage:
    page = offscreen.show_tab(office, "Control")
    assert isinstance(page, ControlPage)
    page.show_section(section)
    offscreen.settle(office)
    return page


def give(dialog: DeedDialog | None, reason: str, button: str) -> None:
    """Type a reason and press the button that does it."""
    assert dialog is not None and dialog.isVisible()
    QTest.keyClicks(dialog.reason, reason)
    offscreen.press(offscreen.button(dialog, button))


def of_site(office: LaunchpadWindow, site: str, entry: str) -> DeedDialog:
    """Choose an entry in a store's menu on the board."""
    page = offscreen.show_tab(office, "Sites")
    assert isinstance(page, BoardPage)
    line = next(line for line in page.model.rows if line.code == site)
    (action,) = [one for one in page.menu_of(line).actions() if one.text() == entry]
    assert action.isEnabled(), entry
    action.trigger()
    offscreen.settle(office)
    assert office.acts.dialog is not None
    return office.acts.dialog


def foot(office: LaunchpadWindow, begins: str) -> str:
    """What stands at the foot of the window, once it begins so."""
    bar = office.statusBar()
    offscreen.until(lambda: bar.currentMessage().startswith(begins), what=begins)
    return bar.currentMessage()


def sync_all(office: LaunchpadWindow) -> None:
    offscreen.press_sync_all(office)
    assert offscreen.wait_for_end(office).closing == CLOSING


def sync(store: PosWindow) -> Outcome:
    offscreen.press_sync(store)
    return offscreen.wait_for_end(store).outcome


def price(chain: RetailChain, site: str) -> int:
    found: int = chain.scalar(site, "SELECT price_minor FROM item_price ORDER BY 1 DESC LIMIT 1")
    return found


def change_a_price(chain: RetailChain, to: str) -> str:
    """Change the dearest price at head office; the item's code."""
    code: str = chain.scalar(HO, "SELECT item_code FROM item_price ORDER BY price_minor DESC")
    chain.sql(
        HO,
        f"UPDATE item_price SET price_minor = {to} WHERE rowid = "
        "(SELECT rowid FROM item_price ORDER BY price_minor DESC LIMIT 1)",
    )
    return code


def statuses(office: LaunchpadWindow, what: str) -> dict[str, str]:
    """The newest row of each store in Sent Data that holds this."""
    found: dict[str, str] = {}
    for row in offscreen.read_grid(office, "Sent Data"):
        if row["What"] == what:
            found.setdefault(row["To"], row["Status"])
    return found


def newest(office: LaunchpadWindow, site: str) -> SentActions:
    """Stand on the newest batch for a store in Sent Data."""
    offscreen.read_grid(office, "Sent Data")
    page = office.tabs.current()
    assert isinstance(page, ExchangePage)
    for row in range(page.model.rowCount()):
        if page.model.index(row, 1).data() == site:
            page.tree.setCurrentIndex(page.model.index(row, 0))
            break
    actions = page.foot.findChild(SentActions)
    assert actions is not None
    return actions


def look_for(office: LaunchpadWindow, code: str) -> WhereIsIt:
    """Ctrl+K, typed."""
    office.show_where()
    where = office.where
    assert where is not None
    QTest.keyClicks(where.search, code)
    offscreen.until(lambda: not where._pause.isActive(), what="the pause")
    offscreen.settle(office)
    return where


def noted(chain: RetailChain) -> list[tuple[str, ...]]:
    """What was written down at head office."""
    return chain.sql(HO, "SELECT action, what, reason FROM sync_audit ORDER BY id")
