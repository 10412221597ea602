"""Whom a bell is rung for: those who have something new to read, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.core.model import Audience
from ginesys_sync.relay import bells
from ginesys_sync.relay.bells import Bell, What, listen, ring, ring_sites
from ginesys_sync.relay.desk import Relay, open_relay
from ginesys_sync.wire.control_messages import SiteChange
from ginesys_sync.wire.messages import AcksRequest, LoadsRequest
from tests.relay.lanes import TO_HO, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

pytestmark = pytest.mark.long


class Ear:
    """A site that asks again and again whether it was rung for, from where it last listened."""

    def __init__(self, member: Member) -> None:
        self._web = member.web
        self._at = self._web.wait(None, 0).at

    @property
    def rang(self) -> bool:
        answer = self._web.wait(self._at, 0)
        assert answer.at >= self._at
        self._at = answer.at
        return answer.rang


@pytest.fixture
def stores(new_store: Callable[[], Member]) -> tuple[Member, Member]:
    return new_store(), new_store()


@pytest.fixture
def lane(ho: Member, channel: str) -> Lane:
    return Lane(ho, channel)


def rung(*ears: Ear) -> list[bool]:
    return [ear.rang for ear in ears]


def test_the_first_time_it_rings_at_once_and_then_only_for_news(
    stores: tuple[Member, Member],
) -> None:
    first = stores[0].web.wait(None, 30)
    assert first.rang
    second = stores[0].web.wait(first.at, 0)
    assert (second.rang, second.at) == (False, first.at)


def test_a_release_rings_for_those_who_can_read_a_new_batch(
    ho: Member, stores: tuple[Member, Member], lane: Lane
) -> None:
    one, two, office = Ear(stores[0]), Ear(stores[1]), Ear(ho)
    only_one = Audience.of([stores[0].site, "HO"])
    lane.post([lane.manifest(1, Body.of(10), only_one)], [only_one])
    assert rung(one, two, office) == [False, False, False]  # it cannot be read yet
    lane.post([], release=lane.release(1))
    assert rung(one, two, office) == [True, False, False]  # uploaded in an earlier call
    lane.post([], release=lane.release(1))
    assert rung(one, two, office) == [False, False, False]  # the same again
    lane.send(2, [Body.of(10)])
    assert rung(one, two, office) == [True, True, False]
    assert rung(one, two, office) == [False, False, False]


def test_a_release_beyond_what_is_here_rings_when_it_comes_here(
    stores: tuple[Member, Member], lane: Lane
) -> None:
    one = Ear(stores[0])
    lane.send(1, [Body.of(10)], upto=5)
    assert one.rang
    lane.post([lane.manifest(2, Body.of(10))])
    assert not one.rang
    lane.post([], release=lane.release(5))
    assert one.rang


def test_a_selective_release_rings_for_the_ticked_sites_only(
    stores: tuple[Member, Member], lane: Lane
) -> None:
    one, two = map(Ear, stores)
    only_two = Audience.of([stores[1].site])
    manifests = [lane.manifest(1, Body.of(10)), lane.manifest(2, Body.of(10), only_two)]
    lane.post(manifests, [Audience.all(), only_two])
    lane.post([], release=lane.release(1, [stores[0].site]))
    assert rung(one, two) == [True, False]
    lane.post([], release=lane.release(2, [stores[0].site]))
    assert rung(one, two) == [False, False]  # number 2 is not for it
    lane.post([], release=lane.release(2))
    assert rung(one, two) == [False, True]  # the first has read all that is for it
    lane.post([], release=lane.release(2, [stores[0].site, stores[1].site]))
    assert rung(one, two) == [False, False]


def test_a_site_that_is_ahead_of_all_is_rung_for_by_what_lies_beyond(
    stores: tuple[Member, Member], lane: Lane
) -> None:
    one, two = map(Ear, stores)
    lane.post([lane.manifest(no, Body.of(10)) for no in (1, 2, 3)])
    lane.post([], release=lane.release(2, [stores[0].site]))
    assert rung(one, two) == [True, False]
    lane.post([], release=lane.release(1))
    assert rung(one, two) == [False, True]
    lane.post([], release=lane.release(3))
    assert rung(one, two) == [True, True]


def test_bills_ring_for_head_office_and_its_acknowledgement_for_the_store(
    ho: Member, stores: tuple[Member, Member], lane: Lane
) -> None:
    one, two, office = Ear(stores[0]), Ear(stores[1]), Ear(ho)
    bills = Lane(stores[0], "sales")
    bills.send(1, [Body.of(10)], TO_HO)
    assert rung(one, two, office) == [False, False, True]
    ho.web.acks(AcksRequest(acks=[bills.ack(1)]))
    assert rung(one, two, office) == [True, False, False]
    ho.web.acks(AcksRequest(acks=[bills.ack(1)]))
    assert rung(one, two, office) == [False, False, False]  # said before
    lane.send(1, [Body.of(10)])
    assert rung(one, two, office) == [True, True, False]
    stores[1].web.acks(AcksRequest(acks=[lane.ack(1)]))
    assert rung(one, two, office) == [False, False, True]


def test_a_new_site_and_its_first_load_ring_for_those_who_have_to_do_something(
    server: ForkedRelay, ho: Member, stores: tuple[Member, Member], lane: Lane
) -> None:
    lane.send(1, [Body.of(10)])
    one, office = Ear(stores[0]), Ear(ho)
    late = Member(server, "S950")
    new = Ear(late)
    assert rung(one, office, new) == [False, True, False]
    chunk = Body.of(10)
    ho.web.put_body(chunk.sha256, chunk.data)
    offer = LoadsRequest(sites=[late.site, stores[0].site], load=lane.load(1, [chunk]))
    assert ho.web.loads(offer).offered == [late.site]
    assert rung(one, office, new) == [False, False, True]
    assert ho.web.loads(offer).offered == [late.site]
    assert rung(one, office, new) == [False, False, False]  # it has it already


def test_a_store_that_finds_its_mail_gone_rings_for_head_office_once(
    ho: Member, stores: tuple[Member, Member], lane: Lane
) -> None:
    one, two = stores
    only_one = Audience.of([one.site])
    lane.post([lane.manifest(1, Body.of(10), only_one)], [only_one], lane.release(1))
    one.web.acks(AcksRequest(acks=[lane.ack(1)]))  # all who need it have it: it is forgotten
    office = Ear(ho)
    assert lane.read(one).streams[0].load == "wanted"
    assert office.rang
    assert lane.read(one).streams[0].load == "wanted"
    assert rung(office, Ear(two)) == [False, False]


def test_how_a_store_stands_is_its_own_news(ho: Member, stores: tuple[Member, Member]) -> None:
    one, two = map(Ear, stores)
    for state in ("active", "blocked", "active"):
        ho.web.change_site(SiteChange(site=stores[0].site, state=state))  # type: ignore[arg-type]
    assert rung(one, two) == [True, False]
    ho.web.change_site(SiteChange(site=stores[0].site, state="active"))
    assert rung(one, two) == [False, False]


# --- the log itself ---


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    with closing(open_relay(tmp_path / "home")) as opened:
        yield opened


def strike(relay: Relay, *whom: str, save: str = "") -> int:
    """Ring once for each; the log's number then."""
    with relay.database.writing() as writer:
        ring(writer, relay.organisation, What.RELEASE, [Bell(one, save) for one in whom])
    return listen(relay, {})[0]


def count(relay: Relay) -> int:
    with relay.database.reading() as reader:
        return int(reader.execute("SELECT count(*) FROM bells").fetchone()[0])


def name(relay: Relay, sites: list[str]) -> str:
    """Make a set of sites known, as a batch for them does."""
    audience = Audience.of(sites)
    with relay.database.writing() as writer:
        writer.execute(
            "INSERT INTO audiences VALUES (?, ?, ?, '')",
            (relay.organisation, audience.name, audience.members),
        )
    return audience.name


def test_a_bell_is_one_row_however_many_sites_it_is_for(relay: Relay) -> None:
    sites = [f"S{number:04d}" for number in range(5_000)]
    audience = name(relay, sites)
    assert strike(relay, audience, "*") == 2
    assert count(relay) == 2
    assert listen(relay, {"S0000": 1, "S4999": 0, "HO": 2})[1] == {"S0000", "S4999"}
    with relay.database.reading() as reader:
        row = reader.execute("SELECT max(length(whom) + length(save)) FROM bells").fetchone()
    assert tuple(row) == (64,)


def test_who_is_spared_hears_nothing_of_that_bell(relay: Relay) -> None:
    at = strike(relay, "*", save="HO,S002")
    seen = dict.fromkeys(("HO", "S001", "S002", "S00"), at - 1)
    assert listen(relay, seen)[1] == {"S001", "S00"}
    at = strike(relay, "S002,S003")
    assert listen(relay, {**dict.fromkeys(seen, at - 1), "S003": at})[1] == {"S002"}


def test_the_log_is_bounded_and_who_was_away_too_long_is_told_so(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bells, "KEPT", 10)
    for _ in range(25):
        now = strike(relay, "S001")
    assert count(relay) == 10
    seen = {"S002": now - 11, "S003": now - 10, "S004": now, "S005": now + 1, "S001": now - 1}
    assert listen(relay, seen) == (now, {"S002", "S005", "S001"})


def test_a_long_row_counts_for_as_many_as_it_is_long(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bells, "KEPT", 100)
    sites = [f"S{number:04d}" for number in range(1_000)]
    for _ in range(20):
        with relay.database.writing() as writer:
            ring_sites(writer, relay.organisation, What.RELEASE, sites)
    assert count(relay) < 5
    now, found = listen(relay, {"S0999": listen(relay, {})[0] - 1, "X": 0})
    assert found == {"S0999", "X"}
    assert now > 20


def test_codes_that_look_like_the_name_of_an_audience_are_codes(relay: Relay) -> None:
    sites = [f"{number:012d}" for number in range(5)]
    whom = ",".join(sites)
    assert len(whom) == 64
    strike(relay, whom)
    assert listen(relay, dict.fromkeys(sites, 0))[1] == set(sites)


def test_nobody_is_rung_for_when_there_is_nobody(relay: Relay) -> None:
    with relay.database.writing() as writer:
        ring_sites(writer, relay.organisation, What.ACK, [])
    assert (count(relay), listen(relay, {"S001": 0})) == (0, (0, set()))


def test_looking_for_whoever_is_ahead_of_all_reads_only_them(relay: Relay) -> None:
    with relay.database.reading() as reader:
        plan = reader.execute(
            "EXPLAIN QUERY PLAN SELECT site, released FROM reach WHERE organisation = ?"
            " AND stream = ? AND released > 0 AND released > ? AND site <> ?",
            (relay.organisation, 1, 5, "*"),
        ).fetchall()
    words = " ".join(row["detail"] for row in plan)
    assert "COVERING INDEX reach_released" in words
    assert "released>?" in words
