"""What every test stands on: no screen needed, nothing of this user's touched, nothing left over.

Only what concerns tests of every room is here; fixtures of one room live in its own folder, parts
that several rooms share in tests/support.
"""

import contextlib
import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

try:
    import fcntl
except ImportError:  # not a POSIX system: tests that measure time then share the machine
    fcntl = None  # type: ignore[assignment]

# Before anything imports Qt. Whoever wants to watch the windows says QT_QPA_PLATFORM=xcb.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for _name in ("QT_SCALE_FACTOR", "QT_STYLE_OVERRIDE", "QT_QPA_PLATFORMTHEME", "QT_FONT_DPI"):
    os.environ.pop(_name, None)

_HERE = hypothesis.settings(deadline=None, print_blob=True)
hypothesis.settings.register_profile("here", parent=_HERE)
hypothesis.settings.register_profile("ci", parent=_HERE, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session", autouse=True)
def _own_desktop_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings, caches and sockets of the desktop go to a temporary folder, not to the user's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONFIG_HOME", "DATA_HOME", "CACHE_HOME", "STATE_HOME", "RUNTIME_DIR"):
            folder = tmp_path_factory.mktemp(f"xdg-{name.lower()}")
            folder.chmod(0o700)
            patch.setenv(f"XDG_{name}", str(folder))
        yield


@pytest.fixture(autouse=True)
def _qt_leaves_nothing_over(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test that used Qt, carry out the pending deletions before the next one begins."""
    uses_qt = bool({"qapp", "qtbot"} & set(request.fixturenames))
    if uses_qt:
        gc.freeze()  # the collector then looks only at what came with this test
    yield
    if not uses_qt or "PySide6.QtCore" not in sys.modules:
        return
    from PySide6.QtCore import QCoreApplication, QEvent

    deferred = QEvent.Type.DeferredDelete.value
    QCoreApplication.sendPostedEvents(None, deferred)
    gc.collect()
    QCoreApplication.sendPostedEvents(None, deferred)  # what the collector dropped may ask for it


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test marked `alone` run while the other workers rest; its timeout starts then."""
    if fcntl is None or not hasattr(item.config, "workerinput"):
        return (yield)  # one process: every test is alone
    shared = Path(item.config.option.basetemp).parent
    alone = item.get_closest_marker("alone") is not None
    with contextlib.ExitStack() as until_the_end:
        # Whoever waits holds the turnstile, so that a test that wants to be alone is not starved.
        with _locked(shared / "turnstile.lock", alone=True):
            until_the_end.enter_context(_locked(shared / "alone.lock", alone=alone))
        return (yield)


@contextlib.contextmanager
def _locked(path: Path, alone: bool) -> Iterator[None]:
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
