"""`ginesys-sync alerts`: what is wrong, said at the prompt; limits and channels, set there."""

from __future__ import annotations

import json
import signal

import pytest

from ginesys_sync.services.alert_settings import Limits, present_settings
from tests.support.mail_server import hook_server
from tests.support.retail_chain import HO, S001, RetailChain, run_verb, wait_until

pytestmark = pytest.mark.long


def test_the_service_raises_an_alert_and_clears_it_without_a_window(settled: RetailChain) -> None:
    home = settled.home(HO)
    assert run_verb("alerts", "--home", home).code == 0
    with hook_server() as hook:
        assert run_verb("alerts", "set", "--home", home, "--webhook", hook.url).code == 0
        settled.sql(HO, "UPDATE sync_contact SET clock_ahead_seconds = 900 WHERE site = 'S001'")
        service = settled.child("service", "--home", home, "--minutes", "0")
        wait_until(lambda: hook.documents, "the call of the web hook")
        said = run_verb("alerts", "--home", home, "--json")
        (row,) = json.loads(said.out)
        assert (row["kind"], row["site"], row["cleared_at"]) == ("clock", S001, None)
        assert said.code == 1
        service.send_signal(signal.SIGTERM)
        service.wait(30)
    settled.sql(HO, "UPDATE sync_contact SET clock_ahead_seconds = 0")
    settled.child("service", "--home", home, "--minutes", "0")
    wait_until(lambda: run_verb("alerts", "--home", home).code == 0, "the alert's end")
    assert "cleared" in run_verb("alerts", "--home", home).out


def test_limits_are_set_one_by_one_and_what_cannot_be_meant_is_refused(
    settled: RetailChain,
) -> None:
    home = settled.home(HO)
    done = run_verb("alerts", "set", "--home", home, "--silent", "6h", "--silent-of", "S001=30m")
    assert done.code == 0
    assert run_verb("alerts", "set", "--home", home, "--clock", "300").code == 0
    wanted = Limits(silent_minutes=360, silent_minutes_of={"S001": 30}, clock_seconds=300)
    assert present_settings(home).limits == wanted
    refused = run_verb("alerts", "set", "--home", home, "--webhook", "http://chat.example/x")
    assert refused.code == 2
    assert "https://" in refused.err
    assert present_settings(home).webhook == ""
    assert run_verb("alerts", "--home", settled.home(S001)).code == 2
    assert run_verb("alerts").code == 2


def test_a_test_message_says_of_each_channel_whether_it_works(settled: RetailChain) -> None:
    home = settled.home(HO)
    assert "Neither mail nor a webhook" in run_verb("alerts", "test", "--home", home).out
    with hook_server() as hook:
        run_verb("alerts", "set", "--home", home, "--webhook", hook.url)
        said = run_verb("alerts", "test", "--home", home)
        assert (said.code, said.out.strip()) == (0, "Webhook: called.")
        hook.status = 500
        said = run_verb("alerts", "test", "--home", home)
        assert said.code == 1
        assert "code 500" in said.out
