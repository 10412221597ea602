"""Batches as tests make them: manifests of random bodies, audiences, acknowledgements."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from ginesys_sync.core.model import Audience
from ginesys_sync.wire.messages import (
    Ack,
    BatchesAnswer,
    BatchesRequest,
    Load,
    LoadChunk,
    MailAnswer,
    MailCursor,
    MailRequest,
    Manifest,
    Release,
)
from ginesys_sync.wire.routes import INLINE_BODY_BYTES
from tests.support.relay_server import Member

MOMENT = "2026-11-22T10:00:00.000Z"
ALL = Audience.all()
TO_HO = Audience.of(["HO"])


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes and their name."""

    data: bytes

    @classmethod
    def of(cls, size: int) -> Body:
        """A body of random bytes."""
        return cls(os.urandom(size))

    @property
    def sha256(self) -> str:
        """The name."""
        return sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel of one site, as a test writes it."""

    member: Member
    channel: str

    @property
    def text(self) -> str:
        """The stream as the wire writes it."""
        return f"{self.member.site}/{self.channel}"

    def manifest(
        self, no: int, body: Body, audience: Audience = ALL, *, entity: str = "items"
    ) -> Manifest:
        """One sealed batch; a small body travels inside."""
        is_small = len(body.data) <= INLINE_BODY_BYTES
        return Manifest.model_construct(
            channel=self.channel,
            epoch=self.member.epoch,
            no=no,
            entity=entity,
            audience=audience.name,
            plan_version=1,
            codec="sqlite+zstd",
            sha256=body.sha256,
            size=len(body.data),
            raw_size=len(body.data),
            records=1,
            gone=0,
            rows=1,
            run=1,
            sealed_at=MOMENT,
            body=body.data if is_small else None,
        )

    def release(self, no: int, sites: list[str] | None = None) -> Release:
        """How far sites may read this lane."""
        return Release(epoch=self.member.epoch, channels={self.channel: no}, sites=sites)

    def post(
        self,
        manifests: Iterable[Manifest],
        audiences: Iterable[Audience] = (ALL, TO_HO),
        release: Release | None = None,
    ) -> BatchesAnswer:
        """Hand in."""
        return self.member.web.post_batches(
            BatchesRequest(
                audiences={one.name: one.members for one in audiences},
                batches=list(manifests),
                release=release,
            )
        )

    def send(
        self, first: int, bodies: list[Body], audience: Audience = ALL, upto: int | None = None
    ) -> None:
        """Send bodies as batches from number `first` on; release all (or up to `upto`) to all."""
        for body in bodies:
            if len(body.data) > INLINE_BODY_BYTES:
                self.member.web.put_body(body.sha256, body.data)
        last = first + len(bodies) - 1
        answer = self.post(
            [self.manifest(first + i, body, audience) for i, body in enumerate(bodies)],
            [audience],
            self.release(last if upto is None else upto),
        )
        assert answer.missing == []

    def ack(self, to_no: int, *, run: int = 1, kind: str = "data") -> Ack:
        """What a reader says of this lane."""
        return Ack.model_validate(
            {
                "stream": self.text,
                "epoch": self.member.epoch,
                "kind": kind,
                "from_no": 0,
                "to_no": to_no,
                "run": run,
                "applied_at": MOMENT,
            }
        )

    def load(self, no: int, bodies: list[Body]) -> Load:
        """A first load of this lane."""
        return Load(
            stream=self.text,
            epoch=self.member.epoch,
            no=no,
            plan_version=1,
            made_at=MOMENT,
            chunks=[
                LoadChunk(
                    entity="items",
                    sha256=body.sha256,
                    size=len(body.data),
                    raw_size=len(body.data),
                    records=1,
                    rows=1,
                )
                for body in bodies
            ],
        )

    def read(
        self, reader: Member, after: int = 0, *, upto: int | None = None, limit: int = 200
    ) -> MailAnswer:
        """One page of mail as `reader` gets it, this lane first."""
        cursor = MailCursor(stream=self.text, epoch=self.member.epoch, after=after, upto=upto)
        return reader.web.mail(MailRequest(streams=[cursor], limit=limit))

    def numbers(self, answer: MailAnswer) -> list[int]:
        """The numbers of this lane's batches in an answer."""
        return [one.manifest.no for one in answer.batches if one.stream == self.text]
