"""Which records of a body must not go in here, or are left as they stand, and why: looked at inside
the transaction that writes, before anything is written.
"""

from __future__ import annotations

from ginesys_sync.core.model import HEAD_OFFICE, Stream
from ginesys_sync.core.plan import Owner
from ginesys_sync.engine.batch_work import BatchWork
from ginesys_sync.engine.conflicts import Conflicts, Faults
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.own_mail import OwnMail
from ginesys_sync.store import ledger
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.parking import KEPT_EDIT
from ginesys_sync.store.refusals import DUPLICATE


class Judge:
    """Judges the records of one run's bodies."""

    def __init__(self, context: RunContext, applier: BodyApplier) -> None:
        self._context = context
        self._applier = applier
        self._conflicts = Conflicts(context, applier)
        self._own_mail = OwnMail(context, applier)

    def image_faults(self, work: BatchWork, span: Span) -> Faults:
        """Inside a transaction: which images of a span are left out, and why."""
        found = self._rules(work, span)
        found.update(self._decide(work, span, found, from_gone=False))
        return found

    def _rules(self, work: BatchWork, span: Span) -> Faults:
        applier, entity = self._applier, work.entity
        found: Faults = {}
        for number in work.keyless:
            if span.first <= number <= span.last:
                words = "The record has no key, or rows that are not its own."
                found[number] = ("no_key", words, "")
        if entity.owner is Owner.SITE:
            for number in applier.not_of(entity, span, work.origin):
                found[number] = (
                    "not_theirs",
                    f"The record belongs to another site than {work.origin}, which sent it.",
                    "",
                )
        for number, other in applier.alike(entity, span).items():
            words = (
                f"Its key is spelled otherwise than that of {other}, which is here, and this "
                "table takes them for one. Keys are compared letter by letter: spell it the same "
                "way at both sites."
            )
            found.setdefault(number, (DUPLICATE, words, ""))
        for number, parent in applier.parents.missing(entity, span).items():
            found.setdefault(
                number, ("missing_parent", f"It refers to {parent}, which is not here.", parent)
            )
        if entity.owner is Owner.SHARED:
            for number in self._kept_edits(work, span, from_gone=False):
                found.setdefault(
                    number, (KEPT_EDIT, "Edited here; head office's answer is awaited.", "")
                )
        return found

    def _decide(self, work: BatchWork, span: Span, found: Faults, from_gone: bool) -> Faults:
        """Records that are left as they stand here, though nothing is wrong with them."""
        deciding = self._own_mail if self.is_own(work) else self._conflicts
        return deciding.decide(work, span, found, from_gone)

    def is_own(self, work: BatchWork) -> bool:
        """Whether it is this site's own mail, read back."""
        return work.origin == self._context.site

    def _kept_edits(self, work: BatchWork, span: Span, from_gone: bool) -> list[int]:
        if self._context.is_head_office or self.is_own(work):
            return []
        own = str(Stream(self._context.site, work.entity.channel))
        reached = ledger.acknowledged(self._applier.connection, own, HEAD_OFFICE)
        return self._applier.books.edited_here(work.entity, span, from_gone, reached)

    def gone_faults(self, work: BatchWork, span: Span) -> Faults:
        """Inside a transaction: which tombstones of a span are left out, and why."""
        applier, entity = self._applier, work.entity
        found: Faults = {}
        if entity.owner is Owner.SITE:
            for number in applier.gone_not_of(entity, span, work.origin):
                reason = f"The record belongs to another site than {work.origin}."
                found[number] = ("not_theirs", reason, "")
        if entity.owner is Owner.SHARED:
            for number in self._kept_edits(work, span, from_gone=True):
                found[number] = (KEPT_EDIT, "Edited here; head office's answer is awaited.", "")
        found.update(self._decide(work, span, found, from_gone=True))
        return found
