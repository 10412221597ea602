"""A slice of `prove crash`, and that it finds what it is there to find."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.prove.crash import Workshop
from tests.prove.crash_stories import STORIES, Story
from tests.support.effects import Effects
from tests.support.fork_server import ForkServer

TOLD = {story.what: story for story in STORIES}
EVERYDAY = {"head office, a run": 47, "Web Database in head office's run": 29}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """One fork server and one chain that has lived, for all tests of this file."""
    with Workshop(tmp_path_factory.mktemp("crash")) as made:
        yield made


@pytest.fixture
def honest(workshop: Workshop) -> Iterator[Workshop]:
    """The program as it is; what a test breaks is whole again afterwards."""
    yield workshop
    workshop.defect = ""


def _holds(workshop: Workshop, what: str, every: int) -> None:
    """The second point of a story and every so manieth after it, and each of them is survived."""
    line = workshop.line(TOLD[what], lambda place: place % every == 1)
    assert line.broken == ()
    assert line.tried == line.planned > 0
    assert line.holds


@pytest.mark.slow
@pytest.mark.parametrize("what", EVERYDAY)
def test_what_is_killed_is_finished_by_the_next_run(honest: Workshop, what: str) -> None:
    _holds(honest, what, EVERYDAY[what])


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", TOLD)
def test_every_story_survives_a_kill_at_every_ninth_point(honest: Workshop, what: str) -> None:
    _holds(honest, what, 9)


# --- that it can fail -----------------------------------------------------------------------------


def _found(
    workshop: Workshop, story: Story, defect: str, looks: Callable[[str], bool]
) -> list[str]:
    """What is said of the first kill that a defect does not survive; kills come after effects that
    `looks` picks."""
    workshop.defect = defect
    prepared = workshop.prepared(story)
    try:
        traced = workshop.trace(story, prepared)
        assert traced.wrong == []
        for number, effect in enumerate(traced.effects, 1):
            if looks(effect):
                wrong = workshop.try_point(story, prepared, traced, number, is_after=True)
                if wrong:
                    return wrong
        return []
    finally:
        shutil.rmtree(prepared)


DEFECTS = [
    (
        "body_after_its_claim",
        "head office, a selective run",
        "commit HO",
        "a sealed batch is no longer in the home folder",
    ),
    (
        "uploaded_before_it_is",
        "head office, a selective run",
        "commit HO",
        "says UPLOADED and is not at the Web Database",
    ),
    ("cursor_before_rows", "a store, a run", "commit S001", "and the record is not there"),
    ("half_a_transaction", "Web Database in head office's run", "INSERT INTO", ""),
]


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("defect", "what", "after", "words"), DEFECTS, ids=[each[0] for each in DEFECTS]
)
def test_a_classic_defect_is_found(
    honest: Workshop, defect: str, what: str, after: str, words: str
) -> None:
    wrong = _found(honest, TOLD[what], defect, lambda effect: effect.startswith(after))
    assert wrong, "nobody noticed"
    assert any(words in each for each in wrong), wrong


@pytest.mark.slow
def test_a_point_that_is_never_reached_is_broken(honest: Workshop) -> None:
    story = TOLD["a store joins"]
    prepared = honest.prepared(story)
    traced = honest.trace(story, prepared)
    (wrong,) = honest.try_point(story, prepared, traced, len(traced.effects) + 1, is_after=False)
    shutil.rmtree(prepared)
    assert wrong.startswith("the point was never reached: it ended with 0")


# --- the counting ---------------------------------------------------------------------------------


def test_what_no_wrapper_sees_is_told(tmp_path: Path) -> None:
    with ForkServer() as server:
        child = server.start({"kind": "unseen", "root": str(tmp_path), "at": 0, "is_after": False})
        told = list(child.lines())
        assert child.wait() == 0
    assert told == ["1 create seen", "2 write seen", "! passed by: open unseen", "= {}"]


def test_a_kill_comes_right_before_its_effect_or_right_after_it(tmp_path: Path) -> None:
    there = {}
    with ForkServer() as server:
        for at, is_after in ((1, False), (1, True), (2, False), (2, True)):
            root = tmp_path / f"{at}{is_after}"
            root.mkdir()
            job = {"kind": "unseen", "root": str(root), "at": at, "is_after": is_after}
            child = server.start(job)
            assert child.wait() == -signal.SIGKILL
            seen = root / "seen"
            there[at, is_after] = seen.read_text() if seen.exists() else None
    assert there == {(1, False): None, (1, True): "", (2, False): "", (2, True): "written"}


def test_effects_without_a_point_kill_nobody() -> None:
    told: list[str] = []
    effects = Effects(told.append)
    with effects.effect("write a/0123456789abcdef"):
        pass
    assert told == ["1 write a/#"]
