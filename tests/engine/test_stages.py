"""Small deciding parts of the engine: pumps, slices, limits, what may be dropped."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginesys_sync.engine import flush
from ginesys_sync.engine.members import door_changes, merged
from ginesys_sync.engine.pump import Channel, Step, ThreadPump, Turn, TurnPump
from ginesys_sync.engine.seal import TARGET_ROWS, next_limit
from ginesys_sync.engine.slices import next_slice, without
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.sites import BusinessSite
from ginesys_sync.wire.messages import SiteContact


class _Counts:
    """Gives the numbers below `count`."""

    def __init__(self, out: Channel[int], count: int) -> None:
        self.out, self.left = out, list(range(count))

    def step(self) -> Turn:
        if self.out.is_full:
            return Turn.IDLE
        if not self.left:
            self.out.close()
            return Turn.DONE
        self.out.give(self.left.pop(0))
        return Turn.PROGRESS


class _Takes:
    """Keeps what it is given; fails at `fails_at`."""

    def __init__(self, given: Channel[int], fails_at: int = -1) -> None:
        self.given, self.taken, self.fails_at = given, list[int](), fails_at

    def step(self) -> Turn:
        number = self.given.take()
        if number is None:
            return Turn.DONE if self.given.is_drained else Turn.IDLE
        if number == self.fails_at:
            raise ArithmeticError(number)
        self.taken.append(number)
        return Turn.PROGRESS


@given(st.integers(1, 5), st.integers(0, 20), st.lists(st.integers(0, 3), min_size=1))
def test_stages_that_take_turns_in_any_order_hand_everything_over(
    limit: int, count: int, order: list[int]
) -> None:
    channel: Channel[int] = Channel(limit)
    taker = _Takes(channel)
    turns = iter(order * 1000)
    TurnPump(lambda _: next(turns)).run([taker, _Counts(channel, count)])
    assert taker.taken == list(range(count))


def test_stages_on_threads_hand_everything_over() -> None:
    channel: Channel[int] = Channel(2)
    taker = _Takes(channel)
    ThreadPump(lambda: None).run([_Counts(channel, 500), taker])
    assert taker.taken == list(range(500))


def test_the_first_fault_of_a_stage_stops_all_and_is_raised() -> None:
    channel: Channel[int] = Channel(1)
    before = threading.active_count()
    stages: list[Step] = [_Counts(channel, 500), _Takes(channel, fails_at=7)]
    with pytest.raises(ArithmeticError):
        ThreadPump(lambda: None).run(stages)
    assert threading.active_count() == before


def test_stages_that_wait_for_each_other_are_a_mistake_that_is_said() -> None:
    with pytest.raises(RuntimeError, match="wait for each other"):
        TurnPump().run([_Takes(Channel(1))])


@given(st.integers(1, 50), st.integers(0, 60), st.sets(st.integers(1, 60)))
def test_what_must_not_go_in_is_left_out_and_nothing_else(
    first: int, length: int, faults: set[int]
) -> None:
    span = Span(first, first + length)
    parts = list(without(span, dict.fromkeys(faults, ("code", "reason", ""))))
    covered = [number for part in parts for number in range(part.first, part.last + 1)]
    assert covered == [n for n in range(span.first, span.last + 1) if n not in faults]


@given(st.integers(1, 20_000), st.floats(0, 10))
def test_slices_shrink_and_grow_by_steps_within_their_bounds(size: int, seconds: float) -> None:
    following = next_slice(size, seconds, 0.012)
    assert 1 <= following <= 20_000
    assert following <= max(size * 2, 1)
    assert seconds < 0.05 or following < size or size == 1


@given(st.integers(1, TARGET_ROWS), st.integers(0, 10**6), st.integers(0, 10**9))
def test_claims_shrink_when_their_bodies_are_large(limit: int, rows: int, size: int) -> None:
    following = next_limit(limit, rows, size)
    assert 1 <= following <= TARGET_ROWS
    assert size <= 10_000_000 or following < limit or limit == 1


def test_needed_bodies_are_never_dropped_and_old_spare_ones_are() -> None:
    old, new = 0.0, flush.KEEP_SECONDS + 10.0
    bodies = [("needed", 1, old), ("old", 1, old), ("new", 1, new)]
    assert flush.to_drop(bodies, {"needed"}, new) == ["old"]


def test_spare_bodies_are_dropped_oldest_first_when_they_are_too_many() -> None:
    size = flush.KEEP_BYTES // 2
    bodies = [("third", size, 3.0), ("first", size, 1.0), ("second", size, 2.0)]
    assert flush.to_drop(bodies, set(), 4.0) == ["first"]


def _contact(state: str, role: str = "store") -> SiteContact:
    return SiteContact.model_validate({"site": "S001", "role": role, "state": state})


@pytest.mark.parametrize(
    ("state", "is_open", "told"),
    [
        ("active", False, ["closed"]),
        ("invited", False, ["closed"]),
        ("closed", False, []),
        ("closed", True, ["active"]),
        ("active", True, []),
        ("blocked", False, []),
        ("blocked", True, []),
    ],
)
def test_the_door_follows_the_business_own_list(state: str, is_open: bool, told: list[str]) -> None:
    business = {"S001": BusinessSite("S001", "One", is_open)}
    assert [change.state for change in door_changes(business, [_contact(state)])] == told
    assert door_changes({}, [_contact(state)]) == []


def test_head_office_itself_is_never_closed() -> None:
    contact = _of_head_office(_contact("active", "ho"))
    business = {"HO": BusinessSite("HO", "Head office", False)}
    assert door_changes(business, [contact]) == []
    assert merged({}, business, None, {"HO": contact})["HO"].state == "active"


def _of_head_office(contact: SiteContact) -> SiteContact:
    return contact.model_copy(update={"site": "HO"})
