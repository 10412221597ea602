"""Sites that were brought back from an older copy: recognised for good, and clones refused.

A site is one of its lives (incarnations) at a time. Whoever opens a run and is behind what is known
here is *restored*, however often it asks, until it opens one as the successor that it was told, and
is not behind any more. A retired life that goes on by itself is a second copy in use: refused.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.relay.acks import tell_last_words_again
from ginesys_sync.relay.desk import Caller, Relay, site_row
from ginesys_sync.relay.loads import take_offers_back
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.streams import own_streams
from ginesys_sync.wire import messages

_CURRENT, _RESTORED, _RETIRED = "current", "restored", "retired"


def is_set_back(writer: sqlite3.Connection, caller: Caller, request: messages.OpenRequest) -> bool:
    """Whether the Web Database itself was brought back from an older copy, as far as the caller can
    tell: it knows of a later run of its own, so what is known of it here is out of date. Until it
    has sent again what is missing, it is told; and so is every other site, because what was lost of
    one may have been meant for another, and the copy may have been made in the middle of a run.
    """
    row = site_row(writer, caller.organisation, caller.site)
    assert row is not None
    since = row["set_back"]
    if request.opened > row["run"]:
        since = max(request.run, request.opened + 1)
        if not row["set_back"]:
            writer.execute(
                "UPDATE sites SET set_back = run + 1"
                " WHERE organisation = ? AND site <> ? AND run > 0 AND set_back = 0",
                (caller.organisation, caller.site),
            )
    elif since and request.opened >= since:
        since = 0
        # What came before this was listed to nobody knows whom.
        writer.execute(
            "UPDATE streams SET listed_before = head WHERE organisation = ? AND origin = ?",
            (caller.organisation, caller.site),
        )
    if since != row["set_back"]:
        writer.execute(
            "UPDATE sites SET set_back = ?, collected = 0 WHERE organisation = ? AND site = ?",
            (since, caller.organisation, caller.site),
        )
    return bool(since)


def recognise_life(
    relay: Relay, writer: sqlite3.Connection, caller: Caller, request: messages.OpenRequest
) -> messages.Restored | None:
    """Which life of the site is calling: None when it may go on. Raises Refusal for a clone. When
    it knows of a later run than is known here, what is known of its lives is out of date, too.
    """
    lives = {
        row["incarnation"]: row
        for row in writer.execute(
            "SELECT * FROM incarnations WHERE organisation = ? AND site = ?",
            (caller.organisation, caller.site),
        )
    }
    mine = lives.get(request.incarnation)
    healing = {row["successor"]: row for row in lives.values() if row["state"] == _RESTORED}
    if mine is None and request.incarnation in healing:
        why = _numbers_behind(writer, caller, request)
        if why:
            return _restored(writer, caller, healing[request.incarnation]["incarnation"])
        _succeed(relay, writer, caller, request)
        return None
    site = site_row(writer, caller.organisation, caller.site)
    if mine is None and site is not None and request.opened > site["run"]:
        retire_lives(writer, caller.organisation, caller.site)
        lives = {}
    return _judge(writer, caller, request, lives)


def retire_lives(writer: sqlite3.Connection, organisation: str, site: str) -> None:
    """The site was enrolled: whichever copy of it calls next is its new life."""
    writer.execute(
        "UPDATE incarnations SET state = ?, successor = '' WHERE organisation = ? AND site = ?",
        (_RETIRED, organisation, site),
    )


def _judge(
    writer: sqlite3.Connection,
    caller: Caller,
    request: messages.OpenRequest,
    lives: Mapping[str, sqlite3.Row],
) -> messages.Restored | None:
    mine = lives.get(request.incarnation)
    state = mine["state"] if mine else ""
    others = {row["state"] for row in lives.values() if row is not mine}
    has_life = bool({state, *others} & {_CURRENT, _RESTORED})
    if has_life and state in ("", _RETIRED) and _goes_on(request, mine):
        raise Refusal("site_cloned", site=caller.site)
    knows_all = mine is not None and request.opened >= mine["run"]
    if state == _RESTORED and knows_all and _CURRENT not in others:
        state = _CURRENT  # what asked was a late message
    if state == _RESTORED:
        why = mine["why"] if mine else ""
    elif has_life and state == _RETIRED:
        why = "it has synced since as another copy"
    else:
        behind = mine if state == _CURRENT else None
        why = _behind(writer, caller, request, behind)
    _note(writer, caller, request, _RESTORED if why else _CURRENT, why)
    return _restored(writer, caller, request.incarnation) if why else None


def _goes_on(request: messages.OpenRequest, life: sqlite3.Row | None) -> bool:
    """Whether a life that is over has come further by itself. An older copy of it gives the number
    of one of its runs once more, or has heard of fewer of them than it had, or of as many, and then
    made other runs.
    """
    if life is None:
        return True
    if request.run <= life["run"] or request.opened < life["opened"]:
        return False
    return request.opened > life["opened"] or not _is_another(request.since, life["since"])


def _note(
    writer: sqlite3.Connection,
    caller: Caller,
    request: messages.OpenRequest,
    state: str,
    why: str,
) -> None:
    writer.execute(
        "INSERT INTO incarnations"
        " (organisation, site, incarnation, state, run, opened, token, since, why, successor)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation, site, incarnation)"
        " DO UPDATE SET state = excluded.state, why = excluded.why,"
        " run = max(run, excluded.run), opened = max(opened, excluded.opened),"
        " token = iif(excluded.run < run, token, excluded.token),"
        " since = iif(excluded.run < run OR excluded.state = 'restored', since, excluded.since),"
        " successor = CASE successor WHEN '' THEN excluded.successor ELSE successor END",
        (
            caller.organisation,
            caller.site,
            request.incarnation,
            state,
            request.run,
            request.opened,
            request.token or "",
            request.since or "",
            why,
            secrets.token_hex(8) if state == _RESTORED else "",
        ),
    )


def _succeed(
    relay: Relay, writer: sqlite3.Connection, caller: Caller, request: messages.OpenRequest
) -> None:
    """The site has read its own mail back: from here on it is its new life, and where it reads
    others' mail from is where it says.
    """
    retire_lives(writer, caller.organisation, caller.site)
    _note(writer, caller, request, _CURRENT, "")
    if caller.site == HEAD_OFFICE:
        take_offers_back(writer, caller.organisation)
    tell_last_words_again(relay, writer, caller)
    cursors = {cursor.stream: cursor for cursor in request.mail.streams}
    for row in _applied(writer, caller).fetchall():
        cursor = cursors.get(f"{row['origin']}/{row['channel']}")
        after = cursor.after if cursor and cursor.epoch == row["epoch"] else 0
        if after < row["acked"] and not _is_beyond(cursor, row):
            _read_again(writer, caller, row["stream"], after)


def _read_again(writer: sqlite3.Connection, caller: Caller, stream: int, after: int) -> None:
    """The site has a stream only up to `after` again: what is still kept beyond stays for it."""
    key = (caller.organisation, stream, caller.site)
    writer.execute(
        "UPDATE reach SET acked = ?, ack_run = 0, ack_said = 0, acked_at = NULL"
        " WHERE organisation = ? AND stream = ? AND site = ?",
        (after, *key),
    )
    writer.execute(
        "DELETE FROM finished WHERE organisation = ? AND stream = ? AND no > ? AND no IN"
        " (SELECT no FROM batches b WHERE b.organisation = finished.organisation"
        "  AND b.stream = finished.stream AND (audience = '*' OR EXISTS"
        "  (SELECT 1 FROM audience_members m WHERE m.organisation = b.organisation"
        "   AND m.audience = b.audience AND m.site = ?)))",
        (caller.organisation, stream, after, caller.site),
    )


def _restored(reader: sqlite3.Connection, caller: Caller, incarnation: str) -> messages.Restored:
    row = reader.execute(
        "SELECT why, successor FROM incarnations"
        " WHERE organisation = ? AND site = ? AND incarnation = ?",
        (caller.organisation, caller.site, incarnation),
    ).fetchone()
    site = site_row(reader, caller.organisation, caller.site)
    assert site is not None
    return messages.Restored(
        why=row["why"], run=site["run"], epoch=caller.epoch, incarnation=row["successor"]
    )


# --- behind what? ---------------------------------------------------------------------------------


def _behind(
    reader: sqlite3.Connection,
    caller: Caller,
    request: messages.OpenRequest,
    mine: sqlite3.Row | None,
) -> str:
    """What the site is behind in, in words; empty when it is not. `mine` is what is known of its
    present life."""
    if mine and request.run < mine["run"]:
        return f"its sync number is {request.run}, but {mine['run']} was seen before"
    if mine and request.run == mine["run"] and _is_another(request.token, mine["token"]):
        return f"another sync had its number {request.run} before"
    return (
        request.behind
        or _numbers_behind(reader, caller, request)
        or _cursors_behind(reader, caller, request)
        or _acknowledgements_behind(reader, caller, request.mail.acks_after)
    )


def _is_another(token: str | None, known: str) -> bool:
    return bool(token and known and token != known)


def _numbers_behind(
    reader: sqlite3.Connection, caller: Caller, request: messages.OpenRequest
) -> str:
    """Own streams: fewer batches than were uploaded, or others. One that is not named has none."""
    if request.epoch not in (None, caller.epoch):
        return "its batches are numbered as before it was enrolled last"
    places = {place.stream: place for place in request.heads if place.epoch == caller.epoch}
    for stream in own_streams(reader, caller).values():
        place = places.get(stream.text)
        no = place.no if place else 0
        if no < stream.head:
            return f"{stream.text} is at {no} there, but {stream.head} was uploaded before"
        sha256 = place.sha256 if place and no == stream.head else None
        if sha256 and sha256 != head_body(reader, caller.organisation, stream.stream, no):
            return f"batch {no} of {stream.text} is another one there than was uploaded before"
    return ""


def head_body(reader: sqlite3.Connection, organisation: str, stream: int, no: int) -> str | None:
    """The body of one batch, by its SHA-256."""
    row = reader.execute(
        "SELECT sha256 FROM batches WHERE organisation = ? AND stream = ? AND no = ?",
        (organisation, stream, no),
    ).fetchone()
    return row["sha256"] if row else None


def _applied(reader: sqlite3.Connection, caller: Caller) -> sqlite3.Cursor:
    """What the site has acknowledged, but for streams that a first load is to bring it."""
    return reader.execute(
        "SELECT s.stream, s.origin, s.channel, s.epoch, s.epoch_no, r.acked FROM streams s"
        " JOIN reach r ON r.organisation = s.organisation AND r.stream = s.stream AND r.site = ?"
        " WHERE s.organisation = ? AND r.acked > 0 AND r.load = 'none'",
        (caller.site, caller.organisation),
    )


def _cursors_behind(
    reader: sqlite3.Connection, caller: Caller, request: messages.OpenRequest
) -> str:
    """Others' streams: applied less far than was acknowledged."""
    cursors = {cursor.stream: cursor for cursor in request.mail.streams}
    for row in _applied(reader, caller):
        text = f"{row['origin']}/{row['channel']}"
        cursor = cursors.get(text)
        is_same = cursor is not None and cursor.epoch == row["epoch"]
        after = cursor.after if cursor and is_same else 0
        if after < row["acked"] and not _is_beyond(cursor, row):
            return f"it has {text} up to {after}, but acknowledged {row['acked']} before"
    return ""


def _acknowledgements_behind(reader: sqlite3.Connection, caller: Caller, has: int) -> str:
    """Others' acknowledgements: fewer than it had once; those are kept here no more."""
    site = site_row(reader, caller.organisation, caller.site)
    if site is None or has >= site["collected"]:
        return ""
    return f"it has acknowledgements up to {has}, but had them up to {site['collected']} before"


def _is_beyond(cursor: messages.MailCursor | None, row: sqlite3.Row) -> bool:
    """Whether a cursor stands in a later epoch of the stream than the row's."""
    return cursor is not None and int(cursor.epoch.partition("-")[0]) > row["epoch_no"]
