"""Every verb of the Web Database's client: what it needs, how it is called, what it then has done.

Each call has a lane or a store of its own, so that what it did there can be counted: once is 1,
however often the line broke and the call was made again.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.relay.main import invite
from ginesys_sync.wire.control_messages import (
    ReloadRequest,
    SiteChange,
    WithdrawnRequest,
    WithdrawRequest,
)
from ginesys_sync.wire.messages import (
    AcksRequest,
    EnrolRequest,
    LoadsRequest,
    MailCursor,
    MailRequest,
)
from ginesys_sync.wire.own_messages import AgainRequest, OwnRequest, SameRequest
from tests.relay.lanes import TO_HO, Body, Lane
from tests.support.relay_server import Member, RelayServer

NOT_CALLS = frozenset({"close", "stop_waiting"})
"""What the client offers beside its verbs."""
_LARGE = 200_000


def verbs_of(client: type[WebDatabase]) -> list[str]:
    """What the client can say to a Web Database."""
    return [
        name
        for name, member in vars(client).items()
        if callable(member) and not name.startswith("_") and name not in NOT_CALLS
    ]


class Scene:
    """A Web Database with head office, and as many stores and lanes as the calls need."""

    def __init__(self, server: RelayServer) -> None:
        self.server = server
        self.ho = Member(server, "HO")
        self._numbers = itertools.count(1)
        self.reader = self.store()

    def store(self) -> Member:
        """One more store, enrolled."""
        return Member(self.server, self.code())

    def code(self) -> str:
        """The code of one more store."""
        return f"S{next(self._numbers):05d}"

    def lane(self, *bodies: Body) -> Lane:
        """One more lane of head office, with these batches for all."""
        lane = Lane(self.ho, f"lane{next(self._numbers)}")
        if bodies:
            lane.send(1, list(bodies))
        return lane

    def count(self, query: str, *values: object) -> int:
        """What a query of the Web Database's own books gives."""
        path = self.server.home / "relay.sqlite3"
        with closing(sqlite3.connect(path, timeout=20)) as connection:
            (found,) = connection.execute(query, values).fetchone() or (0,)
            connection.commit()
        return int(found or 0)

    def change(self, statement: str, *values: object) -> None:
        """Put the books of the Web Database in a certain state."""
        path = self.server.home / "relay.sqlite3"
        with closing(sqlite3.connect(path, timeout=20)) as connection:
            connection.execute(statement, values)
            connection.commit()


@dataclass(frozen=True, slots=True)
class Call:
    """One call that is to be made. `who` makes it; `effect` counts what it has done (None: it only
    asks)."""

    who: Member
    make: Callable[[WebDatabase], Any]
    is_right: Callable[[Any], bool]
    effect: Callable[[], int] | None = None


def _health(scene: Scene) -> Call:
    return Call(scene.ho, lambda web: web.health(), lambda answer: bool(answer.relay_id))


def _who_am_i(scene: Scene) -> Call:
    return Call(scene.ho, lambda web: web.who_am_i(), lambda answer: answer.site == "HO")


def _enrol(scene: Scene) -> Call:
    site = scene.code()
    code = invite(scene.server.home, site, "store")
    asked = EnrolRequest(site=site, role="store", code=code, key="ab" * 32, program="test")
    return Call(
        scene.ho,
        lambda web: web.enrol(asked),
        lambda answer: answer.site == site and answer.epoch.startswith("1-"),
        lambda: scene.count("SELECT epoch_no FROM sites WHERE site = ?", site),
    )


def _open(scene: Scene) -> Call:
    store = scene.store()
    store.open(1)
    asked = store.request(2)
    return Call(
        store,
        lambda web: web.open(asked),
        lambda answer: answer.restored is None and not answer.set_back,
        lambda: scene.count("SELECT run - 1 FROM sites WHERE site = ?", store.site),
    )


def _post_batches(scene: Scene) -> Call:
    lane = scene.lane()
    far, manifest = lane, lane.manifest(1, Body.of(1_000))
    return Call(
        scene.ho,
        lambda web: Lane(_calling(web, scene.ho), far.channel).post(
            [manifest], release=far.release(1)
        ),
        lambda answer: answer.stored + answer.already == 1 and not answer.missing,
        lambda: scene.count(
            "SELECT count(*) * min(head) * (SELECT sum(released) FROM reach r"
            " WHERE r.stream = s.stream) FROM streams s JOIN batches b USING (stream)"
            " WHERE channel = ?",
            lane.channel,
        ),
    )


def _calling(web: WebDatabase, member: Member) -> Member:
    """The member, calling through another client."""
    twin = object.__new__(Member)
    twin.__dict__.update(member.__dict__, web=web)
    return twin


def _mail(scene: Scene) -> Call:
    lane = scene.lane(Body.of(1_000))
    cursor = MailCursor(stream=lane.text, epoch=scene.ho.epoch, after=0)
    asked = MailRequest(streams=[cursor], limit=1)
    return Call(
        scene.reader,
        lambda web: web.mail(asked),
        lambda answer: lane.numbers(answer) == [1],
        lambda: scene.count(
            "SELECT sum(listed) FROM reach JOIN streams USING (stream) WHERE channel = ?",
            lane.channel,
        ),
    )


def _acks(scene: Scene) -> Call:
    store, lane = scene.store(), scene.lane(Body.of(10))
    asked = AcksRequest(acks=[lane.ack(1)])
    return Call(
        store,
        lambda web: web.acks(asked),
        lambda answer: answer.taken == 1,
        lambda: scene.count(
            "SELECT count(*) FROM acks WHERE json_extract(ack, '$.stream') = ?", lane.text
        ),
    )


def _loads(scene: Scene) -> Call:
    lane = scene.lane(Body.of(10))
    store, chunk = scene.store(), Body.of(40_000)
    scene.ho.web.put_body(chunk.sha256, chunk.data)
    asked = LoadsRequest(sites=[store.site], load=lane.load(1, [chunk]))
    return Call(
        scene.ho,
        lambda web: web.loads(asked),
        lambda answer: answer.offered == [store.site],
        lambda: scene.count("SELECT count(*) FROM load_sites WHERE site = ?", store.site),
    )


def _change_site(scene: Scene) -> Call:
    store = scene.store()
    asked = SiteChange(site=store.site, state="blocked", reason="moving")
    return Call(
        scene.ho,
        lambda web: web.change_site(asked),
        lambda answer: answer.state == "blocked",
        lambda: scene.count("SELECT state = 'blocked' FROM sites WHERE site = ?", store.site),
    )


def _reload(scene: Scene) -> Call:
    store, lane = scene.store(), scene.lane(Body.of(10))
    return Call(
        scene.ho,
        lambda web: web.reload(ReloadRequest(site=store.site)),
        lambda answer: lane.text in answer.loads_wanted,
        lambda: scene.count(
            "SELECT count(*) FROM reach JOIN streams USING (stream)"
            " WHERE site = ? AND channel = ? AND load = 'wanted'",
            store.site,
            lane.channel,
        ),
    )


def _withdraw(scene: Scene) -> Call:
    lane = scene.lane(Body.of(10))
    asked = WithdrawRequest(channel=lane.channel, epoch=scene.ho.epoch, numbers=[1])
    return Call(
        scene.ho,
        lambda web: web.withdraw(asked),
        lambda answer: not answer.listed,
        lambda: scene.count(
            "SELECT count(*) FROM withdrawn JOIN streams USING (stream) WHERE channel = ?",
            lane.channel,
        ),
    )


def _withdrawn(scene: Scene) -> Call:
    lane = scene.lane(Body.of(10))
    scene.ho.web.withdraw(WithdrawRequest(channel=lane.channel, epoch=scene.ho.epoch, numbers=[1]))
    return Call(
        scene.ho,
        lambda web: web.withdrawn(WithdrawnRequest(channel=lane.channel)),
        lambda answer: [one.no for one in answer.withdrawn] == [1],
    )


def _chain(scene: Scene) -> Call:
    return Call(
        scene.ho, lambda web: web.chain(), lambda answer: any(s.site == "HO" for s in answer.sites)
    )


def _own(scene: Scene) -> Call:
    lane = scene.lane(Body.of(10))
    return Call(
        scene.ho,
        lambda web: web.own(OwnRequest(channel=lane.channel)),
        lambda answer: [one.manifest.no for one in answer.batches] == [1],
    )


def _again(scene: Scene) -> Call:
    store = scene.store()
    lane = Lane(store, "sales")
    lane.post([lane.manifest(1, Body.of(10), TO_HO)], release=lane.release(1))
    of_store = "stream IN (SELECT stream FROM streams WHERE origin = ?)"
    scene.change(
        "INSERT INTO reach (organisation, stream, site, again)"
        " SELECT organisation, stream, 'HO', 1 FROM streams WHERE origin = ?"
        " ON CONFLICT DO UPDATE SET again = 1",
        store.site,
    )
    return Call(
        store,
        lambda web: web.again(AgainRequest(channels=["sales"])),
        lambda answer: answer.asked in (0, 1),
        lambda: scene.count(
            f"SELECT 1 - max(again) FROM reach WHERE site = 'HO' AND {of_store}", store.site
        ),
    )


def _same(scene: Scene) -> Call:
    return Call(
        scene.reader,
        lambda web: web.same(SameRequest(places=[])),
        lambda answer: answer.others == [],
    )


def _put_body(scene: Scene) -> Call:
    body = Body.of(_LARGE)

    def kept() -> int:
        path = scene.server.home / "bodies" / body.sha256[:2] / body.sha256
        rows = scene.count("SELECT count(*) FROM bodies WHERE sha256 = ?", body.sha256)
        return rows if rows and path.read_bytes() == body.data else 0

    return Call(
        scene.ho,
        lambda web: web.put_body(body.sha256, body.data),
        lambda answer: answer is None,
        kept,
    )


def _get_body(scene: Scene) -> Call:
    body = Body.of(_LARGE)
    scene.ho.web.put_body(body.sha256, body.data)
    return Call(
        scene.ho,
        lambda web: web.get_body(body.sha256, _LARGE),
        lambda answer: answer == body.data,
    )


def _wait(scene: Scene) -> Call:
    return Call(scene.ho, lambda web: web.wait(None, 0), lambda answer: answer.at >= 0)


CALLS: dict[str, Callable[[Scene], Call]] = {
    "health": _health,
    "who_am_i": _who_am_i,
    "enrol": _enrol,
    "open": _open,
    "post_batches": _post_batches,
    "mail": _mail,
    "acks": _acks,
    "loads": _loads,
    "change_site": _change_site,
    "reload": _reload,
    "withdraw": _withdraw,
    "withdrawn": _withdrawn,
    "chain": _chain,
    "own": _own,
    "again": _again,
    "same": _same,
    "put_body": _put_body,
    "get_body": _get_body,
    "wait": _wait,
}
