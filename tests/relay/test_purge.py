"""Acknowledging, and forgetting what nobody needs any more: never more than that."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import Audience
from ginesys_sync.relay.desk import open_relay
from ginesys_sync.relay.main import invite
from ginesys_sync.relay.purge import drop_files
from ginesys_sync.wire.control_messages import SiteChange
from ginesys_sync.wire.messages import AcksRequest, MailRequest
from tests.relay.lanes import ALL, TO_HO, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

NewStore = Callable[[], Member]


def is_kept(server: ForkedRelay, body: Body) -> bool:
    return (server.home / "bodies" / body.sha256[:2] / body.sha256).exists()


def ack(member: Member, lane: Lane, to_no: int, run: int = 1) -> None:
    assert member.web.acks(AcksRequest(acks=[lane.ack(to_no, run=run)])).taken == 1


def rows(ho: Member, lane: Lane) -> list[tuple[str, int, int]]:
    found = ho.web.mail(MailRequest()).acks
    return [(r.site, r.ack.to_no, r.ack.run) for r in found if r.ack.stream == lane.text]


def test_the_same_acknowledgement_again_changes_nothing(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10) for _ in range(3)])
    for to_no, run in ((1, 1), (3, 1), (3, 1), (1, 1), (2, 1), (3, 2), (3, 2)):
        ack(store, lane, to_no, run)
    assert rows(ho, lane) == [(store.site, 1, 1), (store.site, 3, 1), (store.site, 3, 2)]


def test_a_collected_acknowledgement_that_comes_again_is_not_taken_for_a_new_one(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10)])
    ack(store, lane, 1)
    last = max(row.id for row in ho.web.mail(MailRequest()).acks)
    ho.open(mail=ho.request().mail.model_copy(update={"acks_after": last}))
    ack(store, lane, 1)
    assert rows(ho, lane) == []


def test_nothing_is_acknowledged_that_could_not_be_read(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store, other = Lane(ho, channel), new_store(), new_store()
    bills = Lane(store, channel)
    lane.send(1, [Body.of(10) for _ in range(3)], upto=2)
    bills.send(1, [Body.of(10)], TO_HO)
    wrong = [
        (store, lane.ack(3)),  # beyond the release
        (store, lane.ack(99)),
        (store, lane.ack(1).model_copy(update={"epoch": "9-" + "0" * 16})),
        (store, lane.ack(1).model_copy(update={"stream": "HO/nosuch"})),
        (store, bills.ack(1)),  # its own
        (other, bills.ack(1)),  # another store's
        (ho, lane.ack(1)),  # head office's own
        (store, lane.ack(2, kind="load")),  # no load was offered
    ]
    for member, bad in wrong:
        with pytest.raises(Refused) as refused:
            member.web.acks(AcksRequest(acks=[bad]))
        assert refused.value.reason == "ack_beyond"
    with pytest.raises(Refused):
        store.web.acks(AcksRequest(acks=[lane.ack(2), lane.ack(3)]))
    assert rows(ho, lane) == []  # all of a call or nothing


def test_a_body_is_dropped_when_the_last_site_of_its_set_has_applied_it(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, other = Lane(ho, channel), new_store(), new_store()
    bodies = [Body.of(40_000) for _ in range(3)]
    lane.send(1, bodies, Audience.of([one.site, other.site]))
    ack(one, lane, 3)
    assert [is_kept(server, body) for body in bodies] == [True, True, True]
    ack(other, lane, 2)
    assert [is_kept(server, body) for body in bodies] == [False, False, True]
    ack(other, lane, 3)
    assert [is_kept(server, body) for body in bodies] == [False, False, False]
    with pytest.raises(Refused) as refused:
        one.web.get_body(bodies[0].sha256, 40_000)
    assert refused.value.reason == "body_unknown"


def test_a_site_that_may_not_read_that_far_yet_holds_the_body(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, other = Lane(ho, channel), new_store(), new_store()
    body = Body.of(40_000)
    lane.send(1, [body], Audience.of([one.site, other.site]), upto=0)
    lane.post([], release=lane.release(1, [one.site]))
    ack(one, lane, 1)
    assert is_kept(server, body)
    lane.post([], release=lane.release(1))
    assert other.web.get_body(body.sha256, 40_000) == body.data


def test_a_body_that_another_batch_names_is_kept(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, other, body = Lane(ho, channel), new_store(), new_store(), Body.of(40_000)
    lane.send(1, [body], Audience.of([one.site]))
    lane.send(2, [body], Audience.of([other.site]))
    ack(one, lane, 2)
    assert is_kept(server, body)
    ack(other, lane, 2)
    assert not is_kept(server, body)


def test_a_dropped_body_that_is_sent_again_is_there_again(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store, body = Lane(ho, channel), new_store(), Body.of(40_000)
    only = Audience.of([store.site])
    lane.send(1, [body], only)
    ack(store, lane, 1)
    assert not is_kept(server, body)
    lane.send(2, [body], only)
    assert store.web.get_body(body.sha256, 40_000) == body.data


def test_a_body_that_comes_again_while_its_file_is_being_removed_stays(
    server: ForkedRelay, ho: Member
) -> None:
    body = Body.of(40_000)
    ho.web.put_body(body.sha256, body.data)
    with closing(open_relay(server.home)) as relay:
        drop_files(relay, [body.sha256])  # its row was dropped, and then it came again
    assert is_kept(server, body)


def test_a_batch_that_is_sent_again_after_it_was_purged_is_already_there(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    only = Audience.of([store.site])
    manifests = [lane.manifest(1, Body.of(10), only), lane.manifest(2, Body.of(10), only)]
    lane.post(manifests, [only], lane.release(2))
    ack(store, lane, 2)
    assert lane.post(manifests, [only]).already == 2
    assert lane.numbers(lane.read(store, 2)) == []


def test_bills_are_kept_until_head_office_has_them(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    store = new_store()
    lane, body = Lane(store, channel), Body.of(40_000)
    lane.send(1, [body], TO_HO)
    ho.web.change_site(SiteChange(site=store.site, state="closed"))
    assert is_kept(server, body)
    ack(ho, lane, 1)
    assert not is_kept(server, body)


def test_bills_wait_for_a_head_office_that_is_not_enrolled_yet(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with ForkedRelay(tmp_path_factory.mktemp("early") / "home", keep_days=0) as server:
        store = Member(server, "S001")
        lane, body = Lane(store, "sales"), Body.of(40_000)
        lane.send(1, [body], TO_HO)
        server.stop()
        server.start()
        ho = Member(server, "HO")
        ho.open()
        answer = lane.read(ho)
        assert lane.numbers(answer) == [1]
        assert ho.web.get_body(body.sha256, 40_000) == body.data


def test_what_is_for_all_waits_for_every_store_of_the_chain_and_for_no_other(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with ForkedRelay(tmp_path_factory.mktemp("all") / "home", keep_days=0) as server:
        ho, one, two, other = (Member(server, site) for site in ("HO", "S001", "S002", "S003"))
        invite(server.home, "S004", "store")
        lane, bodies = Lane(ho, "items"), [Body.of(40_000) for _ in range(2)]
        lane.send(1, bodies, ALL)
        ack(one, lane, 2)
        ack(two, lane, 1)
        assert [is_kept(server, body) for body in bodies] == [True, True]
        ho.web.change_site(SiteChange(site="S003", state="blocked"))
        assert [is_kept(server, body) for body in bodies] == [True, True]
        ho.web.change_site(SiteChange(site="S003", state="closed"))
        assert [is_kept(server, body) for body in bodies] == [False, True]
        ack(two, lane, 2)
        assert [is_kept(server, body) for body in bodies] == [False, False]

        # Opened again, it needs what is gone: it is not skipped, a first load is wanted.
        ho.web.change_site(SiteChange(site="S003", state="active"))
        answer = lane.read(other)
        assert (lane.numbers(answer), answer.streams[0].load) == ([], "wanted")
        assert answer.streams[0].complete == 0
        contact = next(c for c in ho.open().sites if c.site == "S003")
        assert contact.loads_wanted == [lane.text]


def test_a_closed_store_lets_go_of_what_it_held(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, other, body = Lane(ho, channel), new_store(), new_store(), Body.of(40_000)
    lane.send(1, [body], Audience.of([one.site, other.site]))
    ack(one, lane, 1)
    assert is_kept(server, body)
    ho.web.change_site(SiteChange(site=other.site, state="closed"))
    assert not is_kept(server, body)
