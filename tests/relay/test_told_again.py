"""What a sender that was brought back from an older copy is told once more: what it took back, and
what its readers said needs attention.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import Role
from ginesys_sync.relay import withdrawing
from ginesys_sync.relay.desk import Caller, open_relay
from ginesys_sync.wire.control_messages import (
    WithdrawAnswer,
    Withdrawn,
    WithdrawnRequest,
    WithdrawRequest,
)
from ginesys_sync.wire.messages import Ack, AcksRequest, MailRequest, ParkedWord
from tests.relay.lanes import Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member, RelayServer

pytestmark = pytest.mark.long

NewStore = Callable[[], Member]


def take_back(lane: Lane, *numbers: int, **more: Any) -> WithdrawAnswer:
    asked = WithdrawRequest(
        channel=lane.channel, epoch=lane.member.epoch, numbers=list(numbers), **more
    )
    return lane.member.web.withdraw(asked)


def told(lane: Lane, after: int = 0) -> list[tuple[int, list[str]]]:
    answer = lane.member.web.withdrawn(WithdrawnRequest(channel=lane.channel, after=after))
    return [(one.no, one.sites) for one in answer.withdrawn]


def test_what_was_taken_back_is_told_and_the_word_for_it_is_another_one(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    bodies = [Body.of(10), Body.of(50_000), Body.of(10)]
    lane.send(1, bodies)
    first = take_back(lane, 3)
    second = take_back(lane, 1, 2, sites=[store.site])
    assert first.before != first.after == second.before != second.after
    assert take_back(lane, 3).after == second.after, "it says nothing new"
    assert ho.open().withdrawals == second.after
    assert told(lane) == [(1, [store.site]), (2, [store.site]), (3, ["*"])]
    assert told(lane, 2) == [(3, ["*"])]
    assert told(Lane(ho, "nothing")) == []
    answer = ho.web.withdrawn(WithdrawnRequest(channel=channel, after=1))
    assert answer.withdrawn[0] == Withdrawn(
        no=2, sha256=bodies[1].sha256, is_kept=True, sites=[store.site]
    )


def test_a_page_is_full_and_says_more(
    ho: Member, channel: str, server: ForkedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = Lane(ho, channel)
    lane.send(1, [Body.of(10) for _ in range(5)])
    take_back(lane, 1, 2, sites=["S001", "S002"])
    take_back(lane, 3, 5)
    relay = open_relay(server.home)
    office = Caller("default", "HO", Role.HO, ho.epoch, 1)
    monkeypatch.setattr(withdrawing, "_A_PAGE", 3)
    first = withdrawing.list_withdrawn(relay, office, WithdrawnRequest(channel=channel))
    assert ([one.no for one in first.withdrawn], first.more) == ([1, 2], True)
    rest = withdrawing.list_withdrawn(relay, office, WithdrawnRequest(channel=channel, after=2))
    assert ([one.no for one in rest.withdrawn], rest.more) == ([3, 5], False)
    relay.database.close()


def test_only_head_office_is_told_what_was_taken_back(ho: Member, new_store: NewStore) -> None:
    store = new_store()
    assert store.open().withdrawals == ""
    with pytest.raises(Refused, match="Only head office may do this"):
        store.web.withdrawn(WithdrawnRequest(channel="items"))


def test_taken_back_again_it_is_from_those_who_have_not_heard_of_it(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, two = Lane(ho, channel), new_store(), new_store()
    lane.send(1, [Body.of(10), Body.of(10), Body.of(10)])
    assert lane.numbers(lane.read(one, upto=1)) == [1]
    assert take_back(lane, 1, 2).listed[0].sites == [one.site]
    assert told(lane) == []
    for _ in range(2):
        answer = take_back(lane, 1, 2, again=True)
        assert [(each.no, each.sites) for each in answer.listed] == [(1, [one.site])]
    assert lane.numbers(lane.read(two)) == [3]
    assert lane.numbers(lane.read(one)) == [1, 3]
    answer = take_back(lane, 3, sites=[one.site, two.site], again=True)
    assert answer.listed[0].sites == sorted([one.site, two.site])
    assert [no for no, _ in told(lane)] == [1, 2]


def test_what_came_before_a_web_database_was_brought_back_may_have_been_heard_of_by_anybody(
    tmp_path: Path,
) -> None:
    with RelayServer(tmp_path / "home") as server:
        ho, store = Member(server, "HO"), Member(server, "S001")
        lane = Lane(ho, "items")
        lane.send(1, [Body.of(10)])
        ho.open(5)
        assert ho.open(8, opened=7).set_back
        lane.send(2, [Body.of(10)])
        assert take_back(lane, 2).listed[0].sites == [store.site]
        assert not ho.open(9, opened=8).set_back
        lane.send(3, [Body.of(10)])
        assert take_back(lane, 1, 2, 3).listed[1].sites == [store.site]
        assert take_back(lane, 3).listed == []
        assert take_back(lane, 1, again=True).listed == [], "it was taken back before that"


def test_what_an_older_program_took_back_has_a_word(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with RelayServer(home) as server:
        lane = Lane(Member(server, "HO"), "items")
        lane.send(1, [Body.of(10)])
        take_back(lane, 1)
        server.stop()
        with closing(sqlite3.connect(home / "relay.sqlite3")) as connection, connection:
            connection.execute("ALTER TABLE organisations DROP COLUMN withdrawals")
            connection.execute("ALTER TABLE incarnations DROP COLUMN since")
            connection.execute("DROP TABLE last_words")
            connection.execute("UPDATE relay_version SET version_num = '0008'")
        server.start()
        assert lane.member.open().withdrawals != ""
        assert told(lane) == [(1, ["*"])]


def parked(*keys: str) -> list[ParkedWord]:
    return [
        ParkedWord(entity="items", key=[key], no=1, code="missing", reason="no shelf")
        for key in keys
    ]


def words(rows: list[Ack]) -> list[tuple[int, int, list[object]]]:
    return [(ack.to_no, ack.parked_total, [word.key[0] for word in ack.parked]) for ack in rows]


def own_acks(ho: Member, lane: Lane, after: int) -> list[Ack]:
    rows = ho.web.mail(MailRequest(acks_after=after)).acks
    return [row.ack for row in rows if row.ack.stream == lane.text]


def last_ack(ho: Member) -> int:
    after = 0
    while acks := ho.web.mail(MailRequest(acks_after=after)).acks:
        after = acks[-1].id
    return after


def test_who_was_brought_back_is_told_the_last_words_of_those_who_ever_needed_attention(
    server: ForkedRelay, new_store: NewStore, channel: str
) -> None:
    ho = Member(server, "HO")
    lane, stuck, mended, fine = Lane(ho, channel), new_store(), new_store(), new_store()
    lane.send(1, [Body.of(10) for _ in range(3)])

    def say(store: Member, to_no: int, *keys: str) -> None:
        ack = lane.ack(to_no).model_copy(
            update={"parked_total": len(keys), "parked": parked(*keys)}
        )
        store.web.acks(AcksRequest(acks=[ack]))

    say(stuck, 1, "A")
    say(stuck, 2, "A", "B")
    say(mended, 1, "A")
    say(mended, 3)
    say(fine, 3)
    run, had = 7, last_ack(ho)
    ho.open(run, mail=MailRequest(acks_after=had))
    assert own_acks(ho, lane, 0) == []
    back = ho.open(run - 1, can_heal=True).restored
    assert back is not None
    ho.incarnation = back.incarnation
    assert ho.open(run + 1, mail=MailRequest(acks_after=had), can_heal=True).restored is None
    again = own_acks(ho, lane, had)
    assert words(again) == [(2, 2, ["A", "B"]), (3, 0, [])]
    assert [ack.from_no for ack in again] == [2, 3]
    ho.open(run + 2, mail=MailRequest(acks_after=last_ack(ho)))
    assert own_acks(ho, lane, had) == [], "once"
