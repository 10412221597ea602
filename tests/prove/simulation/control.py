"""What operators do to the sync, by the program's own verbs, at any moment."""

from __future__ import annotations

import copy
import json
from contextlib import suppress

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services import attending, blocking, plans, questions
from ginesys_sync.services.reloading import reload_site
from ginesys_sync.services.sending_again import send_again
from ginesys_sync.services.withdrawing import withdraw
from tests.prove.simulation.chain import HO, STORES, Chain, first_plan

WHY = "by chance"
_CHANNELS = ("policy", "catalogue", "pricing", "customers")
_ENTITIES = ("notices", "policies", "items", "odds", "prices", "promotions", "customers")
_RECORDS = (("items", "I{n}"), ("notices", "N{n}"), ("promotions", "P{n}"), ("customers", "C{n}"))


def act(chain: Chain, pick: int, n: int, m: int) -> None:
    """One act of an operator; what the program refuses with a reason is no harm."""
    acts = (
        _block_site, _block_channel, _block_entity, _block_record, unblock_all, _reload, _again,
        _again_to_some, _retry, _withdraw, _withdraw, _change_plan, _store_again, answer_all,
    )  # fmt: skip
    chosen = acts[pick % len(acts)]
    chain.world.tell(f"{chosen.__name__} {n} {m}")
    with suppress(KnownError):
        chosen(chain, n, m)


def _block_site(chain: Chain, n: int, _: int) -> None:
    blocking.block_site(chain.home(HO), STORES[n % 3], WHY, chain.clocks[HO])


def _block_channel(chain: Chain, n: int, _: int) -> None:
    blocking.block_channel(chain.home(HO), _CHANNELS[n % 4], WHY, chain.clocks[HO])


def _block_entity(chain: Chain, n: int, _: int) -> None:
    blocking.block_entity(chain.home(HO), _ENTITIES[n % 7], WHY, chain.clocks[HO])


def _block_record(chain: Chain, n: int, m: int) -> None:
    entity, key = _RECORDS[m % 4]
    blocking.block_record(chain.home(HO), entity, key.format(n=n), WHY, chain.clocks[HO])


def unblock_all(chain: Chain, *_: int) -> None:
    """Lift every block there is."""
    home, clock = chain.home(HO), chain.clocks[HO]
    for store in STORES:
        with suppress(KnownError):
            blocking.unblock_site(home, store, WHY, clock)
    for kind, name, *key in chain.sql(HO, "SELECT kind, name, k1, k2, k3, k4 FROM sync_block"):
        if kind == "channel":
            blocking.unblock_channel(home, name, WHY, clock)
        elif kind == "entity":
            blocking.unblock_entity(home, name, WHY, clock)
        elif kind == "record":
            blocking.unblock_record(home, name, str(key[0]), WHY, clock)


def _reload(chain: Chain, n: int, _: int) -> None:
    """Of a store, whatever it has not read yet."""
    store = STORES[n % 3]
    if store in chain.joined:
        reload_site(chain.home(HO), store, WHY, chain.clocks[HO])


def _again(chain: Chain, n: int, _: int) -> None:
    send_again(chain.home(HO), _ENTITIES[n % 7], reason=WHY, clock=chain.clocks[HO])


def _again_to_some(chain: Chain, n: int, m: int) -> None:
    entity, key = _RECORDS[m % 4]
    store = STORES[(n + m) % 3]
    send_again(
        chain.home(HO), entity, key.format(n=n), sites=[store], reason=WHY, clock=chain.clocks[HO]
    )


def _store_again(chain: Chain, n: int, m: int) -> None:
    store = STORES[n % 3]
    if store in chain.joined:
        entity = ("bills", "customers")[m % 2]
        send_again(chain.home(store), entity, reason=WHY, clock=chain.clocks[store])


def _retry(chain: Chain, *_: int) -> None:
    for site, entity, key in chain.sql(
        HO, "SELECT site, entity, key FROM sync_attention ORDER BY id LIMIT 2"
    ):
        attending.retry(chain.home(HO), entity, key, site, chain.clocks[HO])


def _withdraw(chain: Chain, n: int, m: int) -> None:
    channel = _CHANNELS[n % 3]
    found = chain.sql(HO, "SELECT head_no FROM sync_stream WHERE stream = ?", (f"HO/{channel}",))
    sites = None if m % 2 else [STORES[(n + m) % 3]]
    if found and found[0][0] > m % 3:
        numbers = [found[0][0] - m % 3]
        withdraw(chain.home(HO), channel, numbers, sites, WHY, chain.clocks[HO])


def answer_all(chain: Chain, *_: int) -> int:
    """Let go whatever a site asks about: what was deleted was meant to be, and a store's tables are
    to be as head office's. Returns how many questions were answered."""
    answered = 0
    for site in chain.joined:
        for question in questions.questions(chain.home(site)):
            if question.answer:
                continue
            answered += 1
            questions.answer(
                chain.home(site),
                question.entity,
                may_go=True,
                at=question.site,
                about=questions.LOAD if question.is_of_load else questions.DELETIONS,
                reason=WHY,
                clock=chain.clocks[site],
            )
    return answered


def _change_plan(chain: Chain, *_: int) -> None:
    """The next version: the second has notices for everybody, the third for one site again."""
    document = copy.deepcopy(first_plan())
    (version,) = chain.sql(HO, "SELECT max(version) FROM sync_plan")[0]
    document["version"] = version + 1
    if document["version"] % 2 == 0:
        for entity in document["entities"]:
            if entity["name"] == "notices":
                del entity["audience"]
    file = chain.root / "plan.json"
    file.write_text(json.dumps(document))
    plans.change_plan(chain.home(HO), file)


def send_all_again(chain: Chain) -> None:
    """What was withdrawn was left out on purpose: send every kind that was, once more."""
    for entity in _ENTITIES:
        with suppress(KnownError):  # of some, nothing was ever sent
            send_again(chain.home(HO), entity, reason=WHY, clock=chain.clocks[HO])
