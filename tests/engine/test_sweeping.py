"""The sweep after a full load: what head office does not have goes, never much without a word."""

from __future__ import annotations

import pytest

from ginesys_sync.core.errors import KnownError, NotPossible
from ginesys_sync.core.status import Outcome
from ginesys_sync.services.questions import answer, questions
from ginesys_sync.services.reloading import reload_site
from ginesys_sync.services.status import status_rows
from ginesys_sync.services.sweeps import answer_for
from tests.engine.test_first_load import ITEMS, S003, chain
from tests.support.chain_floor import HO, ChainFloor

pytestmark = pytest.mark.long

__all__ = ["chain"]
KEPT = "are not in head office's full load. They are kept until someone says"


def _asked(chain: ChainFloor) -> None:
    """S003 joins with 300 items that head office has not, and is asked about them."""
    chain.join(S003)
    chain.sql(S003, ITEMS.replace("'I' ||", "'OLD' ||").replace("'B' ||", "'X' ||"))
    chain.sync(S003)
    chain.done(HO)
    ended = chain.sync(S003)
    assert ended.outcome is Outcome.ATTENTION
    assert any(KEPT in note for note in ended.notes)


def test_what_the_load_does_not_hold_is_swept(chain: ChainFloor) -> None:
    chain.join(S003)
    chain.sql(S003, "INSERT INTO item VALUES ('OLD', 'left from before', NULL)")
    chain.settle(S003)
    assert "OLD" not in chain.codes(S003, "item")
    chain.assert_equal([S003])


def test_more_than_a_tenth_is_kept_and_asked_about_in_every_run(chain: ChainFloor) -> None:
    _asked(chain)
    ended = chain.sync(S003)
    assert ended.outcome is Outcome.ATTENTION
    assert any(KEPT in note for note in ended.notes)
    assert len(chain.codes(S003, "item")) == 600
    (question,) = questions(chain.home(S003))
    assert (question.entity, question.count, question.total) == ("items", 300, 600)
    rows = status_rows(chain.home(S003), "attention", 10)
    assert [(row["entity"], row["code"]) for row in rows] == [("Items", "sweep_asks")]


def test_the_answer_that_they_may_go_lets_them_go_and_spares_what_came_since(
    chain: ChainFloor,
) -> None:
    _asked(chain)
    chain.sql(HO, "INSERT INTO item VALUES ('NEW', 'after the load', 'NB')")
    chain.done(HO)
    chain.sync(S003)
    answer(chain.home(S003), "items", may_go=True)
    chain.done(S003)
    assert "NEW" in chain.codes(S003, "item")
    chain.assert_equal([S003])
    assert questions(chain.home(S003)) == ()
    assert chain.sql(S003, "SELECT count(*) FROM sync_seen") == [(0,)]


def test_the_answer_that_they_are_to_stay_ends_the_question(chain: ChainFloor) -> None:
    _asked(chain)
    answer(chain.home(S003), "items", may_go=False, reason="our own range")
    chain.done(S003)
    chain.done(S003)
    assert len(chain.codes(S003, "item")) == 600
    assert chain.sql(S003, "SELECT action, what, reason FROM sync_audit") == [
        ("answered: keep", "items", "our own range")
    ]
    with pytest.raises(KnownError, match="Nothing is asked about"):
        answer(chain.home(S003), "items", may_go=True)


def _told(chain: ChainFloor) -> list[tuple[str, str, str]]:
    rows = status_rows(chain.home(HO), "attention", 10)
    return [(row["site"], row["code"], row["reason"]) for row in rows]


def test_head_office_hears_of_the_question_and_answers_it_for_the_store(
    chain: ChainFloor,
) -> None:
    _asked(chain)
    chain.done(HO)
    ((site, code, reason),) = _told(chain)
    assert (site, code) == (S003, "sweep_asks")
    assert reason.startswith("300 of the 600 items at S003 are not in head office's full load.")
    (asked_at,) = chain.sql(HO, "SELECT key FROM sync_attention")[0]
    answer_for(chain.home(HO), S003, "items", asked_at, may_go=True, reason="old stock")
    ((_, code, reason),) = _told(chain)
    assert code == "sweep_answered"
    assert reason.endswith("Head office has answered: they go. S003 hears of it when it syncs.")
    chain.done(HO)
    chain.done(S003)
    chain.assert_equal([S003])
    assert questions(chain.home(S003)) == ()
    chain.done(HO)
    assert _told(chain) == []
    assert chain.sql(HO, "SELECT action, what, reason FROM sync_audit") == [
        ("answered: go", "items at S003", "old stock")
    ]
    with pytest.raises(NotPossible, match="S003 is not asked about that any more"):
        answer_for(chain.home(HO), S003, "items", asked_at, may_go=False)


def test_the_answer_of_head_office_holds_for_one_question_only(chain: ChainFloor) -> None:
    _asked(chain)
    chain.done(HO)
    (asked_at,) = chain.sql(HO, "SELECT key FROM sync_attention")[0]
    answer_for(chain.home(HO), S003, "items", asked_at, may_go=False)
    chain.done(HO)
    chain.done(S003)
    assert len(chain.codes(S003, "item")) == 600
    reload_site(chain.home(HO), S003)
    chain.done(HO)
    assert chain.sync(S003).outcome is Outcome.ATTENTION, "a later load asks again"
    assert len(questions(chain.home(S003))) == 1
    chain.sync(S003)
    assert len(chain.codes(S003, "item")) == 600


def test_an_answer_at_the_store_takes_the_question_from_head_offices_list(
    chain: ChainFloor,
) -> None:
    _asked(chain)
    chain.done(HO)
    answer(chain.home(S003), "items", may_go=False)
    chain.done(S003)
    chain.done(HO)
    assert _told(chain) == []


def test_a_record_that_something_here_refers_to_parks_and_goes_when_it_can(
    chain: ChainFloor,
) -> None:
    chain.join(S003)
    chain.sql(
        S003,
        "INSERT INTO item VALUES ('OLD', 'left from before', NULL)",
        "CREATE TABLE shelf(item TEXT REFERENCES item(code))",
        "INSERT INTO shelf VALUES ('OLD')",
    )
    chain.sync(S003)
    chain.done(HO)
    assert chain.sync(S003).outcome is Outcome.ATTENTION
    assert [parked[-1] for parked in chain.parked(S003)] == ["still_in_use"]
    chain.sql(S003, "DELETE FROM shelf")
    chain.done(S003)
    assert chain.parked(S003) == []
    chain.assert_equal([S003])


def test_a_record_in_use_by_a_later_lane_goes_with_what_uses_it(chain: ChainFloor) -> None:
    chain.join(S003)
    chain.sql(
        S003,
        "INSERT INTO item VALUES ('OLD', 'left from before', NULL)",
        "INSERT INTO price VALUES ('OLD', 1, 100)",
    )
    chain.settle(S003)
    chain.assert_equal([S003])


def test_a_store_that_joins_again_with_its_old_database_goes_on_receiving(
    chain: ChainFloor,
) -> None:
    chain.join(S003)
    chain.settle(S003)
    (chain.home(S003) / "key").unlink()
    chain.join(S003, tables="")
    chain.settle(S003)
    chain.sql(HO, "INSERT INTO item VALUES ('NEW', 'after all that', 'NB')")
    chain.settle(S003)
    assert "NEW" in chain.codes(S003, "item")
    chain.assert_equal([S003])
    assert chain.sync(S003).outcome is Outcome.DONE
    taken = chain.sql(S003, "SELECT count(*) FROM sync_ack WHERE kind = 'load'")
    chain.done(S003)
    assert chain.sql(S003, "SELECT count(*) FROM sync_ack WHERE kind = 'load'") == taken
