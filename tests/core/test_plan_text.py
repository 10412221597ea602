"""Reading a plan: what is wrong is named in a sentence, what is right is read back equal."""

import copy
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ginesys_sync.core.errors import PlanUnfit
from ginesys_sync.core.plan import (
    PLAN_CHANNEL,
    OnFault,
    Owner,
    Rule,
    captured_by,
    with_own_entities,
)
from ginesys_sync.core.plan_text import MAX_PLAN_BYTES, parse_plan, plan_document
from ginesys_sync.core.resources import resource_path
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
        ({"version": 10**30}, "must not be higher than 1,000,000,000"),
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
        ({"name": "i$tems"}, "is not a plain name"),
        ({"name": "ODDS"}, "entity 'odds' twice"),
        ({"one": "\ud800"}, "half a character"),
        ({"many": ["items"]}, "'many' must be a text"),
        ({"table": "it\nem"}, "cannot be the name of a table or a column"),
        ({"key": ["co\udc00de"]}, "cannot be the name of a table or a column"),
        ({"columns": ["code", ""]}, "cannot be the name of a table or a column"),
        ({"columns": ["code", "x" * 101]}, "cannot be the name of a table or a column"),
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
        ({"children": 5}, "'children' must be a list"),
        ({"children": "line"}, "'children' must be a list"),
    ],
)
def test_what_is_wrong_with_an_entity_is_said(change: dict[str, Any], sentence: str) -> None:
    plan = copy.deepcopy(floor_plan())
    place = next(i for i, e in enumerate(plan["entities"]) if e["name"] == "items")
    plan["entities"][place] |= change
    assert sentence in _said(plan)


def test_a_channel_whose_name_no_stream_could_have_is_refused() -> None:
    plan = floor_plan()
    plan["channels"].append({"name": "a$b"})
    assert "'a$b' is not a plain name" in _said(plan)


def test_tables_and_columns_may_be_called_whatever_a_database_calls_them() -> None:
    plan = floor_plan()
    columns = ["Straße", "a b", 'x"y', "order", "É", "é"]
    plan["entities"] = [
        {
            "name": "details",
            "channel": "catalogue",
            "table": "Order Details",
            "key": ["Straße"],
            "columns": columns,
        }
    ]
    read = parse_plan(json.dumps(plan))
    assert read.entities[0].root.columns == tuple(columns)
    assert parse_plan(plan_document(read)) == read


@pytest.mark.parametrize(
    ("words", "one", "many"),
    [
        ({}, "1 store bill", "2 store bills"),
        ({"many": "policies"}, "1 policy", "2 policies"),
        ({"many": "glasses"}, "1 glass", "2 glasses"),
        ({"many": "status"}, "1 status", "2 status"),
        ({"many": "stock"}, "1 stock", "2 stock"),
        ({"one": "Rechnung", "many": "Rechnungen"}, "1 Rechnung", "2 Rechnungen"),
    ],
)
def test_one_record_and_many_are_called_by_words_that_fit(
    words: dict[str, str], one: str, many: str
) -> None:
    bare = {"name": "store_bills", "channel": "sales", "table": "t", "key": ["id"]}
    plan = parse_plan(json.dumps(floor_plan() | {"entities": [bare | words]}))
    assert (plan.entities[0].count_words(1), plan.entities[0].count_words(2)) == (one, many)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"version": ' + "9" * 5000])
def test_a_text_that_would_exhaust_its_reader_is_refused(text: str) -> None:
    with pytest.raises(PlanUnfit):
        parse_plan(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@st.composite
def _damaged(draw: st.DrawFn) -> Any:
    """The built-in plan after a few accidents: a value replaced, an entry lost, doubled or new."""
    plan = json.loads(resource_path("plans", "retail.json").read_text(encoding="utf-8"))
    for _ in range(draw(st.integers(1, 3))):
        holder = plan
        for _ in range(draw(st.integers(0, 5))):
            inner = holder.values() if isinstance(holder, dict) else holder
            deeper = [value for value in inner if isinstance(value, (dict, list)) and value]
            if not deeper:
                break
            holder = draw(st.sampled_from(deeper))
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = draw(st.sampled_from(keys))
        match draw(st.sampled_from(["replace", "lose", "double"])):
            case "replace":
                holder[key] = draw(_JSON)
            case "lose":
                del holder[key]
            case "double" if isinstance(holder, list):
                holder.append(holder[key])
            case _:
                holder[draw(st.text(max_size=8))] = holder[key]
        if not holder:
            break
    return plan


@given(_JSON | _damaged())
@example({"name": "\ud800"})
def test_whatever_stands_in_a_plan_it_is_read_or_refused_in_a_sentence(document: Any) -> None:
    try:
        plan = parse_plan(json.dumps(document))
    except PlanUnfit as fault:
        assert fault.title.endswith(".") and fault.advice
        str(fault).encode()
        return
    assert parse_plan(plan_document(plan)) == plan
    plan_document(plan).encode()


@given(st.data())
def test_a_plan_with_a_hole_or_a_stain_is_read_or_refused_in_a_sentence(
    data: st.DataObject,
) -> None:
    text = resource_path("plans", "retail.json").read_text(encoding="utf-8")
    at = data.draw(st.integers(0, len(text) - 1))
    stain = data.draw(st.text(st.characters(codec=None), max_size=3))
    damaged = text[:at] + stain + text[at + data.draw(st.integers(0, 40)) :]
    try:
        plan = parse_plan(damaged)
    except PlanUnfit as fault:
        str(fault).encode()
    else:
        assert parse_plan(plan_document(plan)) == plan


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


def test_a_lane_may_halt_or_go_in_whole_and_the_usual_is_not_written() -> None:
    plan = floor_plan()
    before = plan_document(parse_plan(json.dumps(plan)))
    plan["channels"][2] |= {"on_fault": "park", "atomic": False}
    assert plan_document(parse_plan(json.dumps(plan))) == before
    plan["channels"][2] |= {"on_fault": "halt", "atomic": True}
    found = parse_plan(json.dumps(plan))
    assert parse_plan(plan_document(found)) == found
    assert (found.channel("pricing").on_fault, found.channel("pricing").is_atomic) == (
        OnFault.HALT,
        True,
    )
    assert not found.channel("catalogue").is_whole
    assert not found.channel("unheard of").is_whole


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"on_fault": "stop"}, "`on_fault` must be park or halt"),
        ({"on_fault": ["halt"]}, "`on_fault` must be park or halt"),
        ({"atomic": "yes"}, "`atomic` must be true or false"),
    ],
)
def test_a_lane_that_says_something_else_is_refused(more: dict[str, Any], said: str) -> None:
    plan = floor_plan()
    plan["channels"][2] |= more
    assert said in _said(plan)
