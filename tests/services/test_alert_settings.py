"""When head office is alarmed and who is told: what may stand there, and what is kept where."""

from __future__ import annotations

import stat
from typing import Any

import pytest

from ginesys_sync.services.alert_settings import (
    PASSWORD_FILE,
    AlertSettings,
    AlertsUnfit,
    Limits,
    Mail,
    change_settings,
    changed,
    check,
    parse,
    present_settings,
    read_password,
    settings_text,
)
from tests.support.chain_floor import HO, ChainFloor

MAIL = Mail("mail.shop.example", ("it@shop.example",), "sync@shop.example")


def test_without_a_document_the_defaults_hold_and_nobody_is_told() -> None:
    assert parse("{}") == AlertSettings(Limits(), None, "")


def test_a_document_comes_back_as_it_was_written() -> None:
    settings = AlertSettings(
        Limits(silent_minutes=90, silent_minutes_of={"S001": 5}), MAIL, "https://chat.example/x"
    )
    assert parse(settings_text(settings)) == settings


@pytest.mark.parametrize(
    "settings",
    [
        AlertSettings(Limits(silent_minutes=1)),
        AlertSettings(Limits(clock_seconds=True)),
        AlertSettings(Limits(silent_minutes_of={"not a site": 9})),
        AlertSettings(mail=Mail("", ("a@b.example",), "c@d.example")),
        AlertSettings(mail=Mail("h", (), "c@d.example")),
        AlertSettings(mail=Mail("h", ("a@b.example\r\nBcc: all@b.example",), "c@d.example")),
        AlertSettings(mail=Mail("h", ("a@b.example",), "c@d.example", security="maybe")),
        AlertSettings(mail=Mail("h.example", ("a@b.example",), "c@d.example", security="none")),
        AlertSettings(webhook="http://chat.example/hook"),
        AlertSettings(webhook="ftp://127.0.0.1/hook"),
        AlertSettings(webhook="https:///nowhere"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings: AlertSettings) -> None:
    with pytest.raises(AlertsUnfit):
        check(settings)


@pytest.mark.parametrize("text", ["[]", "nonsense", '{"limits": 3}', '{"mail": {"host": "h"}}'])
def test_a_document_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(AlertsUnfit):
        parse(text)


def test_one_entry_is_changed_and_the_others_stay() -> None:
    before = AlertSettings(Limits(silent_minutes_of={"S001": 5, "S002": 9}), MAIL)
    change: dict[str, Any] = {"backlog_minutes": 30, "silent_of": {"S001": 0, "S003": 7}}
    after = changed(before, change)
    assert after.mail == MAIL
    assert after.limits == Limits(backlog_minutes=30, silent_minutes_of={"S002": 9, "S003": 7})


def test_the_password_lies_in_a_file_that_only_its_owner_may_read(floor: ChainFloor) -> None:
    home = floor.home(HO)
    change_settings(home, {"mail": MAIL}, "s3cret")
    assert present_settings(home).mail == MAIL
    assert read_password(home) == "s3cret"
    assert stat.S_IMODE((home / PASSWORD_FILE).stat().st_mode) == 0o600
    assert "s3cret" not in str(floor.sql(HO, "SELECT * FROM sync_state"))
    assert "s3cret" not in str(floor.sql(HO, "SELECT * FROM sync_audit"))
    change_settings(home, {"mail": None}, "")
    assert not (home / PASSWORD_FILE).exists()
