"""Who may come in: invitations, enrolment, keys, and head office's word about a site."""

from __future__ import annotations

import hmac
import secrets
import sqlite3
import threading
from datetime import timedelta
from hashlib import sha256
from typing import Final

from ginesys_sync.core.clock import from_iso, iso
from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import HEAD_OFFICE, Role, is_site_code
from ginesys_sync.relay.bells import What, ring_sites
from ginesys_sync.relay.desk import Caller, Relay, site_row
from ginesys_sync.relay.loads import RELOAD, drop_unread_loads, forget_loads, want_loads
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.purge import drop_files, purge_everything
from ginesys_sync.relay.restores import retire_lives
from ginesys_sync.wire import messages
from ginesys_sync.wire.control_messages import ReloadRequest, SiteChange

CODE_DAYS: Final = 7
_ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_SCREEN: Final = {"ho": "head office", "store": "a store"}


def hashed(secret: str) -> str:
    """How codes and keys are kept."""
    return sha256(secret.encode()).hexdigest()


def _plain(code: str) -> str:
    """A code as it was meant: a person may type it in small letters or without the dashes."""
    return "".join(letter for letter in code.upper() if letter.isalnum())


def invite(relay: Relay, site: str, role: str, name: str = "") -> str:
    """Make a one-time code for a site (a new one voids the old). Raises Refused."""
    if not is_site_code(site):
        raise Refused(
            f"{site!r} cannot be a site's code.",
            "Use 1-16 capital letters and digits, like S001.",
            reason="site_code",
        )
    if (site == HEAD_OFFICE) is not (role == Role.HO) or role not in set(Role):
        raise Refused(
            f"{site} cannot be invited as {role}.",
            f"Head office is {HEAD_OFFICE} with role ho; every other site has role store.",
            reason="role_differs",
        )
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(5))
    expires_at = iso(relay.clock.now() + timedelta(days=CODE_DAYS))
    with relay.database.writing() as writer:
        known = site_row(writer, relay.organisation, site)
        if known and known["state"] in ("blocked", "closed"):
            raise Refused(
                f"{site} is {known['state']} at head office.",
                "Let head office make it active again, then invite it.",
                reason=f"site_{known['state']}",
            )
        writer.execute(
            "INSERT INTO sites (organisation, site, role, name, state, code_hash, code_expires_at,"
            " invited_at) VALUES (?, ?, ?, ?, 'invited', ?, ?, ?)"
            " ON CONFLICT (organisation, site) DO UPDATE SET code_hash = excluded.code_hash,"
            " code_expires_at = excluded.code_expires_at, invited_at = excluded.invited_at,"
            " name = CASE excluded.name WHEN '' THEN name ELSE excluded.name END",
            (relay.organisation, site, role, name, hashed(_plain(code)), expires_at, relay.now()),
        )
    return code


def enrol(relay: Relay, request: messages.EnrolRequest) -> messages.EnrolAnswer:
    """Trade a code for access. The same code with the same key again is the same enrolment."""
    code, key = hashed(_plain(request.code)), hashed(request.key)
    with relay.database.writing() as writer:
        row = site_row(writer, relay.organisation, request.site)
        if row is None:
            raise Refusal("code_wrong", site=request.site)
        if row["used_code_hash"] and hmac.compare_digest(row["used_code_hash"], code):
            if not hmac.compare_digest(row["key_hash"] or "", key):
                raise Refusal("code_used")
            _check_door(row)
            return _welcome(relay, row, row["epoch"])
        _check_code(relay, row, request, code)
        epoch_no = row["epoch_no"] + 1
        epoch = f"{epoch_no}-{secrets.token_hex(8)}"
        writer.execute(
            "UPDATE sites SET state = 'active', code_hash = NULL, code_expires_at = NULL,"
            " used_code_hash = ?, key_hash = ?, epoch_no = ?, epoch = ?,"
            " run = 0, set_back = 0, collected = 0, program = ?, enrolled_at = ?"
            " WHERE organisation = ? AND site = ?",
            (
                code,
                key,
                epoch_no,
                epoch,
                request.program,
                relay.now(),
                relay.organisation,
                request.site,
            ),
        )
        retire_lives(writer, relay.organisation, request.site)
        if row["role"] == Role.STORE:
            want_loads(writer, relay.organisation, request.site)
        # Head office has a site more to look after; whoever waits with the old key must go.
        sites = (HEAD_OFFICE, request.site)
        ring_sites(writer, relay.organisation, What.ENROLLED, sites)
        return _welcome(relay, row, epoch)


def _check_code(relay: Relay, row: sqlite3.Row, request: messages.EnrolRequest, code: str) -> None:
    if not row["code_hash"] or not hmac.compare_digest(row["code_hash"], code):
        raise Refusal("code_wrong", site=request.site)
    if from_iso(row["code_expires_at"]) < relay.clock.now():
        raise Refusal("code_expired")
    if row["role"] != request.role:
        invited, asked = _SCREEN[row["role"]], _SCREEN[request.role]
        raise Refusal("role_differs", site=request.site, invited=invited, asked=asked)
    _check_door(row)


def _welcome(relay: Relay, row: sqlite3.Row, epoch: str) -> messages.EnrolAnswer:
    return messages.EnrolAnswer(
        organisation=relay.organisation,
        site=row["site"],
        role=row["role"],
        relay_id=relay.relay_id,
        epoch=epoch,
    )


def recognise(relay: Relay, authorization: str) -> Caller:
    """The caller named by `Bearer SITE:key`. Raises Refusal for anyone else."""
    scheme, _, token = authorization.partition(" ")
    site, _, key = token.strip().partition(":")
    if scheme.lower() != "bearer" or not is_site_code(site):
        raise Refusal("key_refused", headers={"WWW-Authenticate": "Bearer"})
    with relay.database.reading() as reader:
        row = site_row(reader, relay.organisation, site)
    known = (row["key_hash"] if row else None) or ""
    if not hmac.compare_digest(known, hashed(key)) or row is None:
        raise Refusal("key_refused", headers={"WWW-Authenticate": "Bearer"})
    _check_door(row)
    return Caller(relay.organisation, row["site"], Role(row["role"]), row["epoch"], row["epoch_no"])


def _check_door(row: sqlite3.Row) -> None:
    if row["state"] in ("blocked", "closed"):
        reason = f"Reason: {row['reason']}. " if row["reason"] else ""
        raise Refusal(f"site_{row['state']}", site=row["site"], reason=reason)


def change_site(relay: Relay, caller: Caller, change: SiteChange) -> messages.SiteContact:
    """Head office blocks, closes or readmits a store."""
    dropped: list[str] = []
    with relay.database.writing() as writer:
        row = site_row(writer, caller.organisation, change.site)
        if row is None:
            raise Refusal("site_unknown", site=change.site)
        if row["role"] == Role.HO:
            raise Refusal("site_is_ho")
        is_new = change.state == "active" and row["key_hash"] is None
        writer.execute(
            "UPDATE sites SET state = ?, reason = ? WHERE organisation = ? AND site = ?",
            (
                "invited" if is_new else change.state,
                change.reason,
                caller.organisation,
                change.site,
            ),
        )
        if change.state == "closed":
            forget_loads(writer, caller.organisation, change.site)
        if change.state != row["state"]:
            dropped = purge_everything(relay, writer)
            ring_sites(writer, caller.organisation, What.STATE, [change.site])
        contacts = list_contacts(writer, caller.organisation, change.site)
    drop_files(relay, dropped)
    return contacts[0]


def reload_site(relay: Relay, caller: Caller, request: ReloadRequest) -> messages.SiteContact:
    """Head office wants a store to take loads of all its streams again. Repeatable."""
    with relay.database.writing() as writer:
        row = site_row(writer, caller.organisation, request.site)
        if row is None:
            raise Refusal("site_unknown", site=request.site)
        if row["role"] == Role.HO:
            raise Refusal("site_is_ho")
        want_loads(writer, caller.organisation, request.site)
        writer.execute(
            "UPDATE reach SET load_no = ? WHERE organisation = ? AND site = ? AND load = 'wanted'",
            (RELOAD, caller.organisation, request.site),
        )
        dropped = drop_unread_loads(writer, caller.organisation)
        contacts = list_contacts(writer, caller.organisation, request.site)
    drop_files(relay, dropped)
    return contacts[0]


def list_chain(relay: Relay, caller: Caller, _: None) -> messages.Chain:
    """Every site of the caller's chain."""
    with relay.database.reading() as reader:
        return messages.Chain(sites=list_contacts(reader, caller.organisation))


def list_contacts(
    reader: sqlite3.Connection, organisation: str, site: str | None = None
) -> list[messages.SiteContact]:
    """What is known of each site, or of one."""
    wanted: dict[str, list[str]] = {}
    for row in reader.execute(
        "SELECT r.site, s.origin || '/' || s.channel AS stream FROM reach r"
        " JOIN streams s USING (organisation, stream)"
        " WHERE r.organisation = ? AND r.load = 'wanted' ORDER BY r.site, s.stream",
        (organisation,),
    ):
        wanted.setdefault(row["site"], []).append(row["stream"])
    return [
        messages.SiteContact.model_construct(
            site=row["site"],
            role=row["role"],
            state=row["state"],
            enrolled_at=row["enrolled_at"],
            last_seen_at=row["last_seen_at"],
            program=row["program"],
            plan_version=row["plan_version"],
            run=row["run"],
            loads_wanted=wanted.get(row["site"], []),
            clock_ahead_seconds=row["clock_ahead_seconds"],
        )
        for row in reader.execute(
            "SELECT * FROM sites WHERE organisation = ? AND site = coalesce(?, site) ORDER BY site",
            (organisation, site),
        )
    ]


class WrongTries:
    """Slows down whoever guesses: counts refused keys and codes per address and minute.

    Only refusals are ever slowed, so that nobody can lock a site out by guessing in its name. The
    count is per process and bounded; it is a brake, not a record.
    """

    PER_MINUTE = 30
    _ADDRESSES = 1_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._minute = -1

    def note(self, address: str, seconds: float) -> bool:
        """Note one wrong try at a monotonic moment; whether it is one too many."""
        with self._lock:
            minute = int(seconds // 60)
            if minute != self._minute or len(self._counts) > self._ADDRESSES:
                self._minute = minute
                self._counts.clear()
            self._counts[address] = self._counts.get(address, 0) + 1
            return self._counts[address] > self.PER_MINUTE
