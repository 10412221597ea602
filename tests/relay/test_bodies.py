"""Bodies: hash, bounds, repeats, going on after a cut, own mail only."""

from __future__ import annotations

import http.client
import itertools
import sqlite3
from collections.abc import Callable, Iterator

import pytest
import requests

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import Audience
from ginesys_sync.wire import routes
from tests.relay.lanes import ALL, TO_HO, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

NewStore = Callable[[], Member]


def put(
    server: ForkedRelay, member: Member, name: str, data: bytes | Iterator[bytes], **headers: str
) -> requests.Response:
    return requests.put(
        f"{server.url}{routes.BODIES}/{name}",
        data=data,
        headers={
            "Authorization": f"Bearer {member.site}:{member.key}",
            "Content-Type": "application/octet-stream",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        },
        timeout=10,
    )


def get(server: ForkedRelay, member: Member, name: str, asked: str = "") -> requests.Response:
    headers = {"Authorization": f"Bearer {member.site}:{member.key}"}
    if asked:
        headers["Range"] = asked
    return requests.get(f"{server.url}{routes.BODIES}/{name}", headers=headers, timeout=10)


def offset(server: ForkedRelay, member: Member, name: str) -> tuple[int, int]:
    answer = requests.head(
        f"{server.url}{routes.BODIES}/{name}",
        headers={"Authorization": f"Bearer {member.site}:{member.key}"},
        timeout=10,
    )
    return answer.status_code, int(answer.headers[routes.UPLOAD_OFFSET_HEADER])


@pytest.mark.parametrize("size", [1, 32_768, 32_769, 1_500_000, 9_000_000])
def test_a_body_comes_back_as_it_went_and_the_same_again_is_already_there(
    server: ForkedRelay, ho: Member, size: int
) -> None:
    body = Body.of(size)
    assert put(server, ho, body.sha256, body.data).status_code == 201
    assert put(server, ho, body.sha256, body.data).status_code == 200
    assert offset(server, ho, body.sha256) == (200, size)
    assert get(server, ho, body.sha256).content == body.data
    path = server.home / "bodies" / body.sha256[:2] / body.sha256
    assert path.exists() is (size > routes.INLINE_BODY_BYTES)
    assert not list((server.home / "uploads").glob(f"*/{body.sha256}*"))


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_body_that_is_not_what_its_name_says_is_refused_and_not_kept(
    server: ForkedRelay, ho: Member, size: int
) -> None:
    body = Body.of(size)
    answer = put(server, ho, body.sha256, bytes(size))
    assert (answer.status_code, answer.json()["code"]) == (400, "body_damaged")
    assert offset(server, ho, body.sha256) == (204, 0)
    assert put(server, ho, body.sha256, body.data).status_code == 201


@pytest.mark.parametrize("size", [100_000, 9_000_000])
def test_an_upload_that_was_cut_goes_on_where_it_was(
    server: ForkedRelay, ho: Member, size: int
) -> None:
    body, half = Body.of(size), size // 2
    name = body.sha256
    send_and_hang_up(server, ho, name, size, body.data[:half])
    for _ in range(1_000):  # the server writes it down a moment after we hung up
        have = offset(server, ho, name)[1]
        if have == half:
            break
    assert have == half
    rest = f"bytes {have}-{size - 1}/{size}"
    assert put(server, ho, name, body.data[have:], Content_Range=rest).status_code == 201
    assert get(server, ho, name).content == body.data


def send_and_hang_up(
    server: ForkedRelay, member: Member, name: str, size: int, data: bytes
) -> None:
    line = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
    line.putrequest("PUT", f"{routes.BODIES}/{name}")
    line.putheader("Authorization", f"Bearer {member.site}:{member.key}")
    line.putheader("Content-Length", str(size))
    line.endheaders()
    line.send(data)
    line.close()


def test_the_rest_of_an_upload_with_wrong_bytes_before_it_is_refused_and_begins_anew(
    server: ForkedRelay, ho: Member
) -> None:
    body = Body.of(100_000)
    (server.home / "uploads" / "HO").mkdir(parents=True, exist_ok=True)
    (server.home / "uploads" / "HO" / f"{body.sha256}.part").write_bytes(bytes(60_000))
    assert offset(server, ho, body.sha256) == (204, 60_000)
    answer = put(
        server, ho, body.sha256, body.data[60_000:], Content_Range="bytes 60000-99999/100000"
    )
    assert answer.json()["code"] == "body_damaged"
    assert offset(server, ho, body.sha256) == (204, 0)


def test_a_part_that_begins_beyond_what_is_there_is_refused_with_where_to_go_on(
    server: ForkedRelay, ho: Member
) -> None:
    body = Body.of(100_000)
    answer = put(server, ho, body.sha256, body.data[50:], Content_Range="bytes 50-99999/100000")
    assert (answer.status_code, answer.json()["code"]) == (409, "offset_differs")
    assert answer.headers[routes.UPLOAD_OFFSET_HEADER] == "0"


@pytest.mark.parametrize(
    "asked",
    ["bytes 0-9/5", "bytes 5-9/20", "bytes */10", "rows 0-9/10", "bytes 0-8/9", "bytes 9-0/10"],
)
def test_a_content_range_that_does_not_fit_is_refused(
    server: ForkedRelay, ho: Member, asked: str
) -> None:
    body = Body.of(10)
    answer = put(server, ho, body.sha256, body.data, Content_Range=asked)
    assert (answer.status_code, answer.json()["code"]) == (416, "range_refused")


def test_one_store_does_not_see_how_far_anothers_upload_is(
    server: ForkedRelay, new_store: NewStore
) -> None:
    one, other, body = new_store(), new_store(), Body.of(100_000)
    folder = server.home / "uploads" / one.site
    folder.mkdir(parents=True)
    (folder / f"{body.sha256}.part").write_bytes(body.data[:5_000])
    assert offset(server, one, body.sha256) == (204, 5_000)
    assert offset(server, other, body.sha256) == (204, 0)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-", slice(0, None)),
        ("bytes=7-", slice(7, None)),
        ("bytes=7-9", slice(7, 10)),
        ("bytes=7-99999999", slice(7, None)),
    ],
)
@pytest.mark.parametrize("size", [1_000, 100_000, 6_000_000])
def test_a_download_goes_on_by_range(
    server: ForkedRelay, ho: Member, size: int, asked: str, part: slice
) -> None:
    body = Body.of(size)
    ho.web.put_body(body.sha256, body.data)
    answer = get(server, ho, body.sha256, asked)
    assert answer.status_code == 206
    assert answer.content == body.data[part]
    start = part.start
    stop = min(part.stop or size, size)
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=5-4", "bytes=-3", "lines=1-2", "bytes=a-"])
def test_a_range_that_is_not_there_is_refused(server: ForkedRelay, ho: Member, asked: str) -> None:
    body = Body.of(10)
    ho.web.put_body(body.sha256, body.data)
    answer = get(server, ho, body.sha256, asked)
    assert (answer.status_code, answer.json()["code"]) == (416, "range_refused")
    assert answer.headers["Content-Range"] == "bytes */10"


def test_a_body_larger_than_any_may_be_is_refused_before_it_is_read(
    server: ForkedRelay, ho: Member
) -> None:
    answer = put(server, ho, "0" * 64, b"", Content_Length="0")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    rest = f"bytes 0-9/{routes.MAX_BODY_BYTES + 10}"
    assert put(server, ho, "0" * 64, bytes(10), Content_Range=rest).status_code == 416
    rest = f"bytes {routes.MAX_BODY_BYTES}-{routes.MAX_BODY_BYTES + 9}/{routes.MAX_BODY_BYTES + 10}"
    answer = put(server, ho, "0" * 64, bytes(10), Content_Range=rest)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_without_a_length_or_with_another_kind_of_content_is_refused(
    server: ForkedRelay, ho: Member
) -> None:
    answer = put(server, ho, "0" * 64, iter([b"chunked"]))
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")
    answer = put(server, ho, "0" * 64, b"{}", Content_Type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (415, "content_type")
    answer = put(server, ho, "0" * 64, b"{}", Content_Encoding="gzip")
    assert (answer.status_code, answer.json()["code"]) == (415, "content_type")


@pytest.mark.parametrize("name", ["0" * 63, "0" * 65, "A" * 64, "..", "%2e%2e%2frelay.sqlite3"])
def test_what_is_no_hash_names_no_body(server: ForkedRelay, ho: Member, name: str) -> None:
    assert get(server, ho, name).status_code == 404
    assert put(server, ho, name, b"x").status_code == 404


def test_more_than_the_bound_that_nothing_names_is_not_taken(
    server: ForkedRelay, new_store: NewStore
) -> None:
    store, body = new_store(), Body.of(40_000)
    store.web.put_body(body.sha256, body.data)
    connection = sqlite3.connect(server.home / "relay.sqlite3")
    with connection:
        connection.execute("UPDATE bodies SET size = ? WHERE sha256 = ?", (4 * 2**30, body.sha256))
    connection.close()
    answer = put(server, store, Body.of(10).sha256, bytes(10))
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_unnamed")


def test_a_site_fetches_only_bodies_addressed_to_it_or_its_own(
    server: ForkedRelay, ho: Member, new_store: NewStore, channel: str
) -> None:
    one, other = new_store(), new_store()
    lane, bills = Lane(ho, channel), Lane(one, channel)
    for size, no in zip((100, 100_000), itertools.count(1), strict=False):
        for_one, of_one = Body.of(size), Body.of(size)
        lane.send(no, [for_one], Audience.of([one.site]), upto=0)
        bills.send(no, [of_one], TO_HO)
        assert get(server, one, for_one.sha256).json()["code"] == "body_unknown"  # not released
        lane.post([], (), lane.release(no))
        assert one.web.get_body(for_one.sha256, size) == for_one.data
        assert ho.web.get_body(for_one.sha256, size) == for_one.data
        assert ho.web.get_body(of_one.sha256, size) == of_one.data
        assert one.web.get_body(of_one.sha256, size) == of_one.data
        for name in (for_one.sha256, of_one.sha256):
            assert get(server, other, name).json()["code"] == "body_unknown"
            assert get(server, other, name).status_code == 404


def test_a_body_for_all_is_for_every_store(ho: Member, new_store: NewStore, channel: str) -> None:
    stores, body = [new_store(), new_store()], Body.of(50_000)
    Lane(ho, channel).send(1, [body], ALL)
    for store in stores:
        assert store.web.get_body(body.sha256, 50_000) == body.data


def test_a_body_is_stored_once_however_many_batches_name_it(
    server: ForkedRelay, ho: Member, channel: str
) -> None:
    body = Body.of(50_000)
    Lane(ho, channel).send(1, [body, body], ALL)
    assert len(list((server.home / "bodies").glob(f"??/{body.sha256}"))) == 1


def test_no_body_is_fetched_or_sent_without_a_key(server: ForkedRelay) -> None:
    url = f"{server.url}{routes.BODIES}/{'0' * 64}"
    for method in ("GET", "PUT", "HEAD"):
        assert requests.request(method, url, timeout=5).status_code == 401


def test_a_refused_upload_says_why_even_while_it_is_still_being_sent(
    server: ForkedRelay, new_store: NewStore
) -> None:
    store, body = new_store(), Body.of(6_000_000)
    store.web = type(store.web)(server.url, store.site, "0" * 64)
    with pytest.raises(Refused) as refused:
        store.web.put_body(body.sha256, body.data)
    assert refused.value.reason == "key_refused"
