"""What is painted of stepping into the sync: the tab Control, its questions, the preview."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ginesys_sync.ui.launchpad.control_page import ATTENTION, BLOCKED, CONFLICTS, LOG
from tests.pictures.scenes import Go, Scene, as_it_is, four_faces, never_settles
from tests.support.staged_desk import StagedDesk


def control_scenes() -> Iterator[Scene]:
    """Every one of them."""
    yield from _control()
    yield from _control_windows()
    yield Scene("launchpad-control-where", True, _where_blocked, StagedDesk.with_blocks)
    for is_ho, name in ((True, "launchpad"), (False, "pos")):
        question, needing = StagedDesk.with_question, StagedDesk.needing_attention
        yield Scene(f"{name}-needs-attention-question", is_ho, _first_attention, question)
        yield Scene(f"{name}-needs-attention-chosen", is_ho, _first_attention, needing)


def _where_blocked(window: Any) -> None:
    window.show_where()
    window.where.search.setText("85123A")


def _first_attention(window: Any) -> None:
    from ginesys_sync.ui import offscreen

    window.show_attention()
    offscreen.settle(window)
    window.attention_dialog.table.selectRow(0)


def _section(name: str, row: int | None = None) -> Go:
    def go(window: Any) -> None:
        from ginesys_sync.ui import offscreen

        page = window.tabs.go("Control")
        page.show_section(name)
        if row is not None:
            offscreen.settle(window)
            panes = {BLOCKED: page.blocked, ATTENTION: page.attention, CONFLICTS: page.conflicts}
            panes[name].table.selectRow(row)

    return go


def _in_control(name: str, press: str, row: int = 0) -> Go:
    """Stand on a line of a section, and press a button."""

    def go(window: Any) -> None:
        from ginesys_sync.ui import offscreen

        _section(name, row)(window)
        offscreen.settle(window)
        offscreen.press(offscreen.button(window.tabs.current(), press))
        offscreen.settle(window)

    return go


def _block_one(window: Any) -> None:
    _in_control(BLOCKED, "Block...")(window)
    dialog = window.tabs.current().blocked.deed
    dialog.what.setCurrentIndex(2)
    dialog.key.setText("85123A")


def _blocking(window: Any) -> None:
    """The Web Database takes its time."""
    _of_site("Block...")(window)
    window.acts.dialog.reason.setText("Stock taking until Monday")
    window.desk.gate.clear()
    window.acts.dialog.accept()


def _standing_chosen(window: Any) -> None:
    _section(CONFLICTS, 0)(window)
    table = window.tabs.current().conflicts.versions.table
    table.setCurrentIndex(table.model().index(0, 2))


def _put_back(row: int, press: str = "") -> Go:
    """Ask about the version that does not stand; with `press`, answer."""

    def go(window: Any) -> None:
        from ginesys_sync.ui import offscreen

        _in_control(CONFLICTS, "Put this Version Back...", row)(window)
        if press:
            offscreen.press(offscreen.button(window.tabs.current().conflicts.deed, press))

    return go


def _later_edited(desk: StagedDesk) -> None:
    desk.with_conflicts()
    versions = (replace(each, stands=False) for each in desk.conflicted[0].versions)
    desk.conflicted[0] = replace(desk.conflicted[0], versions=tuple(versions))


def _of_site(entry: str) -> Go:
    """The first store's menu on the board."""

    def go(window: Any) -> None:
        from ginesys_sync.ui import offscreen

        page = offscreen.show_tab(window, "Sites")
        menu = page.menu_of(page.model.rows[0])
        next(one for one in menu.actions() if one.text() == entry).trigger()
        offscreen.settle(window)

    return go


def _sent_row(row: int) -> Go:
    """A batch of the newest sync."""

    def go(window: Any) -> None:
        from ginesys_sync.ui import offscreen

        page = offscreen.show_tab(window, "Sent Data")
        offscreen.settle(window)
        page.tree.setCurrentIndex(page.model.index(row, 0, page.model.index(row, 0)))

    return go


def _withdraw(window: Any) -> None:
    from ginesys_sync.ui import offscreen

    _sent_row(0)(window)
    offscreen.press(offscreen.button(window.tabs.current(), "Withdraw..."))


def _preview(window: Any) -> None:
    window.choose_sites()
    window.select_site.model.tick(["S001", "S002"], True)
    window.select_site.preview.click()


def _looking(window: Any) -> None:
    window.choose_sites()
    window.select_site.model.tick(["S001", "S002"], True)
    window.desk.gate.clear()
    window.select_site.ok.click()


def _nothing_to_send(desk: StagedDesk) -> None:
    desk.to_send = ()


def _control() -> Iterator[Scene]:
    blocked, log = _section(BLOCKED), _section(LOG)
    with_blocks, calm = StagedDesk.with_blocks, as_it_is
    yield from four_faces("launchpad-control-blocked", True, blocked, calm, with_blocks)
    yield Scene("launchpad-control-blocked-chosen", True, _section(BLOCKED, 1), with_blocks)
    yield from four_faces("launchpad-control-log", True, log, calm, with_blocks)
    attention, needing = _section(ATTENTION), StagedDesk.needing_attention
    yield from four_faces("launchpad-control-attention", True, attention, calm, needing)
    yield Scene("launchpad-control-attention-chosen", True, _section(ATTENTION, 0), needing)
    yield Scene("launchpad-control-question", True, _section(ATTENTION, 0),
                StagedDesk.with_question)  # fmt: skip
    yield from _conflicts()
    yield Scene("launchpad-sent-data-chosen", True, _sent_row(0))


def _conflicts() -> Iterator[Scene]:
    name, kept = "launchpad-control-conflicts", StagedDesk.with_conflicts
    yield from four_faces(name, True, _section(CONFLICTS), as_it_is, kept)
    yield Scene(f"{name}-stands", True, _standing_chosen, kept)
    yield Scene(f"{name}-many", True, _section(CONFLICTS, 2), kept)
    yield Scene(f"{name}-since", True, _section(CONFLICTS, 0), _later_edited)
    yield Scene(f"{name}-question", True, _put_back(0), kept)
    yield Scene(f"{name}-question-deleted", True, _put_back(1), kept)
    yield Scene(f"{name}-done", True, _put_back(0, "Put Back"), kept)


def _control_windows() -> Iterator[Scene]:
    with_blocks, needing = StagedDesk.with_blocks, StagedDesk.needing_attention
    yield Scene("launchpad-control-block-store", True, _of_site("Block..."))
    yield Scene("launchpad-control-block-busy", True, _blocking, turn=never_settles)
    yield Scene("launchpad-control-reload", True, _of_site("Reload..."))
    yield Scene("launchpad-control-send-again", True, _of_site("Send Again..."))
    yield Scene("launchpad-control-block", True, _block_one, with_blocks)
    yield Scene("launchpad-control-unblock", True, _in_control(BLOCKED, "Unblock..."), with_blocks)
    yield Scene("launchpad-control-discard", True, _in_control(ATTENTION, "Discard..."), needing)
    yield Scene("launchpad-control-remove", True, _in_control(ATTENTION, "Remove Them..."),
                StagedDesk.with_question)  # fmt: skip
    yield Scene("launchpad-control-withdraw", True, _withdraw)
    yield Scene("launchpad-control-preview-odd", True, _preview, StagedDesk.with_oddities)
    yield Scene("launchpad-control-preview-looking", True, _looking, turn=never_settles)
    yield from four_faces("launchpad-control-preview", True, _preview, _nothing_to_send, as_it_is)
