"""A signal sets going what was asked for, whatever the main thread holds at that moment."""

import signal
import threading

from ginesys_sync.core.ending import ENDING, when_asked_to_end


def test_signals_that_come_while_the_main_thread_holds_the_lock_stop_nothing() -> None:
    wanted = threading.Event()
    with when_asked_to_end(wanted.set):
        with wanted._cond:  # type: ignore[attr-defined]  # as for a moment in each of its waits
            for number in (*ENDING, *ENDING):
                signal.raise_signal(number)
            assert not wanted.is_set()
        assert wanted.wait(30)


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    before = [signal.getsignal(number) for number in ENDING]
    with when_asked_to_end(lambda: None):
        assert [signal.getsignal(number) for number in ENDING] != before
    assert [signal.getsignal(number) for number in ENDING] == before
    assert "ending" not in {thread.name for thread in threading.enumerate()}
