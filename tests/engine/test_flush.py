"""Nothing that a site may still need is dropped, however long it takes; what nobody needs goes."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ginesys_sync.core.clock import SystemClock
from ginesys_sync.engine.flush import KEEP_BYTES, KEEP_SECONDS, to_drop
from tests.support.chain_floor import HO, S001, S002, ChainFloor

NOW = 1_800_000_000.0
_bodies = st.lists(
    st.tuples(
        st.text("abc", min_size=1, max_size=4),
        st.integers(1, KEEP_BYTES),
        st.floats(NOW - 3 * KEEP_SECONDS, NOW),
    ),
    unique_by=lambda body: body[0],
    max_size=12,
)


class _LaterClock(SystemClock):
    """A month later than it is."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=30)


@given(bodies=_bodies, data=st.data())
def test_a_needed_body_never_goes_and_the_others_only_when_old_or_too_many(
    bodies: list[tuple[str, int, float]], data: st.DataObject
) -> None:
    needed = data.draw(st.sets(st.sampled_from([name for name, *_ in bodies]))) if bodies else set()
    gone = to_drop(bodies, needed, NOW)
    assert not needed & set(gone)
    spare = {name: (size, written) for name, size, written in bodies if name not in needed}
    left = {name: facts for name, facts in spare.items() if name not in gone}
    assert sum(size for size, _ in left.values()) <= KEEP_BYTES
    assert all(NOW - written <= KEEP_SECONDS for _, written in left.values())
    young = [name for name in gone if NOW - spare[name][1] <= KEEP_SECONDS]
    assert not young or sum(size for size, _ in spare.values()) > KEEP_BYTES


def _staged(floor: ChainFloor, site: str) -> int:
    return sum(path.is_file() for path in (floor.home(site) / "staged").rglob("*"))


def test_what_a_silent_store_has_not_processed_stays_in_the_home_for_months(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.done(HO, clock=_LaterClock())
    before = _staged(floor, HO)
    floor.sql(HO, "INSERT INTO notice VALUES ('N1', 'S002', 'for one')")
    floor.sync(HO)
    floor.sync(S001)
    floor.sync(HO, clock=_LaterClock())
    assert _staged(floor, HO) == before + 1
    floor.sync(S002)
    floor.sync(HO)
    floor.sync(HO, clock=_LaterClock())
    assert _staged(floor, HO) == 0


def test_a_bill_stays_in_the_stores_home_until_head_office_has_it(floor: ChainFloor) -> None:
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 5, NULL)")
    floor.sync(S001)
    floor.sync(S001, clock=_LaterClock())
    assert _staged(floor, S001) == 1
    floor.sync(HO)
    floor.sync(S001, clock=_LaterClock())
    assert _staged(floor, S001) == 0
