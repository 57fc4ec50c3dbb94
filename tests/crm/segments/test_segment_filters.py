"""The filter field “segment”: put in as one condition, nested, never in a circle, and never more than one may see."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account, Contact
from crm.segments import defining
from crm.segments.defining import SegmentError
from crm.segments.filters import Filter, FilterError, parse
from crm.segments.models import Segment, SegmentMember
from crm.team.models import User
from tests import factories
from tests.conftest import NOON

LARGE = {"field": "mrr", "op": ">=", "value": 500}
RETAIL = {"field": "industry", "op": "is", "value": "retail"}


def inside(segment: Segment, op: str = "is_in", field: str = "segment") -> dict[str, Any]:
    return {"field": field, "op": op, "value": segment.pk}


def made(by: User, name: str, tree: dict[str, Any] | None = None, subject: str = "account", **more: Any) -> Segment:
    kind = "static" if tree is None else "dynamic"
    return defining.make(by, subject, {"name": name, "kind": kind, "tree": tree or {}, **more}, NOON)


def found(asked: Filter) -> list[str]:
    rows = asked.apply(Account.objects.all(), NOON)
    return sorted(rows.values_list("name", flat=True))


@pytest.fixture
def accounts(db: None) -> dict[str, Account]:
    return {
        "Alder": factories.account("Alder", mrr=100, industry="retail"),
        "Birch": factories.account("Birch", mrr=500, industry="retail"),
        "Cedar": factories.account("Cedar", mrr=900),
    }


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        (lambda large: inside(large), ["Birch", "Cedar"]),
        (lambda large: inside(large, "is_not_in"), ["Alder"]),
        (lambda large: {"not": inside(large)}, ["Alder"]),
        (lambda large: {"not": inside(large, "is_not_in")}, ["Birch", "Cedar"]),
        (lambda large: {"all": [inside(large), RETAIL]}, ["Birch"]),
        (lambda large: {"any": [inside(large, "is_not_in"), {"not": RETAIL}]}, ["Alder", "Cedar"]),
        (lambda large: inside(large) | {"value": str(large.pk)}, ["Birch", "Cedar"]),
    ],
)
def test_a_dynamic_segment_is_its_filter(mira: User, accounts: Any, tree: Any, names: list[str]) -> None:
    large = made(mira, "Large", LARGE)
    assert found(parse(tree(large), "account", mira)) == names


def test_a_segment_is_named_by_its_number_as_it_is_written(mira: User, accounts: Any) -> None:
    """Else what names it by another spelling would not be found among its uses."""
    large = made(mira, "Large", LARGE)
    with pytest.raises(FilterError, match="must be the number of a segment"):
        parse(inside(large) | {"value": f"0{large.pk}"}, "account", mira)


def test_it_is_one_statement_without_a_look_at_segments(mira: User, accounts: Any) -> None:
    both = made(mira, "Both", {"all": [inside(made(mira, "Large", LARGE)), RETAIL]})
    asked = parse(inside(both), "account", mira)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert found(asked) == ["Birch"]
    (query,) = caught.captured_queries
    assert "crm_segment" not in query["sql"]
    with CaptureQueriesContext(connection) as caught:
        parse(inside(both), "account", mira)
    assert len(caught) == 2  # one for each level
    with CaptureQueriesContext(connection) as caught:
        parse(LARGE, "account", mira)
    assert len(caught) == 0


def test_a_static_segment_is_who_was_put_in(mira: User, accounts: dict[str, Account]) -> None:
    chosen = made(mira, "Chosen")
    SegmentMember.objects.create(segment=chosen, account=accounts["Cedar"])
    assert found(parse(inside(chosen))) == ["Cedar"]
    assert found(parse(inside(chosen, "is_not_in"))) == ["Alder", "Birch"]
    assert found(parse({"all": [inside(chosen, "is_not_in"), inside(made(mira, "Large", LARGE))]})) == ["Birch"]


def test_everybody_and_nobody_can_be_segments(mira: User, accounts: Any) -> None:
    everybody, nobody = made(mira, "All", {"all": []}), made(mira, "None", {"not": {}})
    assert found(parse(inside(everybody))) == ["Alder", "Birch", "Cedar"]
    assert found(parse(inside(everybody, "is_not_in"))) == []
    assert found(parse(inside(nobody))) == []
    assert found(parse({"any": [inside(nobody), LARGE]})) == ["Birch", "Cedar"]
    assert parse(inside(everybody)).values([accounts["Alder"].pk], NOON) == {
        accounts["Alder"].pk: {f"segment:{everybody.pk}": True}
    }


def test_people_are_in_segments_of_their_own_and_of_their_account(mira: User, accounts: dict[str, Account]) -> None:
    anna = factories.contact(accounts["Birch"], first_name="Anna", title="CEO")
    ben = factories.contact(accounts["Alder"], first_name="Ben", title="CEO")
    large = made(mira, "Large", LARGE)
    chiefs = made(mira, "Chiefs", {"field": "title", "op": "is", "value": "ceo"}, "contact")
    of_large = made(mira, "Of large", {"all": [inside(chiefs), inside(large, field="account.segment")]}, "contact")
    chosen = made(mira, "Chosen accounts")
    SegmentMember.objects.create(segment=chosen, account=accounts["Alder"])

    def people(tree: dict[str, Any]) -> set[str]:
        return set(parse(tree, "contact").apply(Contact.objects.all(), NOON).values_list("first_name", flat=True))

    assert people(inside(chiefs)) == {"Anna", "Ben"}
    assert people(inside(large, field="account.segment")) == {"Anna"}
    assert people(inside(large, "is_not_in", "account.segment")) == {"Ben"}
    assert people(inside(of_large)) == {"Anna"}
    assert people(inside(of_large, "is_not_in")) == {"Ben"}
    assert people(inside(chosen, field="account.segment")) == {"Ben"}
    asked = parse(inside(large, field="account.segment"), "contact")
    assert asked.sentence() == "their account is in the segment “Large”"
    values = asked.values([anna.pk, ben.pk], NOON)
    assert [asked.matches(values[person.pk], NOON) for person in (anna, ben)] == [True, False]
    with pytest.raises(FilterError, match="“Chiefs” is not about customers"):
        parse(inside(chiefs))


def test_values_matches_explain_and_words_agree_with_sql(mira: User, accounts: dict[str, Account]) -> None:
    large = made(mira, "Large", LARGE)
    asked = parse({"all": [inside(large), {"not": inside(made(mira, "Retail", RETAIL))}]})
    assert asked.sentence() == "in the segment “Large” and not in the segment “Retail”"
    values = asked.values([row.pk for row in accounts.values()], NOON)
    assert {name: asked.matches(values[row.pk], NOON) for name, row in accounts.items()} == {
        "Alder": False, "Birch": False, "Cedar": True,
    }  # fmt: skip
    assert asked.explain(values[accounts["Birch"].pk], NOON) == [
        ("in the segment “Large”", True), ("not in the segment “Retail”", False),
    ]  # fmt: skip


def test_no_segment_is_made_of_itself(mira: User, accounts: Any) -> None:
    first = made(mira, "First", LARGE)
    second = made(mira, "Second", inside(first))
    third = made(mira, "Third", {"any": [RETAIL, {"not": inside(second)}]})
    for segment, names in ((first, "“First” uses “First”"), (second, "“First” uses “Second” uses “First”"),
                           (third, "“First” uses “Third” uses “Second” uses “First”")):  # fmt: skip
        with pytest.raises(FilterError) as refusal:
            defining.change(first, mira, {"tree": {"all": [inside(segment)]}}, NOON)
        assert refusal.value.message == f"a segment cannot be made of itself: {names}"
    assert Segment.objects.get(pk=first.pk).tree == LARGE
    Segment.objects.filter(pk=first.pk).update(tree=inside(third))  # as a race that we did not think of might
    with pytest.raises(FilterError, match="“Third” uses “Second” uses “First” uses “Third”"):
        parse(inside(third))


def test_what_is_not_there_is_refused_and_says_where(mira: User, accounts: Any) -> None:
    gone = made(mira, "Gone", LARGE)
    defining.archive(gone, mira, NOON)
    for tree, place, message in (
        ({"all": [LARGE, inside(gone)]}, "all[1].value", "“Gone” is archived; restore it, or take the condition away"),
        (inside(gone) | {"value": 999}, "value", "names no segment that is there for you: 999"),
        (inside(gone) | {"value": "Gone"}, "value", "must be the number of a segment, not “Gone”"),
        (inside(gone) | {"value": True}, "value", "must be the number of a segment, not True"),
        (inside(gone) | {"op": "is"}, "op", "must be one of is_in, is_not_in, not “is”"),
    ):
        with pytest.raises(FilterError) as refusal:
            parse(tree, "account", mira)
        assert (refusal.value.place, refusal.value.message) == (place, message)


def test_a_broken_one_says_which_and_why(mira: User, accounts: Any) -> None:
    large = made(mira, "Large", LARGE)
    outer = made(mira, "Outer", inside(large))
    Segment.objects.filter(pk=large.pk).update(tree={"field": "gone", "op": "is", "value": 1})
    with pytest.raises(FilterError, match="“Outer” cannot be used: value “Large” cannot be used: field there is no"):
        parse(inside(outer))


def test_many_conditions_one_in_the_other_are_too_many(mira: User, accounts: Any) -> None:
    inner = made(mira, "Inner", {"all": [LARGE] * 49})
    outer = made(mira, "Outer", {"all": [inside(inner)] * 4})
    with pytest.raises(FilterError, match="has more than 250 conditions, with those of its segments"):
        made(mira, "Too large", {"all": [inside(outer), inside(inner)]})


def test_anothers_private_segment_is_neither_usable_nor_named(mira: User, ada: User, accounts: Any) -> None:
    private = made(mira, "Mira’s secret", LARGE)
    with pytest.raises(FilterError) as refusal:
        parse(inside(private), "account", ada)  # not even for an admin
    assert refusal.value.message == f"names no segment that is there for you: {private.pk}"
    with pytest.raises(FilterError):
        made(ada, "Mine", inside(private))
    assert found(parse(inside(private))) == ["Birch", "Cedar"]  # a worker is nobody


def test_a_shared_segment_uses_shared_ones_only_and_stays_shared_while_others_use_it(mira: User, ada: User) -> None:
    large = made(mira, "Large", LARGE)
    with pytest.raises(SegmentError, match="“Large” is not shared, so others could not use this"):
        made(mira, "Outer", inside(large), shared=True)
    defining.change(large, mira, {"shared": True}, NOON)
    outer = made(ada, "Ada’s own", inside(large))
    assert found(parse(inside(outer), "account", ada)) == []
    with pytest.raises(SegmentError, match="“Large” is used by a private segment of Ada, so it has to stay shared"):
        defining.change(large, mira, {"shared": False}, NOON)
    assert Segment.objects.get(pk=large.pk).shared


_LEAVES = st.sampled_from([
    LARGE, RETAIL, {"field": "mrr", "op": "<", "value": 150}, {"field": "industry", "op": "is_not_set"},
    {"field": "tags", "op": "has", "value": "vip"}, {"field": "renews_on", "op": "in_next_days", "value": 30}, {},
])  # fmt: skip
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_TREES, denied=st.booleans())
def test_a_segment_finds_exactly_whom_its_filter_finds(mira: User, accounts: Any, tree: Any, denied: bool) -> None:
    if not Account.objects.filter(name="Dogwood").exists():
        factories.account("Dogwood", mrr=120, tags=["vip"], renews_on=NOON.date())
    segment = Segment.objects.create(owner=mira, subject="account", name=f"Made {Segment.objects.count()}", tree=tree)
    asked = parse({"not": inside(segment)} if denied else inside(segment), "account", mira)
    own = parse({"not": tree} if denied else tree)
    expected = found(own)
    assert found(asked) == expected
    values = asked.values(Account.objects.values_list("pk", flat=True), NOON)
    named = dict(Account.objects.values_list("pk", "name"))
    assert sorted(named[pk] for pk, seen in values.items() if asked.matches(seen, NOON)) == expected
