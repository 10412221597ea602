"""`ginesys-sync control`: stepping into the sync at the prompt."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from ginesys_sync.cli.status import print_table
from ginesys_sync.core.clock import iso
from ginesys_sync.core.errors import NotPossible


class _Told(Protocol):
    @property
    def sentence(self) -> str: ...
    @property
    def what_next(self) -> str: ...


def run(asked: argparse.Namespace) -> int:
    """Do what was asked; the exit code."""
    return _VERBS[asked.control_verb](asked)


def _say(done: _Told) -> int:
    print(done.sentence)
    if done.what_next:
        print(done.what_next)
    return 0


def _block(asked: argparse.Namespace) -> int:
    from ginesys_sync.services import blocking

    home, reason = asked.home, asked.reason
    _refuse_stray_key(asked)
    if asked.site:
        return _say(blocking.block_site(home, asked.site, reason))
    if asked.channel:
        return _say(blocking.block_channel(home, asked.channel, reason))
    if asked.key:
        return _say(blocking.block_record(home, asked.entity, asked.key, reason))
    return _say(blocking.block_entity(home, asked.entity, reason))


def _unblock(asked: argparse.Namespace) -> int:
    from ginesys_sync.services import blocking

    home, reason = asked.home, asked.reason
    _refuse_stray_key(asked)
    if asked.site:
        return _say(blocking.unblock_site(home, asked.site, reason))
    if asked.channel:
        return _say(blocking.unblock_channel(home, asked.channel, reason))
    if asked.key:
        return _say(blocking.unblock_record(home, asked.entity, asked.key, reason))
    return _say(blocking.unblock_entity(home, asked.entity, reason))


def _refuse_stray_key(asked: argparse.Namespace) -> None:
    if asked.key and not asked.entity:
        raise NotPossible("A key needs a kind of record.", "Say which one with --entity.")


def _retry(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.attending import retry

    return _say(retry(asked.home, asked.entity, asked.key, asked.site))


def _discard(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.attending import discard

    if not asked.yes:
        raise NotPossible(
            "What is discarded is gone: the image that was kept of it is not there any more.",
            "Say --yes if that is what you want.",
        )
    return _say(discard(asked.home, asked.entity, asked.key, asked.site, asked.reason))


def _answer(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.questions import answer

    at, about, why = asked.site, asked.about, asked.reason
    return _say(answer(asked.home, asked.entity, may_go=asked.go, at=at, about=about, reason=why))


def _questions(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.questions import questions

    found = questions(asked.home)
    if asked.json:
        _print_rows(asked, [asdict(one) for one in found], "")
        return 0
    for one in found:
        about = "load" if one.is_of_load else "deletions"
        print(f"{one.site} {one.entity} ({about}): {one.sentence}")
        if one.answer:
            print(f"  answered: {one.answer}; the next sync does it")
    if not found:
        print("Nothing is asked.")
    return 0


def _conflicts(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.conflicts import conflicts

    found = conflicts(asked.home, asked.limit)
    if asked.json:
        _print_json([asdict(record) for record in found])
        return 0
    for record in found:
        print(f"{record.one} {record.key}")
        for each in record.versions:
            told = (
                ", deleted" if each.is_gone else f", edited {each.edited_at or 'at no told time'}"
            )
            print(f"  version {each.number}: {each.whose}{told}{', stands' * each.stands}")
        for field in record.fields:
            if field.differs:
                print(f"    {field.name}: {' | '.join(field.values)}")
    if not found:
        print("No record was edited at two places at once.")
    return 0


def _prefer(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.conflicts import prefer

    return _say(prefer(asked.home, asked.entity, asked.key, asked.version, asked.reason))


def _send_again(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.sending_again import send_again

    done = send_again(asked.home, asked.entity, asked.key, asked.since, asked.site, asked.reason)
    return _say(done)


def _reload(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.reloading import reload_site

    return _say(reload_site(asked.home, asked.site, asked.reason))


def _withdraw(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.withdrawing import withdraw

    return _say(withdraw(asked.home, asked.channel, asked.batch, asked.site, asked.reason))


def _preview(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.preview import preview

    found = preview(asked.home, asked.site)
    code = 1 if found.oddities else 0
    if asked.json:
        _print_json(asdict(found) | {"records": found.records, "size": found.size})
        return code
    if not found.lines:
        print("There is nothing to send.")
    for line in found.lines:
        more = f", {line.gone:,} of them deleted" if line.gone else ""
        more += f", {line.sealed:,} of them collected earlier" if line.sealed else ""
        more += " (blocked: it stays at the Web Database)" if line.is_blocked else ""
        print(f"{line.what} to {line.to}{more}: about {line.size:,} bytes")
    for odd in found.oddities:
        print(f"Look at this: {odd.sentence}")
        for example in odd.examples:
            print(f"  {example}")
    return code


def _blocks(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.blocking import blocks

    _print_rows(asked, [asdict(line) for line in blocks(asked.home)], "Nothing is blocked.")
    return 0


def _audit(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.audit import audit_lines

    rows = [asdict(line) for line in audit_lines(asked.home, asked.limit)]
    _print_rows(asked, rows, "Nobody has stepped in yet.")
    return 0


def _print_rows(asked: argparse.Namespace, rows: list[dict[str, Any]], nothing: str) -> None:
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    if asked.json:
        _print_json(plain)
    elif not plain:
        print(nothing)
    else:
        print_table(plain)


def _print_json(document: object) -> None:
    print(json.dumps(document, indent=1, ensure_ascii=False, default=_plain))


def _plain(value: object) -> Any:
    return iso(value) if isinstance(value, datetime) else value


_VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "block": _block,
    "unblock": _unblock,
    "retry": _retry,
    "discard": _discard,
    "send-again": _send_again,
    "reload": _reload,
    "withdraw": _withdraw,
    "answer": _answer,
    "conflicts": _conflicts,
    "prefer": _prefer,
    "questions": _questions,
    "preview": _preview,
    "blocks": _blocks,
    "audit": _audit,
}
