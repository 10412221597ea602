"""Joining the chain: `init` prepares the database, trades the enrolment code for access, and
makes the home."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from ginesys_sync.core.errors import HomeUnusable, PlanUnfit, Refused, UnknownSite
from ginesys_sync.core.model import HEAD_OFFICE, Role, is_site_code
from ginesys_sync.core.own_names import OwnNames, check_names
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.plan_text import parse_plan
from ginesys_sync.core.resources import resource_path
from ginesys_sync.core.settings import (
    Home,
    Settings,
    is_home,
    open_home,
    write_key,
    write_settings,
)
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.services.plans import read_names, read_plan
from ginesys_sync.services.site import PROGRAM, new_nonce
from ginesys_sync.shop.schema import create_tables
from ginesys_sync.store.database import (
    Connection,
    Database,
    climb,
    from_anywhere,
    keep_copy,
    present_version,
    read_state,
    rehearsal,
    transaction,
    write_state,
)
from ginesys_sync.store.identity import EPOCH, INCARNATION, SITE
from ginesys_sync.store.plans import forget_installed, install_plan, keep_names
from ginesys_sync.store.refilling import collect_from_the_first, forget_acknowledgements
from ginesys_sync.wire.messages import EnrolAnswer, EnrolRequest

_PENDING_KEY = "key.new"
_KEY_BYTES = 32
_IS_KEY = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class NewSite:
    """What `init` is asked. `plan` None: the built-in retail plan, whose tables are made when
    the database has none. `names`: a map of what this database calls the plan's tables and columns;
    None: as before, or as the plan does."""

    folder: Path
    site: str
    role: Role
    database: str
    relay: str
    code: str
    plan: Path | None = None
    demo: bool = False
    names: Path | None = None


def built_in_plan() -> Plan:
    """The plan of the built-in retail tables."""
    return parse_plan(resource_path("plans", "retail.json").read_text(encoding="utf-8"))


def join_chain(new: NewSite) -> Home:
    """Make a site of a folder and a database. Everything that can be refused is refused before
    anything is changed; after a lost answer the same call goes on. A home of the same site and
    database is set up again, with a new code: it keeps its settings. Raises KnownError."""
    _check(new)
    new = replace(new, database=from_anywhere(new.database))
    before = _settings_before(new)
    plan = _plan(new)
    names = _names(new, plan)
    database = Database(new.database)
    try:
        _rehearse(database, new, plan, names)
        key = _pending_key(new.folder)
        answer = _enrol(new, key)
        is_another = before.relay_id not in ("", answer.relay_id)
        _prepare(database, new, plan, names, answer.epoch, is_another)
    finally:
        database.dispose()
    write_key(new.folder, key)
    home = write_settings(
        new.folder,
        replace(
            before,
            relay=new.relay.rstrip("/"),
            organisation=answer.organisation,
            relay_id=answer.relay_id,
        ),
    )
    (new.folder / _PENDING_KEY).unlink(missing_ok=True)
    return home


def _check(new: NewSite) -> None:
    if not is_site_code(new.site):
        raise UnknownSite(
            f"{new.site!r} cannot be a site's code.",
            "Use 1 to 16 capitals, digits, - or _: like S001.",
        )
    if (new.site == HEAD_OFFICE) != (new.role is Role.HO):
        raise UnknownSite(
            f"Head office's code is {HEAD_OFFICE}, and only head office's.",
            f"Use --site {HEAD_OFFICE} --role ho, or another code with --role store.",
        )


def _settings_before(new: NewSite) -> Settings:
    """The settings of this very site's home, or fresh ones where there is no home yet."""
    if not is_home(new.folder):
        return Settings(new.site, new.role.value, new.database, new.relay, demo=new.demo)
    settings = open_home(new.folder).settings
    if (settings.site, from_anywhere(settings.database)) != (new.site, new.database):
        raise HomeUnusable(
            f"{new.folder} already is the home of {settings.site}, with the database "
            f"{settings.database}.",
            "Give another folder; this one was not touched.",
        )
    return settings


def _plan(new: NewSite) -> Plan:
    return built_in_plan() if new.plan is None else read_plan(new.plan)


def _names(new: NewSite, plan: Plan) -> OwnNames | None:
    if new.names is None:
        return None
    names = read_names(new.names)
    check_names(plan, names, new.site)
    return names


def _rehearse(database: Database, new: NewSite, plan: Plan, names: OwnNames | None) -> None:
    """Meet whatever refuses this database or this plan while the enrolment code is still good, and
    leave no trace."""
    if not database.path.parent.is_dir():
        raise HomeUnusable(
            f"The folder {database.path.parent} for the database does not exist.",
            "Make it, then try again.",
        )
    if not database.is_there():
        if new.plan is not None or names:
            raise PlanUnfit(
                f"There is no database at {database.path} for the plan to fit.",
                "Give the business database with --db, or leave out --plan and --names for our "
                "own tables.",
            )
        return
    with database.connect() as connection:
        if present_version(connection) is not None:
            other = read_state(connection, SITE)
            if other not in (None, new.site):
                raise HomeUnusable(
                    f"This database already is {other}'s.",
                    "Give the database that belongs to this site.",
                )
        with rehearsal(connection):
            _make_site(connection, new, plan, names, None)


def _pending_key(folder: Path) -> str:
    """The key that is being enrolled: kept before the call, so that a lost answer is not a lost
    site. One that was not written to its end was not enrolled either: another takes its place."""
    path = folder / _PENDING_KEY
    try:
        kept = path.read_bytes().strip() if path.exists() else b""
        if _IS_KEY.fullmatch(kept):
            return kept.decode("ascii")
        folder.mkdir(parents=True, exist_ok=True)
        key = secrets.token_hex(_KEY_BYTES)
        path.touch(mode=0o600)
        path.write_text(key, encoding="ascii")
    except OSError as fault:
        raise HomeUnusable(
            f"The home folder {folder} cannot be written.", detail=str(fault)
        ) from fault
    return key


def _enrol(new: NewSite, key: str) -> EnrolAnswer:
    if not 0 < len(new.code) <= 200:
        raise Refused(
            "That is not an enrolment code.", "Copy the whole code as `relay invite` printed it."
        )
    web = WebDatabase(new.relay)
    try:
        return web.enrol(
            EnrolRequest(
                site=new.site, role=new.role.value, code=new.code, key=key, program=PROGRAM
            )
        )
    finally:
        web.close()


def _prepare(
    database: Database,
    new: NewSite,
    plan: Plan,
    names: OwnNames | None,
    epoch: str,
    is_another: bool,
) -> None:
    """`is_another`: it had joined another Web Database before."""
    with database.connect() as connection:
        keep_copy(database, connection)
        with transaction(connection):
            _make_site(connection, new, plan, names, epoch)
            if is_another:
                forget_acknowledgements(connection, new.site)


def _make_site(
    connection: Connection, new: NewSite, plan: Plan, names: OwnNames | None, epoch: str | None
) -> None:
    """Inside the caller's transaction: everything that joining changes in a database. `epoch` None:
    a rehearsal, which meets all that could be refused and leaves out what only takes time."""
    if new.plan is None and not names:
        create_tables(connection)
    climb(connection)
    write_state(connection, SITE, new.site)
    if names is not None:
        keep_names(connection, names)
    if epoch is not None:
        if read_state(connection, EPOCH) not in (None, epoch):
            forget_installed(connection)
            collect_from_the_first(connection)
        write_state(connection, EPOCH, epoch)
    if read_state(connection, INCARNATION) is None:
        write_state(connection, INCARNATION, new_nonce())
    is_head_office = new.site == HEAD_OFFICE
    install_plan(connection, plan, is_head_office, notes_existing=epoch is not None)
