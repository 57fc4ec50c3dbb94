"""Filters: what a tree means, what is refused and where, and the sentences it makes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm.accounts.models import Account
from crm.segments.filters import Filter, FilterError, parse
from tests import factories
from tests.conftest import NOON


def names(tree: dict[str, Any], now: datetime = NOON) -> set[str]:
    return {account.name for account in parse(tree).apply(Account.objects.all(), now)}


def leaf(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


@pytest.fixture
def two(db: None) -> None:
    factories.account("Full", mrr=500, risk=40, country="DE", tags=["vip", "beta"], renews_on=date(2026, 7, 1))
    factories.account("Bare")


def test_an_empty_tree_matches_everything(two: None) -> None:
    assert names({}) == names({"all": []}) == {"Full", "Bare"}
    assert names({"not": {}}) == set()


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        (leaf("mrr", ">=", 500), {"Full"}),
        (leaf("mrr", ">", 500), set()),
        (leaf("mrr", "between", [0, 499.99]), {"Bare"}),
        (leaf("risk", "<", 41), {"Full"}),
        (leaf("risk", "!=", 41), {"Full", "Bare"}),
        (leaf("risk", "is_not_set"), {"Bare"}),
        (leaf("country", "is", "de"), {"Full"}),
        (leaf("country", "is_not", "de"), {"Bare"}),
        (leaf("country", "in", ["AT", "De"]), {"Full"}),
        (leaf("country", "is_set"), {"Full"}),
        (leaf("name", "contains", "UL"), {"Full"}),
        (leaf("name", "starts_with", "b"), {"Bare"}),
        (leaf("tags", "has", "vip"), {"Full"}),
        (leaf("tags", "has", "VIP"), set()),
        (leaf("tags", "has_any", ["x", "beta"]), {"Full"}),
        (leaf("tags", "has_none", ["x", "beta"]), {"Bare"}),
        (leaf("renews_on", "on", "2026-07-01"), {"Full"}),
        (leaf("renews_on", "in_next_days", 30), {"Full"}),
        (leaf("renews_on", "in_next_days", 29), set()),
        (leaf("days_to_renewal", "=", 30), {"Full"}),
        (leaf("lifecycle", "is", "lead"), {"Full", "Bare"}),
        (leaf("has_owner", "is", False), {"Full", "Bare"}),
        (leaf("contacts", "=", 0), {"Full", "Bare"}),
        ({"not": leaf("risk", "<", 41)}, {"Bare"}),
        ({"any": [leaf("mrr", ">", 1), leaf("owner", "contains", "x")]}, {"Full"}),
        ({"not": {"any": [leaf("mrr", ">", 1), leaf("owner", "contains", "x")]}}, {"Bare"}),
    ],
)
def test_operators(two: None, tree: dict[str, Any], found: set[str]) -> None:
    assert names(tree) == found


def test_a_missing_owner_does_not_hide_the_other_side_of_any(two: None, mira: Any) -> None:
    Account.objects.filter(name="Bare").update(owner=mira)
    assert names({"any": [leaf("owner", "is", "MIRA@example.com"), leaf("mrr", "=", 500)]}) == {"Full", "Bare"}
    assert names(leaf("owner", "is_not", "mira@example.com")) == {"Full"}


def test_days_are_those_of_the_installation(db: None, settings: Any) -> None:
    settings.TIME_ZONE = "America/New_York"
    last_instant = datetime(2026, 6, 2, 3, 59, 59, 999999, tzinfo=UTC)
    factories.account("Last of 1 June", last_seen_at=last_instant)
    factories.account("First of 2 June", last_seen_at=datetime(2026, 6, 2, 4, tzinfo=UTC))
    assert names(leaf("last_seen_at", "on", "2026-06-01")) == {"Last of 1 June"}
    assert names(leaf("last_seen_at", "after", "2026-06-01")) == {"First of 2 June"}
    assert names(leaf("last_seen_at", "before", "2026-06-02")) == {"Last of 1 June"}
    assert names(leaf("last_seen_at", "in_last_days", 0), last_instant) == {"Last of 1 June"}


def test_silence_counts_whole_days(db: None) -> None:
    factories.account("A", last_seen_at=datetime(2026, 5, 2, 12, tzinfo=UTC))
    factories.account("B", last_seen_at=datetime(2026, 5, 2, 12, 0, 0, 1, tzinfo=UTC))
    factories.account("Never seen", signed_up_on=date(2026, 5, 2))
    factories.account("Unknown")
    assert names(leaf("days_silent", ">=", 30)) == {"A", "Never seen"}


def test_values_come_in_one_query_and_explain_themselves(two: None, django_assert_num_queries: Any) -> None:
    tree = {"all": [leaf("mrr", ">", 500), {"not": leaf("country", "is", "DE")}, leaf("renews_on", "in_next_days", 1)]}
    chosen = parse(tree)
    full = Account.objects.get(name="Full")
    with django_assert_num_queries(1):
        values = chosen.values([full.pk, full.pk + 1000], NOON)
    assert values == {full.pk: {"mrr": Decimal("500.00"), "country": "DE", "renews_on": date(2026, 7, 1)}}
    assert chosen.explain(values[full.pk], NOON) == [
        ("MRR is above €\u202f500", False),
        ("Country is not “DE”", False),
        ("Renewal is within the next 1 day", False),
    ]
    assert not chosen.matches(values[full.pk], NOON)


def test_values_that_went_through_json_match_as_before() -> None:
    chosen = parse({"all": [leaf("mrr", ">=", 500), leaf("renews_on", "on", "2026-07-01"),
                            leaf("created_at", "on", "2026-06-01")]})  # fmt: skip
    values = {"mrr": "500.00", "renews_on": "2026-07-01", "created_at": "2026-06-01T12:00:00+00:00"}
    assert chosen.matches(values, NOON)
    assert not chosen.matches({**values, "mrr": "499.99"}, NOON)


def test_it_says_itself_in_words() -> None:
    tree = {
        "all": [
            leaf("kind", "in", ["company", "person"]),
            {"any": [leaf("mrr", "between", [100, 1250.5]), leaf("days_silent", ">=", 30)]},
            {"not": {"all": [leaf("tags", "has", "vip"), leaf("has_owner", "is", True)]}},
            leaf("signed_up_on", "before", "2026-06-01"),
        ]
    }
    assert parse(tree).sentence() == (
        "Kind is Company or Person and (MRR is between €\u202f100 and €\u202f1,250.50 or Silence is at least 30 days) "
        "and (Tags do not include “vip” or Has an owner is not yes) and Sign-up is before 1 Jun 2026"
    )
    assert parse({}).sentence() == "everything"


def test_fields_are_named_once() -> None:
    chosen: Filter = parse({"all": [leaf("mrr", ">", 1), leaf("name", "is_set"), leaf("mrr", "<", 9)]})
    assert chosen.fields == ["mrr", "name"]


DEEP: dict[str, Any] = leaf("mrr", ">", 1)
for _ in range(7):
    DEEP = {"not": DEEP}
ENDLESS: dict[str, Any] = {}
for _ in range(100_000):
    ENDLESS = {"not": ENDLESS}


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"all": [{}, leaf("mrr", ">", "abc")]}, "all[1].value: must be a number, not “abc”"),
        (leaf("mrr", ">", True), "value: must be a number, not True"),
        (leaf("mrr", ">", float("nan")), "value: must be a number, not nan"),
        (leaf("mrr", ">", 10**5000), "value: is too large a number"),
        (leaf("mrr", ">", 1e300), "value: is too large a number"),
        (leaf("mrr", ">"), "value: is missing"),
        (leaf("mrr", "between", [2, 1]), "value: must name the smaller number first"),
        (leaf("mrr", "contains", "1"),
         "op: must be one of =, !=, <, <=, >, >=, between, is_set, is_not_set, not “contains”"),
        (leaf("mr", ">", 1), "field: there is no field “mr”; did you mean “mrr”?"),
        (leaf("mrr:x", ">", 1), "field: mrr takes nothing after a colon"),
        (leaf("name", "is", " "), "value: must not be blank"),
        (leaf("name", "is", "a\0"), "value: holds a character that no text can have"),
        (leaf("name", "is", "\ud800"), "value: holds a character that no text can have"),
        (leaf("name", "in", []), "value: must be a list of at least one text"),
        (leaf("name", "in", ["a", 3]), "value: must be text, not 3"),
        (leaf("name", "is_set", "x"), "value: is not expected: this operator takes none"),
        (leaf("lifecycle", "is", "gone"), "value: must be one of lead, trial, customer, paused, churned, not “gone”"),
        (leaf("renews_on", "on", "1/6/2026"), "value: must be a date such as 2026-06-01, not “1/6/2026”"),
        (leaf("renews_on", "after", "9999-12-31"), "value: must be a date from 1900-01-01 to 2199-12-31"),
        (leaf("renews_on", "in_next_days", 1.5), "value: must be a whole number of days from 0 to 36500"),
        (leaf("has_owner", "is", "yes"), "value: must be true or false, not “yes”"),
        ({"any": []}, "any: must name at least one condition"),
        ({"not": {"all": [{"field": "mrr"}]}}, "not.all[0].op: is missing"),
        ({"not": {"field": "mrr", "op": 3}}, "not.op: must be text"),
        ({"all": [leaf("mrr", ">", 1) | {"extra": 1}]}, "all[0].extra: is not expected here"),
        ({"all": [], "any": [{}]}, "any: is not expected here"),
        ({"all": {}}, "all: must be a list"),
        ({"all": [{}, 7]}, "all[1]: must be an object with all, any, not, or field and op"),
        ([], "filter: must be an object with all, any, not, or field and op"),
        (None, "filter: must be an object with all, any, not, or field and op"),
        ({"any": [leaf("mrr", ">", n) for n in range(51)]}, "filter: has more than 50 conditions"),
        (DEEP, "filter: is nested more than 6 levels deep"),
        (ENDLESS, "filter: is nested more than 6 levels deep"),
    ],
)  # fmt: skip
def test_refusals_name_the_place(db: None, tree: Any, message: str) -> None:
    with pytest.raises(FilterError) as refusal:
        parse(tree)
    assert str(refusal.value) == message


def test_fifty_conditions_six_deep_are_taken(db: None) -> None:
    assert parse({"any": [leaf("mrr", ">", n) for n in range(50)]}).apply(Account.objects.all(), NOON).count() == 0
    assert parse(DEEP["not"]).apply(Account.objects.all(), NOON).count() == 0


def test_an_unknown_subject_is_refused() -> None:
    with pytest.raises(FilterError, match="nothing called 'planet'"):
        parse({}, "planet")
