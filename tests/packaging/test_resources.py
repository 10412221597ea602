"""Resources are found from the source tree and from a wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ginesys_sync.core.resources import resource_path

ROOT = Path(__file__).resolve().parents[2]


def test_a_resource_is_found_in_the_source_tree() -> None:
    assert resource_path("README.md").read_text(encoding="utf-8").startswith("# resources")
    assert resource_path() == ROOT / "resources"


def test_a_resource_that_is_not_there_is_named_in_the_fault() -> None:
    with pytest.raises(FileNotFoundError, match=r"no resource 'icons/none\.svg'"):
        resource_path("icons", "none.svg")


def test_a_wheel_carries_the_resources_and_finds_them(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    ask = "from ginesys_sync.core.resources import resource_path; print(resource_path('README.md'))"
    told = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(unpacked)!r}); {ask}"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    found = Path(told.stdout.strip())
    assert found == unpacked / "ginesys_sync" / "_resources" / "README.md"
    assert found.read_bytes() == (ROOT / "resources" / "README.md").read_bytes()
