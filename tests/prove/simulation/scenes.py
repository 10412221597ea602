"""Twelve short scenes on a simulated chain, one for each classic defect: directed, because chance
needs long for some of them. Each ends with quiet and the same checks as every seed, and holds when
the program is right.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from ginesys_sync.engine.loads import LoadWork
from ginesys_sync.services import syncing
from ginesys_sync.services.reloading import reload_site
from ginesys_sync.store.claiming import ClaimWriter
from ginesys_sync.store.database import Database, transaction
from ginesys_sync.store.plans import install_plan, present_plan
from tests.prove.simulation import backups, promises
from tests.prove.simulation.chain import HO, S001, S003, Chain
from tests.prove.simulation.edits import write
from tests.prove.simulation.line import Weather
from tests.prove.simulation.parts import CLAIM_ROWS
from tests.prove.simulation.play import Play
from tests.prove.simulation.world import Broken


def _write(play: Play, site: str, *statements: str) -> None:
    if not write(play.chain, site, statements):
        raise Broken(f"{site} refused {statements}")
    if site in play.tills:
        play.learn_till(site)


def _items(count: int, name: str = "x") -> str:
    rows = ", ".join(f"('I{n}', '{name}', NULL)" for n in range(count))
    return f"INSERT INTO item VALUES {rows}"


def _until(chain: Chain, site: str, what: str, times: int = 1) -> None:
    """Let a run go on until it has come to a point so many times. Raises Broken when it ends."""
    while times:
        chain.move(site, 1)
        if site not in chain.runs:
            raise Broken(f"the run of {site} never came to {what!r}")
        times -= chain.world.last[-1].startswith(f"{site} {what}")


def _kill(chain: Chain, site: str) -> None:
    """The power goes where the run is now."""
    chain.runs[site].is_dead = True
    chain.move(site, 1)


def _end(play: Play) -> None:
    play.settle()
    play.check()


def late_commit(play: Play) -> None:
    """A transaction that took its change id early commits while a run is on, as it may on servers:
    here its row of the log is put back by hand."""
    chain = play.chain
    _write(play, HO, "INSERT INTO item VALUES ('LATE', 'early id', NULL)")
    (late,) = chain.sql(HO, "SELECT id, entity, k1 FROM sync_change")
    _write(play, HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    _write(play, HO, "DELETE FROM sync_change WHERE k1 = 'LATE'")
    honest, waiting = ClaimWriter.commit, [late]

    def while_it_seals(self: ClaimWriter, *facts: object) -> object:
        for row in waiting:
            chain.sql(HO, "INSERT INTO sync_change(id, entity, k1) VALUES (?, ?, ?)", row)
        waiting.clear()
        return honest(self, *facts)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClaimWriter, "commit", while_it_seals)
        chain.sync(HO)
    _end(play)


def killed_between_slices(play: Play) -> None:
    """The power goes after the first slice of a batch of several."""
    chain = play.chain
    _write(play, HO, _items(CLAIM_ROWS))
    chain.sync(HO)
    chain.start(S001)
    while not chain.sql(S001, "SELECT * FROM item"):
        chain.move(S001, 1)
    _kill(chain, S001)
    _end(play)


def killed_while_applying(play: Play) -> None:
    """The power goes before a batch is in; head office syncs and looks."""
    chain = play.chain
    _write(play, HO, _items(2))
    chain.sync(HO)
    chain.start(S001)
    while "POST /v1/acks" not in chain.world.last[-1]:
        chain.move(S001, 1)
        if chain.sql(S001, "SELECT * FROM item"):
            break
    else:
        _until(chain, S001, "begin")
    _kill(chain, S001)
    chain.sync(HO)
    promises.check_now(chain)
    _end(play)


def written_by_a_trigger(play: Play) -> None:
    """A customer's trigger at head office writes an item whenever a bill arrives."""
    chain = play.chain
    database = Database(chain.url(HO))
    with database.connect() as connection, transaction(connection):
        install_plan(connection, present_plan(connection), is_head_office=True)
    _write(
        play,
        HO,
        "CREATE TRIGGER welcome AFTER INSERT ON bill BEGIN "
        "INSERT INTO item VALUES ('T' || NEW.number, 'by a trigger', NULL); END",
    )
    _write(play, S001, "INSERT INTO bill VALUES ('S001', 1, 5, NULL)")
    _end(play)


def given_to_another_store(play: Play) -> None:
    """A notice for one store becomes one for another."""
    _write(play, HO, "INSERT INTO notice VALUES ('N1', 'S001', 'words')")
    play.settle()
    _write(play, HO, "UPDATE notice SET site_code = 'S002' WHERE code = 'N1'")
    _end(play)


def parked_then_newer(play: Play) -> None:
    """A record parks, a newer version goes in, and what stood in the way of the older one goes."""
    chain = play.chain
    _write(
        play,
        S001,
        "CREATE TRIGGER grumble BEFORE INSERT ON notice WHEN NEW.words = 'old' BEGIN "
        "SELECT RAISE(ABORT, 'not here'); END",
    )
    _write(play, HO, "INSERT INTO notice VALUES ('N1', 'S001', 'old')")
    chain.sync(HO)
    chain.sync(S001)
    _write(play, HO, "UPDATE notice SET words = 'new' WHERE code = 'N1'")
    chain.sync(HO)
    chain.sync(S001)
    _write(play, S001, "DROP TRIGGER grumble")
    _end(play)


def edited_while_reloading(play: Play) -> None:
    """A store takes a full load while an edit of its own has not left it yet."""
    chain = play.chain
    _write(play, HO, "INSERT INTO customer VALUES ('C1', 'Ann', '', '2026-01-01')")
    play.settle()
    reload_site(chain.home(HO), S001, "why", chain.clocks[HO])
    chain.sync(HO)
    edit = "UPDATE customer SET phone = '555', changed_at = '2026-01-02' WHERE id = 'C1'"
    honest = LoadWork.apply

    def edited_first(self: LoadWork, some: Any) -> None:
        _write(play, S001, edit)
        honest(self, some)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LoadWork, "apply", edited_first)
        chain.sync(S001)
    _end(play)
    phones = chain.sql(HO, "SELECT phone FROM customer WHERE id = 'C1'")
    promises.require(phones == [("555",)], "the edit of", S001, "was lost:", phones)


def sold_twice(play: Play) -> None:
    """A store sends one bill, and another one later."""
    for number in (1, 2):
        _write(play, S001, f"INSERT INTO bill VALUES ('S001', {number}, 5, NULL)")
        play.chain.sync(S001)
        play.chain.sync(HO)
    _end(play)


def edited_while_a_load_is_built(play: Play) -> None:
    """Head office is killed after the first chunk of a full load; what is in it changes; the next
    run goes on building."""
    chain = play.chain
    _write(play, HO, _items(2 * CLAIM_ROWS))
    chain.sync(HO)
    chain.join(S003)
    chain.start(HO)
    while not chain.sql(HO, "SELECT 1 FROM sync_load WHERE chunks LIKE '%items%'"):
        chain.move(HO, 1)
    _kill(chain, HO)
    _write(play, HO, "UPDATE item SET name = 'newer' WHERE code = 'I0'")
    _end(play)


def cut_off_while_sending(play: Play) -> None:
    """The line goes dead before the batches are at the Web Database."""
    chain = play.chain
    _write(play, HO, _items(2))
    chain.start(HO, weather=Weather(unheard=frozenset(range(2, 30))))
    chain.finish()
    promises.check_uploaded(chain)
    chain.start(HO, weather=Weather(unheard=frozenset(range(3, 30))))
    chain.finish()
    promises.check_uploaded(chain)
    _end(play)


def overtaken(play: Play) -> None:
    """A run sleeps with a claim in hand and loses its lock; another does its work; edits come; the
    first one wakes up."""
    chain = play.chain
    _write(play, HO, "INSERT INTO item VALUES ('I1', 'one', NULL)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(syncing, "run_lock", lambda _: nullcontext())
        chain.start(HO)
        _until(chain, HO, "kept")
        asleep = chain.runs.pop(HO)
        chain.sync(HO)
        _write(play, HO, "UPDATE item SET name = 'two' WHERE code = 'I1'")
        chain.runs[HO] = asleep
        chain.finish()
    _end(play)


def web_database_put_back(play: Play) -> None:
    """The Web Database is put back as it was before some batches came."""
    chain = play.chain
    backups.back_up(chain, backups.RELAY)
    _write(play, HO, _items(2))
    chain.sync(HO)
    backups.put_back(chain, backups.RELAY)
    _end(play)
