"""A Web Database that hands out mail as none does: the stream stops, and nothing is undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from ginesys_sync.core.status import Outcome
from tests.support.chain_floor import HO, S001, ChainFloor
from tests.support.http_weather import Answer
from tests.support.weather import Storm, Weather

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def liar(floor: ChainFloor) -> Iterator[Callable[[Change], None]]:
    """Has the Web Database change every page of mail by what is given."""
    with Weather(floor.relay.url) as weather:
        floor.move_to(weather.url)
        yield lambda change: weather.set(Storm(alters=lambda answer: _changed(answer, change)))


def _changed(answer: Answer, change: Change) -> Answer:
    document = json.loads(answer.body) if answer.body.startswith(b"{") else {}
    page = document.get("mail", document)
    if not page.get("batches"):
        return answer
    change(page)
    body = json.dumps(document).encode()
    lines = [one for one in answer.lines if not one.lower().startswith(b"content-length")]
    return replace(answer, lines=(*lines, b"Content-Length: %d" % len(body)), body=body)


def _is_items(batch: dict[str, Any]) -> bool:
    return bool(batch["stream"] == "HO/catalogue")


@pytest.fixture
def two(floor: ChainFloor) -> ChainFloor:
    """Two versions of an item, and a notice, are on their way to S001."""
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'old', '1')")
    floor.done(HO)
    floor.sql(HO, "UPDATE item SET name = 'new'", "INSERT INTO notice VALUES ('N1', 'S001', 'x')")
    floor.done(HO)
    return floor


def _backwards(page: dict[str, Any]) -> None:
    page["batches"].reverse()


def _twice(page: dict[str, Any]) -> None:
    page["batches"] += [one for one in page["batches"] if _is_items(one)]


def _beyond(page: dict[str, Any]) -> None:
    for stream in page["streams"]:
        if _is_items(stream):
            stream["complete"] -= 1


def _in_another_epoch(page: dict[str, Any]) -> None:
    for batch in filter(_is_items, page["batches"]):
        batch["manifest"]["epoch"] = "9-" + "0" * 16


def _of_another_channel(page: dict[str, Any]) -> None:
    for batch in filter(_is_items, page["batches"]):
        batch["manifest"]["channel"] = "pricing"


def _unlisted(page: dict[str, Any]) -> None:
    page["streams"] = [stream for stream in page["streams"] if not _is_items(stream)]


@pytest.mark.parametrize(
    "change", [_backwards, _twice, _beyond, _in_another_epoch, _of_another_channel, _unlisted]
)
def test_mail_in_disorder_stops_its_stream_and_the_rest_goes_on(
    two: ChainFloor, liar: Callable[[Change], None], change: Change
) -> None:
    liar(change)
    ended = two.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert "another order than they were sent" in " ".join(ended.notes)
    assert two.rows(S001, "item") == []
    assert two.codes(S001, "notice") == ["N1"]
    assert two.cursor(S001, "HO/catalogue") == 0
    liar(lambda page: None)
    two.done(S001)
    assert two.rows(S001, "item") == [("I1", "new", "1")]


def test_an_old_batch_once_more_does_not_undo_what_came_after_it(
    two: ChainFloor, liar: Callable[[Change], None]
) -> None:
    pages: list[dict[str, Any]] = []
    liar(lambda page: pages.append(json.loads(json.dumps(page))))
    two.done(S001)
    (old, _) = [one for one in pages[0]["batches"] if _is_items(one)]
    two.sql(HO, "INSERT INTO item VALUES ('I2', 'more', '2')")
    two.done(HO)

    def again(page: dict[str, Any]) -> None:
        page["batches"] = [old]

    liar(again)
    assert two.sync(S001).outcome is Outcome.ATTENTION
    assert two.rows(S001, "item") == [("I1", "new", "1")]


@pytest.mark.parametrize("stream", ["S001/sales", "S002/sales"])
def test_a_store_takes_no_streams_but_head_offices(
    two: ChainFloor, liar: Callable[[Change], None], stream: str
) -> None:
    two.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 1, NULL)")
    two.done(S001)
    before = two.sql(S001, "SELECT * FROM sync_stream WHERE stream LIKE 'S%' ORDER BY 1")
    two.sql(HO, "INSERT INTO item VALUES ('I2', 'more', '2')")
    two.done(HO)

    def add(page: dict[str, Any]) -> None:
        page["streams"].append(
            {"stream": stream, "epoch": "7-" + "0" * 16, "complete": 4, "head": 4}
        )

    liar(add)
    ended = two.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    assert "mail that is not for it" in ended.notes[0]
    assert two.sql(S001, "SELECT * FROM sync_stream WHERE stream LIKE 'S%' ORDER BY 1") == before
    assert two.codes(S001, "item") == ["I1", "I2"]
