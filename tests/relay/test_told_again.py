"""What a sender that was brought back from an older copy is told once more: what it took back, and
what its readers said needs attention.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.core.errors import Refused
from ginesys_sync.relay import withdrawing
from ginesys_sync.relay.desk import open_relay
from ginesys_sync.wire.control_messages import Withdrawn, WithdrawnRequest, WithdrawRequest
from ginesys_sync.wire.messages import Ack, AcksRequest, MailRequest, ParkedWord
from tests.relay.lanes import Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member, RelayServer

pytestmark = pytest.mark.long

NewStore = Callable[[], Member]


def take_back(lane: Lane, *numbers: int, sites: list[str] | None = None) -> int:
    """The number that the withdrawal has."""
    asked = WithdrawRequest(
        channel=lane.channel, epoch=lane.member.epoch, numbers=list(numbers), sites=sites
    )
    answer = lane.member.web.withdraw(asked)
    assert answer.listed == []
    return answer.number


def told(ho: Member, after: int) -> list[tuple[str, int, list[str]]]:
    answer = ho.web.withdrawn(WithdrawnRequest(after=after))
    return [(one.channel, one.no, one.sites) for one in answer.withdrawn]


def test_what_was_taken_back_is_told_in_order_and_from_where_it_is_asked(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    bodies = [Body.of(10), Body.of(50_000), Body.of(10)]
    lane.send(1, bodies)
    first = take_back(lane, 3)
    second = take_back(lane, 1, 2, sites=[store.site])
    assert second == first + 1
    assert take_back(lane, 3) == second, "it says nothing new"
    assert told(ho, first - 1) == [
        (channel, 3, ["*"]),
        (channel, 1, [store.site]),
        (channel, 2, [store.site]),
    ]
    assert told(ho, first) == [(channel, 1, [store.site]), (channel, 2, [store.site])]
    assert told(ho, second) == []
    answer = ho.web.withdrawn(WithdrawnRequest(after=first))
    assert answer.up_to == ho.open().withdrawals == second
    assert answer.withdrawn[1] == Withdrawn(
        channel=channel,
        epoch=ho.epoch,
        no=2,
        sha256=bodies[1].sha256,
        size=50_000,
        is_kept=True,
        sites=[store.site],
    )


def test_a_page_ends_with_a_whole_withdrawal(
    ho: Member, channel: str, server: ForkedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = Lane(ho, channel)
    lane.send(1, [Body.of(10) for _ in range(5)])
    first = take_back(lane, 1, 2)
    take_back(lane, 3)
    last = take_back(lane, 4, 5)
    relay = open_relay(server.home)
    office = withdrawing.Caller("default", "HO", ho.role, ho.epoch, 1)
    monkeypatch.setattr(withdrawing, "_A_PAGE", 2)
    pages, after = [], first - 1
    while after < last:
        answer = withdrawing.list_withdrawn(relay, office, WithdrawnRequest(after=after))
        assert answer.up_to > after
        pages.append([one.no for one in answer.withdrawn])
        after = answer.up_to
    assert pages == [[1, 2], [3, 4, 5]]
    relay.database.close()


def test_only_head_office_is_told_what_was_taken_back(ho: Member, new_store: NewStore) -> None:
    store = new_store()
    assert store.open().withdrawals == 0
    with pytest.raises(Refused, match="Only head office may do this"):
        store.web.withdrawn(WithdrawnRequest())


def test_whoever_knows_a_later_withdrawal_finds_the_web_database_set_back(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "home") as server:
        ho, store = Member(server, "HO"), Member(server, "S001")
        lane = Lane(ho, "items")
        lane.send(1, [Body.of(10)])
        assert take_back(lane, 1) == 1
        store.open(5)
        assert not ho.open(7, withdrawals=1).set_back
        assert ho.open(8, withdrawals=2, opened=7).set_back
        assert store.open(6, opened=5).set_back, "what was lost may have been meant for it"
        assert not ho.open(9, withdrawals=0, opened=8).set_back


def test_what_an_older_program_took_back_is_numbered_by_its_moments(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with RelayServer(home) as server:
        lane = Lane(Member(server, "HO"), "items")
        lane.send(1, [Body.of(10) for _ in range(4)])
        for no in (2, 1, 4):
            take_back(lane, no)
        server.stop()
        with closing(sqlite3.connect(home / "relay.sqlite3")) as connection, connection:
            connection.execute("DROP INDEX withdrawn_in_order")
            connection.execute("ALTER TABLE withdrawn DROP COLUMN withdrawal")
            connection.execute("ALTER TABLE organisations DROP COLUMN last_withdrawal")
            connection.execute("DROP TABLE last_words")
            connection.execute("UPDATE relay_version SET version_num = '0008'")
            connection.execute("UPDATE withdrawn SET at = 't' || CASE no WHEN 2 THEN 1 ELSE 2 END")
        server.start()
        ho = lane.member
        assert told(ho, 0) == [("items", 2, ["*"]), ("items", 1, ["*"]), ("items", 4, ["*"])]
        assert told(ho, 1) == [("items", 1, ["*"]), ("items", 4, ["*"])]
        assert take_back(lane, 3) == 3


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
