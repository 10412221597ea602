"""Every fault a person can meet: what happened (title), what to do (advice), what the log keeps
(detail), when to retry.

These are the world's faults. Whatever is not a `KnownError` is a bug of ours and ends in a
traceback in the log. Foreign exceptions are turned into these at three borders only: the database
(store), the HTTP client (engine), the relay's app.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Retry(StrEnum):
    """When trying again makes sense."""

    SOON = "soon"
    LATER = "later"
    AFTER_A_FIX = "after a fix"
    NEVER = "never"


class KnownError(Exception):
    """A fault of the world, told in shop words.

    `title` says what happened, `advice` what to do; both are whole sentences. `detail` is for the
    log and for *Copy details*: never a secret.
    """

    code: ClassVar[str] = "fault"
    retry: ClassVar[Retry] = Retry.AFTER_A_FIX
    default_advice: ClassVar[str] = (
        "Copy the details and give them to whoever looks after your system."
    )

    def __init__(self, title: str, advice: str = "", detail: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.advice = advice or self.default_advice
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.title} {self.advice}"


class Unreachable(KnownError):
    """The Web Database did not answer at all, or not as one answers."""

    code = "unreachable"
    retry = Retry.SOON
    default_advice = (
        "Check the internet connection, then press Sync again; the schedule also tries by itself."
    )


class NotTheWebDatabase(KnownError):
    """Something answered, but it is not a Web Database: a sign-in page, a proxy, another
    service.
    """

    code = "not_the_web_database"
    retry = Retry.LATER
    default_advice = (
        "Open a browser and sign in to the network if it asks; else check the "
        "address in Web DB Locator."
    )


class Refused(KnownError):
    """The Web Database understood and said no: key, site, code or request. `reason` is its problem
    code.
    """

    code = "refused"
    default_advice = "Ask head office to check this site, then try again."

    def __init__(self, title: str, advice: str = "", detail: str = "", reason: str = "") -> None:
        super().__init__(title, advice, detail)
        self.reason = reason


class VersionsDiffer(KnownError):
    """Two programs, or a program and a database, are too far apart in version."""

    code = "versions_differ"
    default_advice = "Update the older side, then try again."


class Damaged(KnownError):
    """Bytes are not what their hash, their schema or their own structure says."""

    code = "damaged"
    retry = Retry.SOON
    default_advice = (
        "Press Sync again: it is fetched anew. If it comes back, ask head office to send it again."
    )


class HomeUnusable(KnownError):
    """The home folder is missing, incomplete, or belongs to another program."""

    code = "home"
    default_advice = "Give the folder that was made with `ginesys-sync init`."


class DatabaseUnusable(KnownError):
    """The business database cannot be opened, read or written as it is."""

    code = "database"
    default_advice = (
        "Check that the database is there and that this user may read and write it, then try again."
    )


class PlanUnfit(KnownError):
    """The plan is malformed or does not fit this database."""

    code = "plan"
    default_advice = "Correct the plan, then try again."


class Halted(KnownError):
    """A record cannot go in, and the plan says that its channel then stands still."""

    code = "halted"
    default_advice = (
        "Nothing is lost, and every sync tries it again. Mend the cause named here; or let the "
        "batch go in without the record: `ginesys-sync control … discard`."
    )


class AlreadyRunning(KnownError):
    """Another run of this site is under way."""

    code = "already_running"
    retry = Retry.SOON
    default_advice = "Wait until it has ended; there is no need to start another."


class DiskFull(KnownError):
    """No room for what has to be kept."""

    code = "disk_full"
    default_advice = "Free some space on the disk, then press Sync again."


class UnknownSite(KnownError):
    """A site was named that the chain does not have, or that cannot sync now."""

    code = "site"
    default_advice = "`ginesys-sync status --sites` lists the sites of the chain."


class NotPossible(KnownError):
    """What a person asked for cannot be done as things stand."""

    code = "not_possible"
    default_advice = "Look at how things stand, then ask for something else."


class Cancelled(KnownError):
    """A person stopped the run."""

    code = "cancelled"
    retry = Retry.LATER
    default_advice = "Press Sync when you want to go on: it continues where it stopped."


class ProgramFault(KnownError):
    """A mistake of the program itself: its traceback is in the log under the short code."""

    code = "bug"
    retry = Retry.LATER
    default_advice = (
        "Press Sync again; if it comes back, send the log file and this code to whoever looks "
        "after your system."
    )
