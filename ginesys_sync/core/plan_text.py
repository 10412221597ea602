"""The plan as a document: reading it, with a sentence for whatever is wrong, and writing it.

A plan is a JSON document; `resources/plans/retail.json` is the one for the built-in tables. Its
shape:

    {"name": "retail", "version": 1,
     "sites":  {"table": "site", "code": "code", "name": "name", "is_open": "is_open"},
     "groups": {"table": "site_group_member", "group": "group_code", "site": "site_code"},
     "channels": [{"name": "policy", "title": "Policies",                 lanes, in their order
                   "on_fault": "park" | "halt", "atomic": false}, …],     see `core.plan.Channel`
     "entities": [
       {"name": "bills", "one": "bill", "many": "bills", "channel": "sales", "owner": "site",
        "table": "bill", "key": ["store", "number"], "columns": ["store", "number", …],
        "site_column": "store",                       for owner `site`: whose record it is
        "edited_column": "changed_at",                for owner `shared`: breaks ties
        "label": "number",                            the column a person searches by
        "watch": ["total"],                           numbers whose fall by half is warned of
        "audience": {"rule": "all"} | {"rule": "column", "column": "store"}
                  | {"rule": "allocation", "table": "promotion_site", "record": ["promotion"],
                     "site": "store"}
                  | {"rule": "groups", "table": "policy_group", "record": ["policy"],
                     "group": "group_code"},
        "children": [{"table": "bill_line", "key": ["store", "number", "line"],
                      "root": ["store", "number"], "columns": […]}]}]}

`columns` may be left out: head office then fills in the columns its own table has when it installs
the plan. `one` and `many` may be left out: they follow from the name. An owner `site` record always
goes to head office and needs no audience. Tables and columns are called whatever the database calls
them; entities and channels have plain names, since they travel in addresses and file names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.model import MAX_KEY_PARTS
from ginesys_sync.core.plan import (
    MAX_NAME,
    PLAN_CHANNEL,
    AudienceRule,
    Channel,
    Entity,
    GroupSource,
    OnFault,
    Owner,
    Plan,
    Rule,
    SiteSource,
    Table,
    check_columns,
    is_foreign_name,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MAX_WORDS = 100
_RESERVED = re.compile(r"(sync_|sqlite_|_)", re.IGNORECASE)
_TABLE_WORDS = frozenset({"table", "key", "columns"})
_ENTITY_WORDS = _TABLE_WORDS | {"name", "one", "many", "channel", "owner", "audience", "children"}
_ENTITY_WORDS |= {"site_column", "edited_column", "label", "watch"}
MAX_PLAN_BYTES = 1_000_000
MAX_VERSION = 1_000_000_000


@lru_cache(maxsize=8)
def parse_plan(text: str) -> Plan:
    """Read a plan document. Raises PlanUnfit with a sentence naming the first thing that
    is wrong.
    """
    if len(text.encode(errors="replace")) > MAX_PLAN_BYTES:
        raise PlanUnfit("The plan is larger than 1 MB.")
    try:
        document = json.loads(text)
    except ValueError as fault:
        raise PlanUnfit(f"The plan is not readable as JSON: {fault}.") from fault
    except RecursionError as fault:
        raise PlanUnfit("The plan is nested too deeply to be a plan.") from fault
    return _Reader().plan(document)


def plan_document(plan: Plan) -> str:
    """The plan as the text `parse_plan` reads: sorted, so that equal plans are equal texts."""
    document: dict[str, Any] = {
        "name": plan.name,
        "version": plan.version,
        "channels": [_channel_document(channel) for channel in plan.channels],
        "entities": [_entity_document(entity) for entity in plan.entities],
    }
    if plan.sites:
        s = plan.sites
        document["sites"] = {"table": s.table, "code": s.code, "name": s.name, "is_open": s.is_open}
    if plan.groups:
        g = plan.groups
        document["groups"] = {"table": g.table, "group": g.group, "site": g.site}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)


def _channel_document(channel: Channel) -> dict[str, Any]:
    """What is as usual is left out: programs that do not know the words read such plans too."""
    document: dict[str, Any] = {"name": channel.name, "title": channel.title}
    if channel.on_fault is not OnFault.PARK:
        document["on_fault"] = channel.on_fault.value
    return document | ({"atomic": True} if channel.is_atomic else {})


def _entity_document(entity: Entity) -> dict[str, Any]:
    rule = entity.audience
    audience: dict[str, Any] = {"rule": rule.rule.value}
    if rule.rule is Rule.COLUMN:
        audience["column"] = rule.site
    elif rule.rule is not Rule.ALL:
        site = "site" if rule.rule is Rule.ALLOCATION else "group"
        audience |= {"table": rule.table, "record": list(rule.columns), site: rule.site}
    document = {
        "name": entity.name,
        "one": entity.one,
        "many": entity.many,
        "channel": entity.channel,
        "owner": entity.owner.value,
        "table": entity.root.name,
        "key": list(entity.root.key),
        "columns": list(entity.root.columns),
        "site_column": entity.site_column,
        "edited_column": entity.edited_column,
        "label": entity.label,
        "audience": audience,
        "children": [
            {"table": c.name, "key": list(c.key), "root": list(c.root), "columns": list(c.columns)}
            for c in entity.children
        ],
    }
    # Left out when there is none: programs that do not know the word read such plans too.
    return document | ({"watch": list(entity.watch)} if entity.watch else {})


class _Reader:
    """Turns a parsed document into a Plan, with a sentence for whatever does not fit."""

    def plan(self, raw: Any) -> Plan:
        self._only(raw, "the plan", {"name", "version", "channels", "entities", "sites", "groups"})
        version = raw.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise PlanUnfit("The plan's version must be a whole number from 1 up.")
        if version > MAX_VERSION:
            raise PlanUnfit(f"The plan's version must not be higher than {MAX_VERSION:,}.")
        channels = tuple(self._channel(item) for item in self._list(raw, "channels", "the plan"))
        names = [channel.name for channel in channels]
        self._distinct(names, "channel")
        if PLAN_CHANNEL in names:
            raise PlanUnfit(f"The channel name {PLAN_CHANNEL!r} belongs to the sync itself.")
        entities = tuple(
            self._entity(item, names) for item in self._list(raw, "entities", "the plan")
        )
        if not entities:
            raise PlanUnfit("The plan names no kind of record to sync.")
        self._distinct([entity.name.lower() for entity in entities], "entity")
        self._distinct([_folded(table.name) for e in entities for table in e.tables], "table")
        return Plan(
            name=self._word(raw, "name", "the plan"),
            version=version,
            channels=channels,
            entities=entities,
            sites=self._sites(raw.get("sites")),
            groups=self._groups(raw.get("groups")),
        )

    def _channel(self, raw: Any) -> Channel:
        self._only(raw, "a channel", {"name", "title", "on_fault", "atomic"})
        name = self._name(raw, "name", "a channel")
        where = f"channel {name!r}"
        title = self._words(raw, "title", where) or name.replace("_", " ").capitalize()
        is_atomic = raw.get("atomic", False)
        if not isinstance(is_atomic, bool):
            raise PlanUnfit(f"{where}: `atomic` must be true or false.")
        try:
            on_fault = OnFault(raw.get("on_fault", OnFault.PARK))
        except ValueError:
            raise PlanUnfit(f"{where}: `on_fault` must be park or halt.") from None
        return Channel(name, title, on_fault, is_atomic)

    def _entity(self, raw: Any, channels: list[str]) -> Entity:
        self._only(raw, "an entity", _ENTITY_WORDS)
        name = self._name(raw, "name", "an entity")
        where = f"entity {name!r}"
        if _RESERVED.match(name):
            raise PlanUnfit(f"{where}: a name may not begin with sync_, sqlite_ or an underscore.")
        channel = self._name(raw, "channel", where)
        if channel not in channels:
            raise PlanUnfit(f"{where} is in channel {channel!r}, which the plan does not list.")
        try:
            owner = Owner(raw.get("owner", "ho"))
        except ValueError:
            raise PlanUnfit(f"{where}: the owner must be ho, site or shared.") from None
        root = self._table(raw, where, root=None)
        children = self._list(raw, "children", where) if raw.get("children") else []
        one, many = self._counted(raw, name, where)
        entity = Entity(
            name=name,
            one=one,
            many=many,
            channel=channel,
            owner=owner,
            root=root,
            children=tuple(self._table(child, where, root) for child in children),
            audience=self._audience(raw.get("audience") or {"rule": "all"}, root, where),
            site_column=self._optional(raw, "site_column", where),
            edited_column=self._optional(raw, "edited_column", where),
            label=self._optional(raw, "label", where) or root.key[-1],
            watch=self._names(raw, "watch", where),
        )
        if owner is Owner.SITE and not entity.site_column:
            raise PlanUnfit(
                f"{where} belongs to the sites and needs a site_column that says whose a record is."
            )
        named = (entity.site_column, entity.edited_column, entity.label, *entity.watch)
        for column in filter(None, named):
            if root.columns and column not in root.columns:
                raise PlanUnfit(f"{where}: {column!r} is not among its columns.")
        return entity

    def _counted(self, raw: Mapping[str, Any], name: str, where: str) -> tuple[str, str]:
        """How one and many of a kind are called: `1 store bill`, `2 store bills`."""
        one, many = (self._words(raw, word, where) for word in ("one", "many"))
        plain = name.replace("_", " ")
        return one or _singular(many or plain), many or plain

    def _table(self, raw: Any, where: str, root: Table | None) -> Table:
        if root is not None:
            self._only(raw, f"a child of {where}", _TABLE_WORDS | {"root"})
        name = self._foreign(raw, "table", where)
        if _RESERVED.match(name):
            raise PlanUnfit(
                f"{where}: a table name may not begin with sync_, sqlite_ or an underscore "
                f"({name!r})."
            )
        key = self._names(raw, "key", where)
        if not key:
            raise PlanUnfit(
                f"{where}: table {name!r} has no key. A record needs one to be found again."
            )
        if root is None and len(key) > MAX_KEY_PARTS:
            raise PlanUnfit(f"{where}: a key may have at most {MAX_KEY_PARTS} columns.")
        columns = self._names(raw, "columns", where)
        check_columns((*columns, *key), name)
        link = key if root is None else self._names(raw, "root", where)
        if root is not None and len(link) != len(root.key):
            raise PlanUnfit(
                f"{where}: `root` of {name!r} must name as many columns as the key of "
                f"{root.name!r} has."
            )
        for column in (*key, *link):
            if columns and column not in columns:
                raise PlanUnfit(
                    f"{where}: key column {column!r} of {name!r} is not among its columns."
                )
        return Table(name, key, link, columns)

    def _audience(self, raw: Any, root: Table, where: str) -> AudienceRule:
        self._only(
            raw, f"the audience of {where}", {"rule", "column", "table", "record", "site", "group"}
        )
        try:
            rule = Rule(raw.get("rule"))
        except ValueError:
            raise PlanUnfit(
                f"{where}: the audience rule must be all, column, allocation or groups."
            ) from None
        if rule is Rule.ALL:
            return AudienceRule(rule)
        if rule is Rule.COLUMN:
            return AudienceRule(rule, site=self._foreign(raw, "column", where))
        site = self._foreign(raw, "site" if rule is Rule.ALLOCATION else "group", where)
        columns = self._names(raw, "record", where)
        if len(columns) != len(root.key):
            raise PlanUnfit(
                f"{where}: the audience's `record` must name as many columns as the key has."
            )
        return AudienceRule(rule, self._foreign(raw, "table", where), columns, site)

    def _sites(self, raw: Any) -> SiteSource | None:
        if raw is None:
            return None
        self._only(raw, "`sites`", {"table", "code", "name", "is_open"})
        table, code, name = (
            self._foreign(raw, word, "`sites`") for word in ("table", "code", "name")
        )
        return SiteSource(table, code, name, self._optional(raw, "is_open", "`sites`"))

    def _groups(self, raw: Any) -> GroupSource | None:
        if raw is None:
            return None
        self._only(raw, "`groups`", {"table", "group", "site"})
        table, group, site = (
            self._foreign(raw, word, "`groups`") for word in ("table", "group", "site")
        )
        return GroupSource(table, group, site)

    @staticmethod
    def _only(raw: Any, where: str, allowed: Set[str]) -> None:
        if not isinstance(raw, Mapping):
            raise PlanUnfit(f"{where} must be a JSON object.")
        for word in raw:
            if word not in allowed:
                raise PlanUnfit(f"{where} has an unknown entry {word!r:.120}.")

    @staticmethod
    def _list(raw: Mapping[str, Any], word: str, where: str) -> list[Any]:
        value = raw.get(word)
        if not isinstance(value, list):
            raise PlanUnfit(f"{where}: {word!r} must be a list.")
        return value

    @staticmethod
    def _word(raw: Mapping[str, Any], word: str, where: str) -> str:
        value = raw.get(word)
        if not isinstance(value, str) or not value or len(value) > _MAX_WORDS:
            raise PlanUnfit(f"{where}: {word!r} must be a text of 1 to {_MAX_WORDS} characters.")
        if _SURROGATE.search(value):
            raise PlanUnfit(f"{where}: {word!r} holds half a character: {value!r}.")
        return value

    def _words(self, raw: Mapping[str, Any], word: str, where: str) -> str:
        return self._word(raw, word, where) if raw.get(word) else ""

    def _name(self, raw: Mapping[str, Any], word: str, where: str) -> str:
        name = self._word(raw, word, where)
        if not _NAME.fullmatch(name):
            raise PlanUnfit(
                f"{where}: {name!r} is not a plain name (letters, digits and _, at most 63)."
            )
        return name

    def _foreign(self, raw: Mapping[str, Any], word: str, where: str) -> str:
        """The name of a table or a column, which the customer has chosen."""
        return self._printable(self._word(raw, word, where), where)

    def _optional(self, raw: Mapping[str, Any], word: str, where: str) -> str:
        return self._foreign(raw, word, where) if raw.get(word) else ""

    def _names(self, raw: Mapping[str, Any], word: str, where: str) -> tuple[str, ...]:
        value = raw.get(word) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise PlanUnfit(f"{where}: {word!r} must be a list of column names.")
        self._distinct([_folded(item) for item in value], f"column of {where}")
        return tuple(self._printable(item, where) for item in value)

    @staticmethod
    def _printable(text: str, where: str) -> str:
        if not is_foreign_name(text):
            raise PlanUnfit(
                f"{where}: {text!r:.120} cannot be the name of a table or a column here: 1 to "
                f"{MAX_NAME} printable characters."
            )
        return text

    @staticmethod
    def _distinct(names: list[str], what: str) -> None:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise PlanUnfit(f"The plan has the {what} {name!r} twice.")
            seen.add(name)


def _folded(name: str) -> str:
    """A table's or column's name as SQLite compares it: only ASCII letters have no case."""
    return name.translate(_ASCII_LOWER)


_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def _singular(many: str) -> str:
    """What a kind of record called `many` is called alone, as far as its ending tells."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch")):
        if many.endswith(ending):
            return many[: -len(ending)] + instead
    is_plural = many.endswith("s") and not many.endswith(("ss", "us", "is"))
    return many[:-1] if is_plural and len(many) > 1 else many
