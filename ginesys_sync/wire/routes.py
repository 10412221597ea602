"""Paths, headers and limits of the Web Database's HTTP interface: one place for both ends."""

PROTOCOL = 1
PROTOCOL_SKEW = 2
"""How many protocol versions apart two programs may be."""
PROTOCOL_HEADER = "Ginesys-Sync-Protocol"
"""Every answer of a Web Database carries it; an answer without it came from something else."""

HEALTH = "/v1/health"
WHO_AM_I = "/v1/whoami"
ENROL = "/v1/enrol"
OPEN = "/v1/open"
BATCHES = "/v1/batches"
MAIL = "/v1/mail"
ACKS = "/v1/acks"
LOADS = "/v1/loads"
SITES = "/v1/sites"
CHAIN = "/v1/chain"
RELOAD = "/v1/reload"
WITHDRAW = "/v1/withdraw"
WITHDRAWN = "/v1/withdrawn"
WAIT = "/v1/wait"
OWN = "/v1/own"
AGAIN = "/v1/again"
SAME = "/v1/same"
BODIES = "/v1/bodies"
OPENAPI = "/v1/openapi.json"

MAX_MESSAGE_BYTES = 8_000_000
MAX_BODY_BYTES = 64_000_000
"""A batch body at most, packed; also the cap for its raw size."""
INLINE_BODY_BYTES = 32_768
"""Bodies up to this size travel inside the message that names them."""
MAX_BATCHES_A_CALL = 1_000
MAX_MAIL_INLINE_BYTES = 2_000_000
MAX_PARKED_WORDS = 1_000
MAX_STREAMS = 20_000
MAX_AUDIENCE_SITES = 10_000
MAX_HELD_RECORDS = 10_000
"""Records that a first load may name as held back; of more, whole kinds."""
MAX_LOAD_KINDS = 2_000
MAX_LOAD_CHUNKS = 20_000
"""Chunks of one first load of one stream: 200 million records at 10,000 a chunk."""
MAX_WAIT_SECONDS = 55
"""How long one call waits for news: shorter than proxies let an answer take."""

UPLOAD_OFFSET_HEADER = "Upload-Offset"
"""HEAD of a body answers with it: how many bytes of an unfinished upload the Web Database has."""
