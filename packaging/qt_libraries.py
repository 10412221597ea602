"""Does Qt find the system libraries it needs? If not: apt as root, else the one line to type.

Two needs are told apart: painting in memory, which everything here does, and windows on an X11
screen. Each is checked once by loading Qt for real; the environment's stamp remembers the answer.
"""

import os
import shutil
import subprocess
import sys

import child
from environment import Environment
from trouble import Trouble

PAINTING = "qt-painting"
WINDOWS = "qt-windows"

# Debian's names; Ubuntu knows them too.
_PACKAGES = {
    PAINTING: [
        "libegl1",
        "libgl1",
        "libglib2.0-0",
        "libdbus-1-3",
        "libfontconfig1",
        "libxkbcommon0",
    ],
    WINDOWS: [
        "libxcb-cursor0",
        "libxcb-icccm4",
        "libxcb-keysyms1",
        "libxcb-shape0",
        "libxcb-xkb1",
        "libxkbcommon-x11-0",
    ],
}

_TRIAL = {
    PAINTING: """
from PySide6 import QtCore, QtGui, QtNetwork, QtSvg, QtWidgets
QtWidgets.QApplication(["check"])
""",
    WINDOWS: """
import ctypes, pathlib
from PySide6 import QtCore, QtGui, QtWidgets
plugins = QtCore.QLibraryInfo.path(QtCore.QLibraryInfo.LibraryPath.PluginsPath)
ctypes.CDLL(str(pathlib.Path(plugins, "platforms", "libqxcb.so")))
""",
}


def needs(headless: bool) -> list[str]:
    """What must be checked: windows only when there is an X11 screen to show them on."""
    screen = os.environ.get("DISPLAY") and os.environ.get("QT_QPA_PLATFORM", "xcb") == "xcb"
    if sys.platform != "linux":
        return [PAINTING]
    return [PAINTING] if headless or not screen else [PAINTING, WINDOWS]


def ensure(environment: Environment, wanted: list[str]) -> None:
    """Check each need that has not been checked yet; raises Trouble with the apt line."""
    open_needs = [need for need in wanted if need not in environment.checks_passed]
    if not open_needs:
        return
    packages = [name for need in wanted for name in _PACKAGES[need]]
    faults = [fault for need in open_needs if (fault := _missing(environment, need))]
    if faults and _may_install():
        _install(packages)
        faults = [fault for need in open_needs if (fault := _missing(environment, need))]
    if faults:
        raise Trouble(_sentence(faults[0], packages))
    for need in open_needs:
        environment.note_check(need)


def _missing(environment: Environment, need: str) -> str:
    """Why Qt does not load, in the loader's words; empty when it does."""
    tried = subprocess.run(
        [environment.python, "-c", _TRIAL[need]],
        env={**environment.variables(), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if tried.returncode == 0:
        return ""
    told = [line.strip() for line in tried.stderr.splitlines() if line.strip()]
    return told[-1] if told else f"it ended with code {tried.returncode}"


def _may_install() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: list[str]) -> None:
    print("Qt lacks system libraries; installing them: " + " ".join(packages), flush=True)
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    for command in (install, ["apt-get", "update", "-q"], install):
        told: list[str] = []
        code = child.run(command, variables, each_line=told.append)
        if command is install and code == 0:
            return
    raise Trouble(
        "The libraries that Qt needs could not be installed. apt-get said:\n"
        + "".join(told[-6:])
        + f"Check the network connection, or type: apt-get install {' '.join(packages)}"
    )


def _sentence(fault: str, packages: list[str]) -> str:
    line = f"apt-get update && apt-get install -y {' '.join(packages)}"
    return (
        f"Qt cannot start, because this system lacks libraries it needs ({fault}).\n"
        f"As an administrator, type this line, then start again:\n\n    {line}\n"
    )
