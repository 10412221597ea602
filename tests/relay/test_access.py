"""Who may come in."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable

import pytest
import requests

from ginesys_sync.core.errors import Refused, VersionsDiffer
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.relay.main import invite
from ginesys_sync.wire import routes
from ginesys_sync.wire.control_messages import SiteChange
from ginesys_sync.wire.messages import EnrolRequest
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

NewStore = Callable[[], Member]


def enrolment(site: str, code: str, key: str, role: str = "store") -> EnrolRequest:
    return EnrolRequest.model_validate(
        {"site": site, "role": role, "code": code, "key": key, "program": "test"}
    )


def edit(server: ForkedRelay, sql: str, *facts: object) -> None:
    connection = sqlite3.connect(server.home / "relay.sqlite3")
    with connection:
        connection.execute(sql, facts)
    connection.close()


def test_a_lost_enrolment_answer_is_had_again_with_the_same_code_and_key(
    server: ForkedRelay,
) -> None:
    code, key = invite(server.home, "E001", "store"), secrets.token_hex(32)
    web = WebDatabase(server.url)
    first = web.enrol(enrolment("E001", code, key))
    assert web.enrol(enrolment("E001", code, key)) == first
    assert first.epoch.startswith("1-")


def test_a_code_may_be_typed_in_small_letters_and_without_dashes(server: ForkedRelay) -> None:
    code, key = invite(server.home, "E002", "store"), secrets.token_hex(32)
    typed = code.lower().replace("-", " ")
    assert WebDatabase(server.url).enrol(enrolment("E002", typed, key)).site == "E002"


def test_a_used_code_with_another_key_is_refused(server: ForkedRelay) -> None:
    code = invite(server.home, "E003", "store")
    web = WebDatabase(server.url)
    web.enrol(enrolment("E003", code, secrets.token_hex(32)))
    with pytest.raises(Refused) as refused:
        web.enrol(enrolment("E003", code, secrets.token_hex(32)))
    assert refused.value.reason == "code_used"
    assert "new enrolment code" in refused.value.advice


@pytest.mark.parametrize(("site", "reason"), [("E004", "code_wrong"), ("NOSUCH", "code_wrong")])
def test_a_wrong_code_is_refused_and_does_not_tell_which_sites_there_are(
    server: ForkedRelay, site: str, reason: str
) -> None:
    invite(server.home, "E004", "store")
    with pytest.raises(Refused) as refused:
        WebDatabase(server.url).enrol(enrolment(site, "AAAAA-BBBBB", secrets.token_hex(32)))
    assert refused.value.reason == reason


def test_a_second_invitation_voids_the_first_code(server: ForkedRelay) -> None:
    first, second = (invite(server.home, "E005", "store") for _ in range(2))
    web = WebDatabase(server.url)
    with pytest.raises(Refused) as refused:
        web.enrol(enrolment("E005", first, secrets.token_hex(32)))
    assert refused.value.reason == "code_wrong"
    assert web.enrol(enrolment("E005", second, secrets.token_hex(32))).site == "E005"


def test_a_code_expires_after_seven_days(server: ForkedRelay) -> None:
    code = invite(server.home, "E006", "store")
    edit(
        server,
        "UPDATE sites SET code_expires_at = '2026-01-01T00:00:00.000Z' WHERE site = ?",
        "E006",
    )
    with pytest.raises(Refused) as refused:
        WebDatabase(server.url).enrol(enrolment("E006", code, secrets.token_hex(32)))
    assert refused.value.reason == "code_expired"


def test_a_site_enrols_only_in_the_role_it_was_invited_for(server: ForkedRelay) -> None:
    code = invite(server.home, "E007", "store")
    with pytest.raises(Refused) as refused:
        WebDatabase(server.url).enrol(enrolment("E007", code, secrets.token_hex(32), "ho"))
    assert refused.value.reason == "role_differs"


@pytest.mark.parametrize(("site", "role"), [("HO", "store"), ("S999", "ho"), ("s1", "store")])
def test_only_head_office_is_invited_as_head_office(
    server: ForkedRelay, site: str, role: str
) -> None:
    with pytest.raises(Refused):
        invite(server.home, site, role)


def test_a_new_code_for_an_enrolled_site_replaces_its_key_when_it_is_used(
    server: ForkedRelay, new_store: NewStore
) -> None:
    store = new_store()
    code = invite(server.home, store.site, "store")
    assert store.web.who_am_i().site == store.site
    key = secrets.token_hex(32)
    answer = WebDatabase(server.url).enrol(enrolment(store.site, code, key))
    assert answer.epoch.startswith("2-")
    with pytest.raises(Refused) as refused:
        store.web.who_am_i()
    assert refused.value.reason == "key_refused"
    assert WebDatabase(server.url, store.site, key).who_am_i().site == store.site


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer HO",
        "Bearer HO:",
        "Bearer HO:" + "0" * 64,
        "Basic SE86eA==",
        "Bearer NOSUCH:" + "0" * 64,
        "Bearer ho:x",
    ],
)
def test_a_wrong_key_is_refused_with_a_thing_to_do(
    server: ForkedRelay, ho: Member, authorization: str
) -> None:
    answer = requests.get(
        server.url + routes.WHO_AM_I, headers={"Authorization": authorization}, timeout=5
    )
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers[routes.PROTOCOL_HEADER] == str(routes.PROTOCOL)
    assert answer.json()["code"] == "key_refused"
    assert answer.json()["advice"]


def test_an_invited_site_that_has_not_enrolled_has_no_key(server: ForkedRelay) -> None:
    invite(server.home, "E008", "store")
    with pytest.raises(Refused) as refused:
        WebDatabase(server.url, "E008", "").who_am_i()
    assert refused.value.reason == "key_refused"


def test_neither_codes_nor_keys_are_kept_in_the_clear(
    server: ForkedRelay, new_store: NewStore
) -> None:
    store = new_store()
    store.open()
    kept = b"".join(path.read_bytes() for path in server.home.glob("relay.sqlite3*"))
    assert store.site.encode() in kept
    assert store.key.encode() not in kept
    assert store.code.encode() not in kept
    assert store.code.replace("-", "").encode() not in kept


def test_guessing_is_slowed_but_the_right_key_always_opens(
    server: ForkedRelay, new_store: NewStore
) -> None:
    store = new_store()
    guess = {"Authorization": f"Bearer {store.site}:{'0' * 64}"}
    codes = []
    for _ in range(70):
        answer = requests.get(server.url + routes.WHO_AM_I, headers=guess, timeout=5)
        codes.append(answer.json()["code"])
        if answer.status_code == 429:
            assert answer.headers["Retry-After"] == "60"
            break
    assert codes[-1] == "too_many_tries"
    assert store.web.who_am_i().site == store.site


@pytest.mark.parametrize("state", ["blocked", "closed"])
def test_a_blocked_or_closed_store_is_refused_everywhere_with_the_reason(
    ho: Member, new_store: NewStore, state: str
) -> None:
    store = new_store()
    ho.web.change_site(
        SiteChange.model_validate({"site": store.site, "state": state, "reason": "moving house"})
    )
    for verb in (store.web.who_am_i, store.open):
        with pytest.raises(Refused) as refused:
            verb()
        assert refused.value.reason == f"site_{state}"
        assert "moving house" in refused.value.advice
    contact = ho.web.change_site(SiteChange(site=store.site, state="active"))
    assert contact.state == "active"
    assert store.web.who_am_i().site == store.site


def test_a_closed_store_is_not_invited_again_before_it_is_active(
    server: ForkedRelay, ho: Member, new_store: NewStore
) -> None:
    store = new_store()
    ho.web.change_site(SiteChange(site=store.site, state="closed"))
    with pytest.raises(Refused) as refused:
        invite(server.home, store.site, "store")
    assert refused.value.reason == "site_closed"


def test_a_store_that_never_enrolled_is_invited_again_when_it_is_readmitted(
    server: ForkedRelay, ho: Member
) -> None:
    invite(server.home, "E009", "store")
    assert ho.web.change_site(SiteChange(site="E009", state="blocked")).state == "blocked"
    assert ho.web.change_site(SiteChange(site="E009", state="active")).state == "invited"


def test_only_head_office_is_told_who_is_in_the_chain(
    server: ForkedRelay, ho: Member, new_store: NewStore
) -> None:
    store = new_store()
    invite(server.home, "E010", "store")
    states = {contact.site: contact.state for contact in ho.web.chain().sites}
    assert (states["HO"], states[store.site], states["E010"]) == ("active", "active", "invited")
    with pytest.raises(Refused) as refused:
        store.web.chain()
    assert refused.value.reason == "ho_only"


def test_only_head_office_changes_sites_and_never_itself(ho: Member, new_store: NewStore) -> None:
    store = new_store()
    with pytest.raises(Refused) as refused:
        store.web.change_site(SiteChange(site=store.site, state="active"))
    assert refused.value.reason == "ho_only"
    with pytest.raises(Refused) as refused:
        ho.web.change_site(SiteChange(site="HO", state="closed"))
    assert refused.value.reason == "site_is_ho"
    with pytest.raises(Refused) as refused:
        ho.web.change_site(SiteChange(site="NOSUCH", state="closed"))
    assert refused.value.reason == "site_unknown"


@pytest.mark.parametrize(
    ("protocol", "older"),
    [
        (routes.PROTOCOL + routes.PROTOCOL_SKEW + 1, "The Web Database"),
        (routes.PROTOCOL - routes.PROTOCOL_SKEW - 1, "program"),
    ],
)
def test_versions_too_far_apart_say_which_side_is_older(
    server: ForkedRelay, ho: Member, protocol: int, older: str
) -> None:
    answer = requests.get(
        server.url + routes.HEALTH, headers={routes.PROTOCOL_HEADER: str(protocol)}, timeout=5
    )
    if protocol >= 0:
        assert answer.status_code == 426
        assert answer.json()["code"] == "versions_differ"
        assert older in answer.json()["title"]
        with pytest.raises(VersionsDiffer) as differ:
            ho.open(protocol=protocol)
        assert older in differ.value.title


def test_two_versions_of_skew_are_tolerated(ho: Member, new_store: NewStore) -> None:
    store = new_store()
    assert store.open(protocol=routes.PROTOCOL + routes.PROTOCOL_SKEW).relay_id
    assert store.open(protocol=0).relay_id
