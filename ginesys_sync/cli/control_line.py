"""`control`, as the command line knows it: the words, and what they mean."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

_TEACH = """\
Hold something back, with a reason for those who meet it later (head office):
  ginesys-sync control --home ho block --site S001 --reason "stock taking"
  ginesys-sync control --home ho block --channel pricing --reason "new prices not checked yet"
  ginesys-sync control --home ho block --entity items --key I100 --reason "wrong bar code"
  ginesys-sync control --home ho unblock --channel pricing
  ginesys-sync control --home ho blocks
Look before you send, and take back what no store has heard of yet (head office):
  ginesys-sync control --home ho preview --site S001
  ginesys-sync control --home ho withdraw --channel pricing --batch 12 --reason "half the price"
Send again, or bring a store up to date from the beginning:
  ginesys-sync control --home ho send-again --entity prices --since 2026-11-22 --site S001
  ginesys-sync control --home ho reload --site S001 --reason "its disk was changed"
What needs attention (`status --attention` lists it):
  ginesys-sync control --home ho retry --entity bills --key "S001 / 17"
  ginesys-sync control --home ho discard --entity bills --key "S001 / 17" --yes
Before much is deleted, here or at the others, the sync asks:
  ginesys-sync control --home ho questions
  ginesys-sync control --home ho answer --entity items --go
  ginesys-sync control --home ho answer --site S001 --entity bills --keep
A record edited at two places at once: all versions are kept, and another can be put back:
  ginesys-sync control --home ho conflicts
  ginesys-sync control --home ho prefer --entity customers --key C1 --version 2
Everything done here is in the list of `ginesys-sync control --home ho audit`.

Exit codes: 0 done, 1 done with something that needs attention (a preview with something odd),
2 could not be done.
"""
_Verbs = argparse._SubParsersAction


def add_parser(verbs: _Verbs[argparse.ArgumentParser]) -> None:
    """The verb's words on the command line."""
    control = verbs.add_parser(
        "control",
        help="block, retry, discard, send again, reload, withdraw, preview",
        description="Steps into the sync: holds things back, sends them again, takes them back, "
        "looks before it sends. Every action is noted with who did it and why.",
        epilog=_TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    control.add_argument("--home", type=Path, required=True, metavar="DIR", help="the site's home")
    under = control.add_subparsers(
        dest="control_verb",
        metavar="VERB",
        required=True,
        prog="ginesys-sync control --home DIR",
    )
    _add_blocks(under)
    _add_attention(under)
    _add_answer(under)
    _add_conflicts(under)
    _add_sending(under)
    _add_lists(under)


def _add_blocks(under: _Verbs[argparse.ArgumentParser]) -> None:
    for verb, words in (
        ("block", "hold back a store, a channel, a kind of record or one record"),
        ("unblock", "let it go again"),
    ):
        one = under.add_parser(verb, help=words, description=_sentence(words))
        what = one.add_mutually_exclusive_group(required=True)
        what.add_argument("--site", metavar="CODE", help="a store: refused by the Web Database")
        what.add_argument("--channel", metavar="NAME", help="a channel: sent, but not released")
        what.add_argument(
            "--entity", metavar="KIND", help="a kind of record; with --key one record of it"
        )
        one.add_argument("--key", default="", metavar="KEY", help="the record's key, as listed")
        _reason(one, is_required=verb == "block")


def _add_attention(under: _Verbs[argparse.ArgumentParser]) -> None:
    for verb, words in (
        ("retry", "try a record that needs attention again"),
        ("discard", "take a record out of what needs attention, for good"),
    ):
        one = under.add_parser(verb, help=words, description=_sentence(words))
        _record(one)
        one.add_argument("--site", default="", metavar="CODE", help="where; default: here")
        if verb == "discard":
            one.add_argument("--yes", action="store_true", help="yes, for good")
            _reason(one)


def _add_answer(under: _Verbs[argparse.ArgumentParser]) -> None:
    words = "what the sync asks before much is deleted"
    _json(under.add_parser("questions", help=words, description=_sentence(words)))
    words = "say whether the records it asks about may go"
    answer = under.add_parser("answer", help=words, description=_sentence(words))
    answer.add_argument("--entity", required=True, metavar="KIND", help="as listed")
    answer.add_argument(
        "--site",
        default="",
        metavar="CODE",
        help="whose question it is, where several sites ask; head office answers for its stores",
    )
    answer.add_argument(
        "--about",
        default="",
        choices=("load", "deletions"),
        help="what it is about, where a site asks two things of a kind, as listed",
    )
    which = answer.add_mutually_exclusive_group(required=True)
    which.add_argument("--go", action="store_true", help="the next sync deletes them")
    which.add_argument("--keep", action="store_true", help="they stay, and are asked about no more")
    _reason(answer)


def _add_conflicts(under: _Verbs[argparse.ArgumentParser]) -> None:
    words = "records edited at two places at once, version by version"
    conflicts = under.add_parser("conflicts", help=words, description=_sentence(words))
    conflicts.add_argument("--limit", type=_count, default=50, metavar="N", help="default: 50")
    _json(conflicts)
    words = "put another version of such a record back"
    prefer = under.add_parser("prefer", help=words, description=_sentence(words))
    _record(prefer)
    prefer.add_argument(
        "--version", type=_count, required=True, metavar="N", help="as `conflicts` numbers them"
    )
    _reason(prefer)


def _add_sending(under: _Verbs[argparse.ArgumentParser]) -> None:
    words = "send a record, a kind of record, or what changed of it since a moment, again"
    again = under.add_parser("send-again", help=words, description=_sentence(words))
    again.add_argument("--entity", required=True, metavar="KIND", help="items, prices, bills …")
    which = again.add_mutually_exclusive_group()
    which.add_argument("--key", default="", metavar="KEY", help="one record, by its key")
    which.add_argument(
        "--since",
        type=_moment,
        metavar="MOMENT",
        help="what was sent since then: 2026-11-22, or 2026-11-22T09:30 (of this machine's clock)",
    )
    _stores(again, "only to this store; repeatable (default: all it is meant for)")
    _reason(again)
    words = "give a store a full load of everything head office sends"
    reload = under.add_parser("reload", help=words, description=_sentence(words))
    reload.add_argument("--site", required=True, metavar="CODE", help="the store")
    _reason(reload)
    words = "take back batches that no store has heard of yet"
    withdraw = under.add_parser("withdraw", help=words, description=_sentence(words))
    withdraw.add_argument("--channel", required=True, metavar="NAME", help="their channel")
    withdraw.add_argument(
        "--batch",
        type=_batch_no,
        action="append",
        required=True,
        metavar="N",
        help="the batch's number, as `status --sent` lists it; repeatable",
    )
    _stores(withdraw, "only from this store; repeatable (default: from all)")
    _reason(withdraw, is_required=True)


def _add_lists(under: _Verbs[argparse.ArgumentParser]) -> None:
    words = "what a sync would send now, and what looks odd"
    preview = under.add_parser("preview", help=words, description=_sentence(words))
    _stores(preview, "to this store only; repeatable (default: to all)")
    _json(preview)
    words = "what is blocked, why, and by whom"
    _json(under.add_parser("blocks", help=words, description=_sentence(words)))
    words = "who did what to the sync, and why; newest first"
    audit = under.add_parser("audit", help=words, description=_sentence(words))
    audit.add_argument("--limit", type=_count, default=50, metavar="N", help="default: 50")
    _json(audit)


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."


def _record(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--entity", required=True, metavar="KIND", help="the kind of record")
    verb.add_argument("--key", required=True, metavar="KEY", help="its key, as listed")


def _stores(verb: argparse.ArgumentParser, words: str) -> None:
    verb.add_argument("--site", action="append", metavar="CODE", help=words)


def _reason(verb: argparse.ArgumentParser, *, is_required: bool = False) -> None:
    verb.add_argument(
        "--reason", default="", required=is_required, metavar="WORDS", help="why; it is noted"
    )


def _json(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="for scripts")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no moment") from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= len(text) <= 6 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a whole number from 1 up")
    return int(text)


def _batch_no(text: str) -> int:
    """Whatever a database can hold as a number."""
    if not text.isdecimal() or not 1 <= len(text) <= 18 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not the number of a batch")
    return int(text)
