"""Whatever is sent, released and acknowledged in whatever order: a body is kept exactly as long as
a member of its audience has not applied it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ginesys_sync.core.model import Audience
from ginesys_sync.wire.messages import AcksRequest
from tests.relay.lanes import ALL, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

STORES = ("S001", "S002", "S003")
_lanes = itertools.count(1)
_sets = st.sampled_from([{"S001", "S002"}, set(STORES), {"S003"}])
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), _sets),
        st.tuples(st.just("release"), _sets),
        st.tuples(st.just("ack"), st.sampled_from(STORES), st.integers(1, 3)),
    ),
    min_size=4,
    max_size=20,
)
"""Of few sets of stores, so that several batches are for the same one."""


@pytest.fixture(scope="module")
def chain(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ForkedRelay, dict[str, Member]]]:
    """A Web Database that forgets at once, head office and three stores."""
    with ForkedRelay(tmp_path_factory.mktemp("purge") / "home", keep_days=0) as server:
        yield server, {site: Member(server, site) for site in ("HO", *STORES)}


@pytest.mark.slow
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=_steps)
@example(
    steps=[
        *[("send", {"S001", "S002"})] * 3,
        ("release", {"S001", "S002"}),
        ("ack", "S002", 1),
        ("ack", "S001", 3),
    ]
)
def test_a_body_is_kept_exactly_as_long_as_a_site_needs_it(
    chain: tuple[ForkedRelay, dict[str, Member]], steps: list[tuple[object, ...]]
) -> None:
    server, members = chain
    lane = Lane(members["HO"], f"lane{next(_lanes)}")
    sent: list[tuple[Body, set[str]]] = []
    released, acked = dict.fromkeys(STORES, 0), dict.fromkeys(STORES, 0)
    for run, (kind, who, *more) in enumerate(steps, start=1):
        if kind == "send":
            assert isinstance(who, set)
            body = Body.of(40_000)
            audience = ALL if who == set(STORES) else Audience.of(sorted(who))
            members["HO"].web.put_body(body.sha256, body.data)
            lane.post([lane.manifest(len(sent) + 1, body, audience)], [audience])
            sent.append((body, who))
        elif kind == "release" and sent:
            assert isinstance(who, set)
            lane.post([], release=lane.release(len(sent), sorted(who)))
            released |= dict.fromkeys(who, len(sent))
        elif kind == "ack":
            assert isinstance(who, str)
            acked[who] = min(released[who], acked[who] + int(str(more[0])))
            if acked[who]:
                ack = lane.ack(acked[who], run=run)
                members[who].web.acks(AcksRequest(acks=[ack]))
        for no, (body, audience_of) in enumerate(sent, start=1):
            is_kept = (server.home / "bodies" / body.sha256[:2] / body.sha256).exists()
            assert is_kept is any(acked[site] < no for site in audience_of), (no, audience_of)
