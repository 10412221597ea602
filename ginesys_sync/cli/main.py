"""The front door: one command with sub-commands. Each verb imports only what it needs."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from ginesys_sync import __version__
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
        _home(verbs.add_parser(verb, help=words, description=words.capitalize() + "."))
    for verb, words in (
        ("launchpad", "open head office's window"),
        ("pos", "open a store's window"),
    ):
        window = verbs.add_parser(verb, help=words, description=words.capitalize() + ".")
        _home(window)
        window.add_argument("--theme", choices=("auto", "light", "dark"), default="auto")
        window.add_argument("--place", type=int, default=-1, help=argparse.SUPPRESS)
    service = verbs.add_parser("service", help="sync by schedule and for the windows, without one")
    _home(service)
    service.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    _add_batch(verbs)
    _add_relay(verbs)
    return top


Verbs = argparse._SubParsersAction  # noqa: SLF001
"""What `add_subparsers` returns."""


def _home(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--home", type=Path, required=True, metavar="DIR", help="the site's home folder"
    )


def _add_demo(verbs: Verbs[argparse.ArgumentParser]) -> None:
    demo = verbs.add_parser("demo", help="a whole chain to try: head office, two stores, a relay")
    demo.add_argument("--headless", action="store_true", help="play the story without a screen")
    demo.add_argument("--dir", type=Path, default=Path("demo-data"), metavar="DIR")
    demo.add_argument("--fresh", action="store_true", help="begin anew in the same folder")
    demo.add_argument("--data", type=Path, metavar="FILE", help="make the chain of a sales file")


def _add_init(verbs: Verbs[argparse.ArgumentParser]) -> None:
    init = verbs.add_parser("init", help="make a site: its home, its place in the chain")
    _home(init)
    init.add_argument("--site", required=True, metavar="CODE", help="HO, S001 …")
    init.add_argument("--role", required=True, choices=("ho", "store"))
    init.add_argument("--db", required=True, metavar="URL", help="sqlite+pysqlite:///shop.sqlite3")
    init.add_argument("--relay", required=True, metavar="URL", help="the Web Database's address")
    init.add_argument("--code", required=True, metavar="ENROLMENT_CODE")
    init.add_argument("--plan", type=Path, metavar="FILE", help="your own plan (JSON)")


def _add_sync(verbs: Verbs[argparse.ArgumentParser]) -> None:
    sync = verbs.add_parser("sync", help="one run: send, receive, confirm")
    _home(sync)
    to = sync.add_mutually_exclusive_group()
    to.add_argument("--all", action="store_true", help="to all stores (head office; the default)")
    to.add_argument("--site", action="append", metavar="CODE", help="to this store; repeatable")
    sync.add_argument("--events", choices=("json",), help="print every event as a line of JSON")


def _add_status(verbs: Verbs[argparse.ArgumentParser]) -> None:
    status = verbs.add_parser("status", help="what was sent and received, and what waits")
    _home(status)
    what = status.add_mutually_exclusive_group(required=True)
    for word in ("sent", "received", "sites", "attention", "runs"):
        what.add_argument(
            f"--{word}", dest="what", action="store_const", const=word, help=f"the {word} list"
        )
    status.add_argument("--json", action="store_true", help="an array of flat objects")
    status.add_argument("--limit", type=_positive, default=100, metavar="N")


def _add_batch(verbs: Verbs[argparse.ArgumentParser]) -> None:
    batch = verbs.add_parser("batch", help="look into a batch body")
    show = batch.add_subparsers(dest="batch_verb", metavar="VERB", required=True)
    one = show.add_parser("show", help="print the tables of a batch body")
    one.add_argument("file", type=Path, metavar="FILE")


def _add_relay(verbs: Verbs[argparse.ArgumentParser]) -> None:
    relay = verbs.add_parser("relay", help="the Web Database: serve it, invite sites to it")
    under = relay.add_subparsers(dest="relay_verb", metavar="VERB", required=True)
    serve = under.add_parser("serve", help="serve it until stopped")
    _home(serve)
    serve.add_argument("--db", metavar="URL", help="default: a database in the home")
    serve.add_argument("--host", default="127.0.0.1", metavar="H")
    serve.add_argument("--port", type=int, default=0, metavar="P", help="0: a free one")
    serve.add_argument("--workers", type=_positive, default=1, metavar="N")
    serve.add_argument("--tls-cert", type=Path, metavar="FILE")
    serve.add_argument("--tls-key", type=Path, metavar="FILE")
    invite = under.add_parser("invite", help="print a one-time enrolment code for a site")
    _home(invite)
    invite.add_argument("--site", required=True, metavar="CODE")
    invite.add_argument("--role", required=True, choices=("ho", "store"))
    invite.add_argument("--name", default="", help="the site's name as people say it")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit code; whatever a person can meet is told in a sentence."""
    asked = parser().parse_args(argv)
    try:
        _log_to(getattr(asked, "home", None))
        return _run(asked)
    except KnownError as fault:
        logging.getLogger(__name__).warning("%s (%s)", fault, fault.detail)
        sys.stderr.write(f"{fault.title} {fault.advice}\n")
        return 2
    except BrokenPipeError:
        return 0


def _run(asked: argparse.Namespace) -> int:
    from ginesys_sync.cli import verbs

    return verbs.VERBS[asked.verb](asked)


def _log_to(home: Path | None) -> None:
    """Logs go to the home, rotated; nothing secret is ever logged."""
    root = logging.getLogger()
    if home is None or not home.is_dir() or root.handlers:
        logging.captureWarnings(True)
        if not root.handlers:
            root.addHandler(logging.NullHandler())
        return
    try:
        (home / "logs").mkdir(exist_ok=True)
        handler = RotatingFileHandler(
            home / "logs" / "ginesys-sync.log", maxBytes=2_000_000, backupCount=5, encoding="utf-8"
        )
    except OSError:
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
