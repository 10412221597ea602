"""Classic defects, switched on: each breaks the very promise that its scene looks at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prove.report import Work
from tests.prove.seeds import room
from tests.prove.simulation.chain import make_template
from tests.prove.simulation.parts import simulated
from tests.prove.zoo import ZOO, Defect, outcome, prove


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A chain to copy, in memory."""
    with room() as folder:
        yield make_template(folder / "template")


@pytest.mark.parametrize("defect", ZOO, ids=lambda defect: defect.name)
def test_a_defect_that_is_switched_on_is_caught(defect: Defect, template: Path) -> None:
    with simulated():
        assert outcome(defect, template, template.parent / "chain", is_on=True)


@pytest.mark.long
@pytest.mark.parametrize("defect", ZOO, ids=lambda defect: defect.name)
def test_its_scene_holds_when_the_program_is_right(defect: Defect, template: Path) -> None:
    with simulated():
        assert outcome(defect, template, template.parent / "chain", is_on=False) == ""


@pytest.mark.long
def test_the_zoo_has_twelve_and_misses_none(tmp_path: Path) -> None:
    (line,) = prove(Work(0.0, tmp_path))
    assert (line.tried, line.holds) == (12, True), line.broken
