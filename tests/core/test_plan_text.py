"""Reading a plan: what is wrong is named in a sentence, what is right is read back equal."""

import copy
import json
from typing import Any

import pytest

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.plan import (
    PLAN_CHANNEL,
    Owner,
    Rule,
    captured_by,
    with_own_entities,
)
from ginesys_sync.core.plan_text import MAX_PLAN_BYTES, parse_plan, plan_document
from tests.support.chain_floor import floor_plan


def _said(plan: Any) -> str:
    with pytest.raises(PlanUnfit) as caught:
        parse_plan(json.dumps(plan))
    assert caught.value.advice
    return caught.value.title


def test_a_plan_is_read_back_from_its_own_document() -> None:
    plan = parse_plan(json.dumps(floor_plan()))
    again = parse_plan(plan_document(plan))
    assert again == plan
    assert plan_document(again) == plan_document(plan)


def test_the_lanes_are_in_their_order_and_the_plan_itself_goes_first() -> None:
    plan = with_own_entities(parse_plan(json.dumps(floor_plan())))
    names = [entity.name for entity in plan.in_order()]
    assert names[:2] == ["sync_site", "sync_plan"]
    assert names.index("items") < names.index("prices")
    assert plan.lane(PLAN_CHANNEL) == 0
    assert plan.lane("unheard of") == len(plan.channels)


def test_each_side_captures_what_it_owns_or_shares() -> None:
    plan = parse_plan(json.dumps(floor_plan()))
    captured = {
        (entity.owner, is_head_office)
        for entity in plan.entities
        for is_head_office in (True, False)
        if captured_by(entity, is_head_office)
    }
    assert captured == {
        (Owner.HO, True),
        (Owner.SITE, False),
        (Owner.SHARED, True),
        (Owner.SHARED, False),
    }


def test_every_rule_is_read() -> None:
    plan = parse_plan(json.dumps(floor_plan()))
    assert {entity.audience.rule for entity in plan.entities} == set(Rule)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": 0}, "version must be a whole number"),
        ({"version": True}, "version must be a whole number"),
        ({"name": ""}, "must be a text of 1 to 100"),
        ({"entities": []}, "names no kind of record"),
        ({"entities": {}}, "must be a list"),
        ({"surprise": 1}, "unknown entry 'surprise'"),
        ({"channels": [{"name": "plan"}]}, "belongs to the sync itself"),
        ({"channels": [{"name": "a"}, {"name": "a"}]}, "channel 'a' twice"),
        ({"sites": {"table": "site"}}, "must be a text"),
        ({"groups": 5}, "must be a JSON object"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(change: dict[str, Any], sentence: str) -> None:
    assert sentence in _said(floor_plan() | change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "sync_site"}, "may not begin with sync_"),
        ({"name": "two words"}, "is not a plain name"),
        ({"channel": "nowhere"}, "which the plan does not list"),
        ({"owner": "nobody"}, "must be ho, site or shared"),
        ({"owner": "site"}, "needs a site_column"),
        ({"table": "sync_change"}, "may not begin with sync_"),
        ({"table": "_gone"}, "may not begin with"),
        ({"key": []}, "has no key"),
        ({"key": list("abcde")}, "at most 4 columns"),
        ({"key": ["code", "CODE"]}, "twice"),
        ({"columns": ["name"]}, "key column 'code'"),
        ({"columns": ["code", "_id"]}, "cannot travel"),
        ({"columns": ["code", "_BASE"]}, "cannot travel"),
        ({"columns": "code"}, "must be a list of column names"),
        ({"columns": ["code"], "label": "name"}, "is not among its columns"),
        ({"audience": {"rule": "magic"}}, "rule must be all, column"),
        ({"audience": {"rule": "column"}}, "must be a text"),
        (
            {"audience": {"rule": "allocation", "table": "t", "record": [], "site": "s"}},
            "as many columns as the key",
        ),
        ({"children": [{"table": "line", "key": ["n"], "root": []}]}, "as many columns as the key"),
        ({"children": [{"table": "item", "key": ["n"], "root": ["code"]}]}, "table 'item' twice"),
        ({"children": ["line"]}, "must be a JSON object"),
    ],
)
def test_what_is_wrong_with_an_entity_is_said(change: dict[str, Any], sentence: str) -> None:
    plan = copy.deepcopy(floor_plan())
    place = next(i for i, e in enumerate(plan["entities"]) if e["name"] == "items")
    plan["entities"][place] |= change
    assert sentence in _said(plan)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", '"plan"'])
def test_a_text_that_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(PlanUnfit):
        parse_plan(text)


def test_a_plan_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(PlanUnfit, match="larger than 1 MB"):
        parse_plan(" " * (MAX_PLAN_BYTES + 1))


def test_a_thousand_entities_are_read_without_delay() -> None:
    plan = floor_plan()
    plan["entities"] = [
        {"name": f"e{n}", "channel": "policy", "table": f"t{n}", "key": ["id"]} for n in range(1000)
    ]
    assert len(parse_plan(json.dumps(plan)).entities) == 1000
