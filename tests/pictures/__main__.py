"""`python -m tests.pictures --dir out`: paint every screen and judge what a machine can judge.

Qt takes its scale once for a process, so each scale is painted by a child of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

SCALES = (100, 150, 200)
SCREEN = (1920, 1080)
"""A shop's usual screen, in its own pixels."""


def main(arguments: list[str]) -> int:
    """0 when nothing is wrong, 1 when something is; a line on standard output for each fault."""
    parser = argparse.ArgumentParser(prog="pictures", description="Paint and judge every screen.")
    parser.add_argument("--dir", type=Path, default=Path("out"), help="where to (default: out)")
    parser.add_argument("--only", default="", help="scenes whose name holds this")
    parser.add_argument("--scale", type=int, choices=SCALES, help="only this scale")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.child:
        return _paint(asked.dir, asked.only, asked.scale)
    asked.dir.mkdir(parents=True, exist_ok=True)
    scales = SCALES if asked.scale is None else (asked.scale,)
    codes = [_child(asked.dir.resolve(), asked.only, scale) for scale in scales]
    print(f"Pictures and contact sheets are in {asked.dir.resolve()}.")
    return max(codes)


def _child(into: Path, only: str, percent: int) -> int:
    screen = into / f"screen-{percent}.json"
    one = {"name": "shop", "x": 0, "y": 0, "width": SCREEN[0], "height": SCREEN[1]}
    screen.write_text(json.dumps({"screens": [one | {"logicalDpi": 96, "dpr": 1}]}))
    environment = os.environ | {
        "QT_SCALE_FACTOR": str(percent / 100),
        "QT_QPA_PLATFORM": f"offscreen:configfile={screen}",
    }
    command = [sys.executable, "-m", "tests.pictures", "--child", "--dir", str(into)]
    command += ["--only", only, "--scale", str(percent)]
    code = subprocess.run(command, env=environment, check=False).returncode
    screen.unlink()
    return code


def _paint(into: Path, only: str, percent: int) -> int:
    from tests.pictures.painting import paint
    from tests.pictures.scenes import scenes

    wanted = [scene for scene in scenes() if only in scene.name]
    if not wanted:
        print(f"No scene's name holds {only!r}.")
        return 2
    faults = paint(wanted, into, percent, lambda fault: print(fault, flush=True))
    print(f"{percent} %: {len(wanted)} screens in two looks, {len(faults)} faults.", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
