"""Head office takes batches back: never what a store has heard of, and never half of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import Audience, Role
from ginesys_sync.relay import mail
from ginesys_sync.relay.desk import Caller, open_relay
from ginesys_sync.relay.withdrawing import withdraw
from ginesys_sync.wire.control_messages import ReloadRequest, WithdrawRequest
from ginesys_sync.wire.messages import (
    AcksRequest,
    LoadsRequest,
    MailCursor,
    MailRequest,
)
from ginesys_sync.wire.own_messages import OwnRequest
from tests.relay.lanes import Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member, RelayServer

NewStore = Callable[[], Member]


def take_back(lane: Lane, *numbers: int, sites: list[str] | None = None) -> dict[int, list[str]]:
    """What was listed already, by number; empty when everything was taken back."""
    answer = lane.member.web.withdraw(
        WithdrawRequest(
            channel=lane.channel, epoch=lane.member.epoch, numbers=list(numbers), sites=sites
        )
    )
    return {each.no: each.sites for each in answer.listed}


def test_a_batch_taken_back_from_all_is_passed_over_and_only_its_origin_may_have_it(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    bodies = [Body.of(50_000) for _ in range(3)]
    lane.send(1, bodies)
    assert take_back(lane, 2) == {}
    assert take_back(lane, 2) == {}
    answer = lane.read(store)
    assert lane.numbers(answer) == [1, 3]
    assert next(s for s in answer.streams if s.stream == lane.text).complete == 3
    with pytest.raises(Refused, match="no such batch"):
        store.web.get_body(bodies[1].sha256, 50_000)
    own = ho.web.own(OwnRequest(channel=channel)).batches
    assert [each.is_kept for each in own] == [True, True, True]
    assert ho.web.get_body(bodies[1].sha256, 50_000) == bodies[1].data


def test_what_was_listed_is_told_by_name_and_nothing_of_the_call_is_done(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, two = Lane(ho, channel), new_store(), new_store()
    lane.send(1, [Body.of(10) for _ in range(3)])
    assert lane.numbers(lane.read(one, upto=2)) == [1, 2]
    assert take_back(lane, 2, 3) == {2: [one.site]}
    assert lane.numbers(lane.read(two)) == [1, 2, 3]


def test_taken_back_from_one_store_the_others_still_get_it(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, two = Lane(ho, channel), new_store(), new_store()
    bodies = [Body.of(50_000) for _ in range(2)]
    lane.send(1, bodies)
    assert take_back(lane, 1, sites=[one.site]) == {}
    assert lane.numbers(lane.read(one)) == [2]
    assert lane.numbers(lane.read(two)) == [1, 2]
    with pytest.raises(Refused, match="no such batch"):
        one.web.get_body(bodies[0].sha256, 50_000)
    assert two.web.get_body(bodies[0].sha256, 50_000) == bodies[0].data
    # It was never listed to `one`, who is beyond it now: taking it from all concerns `two` alone.
    assert take_back(lane, 1) == {1: [two.site]}


def test_only_those_it_is_for_can_have_heard_of_it(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, two = Lane(ho, channel), new_store(), new_store()
    lane.send(1, [Body.of(10)], Audience.of([one.site]))
    lane.send(2, [Body.of(10)])
    assert lane.numbers(lane.read(two)) == [2]
    assert take_back(lane, 1) == {}
    assert lane.numbers(lane.read(one)) == [2]


def test_what_a_full_load_holds_cannot_be_taken_back_from_the_store_that_gets_it(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane = Lane(ho, channel)
    lane.send(1, [Body.of(10), Body.of(10)])
    late, chunk = new_store(), Body.of(10)
    ho.web.put_body(chunk.sha256, chunk.data)
    ho.web.loads(LoadsRequest(sites=[late.site], load=lane.load(1, [chunk])))
    assert take_back(lane, 1) == {1: [late.site]}
    assert take_back(lane, 2) == {2: [late.site]}  # it was here before: the load may hold it
    lane.send(3, [Body.of(10)])
    assert take_back(lane, 3) == {}
    late.web.acks(AcksRequest(acks=[lane.ack(1, kind="load")]))
    assert lane.numbers(lane.read(late, 1)) == [2]


def test_a_gap_whose_body_is_gone_is_no_broken_tail(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    lane = Lane(ho, channel)
    lane.send(1, [Body.of(10) for _ in range(2)])
    take_back(lane, 2)
    with closing(sqlite3.connect(server.home / "relay.sqlite3")) as connection, connection:
        connection.execute(
            "UPDATE batches SET purged = 1 WHERE no = 2 AND stream = (SELECT stream FROM streams"
            " WHERE channel = ?)",
            (channel,),
        )
    late, chunk = new_store(), Body.of(10)
    ho.web.put_body(chunk.sha256, chunk.data)
    offered = ho.web.loads(LoadsRequest(sites=[late.site], load=lane.load(1, [chunk]))).offered
    assert offered == [late.site]


def test_no_other_stream_and_no_number_to_come_can_be_taken_back(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    with pytest.raises(Refused, match="has no number 1 at the Web Database"):
        take_back(lane, 1)
    lane.send(1, [Body.of(10)])
    with pytest.raises(Refused, match="has no number 2 at the Web Database"):
        take_back(lane, 1, 2)
    with pytest.raises(Refused, match="Only head office may do this"):
        take_back(Lane(store, channel), 1)
    assert lane.numbers(lane.read(store)) == [1]


def test_what_is_taken_back_while_it_is_being_listed_does_not_go_out(
    server: ForkedRelay,
    ho: Member,
    new_store: NewStore,
    channel: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10), Body.of(10)])
    relay = open_relay(server.home)
    office = Caller("default", "HO", Role.HO, ho.epoch, 1)
    reader = Caller("default", store.site, Role.STORE, store.epoch, 1)
    note, calls = mail._note, []

    def late(*facts: object) -> bool:
        if not calls:
            request = WithdrawRequest(channel=channel, epoch=ho.epoch, numbers=[1])
            assert withdraw(relay, office, request).listed == []
        calls.append(facts)
        return note(*facts)  # type: ignore[arg-type]

    monkeypatch.setattr(mail, "_note", late)
    cursor = MailCursor(stream=lane.text, epoch=ho.epoch, after=0)
    answer = mail.read_mail(relay, reader, MailRequest(streams=[cursor]))
    assert lane.numbers(answer) == [2]
    assert len(calls) == 2
    relay.database.close()


def test_nothing_is_written_for_a_page_that_lists_nothing_new(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10)])
    lane.read(store)

    def version() -> int:
        with closing(sqlite3.connect(server.home / "relay.sqlite3")) as connection:
            return int(connection.execute("SELECT total(listed) FROM reach").fetchone()[0])

    before = version()
    lane.read(store)
    lane.read(store, 1)
    assert version() == before


def test_what_was_here_before_lists_were_kept_may_have_been_heard_of_by_anybody(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with RelayServer(home) as server:
        ho, store = Member(server, "HO"), Member(server, "S001")
        lane = Lane(ho, "items")
        lane.send(1, [Body.of(10)])
        with closing(sqlite3.connect(home / "relay.sqlite3")) as connection, connection:
            connection.execute("UPDATE streams SET listed_before = head")
        lane.send(2, [Body.of(10)])
        assert take_back(lane, 1) == {1: [store.site]}
        assert take_back(lane, 2) == {}


def test_a_store_that_is_to_be_reloaded_is_not_spared_the_load_by_its_past(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10) for _ in range(3)])
    lane.read(store)
    store.web.acks(AcksRequest(acks=[lane.ack(3, run=7)]))
    assert lane.text in ho.web.reload(ReloadRequest(site=store.site)).loads_wanted
    lane.send(4, [Body.of(10)])
    for _ in range(2):
        answer = lane.read(store, 3)
        assert lane.numbers(answer) == []
        assert next(s for s in answer.streams if s.stream == lane.text).load == "wanted"
    chunk = Body.of(10)
    ho.web.put_body(chunk.sha256, chunk.data)
    ho.web.loads(LoadsRequest(sites=[store.site], load=lane.load(3, [chunk])))
    assert [load.no for load in lane.read(store, 3).loads if load.stream == lane.text] == [3]
    # The load brings it where it was, in the run in which it said so: head office hears of it.
    store.web.acks(AcksRequest(acks=[lane.ack(3, run=7, kind="load")]))
    told = [row.ack.kind for row in ho.web.mail(MailRequest()).acks if row.ack.stream == lane.text]
    assert told == ["data", "load"]
    assert lane.numbers(lane.read(store, 3)) == [4]


def test_only_a_store_that_is_known_can_be_reloaded(ho: Member, new_store: NewStore) -> None:
    with pytest.raises(Refused, match="knows no site S999"):
        ho.web.reload(ReloadRequest(site="S999"))
    with pytest.raises(Refused, match="Head office can be neither"):
        ho.web.reload(ReloadRequest(site="HO"))
    store = new_store()
    with pytest.raises(Refused, match="Only head office may do this"):
        store.web.reload(ReloadRequest(site=store.site))
