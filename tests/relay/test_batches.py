"""Handing in batches: no gap, repeats, other bytes under a number, sets of sites, release."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import Audience
from ginesys_sync.wire.messages import BatchesRequest, Manifest, Release
from tests.relay.lanes import ALL, TO_HO, Body, Lane
from tests.support.relay_server import Member

NewStore = Callable[[], Member]


def reason(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.reason


def changed(manifest: Manifest, **facts: object) -> Manifest:
    return manifest.model_copy(update=facts)


def test_the_same_batches_again_are_already_there(ho: Member, channel: str) -> None:
    lane = Lane(ho, channel)
    manifests = [lane.manifest(no, Body.of(100)) for no in (1, 2, 3)]
    first, again = lane.post(manifests[:2]), lane.post(manifests)
    assert (first.stored, first.already) == (2, 0)
    assert (again.stored, again.already) == (1, 2)


def test_numbers_continue_without_a_gap_and_the_refusal_names_the_next(
    ho: Member, channel: str
) -> None:
    lane, body = Lane(ho, channel), Body.of(100)
    for numbers, expected in (([2], 1), ([1, 3], 2), ([1, 2, 2, 4], 3)):
        with pytest.raises(Refused) as refused:
            lane.post([lane.manifest(no, body) for no in numbers])
        assert reason(refused) == "gap"
        assert f"number {expected}," in refused.value.title
    assert lane.post([lane.manifest(1, body)]).stored == 1  # nothing of those was stored


def test_a_number_twice_in_one_call_is_one_batch_or_refused(ho: Member, channel: str) -> None:
    lane, body = Lane(ho, channel), Body.of(100)
    one = lane.manifest(1, body)
    answer = lane.post([one, one])
    assert (answer.stored, answer.already) == (1, 1)
    two = lane.manifest(2, body)
    with pytest.raises(Refused) as refused:
        lane.post([two, changed(two, entity="prices")])
    assert reason(refused) == "number_taken"


def test_other_bytes_under_a_number_are_refused(ho: Member, channel: str) -> None:
    lane = Lane(ho, channel)
    first = lane.manifest(1, Body.of(100))
    lane.post([first])
    others = [
        lane.manifest(1, Body.of(100)),
        changed(first, entity="prices"),
        changed(first, audience=TO_HO.name),
    ]
    for other in others:
        with pytest.raises(Refused) as refused:
            lane.post([other])
        assert reason(refused) == "number_taken"
    assert lane.post([first]).already == 1


def test_while_a_body_is_missing_nothing_is_stored_and_nothing_released(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    large = [Body.of(40_000), Body.of(40_000)]
    manifests = [lane.manifest(1, Body.of(10))]
    manifests += [lane.manifest(no, body) for no, body in enumerate(large, 2)]
    ho.web.put_body(large[0].sha256, large[0].data)
    answer = lane.post(manifests, release=lane.release(3))
    assert (answer.stored, answer.missing) == (0, [large[1].sha256])
    assert lane.numbers(lane.read(store)) == []
    ho.web.put_body(large[1].sha256, large[1].data)
    assert lane.post(manifests, release=lane.release(3)).stored == 3
    assert lane.numbers(lane.read(store)) == [1, 2, 3]


def test_a_body_of_another_size_than_the_manifest_says_is_missing(ho: Member, channel: str) -> None:
    lane, body = Lane(ho, channel), Body.of(40_000)
    ho.web.put_body(body.sha256, body.data)
    wrong = changed(lane.manifest(1, body), size=39_999)
    assert lane.post([wrong]).missing == [body.sha256]


def test_an_inline_body_that_is_not_what_its_name_says_is_refused(ho: Member, channel: str) -> None:
    lane, body = Lane(ho, channel), Body.of(100)
    good = lane.manifest(1, body)
    for bad in (changed(good, body=bytes(100)), changed(good, body=b"x"), changed(good, size=99)):
        with pytest.raises(Refused) as refused:
            lane.post([bad])
        assert reason(refused) == "body_damaged"
    assert lane.post([good]).stored == 1


def test_a_set_of_sites_must_bear_the_name_of_its_members(ho: Member, channel: str) -> None:
    lane, audience = Lane(ho, channel), Audience.of(["S001", "S002"])
    manifest = lane.manifest(1, Body.of(10), audience)
    for members in ("S001", "S002,S001", "S001,S002,", "*"):
        with pytest.raises(Refused) as refused:
            ho.web.post_batches(
                BatchesRequest(audiences={audience.name: members}, batches=[manifest])
            )
        assert reason(refused) == "audience_wrong"
    for name, members in (("*", "S001"), (Audience.of(["a b"]).name, "a b")):
        with pytest.raises(Refused) as refused:
            ho.web.post_batches(BatchesRequest(audiences={name: members}))
        assert reason(refused) == "audience_wrong"
    with pytest.raises(Refused) as refused:
        ho.web.post_batches(BatchesRequest(batches=[manifest]))
    assert reason(refused) == "audience_unknown"
    assert lane.post([manifest], [audience]).stored == 1
    second = lane.manifest(2, Body.of(10), audience)
    assert ho.web.post_batches(BatchesRequest(batches=[second])).stored == 1  # known by now


def test_a_store_sends_to_head_office_only(ho: Member, new_store: NewStore, channel: str) -> None:
    store, other = new_store(), new_store()
    lane = Lane(store, channel)
    for audience in (ALL, Audience.of([other.site]), Audience.of(["HO", other.site])):
        with pytest.raises(Refused) as refused:
            lane.post([lane.manifest(1, Body.of(10), audience)], [audience])
        assert reason(refused) == "audience_refused"


def test_batches_are_numbered_in_the_epoch_that_was_granted(ho: Member, channel: str) -> None:
    lane = Lane(ho, channel)
    strange = "7-" + "0" * 16
    with pytest.raises(Refused) as refused:
        lane.post([changed(lane.manifest(1, Body.of(10)), epoch=strange)])
    assert reason(refused) == "epoch_unknown"
    with pytest.raises(Refused) as refused:
        lane.post([], release=Release(epoch=strange, channels={channel: 1}))
    assert reason(refused) == "epoch_unknown"


def test_a_release_only_rises_and_never_beyond_what_is_there(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10) for _ in range(4)], upto=2)
    assert lane.numbers(lane.read(store)) == [1, 2]
    lane.post([], release=lane.release(1))
    assert lane.numbers(lane.read(store)) == [1, 2]
    lane.post([], release=lane.release(99))
    assert lane.numbers(lane.read(store)) == [1, 2, 3, 4]
    lane.send(5, [Body.of(10)], upto=4)
    assert lane.numbers(lane.read(store)) == [1, 2, 3, 4]  # 99 was not remembered


def test_a_release_to_some_sites_is_theirs_alone(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, other = Lane(ho, channel), new_store(), new_store()
    lane.send(1, [Body.of(10) for _ in range(3)], upto=1)
    lane.post([], release=lane.release(3, [one.site]))
    assert lane.numbers(lane.read(one)) == [1, 2, 3]
    assert lane.numbers(lane.read(other)) == [1]


def test_one_release_call_frees_the_lanes_of_a_claim_together(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    parent, child, store = Lane(ho, channel), Lane(ho, f"{channel}b"), new_store()
    parent.send(1, [Body.of(10)], upto=0)
    child.send(1, [Body.of(10)], upto=0)
    assert parent.read(store).batches == []
    both = Release(epoch=ho.epoch, channels={child.channel: 1, parent.channel: 1})
    parent.post([], release=both)
    answer = parent.read(store)
    assert (parent.numbers(answer), child.numbers(answer)) == ([1], [1])


def test_a_site_may_not_open_channels_without_end(new_store: NewStore, channel: str) -> None:
    store, body = new_store(), Body.of(10)
    lanes = [Lane(store, f"{channel}_{number}") for number in range(201)]
    assert lanes[0].post([lane.manifest(1, body, TO_HO) for lane in lanes[:200]]).stored == 200
    with pytest.raises(Refused) as refused:
        lanes[0].post([lanes[200].manifest(1, body, TO_HO)])
    assert reason(refused) == "malformed"
