"""Application Settings > Alerts: read, changed and tried in the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from ginesys_sync.core.errors import HomeUnusable
from ginesys_sync.services.alert_form import Entry
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.alert_settings_page import AlertSettingsPage
from ginesys_sync.ui.launchpad.settings_page import ALERTS, SettingsPage
from tests.support.judged import cut
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens


def opened(launchpad: Opens, desk: StagedDesk) -> AlertSettingsPage:
    window = launchpad(desk)
    settings = offscreen.show_tab(window, "Application Settings")
    assert isinstance(settings, SettingsPage)
    settings.show_section(ALERTS)
    offscreen.settle(window)
    return settings.alerts


@pytest.fixture
def desk() -> StagedDesk:
    return StagedDesk().with_alert_channels()


@pytest.fixture
def page(launchpad: Opens, desk: StagedDesk) -> AlertSettingsPage:
    return opened(launchpad, desk)


def test_it_says_what_holds_and_when_nobody_is_told(launchpad: Opens) -> None:
    page = opened(launchpad, StagedDesk())
    seen = " ".join(offscreen.words(page))
    assert "has not called for 24 hours" in seen
    assert "Nobody outside this window is told." in seen
    assert not page.test.isVisible()
    assert page.change_channels.text() == "Set Up..."


def test_wrong_limits_are_marked_at_the_field_and_cannot_be_saved(
    page: AlertSettingsPage, desk: StagedDesk
) -> None:
    page.open_limits()
    window = page.limits_window
    assert window is not None
    window.clock.setText("soon")
    row = window.rows[Entry.CLOCK]
    assert row.sentence.isVisible() and row.sentence.text() == "Enter a whole number from 5 on."
    assert window.clock.accessibleDescription() == row.sentence.text()
    offscreen.press(window.ok)
    assert window.isVisible() and window.focusWidget() is window.clock
    assert desk.limits_laid_down is None
    window.clock.setText("60")
    assert not row.sentence.isVisible()


def test_limits_for_all_stores_and_for_single_ones_are_laid_down(
    qtbot: QtBot, page: AlertSettingsPage, desk: StagedDesk
) -> None:
    offscreen.press(page.change_limits)
    window = page.limits_window
    assert window is not None and set(window.stores) == {"S002", "S005"}
    window.silent.number.setText("2")
    offscreen.press(offscreen.button(window.rows["S005"], "Remove"))
    offscreen.press(window.add)
    assert window.picker is not None
    window.picker.search.setText("S011")
    offscreen.press(window.picker.ok)
    QTest.keyClicks(window.stores["S011"].number, "7")
    offscreen.press(window.ok)
    qtbot.waitUntil(lambda: page.said.isVisible())
    kept = desk.limits_laid_down
    assert kept is not None
    assert kept.silent_minutes == 120
    assert kept.silent_minutes_of == {"S002": 30, "S011": 7 * 60}
    qtbot.waitUntil(lambda: "2 hours" in page.limits.values["Silent"].text())


def test_secrets_are_never_shown_again(page: AlertSettingsPage) -> None:
    page.open_channels()
    window = page.channels_window
    assert window is not None
    assert window.password.text() == "" and window.webhook.text() == ""
    assert window.password.echoMode() is QLineEdit.EchoMode.Password
    assert "kept" in window.password.placeholderText()
    assert window.webhook.placeholderText().startswith("https://chat.shop.example/… is kept")
    window.reject()


def test_a_changed_server_wants_its_password_again(
    qtbot: QtBot, page: AlertSettingsPage, desk: StagedDesk
) -> None:
    page.open_channels()
    window = page.channels_window
    assert window is not None
    window.security.setCurrentIndex(window.security.findData("tls"))
    assert window.port.text() == "465"
    offscreen.press(window.ok)
    assert window.isVisible() and window.focusWidget() is window.password
    QTest.keyClicks(window.password, "s3cret")
    offscreen.press(window.ok)
    qtbot.waitUntil(lambda: desk.channels_laid_down is not None)
    change = desk.channels_laid_down
    assert change is not None and change.mail is not None
    assert (change.mail.port, change.mail.security) == (465, "tls")
    assert change.password == "s3cret" and change.webhook is None


def test_unticking_says_what_is_forgotten(page: AlertSettingsPage) -> None:
    page.open_channels()
    window = page.channels_window
    assert window is not None
    assert not window.mail_lost.isVisible()
    window.has_mail.setChecked(False)
    assert window.mail_lost.isVisible() and not window.to.isEnabled()
    window.reject()
    assert window.question is not None
    QTest.keyClick(window.question, Qt.Key.Key_Escape)
    assert window.isVisible(), "Esc keeps what was entered"
    window.has_mail.setChecked(True)
    window.reject()


def test_a_fault_while_saving_stands_in_the_window_and_loses_nothing(
    qtbot: QtBot, page: AlertSettingsPage, desk: StagedDesk
) -> None:
    page.open_limits()
    window = page.limits_window
    assert window is not None
    window.parked.setText("3")
    desk.alerts_fault = HomeUnusable("The home folder cannot be written.", "Look at its rights.")
    offscreen.press(window.ok)
    qtbot.waitUntil(lambda: window.fault.isVisible())
    assert "cannot be written" in window.fault.text()
    assert window.parked.text() == "3" and window.ok.isEnabled()
    desk.alerts_fault = None
    offscreen.press(window.ok)
    qtbot.waitUntil(lambda: desk.limits_laid_down is not None)


def test_a_test_says_what_each_channel_did(qtbot: QtBot, page: AlertSettingsPage) -> None:
    offscreen.press(page.test)
    qtbot.waitUntil(lambda: page.tested.isVisible())
    seen = offscreen.words(page.tested)
    assert "Mail: sent to it@shop.example, owner@shop.example." in seen
    assert "Webhook: The webhook at chat.shop.example does not answer." in seen
    assert "Sent" in seen and "Not sent" in seen
    assert page.test.text() == "Send a Test" and page.window().focusWidget() is page.test


def test_tab_goes_through_the_entries_as_they_are_read(page: AlertSettingsPage) -> None:
    page.open_channels()
    window = page.channels_window
    assert window is not None
    order = [
        window.has_mail, window.to, window.from_whom, window.host, window.security, window.port,
        window.user, window.password, window.has_webhook, window.webhook, window.ok,
    ]  # fmt: skip
    window.has_mail.setFocus()
    for after in order[1:]:
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        assert window.focusWidget() is after, after.accessibleName()
    window.reject()


def test_nothing_is_cut_at_the_smallest_size(page: AlertSettingsPage) -> None:
    window = page.window()
    window.resize(window.minimumSize())
    offscreen.turn(50)
    assert not cut(window)
    for opens in (page.open_limits, page.open_channels):
        opens()
        offscreen.turn(30)
        dialog = page.limits_window if opens == page.open_limits else page.channels_window
        assert dialog is not None and not cut(dialog)
        dialog.reject()
