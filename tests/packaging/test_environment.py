"""The environment is made once, noticed when it is out of date, and its troubles are sentences."""

import importlib
import venv
from pathlib import Path
from types import ModuleType

import pytest

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PACKAGING))
    return importlib.import_module("environment")


@pytest.fixture
def qt_libraries(environment: ModuleType) -> ModuleType:
    return importlib.import_module("qt_libraries")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with a lock, and an empty environment in it."""
    (tmp_path / "requirements.lock").write_text("one==1.0\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    venv.EnvBuilder(symlinks=True).create(tmp_path / ".venv")
    return tmp_path


def _is_current(environment: ModuleType, project: Path) -> bool:
    return bool(environment.Environment(project)._read_stamp())


def test_an_environment_without_a_stamp_is_not_taken_for_ready(
    environment: ModuleType, project: Path
) -> None:
    assert not _is_current(environment, project)


def test_a_ready_environment_is_known_and_remembers_its_checks(
    environment: ModuleType, project: Path
) -> None:
    environment.Environment(project).note_check("qt-painting")
    again = environment.Environment(project)
    again.prepare()  # would need pip and a network if it were not current
    assert again.checks_passed == {"qt-painting"}


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", ".venv/pyvenv.cfg"])
def test_a_changed_file_makes_the_environment_out_of_date(
    environment: ModuleType, project: Path, name: str
) -> None:
    environment.Environment(project)._write_stamp()
    with (project / name).open("a") as file:
        file.write("# changed\n")
    assert not _is_current(environment, project)


def test_a_moved_folder_makes_the_environment_out_of_date(
    environment: ModuleType, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment.Environment(project)._write_stamp()
    moved = project.rename(tmp_path_factory.mktemp("moved") / "project")
    assert not _is_current(environment, moved)


def test_a_damaged_stamp_makes_the_environment_out_of_date(
    environment: ModuleType, project: Path
) -> None:
    ours = environment.Environment(project)
    ours._write_stamp()
    ours._stamp.write_text("[1, 2")
    assert not _is_current(environment, project)


@pytest.mark.parametrize(
    ("pip_said", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "no space left on the disk"),
        ("Temporary failure in name resolution", "Check the network connection"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that requirements.lock names"),
        ("some other fault\nand its second line", "and its second line"),
    ],
)
def test_what_stops_pip_is_told_in_a_sentence(
    environment: ModuleType, pip_said: str, sentence: str
) -> None:
    assert sentence in environment._why_pip_failed(pip_said, Path("install.log"))


def test_missing_qt_libraries_are_told_as_one_apt_line(
    environment: ModuleType,
    qt_libraries: ModuleType,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trouble = importlib.import_module("trouble")
    load = "import ctypes; ctypes.CDLL('libthere-is-none.so.4')"
    monkeypatch.setitem(qt_libraries._TRIAL, qt_libraries.WINDOWS, load)
    monkeypatch.setattr(qt_libraries, "_may_install", lambda: False)
    with pytest.raises(trouble.Trouble) as caught:
        qt_libraries.ensure(environment.Environment(project), [qt_libraries.WINDOWS])
    told = str(caught.value)
    assert "libthere-is-none.so.4" in told
    assert "apt-get install -y libxcb-cursor0 libxcb-icccm4" in told


def test_windows_are_asked_for_only_where_there_is_a_screen(
    qt_libraries: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qt_libraries.sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert qt_libraries.needs(headless=False) == [qt_libraries.PAINTING]
    monkeypatch.delenv("QT_QPA_PLATFORM")
    assert qt_libraries.needs(headless=False) == [qt_libraries.PAINTING, qt_libraries.WINDOWS]
    assert qt_libraries.needs(headless=True) == [qt_libraries.PAINTING]
    monkeypatch.delenv("DISPLAY")
    assert qt_libraries.needs(headless=False) == [qt_libraries.PAINTING]
