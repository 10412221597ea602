"""The rows of the read-only lists, as screens get them; money is in minor units."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A site as head office describes it."""

    code: str
    name: str
    town: str
    country: str
    currency: str
    opened_on: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item with the price in force on the day asked for; None when it has none on that day."""

    code: str
    name: str
    department: str
    brand: str
    unit: str
    barcode: str | None
    kind: str
    tax_code: str
    is_active: bool
    mrp_minor: int
    price_minor: int | None
    price_from: str | None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price of an item: past, in force or to come."""

    item_code: str
    effective_from: str
    price_minor: int


@dataclass(frozen=True, slots=True)
class NamedPriceRow:
    """One price with its item's name; None while the item is not here."""

    item_code: str
    name: str | None
    effective_from: str
    price_minor: int


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user with his role; `role` is the role's name."""

    code: str
    name: str
    role_code: str
    role: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role and its rights, words joined by commas."""

    code: str
    name: str
    rights: str


@dataclass(frozen=True, slots=True)
class PromotionRow:
    """A promotion; `items` says for how many items it is."""

    code: str
    name: str
    kind: str
    percent_off: int
    starts_on: str
    ends_on: str
    is_active: bool
    items: int


@dataclass(frozen=True, slots=True)
class PromotionItemRow:
    """An item of a promotion: without a name if it is not here, without a price if by percent."""

    item_code: str
    name: str | None
    price_minor: int | None


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy; `site_code` is empty for the Master Policy, else the Site Policy's site."""

    code: str
    site_code: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ModeOfPaymentRow:
    """A mode of payment; `kind` is cash, card, wallet or account."""

    code: str
    name: str
    kind: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer as this database has him."""

    id: str
    name: str
    phone: str
    email: str
    town: str
    country: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class BillRow:
    """A bill's header; `lines` counts its lines, `billed_at` is UTC."""

    store: str
    number: str
    kind: str
    business_day: str
    billed_at: str
    cashier: str
    customer_id: str | None
    total_minor: int
    lines: int


@dataclass(frozen=True, slots=True)
class BillLineRow:
    """A line of a bill; the quantity is in thousandths of the unit."""

    line: int
    item_code: str
    description: str
    quantity_milli: int
    price_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class BillPaymentRow:
    """A payment of a bill."""

    payment_no: int
    mode_code: str
    amount_minor: int
