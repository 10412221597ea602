"""Reading mail: who gets what, in which order, how a page ends, and what comes home."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest

from ginesys_sync.core.model import Audience
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.relay.main import invite
from ginesys_sync.wire.messages import (
    AcksRequest,
    EnrolRequest,
    MailAnswer,
    MailCursor,
    MailRequest,
    MailStream,
    ParkedWord,
)
from tests.relay.lanes import ALL, TO_HO, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

NewStore = Callable[[], Member]


def stream(answer: MailAnswer, lane: Lane) -> MailStream:
    return next(one for one in answer.streams if one.stream == lane.text)


def test_a_site_reads_what_is_for_it_and_is_told_how_far_that_is_complete(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, other = Lane(ho, channel), new_store(), new_store()
    for no, audience in enumerate(
        [ALL, Audience.of([one.site]), Audience.of([other.site]), Audience.of([])], 1
    ):
        lane.send(no, [Body.of(10)], audience)
    for reader, numbers in ((one, [1, 2]), (other, [1, 3])):
        answer = lane.read(reader)
        assert lane.numbers(answer) == numbers
        place = stream(answer, lane)
        assert (place.complete, place.head, place.load) == (4, 4, "none")
        assert not answer.more


def test_small_bodies_come_with_the_mail_and_large_ones_do_not(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    small, large = Body.of(32_768), Body.of(32_769)
    lane.send(1, [small, large])
    first, second = (one.manifest for one in lane.read(store).batches if one.stream == lane.text)
    assert (first.body, first.sha256, first.size) == (small.data, small.sha256, 32_768)
    assert (second.body, second.sha256, second.size) == (None, large.sha256, 32_769)


def test_a_manifest_arrives_as_it_was_sealed(ho: Member, new_store: NewStore, channel: str) -> None:
    lane, store = Lane(ho, channel), new_store()
    sent = lane.manifest(1, Body.of(10), Audience.of([store.site]), entity="prices")
    sent = sent.model_copy(update={"records": 7, "gone": 2, "rows": 19, "plan_version": 3})
    lane.post([sent], [Audience.of([store.site])], lane.release(1))
    answer = lane.read(store)
    got = next(one for one in answer.batches if one.stream == lane.text)
    assert got.manifest == sent
    assert answer.audiences[sent.audience] == store.site
    assert got.uploaded_at.endswith("Z")


def test_lanes_come_in_the_asked_order_and_others_after_them(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    store = new_store()
    lanes = [Lane(ho, f"{channel}{letter}") for letter in "abc"]
    for lane in lanes:
        lane.send(1, [Body.of(10), Body.of(10)])
    asked = [MailCursor(stream=lane.text, epoch=ho.epoch, after=0) for lane in (lanes[2], lanes[0])]
    answer = store.web.mail(MailRequest(streams=asked))
    order = [one.stream for one in answer.batches if one.stream.startswith(f"HO/{channel}")]
    assert order == [f"HO/{channel}{letter}" for letter in "ccaabb"]


def test_a_full_page_says_more_and_the_next_one_goes_on(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10) for _ in range(7)])
    after, seen = 0, []
    for _ in range(4):
        answer = lane.read(store, after, limit=2)
        seen.append(lane.numbers(answer))
        after = stream(answer, lane).complete
    assert seen == [[1, 2], [3, 4], [5, 6], [7]]


def test_a_page_holds_no_more_than_two_million_bytes_of_bodies(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(32_000) for _ in range(100)])
    answer = lane.read(store)
    mine = [one for one in answer.batches if one.stream == lane.text]
    assert 0 < sum(len(one.manifest.body or b"") for one in mine) <= 2_000_000
    assert answer.more
    rest = lane.read(store, stream(answer, lane).complete)
    assert lane.numbers(answer) + lane.numbers(rest) == list(range(1, 101))


def test_reading_stops_where_the_round_does(ho: Member, new_store: NewStore, channel: str) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10) for _ in range(5)])
    answer = lane.read(store, 1, upto=3)
    assert lane.numbers(answer) == [2, 3]
    assert (stream(answer, lane).complete, stream(answer, lane).head) == (3, 5)


def test_a_cursor_of_an_epoch_that_never_was_begins_at_the_beginning(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10) for _ in range(3)])
    cursor = MailCursor(stream=lane.text, epoch="9-" + "0" * 16, after=2, upto=2)
    answer = store.web.mail(MailRequest(streams=[cursor]))
    assert lane.numbers(answer) == [1, 2, 3]
    assert stream(answer, lane).epoch == ho.epoch


def test_a_store_never_sees_another_stores_streams_nor_its_own(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    one, other = new_store(), new_store()
    bills = Lane(one, channel)
    bills.send(1, [Body.of(10)], TO_HO)
    for reader in (one, other):
        answer = bills.read(reader)
        assert all(place.stream.startswith("HO/") for place in answer.streams)
        assert all(batch.stream.startswith("HO/") for batch in answer.batches)
    answer = bills.read(ho)
    assert bills.numbers(answer) == [1]
    assert not any(place.stream.startswith("HO/") for place in answer.streams)


def test_what_a_site_sent_before_it_was_enrolled_anew_is_read_before_what_it_sends_now(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    store = new_store()
    before = Lane(store, channel)
    before.send(1, [Body.of(10), Body.of(10)], TO_HO)
    first_epoch = store.epoch
    code, store.key = invite(server.home, store.site, "store"), secrets.token_hex(32)
    store.web = WebDatabase(server.url, store.site, store.key)
    store.epoch = store.web.enrol(
        EnrolRequest(site=store.site, role="store", code=code, key=store.key, program="test")
    ).epoch
    after = Lane(store, channel)
    after.send(1, [Body.of(10)], TO_HO)

    answer = ho.web.mail(MailRequest())
    assert (stream(answer, after).epoch, after.numbers(answer)) == (first_epoch, [1, 2])
    ho.web.acks(AcksRequest(acks=[before.ack(2).model_copy(update={"epoch": first_epoch})]))
    cursor = MailCursor(stream=after.text, epoch=first_epoch, after=2)
    answer = ho.web.mail(MailRequest(streams=[cursor]))
    place = stream(answer, after)
    assert (place.epoch, place.complete, after.numbers(answer)) == (store.epoch, 1, [1])


def begin_a_run(ho: Member, acks_after: int) -> None:
    """With acknowledgements collected so far."""
    ho.open(mail=ho.request().mail.model_copy(update={"acks_after": acks_after}))


def test_acknowledgements_come_home_in_order_and_are_forgotten_in_the_next_run(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, one, other = Lane(ho, channel), new_store(), new_store()
    lane.send(1, [Body.of(10) for _ in range(5)])
    one.web.acks(AcksRequest(acks=[lane.ack(2, run=4), lane.ack(5, run=4)]))
    other.web.acks(AcksRequest(acks=[lane.ack(3, run=9)]))

    def mine(after: int) -> list[tuple[str, int]]:
        rows = ho.web.mail(MailRequest(acks_after=after)).acks
        return [(row.site, row.ack.to_no) for row in rows if row.ack.stream == lane.text]

    everything = [(one.site, 2), (one.site, 5), (other.site, 3)]
    assert mine(0) == everything
    assert mine(0) == everything  # an answer that was lost
    first = next(row for row in ho.web.mail(MailRequest()).acks if row.ack.stream == lane.text)
    assert mine(first.id) == everything[1:]
    assert mine(0) == everything  # its database may be brought back to before it was collected
    begin_a_run(ho, first.id)
    assert mine(0) == everything[1:]
    assert one.web.mail(MailRequest()).acks == []


def test_the_later_word_of_a_run_on_what_is_parked_is_taken_and_the_earlier_one_no_more(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    collect_everything(ho)
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10)])
    first, second = (
        lane.ack(1).model_copy(update={"said": said, "parked_total": 1 - said}) for said in (0, 1)
    )
    for ack in (first, first, second, first, second):  # lost answers, and a call that comes late
        store.web.acks(AcksRequest(acks=[ack]))
    rows = [row.ack for row in ho.web.mail(MailRequest()).acks if row.ack.stream == lane.text]
    assert [(ack.said, ack.parked_total) for ack in rows] == [(0, 1), (1, 0)]


def test_a_page_of_acknowledgements_ends_at_its_size_and_says_more(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10) for _ in range(6)])
    words = [
        ParkedWord(entity="items", key=[number], no=1, code="missing", reason="x" * 1_000)
        for number in range(400)
    ]
    acks = [lane.ack(no).model_copy(update={"parked": words}) for no in range(1, 7)]
    for ack in acks:
        store.web.acks(AcksRequest(acks=[ack]))
    seen: list[list[int]] = []
    after = 0
    while (answer := ho.web.mail(MailRequest(acks_after=after))).acks:
        seen.append([row.ack.to_no for row in answer.acks if row.ack.stream == lane.text])
        assert answer.more is True or seen[-1][-1:] == [6]
        after = max(row.id for row in answer.acks)
    assert len(seen) > 1
    assert [no for page in seen for no in page] == [1, 2, 3, 4, 5, 6]


def collect_everything(ho: Member) -> None:
    after = 0
    while acks := ho.web.mail(MailRequest(acks_after=after)).acks:
        after = acks[-1].id
    begin_a_run(ho, after)


def test_parked_records_travel_with_the_acknowledgement(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    collect_everything(ho)
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10)])
    words = [
        ParkedWord(entity="items", key=[number, "ä"], no=1, code="missing", reason="x" * 1_000)
        for number in range(1_000)
    ]
    ack = lane.ack(1).model_copy(update={"parked_total": 5_000, "parked": words})
    store.web.acks(AcksRequest(acks=[ack]))
    rows = ho.web.mail(MailRequest()).acks
    got = next(row.ack for row in rows if row.ack.stream == lane.text)
    assert got.parked_total == 5_000
    assert got.parked == words[: len(got.parked)]
    assert len(got.parked) > 100  # as many as one page can carry


@pytest.mark.parametrize("limit", [0, 1_001])
def test_a_limit_out_of_bounds_is_refused(server: ForkedRelay, ho: Member, limit: int) -> None:
    from tests.relay.calls import call

    answer = call(server, ho, "/v1/mail", {"limit": limit})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert "limit" in answer.json()["detail"]
