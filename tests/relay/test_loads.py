"""First loads: wanted, offered, ready, applied; the tail is held from the offer on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import Audience
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.relay.main import invite
from ginesys_sync.wire.control_messages import SiteChange
from ginesys_sync.wire.messages import (
    AcksRequest,
    EnrolRequest,
    LoadsRequest,
    MailAnswer,
    MailRequest,
)
from tests.relay.lanes import TO_HO, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member


class Chain:
    """Head office and S001, which has applied five batches of one lane; S002 joins."""

    def __init__(self, server: ForkedRelay) -> None:
        self.server = server
        self.ho, self.old = Member(server, "HO"), Member(server, "S001")
        self.lane = Lane(self.ho, "items")
        self.bodies = [Body.of(40_000) for _ in range(5)]
        self.lane.send(1, self.bodies)
        self.old.web.acks(AcksRequest(acks=[self.lane.ack(5)]))
        self.new = Member(server, "S002")
        self.chunks = [Body.of(50_000), Body.of(1_000)]

    def wanted(self, site: str) -> list[str]:
        run = max(contact.run for contact in self.ho.open(10_000).sites if contact.site == "HO")
        contacts = {contact.site: contact for contact in self.ho.open(run).sites}
        return contacts[site].loads_wanted

    def offer(self, no: int, *sites: str) -> list[str]:
        for chunk in self.chunks:
            self.ho.web.put_body(chunk.sha256, chunk.data)
        load = self.lane.load(no, self.chunks)
        answer = self.ho.web.loads(LoadsRequest(sites=list(sites), load=load))
        assert answer.missing == []
        return answer.offered

    def mail(self, member: Member, after: int = 0) -> MailAnswer:
        return self.lane.read(member, after)

    def load_ack(self, no: int, run: int = 1) -> AcksRequest:
        return AcksRequest(acks=[self.lane.ack(no, run=run, kind="load")])

    def kept(self, bodies: list[Body]) -> list[bool]:
        paths = [self.server.home / "bodies" / body.sha256[:2] / body.sha256 for body in bodies]
        return [path.exists() for path in paths]


@pytest.fixture
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with ForkedRelay(tmp_path_factory.mktemp("chain") / "home", keep_days=0) as server:
        yield Chain(server)


def test_a_store_that_joins_late_wants_a_load_and_reads_nothing_until_then(
    chain: Chain,
) -> None:
    answer = chain.mail(chain.new)
    assert (answer.batches, answer.loads, answer.more) == ([], [], False)
    place = answer.streams[0]
    assert (place.load, place.complete, place.head) == ("wanted", 0, 5)
    assert chain.wanted("S002") == ["HO/items"]
    assert chain.wanted("S001") == []


def test_an_offered_load_is_read_applied_and_followed_by_the_tail(chain: Chain) -> None:
    assert chain.offer(5, "S002") == ["S002"]
    answer = chain.mail(chain.new)
    assert (answer.streams[0].load, answer.streams[0].complete) == ("ready", 0)
    load = answer.loads[0]
    assert (load.stream, load.no, load.epoch) == ("HO/items", 5, chain.ho.epoch)
    assert [chain.new.web.get_body(c.sha256, c.size) for c in load.chunks] == [
        body.data for body in chain.chunks
    ]
    chain.lane.send(6, [Body.of(10)])
    assert chain.mail(chain.new).batches == []
    assert chain.wanted("S002") == []

    chain.new.web.acks(chain.load_ack(5))
    answer = chain.mail(chain.new, 5)
    assert (chain.lane.numbers(answer), answer.loads) == ([6], [])
    assert answer.streams[0].load == "none"
    acks = chain.ho.web.mail(MailRequest()).acks
    assert [(row.site, row.ack.kind, row.ack.to_no) for row in acks][-1] == ("S002", "load", 5)


def test_offer_and_acknowledgement_may_be_repeated(chain: Chain) -> None:
    assert chain.offer(5, "S002") == chain.offer(5, "S002", "S001", "NOSUCH") == ["S002"]
    assert len(chain.mail(chain.new).loads) == 1
    for _ in range(2):
        assert chain.new.web.acks(chain.load_ack(5)).taken == 1
    acks = chain.ho.web.mail(MailRequest()).acks
    assert [row.ack.kind for row in acks if row.site == "S002"] == ["load"]
    assert chain.offer(5, "S002") == []


def test_a_load_whose_bodies_are_not_there_names_them(chain: Chain) -> None:
    load = chain.lane.load(5, chain.chunks)
    answer = chain.ho.web.loads(LoadsRequest(sites=["S002"], load=load))
    assert (answer.offered, answer.missing) == ([], [body.sha256 for body in chain.chunks])
    assert chain.mail(chain.new).streams[0].load == "wanted"


def test_only_who_was_offered_a_load_reads_its_chunks(chain: Chain) -> None:
    chain.offer(5, "S002")
    with pytest.raises(Refused) as refused:
        chain.old.web.get_body(chain.chunks[0].sha256, 50_000)
    assert refused.value.reason == "body_unknown"


def test_chunks_are_shared_and_dropped_after_the_last_store_has_applied_them(
    chain: Chain,
) -> None:
    third = Member(chain.server, "S003")
    assert chain.offer(5, "S002", "S003") == ["S002", "S003"]
    chain.new.web.acks(chain.load_ack(5))
    assert chain.kept(chain.chunks[:1]) == [True]
    third.web.acks(chain.load_ack(5))
    assert chain.kept(chain.chunks[:1]) == [False]


def test_the_tail_after_an_offered_load_is_held_for_the_store(chain: Chain) -> None:
    chain.offer(5, "S002")
    tail = [Body.of(40_000), Body.of(40_000)]
    chain.lane.send(6, tail)
    chain.old.web.acks(AcksRequest(acks=[chain.lane.ack(7)]))
    assert chain.kept(tail) == [True, True]
    chain.new.web.acks(chain.load_ack(5))
    assert chain.kept(tail) == [True, True]
    chain.new.web.acks(AcksRequest(acks=[chain.lane.ack(7)]))
    assert chain.kept(tail) == [False, False]


def test_a_store_that_waits_for_a_load_holds_nothing(chain: Chain) -> None:
    tail = [Body.of(40_000)]
    chain.lane.send(6, tail)
    chain.old.web.acks(AcksRequest(acks=[chain.lane.ack(6)]))
    assert chain.kept(tail) == [False]


def test_a_load_without_its_whole_tail_is_refused(chain: Chain) -> None:
    chain.lane.send(6, [Body.of(40_000)])
    chain.old.web.acks(AcksRequest(acks=[chain.lane.ack(6)]))
    with pytest.raises(Refused) as refused:
        chain.offer(5, "S002")
    assert refused.value.reason == "load_refused"
    assert chain.offer(6, "S002") == ["S002"]


def test_a_gap_in_the_tail_that_concerns_only_others_does_no_harm(chain: Chain) -> None:
    chain.lane.send(6, [Body.of(40_000)], Audience.of(["S001"]))
    chain.old.web.acks(AcksRequest(acks=[chain.lane.ack(6)]))
    assert chain.offer(5, "S002") == ["S002"]


def test_the_offer_lets_the_store_read_up_to_the_load(chain: Chain) -> None:
    chain.lane.send(6, [Body.of(10), Body.of(10)], upto=0)
    assert chain.offer(6, "S002") == ["S002"]
    chain.new.web.acks(chain.load_ack(6))
    assert chain.mail(chain.new, 6).streams[0].head == 6
    assert chain.mail(chain.old, 5).streams[0].head == 5


def test_only_head_office_offers_loads_and_only_of_its_own_streams(chain: Chain) -> None:
    load = chain.lane.load(5, [])
    bills = Lane(chain.old, "sales")
    bills.send(1, [Body.of(10)], TO_HO)
    with pytest.raises(Refused) as refused:
        chain.old.web.loads(LoadsRequest(sites=["S002"], load=load))
    assert refused.value.reason == "ho_only"
    for strange in (
        bills.load(1, []),
        load.model_copy(update={"stream": "S001/sales"}),
        load.model_copy(update={"epoch": "9-" + "0" * 16}),
    ):
        with pytest.raises(Refused) as refused:
            chain.ho.web.loads(LoadsRequest(sites=["S002"], load=strange))
        assert refused.value.reason == "not_your_stream"
    with pytest.raises(Refused) as refused:
        chain.ho.web.loads(LoadsRequest(sites=["S002"], load=chain.lane.load(99, [])))
    assert refused.value.reason == "load_refused"


def enrol_again(chain: Chain, member: Member) -> None:
    code, member.key = invite(chain.server.home, member.site, "store"), secrets.token_hex(32)
    member.web = WebDatabase(chain.server.url, member.site, member.key)
    member.epoch = member.web.enrol(
        EnrolRequest(site=member.site, role="store", code=code, key=member.key, program="test")
    ).epoch


def test_a_store_enrolled_again_with_its_database_goes_on_without_a_load(chain: Chain) -> None:
    chain.lane.send(6, [Body.of(10)])
    enrol_again(chain, chain.old)
    assert chain.wanted("S001") == ["HO/items"]
    answer = chain.mail(chain.old, 5)
    assert (answer.streams[0].load, chain.lane.numbers(answer)) == ("none", [6])
    assert chain.wanted("S001") == []


def test_what_comes_while_a_store_is_enrolled_again_is_held_for_it(chain: Chain) -> None:
    chain.offer(5, "S002")
    chain.new.web.acks(chain.load_ack(5))
    enrol_again(chain, chain.old)
    tail = [Body.of(40_000)]
    chain.lane.send(6, tail)
    chain.new.web.acks(AcksRequest(acks=[chain.lane.ack(6)]))
    assert chain.kept(tail) == [True]
    assert chain.lane.numbers(chain.mail(chain.old, 5)) == [6]


def test_a_store_enrolled_again_without_its_database_waits_for_a_load(chain: Chain) -> None:
    enrol_again(chain, chain.old)
    for _ in range(2):
        assert chain.mail(chain.old, 0).streams[0].load == "wanted"
    assert chain.offer(5, "S001", "S002") == ["S001", "S002"]
    chain.old.web.acks(chain.load_ack(5, run=2))
    assert chain.mail(chain.old, 5).streams[0].load == "none"


def test_a_store_brought_back_behind_what_is_kept_wants_a_load(chain: Chain) -> None:
    answer = chain.mail(chain.old, 2)
    assert (answer.batches, answer.streams[0].load) == ([], "wanted")
    assert chain.wanted("S001") == ["HO/items"]


def test_a_load_offered_to_a_store_that_is_closed_lets_go_of_its_chunks(chain: Chain) -> None:
    chain.offer(5, "S002")
    chain.ho.web.change_site(SiteChange(site="S002", state="closed"))
    chain.server.stop()
    chain.server.start()  # the sweep at the start
    chain.server.stop()
    assert chain.kept(chain.chunks[:1]) == [False]
    chain.server.start()
