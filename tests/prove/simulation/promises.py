"""What must hold: some of it at any moment, all of it after quiet. Read by plain SQL, told without
the engine. Each raises `Broken`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ginesys_sync.core.model import key_text
from ginesys_sync.services.status import status_rows
from tests.prove.simulation.chain import HO, STORES, Chain
from tests.prove.simulation.world import Broken
from tests.support.chain_floor import Row, meant_for

Record = tuple[str, str]
"""(entity, key as people read it)."""

_OF_TABLE: Mapping[str, tuple[str, int]] = {
    "item": ("items", 1),
    "price": ("prices", 2),
    "odd": ("odds", 1),
    "customer": ("customers", 1),
    "notice": ("notices", 1),
    "policy": ("policies", 1),
    "promotion": ("promotions", 1),
    "promotion_item": ("promotions", 1),
    "bill": ("bills", 2),
    "bill_line": ("bills", 2),
}
_KEY = ("k1", "k2", "k3", "k4")
_SETTLED = {"PROCESSED", "COVERED BY A FULL LOAD", "WITHDRAWN"}


def require(holds: bool, *words: object) -> None:
    """Raise Broken unless it holds."""
    if not holds:
        raise Broken(" ".join(map(str, words)))


# --- at any moment --------------------------------------------------------------------------------


def check_now(chain: Chain) -> None:
    """No cursor is beyond what was sealed, nothing counts as processed that is not; of sites that
    were put back and have not settled, nobody can tell."""
    places = {site: _places(chain, site) for site in chain.joined}
    for site, streams in places.items():
        for stream, (epoch, head, uploaded, applied) in streams.items():
            origin = stream.partition("/")[0]
            if origin == site:
                require(uploaded <= head, site, stream, "uploaded", uploaded, "of", head)
            theirs = places.get(origin, {}).get(stream)
            if origin not in {site, *chain.restored} and theirs and theirs[0] == epoch:
                require(applied <= theirs[1], site, stream, "applied", applied, "of", theirs[1])
    for site in chain.joined:
        for stream, peer, epoch, no, run in chain.sql(
            site,
            "SELECT stream, site, epoch, max(to_no), peer_run FROM sync_ack "
            "WHERE collected_at IS NOT NULL GROUP BY stream, site, epoch",
        ):
            if peer in chain.joined and peer not in chain.restored:
                said, went_back = chain.sql(
                    peer,
                    "SELECT max(to_no), max(kind = 'load' AND run = ?) FROM sync_ack "
                    "WHERE stream = ? AND site = ? AND epoch = ?",
                    (run, stream, peer, epoch),
                )[0]
                if went_back:  # to where the load ended: it reads on from there, in the same run
                    continue
                require(said is not None and no <= said, peer, stream, "never said", no, said)


def _places(chain: Chain, site: str) -> dict[str, tuple[str, int, int, int]]:
    rows = chain.sql(
        site, "SELECT stream, epoch, head_no, uploaded_no, applied_no FROM sync_stream"
    )
    return {row[0]: row[1:] for row in rows}


def check_uploaded(chain: Chain) -> None:
    """What counts as uploaded is at the Web Database."""
    heads = {(f"{origin}/{channel}", epoch): head for origin, channel, epoch, head in _heads(chain)}
    for site in chain.joined:
        for stream, (epoch, _, uploaded, _) in _places(chain, site).items():
            if stream.startswith(f"{site}/"):
                there = heads.get((stream, epoch), 0)
                # In a new epoch the numbers go on: those of the old one count as uploaded.
                begun = _first(chain, site, stream, epoch) - 1
                require(uploaded <= max(there, begun), stream, "has", there, "not", uploaded)


def _heads(chain: Chain) -> list[Row]:
    return chain.relay_sql("SELECT origin, channel, epoch, head FROM streams")


def _first(chain: Chain, site: str, stream: str, epoch: str) -> int:
    found = chain.sql(
        site, "SELECT min(no) FROM sync_batch WHERE stream = ? AND epoch = ?", (stream, epoch)
    )[0][0]
    head = chain.sql(site, "SELECT head_no FROM sync_stream WHERE stream = ?", (stream,))[0][0]
    return int(found or head + 1)


# --- after quiet ----------------------------------------------------------------------------------


def check_quiet(chain: Chain) -> None:
    """Everything: tables equal, but for what is parked and listed; numbers without a gap; nothing
    left over; the status as it is."""
    parked = {site: _parked(chain, site) for site in chain.joined}
    lost = {site: _parked(chain, site, f"origin = '{site}'") for site in chain.joined}
    stores = [store for store in STORES if store in chain.joined]
    for store in stores:
        _check_equal(chain, store, parked, lost)
    check_now(chain)
    check_uploaded(chain)
    for site in chain.joined:
        _check_numbers(chain, site)
        _check_left_over(chain, site)
        _check_status(chain, site)
    _check_listed(chain, stores)
    _check_withdrawn(chain)
    _check_arrived(chain, stores)


def _parked(chain: Chain, site: str, which: str = "true") -> set[Record]:
    rows = chain.sql(site, f"SELECT entity, k1, k2, k3, k4 FROM sync_parked WHERE {which}")
    return {(row[0], _text(row[1:5])) for row in rows}


def _text(key: Iterable[Any]) -> str:
    parts = list(key)
    while parts and parts[-1] == "":
        parts.pop()
    return key_text(tuple(parts))


def _check_equal(
    chain: Chain,
    store: str,
    parked: dict[str, set[Record]],
    lost: dict[str, set[Record]],
) -> None:
    """But for what is parked where it should go in, or (`lost`) at the site that sent it, was put
    back, and cannot take it in again."""
    for table, wanted in _meant(chain, store).items():
        excused = parked[store] | lost[HO] | (parked[HO] if table == "customer" else set())
        _same(chain, table, wanted, HO, store, excused)
    for table in ("bill", "bill_line"):
        here = chain.sql(store, f"SELECT * FROM {table}")
        where = f"SELECT * FROM {table} WHERE store = '{store}'"
        _same(chain, table, here, store, HO, parked[HO] | lost[store], chain.sql(HO, where))


def _same(
    chain: Chain,
    table: str,
    wanted: list[Row],
    giver: str,
    taker: str,
    excused: set[Record],
    found: list[Row] | None = None,
) -> None:
    found = chain.sql(taker, f"SELECT * FROM {table}") if found is None else found
    entity, width = _OF_TABLE[table]
    there, here = set(map(_exact, wanted)), set(map(_exact, found))
    for row in sorted(there ^ here, key=repr):
        key = _text(value for _, value in row[:width])
        if (entity, key) not in excused:
            plain = tuple(value for _, value in row)
            which = "lacks" if row in there else "still has"
            raise Broken(f"{taker} {which} {table} {plain!r} of {giver}")


def _exact(row: Row) -> tuple[tuple[str, Any], ...]:
    return tuple((type(value).__name__, value) for value in row)


def _meant(chain: Chain, site: str) -> dict[str, list[Row]]:
    """What head office's tables say that a store should hold, by the plan that is in force."""
    (version,) = chain.sql(HO, "SELECT max(version) FROM sync_plan")[0]
    wanted = meant_for(site)
    if version % 2 == 0:
        wanted["notice"] = "true"
    return {
        table: chain.sql(HO, f"SELECT * FROM {table} WHERE {which}")
        for table, which in wanted.items()
    }


def _check_numbers(chain: Chain, site: str) -> None:
    """The numbers of each own stream: 1, 2, 3 … once each."""
    for stream, head in chain.sql(site, "SELECT stream, head_no FROM sync_stream"):
        if stream.startswith(f"{site}/"):
            numbers = chain.sql(
                site, "SELECT no FROM sync_batch WHERE stream = ? ORDER BY no", (stream,)
            )
            found = [no for (no,) in numbers]
            require(found == list(range(1, head + 1)), stream, "is numbered", found, "to", head)


def _check_left_over(chain: Chain, site: str) -> None:
    left = chain.sql(
        site,
        "SELECT entity, k1, k2 FROM sync_change c WHERE NOT EXISTS (SELECT 1 FROM sync_parked p "
        f"WHERE p.origin = '{site}' AND p.entity = c.entity AND p.k1 = c.k1 AND p.k2 = c.k2)",
    )
    require(not left, site, "still has changes", left)
    require(not chain.sql(site, "SELECT * FROM sync_hush"), site, "still hushes")
    waiting = chain.sql(
        site,
        "SELECT stream, to_no FROM sync_ack WHERE site = ? AND delivered_at IS NULL",
        (site,),
    )
    require(not waiting, site, "has not delivered", waiting)
    kept = chain.sql(site, "SELECT entity, k1 FROM sync_parked WHERE code = 'kept_edit'")
    require(not kept, site, "still awaits answers of", kept)
    open_runs = chain.sql(site, "SELECT no FROM sync_run WHERE ended_at IS NULL")
    require(not open_runs, site, "has runs without an end", open_runs)


def _check_status(chain: Chain, site: str) -> None:
    """What the grids show: everything sent has come home, everything received is processed."""
    rows = {what: status_rows(chain.home(site), what, 100_000) for what in ("sent", "received")}
    for what, lines in rows.items():
        odd = [row for row in lines if row["status"] not in _SETTLED]
        require(not odd, site, what, "shows", odd[:2])
    shown = {
        (row["stream"], row["batch"])
        for row in rows["received"]
        if row["kind"] == "data" and row["batch"] is not None
    }
    listed = chain.sql(
        site, "SELECT DISTINCT stream, no FROM sync_batch WHERE received_at IS NOT NULL"
    )
    require(shown == set(listed), site, "lists", shown ^ set(listed))


def _check_listed(chain: Chain, stores: list[str]) -> None:
    """Head office knows of every record that waits at a store, and of no other; and the other way
    round."""
    for store in stores:
        for here, there in ((store, HO), (HO, store)):
            parked = {
                (stream, entity, _text(key))
                for stream, entity, *key in chain.sql(
                    here,
                    "SELECT stream, entity, k1, k2, k3, k4 FROM sync_parked WHERE origin = ?",
                    (there,),
                )
            }
            told = set(
                chain.sql(
                    there, "SELECT stream, entity, key FROM sync_attention WHERE site = ?", (here,)
                )
            )
            require(parked == told, there, "was told by", here, "otherwise of", parked ^ told)


def _check_withdrawn(chain: Chain) -> None:
    """Head office's books and the Web Database say the same of what was taken back from whom."""
    there = chain.relay_sql(
        "SELECT origin || '/' || channel, epoch, no, site FROM withdrawn JOIN streams "
        "USING (organisation, stream)"
    )
    here = chain.sql(
        HO,
        "SELECT stream, epoch, no, '*' FROM sync_batch WHERE withdrawn_at IS NOT NULL UNION ALL "
        "SELECT s.stream, s.epoch, k.k1, k.k2 FROM sync_block k JOIN sync_batch s "
        "ON s.stream = k.name AND s.no = k.k1 WHERE k.kind = 'part'",
    )
    present = set(chain.sql(HO, "SELECT stream, epoch FROM sync_stream"))
    found = [
        {row for row in rows if row[:2] in present and _is_whole(row, rows)}
        for rows in (set(here), set(there))
    ]
    require(found[0] == found[1], HO, "has as withdrawn otherwise", found[0] ^ found[1])


def _is_whole(row: Row, rows: set[Row]) -> bool:
    """Whether nothing else says it, too: who is meant by all need not be named."""
    return row[3] == "*" or (*row[:3], "*") not in rows


def _check_arrived(chain: Chain, stores: list[str]) -> None:
    """Every cursor is at the head of its stream."""
    own = _places(chain, HO)
    for store in stores:
        there = _places(chain, store)
        for stream, (_, head, _, _) in own.items():
            if stream.startswith(f"{HO}/") and head:
                applied = there.get(stream, ("", 0, 0, 0))[3]
                require(applied == head, store, "is at", applied, "of", head, "in", stream)
        for stream, (_, head, _, _) in there.items():
            if stream.startswith(f"{store}/") and head:
                applied = own.get(stream, ("", 0, 0, 0))[3]
                require(applied == head, HO, "is at", applied, "of", head, "in", stream)
