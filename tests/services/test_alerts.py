"""Alerts with a real chain, a real mail server and a real web hook; only the clock is turned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ginesys_sync.services.alert_settings import Mail, change_settings
from ginesys_sync.services.alert_watch import Watcher
from ginesys_sync.services.alerting import alert_list
from ginesys_sync.services.board import read_board
from ginesys_sync.services.board_views import Board, Level
from ginesys_sync.services.schedules import zone_or_own
from ginesys_sync.services.site import opened_site
from tests.support.chain_floor import HO, S001, S002, ChainFloor
from tests.support.hands import Hands
from tests.support.mail_server import CERT, HookServer, MailServer, hook_server, mail_server
from tests.support.settings import change_home


@contextmanager
def watching(floor: ChainFloor, clock: Hands) -> Iterator[Watcher]:
    """Head office's watch, whose looks a test takes itself."""
    with opened_site(floor.home(HO)) as site:
        yield Watcher(site, clock)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as server:
        yield server


def board(floor: ChainFloor, clock: Hands) -> Board:
    with opened_site(floor.home(HO)) as site, site.database.connect() as connection:
        return read_board(connection, clock.now(), zone_or_own("UTC"))


def write_to(floor: ChainFloor, server: MailServer, **more: str) -> None:
    letter = Mail("127.0.0.1", ("it@shop.example",), "sync@shop.example", server.port, user="sync")
    change_home(floor.home(HO), certificates=str(CERT))
    change_settings(floor.home(HO), {"mail": letter, **more}, "s3cret")


def told(floor: ChainFloor) -> list[tuple[str, str, bool]]:
    found, _ = alert_list(floor.home(HO), 100)
    return [(each.kind.value, each.site, each.cleared_at is not None) for each in reversed(found)]


def test_a_store_that_stays_silent_is_an_alert_once_and_it_clears_itself(
    floor: ChainFloor,
) -> None:
    clock = Hands()
    with watching(floor, clock) as watch:
        watch.look(asks=True)
        assert told(floor) == []
        # The Web Database's clock is the machine's: head office hears it from the future.
        floor.sql(HO, "UPDATE sync_contact SET last_seen_at = "
                      "strftime('%Y-%m-%dT%H:%M:%fZ', last_seen_at, '-25 hours') "
                      "WHERE site = 'S002'")  # fmt: skip
        for _ in range(3):
            watch.look(asks=False)
            clock.turn(minutes=1)
        assert told(floor) == [("silent", S002, False)]
        assert {line.code: line.level for line in board(floor, clock).lines} == {
            S001: Level.FINE,
            S002: Level.SILENT,
        }
        floor.done(S002)
        floor.done(HO)
        watch.look(asks=False)
        assert told(floor) == [("silent", S002, True)]
        assert board(floor, clock).alerts == ()


def test_a_look_asks_the_web_database_who_is_there_when_it_was_told_long_ago(
    floor: ChainFloor,
) -> None:
    floor.done(HO)
    clock = Hands()
    with watching(floor, clock) as watch:
        floor.calls.clear()
        watch.look(asks=True)
        assert floor.calls == []  # the last run was told a moment ago
        clock.turn(minutes=2)
        watch.look(asks=True)
        assert len(floor.calls) == 1
        floor.relay.stop()
        clock.turn(days=3)
        watch.look(asks=True)
        assert told(floor) == []  # it is head office that hears nothing
        assert "last asked 3 days ago" in board(floor, clock).note


def test_parked_records_and_a_wrong_clock_are_alerts_by_themselves(floor: ChainFloor) -> None:
    floor.sql(S001, "CREATE TRIGGER no BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT, 'no'); END")
    floor.sql(HO, "INSERT INTO item VALUES ('A', 'Apple', NULL)")
    floor.sync(HO)
    ahead = Hands()
    ahead.turn(minutes=7)
    floor.sync(S001, clock=ahead)
    floor.sync(HO)
    with watching(floor, Hands()) as watch:
        watch.look(asks=False)
    assert sorted(told(floor)) == [("clock", S001, False), ("parked", S001, False)]
    words = {each.words for each in board(floor, Hands()).alerts}
    assert "1 record needs attention at S001." in words
    assert any(each.startswith("S001's clock is") and "fast" in each for each in words)


def test_a_new_alert_goes_out_by_mail_and_webhook_once(
    floor: ChainFloor, mail: MailServer, hook: HookServer
) -> None:
    write_to(floor, mail, webhook=hook.url)
    floor.sql(HO, "UPDATE sync_contact SET clock_ahead_seconds = 900 WHERE site = 'S001'")
    with watching(floor, Hands()) as watch:
        for _ in range(3):
            watch.look(asks=False)
    (letter,) = mail.letters
    assert letter["Subject"] == "Data sync: S001's clock is 15 min fast"
    assert letter["To"] == "it@shop.example"
    assert mail.were_private == [True]
    assert len(mail.users) == 1
    (document,) = hook.documents
    assert document["text"] == "S001's clock is 15 min fast."
    assert [(each["kind"], each["site"]) for each in document["alerts"]] == [("clock", S001)]
    found, fault = alert_list(floor.home(HO), 1)
    assert found[0].told_at is not None
    assert fault == ""


def test_a_mail_server_that_fails_stops_nothing_is_said_and_tried_again_later(
    floor: ChainFloor, mail: MailServer, hook: HookServer, caplog: pytest.LogCaptureFixture
) -> None:
    write_to(floor, mail, webhook=hook.url)
    mail.refuses = True
    floor.sql(HO, "UPDATE sync_contact SET clock_ahead_seconds = 900 WHERE site = 'S001'")
    clock = Hands()
    with watching(floor, clock) as watch:
        watch.look(asks=False)
        watch.look(asks=False)
        assert len(hook.documents) == 1
        assert (
            alert_list(floor.home(HO), 1)[1] == "The mail server 127.0.0.1 refused every address."
        )
        assert "refused every address" in board(floor, clock).note
        mail.refuses = False
        watch.look(asks=False)
        assert mail.letters == []  # not yet: it rests a minute
        clock.turn(minutes=2)
        watch.look(asks=False)
    assert len(mail.letters) == 1
    assert len(hook.documents) == 1
    assert alert_list(floor.home(HO), 1)[1] == ""
    assert "s3cret" not in caplog.text


def test_a_webhook_follows_nobody_elsewhere_and_its_address_is_kept_to_itself(
    floor: ChainFloor, hook: HookServer, caplog: pytest.LogCaptureFixture
) -> None:
    change_settings(floor.home(HO), {"webhook": hook.url})
    hook.status = 302
    floor.sql(HO, "UPDATE sync_contact SET clock_ahead_seconds = 900 WHERE site = 'S001'")
    with watching(floor, Hands()) as watch:
        watch.look(asks=False)
    _, fault = alert_list(floor.home(HO), 1)
    assert fault == "The webhook at 127.0.0.1 refused the message (code 302)."
    assert "s3cret" not in caplog.text


def test_what_cleared_before_it_could_be_told_is_not_told(
    floor: ChainFloor, mail: MailServer
) -> None:
    write_to(floor, mail)
    mail.refuses = True
    floor.sql(HO, "UPDATE sync_contact SET clock_ahead_seconds = 900 WHERE site = 'S001'")
    clock = Hands()
    with watching(floor, clock) as watch:
        watch.look(asks=False)
        floor.sql(HO, "UPDATE sync_contact SET clock_ahead_seconds = 0")
        mail.refuses = False
        clock.turn(minutes=5)
        watch.look(asks=False)
    assert mail.letters == []
    assert alert_list(floor.home(HO), 1)[1] == ""
