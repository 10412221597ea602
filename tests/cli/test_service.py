"""`ginesys-sync service`: the one process of a site that syncs by schedule and when it is asked."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread, Timer

import pytest
from filelock import FileLock

from ginesys_sync.services import planner, timing, worker
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.worker import (
    SERVICE_LOCK,
    Service,
    is_service_running,
    start_child,
)
from tests.support.retail_chain import CLOSING, HO, S001, RetailChain, run_verb, wait_until


def test_it_answers_what_was_asked_of_the_database_and_sigterm_ends_it_cleanly(
    chain: RetailChain,
) -> None:
    child = chain.child("service", "--home", chain.home(S001))
    wait_until(lambda: chain.service_pid(S001), "the service")
    assert chain.service_pid(S001) == child.pid
    chain.sql(
        S001,
        "INSERT INTO sync_request(asked_at, sites, trigger, who, state) "
        "VALUES ('2026-01-01T00:00:00.000Z', '*', 'window', 'somebody', 'asked')",
    )
    wait_until(
        lambda: chain.sql(S001, "SELECT 1 FROM sync_request WHERE state = 'ended'"), "the answer"
    )
    assert chain.sql(S001, "SELECT message, run FROM sync_request") == [(CLOSING, 1)]
    run = chain.status(S001, "runs")[0]
    assert (run["outcome"], run["trigger"]) == ("done", "window")
    second = run_verb("service", "--home", chain.home(S001))
    assert (second.code, second.out) == (2, "")
    assert second.err == (
        "The service of this site is already running. There is nothing to do: it goes on.\n"
    )
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (0, "", "")
    assert not is_service_running(chain.home(S001))


def test_a_windows_own_service_ends_cleanly_too_when_it_is_asked_from_outside(
    chain: RetailChain,
) -> None:
    child = start_child(chain.home(S001))
    try:
        wait_until(lambda: chain.service_pid(S001), "the service")
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=30) == 0
    finally:
        child.kill()
        child.stdin.close()


def test_a_desk_asks_the_service_that_runs_already_and_starts_none(chain: RetailChain) -> None:
    child = chain.child("service", "--home", chain.home(S001))
    wait_until(lambda: chain.service_pid(S001), "the service")
    desk = HomeDesk(chain.home(S001))
    try:
        number = desk.ask_sync(None)
        wait_until(lambda: desk.progress(number).summary, "the end of the run")
        summary = desk.progress(number).summary
        assert summary is not None and summary.closing == CLOSING
        assert desk._service is None
    finally:
        desk.close()
    assert chain.service_pid(S001) == child.pid


def test_a_desk_asked_from_several_threads_starts_one_service(
    offline: RetailChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, started, both = worker.start_child, [], Barrier(2)

    def start(folder: Path) -> object:
        started.append(honest(folder))
        with suppress(BrokenBarrierError):
            both.wait(timeout=0.5)  # for a second one, which must not come
        return started[-1]

    monkeypatch.setattr(worker, "start_child", start)
    desk = HomeDesk(offline.home(S001))
    threads = [Thread(target=desk._ensure_service) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.close()
    assert len(started) == 1


def test_minutes_stand_in_for_any_schedule(
    chain: RetailChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(chain.home(S001), minutes=7)
    seen: list[float] = []

    class Watched(timing.Timing):
        def every(self, minutes: int) -> None:
            super().every(minutes)
            seen.extend(job.trigger.interval.total_seconds() for job in self._scheduler.get_jobs())
            service.stop()

    monkeypatch.setattr(planner, "Timing", Watched)
    assert service.serve() == 0
    assert seen == [7 * 60]


def test_a_killed_service_leaves_nothing_locked_and_the_next_one_ends_what_was_left(
    chain: RetailChain,
) -> None:
    chain.done(HO)
    chain.sql(
        S001,
        "INSERT INTO sync_request(asked_at, sites, trigger, who, state) "
        "VALUES ('2026-01-01T00:00:00.000Z', '*', 'window', 'somebody', 'taken')",
    )
    first = chain.child("service", "--home", chain.home(S001))
    wait_until(
        lambda: chain.sql(S001, "SELECT 1 FROM sync_request WHERE state = 'ended'"),
        "what was left over",
    )
    said = chain.scalar(S001, "SELECT message FROM sync_request")
    assert said.startswith("Sync stopped: it was ended from outside. Nothing is lost.")
    chain.kill_service(S001)
    assert first.wait(timeout=30) == -signal.SIGKILL
    second = chain.child("service", "--home", chain.home(S001))
    wait_until(lambda: chain.service_pid(S001) == second.pid, "the second service")
    second.send_signal(signal.SIGINT)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out, err) == (0, "", "")
    chain.done(S001)
    assert chain.rows(S001, "item") == chain.rows(HO, "item")


def test_a_prompt_sync_while_the_service_rests_is_fine(chain: RetailChain) -> None:
    chain.child("service", "--home", chain.home(S001))
    wait_until(lambda: chain.service_pid(S001), "the service")
    chain.done(S001)


def test_the_service_of_no_home_says_so(tmp_path: Path) -> None:
    said = run_verb("service", "--home", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"{tmp_path} is not the home folder of a site.")


def test_a_service_starts_although_somebody_looks_at_that_moment_whether_one_runs(
    chain: RetailChain,
) -> None:
    service = Service(chain.home(S001), minutes=0)
    looking = FileLock(chain.home(S001) / SERVICE_LOCK, thread_local=False)
    looking.acquire()
    Timer(0.3, looking.release, kwargs={"force": True}).start()
    codes: list[int] = []
    thread = Thread(target=lambda: codes.append(service.serve()))
    thread.start()
    wait_until(lambda: chain.service_pid(S001) == os.getpid() or not thread.is_alive(), "the start")
    service.stop()
    thread.join(timeout=30)
    assert codes == [0]
