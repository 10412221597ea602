"""The lock holds what the project needs, and nothing that ties it to one machine or network."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _name(requirement: str) -> str:
    return _plain(re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0])


def _locked() -> dict[str, list[str]]:
    """The hashes of every locked package, by its name."""
    entries = re.findall(r"^([\w.-]+)==\S+.*\\\n((?:    --hash=\S+.*\n)+)", LOCK, re.MULTILINE)
    return {_plain(name): re.findall(r"--hash=(\S+)", hashes) for name, hashes in entries}


def test_every_dependency_of_the_project_is_locked() -> None:
    project = PROJECT["project"]
    wanted = {_name(each) for each in project["dependencies"]}
    for extra in project["optional-dependencies"].values():
        wanted |= {_name(each) for each in extra}
    wanted |= {_name(each) for each in PROJECT["build-system"]["requires"]}
    assert len(wanted) > 20
    assert wanted - set(_locked()) == set()


def test_every_locked_package_has_a_hash() -> None:
    named = {_plain(name) for name in re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE)}
    assert {name for name, hashes in _locked().items() if hashes} == named
    assert all(
        re.fullmatch(r"sha256:[0-9a-f]{64}", each) for hs in _locked().values() for each in hs
    )


def test_no_line_of_the_lock_names_an_address_a_folder_or_an_option() -> None:
    guilty = [
        line
        for line in LOCK.splitlines()
        if "://" in line or re.search(r"(^|[\s=@])/\w", line) or line.startswith("-")
    ]
    assert guilty == []


def test_the_lock_holds_a_pyside_that_python_3_11_survives() -> None:
    found = re.search(r"^pyside6-essentials==(\d+)\.(\d+)", LOCK, re.MULTILINE)
    assert found
    assert (6, 8) <= (int(found[1]), int(found[2])) < (6, 12)
