"""The bug zoo: twelve classic defects, each switched on in a scene that must catch it. It measures
the checks: what they would not see, no seed can show.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.prove.report import Line, Work
from tests.prove.seeds import room
from tests.prove.simulation import defects, scenes
from tests.prove.simulation.chain import make_template
from tests.prove.simulation.parts import simulated
from tests.prove.simulation.play import Play, played
from tests.prove.simulation.world import Broken

_SEED = 1


@dataclass(frozen=True, slots=True)
class Defect:
    """One animal: its name, how it is switched on, the scene that catches it."""

    name: str
    switch_on: Callable[[pytest.MonkeyPatch], None]
    scene: Callable[[Play], None]


ZOO = (
    Defect("id ≤ last", defects.id_up_to_the_last, scenes.late_commit),
    Defect("cursor before data", defects.cursor_before_data, scenes.killed_between_slices),
    Defect(
        "acknowledge before commit",
        defects.acknowledge_before_commit,
        scenes.killed_while_applying,
    ),
    Defect("hush too wide", defects.hush_too_wide, scenes.written_by_a_trigger),
    Defect(
        "tombstone without audience",
        defects.tombstone_without_audience,
        scenes.given_to_another_store,
    ),
    Defect("retry of an old image", defects.retry_of_an_old_image, scenes.parked_then_newer),
    Defect("delete-first reload", defects.delete_first_reload, scenes.edited_while_reloading),
    Defect("sweep from below", defects.sweep_from_below, scenes.sold_twice),
    Defect("snapshot head read late", defects.head_read_late, scenes.edited_while_a_load_is_built),
    Defect("release before upload", defects.release_before_upload, scenes.cut_off_while_sending),
    Defect("claim without fence", defects.claim_without_fence, scenes.overtaken),
    Defect("body dropped at upload", defects.body_dropped_at_upload, scenes.web_database_put_back),
)


def outcome(defect: Defect, template: Path, root: Path, *, is_on: bool) -> str:
    """What breaks in the defect's scene, empty when nothing does."""
    with pytest.MonkeyPatch.context() as patch, played(_SEED, template, root) as play:
        if is_on:
            defect.switch_on(patch)
        try:
            defect.scene(play)
        except Broken as fault:
            return str(fault)
    return ""


def prove(work: Work) -> Iterator[Line]:
    """Each defect: caught when it is on, nothing wrong when it is off."""
    begun = time.monotonic()
    mine = [defect for place, defect in enumerate(ZOO) if work.is_mine(place)]
    broken: list[str] = []
    with room() as folder:
        template = make_template(folder / "template")
        with simulated():
            for defect in mine:
                without = outcome(defect, template, folder / "chain", is_on=False)
                if without:
                    broken.append(f"{defect.name}: the scene breaks without it: {without}")
                elif not outcome(defect, template, folder / "chain", is_on=True):
                    broken.append(f"{defect.name}: not caught")
    what = "classic defects switched on, each caught"
    yield Line("zoo", what, len(mine), len(mine), tuple(broken), time.monotonic() - begun)
