"""The messages of the Web Database, as pydantic models: shapes, bounds, and the source of its
OpenAPI description.

Numbers count batches of a stream (1, 2, 3 …; 0 means none). Moments are ISO 8601 in UTC, as
`core.clock.iso` writes them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, StringConstraints

from ginesys_sync.wire import routes

Number = Annotated[int, Field(ge=0, le=2**53)]
SiteCodeText = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,15}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$]{0,62}$")]
StreamText = Annotated[
    str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,15}/[A-Za-z_][A-Za-z0-9_$]{0,62}$")
]
EpochText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}-[0-9a-f]{16}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
SecretKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")]
Short = Annotated[str, StringConstraints(max_length=200)]
Sentence = Annotated[str, StringConstraints(max_length=1000)]
AudienceName = Annotated[str, StringConstraints(pattern=r"^(\*|[0-9a-f]{64})$")]
Members = Annotated[str, StringConstraints(max_length=17 * routes.MAX_AUDIENCE_SITES)]
InlineBody = Annotated[Base64Bytes, Field(max_length=routes.INLINE_BODY_BYTES * 2)]
KeyPart = int | Annotated[str, StringConstraints(max_length=1000)]


class Message(BaseModel):
    """What every message has in common: frozen, and unknown fields are ignored so that a newer side
    can add some.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class Problem(Message):
    """An error as RFC 9457 problem+json, with our code and advice in shop words."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    advice: str
    detail: str = ""


class Health(Message):
    """Answer of HEALTH: a Web Database is here."""

    service: Literal["ginesys-sync-web-database"] = "ginesys-sync-web-database"
    program: Short
    protocol: Number
    relay_id: Short = ""


class WhoAmI(Message):
    """Answer of WHO_AM_I: the key was accepted, and for whom."""

    organisation: Short
    site: SiteCodeText
    role: Literal["ho", "store"]
    relay_id: Short
    program: Short
    protocol: Number
    time: Moment


class EnrolRequest(Message):
    """A site trades its one-time code for access. It makes its own key, so that a repeated call is
    the same call.
    """

    site: SiteCodeText
    role: Literal["ho", "store"]
    code: Short
    key: SecretKey
    program: Short


class EnrolAnswer(Message):
    """The site is enrolled. `epoch` is what its streams are numbered in."""

    organisation: Short
    site: SiteCodeText
    role: Literal["ho", "store"]
    relay_id: Short
    epoch: EpochText


class Manifest(Message):
    """One sealed batch. `audience` names a set listed in the message's `audiences`. `body` is there
    when it is small.
    """

    channel: Word
    epoch: EpochText
    no: Annotated[int, Field(ge=1, le=2**53)]
    entity: Word
    audience: AudienceName
    plan_version: Number
    codec: Literal["sqlite+zstd"] = "sqlite+zstd"
    sha256: Sha256
    size: Annotated[int, Field(ge=1, le=routes.MAX_BODY_BYTES)]
    raw_size: Annotated[int, Field(ge=1, le=routes.MAX_BODY_BYTES)]
    records: Number
    gone: Number
    rows: Number
    run: Number
    sealed_at: Moment
    body: InlineBody | None = None


class Release(Message):
    """How far the sites may read, per channel. `sites` None means all, with those to come."""

    epoch: EpochText
    channels: Annotated[dict[Word, Number], Field(max_length=200)]
    sites: Annotated[list[SiteCodeText], Field(max_length=routes.MAX_AUDIENCE_SITES)] | None = None


class BatchesRequest(Message):
    """Manifests in number order per channel, and a release to grant with them: one transaction.
    Either may be empty. begins: the number after which a stream goes on that is new in this epoch.
    """

    audiences: Annotated[
        dict[AudienceName, Members], Field(max_length=routes.MAX_BATCHES_A_CALL)
    ] = {}
    batches: Annotated[list[Manifest], Field(max_length=routes.MAX_BATCHES_A_CALL)] = []
    release: Release | None = None
    begins: Annotated[dict[Word, Number], Field(max_length=200)] = {}


class BatchesAnswer(Message):
    """What became of the manifests. When `missing` names bodies, nothing was stored: send them and
    ask again.
    """

    stored: Number
    already: Number
    missing: list[Sha256] = []


class StreamPlace(Message):
    """A place in a stream. `sha256`: the body of batch `no`, by which both ends know that they mean
    the same one.
    """

    stream: StreamText
    epoch: EpochText
    no: Number
    sha256: Sha256 | None = None


class MailCursor(Message):
    """What the asker has of a stream, and how far this round of reading goes (None: as far as there
    is).
    """

    stream: StreamText
    epoch: EpochText
    after: Number
    upto: Number | None = None


class MailRequest(Message):
    """Asks for mail. `streams` stand in lane order, which is the order of the answer; streams not
    named come last, from their beginning. `acks_after` is the last acknowledgement row already
    collected.
    """

    streams: Annotated[list[MailCursor], Field(max_length=routes.MAX_STREAMS)] = []
    acks_after: Number = 0
    limit: Annotated[int, Field(ge=1, le=routes.MAX_BATCHES_A_CALL)] = 200


class MailBatch(Message):
    """A batch for the asker."""

    stream: StreamText
    uploaded_at: Moment
    manifest: Manifest


class MailStream(Message):
    """How far this answer is complete for one stream: every batch for the asker with a number up to
    `complete` was listed here or before; `head` is how far the asker may read at this moment.

    load: `none`, or `wanted` (this stream has a past that is no longer kept: head office must send
    a first load), or `ready` (one is in `loads`). While it is not `none`, no batch of the stream is
    listed and complete equals after.
    """

    stream: StreamText
    epoch: EpochText
    complete: Number
    head: Number
    load: Literal["none", "wanted", "ready"] = "none"


class ParkedWord(Message):
    """One record that needs attention at the acknowledging site."""

    entity: Word
    key: Annotated[list[KeyPart], Field(max_length=4)]
    no: Number
    code: Word
    reason: Sentence


class Ack(Message):
    """I have applied `stream` from after `from_no` up to `to_no`; `parked` of its records need
    attention (the first 1,000 are listed). Cumulative, harmless when repeated. kind `load`: a first
    load brought me to `to_no`. said: how often this run has said it with other `parked` before.
    """

    stream: StreamText
    epoch: EpochText
    kind: Literal["data", "load"] = "data"
    from_no: Number
    to_no: Number
    run: Number
    said: Number = 0
    applied_at: Moment
    parked_total: Number = 0
    parked: Annotated[list[ParkedWord], Field(max_length=routes.MAX_PARKED_WORDS)] = []


class AcksRequest(Message):
    """Acknowledgements of the asker, oldest first per stream."""

    acks: Annotated[list[Ack], Field(max_length=routes.MAX_BATCHES_A_CALL)]


class AcksAnswer(Message):
    """How many rows the Web Database now has of those sent (repeated ones count)."""

    taken: Number


class AckRow(Message):
    """An acknowledgement of one of the asker's own streams, by `site`."""

    id: Number
    site: SiteCodeText
    received_at: Moment
    ack: Ack


class LoadChunk(Message):
    """One body of a first load."""

    entity: Word
    sha256: Sha256
    size: Annotated[int, Field(ge=1, le=routes.MAX_BODY_BYTES)]
    raw_size: Annotated[int, Field(ge=1, le=routes.MAX_BODY_BYTES)]
    records: Number
    rows: Number


class HeldRecord(Message):
    """A record that head office holds back, so that a load does not bring it; an empty key: it
    holds back more of these than it lists. What the site has of it stays as it is.
    """

    entity: Word
    key: Annotated[list[KeyPart], Field(max_length=4)] = []


class Load(Message):
    """A first load of one stream: applying all chunks in order brings the site to `no`. `kinds` are
    the entities of which it holds everything that the site should have: what else the site has of
    them is swept, `held` excepted.
    """

    stream: StreamText
    epoch: EpochText
    no: Number
    plan_version: Number
    made_at: Moment
    kinds: Annotated[list[Word], Field(max_length=routes.MAX_LOAD_KINDS)] = []
    chunks: Annotated[list[LoadChunk], Field(max_length=routes.MAX_LOAD_CHUNKS)]
    held: Annotated[list[HeldRecord], Field(max_length=routes.MAX_HELD_RECORDS)] = []


class LoadsRequest(Message):
    """Head office offers a first load to sites that want it; the bodies were sent before."""

    sites: Annotated[list[SiteCodeText], Field(min_length=1, max_length=routes.MAX_AUDIENCE_SITES)]
    load: Load


class LoadsAnswer(Message):
    """The sites that took the offer (they wanted a load of this stream), or the bodies that are not
    there yet.
    """

    offered: list[SiteCodeText] = []
    missing: list[Sha256] = []


class MailAnswer(Message):
    """Mail, acknowledgements of the asker's own streams, first loads for the asker. `more`: ask
    again.
    """

    batches: list[MailBatch] = []
    audiences: dict[AudienceName, Members] = {}
    streams: list[MailStream] = []
    loads: list[Load] = []
    acks: list[AckRow] = []
    more: bool = False


class SiteContact(Message):
    """What the Web Database knows of a site (for head office only).

    clock_ahead_seconds: how far the site's clock was ahead of the Web Database's when it last
    opened a run.
    """

    site: SiteCodeText
    role: Literal["ho", "store"]
    state: Literal["invited", "active", "blocked", "closed"]
    enrolled_at: Moment | None = None
    last_seen_at: Moment | None = None
    program: Short = ""
    plan_version: Number = 0
    run: Number = 0
    loads_wanted: list[StreamText] = []
    clock_ahead_seconds: Annotated[int, Field(ge=-(2**40), le=2**40)] = 0


class Chain(Message):
    """Answer of CHAIN: every site that was ever invited (for head office only)."""

    sites: list[SiteContact]


class OpenRequest(Message):
    """The first call of a run: who I am this time, how far my own streams are sealed, and the first
    page of mail.

    can_heal: I read my own mail back when told that I was brought back from an older copy (else I
    am refused). behind: I found out that I was, by this. opened: my last run here in this epoch.
    token: tells this run from another that had its number, before I was brought back. since: the
    token of my first run after `opened`.
    """

    incarnation: Nonce
    run: Number
    token: Nonce | None = None
    since: Nonce | None = None
    program: Short
    protocol: Number
    plan_version: Number
    clock: Moment
    epoch: EpochText | None = None
    heads: Annotated[list[StreamPlace], Field(max_length=200)] = []
    mail: MailRequest = MailRequest()
    can_heal: bool = False
    behind: Short = ""
    opened: Number = 0


class Restored(Message):
    """The asker was brought back from an older copy: before it sends or receives anything it must
    read its own mail back. `run` is the last run known of it, `epoch` what its streams are numbered
    in. Opening a run as `incarnation` says that it has done so.
    """

    why: Short
    run: Number
    epoch: EpochText
    incarnation: Nonce


class OpenAnswer(Message):
    """own: how far the asker's streams are here without a gap. missing: bodies of its batches that
    somebody still needs and that are not here. sites: for head office, all. withdrawals: for head
    office, the word for what is withdrawn. restored: nothing else is in it but that and `own`.
    again: channels that head office needs anew. set_back: the Web Database was brought back."""

    relay_id: Short
    time: Moment
    own: list[StreamPlace] = []
    missing: list[Sha256] = []
    sites: list[SiteContact] = []
    mail: MailAnswer = MailAnswer()
    restored: Restored | None = None
    again: list[Word] = []
    set_back: bool = False
    withdrawals: Short = ""
