"""Who was sent what and who read what, as seen from the line: a site reads only what is for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ginesys_sync.core.model import Audience, Stream
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.wire import messages, own_messages
from tests.prove.simulation.world import Broken

_EVERYBODY = None


class MailWatch:
    """Notes the sites of every body that was handed in, and looks at every one that is read."""

    def __init__(self, of_the_template: Iterable[str] = ()) -> None:
        self._readers: dict[str, set[str] | None] = dict.fromkeys(of_the_template, _EVERYBODY)
        self.read = 0
        self.moved = 0

    def handed_in(self, origin: str, request: messages.BatchesRequest) -> None:
        """Before it is sent: what a lost answer hides is there all the same."""
        self.moved += len(request.batches)
        for manifest in request.batches:
            members = request.audiences[manifest.audience]
            sites = Audience.parse(members).sites
            self._let_read(manifest.sha256, sites, origin)

    def offered(self, request: messages.LoadsRequest) -> None:
        """Chunks of a first load."""
        self.moved += 1
        for chunk in request.load.chunks:
            self._let_read(chunk.sha256, request.sites, "HO")

    def _let_read(self, name: str, sites: Any, origin: str) -> None:
        if sites is None:
            self._readers[name] = _EVERYBODY
        elif self._readers.get(name, set()) is not None:
            known = self._readers.setdefault(name, set())
            assert known is not None
            known |= set(sites) | {origin}

    def read_mail(self, site: str, answer: messages.MailAnswer) -> None:
        """Raises Broken when something in it is not for the site."""
        self.moved += len(answer.batches) + len(answer.loads)
        for item in answer.batches:
            if Stream.parse(item.stream).origin == site:
                raise Broken(f"{site} was handed its own batch {item.stream} {item.manifest.no}")
            self.read_body(site, item.manifest.sha256)

    def read_own(self, site: str, answer: own_messages.OwnAnswer) -> None:
        """Raises Broken when something in it is not the site's own."""
        for item in answer.batches:
            self.read_body(site, item.manifest.sha256)

    def read_body(self, site: str, name: str) -> None:
        """Raises Broken when this body is not for the site."""
        self.read += 1
        readers = self._readers.get(name, set())
        if readers is not None and site not in readers:
            raise Broken(f"{site} read {name[:12]}, which is for {sorted(readers) or 'nobody'}")


class WatchedWebDatabase(WebDatabase):
    """The real client, watched. `page`: how many batches it asks for at a time."""

    def __init__(self, *facts: Any, watch: MailWatch, page: int, **more: Any) -> None:
        super().__init__(*facts, **more)
        self._watch, self._page, self._site = watch, page, facts[1]

    def open(self, request: messages.OpenRequest) -> messages.OpenAnswer:
        mail = request.mail.model_copy(update={"limit": self._page})
        answer = super().open(request.model_copy(update={"mail": mail}))
        self._watch.read_mail(self._site, answer.mail)
        return answer

    def mail(self, request: messages.MailRequest) -> messages.MailAnswer:
        answer = super().mail(request.model_copy(update={"limit": self._page}))
        self._watch.read_mail(self._site, answer)
        return answer

    def own(self, request: own_messages.OwnRequest) -> own_messages.OwnAnswer:
        answer = super().own(request.model_copy(update={"limit": self._page}))
        self._watch.read_own(self._site, answer)
        return answer

    def post_batches(self, request: messages.BatchesRequest) -> messages.BatchesAnswer:
        self._watch.handed_in(self._site, request)
        return super().post_batches(request)

    def acks(self, request: messages.AcksRequest) -> messages.AcksAnswer:
        self._watch.moved += len(request.acks)
        return super().acks(request)

    def loads(self, request: messages.LoadsRequest) -> messages.LoadsAnswer:
        self._watch.offered(request)
        return super().loads(request)
