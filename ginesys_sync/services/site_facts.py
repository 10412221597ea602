"""How every store stands by head office's books: what the board shows and what the alerts are
raised by."""

from __future__ import annotations

from datetime import datetime, timedelta

from ginesys_sync.core.clock import iso
from ginesys_sync.services.standing import Facts
from ginesys_sync.services.words import moment
from ginesys_sync.store import board
from ginesys_sync.store.database import Connection

FRESH = timedelta(hours=1)
NO_BACKLOG = board.Backlog()


def facts_of(connection: Connection, now: datetime) -> list[Facts]:
    """How every store stands, without what only a person looks at."""
    known = Books(connection, now)
    return [known.facts(each) for each in board.site_facts(connection)]


class Books:
    """What holds for all sites, read once."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        # Contacts are told by the Web Database's clock: so must they be measured.
        self.ahead = timedelta(seconds=board.clock_ahead_here(connection))
        self.now = now
        self.heard_at = moment(board.contacts_heard_at(connection))
        self.backlogs = board.backlogs(connection, iso(now - FRESH))
        self.unprocessed = board.unprocessed_batches(connection)
        self.attention = board.needing_attention(connection)
        self.questions = board.waiting_questions(connection)

    def facts(self, site: board.SiteFacts) -> Facts:
        backlog = self.backlogs.get(site.code, NO_BACKLOG)
        return Facts(
            code=site.code,
            state=site.state,
            now=self.now - self.ahead,
            heard_at=self.heard_at and self.heard_at - self.ahead,
            seen_at=moment(site.last_seen_at or site.enrolled_at),
            waiting=backlog.records,
            fresh=backlog.fresh,
            waits_since=_shifted(moment(backlog.oldest), self.ahead),
            unprocessed=self.unprocessed.get(site.code, 0),
            attention=self.attention.get(site.code, 0),
            clock_ahead_seconds=site.clock_ahead_seconds,
            questions=self.questions.get(site.code, 0),
        )


def _shifted(at: datetime | None, ahead: timedelta) -> datetime | None:
    return None if at is None else at - ahead
