"""What every stage of a run needs, put together once by the composition root."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta

from ginesys_sync.core.clock import Clock, iso
from ginesys_sync.core.errors import Cancelled, KnownError
from ginesys_sync.core.events import Guided, Listener, StageMoved
from ginesys_sync.core.model import HEAD_OFFICE, SiteCode, Stream
from ginesys_sync.core.plan import Entity, Plan
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.staging import Staging
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.store.database import Connection, Database

_IN_DOUBT = timedelta(days=7)


@dataclass(slots=True)
class _Count:
    done: int = 0
    total: int | None = None
    size: int = 0
    is_finished: bool = False


class Tally:
    """How far each stage is, counted from several threads."""

    def __init__(self, listener: Listener) -> None:
        self._counts = {stage: _Count() for stage in Stage}
        self._lock = threading.Lock()
        self._listener = listener
        self.stage = Stage.STARTING
        self.guided = ""

    def add(self, stage: Stage, records: int, size: int = 0) -> None:
        """A stage has done more records and bytes."""
        with self._lock:
            count = self._counts[stage]
            count.done += records
            count.size += size
            self.stage = stage
            moved = StageMoved(stage, count.done, count.total, count.size, count.is_finished)
        self._listener(moved)

    def expect(self, stage: Stage, records: int) -> None:
        """A stage is known to have this many records more to do."""
        with self._lock:
            count = self._counts[stage]
            count.total = (count.total or 0) + records

    def finish(self, stage: Stage) -> None:
        """A stage is over."""
        with self._lock:
            count = self._counts[stage]
            count.is_finished = True
            count.total = count.done
            self.stage = stage
            moved = StageMoved(stage, count.done, count.total, count.size, True)
        self._listener(moved)

    def document(self) -> dict[str, dict[str, int | bool | None]]:
        """The counts per stage, ready for JSON."""
        with self._lock:
            return {
                stage.value: {
                    "done": count.done,
                    "total": count.total,
                    "size": count.size,
                    "finished": count.is_finished,
                }
                for stage, count in self._counts.items()
            }


@dataclass(slots=True)
class RunContext:
    """One run at one site. `sites` are those it releases to (None: all). `plan` holds the sync's
    own entities too. `stopped` are the streams that are not read on in this run, `asks` the
    entities of which a person is asked what should go, `arrived` the records per entity that were
    looked at for notices, `token` a word of this run alone: a database that was brought back gives
    a number a second time.
    """

    database: Database
    web: WebDatabase
    staging: Staging
    inbox: Staging
    clock: Clock
    transfers: Executor
    listener: Listener
    is_cancelled: Callable[[], bool]
    site: SiteCode
    epoch: str
    incarnation: str
    program: str
    plan: Plan
    fence: int
    run: int
    sites: tuple[str, ...] | None
    tally: Tally
    check_sites: Callable[[Connection, RunContext], None]
    lock_seconds: float = 0.012
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    notes: list[str] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    asks: set[str] = field(default_factory=set)
    arrived: dict[str, int] = field(default_factory=dict)

    @property
    def is_head_office(self) -> bool:
        """Whether this run is head office's."""
        return self.site == HEAD_OFFICE

    def now(self) -> str:
        """The moment, as kept and sent."""
        return iso(self.clock.now())

    def doubt_ends(self) -> str:
        """Until when a site that was brought back or enrolled again may send older versions."""
        return iso(self.clock.now() + _IN_DOUBT)

    def own_stream(self, entity: Entity) -> Stream:
        """The stream that this site's records of an entity travel in."""
        return Stream(self.site, entity.channel)

    def guide(self, sentence: str) -> None:
        """Say which unusual step a run is at, until it says another one or (empty) that it is
        over.
        """
        self.tally.guided = sentence
        self.listener(Guided(sentence))

    def note(self, sentence: str) -> None:
        """Something a person should read: the run goes on and ends as *needs attention*."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def stop_stream(self, stream: str, fault: KnownError) -> None:
        """Read no more of one stream in this run; everything else goes on."""
        self.stopped.add(stream)
        known = Stream.parse(stream)
        titles = {channel.name: channel.title for channel in self.plan.channels}
        title = titles.get(known.channel, known.channel)
        self.note(f"{title} from {known.origin} could not be taken further: {fault}")

    def check_cancelled(self) -> None:
        """Between two pieces of work: raises Cancelled when a person stopped the run."""
        if self.is_cancelled():
            raise Cancelled("The sync was stopped by a person.")
