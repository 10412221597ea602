"""What head office sent, as the `Back Office > HO Control` of a store shows it: read-only.

Every list is a `Page` of at most `limit` rows after the key `after`; `search` finds part of a text
in any of the columns a person knows a record by. Only what is in *this* database is shown.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, literal, select, union_all

from ginesys_sync.shop.list_rows import (
    CustomerRow,
    ItemRow,
    ModeOfPaymentRow,
    NamedPriceRow,
    PolicyRow,
    PriceRow,
    PromotionItemRow,
    PromotionRow,
    RoleRow,
    StoreRow,
    UserRow,
)
from ginesys_sync.shop.paging import After, Page, containing, page_of
from ginesys_sync.shop.prices import start_of_price
from ginesys_sync.shop.schema import (
    app_user,
    customer,
    item,
    item_price,
    master_policy,
    mode_of_payment,
    promotion,
    promotion_item,
    role,
    site,
    site_policy,
)
from ginesys_sync.shop.writing import Database, reading

PAGE_LENGTH = 100


def my_store(database: Database, code: str) -> StoreRow | None:
    """My Store: how head office describes this site; None while it has not arrived."""
    with reading(database) as connection:
        row = connection.execute(select(site).where(site.c.code == code)).one_or_none()
    if row is None:
        return None
    return StoreRow(
        code=row.code,
        name=row.name,
        town=row.town,
        country=row.country,
        currency=row.currency,
        opened_on=row.opened_on,
        is_open=bool(row.is_open),
    )


def items(
    database: Database, on: date, search: str = "", limit: int = PAGE_LENGTH, after: After = ()
) -> Page[ItemRow]:
    """Item Master, by code, each item with the price in force on the day `on`.

    Searches code, name, barcode, brand and department.
    """
    i = item.c
    told = (i.code, i.name, i.department, i.brand, i.unit, i.barcode, i.kind, i.tax_code)
    in_force = (item_price.c.item_code == i.code) & (
        item_price.c.effective_from == start_of_price(i.code, on)
    )
    found = (
        select(*told, i.is_active == 1, i.mrp_minor, item_price.c.price_minor)
        .add_columns(item_price.c.effective_from)
        .select_from(item.outerjoin(item_price, in_force))
        .where(*containing(search, i.code, i.name, i.barcode, i.brand, i.department))
    )
    return page_of(
        database,
        found,
        [i.code],
        ItemRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.code,),
    )


def prices(
    database: Database, search: str = "", limit: int = PAGE_LENGTH, after: After = ()
) -> Page[NamedPriceRow]:
    """Item Price Management: every price, past, in force and to come, by item and day.

    Searches item code, item name and the day it begins.
    """
    p = item_price.c
    found = (
        select(p.item_code, item.c.name, p.effective_from, p.price_minor)
        .select_from(item_price.outerjoin(item, item.c.code == p.item_code))
        .where(*containing(search, p.item_code, item.c.name, p.effective_from))
    )
    return page_of(
        database,
        found,
        [p.item_code, p.effective_from],
        NamedPriceRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.item_code, made.effective_from),
    )


def item_prices(database: Database, item_code: str) -> tuple[PriceRow, ...]:
    """Item Price Management: every price of an item, the latest first."""
    p = item_price.c
    with reading(database) as connection:
        rows = connection.execute(
            select(p.item_code, p.effective_from, p.price_minor)
            .where(p.item_code == item_code)
            .order_by(p.effective_from.desc())
        )
        return tuple(PriceRow(*row) for row in rows)


def users(
    database: Database, search: str = "", limit: int = PAGE_LENGTH, after: After = ()
) -> Page[UserRow]:
    """The users this database has, by code. Searches code, name and role."""
    u = app_user.c
    found = (
        select(u.code, u.name, u.role_code, role.c.name, u.is_active == 1)
        .select_from(app_user.join(role, role.c.code == u.role_code))
        .where(*containing(search, u.code, u.name, role.c.name))
    )
    return page_of(
        database,
        found,
        [u.code],
        UserRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.code,),
    )


def roles(
    database: Database, search: str = "", limit: int = PAGE_LENGTH, after: After = ()
) -> Page[RoleRow]:
    """The roles, by code. Searches code, name and rights."""
    r = role.c
    return page_of(
        database,
        select(r.code, r.name, r.rights).where(*containing(search, r.code, r.name, r.rights)),
        [r.code],
        RoleRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.code,),
    )


def promotions(
    database: Database, search: str = "", limit: int = PAGE_LENGTH, after: After = ()
) -> Page[PromotionRow]:
    """The promotions this database has, by code. Searches code and name."""
    p = promotion.c
    count = (
        select(func.count())
        .select_from(promotion_item)
        .where(promotion_item.c.promotion_code == p.code)
        .scalar_subquery()
    )
    found = select(p.code, p.name, p.kind, p.percent_off, p.starts_on, p.ends_on, p.is_active == 1)
    return page_of(
        database,
        found.add_columns(count).where(*containing(search, p.code, p.name)),
        [p.code],
        PromotionRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.code,),
    )


def promotion_items(
    database: Database, promotion_code: str, limit: int = PAGE_LENGTH, after: After = ()
) -> Page[PromotionItemRow]:
    """The items of one promotion, by item code."""
    p = promotion_item.c
    found = (
        select(p.item_code, item.c.name, p.price_minor)
        .select_from(promotion_item.outerjoin(item, item.c.code == p.item_code))
        .where(p.promotion_code == promotion_code)
    )
    return page_of(
        database,
        found,
        [p.item_code],
        PromotionItemRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.item_code,),
    )


def policies(
    database: Database, search: str = "", limit: int = PAGE_LENGTH, after: After = ()
) -> Page[PolicyRow]:
    """Master Policy and Site Policy, by code; of one code the master's comes first.

    Searches code, name, value and site.
    """
    m, s = master_policy.c, site_policy.c
    both = union_all(
        select(m.code, literal("").label("site_code"), m.name, m.value),
        select(s.code, s.site_code, s.name, s.value),
    ).subquery()
    b = both.c
    return page_of(
        database,
        select(both).where(*containing(search, b.code, b.name, b.value, b.site_code)),
        [b.code, b.site_code],
        PolicyRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.code, made.site_code),
    )


def modes_of_payment(
    database: Database, search: str = "", limit: int = PAGE_LENGTH, after: After = ()
) -> Page[ModeOfPaymentRow]:
    """The modes of payment, by code. Searches code and name."""
    m = mode_of_payment.c
    return page_of(
        database,
        select(m.code, m.name, m.kind, m.is_active == 1).where(*containing(search, m.code, m.name)),
        [m.code],
        ModeOfPaymentRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.code,),
    )


def customers(
    database: Database, search: str = "", limit: int = PAGE_LENGTH, after: After = ()
) -> Page[CustomerRow]:
    """The customers, by id. Searches id, name, phone and e-mail."""
    c = customer.c
    return page_of(
        database,
        select(*customer.columns).where(*containing(search, c.id, c.name, c.phone, c.email)),
        [c.id],
        CustomerRow,
        limit=limit,
        after=after,
        at_key=lambda made: (made.id,),
    )
