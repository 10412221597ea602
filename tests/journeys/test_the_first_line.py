"""A window's first true line is painted with little loaded: what opens a home comes after it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ginesys_sync.services.first_look import first_look
from tests.support.retail_chain import HO, RetailChain

_SHOW = """
import sys
from pathlib import Path
from ginesys_sync.ui import app as starting_up
from ginesys_sync.ui.app import OpeningDesk

starting_up._LOAD_ANYWAY_SECONDS = 60.0  # a busy machine may take more than the usual two

desk = OpeningDesk(Path(sys.argv[1]))
from ginesys_sync.ui.starting import application, make_window

app = application()
window = make_window(desk, Path(sys.argv[1]), is_ho=sys.argv[2] == "HO")

def tell():
    heavy = {name.partition(".")[0] for name in sys.modules}
    print(window.strip.headline.text(), *sorted(heavy), sep="|")
    desk.load()  # closing waits for what was asked of the desk meanwhile
    window.close()

window.truth_shown.connect(tell)
window.show()
app.exec()
desk.close()
"""
_HEAVY = {"sqlalchemy", "alembic", "requests", "pydantic", "apscheduler", "starlette", "zstandard"}


@pytest.mark.parametrize("site", [HO, "S001"])
def test_the_first_line_is_true_before_anything_large_is_loaded(
    settled: RetailChain, site: str, tmp_path: Path
) -> None:
    before = first_look(settled.home(site))
    ended = subprocess.run(
        [sys.executable, "-c", _SHOW, settled.home(site), site],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    headline, *loaded = ended.stdout.splitlines()[0].split("|")
    after = first_look(settled.home(site))
    assert before is not None
    assert after is not None
    assert headline in (before.headline, after.headline)
    assert "PySide6" in loaded
    assert not _HEAVY & set(loaded)
