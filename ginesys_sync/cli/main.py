"""The front door: one command with sub-commands. Each verb imports only what it needs."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from ginesys_sync import __version__
from ginesys_sync.cli import alerts, control_line, schedule
from ginesys_sync.cli.mistake import tell_mistake
from ginesys_sync.core.errors import KnownError

_TEACH = """\
How a chain begins, on one machine:
  ginesys-sync relay serve --home webdb --port 8080        the Web Database, between all sites
  ginesys-sync relay invite --home webdb --site HO --role ho
  ginesys-sync init --home ho --site HO --role ho --db sqlite+pysqlite:///ho.sqlite3 \\
      --relay http://127.0.0.1:8080 --code CODE            and the same for S001 --role store
  ginesys-sync sync --home ho                              head office sends
  ginesys-sync sync --home s001                            the store receives and answers
Or see it all at once:
  ginesys-sync demo

Exit codes: 0 done, 1 done with something that needs attention, 2 could not run, 3 cancelled.
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="ginesys-sync",
        description="Data sync between a head office and its stores, over a Web Database.",
        epilog=_TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"ginesys-sync {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_demo(verbs)
    _add_init(verbs)
    _add_sync(verbs)
    _add_status(verbs)
    for verb, words in (
        ("test-connection", "call the Web Database and say what is wrong, if anything"),
        ("doctor", "look through home, database, plan and connection, and say what to do"),
    ):
        _home(verbs.add_parser(verb, help=words, description=words[0].upper() + words[1:] + "."))
    for verb, words in (
        ("launchpad", "open head office's window"),
        ("pos", "open a store's window"),
    ):
        window = verbs.add_parser(verb, help=words, description=words[0].upper() + words[1:] + ".")
        _home(window)
        window.add_argument(
            "--theme",
            choices=("auto", "light", "dark"),
            default="auto",
            help="default: as the desktop",
        )
        window.add_argument("--place", type=int, default=-1, help=argparse.SUPPRESS)
    service = verbs.add_parser(
        "service",
        help="sync by schedule and for the windows, without one",
        description="Sync by the schedule and in live mode, as head office laid down, and whenever "
        "a window asks, until SIGTERM or Ctrl+C. A window starts one by itself when none runs.",
    )
    _home(service)
    service.add_argument(
        "--minutes",
        type=_minutes,
        metavar="N",
        help="instead of the schedule: between two syncs; 0: only when a window asks",
    )
    service.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    schedule.add_parser(verbs)
    alerts.add_parser(verbs)
    _add_where(verbs)
    control_line.add_parser(verbs)
    _add_plan(verbs)
    _add_bundle(verbs)
    _add_batch(verbs)
    _add_relay(verbs)
    return top


Verbs = argparse._SubParsersAction
"""What `add_subparsers` returns."""


def _home(verb: argparse.ArgumentParser, words: str = "the site's home folder") -> None:
    verb.add_argument("--home", type=Path, required=True, metavar="DIR", help=words)


def _add_demo(verbs: Verbs[argparse.ArgumentParser]) -> None:
    demo = verbs.add_parser(
        "demo",
        help="a whole chain to try: head office, two stores, a relay",
        description="A whole chain to try: a Web Database, head office and two stores on this "
        "machine, in real windows. Started again in the same folder, it goes on.",
    )
    demo.add_argument("--headless", action="store_true", help="play the story without a screen")
    demo.add_argument(
        "--dir",
        type=Path,
        default=Path("demo-data"),
        metavar="DIR",
        help="where everything is kept (default: %(default)s)",
    )
    demo.add_argument("--fresh", action="store_true", help="begin anew in the same folder")
    demo.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="make the chain of a sales file (CSV, plain or .gz), sync it and compare; no windows",
    )


def _add_init(verbs: Verbs[argparse.ArgumentParser]) -> None:
    init = verbs.add_parser(
        "init",
        help="make a site: its home, its place in the chain",
        description="Make a site: prepare its database, trade the enrolment code for access, make "
        "its home. Whatever is refused is refused before anything is changed.",
    )
    _home(init)
    init.add_argument("--site", required=True, metavar="CODE", help="HO, S001 …")
    init.add_argument(
        "--role", required=True, choices=("ho", "store"), help="ho for HO, store for all others"
    )
    init.add_argument(
        "--db", required=True, metavar="URL", help="its database: sqlite+pysqlite:///shop.sqlite3"
    )
    init.add_argument("--relay", required=True, metavar="URL", help="the Web Database's address")
    init.add_argument(
        "--code",
        required=True,
        metavar="ENROLMENT_CODE",
        help="as `ginesys-sync relay invite` printed it; works once, for seven days",
    )
    init.add_argument(
        "--plan",
        type=Path,
        metavar="FILE",
        help="your own plan (JSON) for your own tables; default: the built-in retail tables",
    )
    init.add_argument(
        "--names",
        type=Path,
        metavar="FILE",
        help="what this database calls the plan's tables and columns otherwise (JSON)",
    )


def _add_sync(verbs: Verbs[argparse.ArgumentParser]) -> None:
    sync = verbs.add_parser(
        "sync",
        help="one run: send, receive, confirm",
        description="One run: send what changed here, receive and process what the others sent, "
        "confirm it. Ctrl+C ends it after the current step; the next run goes on.",
        epilog="Exit codes: 0 done, 1 done with something that needs attention, "
        "2 could not run, 3 cancelled.",
    )
    _home(sync)
    to = sync.add_mutually_exclusive_group()
    to.add_argument("--all", action="store_true", help="to all stores (head office; the default)")
    to.add_argument("--site", action="append", metavar="CODE", help="to this store; repeatable")
    sync.add_argument("--events", choices=("json",), help="print every event as a line of JSON")


def _add_status(verbs: Verbs[argparse.ArgumentParser]) -> None:
    status = verbs.add_parser(
        "status",
        help="what was sent and received, and what waits",
        description="What was sent and received and how far it is, the stores, what needs "
        "attention, or the runs; newest first. Works without the Web Database.",
    )
    _home(status)
    what = status.add_mutually_exclusive_group(required=True)
    for word in ("sent", "received", "sites", "attention", "runs"):
        what.add_argument(
            f"--{word}", dest="what", action="store_const", const=word, help=f"the {word} list"
        )
    status.add_argument("--json", action="store_true", help="an array of flat objects")
    status.add_argument(
        "--limit",
        type=_positive,
        default=100,
        metavar="N",
        help="at most so many rows (default: %(default)s)",
    )


def _add_where(verbs: Verbs[argparse.ArgumentParser]) -> None:
    where = verbs.add_parser(
        "where",
        help="where one record is, and what it waits for",
        description="Where is it? Give an item code, a bill number, a user, a promotion, a "
        "customer's name: says for each site whether it is there, or what it waits for. Works "
        "without the Web Database.",
    )
    _home(where)
    where.add_argument("text", metavar="TEXT", help="a key, the beginning of one, or a name")
    where.add_argument("--json", action="store_true", help="an array of flat objects")
    where.add_argument(
        "--limit",
        type=_positive,
        default=100,
        metavar="N",
        help="at most so many sites of a record (default: %(default)s)",
    )


def _add_plan(verbs: Verbs[argparse.ArgumentParser]) -> None:
    words = "the chain's plan: show it, put a newer one in place"
    plan = verbs.add_parser("plan", help=words, description=words[0].upper() + words[1:] + ".")
    under = plan.add_subparsers(dest="plan_verb", metavar="VERB", required=True)
    show = under.add_parser(
        "show",
        help="print the plan this site works by",
        description="Print the plan this site works by, as a file to change and install.",
    )
    _home(show)
    show.add_argument(
        "--names", action="store_true", help="print this database's own names for it instead"
    )
    install = under.add_parser(
        "install",
        help="put a newer plan in place (head office)",
        description="Put a newer plan in place at head office. It is checked before anything is "
        "changed; the next sync sends it to every store before everything else, and sends whole "
        "what is new or travels differently.",
    )
    _home(install)
    install.add_argument("file", type=Path, metavar="FILE", help="with a higher version number")
    install.add_argument("--check", action="store_true", help="only say what it would change")


def _add_bundle(verbs: Verbs[argparse.ArgumentParser]) -> None:
    bundle = verbs.add_parser(
        "support-bundle",
        help="one file for whoever helps: logs, versions, queue state",
        description="Write one file for whoever helps: logs, versions, what doctor finds, the "
        "lists of status and the state of the queues. It holds no key, code or password.",
    )
    _home(bundle)
    bundle.add_argument("--to", type=Path, metavar="FILE", help="default: a .zip in this folder")


def _add_batch(verbs: Verbs[argparse.ArgumentParser]) -> None:
    words = "look into a batch body"
    batch = verbs.add_parser("batch", help=words, description=words[0].upper() + words[1:] + ".")
    show = batch.add_subparsers(dest="batch_verb", metavar="VERB", required=True)
    one = show.add_parser(
        "show",
        help="print the tables of a batch body",
        description="Print the tables of a batch body: a file below `staged` (sent) or `inbox` "
        "(received) in a home.",
    )
    one.add_argument("file", type=Path, metavar="FILE")


def _add_relay(verbs: Verbs[argparse.ArgumentParser]) -> None:
    words = "the Web Database: serve it, invite sites to it"
    relay = verbs.add_parser("relay", help=words, description=words[0].upper() + words[1:] + ".")
    under = relay.add_subparsers(dest="relay_verb", metavar="VERB", required=True)
    serve = under.add_parser(
        "serve",
        help="serve it until stopped",
        description="Serve the Web Database until SIGTERM or Ctrl+C. Says where it listens.",
    )
    _home(serve, "the Web Database's own folder; made when there is none")
    serve.add_argument("--db", metavar="URL", help="default: a database in the home")
    serve.add_argument(
        "--host", default="127.0.0.1", metavar="H", help="where to listen (default: %(default)s)"
    )
    serve.add_argument(
        "--port",
        type=_port,
        metavar="P",
        help="default: the one of last time, the first time a free one; 0: a free one",
    )
    serve.add_argument(
        "--workers", type=_positive, default=1, metavar="N", help="processes (default: %(default)s)"
    )
    serve.add_argument(
        "--keep-days",
        type=_positive,
        default=7,
        metavar="N",
        help="how long what every site has processed is kept, for one that is brought back from "
        "a backup (default: %(default)s)",
    )
    serve.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate, to speak https")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="the certificate's key")
    invite = under.add_parser(
        "invite",
        help="print a one-time enrolment code for a site",
        description="Print an enrolment code for a site: it works once, for seven days; a new one "
        "voids the old.",
    )
    _home(invite, "the Web Database's own folder, where it has been served")
    invite.add_argument("--site", required=True, metavar="CODE", help="HO, S001 …")
    invite.add_argument(
        "--role", required=True, choices=("ho", "store"), help="ho for HO, store for all others"
    )
    invite.add_argument(
        "--name", default="", metavar="NAME", help="the site's name as people say it"
    )


def _minutes(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 10_080:
        raise argparse.ArgumentTypeError("must be from 0 to 10080, a week")
    return number


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:12]) <= _MOST or len(text) > 12:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a whole number from 1 to {_MOST:,}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a port: 0 to 65535")
    return int(text)


_MOST = 1_000_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit code; whatever a person can meet is told in a sentence."""
    asked = parser().parse_args(argv)
    try:
        is_served = asked.verb == "relay" and asked.relay_verb == "serve"
        _log_to(getattr(asked, "home", None), makes_home=is_served)
        return _run(asked)
    except KnownError as fault:
        logging.getLogger(__name__).warning("%s (%s)", fault, fault.detail)
        sys.stderr.write(f"{fault.title} {fault.advice}\n")
        return 2
    except KeyboardInterrupt:
        if asked.verb == "sync":
            from ginesys_sync.cli.sync import STOPPED_BY_A_PERSON

            print(STOPPED_BY_A_PERSON)
        else:
            sys.stderr.write("Stopped. Nothing is lost.\n")
        return 3
    except BrokenPipeError:
        return 0
    except Exception:  # whatever else happens is a mistake of ours
        return tell_mistake()


def _run(asked: argparse.Namespace) -> int:
    from ginesys_sync.cli import verbs

    return verbs.VERBS[asked.verb](asked)


LOG_BYTES, LOG_FILES = 2_000_000, 5
"""How large a log grows, and how many older ones stay beside it."""


def _log_to(home: Path | None, *, makes_home: bool = False) -> None:
    """Logs go to the home, rotated; nothing secret is ever logged. `makes_home`: the verb makes the
    folder when there is none, and its first start is to be in the log, too.
    """
    root = logging.getLogger()
    if home is not None and makes_home:
        with suppress(OSError):  # the verb itself says what is wrong with it
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if home is None or not home.is_dir() or root.handlers:
        logging.captureWarnings(True)
        if not root.handlers:
            root.addHandler(logging.NullHandler())
        return
    try:
        (home / "logs").mkdir(exist_ok=True)
        handler = RotatingFileHandler(
            home / "logs" / "ginesys-sync.log",
            maxBytes=LOG_BYTES,
            backupCount=LOG_FILES,
            encoding="utf-8",
        )
    except OSError:
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
