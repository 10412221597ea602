"""The demo's story without a screen: the same windows offscreen, real buttons, a picture of
every window a step."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ginesys_sync.cli.demo_chain import DemoChain
from ginesys_sync.cli.status import print_table
from ginesys_sync.core.ending import when_asked_to_end
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.status import CLOSING_SENTENCE
from ginesys_sync.services.demo import sell_one
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.status import status_rows
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.pos.window import PosWindow
from ginesys_sync.ui.widgets.sync_window import SyncWindow

_STORE = "S001"
_SHOWN_ROWS = 12


class Story:
    """The windows of the chain, and what is done in them."""

    def __init__(self, chain: DemoChain, stack: ExitStack) -> None:
        self._chain = chain
        self.windows: dict[str, SyncWindow] = {}
        for code in chain.shown():
            desk = HomeDesk(chain.home(code))
            stack.callback(desk.close)
            opened = offscreen.open_launchpad if code == HEAD_OFFICE else offscreen.open_pos
            self.windows[code] = opened(desk, chain.home(code))
            stack.callback(offscreen.close, self.windows[code])

    def head_office_syncs(self) -> bool:
        """Launchpad: Sync Selective, tick S001, OK."""
        window = self.windows[HEAD_OFFICE]
        assert isinstance(window, LaunchpadWindow)
        dialog = self._chain.folder / "select-site.png"
        self._put_away(window)
        offscreen.press_sync_selective(window, [_STORE], dialog)
        return self._ends_well(window)

    def store_syncs(self) -> bool:
        """POS: Data Exchange, Sync."""
        window = self.windows[_STORE]
        assert isinstance(window, PosWindow)
        self._put_away(window)
        offscreen.press_sync(window)
        return self._ends_well(window)

    def store_sells(self) -> bool:
        """A bill is made at the till of S001."""
        database = self._chain.database(_STORE)
        print(sell_one(database, _STORE))
        database.dispose()
        return True

    def _put_away(self, window: SyncWindow) -> None:
        pane = offscreen.pane(window)
        if pane.isVisible() and not pane.is_running:
            offscreen.press(offscreen.button(pane, "Close"))

    def _ends_well(self, window: SyncWindow) -> bool:
        summary = offscreen.wait_for_end(window)
        print(summary.closing)
        return summary.closing == CLOSING_SENTENCE

    def show(self, step: int) -> None:
        """Print the status lists of every site, keep them, and take a picture of every window."""
        for code, window in self.windows.items():
            for what in ("sent", "received"):
                rows = status_rows(self._chain.home(code), what, 100_000)
                name = f"step-{step}-{code}-{what}"
                text = json.dumps(rows, indent=1)
                (self._chain.folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
                print(f"\n{code}, {what}: {len(rows):,} rows")
                print_table(rows[:_SHOWN_ROWS])
            self._pictures(step, code, window)

    def _pictures(self, step: int, code: str, window: SyncWindow) -> None:
        for tab, word in (("Sent Data", "sent"), ("Received Data", "received")):
            offscreen.show_tab(window, tab)
            offscreen.picture(window, self._picture(step, code, word))
        if isinstance(window, LaunchpadWindow):
            offscreen.show_tab(window, "Data Sync")
            offscreen.picture(window, self._picture(step, code, "sync"))
            return
        assert isinstance(window, PosWindow)
        offscreen.show_room(window, "Data Exchange")
        offscreen.picture(window, self._picture(step, code, "sync"))
        offscreen.show_room(window, "Item Master")
        offscreen.picture(window, self._picture(step, code, "items"))

    def _picture(self, step: int, code: str, word: str) -> Path:
        return self._chain.folder / f"step-{step}-{code}-{word}.png"


@contextmanager
def _ctrl_c() -> Iterator[Callable[[], None]]:
    """Gives what to call between two things done: it raises KeyboardInterrupt once one was asked
    for. Raised anywhere else, it could land in a call from Qt, which swallows it."""
    wanted = threading.Event()

    def check() -> None:
        if wanted.is_set():
            raise KeyboardInterrupt

    with when_asked_to_end(wanted.set):
        yield check


def play(chain: DemoChain) -> int:
    """One change to a store and back, one bill to head office and back. 0: every step ended well.
    Raises KeyboardInterrupt when asked to end."""
    offscreen.without_noise()
    with _ctrl_c() as check, ExitStack() as stack:
        story = Story(chain, stack)
        steps: list[tuple[str, Callable[[], bool]]] = [
            ("Head office: Sync Selective to S001", story.head_office_syncs),
            ("S001: Sync", story.store_syncs),
            (
                "Head office: Sync Selective to S001, the acknowledgement comes home",
                story.head_office_syncs,
            ),
            (
                "S001: a bill at the till, then Sync",
                lambda: story.store_sells() and story.store_syncs(),
            ),
            ("Head office: Sync Selective to S001, the bill arrives", story.head_office_syncs),
            ("S001: Sync, the acknowledgement comes home", story.store_syncs),
        ]
        for number, (words, act) in enumerate(steps, start=1):
            print(f"\n=== Step {number}. {words}", flush=True)
            is_good = act()
            check()
            if not is_good:
                print(f"Step {number} did not end as it should.")
                return 2
            story.show(number)
            check()
    print(f"\nPictures and status lists are in {chain.folder}.")
    print(f"Homes: {', '.join(str(chain.home(code)) for code in chain.shown())}")
    return 0
