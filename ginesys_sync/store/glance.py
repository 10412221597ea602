"""What the head of a window has to know, read in a few short queries with the standard library
alone.

A window paints its first true line from this, before anything larger is loaded. The SQL that
says which batch is for which site stands here for the same reason; `store.grids` uses it too.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import quote

TARGET = """
target AS (
  SELECT audience, site FROM sync_audience_site
  UNION ALL
  SELECT a.id, s.code FROM sync_audience a JOIN sync_site s
    ON s.role = 'store' AND s.state IN ('active', 'blocked') WHERE a.name = '*'
)"""
PEER = """
me AS (SELECT value AS site FROM sync_state WHERE name = 'site'),
peer AS (
  SELECT s.code AS site FROM sync_site s, me
  WHERE me.site = 'HO' AND s.code <> 'HO' AND s.state <> 'closed'
  UNION ALL SELECT 'HO' FROM me WHERE me.site <> 'HO'
)"""
_OPEN = f"""
WITH {PEER},
place AS (
  SELECT s.stream, s.epoch, s.head_no, p.site,
    coalesce((SELECT max(k.to_no) FROM sync_ack k
      WHERE k.stream = s.stream AND k.site = p.site AND k.epoch = s.epoch), 0) AS done
  FROM sync_stream s, me CROSS JOIN peer p
  WHERE s.head_no > 0 AND substr(s.stream, 1, length(me.site) + 1) = me.site || '/'
),
behind AS (
  SELECT stream, epoch, site, done,
    coalesce((SELECT max(r.to_no) FROM sync_release r
      WHERE r.stream = place.stream AND r.site IN (place.site, '*')), 0) AS reached
  FROM place WHERE head_no > done
)
SELECT w.site, coalesce(sum(CASE WHEN b.no > w.reached THEN b.records + b.gone END), 0),
  coalesce(sum(CASE WHEN b.no <= w.reached THEN b.records + b.gone END), 0),
  count(CASE WHEN b.no <= w.reached THEN 1 END) FROM behind w CROSS JOIN sync_batch b
  ON b.stream = w.stream AND b.epoch = w.epoch AND b.no > w.done
WHERE b.received_at IS NULL AND b.withdrawn_at IS NULL AND EXISTS (
  SELECT 1 FROM sync_audience_site x WHERE x.audience = b.audience AND x.site = w.site
  UNION ALL SELECT 1 FROM sync_audience a WHERE a.id = b.audience AND a.name = '*'
    AND w.site IN (SELECT code FROM sync_site WHERE role = 'store'
      AND state IN ('active', 'blocked')))
GROUP BY w.site"""
"""Only streams in which a site is behind are looked into: what every site has done costs nothing,
however much that was."""
_UNSENT_CHANGES = """
SELECT entity, count(*) FROM (SELECT DISTINCT entity, k1, k2, k3, k4 FROM sync_change LIMIT 100000)
GROUP BY entity"""
_UNPROCESSED = """
SELECT b.entity, sum((b.records + b.gone) * (b.uploaded_at IS NULL)),
  sum((b.records + b.gone) * (b.uploaded_at IS NOT NULL)), min(b.sealed_at)
FROM sync_stream s JOIN sync_batch b ON b.stream = s.stream AND b.epoch = s.epoch
  AND b.no > coalesce((SELECT max(k.to_no) FROM sync_ack k
    WHERE k.stream = s.stream AND k.site = 'HO' AND k.epoch = s.epoch), 0)
WHERE b.received_at IS NULL GROUP BY b.entity"""
_POLICY = """
SELECT value FROM (
  SELECT value, 1 AS place FROM sync_site_policy WHERE name = 'schedule' AND site = ?
  UNION ALL SELECT value, 2 FROM sync_master_policy WHERE name = 'schedule'
) ORDER BY place LIMIT 1"""
OPEN_QUESTION = (
    "(name >= 'sweep_question ' AND name < 'sweep_question!' OR name >= 'deletion_question ' "
    "AND name < 'deletion_question!') AND value ->> 'answer' = 'asked'"
)
"""Which rows of `sync_state` are questions of `store.sweeping` or `store.deleting` that nobody has
answered yet."""
ANSWERS = {"sweep_asks": "full load left out: ", "deletion_asks": "deletions kept back: "}
"""By the code under which a store tells of a question: how the policy is called, before its entity,
in which head office answers it. Its value begins with when it was asked."""
TOLD_QUESTION = f"code IN ({', '.join(map(repr, ANSWERS))})"
"""Which rows of `sync_attention` are questions that a site said it waits with."""
IS_ANSWERED = (
    "EXISTS (SELECT 1 FROM sync_site_policy p WHERE p.site = sync_attention.site AND p.name = "
    f"CASE sync_attention.code {' '.join(f'WHEN {c!r} THEN {n!r}' for c, n in ANSWERS.items())} "
    "END || sync_attention.entity "
    "AND substr(p.value, 1, length(sync_attention.key) + 1) = sync_attention.key || ' ')"
)
"""Which of them head office has answered (`store.answers`): nobody here need do anything about them
any more."""
BEYOND = (
    "SELECT substr(name, 18, instr(substr(name, 18), ' ') - 1) AS site, "
    "substr(name, 18 + instr(substr(name, 18), ' ')) AS stream, CAST(value AS INTEGER) AS n "
    "FROM sync_state WHERE name >= 'attention_beyond ' AND name < 'attention_beyond!'"
)
"""How many records need attention at other sites beyond those that `sync_attention` lists."""
COUNT_ATTENTION = (
    "SELECT (SELECT count(*) FROM sync_parked WHERE code <> 'kept_edit') "
    f"+ (SELECT count(*) FROM sync_attention WHERE NOT {IS_ANSWERED}) "
    f"+ (SELECT coalesce(sum(n), 0) FROM ({BEYOND})) "
    f"+ (SELECT count(*) FROM sync_state WHERE {OPEN_QUESTION})"
)
COUNT_QUESTIONS = (
    f"SELECT (SELECT count(*) FROM sync_attention WHERE {TOLD_QUESTION} AND NOT {IS_ANSWERED}) "
    f"+ (SELECT count(*) FROM sync_state WHERE {OPEN_QUESTION})"
)


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What is open for one site. `waiting`: records sealed for it that it may not read yet;
    `unacknowledged`: records it may read and has not acknowledged, in so many `batches`.
    """

    waiting: int
    unacknowledged: int
    batches: int


NOTHING_OPEN = OpenWork(0, 0, 0)


def open_work(connection: sqlite3.Connection) -> dict[str, OpenWork]:
    """What is open for each site for which something is."""
    return {site: OpenWork(*counts) for site, *counts in connection.execute(_OPEN)}


@dataclass(frozen=True, slots=True)
class LastRun:
    """How a run ended; `ended_at` and `outcome` None: it has not, or was killed."""

    no: int
    ended_at: str | None
    outcome: str | None
    code: str
    title: str
    advice: str


@dataclass(frozen=True, slots=True)
class SiteGlance:
    """One site of the chain. Moments are ISO texts."""

    code: str
    name: str
    role: str
    state: str
    last_seen_at: str | None


@dataclass(frozen=True, slots=True)
class OwnRecords:
    """One kind of record that this site sends: how many are not at the Web Database yet, how many
    are there and not processed, and since when the oldest sealed one waits."""

    one: str
    many: str
    channel: str
    unsent: int = 0
    unprocessed: int = 0
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """The facts. `runs` are the newest five; `waiting` and `unacknowledged` count records per
    site; `attention` counts records and questions, `questions` the latter alone; `own` and
    `schedule` (the text of its policy) are a store's only.
    """

    plan: str
    plan_version: int
    runs: tuple[LastRun, ...]
    open_requests: int
    changes: int
    waiting: dict[str, int]
    unacknowledged: dict[str, int]
    attention: int
    sites: tuple[SiteGlance, ...]
    heard_at: str | None
    selection: tuple[str, ...]
    own: tuple[OwnRecords, ...] = ()
    schedule: str = ""
    questions: int = 0


def read_glance(connection: sqlite3.Connection, work: dict[str, OpenWork] | None = None) -> Glance:
    """Read the facts. `work`: where it is known already. Raises sqlite3.Error for a database that
    has not been prepared.
    """
    run = connection.execute
    plan = run(
        "SELECT json_extract(document, '$.name'), version FROM sync_plan "
        "ORDER BY version DESC LIMIT 1"
    ).fetchone() or ("", 0)
    heard = run(
        "SELECT max(at) FROM (SELECT max(received_at) AS at FROM sync_batch "
        "UNION ALL SELECT max(collected_at) FROM sync_ack "
        "UNION ALL SELECT max(at) FROM sync_load WHERE state = 'taken')"
    ).fetchone()[0]
    selected = run(
        "SELECT sites FROM sync_run WHERE sites NOT IN ('*', '') ORDER BY no DESC LIMIT 1"
    ).fetchone()
    found = open_work(connection) if work is None else work
    return Glance(
        plan=plan[0] or "",
        plan_version=plan[1],
        runs=_last_runs(connection),
        open_requests=run("SELECT count(*) FROM sync_request WHERE state <> 'ended'").fetchone()[0],
        changes=run("SELECT count(*) FROM sync_change").fetchone()[0],
        waiting={site: each.waiting for site, each in found.items() if each.waiting},
        unacknowledged={site: each.unacknowledged for site, each in found.items() if each.batches},
        attention=run(COUNT_ATTENTION).fetchone()[0],
        sites=_sites(connection),
        heard_at=heard,
        selection=tuple(selected[0].split(",")) if selected else (),
        own=_own_records(connection),
        schedule=_schedule(connection),
        questions=run(COUNT_QUESTIONS).fetchone()[0],
    )


def _me(connection: sqlite3.Connection) -> str:
    found = connection.execute("SELECT value FROM sync_state WHERE name = 'site'").fetchone()
    return str(found[0]) if found else ""


def _own_records(connection: sqlite3.Connection) -> tuple[OwnRecords, ...]:
    """What a store sends, in the plan's order."""
    plan = connection.execute(
        "SELECT value FROM sync_state WHERE name = 'plan_in_place'"
    ).fetchone()
    if _me(connection) == "HO" or not plan or not plan[0]:
        return ()
    unsent = dict(connection.execute(_UNSENT_CHANGES).fetchall())
    sealed = {entity: facts for entity, *facts in connection.execute(_UNPROCESSED)}
    found = []
    for entity in json.loads(plan[0])["entities"]:
        name = entity["name"]
        if entity["owner"] == "ho":
            continue
        held, away, since = sealed.get(name, (0, 0, None))
        one, many = entity.get("one") or name, entity.get("many") or name
        total = unsent.get(name, 0) + held
        found.append(OwnRecords(one, many, entity["channel"], total, away, since))
    return tuple(found)


def _schedule(connection: sqlite3.Connection) -> str:
    """The store's schedule: its Site Policy, else the Master Policy."""
    try:
        found = connection.execute(_POLICY, (_me(connection),)).fetchone()
    except sqlite3.OperationalError:  # a database that is still to be brought up to date
        return ""
    return str(found[0]) if found else ""


def _last_runs(connection: sqlite3.Connection) -> tuple[LastRun, ...]:
    rows = connection.execute(
        "SELECT no, ended_at, outcome, code, title, advice FROM sync_run ORDER BY no DESC LIMIT 5"
    )
    return tuple(LastRun(*row) for row in rows)


def _sites(connection: sqlite3.Connection) -> tuple[SiteGlance, ...]:
    rows = connection.execute(
        "SELECT s.code, s.name, s.role, s.state, c.last_seen_at FROM sync_site s "
        "LEFT JOIN sync_contact c ON c.site = s.code ORDER BY s.code"
    )
    return tuple(SiteGlance(*row) for row in rows)


def look_into(url: str) -> Glance | None:
    """The facts of the SQLite database at an SQLAlchemy URL, read only; None when it cannot be read
    so simply: whoever opens it in full then says why."""
    _, found, path = url.partition(":///")
    if not found or not url.startswith("sqlite"):
        return None
    try:
        with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as connection:
            return read_glance(connection)
    except sqlite3.Error:
        return None
