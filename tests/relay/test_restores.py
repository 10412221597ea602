"""Sites brought back from an older copy: recognised however often they ask, until they have read
their own mail back; second copies that go on by themselves are refused.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ginesys_sync.core.errors import Refused
from ginesys_sync.wire.control_messages import WithdrawRequest
from ginesys_sync.wire.messages import (
    AcksRequest,
    BatchesRequest,
    MailCursor,
    MailRequest,
    OpenAnswer,
    Restored,
    StreamPlace,
)
from ginesys_sync.wire.own_messages import AgainRequest, OwnRequest, SameRequest
from tests.relay.lanes import TO_HO, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

pytestmark = pytest.mark.long

NewStore = Callable[[], Member]
NOTHING: list[StreamPlace] = []


def restored(answer: OpenAnswer) -> Restored:
    assert answer.restored is not None
    assert answer.mail.batches == [] and answer.sites == []
    return answer.restored


def is_cloned(member: Member, run: int) -> bool:
    with pytest.raises(Refused) as refused:
        member.open(run, opened=run - 1, can_heal=True)
    return refused.value.reason == "site_cloned"


def test_a_lower_run_number_is_a_restored_site(new_store: NewStore) -> None:
    store = new_store()
    store.open(5)
    told = restored(store.open(4, can_heal=True))
    assert "4" in told.why and "5" in told.why
    assert (told.run, told.epoch) == (5, store.epoch)


def test_another_run_with_the_number_of_the_last_is_a_restored_site(new_store: NewStore) -> None:
    store = new_store()
    store.open(4, token="a" * 16)
    for _ in range(2):  # a call whose answer was lost is made once more
        assert store.open(5, token="b" * 16, can_heal=True).restored is None
    assert "5" in restored(store.open(5, token="c" * 16, can_heal=True)).why


def test_an_old_call_that_comes_late_makes_no_restored_site(new_store: NewStore) -> None:
    store = new_store()
    store.open(4)
    store.open(5, opened=4)
    restored(store.open(4, opened=3, can_heal=True))  # on its way for long; nobody reads the answer
    assert store.open(6, opened=5, can_heal=True).restored is None
    restored(store.open(5, opened=3, can_heal=True))  # an older copy is one still


def test_a_program_that_cannot_heal_is_refused_and_it_is_remembered(new_store: NewStore) -> None:
    store = new_store()
    store.open(5)
    for run in (4, 5, 6, 7):
        with pytest.raises(Refused) as refused:
            store.open(run)
        assert refused.value.reason == "site_restored"


def test_no_number_of_tries_gets_a_restored_site_round_it(new_store: NewStore) -> None:
    store = new_store()
    store.open(5)
    first = restored(store.open(4, can_heal=True))
    assert {restored(store.open(run, can_heal=True)) for run in range(5, 12)} == {first}


@pytest.mark.parametrize("no", [None, 0, 1])
def test_fewer_batches_than_were_uploaded_are_a_restored_site(
    ho: Member, new_store: NewStore, channel: str, no: int | None
) -> None:
    store = new_store()
    lane = Lane(store, channel)
    lane.send(1, [Body.of(10), Body.of(10)], TO_HO)
    place = StreamPlace(stream=lane.text, epoch=store.epoch, no=no or 0)
    assert restored(store.open(heads=[] if no is None else [place], can_heal=True)).why


def test_another_batch_of_the_same_number_is_a_restored_site(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    store, body = new_store(), Body.of(10)
    lane = Lane(store, channel)
    lane.send(1, [body], TO_HO)
    place = StreamPlace(stream=lane.text, epoch=store.epoch, no=1, sha256=body.sha256)
    assert store.open(heads=[place], can_heal=True).own == [place]
    other = place.model_copy(update={"sha256": Body.of(10).sha256})
    assert "another" in restored(store.open(2, heads=[other], can_heal=True)).why


@pytest.mark.parametrize("after", [None, 0, 1])
def test_a_cursor_behind_what_was_acknowledged_is_a_restored_site(
    ho: Member, new_store: NewStore, channel: str, after: int | None
) -> None:
    lane, store = Lane(ho, channel), new_store()
    lane.send(1, [Body.of(10), Body.of(10)])
    store.web.acks(AcksRequest(acks=[lane.ack(2)]))
    assert store.open(1, can_heal=True).restored is None
    cursor = MailCursor(stream=lane.text, epoch=ho.epoch, after=after or 0)
    mail = MailRequest(streams=[] if after is None else [cursor])
    assert restored(store.open(2, mail=mail, can_heal=True)).why


def test_a_site_may_say_itself_that_it_is_behind(new_store: NewStore) -> None:
    store = new_store()
    store.open(1)
    assert restored(store.open(1, can_heal=True, behind="it says so")).why == "it says so"
    assert restored(store.open(2, can_heal=True)).why == "it says so"


def test_a_site_that_has_healed_goes_on_as_its_new_life(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    store = new_store()
    lane, bills = Lane(ho, channel), Lane(store, channel)
    lane.send(1, [Body.of(10), Body.of(10)])
    bills.send(1, [Body.of(10)], TO_HO)
    store.web.acks(AcksRequest(acks=[lane.ack(2)]))
    store.open(5)
    told = restored(store.open(4, can_heal=True))
    store.incarnation = told.incarnation
    cursor = MailCursor(stream=lane.text, epoch=ho.epoch, after=1)
    behind = store.open(6, heads=NOTHING, mail=MailRequest(streams=[cursor]), can_heal=True)
    assert restored(behind) == told  # it says that it has healed, but its own mail is not back
    answer = store.open(6, mail=MailRequest(streams=[cursor]), can_heal=True)
    assert answer.restored is None
    store.web.acks(AcksRequest(acks=[lane.ack(2, run=7)]))
    assert store.open(7).restored is None


def test_the_copy_that_did_not_heal_is_refused_when_it_goes_on_by_itself(
    new_store: NewStore,
) -> None:
    store = new_store()
    store.open(5)
    old = store.incarnation
    store.incarnation = restored(store.open(4, can_heal=True)).incarnation
    assert store.open(6, can_heal=True).restored is None
    store.incarnation = old
    assert is_cloned(store, 6)
    assert is_cloned(store, 7)


def test_the_same_backup_may_be_put_back_twice(new_store: NewStore) -> None:
    store = new_store()
    store.open(5)
    old = store.incarnation
    lives = {old}
    for run in (6, 20, 30):
        store.incarnation = old
        store.incarnation = restored(store.open(3, can_heal=True)).incarnation
        assert store.open(run, can_heal=True).restored is None
        lives.add(store.incarnation)
    assert len(lives) == 4


def test_a_backup_put_back_again_is_no_clone_however_many_runs_never_arrived(
    new_store: NewStore,
) -> None:
    store = new_store()
    store.open(5, opened=4)
    old = store.incarnation
    store.incarnation = restored(store.open(4, opened=3, can_heal=True)).incarnation
    assert store.open(6, opened=3, can_heal=True).restored is None
    store.incarnation = old
    restored(store.open(30, opened=3, can_heal=True))


def test_who_made_other_runs_after_the_same_answer_is_an_older_copy(new_store: NewStore) -> None:
    store, in_use, older = new_store(), "a" * 16, "b" * 16
    store.open(5, opened=4, since=in_use)
    old = store.incarnation
    told = restored(store.open(5, opened=4, since=older, behind="a batch", can_heal=True))
    store.incarnation = told.incarnation
    assert store.open(6, opened=4, can_heal=True).restored is None
    store.incarnation = old
    with pytest.raises(Refused, match="Two copies"):
        store.open(30, opened=4, since=in_use, can_heal=True)
    restored(store.open(30, opened=4, since=older, can_heal=True))


def test_a_copy_in_use_whose_last_answer_was_lost_is_refused_all_the_same(
    new_store: NewStore,
) -> None:
    store = new_store()
    store.open(4, opened=3)
    store.open(5, opened=4)
    old = store.incarnation
    store.incarnation = restored(store.open(4, opened=3, can_heal=True)).incarnation
    assert store.open(6, opened=3, can_heal=True).restored is None
    store.incarnation = old
    with pytest.raises(Refused) as refused:
        store.open(6, opened=4, can_heal=True)
    assert refused.value.reason == "site_cloned"


def test_a_call_that_comes_late_lets_no_second_copy_in(new_store: NewStore) -> None:
    store = new_store()
    store.open(5, opened=4)
    first = store.incarnation
    second = restored(store.open(4, opened=3, can_heal=True)).incarnation
    store.incarnation = second
    assert store.open(6, opened=3, can_heal=True).restored is None
    store.incarnation = first
    restored(store.open(4, opened=3, can_heal=True))  # late
    third = restored(store.open(6, opened=5, can_heal=True)).incarnation
    store.incarnation = third
    assert store.open(7, opened=5, can_heal=True).restored is None
    store.incarnation = second
    assert is_cloned(store, 7)


def test_fewer_acknowledgements_than_it_had_are_a_restored_site(new_store: NewStore) -> None:
    store = new_store()
    store.open(5, mail=MailRequest(acks_after=7))
    for _ in range(2):
        told = restored(store.open(9, mail=MailRequest(acks_after=6), can_heal=True))
        assert "up to 6" in told.why and "up to 7" in told.why
    store.incarnation = told.incarnation
    for run in (10, 11):
        assert store.open(run, mail=MailRequest(acks_after=6), can_heal=True).restored is None


def test_a_web_database_that_was_brought_back_numbers_acknowledgements_anew(
    new_store: NewStore,
) -> None:
    store = new_store()
    store.open(5, mail=MailRequest(acks_after=7))
    assert store.open(9, opened=8, mail=MailRequest(acks_after=3)).set_back
    assert store.open(10, opened=9, mail=MailRequest(acks_after=1)).restored is None


def test_two_copies_of_a_home_do_not_go_on_in_turns(new_store: NewStore) -> None:
    store = new_store()
    store.open(5)
    first, second, run = store.incarnation, store.incarnation, 5
    with pytest.raises(Refused) as refused:
        for _ in range(10):
            store.incarnation = second
            second = restored(store.open(run - 1, opened=run - 2, can_heal=True)).incarnation
            store.incarnation = second
            run += 1
            store.open(run, opened=run - 2, can_heal=True)
            store.incarnation = first
            store.open(run + 1, opened=run - 1, can_heal=True)
    assert refused.value.reason == "site_cloned"


def test_another_home_with_the_same_key_is_a_clone(new_store: NewStore) -> None:
    store = new_store()
    store.open(5)
    store.incarnation = "0" * 16
    assert is_cloned(store, 6)


def test_a_site_enrolled_again_may_come_with_any_copy(server: ForkedRelay, ho: Member) -> None:
    store = Member(server, "S900")
    store.open(5, mail=MailRequest(acks_after=7))
    old = store.incarnation
    again = Member(server, "S900")
    again.incarnation = old
    assert again.open(3, mail=MailRequest(acks_after=6), can_heal=True).restored is None
    again.incarnation = "1" * 16
    assert is_cloned(again, 4)


def test_a_site_reads_its_own_mail_back_page_by_page_and_no_other(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    store, other = new_store(), new_store()
    lane = Lane(store, channel)
    bodies = [Body.of(10), Body.of(40_000), Body.of(20)]
    lane.send(1, bodies, TO_HO)
    found, after = [], 0
    while True:
        page = store.web.own(OwnRequest(channel=channel, after=after, limit=2))
        assert (page.head, page.audiences) == (3, {TO_HO.name: TO_HO.members})
        assert page.sha256 == (bodies[after - 1].sha256 if after else None)
        found += page.batches
        if not page.more:
            break
        after = found[-1].manifest.no
    assert [batch.manifest.sha256 for batch in found] == [body.sha256 for body in bodies]
    assert [batch.manifest.body for batch in found] == [bodies[0].data, None, bodies[2].data]
    assert store.web.get_body(bodies[1].sha256, 40_000) == bodies[1].data
    assert [(r.site, r.released) for r in page.reach] == [("*", 3)]
    assert other.web.own(OwnRequest(channel=channel)).head == 0


def test_what_everybody_has_processed_is_kept_for_a_week(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with ForkedRelay(tmp_path_factory.mktemp("kept") / "home") as server:
        ho, store = Member(server, "HO"), Member(server, "S001")
        lane, body = Lane(store, "sales"), Body.of(40_000)
        lane.send(1, [body], TO_HO)
        ho.web.acks(AcksRequest(acks=[lane.ack(1)]))
        (batch,) = store.web.own(OwnRequest(channel="sales")).batches
        assert batch.is_kept
        server.stop()
        server.keep_days = 0
        server.start()
        server.stop()  # waits for the sweep
        server.start()
        (batch,) = store.web.own(OwnRequest(channel="sales")).batches
        assert not batch.is_kept


def test_what_a_restored_reader_has_lost_is_kept_for_it_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with ForkedRelay(tmp_path_factory.mktemp("kept") / "home") as server:
        ho, store = Member(server, "HO"), Member(server, "S001")
        lane = Lane(ho, "items")
        lane.send(1, [Body.of(40_000), Body.of(50_000)])
        store.web.acks(AcksRequest(acks=[lane.ack(2)]))
        store.open(5)
        store.incarnation = restored(store.open(4, can_heal=True)).incarnation
        cursor = MailCursor(stream=lane.text, epoch=ho.epoch, after=1)
        store.open(6, mail=MailRequest(streams=[cursor]), can_heal=True)
        server.stop()
        server.keep_days = 0
        server.start()
        server.stop()  # waits for the sweep
        server.start()
        kept = [batch.is_kept for batch in ho.web.own(OwnRequest(channel="items")).batches]
        assert kept == [False, True]
        assert lane.numbers(lane.read(store, 1)) == [2]


def test_of_what_a_restored_head_office_lost_and_is_gone_the_store_is_asked_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with ForkedRelay(tmp_path_factory.mktemp("gone") / "home", keep_days=0) as server:
        ho, store = Member(server, "HO"), Member(server, "S001")
        lane = Lane(store, "sales")
        lane.send(1, [Body.of(10)], TO_HO)
        ho.web.acks(AcksRequest(acks=[lane.ack(1)]))
        lane.send(2, [Body.of(10)], TO_HO)
        assert store.open(1).again == []
        page = lane.read(ho, 0)
        assert lane.numbers(page) == [2]  # what is still kept is not held up
        assert store.open(1).again == ["sales"]
        assert store.web.again(AgainRequest(channels=["sales"])).asked == 1
        assert store.open(1).again == []


def test_a_stream_goes_on_after_the_numbers_of_an_earlier_epoch(ho: Member, channel: str) -> None:
    lane = Lane(ho, channel)
    fifth, sixth, seventh = (lane.manifest(no, Body.of(10)) for no in (5, 6, 7))
    for begins, batches in (({}, [fifth]), ({channel: 5}, [fifth]), ({channel: 4}, [sixth])):
        with pytest.raises(Refused) as refused:
            ho.web.post_batches(
                BatchesRequest(audiences={"*": "*"}, batches=batches, begins=begins)
            )
        assert refused.value.reason == "gap"
    for batches in ([fifth], [fifth, sixth], [seventh]):
        ho.web.post_batches(
            BatchesRequest(audiences={"*": "*"}, batches=batches, begins={channel: 4})
        )
    assert lane.numbers(Lane(ho, channel).read(ho, 0)) == []
    own = ho.web.own(OwnRequest(channel=channel))
    assert [batch.manifest.no for batch in own.batches] == [5, 6, 7]


def test_a_web_database_that_was_brought_back_says_so_until_it_has_what_it_lost(
    new_store: NewStore,
) -> None:
    store = new_store()
    assert not store.open(5, opened=0).set_back
    assert not store.open(6, opened=5).set_back
    assert store.open(9, opened=8).set_back  # it never heard of runs 7 and 8
    assert store.open(10, opened=8).set_back  # the answer was lost, or the run was killed
    assert not store.open(11, opened=10).set_back
    assert not store.open(12, opened=11).set_back


def test_a_web_database_that_was_brought_back_takes_an_unknown_life_for_the_present_one(
    new_store: NewStore,
) -> None:
    store = new_store()
    store.open(5)
    store.incarnation = "2" * 16
    assert store.open(9, opened=8, can_heal=True).restored is None
    store.incarnation = "3" * 16
    assert is_cloned(store, 10)


def test_it_compares_what_was_read_with_what_is_there(
    ho: Member, new_store: NewStore, channel: str
) -> None:
    lane, store = Lane(ho, channel), new_store()
    first, second = Body.of(10), Body.of(10)
    lane.send(1, [first, second])

    def is_other(member: Member, lane: Lane, no: int, body: Body) -> bool:
        place = StreamPlace(stream=lane.text, epoch=lane.member.epoch, no=no, sha256=body.sha256)
        return member.web.same(SameRequest(places=[place])).others == [lane.text]

    assert not is_other(store, lane, 1, first)
    assert not is_other(store, lane, 2, second)
    assert is_other(store, lane, 2, first)
    assert is_other(store, lane, 3, second)
    bills = Lane(new_store(), channel)
    bills.send(1, [first], TO_HO)
    assert not is_other(ho, bills, 1, first)
    assert is_other(store, bills, 1, first)  # another store's: nothing is told of it


def test_what_was_taken_back_is_read_back_as_taken_back(ho: Member, channel: str) -> None:
    lane = Lane(ho, channel)
    lane.send(1, [Body.of(10), Body.of(10), Body.of(10)])
    for numbers, sites in (([1], None), ([2], ["S777"])):
        ho.web.withdraw(
            WithdrawRequest(channel=channel, epoch=ho.epoch, numbers=numbers, sites=sites)
        )
    own = ho.web.own(OwnRequest(channel=channel))
    assert [batch.withdrawn for batch in own.batches] == [["*"], ["S777"], []]


def test_anybody_may_ask_which_web_database_it_is(server: ForkedRelay, ho: Member) -> None:
    assert ho.web.health().relay_id == ho.web.who_am_i().relay_id != ""
