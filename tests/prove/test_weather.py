"""A slice of the proof of bad weather for every day: all of it is `run.py prove weather`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ginesys_sync.engine import webdb
from ginesys_sync.engine.webdb import WebDatabase
from tests.prove import weather, weather_clocks, weather_runs
from tests.prove.report import Work
from tests.prove.weather import STORMS
from tests.prove.weather_verbs import CALLS, verbs_of
from tests.support.chain_floor import S001


def test_every_verb_of_the_client_has_its_call() -> None:
    assert set(verbs_of(WebDatabase)) == set(CALLS)


@pytest.mark.slow
def test_each_verb_and_each_weather_meet_another(tmp_path: Path) -> None:
    names = [name for name in STORMS if name not in ("a line that crawls", "black hole")]
    all_verbs = verbs_of(WebDatabase)
    pairs = [(all_verbs[n % len(all_verbs)], name) for n, name in enumerate(names)]
    line = weather.verbs(tmp_path, pairs)
    assert line.holds, line.broken


@pytest.mark.slow
def test_each_verb_is_heard_twice(tmp_path: Path) -> None:
    line = weather.verbs(tmp_path, [(verb, "repeated requests") for verb in verbs_of(WebDatabase)])
    assert line.holds, line.broken


@pytest.mark.slow
def test_large_bodies_cross_a_line_that_dies_every_64_kib(tmp_path: Path) -> None:
    for way in (weather.upload, weather.download):
        line = way(tmp_path / way.__name__, 3_000_000)
        assert line.holds, line.broken


@pytest.mark.slow
def test_a_chain_syncs_in_some_weathers(tmp_path: Path) -> None:
    some = {"repeated requests": STORMS["repeated requests"]}
    work = Work(0, tmp_path, shard=0, shards=5)  # and two at which the line dies at some call
    line = weather_runs.runs(work, some, weather.HASTY)
    assert line.holds, line.broken


@pytest.mark.slow
def test_a_clock_a_day_wrong_is_only_warned_of(tmp_path: Path) -> None:
    with weather_runs.open_floor(tmp_path / "clocks") as floor:
        assert weather_clocks.one_clock(floor, S001, weather_clocks.CLOCKS["a day fast"]()) == ""


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_every_verb_meets_every_weather(tmp_path: Path) -> None:
    line = weather.verbs(tmp_path, [(v, name) for v in verbs_of(WebDatabase) for name in STORMS])
    assert line.holds, line.broken


# --- it can fail ----------------------------------------------------------------------------------


def test_an_error_that_is_no_known_one_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(fault: Exception, host: str) -> Exception:
        return fault

    monkeypatch.setattr(webdb, "diagnosis", careless)
    line = weather.verbs(tmp_path, [("mail", "lost answers")])
    assert "ConnectionError" in line.broken[0]


def test_a_verb_that_forgets_what_came_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_the_beginning(self: WebDatabase, sha256: str) -> tuple[int, bool]:
        return 0, False

    monkeypatch.setattr(WebDatabase, "_offset", from_the_beginning)
    line = weather.upload(tmp_path, 1_000_000)
    assert "given up" in line.broken[0]


def test_an_effect_done_twice_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = CALLS["post_batches"]
    twice = partial(replace, effect=lambda: 2)
    monkeypatch.setitem(CALLS, "post_batches", lambda scene: twice(made(scene)))
    line = weather.verbs(tmp_path, [("post_batches", "fair")])
    assert "done 2 times" in line.broken[0]


def test_a_verb_without_a_call_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CALLS, "mail")
    assert "met no weather" in weather.verbs(tmp_path, [("mail", "fair")]).broken[0]
