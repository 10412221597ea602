"""`python -m tests.bench`: run the benchmarks asked for, all of them by default."""

from __future__ import annotations

import argparse
import sys

from tests.bench import capture, fanout, live, pipeline, start, ui
from tests.bench.report import Measure, show

BENCHES = {
    "capture": capture.run,
    "start": start.run,
    "fanout": fanout.run,
    "pipeline": pipeline.run,
    "live": live.run,
    "ui": ui.run,
}


def main(arguments: list[str]) -> int:
    """Measure; 0 when every limit holds, 1 when one does not."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure speed and memory.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--quick", action="store_true", help="small amounts, nothing is judged")
    parser.add_argument("--json-only", action="store_true", help="no table on standard error")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}: choose of {', '.join(BENCHES)}")
    found: list[Measure] = []
    for name in asked.names or BENCHES:
        for measure in BENCHES[name](asked.quick):
            print(measure.line(), flush=True)
            found.append(measure)
    if not asked.json_only:
        show(found)
    return 0 if all(m.holds or not m.judged for m in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
