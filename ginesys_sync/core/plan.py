"""The plan: which tables sync, who owns them, in which lane they travel and to whom.

`core.plan_text` reads and writes it as a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from ginesys_sync.core.errors import PlanUnfit

_BODY_COLUMNS = frozenset({"_id", "_base"})
"""Names that a batch body gives to columns of its own."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
MAX_NAME = 100
PLAN_CHANNEL = "plan"
"""The first lane of every chain: the plan itself and the list of sites."""


class Owner(StrEnum):
    """Who may change the records of an entity."""

    HO = "ho"
    SITE = "site"
    SHARED = "shared"


class Rule(StrEnum):
    """How the audience of a record is found."""

    ALL = "all"
    COLUMN = "column"
    ALLOCATION = "allocation"
    GROUPS = "groups"


class OnFault(StrEnum):
    """What a lane does where a record of it cannot go in: it parks that record and goes on, or it
    halts before the batch that holds it, until the record can go in or a person lets it pass.
    """

    PARK = "park"
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class AudienceRule:
    """From where the sites of a record come. `columns` link `table` to the record's key; `site`
    names the column that holds a site's code (for `groups`: a group's code).
    """

    rule: Rule
    table: str = ""
    columns: tuple[str, ...] = ()
    site: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a record. `root` are the columns that hold the root's key; for the root itself
    they are its key. `given` are columns that travel and that this database does not have, with the
    value that each always has here (see `core.own_names`).
    """

    name: str
    key: tuple[str, ...]
    root: tuple[str, ...]
    columns: tuple[str, ...]
    given: tuple[tuple[str, str], ...] = ()

    @property
    def plain_columns(self) -> tuple[str, ...]:
        """The columns that are no part of the key: what an update sets."""
        return tuple(column for column in self.columns if column not in self.key)


@dataclass(frozen=True, slots=True)
class Channel:
    """A lane of entities. `is_atomic`: a batch of it goes in as a whole or parks as a whole, such
    as a switch of prices that must not be done by half.
    """

    name: str
    title: str
    on_fault: OnFault = OnFault.PARK
    is_atomic: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing of a batch may stay when not all of it can go in."""
        return self.is_atomic or self.on_fault is OnFault.HALT


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of record the chain syncs. `watch` are columns of its root table, numbers such as
    prices, whose fall by more than half a person is warned of before it is sent. `travels`: the
    same kind under the chain's names, where this database has names of its own.
    """

    name: str
    one: str
    many: str
    channel: str
    owner: Owner
    root: Table
    children: tuple[Table, ...] = ()
    audience: AudienceRule = AudienceRule(Rule.ALL)
    site_column: str = ""
    edited_column: str = ""
    label: str = ""
    watch: tuple[str, ...] = ()
    travels: Entity | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The root table's key columns."""
        return self.root.key

    @property
    def tables(self) -> tuple[Table, ...]:
        """Root first, then the children in the plan's order (parents before their own children)."""
        return (self.root, *self.children)

    @property
    def as_it_travels(self) -> Entity:
        """The same under the chain's names, without what changes nothing about how its records
        travel.
        """
        return replace(self.travels or self, watch=())

    def count_words(self, n: int) -> str:
        """`42 prices`, `1 user`."""
        return f"{n:,} {self.one if n == 1 else self.many}"


@dataclass(frozen=True, slots=True)
class SiteSource:
    """Where the business database lists its sites, so that names and closures need not be typed
    twice.
    """

    table: str
    code: str
    name: str
    is_open: str = ""


@dataclass(frozen=True, slots=True)
class GroupSource:
    """Where the business database says which site is in which group."""

    table: str
    group: str
    site: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The chain's plan. Entities stand parents first within the lanes' order."""

    name: str
    version: int
    channels: tuple[Channel, ...]
    entities: tuple[Entity, ...]
    sites: SiteSource | None = None
    groups: GroupSource | None = None

    @property
    def as_the_chain_has_it(self) -> Plan:
        """The same plan under the chain's names, whatever this database calls its tables."""
        return replace(self, entities=tuple(each.travels or each for each in self.entities))

    def entity(self, name: str) -> Entity:
        """The entity of that name. Raises PlanUnfit when the plan has none."""
        for entity in self.entities:
            if entity.name == name:
                return entity
        raise PlanUnfit(f"The plan knows no kind of record called {name!r}.")

    def lane(self, channel: str) -> int:
        """A channel's place in the order; channels the plan does not know come last."""
        for place, known in enumerate(self.channels):
            if known.name == channel:
                return place
        return len(self.channels)

    def channel(self, name: str) -> Channel:
        """A lane by its name; one that the plan does not know parks what cannot go in."""
        return next((known for known in self.channels if known.name == name), Channel(name, name))

    def of_channel(self, channel: str) -> tuple[Entity, ...]:
        """The entities of one lane."""
        return tuple(entity for entity in self.entities if entity.channel == channel)

    def from_head_office(self, channel: str) -> tuple[Entity, ...]:
        """The entities of one lane that head office sends to the stores."""
        return tuple(each for each in self.of_channel(channel) if each.owner is not Owner.SITE)

    def in_order(self) -> tuple[Entity, ...]:
        """All entities, lane by lane, parents first."""
        return tuple(sorted(self.entities, key=lambda entity: self.lane(entity.channel)))


def is_foreign_name(text: str) -> bool:
    """Whether a table or column of this name can sync: 1 to 100 printable characters."""
    return 0 < len(text) <= MAX_NAME and not _UNPRINTABLE.search(text)


def check_columns(columns: Iterable[str], table: str) -> None:
    """Raises PlanUnfit when a column could not travel under its name."""
    for column in columns:
        if not is_foreign_name(column):
            raise PlanUnfit(
                f"Table {table!r}: a column called {column!r:.120} cannot travel: a name has 1 to "
                f"{MAX_NAME} printable characters.",
                "Rename the column, or leave it out by listing the plan's `columns`.",
            )
        if column.lower() in _BODY_COLUMNS:
            raise PlanUnfit(
                f"Table {table!r}: a column called {column!r} cannot travel, because batches use "
                "that name themselves.",
                "Rename the column, or leave it out of the plan's `columns`.",
            )


def captured_by(entity: Entity, is_head_office: bool) -> bool:
    """Whether a site notes changes of `entity`: it captures what it owns or shares."""
    if entity.owner is Owner.SHARED:
        return True
    return (entity.owner is Owner.HO) == is_head_office


SITE_ENTITY = Entity(
    name="sync_site",
    one="site",
    many="sites",
    channel=PLAN_CHANNEL,
    owner=Owner.HO,
    root=Table("sync_site", ("code",), ("code",), ("code", "name", "role", "state", "groups")),
    label="code",
)
PLAN_ENTITY = Entity(
    name="sync_plan",
    one="plan",
    many="plans",
    channel=PLAN_CHANNEL,
    owner=Owner.HO,
    root=Table("sync_plan", ("version",), ("version",), ("version", "document")),
    label="version",
)

MASTER_POLICY_ENTITY = Entity(
    name="sync_master_policy",
    one="rule for all stores",
    many="rules for all stores",
    channel=PLAN_CHANNEL,
    owner=Owner.HO,
    root=Table("sync_master_policy", ("name",), ("name",), ("name", "value")),
    label="name",
)
SITE_POLICY_ENTITY = Entity(
    name="sync_site_policy",
    one="rule for one store",
    many="rules for one store",
    channel=PLAN_CHANNEL,
    owner=Owner.HO,
    root=Table("sync_site_policy", ("site", "name"), ("site", "name"), ("site", "name", "value")),
    audience=AudienceRule(Rule.COLUMN, site="site"),
    label="name",
)
OWN_ENTITIES = (SITE_ENTITY, PLAN_ENTITY, MASTER_POLICY_ENTITY, SITE_POLICY_ENTITY)
"""What the sync itself keeps and sends: it travels like any other record, first of all."""


def with_own_entities(plan: Plan) -> Plan:
    """The plan as the engine runs it: what is the sync's own travels first of all."""
    return replace(
        plan,
        channels=(Channel(PLAN_CHANNEL, "Plan, sites and policies"), *plan.channels),
        entities=(*OWN_ENTITIES, *plan.entities),
    )
