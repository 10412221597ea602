"""What else head office owns in a made-up chain: sites, policies, users, promotions, stock."""

from __future__ import annotations

from random import Random

from sqlalchemy import Table

from ginesys_sync.shop import chain_words as words
from ginesys_sync.shop import schema
from ginesys_sync.shop.chain_items import Chain, Product, Row
from ginesys_sync.shop.masters import GOODS
from ginesys_sync.shop.money import MILLI

Rows = tuple[Table, list[Row]]
BY_PERCENT = "percent"
BY_PRICE = "price"
SPARE_USERS = 6


def sites(chain: Chain) -> list[Rows]:
    """Stores named after towns, in four groups."""
    site: list[Row] = []
    member: list[Row] = []
    for n, code in enumerate(chain.store_codes):
        town, group = words.TOWNS[n % len(words.TOWNS)]
        place = words.LOCALITIES[n // len(words.TOWNS) % len(words.LOCALITIES)]
        opened = chain.day(400 + n)
        site.append((code, f"{town} {place}", town, "India", "INR", opened, 1, chain.moment(400)))
        member.append((group, code))
    return [
        (schema.site, site),
        (schema.site_group, list(words.GROUPS)),
        (schema.site_group_member, member),
    ]


def policies(chain: Chain) -> list[Rows]:
    """Master policies, site policies that differ by store, modes of payment, roles."""
    rng, at = chain.rng("policy"), chain.moment(200)
    of_sites = [
        (code, policy, name, rng.choice(values), at)
        for code in chain.store_codes
        for policy, name, values in words.SITE_POLICIES
    ]
    return [
        (schema.master_policy, [(*policy, at) for policy in words.MASTER_POLICIES]),
        (schema.site_policy, of_sites),
        (schema.mode_of_payment, [(*mode, 1, at) for mode in words.MODES_OF_PAYMENT]),
        (schema.role, [(*role, at) for role in words.ROLES]),
    ]


def users(chain: Chain) -> list[Rows]:
    """Four users a store, an auditor for all, and six who are assigned to nobody yet."""
    rng, at = chain.rng("user"), chain.moment(100)
    user: list[Row] = [("HO-A1", person(rng), "AUDITOR", 1, at)]
    assigned: list[Row] = [("HO-A1", code) for code in chain.store_codes]
    for code in chain.store_codes:
        for tail, role in (
            ("C1", "CASHIER"),
            ("C2", "CASHIER"),
            ("M1", "MANAGER"),
            ("K1", "STOCK"),
        ):
            user.append((f"{code}-{tail}", person(rng), role, 1, at))
            assigned.append((f"{code}-{tail}", code))
    for n in range(1, SPARE_USERS + 1):
        user.append((f"HO-N{n}", person(rng), "CASHIER", 1, at))
    return [(schema.app_user, user), (schema.user_site, assigned)]


def promotions(chain: Chain, goods: tuple[Product, ...]) -> list[Rows]:
    """Twelve promotions of 5 to 40 items, by percentage or by price, each for some stores."""
    rng, at = chain.rng("promotion"), chain.moment(10)
    root: list[Row] = []
    items: list[Row] = []
    allocated: list[Row] = []
    offered = [p for p in goods if p.kind == GOODS]
    for n, name in enumerate(words.PROMOTIONS, start=1):
        code = f"PR{n:04d}"
        percent = rng.choice((0, 5, 10, 15, 20, 25))
        begins = rng.randint(-20, 20)
        days = (chain.day(begins), chain.day(begins - rng.choice((7, 14, 30))))
        kind = BY_PERCENT if percent else BY_PRICE
        root.append((code, name, kind, percent, *days, 1, at))
        for p in rng.sample(offered, min(len(offered), rng.randint(5, 40))):
            items.append((code, p.code, None if percent else max(50, p.price_minor * 85 // 100)))
        some = rng.randint(1, len(chain.store_codes)) if chain.store_codes else 0
        allocated += [(code, store) for store in sorted(rng.sample(chain.store_codes, some))]
    return [
        (schema.promotion, root),
        (schema.promotion_item, items),
        (schema.promotion_site, allocated),
    ]


def goods_issues(chain: Chain, goods: tuple[Product, ...]) -> list[Rows]:
    """Two goods issues of up to 12 lines for each store."""
    rng = chain.rng("goods issue")
    root: list[Row] = []
    lines: list[Row] = []
    offered = [p for p in goods if p.kind == GOODS]
    for n, store in enumerate(store for store in chain.store_codes for _ in range(2)):
        number, back = f"GI-{n + 1:06d}", rng.randint(1, 20)
        root.append((number, store, chain.day(back), "Replenishment", chain.moment(back)))
        for line, p in enumerate(rng.sample(offered, min(len(offered), rng.randint(4, 12))), 1):
            packs = rng.choice((6, 12, 24)) * MILLI
            lines.append((number, line, p.code, packs, p.price_minor * 70 // 100))
    return [(schema.goods_issue, root), (schema.goods_issue_line, lines)]


def customers(chain: Chain) -> list[Rows]:
    """Customers as head office knows them, with made-up numbers that belong to nobody."""
    rng, at = chain.rng("customer"), chain.moment(60)
    rows: list[Row] = []
    for n in range(1, chain.customers + 1):
        name = person(rng)
        mail = name.lower().replace(" ", ".").replace("'", "")
        town, _ = rng.choice(words.TOWNS)
        phone = f"00000{rng.randrange(10**5):05d}"
        rows.append(
            (chain.customer_id(n), name, phone, f"{mail}{n}@example.com", town, "India", at)
        )
    return [(schema.customer, rows)]


def person(rng: Random) -> str:
    """A name."""
    return f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}"
