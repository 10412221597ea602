"""The benchmarks' own harness works: on amounts so small that nothing is measured."""

from __future__ import annotations

import json

import pytest

from tests.bench import __main__ as bench
from tests.bench import capture
from tests.bench.report import Measure, middle_ratio

pytestmark = pytest.mark.long


def test_capture_on_two_thousand_rows_gives_two_whole_lines() -> None:
    lines = [json.loads(measure.line()) for measure in capture.run(quick=True, rows=2_000)]
    assert [line["measure"] for line in lines] == ["plain insert", "plain update"]
    for line in lines:
        assert line["bench"] == "capture"
        assert line["holds"] is (line["ratio"] <= line["limit"])
        assert line["rows"] == 2_000 and line["hashes_equal"] is True
        assert len(line["seconds"]) == len(line["baseline_seconds"]) == 1
        assert any("ix_item_barcode" in text for text in line["baseline"]["indexes"])
        assert line["baseline"]["pragmas"]["journal_mode"] == "wal"
        assert line["triggers"]


def test_a_ratio_is_the_middle_one_of_the_rounds_own() -> None:
    assert middle_ratio([2.0, 30.0, 3.0], [1.0, 10.0, 2.0]) == 2.0


@pytest.mark.parametrize(("found", "code"), [(1.0, 0), (3.0, 1)])
def test_a_limit_that_does_not_hold_is_told_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: float, code: int
) -> None:
    monkeypatch.setattr(
        bench, "BENCHES", {"made": lambda quick: [Measure("made", "up", found, 2.0)]}
    )
    assert bench.main(["made"]) == code
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "bench": "made",
        "measure": "up",
        "ratio": found,
        "limit": 2.0,
        "holds": not code,
    }
    assert ("DOES NOT HOLD" in told.err) is bool(code)


def test_a_benchmark_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(["flight"])
    assert ended.value.code == 2
    assert "flight" in capsys.readouterr().err
