"""The watch that head office's service keeps over the sites: after each run and once a minute, on a
thread of its own, so that neither a long run nor a slow mail server is in its way."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from ginesys_sync.core.clock import Clock, iso
from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.settings import open_home
from ginesys_sync.services.alert_channels import mail_alerts, post_alerts
from ginesys_sync.services.alert_settings import AlertSettings, read_settings
from ginesys_sync.services.alerting import FAULT, Decision, alert_of, evaluate
from ginesys_sync.services.board_views import Alert
from ginesys_sync.services.members import refresh_members
from ginesys_sync.services.schedules import zone_or_own
from ginesys_sync.services.site import OpenSite
from ginesys_sync.services.words import moment
from ginesys_sync.store import alerts
from ginesys_sync.store.board import contacts_heard_at
from ginesys_sync.store.database import Connection, read_state, transaction, write_state

EVERY_SECONDS = 60.0
CONTACTS_SECONDS = 90.0
"""Who is there is asked when it was told longer ago than this: with one look a minute, every
other one, and never in a chain that syncs all the time."""
MOST_REST_SECONDS = 20.0
MOST_PAUSE = timedelta(minutes=30)
STOP_SECONDS = 15.0
_TOLD = "alerts_told_"
log = logging.getLogger(__name__)


class AlertWatch:
    """Looks by itself from its beginning until `close`."""

    def __init__(self, site: OpenSite, clock: Clock) -> None:
        self._watcher = Watcher(site, clock)
        self._over = threading.Event()
        self._poked = threading.Event()
        self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)
        self._thread.start()

    def look_soon(self) -> None:
        """A run has ended: look now."""
        self._poked.set()

    def close(self) -> None:
        """Look no more; a message that is under way may take its time."""
        self._over.set()
        self._poked.set()
        self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        is_minute = False
        while not self._over.is_set():
            began = time.monotonic()
            try:
                self._watcher.look(asks=is_minute)
            except KnownError as fault:
                log.warning("the sites could not be looked after: %s (%s)", fault, fault.detail)
            except Exception:
                log.exception("the sites could not be looked after")
            # In a chain that syncs all the time each look still costs little of a core.
            self._over.wait(min(MOST_REST_SECONDS, 20 * (time.monotonic() - began)))
            is_minute = not self._poked.wait(EVERY_SECONDS)
            self._poked.clear()


class Watcher:
    """One look at a time: ask who is there, raise and clear alerts, tell of new ones."""

    def __init__(self, site: OpenSite, clock: Clock) -> None:
        self._site = site
        self._clock = clock
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, datetime] = {}

    def look(self, *, asks: bool) -> Decision:
        """`asks`: the Web Database is asked who is there, unless it said so a moment ago."""
        with self._site.database.connect() as connection:
            if asks:
                self._ask(connection)
            zone = zone_or_own(open_home(self._site.home.folder).settings.time_zone)
            found = evaluate(connection, self._clock.now(), zone)
            self._tell(connection, read_settings(connection))
        return found

    def _ask(self, connection: Connection) -> None:
        heard = moment(contacts_heard_at(connection))
        if heard and self._clock.now() - heard < timedelta(seconds=CONTACTS_SECONDS):
            return
        try:
            refresh_members(self._site.home.folder, self._clock)
        except KnownError as fault:
            log.info("the Web Database could not be asked who is there: %s", fault)

    # --- telling ---

    def _tell(self, connection: Connection, settings: AlertSettings) -> None:
        """By each channel that is set. What fails is tried again later, and said."""
        folder, trusted = self._site.home.folder, self._site.home.settings.certificates
        mail, webhook = settings.mail, settings.webhook
        channels: dict[str, Callable[[Sequence[Alert]], None]] = {}
        if mail is not None:
            channels["mail"] = lambda found: mail_alerts(folder, mail, found, trusted)
        if webhook:
            channels["webhook"] = lambda found: post_alerts(webhook, found, trusted)
        faults = [
            fault
            for name, send in channels.items()
            if (fault := self._tell_by(connection, name, send)) is not None
        ]
        self._note_fault(connection, " ".join(faults))

    def _tell_by(
        self, connection: Connection, name: str, send: Callable[[Sequence[Alert]], None]
    ) -> str | None:
        """Tell by one channel; the sentence of its fault."""
        now = self._clock.now()
        told_up_to = int(read_state(connection, _TOLD + name) or 0)
        found = [alert_of(each) for each in alerts.untold_alerts(connection, told_up_to)]
        if not found:
            self._failures.pop(name, None)
            return None
        if self._failures.get(name) and now < self._not_before[name]:
            return read_state(connection, f"{FAULT}_{name}") or ""
        try:
            send(found)
        except KnownError as fault:
            return self._failed(connection, name, fault)
        self._failures.pop(name, None)
        with transaction(connection):
            write_state(connection, _TOLD + name, str(found[-1].id))
            write_state(connection, f"{FAULT}_{name}", "")
            alerts.note_told(connection, [each.id for each in found], iso(now))
        return None

    def _failed(self, connection: Connection, name: str, fault: KnownError) -> str:
        times = self._failures[name] = self._failures.get(name, 0) + 1
        pause = min(MOST_PAUSE, timedelta(minutes=2 ** min(times - 1, 10)))
        self._not_before[name] = self._clock.now() + pause
        log.warning("alerts could not be told by %s: %s (%s)", name, fault.title, fault.detail)
        with transaction(connection):
            write_state(connection, f"{FAULT}_{name}", fault.title)
        return fault.title

    def _note_fault(self, connection: Connection, words: str) -> None:
        text = f"{iso(self._clock.now())} {words}" if words else ""
        before = read_state(connection, FAULT) or ""
        if before.partition(" ")[2] != words:
            with transaction(connection):
                write_state(connection, FAULT, text)
