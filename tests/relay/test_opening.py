"""The first call of a run: repeats, restored and cloned sites, what has to be sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ginesys_sync.core.clock import iso
from ginesys_sync.core.errors import Refused
from ginesys_sync.wire.messages import StreamPlace
from tests.relay.lanes import TO_HO, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

NewStore = Callable[[], Member]


def test_the_same_run_may_be_opened_again_and_a_higher_one_follows(new_store: NewStore) -> None:
    store = new_store()
    assert store.open(5).relay_id == store.open(5).relay_id == store.open(6).relay_id


def test_head_office_learns_of_every_site_and_a_store_of_none(
    ho: Member, new_store: NewStore
) -> None:
    store = new_store()
    assert store.open(7).sites == []
    contacts = {contact.site: contact for contact in ho.open(1).sites}
    assert contacts["HO"].role == "ho"
    mine = contacts[store.site]
    assert (mine.state, mine.run, mine.plan_version, mine.program) == ("active", 7, 1, "test")
    assert mine.enrolled_at is not None
    assert mine.last_seen_at is not None


def test_it_answers_how_far_the_own_streams_are_there(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    store = new_store()
    lane, other = Lane(store, channel), Lane(store, f"{channel}b")
    lane.send(1, [Body.of(10), Body.of(10)], TO_HO)
    answer = store.open(
        heads=[
            StreamPlace(stream=lane.text, epoch=store.epoch, no=5),
            StreamPlace(stream=other.text, epoch=store.epoch, no=3),
        ]
    )
    assert {(place.stream, place.no) for place in answer.own} == {(lane.text, 2), (other.text, 0)}
    assert answer.missing == []


def test_a_body_that_was_lost_on_the_disk_is_asked_for_again(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    store = new_store()
    lane, large = Lane(store, channel), Body.of(100_000)
    lane.send(1, [Body.of(10), large], TO_HO)
    path = server.home / "bodies" / large.sha256[:2] / large.sha256
    path.unlink()
    assert store.open().missing == [large.sha256]
    with pytest.raises(Refused) as refused:
        ho.web.get_body(large.sha256, len(large.data))
    assert refused.value.reason == "body_gone"
    store.web.put_body(large.sha256, large.data)
    assert store.open().missing == []
    assert path.read_bytes() == large.data


def test_head_office_learns_how_far_a_clock_is_ahead(ho: Member, new_store: NewStore) -> None:
    fast, slow = new_store(), new_store()
    fast.open(1, clock=iso(datetime.now(UTC) + timedelta(minutes=7)))
    slow.open(1, clock=iso(datetime.now(UTC) - timedelta(days=2)))
    ahead = {each.site: each.clock_ahead_seconds for each in ho.open(1).sites}
    assert abs(ahead[fast.site] - 420) < 30
    assert abs(ahead[slow.site] + 2 * 86_400) < 30
    assert abs(ahead["HO"]) < 30
