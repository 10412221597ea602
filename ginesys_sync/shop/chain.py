"""A realistic chain made from a seed: the same `Chain` gives the same rows, byte for byte.

`fill_head_office` writes what head office owns, `fill_store` a store's own past bills. Neither
needs the other's database: bills can be there before the first item has reached the store.
"""

from __future__ import annotations

from ginesys_sync.shop import chain_masters as masters
from ginesys_sync.shop import schema
from ginesys_sync.shop.chain_bills import past_bills
from ginesys_sync.shop.chain_items import Chain, item_rows, price_rows, products
from ginesys_sync.shop.writing import Database, insert_rows, writing

__all__ = ["Chain", "fill_head_office", "fill_store"]


def fill_head_office(database: Database, chain: Chain) -> None:
    """Write the whole chain into the empty tables of head office: one transaction."""
    goods = products(chain)
    filled = [
        *masters.sites(chain),
        *masters.policies(chain),
        *masters.users(chain),
        (schema.item, item_rows(chain, goods)),
        (schema.item_price, price_rows(chain, goods)),
        *masters.promotions(chain, goods),
        *masters.goods_issues(chain, goods),
        *masters.customers(chain),
    ]
    with writing(database) as connection:
        for table, rows in filled:
            insert_rows(connection, table, rows)


def fill_store(database: Database, chain: Chain, store: str, bills: int) -> None:
    """Write `bills` past bills of a store that has none yet: one transaction."""
    filled = past_bills(chain, products(chain), store, bills)
    with writing(database) as connection:
        for table, rows in filled:
            insert_rows(connection, table, rows)
