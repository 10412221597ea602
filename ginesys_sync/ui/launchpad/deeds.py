"""What is asked before head office steps in: each question says what happens and what is kept."""

from __future__ import annotations

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.services.control_views import BlockKind, BlockLine
from ginesys_sync.services.deciding_views import ConflictedRecord, Version
from ginesys_sync.ui.widgets.deed import Deed
from ginesys_sync.ui.widgets.wording import counted

_CALLING = "Calling the Web Database…"


def block_site(code: str) -> Deed:
    """Before a store is blocked."""
    return Deed(
        f"Block {code}?",
        f"The Web Database refuses {code} from now on: it neither sends nor receives. It goes on "
        "selling, and its bills are kept there. What is meant for it is kept until it is "
        "unblocked; after a long time it may need a full load.",
        "Block",
        busy=_CALLING,
        needs_reason=True,
    )


def unblock_site(code: str) -> Deed:
    """Before it is let in again."""
    return Deed(
        f"Unblock {code}?",
        f"The Web Database lets {code} in again, and its next sync fetches what it has missed.",
        "Unblock",
        "Keep Blocked",
        _CALLING,
    )


def reload(code: str) -> Deed:
    """Before a store takes everything anew."""
    return Deed(
        f"Reload {code}?",
        f"{code} takes a full load of everything head office sends. What its tables hold "
        "otherwise is put right, and what head office does not have is deleted there; if that is "
        "more than a tenth of a kind, it asks first. Its bills and what it has not sent yet stay. "
        "It goes on selling meanwhile.",
        "Reload",
        busy=_CALLING,
    )


def block_text(kind: BlockKind, words: str) -> str:
    """What a block does; `words`: what is blocked."""
    if kind is BlockKind.CHANNEL:
        return (
            f"{words}: changes are still collected and kept at the Web Database, but no store gets "
            "more of them until the channel is unblocked."
        )
    if kind is BlockKind.ENTITY:
        return (
            f"{words}: their changes wait here until they are unblocked. Everything else goes on; "
            "what refers to them may need attention at the stores meanwhile."
        )
    return (
        "The record's changes wait here until it is unblocked, and stores that have it keep it as "
        "it is. Everything else goes on."
    )


def block_record(words: str) -> Deed:
    """Before one record is held back."""
    text = block_text(BlockKind.RECORD, words)
    return Deed(f"Block {words}?", text, "Block", needs_reason=True)


def unblock(line: BlockLine) -> Deed:
    """Before what is blocked is let go."""
    if line.kind == BlockKind.SITE:
        return unblock_site(line.name)
    waits = (
        f"{counted(line.waiting, 'record')} {'waits' if line.waiting == 1 else 'wait'} behind it."
    )
    them = "it" if line.waiting == 1 else "them"
    follows = f"The next sync lets {them} go." if line.waiting else "Nothing waits behind it."
    text = f"{waits} {follows}" if line.waiting else follows
    return Deed(f"Unblock {line.what}?", text, "Unblock", "Keep Blocked")


def put_back(record: ConflictedRecord, version: Version) -> Deed:
    """Before another version of a record is put back."""
    whose = "head office's" if version.whose == HEAD_OFFICE else f"{version.whose}'s"
    words = f"{record.one} {record.key}"
    does = (
        "In that version it is deleted: this becomes an ordinary deletion made at head office now"
        if version.is_gone
        else "It becomes an ordinary edit made at head office now"
    )
    present = (
        "The version that stands now is kept in this list"
        if any(each.stands for each in record.versions)
        else "What the record says now was edited since: it is kept in this list too"
    )
    return Deed(
        f"Put {whose} version of {words} back?",
        f"{does}, and the next sync takes it to every site that has the record. "
        f"{present}, and can be put back in the same way.",
        "Put Back",
        "Leave It",
    )
