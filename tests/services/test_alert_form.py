"""What is entered in the alerts' windows: wrong entries are told by entry, right ones are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.alert_desk import AlertView, ChannelChange
from ginesys_sync.services.alert_form import (
    ChannelEntries,
    Entry,
    LimitEntries,
    Span,
    Unit,
    channel_entries,
    channel_problems,
    channels_of,
    limit_entries,
    limit_problems,
    limit_words,
    limits_of,
    span_of,
    span_words,
)
from ginesys_sync.services.alert_settings import (
    AlertSettings,
    Limits,
    Mail,
    change_settings,
    check,
    present_settings,
    read_password,
    webhook_host,
)
from ginesys_sync.services.home_desk import HomeDesk
from tests.support.chain_floor import HO, ChainFloor

MAIL = Mail("mail.shop.example", ("it@shop.example",), "sync@shop.example", user="sync")
NOTHING = AlertView(Limits(), None, False, "", ())
KEPT = AlertView(Limits(), MAIL, True, "https://chat.shop.example", ())


def limits(**fields: object) -> LimitEntries:
    return replace(limit_entries(Limits()), **fields)  # type: ignore[arg-type]


def channels(view: AlertView = KEPT, **fields: object) -> ChannelEntries:
    return replace(channel_entries(view), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(2, "2 minutes"), (60, "1 hour"), (90, "90 minutes"), (1440, "24 hours"), (4320, "3 days")],
)
def test_a_time_reads_as_one_would_type_it_and_means_the_same(minutes: int, words: str) -> None:
    assert span_words(minutes) == words
    assert limits_of(limits(silent=span_of(minutes))).silent_minutes == minutes


def test_limits_come_back_from_the_form_as_they_went_in() -> None:
    kept = Limits(90, {"S002": 30, "S001": 2880}, 120, 5, 2, 60)
    assert limits_of(limit_entries(kept)) == kept
    assert limit_problems(limit_entries(kept)) == {}


@pytest.mark.parametrize(
    ("typed", "entry"),
    [
        (limits(silent=Span("1", Unit.MINUTES)), Entry.SILENT),
        (limits(silent=Span("366", Unit.DAYS)), Entry.SILENT),
        (limits(backlog=Span("", Unit.HOURS)), Entry.BACKLOG),
        (limits(records="0"), Entry.RECORDS),
        (limits(records="1.5"), Entry.RECORDS),
        (limits(parked="-1"), Entry.PARKED),
        (limits(clock="4"), Entry.CLOCK),
        (limits(clock="\u0664"), Entry.CLOCK),
        (limits(stores=(("S001", Span("x", Unit.DAYS)),)), "S001"),
    ],
)
def test_a_wrong_limit_is_told_at_its_entry_alone(typed: LimitEntries, entry: str) -> None:
    assert set(limit_problems(typed)) == {str(entry)}


@pytest.mark.parametrize(
    ("fields", "entry"),
    [
        ({"to": ""}, Entry.TO),
        ({"to": "it@shop.example, owner"}, Entry.TO),
        ({"to": "it@shop.example\r\nBcc: all@shop.example"}, Entry.TO),
        ({"sender": "sync"}, Entry.SENDER),
        ({"host": "", "password": "x"}, Entry.HOST),
        ({"host": "https://mail", "password": "x"}, Entry.HOST),
        ({"port": "70000", "password": "x"}, Entry.PORT),
        ({"security": "none", "password": "x"}, Entry.SECURITY),
        ({"webhook": "http://chat.shop.example/x"}, Entry.WEBHOOK),
        ({"webhook": "https://"}, Entry.WEBHOOK),
    ],
)
def test_a_wrong_channel_is_told_at_its_entry_alone(
    fields: dict[str, object], entry: Entry
) -> None:
    assert set(channel_problems(channels(**fields), KEPT)) == {entry.value}


@pytest.mark.parametrize(
    "fields",
    [{"host": "mail.other.example"}, {"port": "2525"}, {"security": "tls"}, {"user": "other"}],
)
def test_a_kept_password_is_asked_for_again_before_it_would_go_elsewhere(
    fields: dict[str, object],
) -> None:
    assert set(channel_problems(channels(**fields), KEPT)) == {Entry.PASSWORD.value}
    assert channel_problems(channels(password="new", **fields), KEPT) == {}


def test_what_is_not_ticked_is_not_judged_and_is_forgotten() -> None:
    typed = channels(has_mail=False, to="", has_webhook=False)
    assert channel_problems(typed, KEPT) == {}
    assert channels_of(typed, KEPT) == ChannelChange(None, "", "")


def test_an_empty_secret_means_the_one_that_is_kept() -> None:
    assert channel_problems(channels(), KEPT) == {}
    assert channels_of(channels(), KEPT) == ChannelChange(MAIL, None, None)
    asked = channels(NOTHING, has_mail=True, has_webhook=True, to="a@b.example",
                     sender="c@d.example", host="h", user="u")  # fmt: skip
    assert set(channel_problems(asked, NOTHING)) == {Entry.PASSWORD.value, Entry.WEBHOOK.value}


def test_what_the_form_lets_pass_the_settings_take() -> None:
    typed = channels(to="a@b.example; c@d.example ,", webhook="https://x.example/y", password="p")
    change = channels_of(typed, KEPT)
    assert change.mail is not None and change.mail.to == ("a@b.example", "c@d.example")
    check(AlertSettings(limits_of(limits()), change.mail, change.webhook or ""))


def test_of_a_webhook_only_the_host_is_ever_shown() -> None:
    assert webhook_host("https://user:pw@chat.example:8443/s3cret?x=1") == "https://chat.example"
    assert webhook_host("") == ""


def test_the_desk_keeps_what_the_windows_lay_down_and_shows_no_secret(floor: ChainFloor) -> None:
    home = floor.home(HO)
    change_settings(home, {"silent_of": {"S001": 5}})
    desk = HomeDesk(home)
    try:
        desk.set_alert_channels(ChannelChange(MAIL, "https://chat.example/s3cret", "pa55"))
        desk.set_alert_limits(Limits(silent_minutes=90, silent_minutes_of={"S002": 7}))
        view = desk.alert_settings()
        assert view.limits == Limits(silent_minutes=90, silent_minutes_of={"S002": 7})
        assert view.mail == MAIL and view.has_password
        assert "s3cret" not in repr(view) and "pa55" not in repr(view)
        assert {code for code, _ in view.stores} >= {"S001", "S002"}
        desk.set_alert_channels(ChannelChange(MAIL))
        assert present_settings(home).webhook == "https://chat.example/s3cret"
        assert read_password(home) == "pa55"
        desk.set_alert_channels(ChannelChange(None, "", ""))
        assert desk.alert_settings().mail is None and read_password(home) == ""
        assert desk.try_alerts() == ()
    finally:
        desk.close()


def test_a_store_has_no_alert_settings(floor: ChainFloor) -> None:
    desk = HomeDesk(floor.home("S001"))
    try:
        with pytest.raises(KnownError, match="Only head office"):
            desk.alert_settings()
    finally:
        desk.close()


def test_limits_read_as_sentences() -> None:
    words = dict(limit_words(Limits(silent_minutes_of={"S002": 30}), {"S002": "Hull"}))
    assert words["Silent"] == "has not called for 24 hours"
    assert words["Single stores"] == "silent: S002 Hull after 30 minutes"
