"""The size and seed of a made-up chain, its items and their prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from random import Random
from typing import Any

from ginesys_sync.core.clock import iso
from ginesys_sync.shop import chain_words as words
from ginesys_sync.shop.masters import GOODS, SERVICE

Row = tuple[Any, ...]
"""One row in its table's column order."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What chain to make. `today` is the day it looks upon as the present; stores are `S001` …"""

    today: date
    seed: int = 1
    items: int = 2_000
    stores: int = 2
    customers: int = 300

    @property
    def store_codes(self) -> tuple[str, ...]:
        """The codes of the stores: three digits, more when there are more."""
        width = max(3, len(str(self.stores)))
        return tuple(f"S{n:0{width}d}" for n in range(1, self.stores + 1))

    def day(self, back: int) -> str:
        """The date so many days ago; negative: to come."""
        return (self.today - timedelta(days=back)).isoformat()

    def moment(self, back: int = 30) -> str:
        """Midnight UTC, so many days ago, as the tables keep times."""
        return iso(datetime.combine(self.today - timedelta(days=back), time(), UTC))

    def rng(self, what: str) -> Random:
        """A sequence of its own for each thing: more of one changes nothing of another."""
        return Random(f"{self.seed}/{what}")

    def customer_id(self, n: int) -> str:
        """The id of the nth customer, from 1; issued at head office, so unique in the chain."""
        return f"HO-C{n:06d}"


@dataclass(frozen=True, slots=True)
class Product:
    """An item of the chain with its present price in minor units."""

    code: str
    name: str
    kind: str
    barcode: str | None
    department: str
    brand: str
    unit: str
    tax_code: str
    mrp_minor: int
    price_minor: int


_UNITS = {"pcs": "piece", "kg": "kilogram", "pair": "pair"}


def products(chain: Chain) -> tuple[Product, ...]:
    """`chain.items` items; the first four are services."""
    services = [
        Product(code, name, SERVICE, None, "Services", "", "job", "GST18", price, price)
        for code, name, price in words.SERVICES[: chain.items]
    ]
    return (*services, *_goods(chain, chain.items - len(services)))


def item_rows(chain: Chain, goods: tuple[Product, ...]) -> list[Row]:
    """Rows of `item`; one in fifty is no longer sold."""
    rng, at = chain.rng("item"), chain.moment()
    rows: list[Row] = []
    for p in goods:
        is_sold = p.kind == SERVICE or rng.random() >= 0.02
        told = (p.code, p.name, _description(p), p.kind, p.barcode, p.department, p.brand, p.unit)
        rows.append((*told, p.tax_code, p.mrp_minor, int(is_sold), at))
    return rows


def price_rows(chain: Chain, goods: tuple[Product, ...]) -> list[Row]:
    """Rows of `item_price`: one in force each, for some an older one or one still to come."""
    rng, at = chain.rng("price"), chain.moment()
    rows: list[Row] = []
    for p in goods:
        begins = rng.randint(30, 300)
        if rng.random() < 0.10:
            rows.append((p.code, chain.day(begins + 200), _tidy(p.price_minor * 92 // 100), at))
        rows.append((p.code, chain.day(begins), p.price_minor, at))
        if rng.random() < 0.05:
            dearer = _tidy(p.price_minor * 106 // 100)
            rows.append((p.code, chain.day(-rng.randint(1, 45)), dearer, at))
    return rows


def ean13(twelve: str) -> str:
    """Twelve digits and the check digit of the EAN-13 standard (GS1)."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return f"{twelve}{-weighted % 10}"


def _goods(chain: Chain, wanted: int) -> list[Product]:
    rng = chain.rng("goods")
    every = [
        (of, brand, name, unit, low, high, variant)
        for of in words.RANGES
        for (name, unit, low, high), brand, variant in product(of.products, of.brands, of.variants)
    ]
    rng.shuffle(every)
    first_barcode = rng.randrange(10**8)
    made = []
    for n in range(wanted):
        of, brand, name, unit, low, high, variant = every[n % len(every)]
        series = n // len(every) + 1
        price = _tidy(rng.randint(low, high) * 100)
        made.append(
            Product(
                code=f"{of.prefix}{n + 1:06d}",
                name=f"{brand} {name} {variant}" + (f" Series {series}" if series > 1 else ""),
                kind=GOODS,
                barcode=ean13(f"890{(first_barcode + n * 7) % 10**9:09d}"),
                department=of.department,
                brand=brand,
                unit=unit,
                tax_code=of.tax_code,
                mrp_minor=-(-price * rng.randint(100, 125) // 100 // 500) * 500,
                price_minor=price,
            )
        )
    return made


def _tidy(minor: int) -> int:
    """A price as shops write it: half rupees below 50, whole ones ending in 5 or 9 above."""
    if minor < 5_000:
        return max(50, minor // 50 * 50)
    rupees = minor // 100
    return (rupees - rupees % 10 + (5 if rupees % 10 < 5 else 9)) * 100


def _description(p: Product) -> str:
    if p.kind == SERVICE:
        return f"{p.name}, charged per job"
    return f"{p.name} by {p.brand}, {p.department.lower()}, sold by the {_UNITS[p.unit]}"
