"""Facts as triggers: a filter on the fact itself, and one start for each cart."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.segments import filters
from crm.timeline.actions import Fact, record
from crm.timeline.models import Pending, TimelineEntry
from retention.workflows import definition, wording
from retention.workflows.definition import DefinitionError
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK, published_at, work_at


def bought(**more):
    return {"trigger": {"when": "fact", "kind": "purchase.made", **more}, "steps": [TASK]}


def cart(**more):
    return {"trigger": {"when": "fact", "kind": "cart.updated", "keyed_by": "cart", **more}, "steps": [TASK]}


@pytest.mark.parametrize(
    ("entry", "payload", "fits"),
    [
        ({"field": "number:amount", "op": ">=", "value": 100}, {"amount": "100.00"}, True),
        ({"field": "number:amount", "op": ">=", "value": 100}, {"amount": 99.99}, False),
        ({"field": "number:amount", "op": ">=", "value": 100}, {"amount": "many"}, False),
        ({"field": "number:amount", "op": ">=", "value": 100}, {"amount": ["100"]}, False),
        ({"field": "number:amount", "op": ">=", "value": 100}, {}, False),
        ({"field": "detail:currency", "op": "is", "value": "EUR"}, {"currency": "EUR"}, True),
        ({"field": "detail:currency", "op": "is", "value": "EUR"}, {"currency": "USD"}, False),
        ({"field": "products", "op": "has_any", "value": ["Pro"]}, {"products": ["Basic", "Pro"]}, True),
        ({"field": "products", "op": "has_any", "value": ["Pro"]}, {"products": ["Basic"]}, False),
        ({"field": "list:products", "op": "has_any", "value": ["Pro"]}, {"products": "Pro"}, True),
        ({"field": "products", "op": "has_none", "value": ["Pro"]}, {}, True),
        ({"field": "text", "op": "contains", "value": "bought"}, {}, True),
        ({"field": "channel", "op": "is", "value": "shop"}, {}, True),
        ({"field": "source", "op": "is", "value": "customer"}, {}, False),
    ],
)  # fmt: skip
def test_a_filter_on_the_fact_says_which_ones_start(publish, run_at, entry, payload, fits):
    publish(bought(entry=entry))
    record(Fact(factories.account().pk, "purchase.made", "Bought something", NOON, channel="shop", payload=payload))
    run_at(NOON)
    assert Enrollment.objects.exists() == fits
    assert not Pending.objects.exists()
    asked, made = filters.parse(entry, "entry"), TimelineEntry.objects.get()
    assert asked.matches(asked.values([made.pk], NOON)[made.pk], NOON) == fits  # the same answer without SQL


def test_the_same_cart_starts_once_and_another_one_anew(publish, run_at):
    publish(cart())
    account, other = factories.account().pk, factories.account().pk
    record([Fact(account, "cart.updated", "Cart", NOON, payload={"cart": number}) for number in (7, "7", 8, 7)])
    record(Fact(other, "cart.updated", "Cart", NOON, payload={"cart": 7}))
    run_at(NOON)
    record(Fact(account, "cart.updated", "Cart", NOON + DAY, payload={"cart": 8}))
    run_at(NOON + DAY)
    entered = Enrollment.objects.order_by("account", "trigger_key").values_list("account", "trigger_key")
    assert list(entered) == [
        (account, "keyed:cart.updated:7"), (account, "keyed:cart.updated:8"), (other, "keyed:cart.updated:7"),
    ]  # fmt: skip
    assert Enrollment.objects.get(account=other).facts["key"] == "7"


@pytest.mark.parametrize("payload", [{}, {"cart": None}, {"cart": ""}, {"cart": [1]}, {"cart": {"id": 1}}])
def test_without_a_key_each_fact_starts_anew(publish, run_at, payload):
    publish(cart())
    account = factories.account().pk
    record([Fact(account, "cart.updated", "Cart", NOON, payload=payload) for _ in range(2)])
    run_at(NOON)
    assert Enrollment.objects.count() == 2


def test_any_key_fits_and_may_lie_deeper(publish, run_at):
    publish(cart(keyed_by="cart.id"))
    account, long = factories.account().pk, "x" * 5000
    for key in (long, long, long + "y"):
        record(Fact(account, "cart.updated", "Cart", NOON, payload={"cart": {"id": key}}))
    run_at(NOON)
    assert Enrollment.objects.count() == 2


def test_both_filters_hold_together_and_stand_in_words(publish, run_at, db):
    where = {"field": "lifecycle", "op": "is", "value": "customer"}
    plan = bought(where=where, entry={"field": "products", "op": "has_any", "value": ["Pro"]}, keyed_by="order_id")
    publish(plan)
    fact = {"payload": {"products": ["Pro"]}}
    record(Fact(factories.account(lifecycle="lead").pk, "purchase.made", "Bought", NOON, **fact))
    inside = factories.account(lifecycle="customer")
    record(Fact(inside.pk, "purchase.made", "Bought", NOON, **fact))
    run_at(NOON)
    assert Enrollment.objects.get().account == inside
    sentence = wording.trigger_sentence(definition.parse({"name": "x", **plan}))
    assert sentence.startswith("When “Purchase made” happens and Products bought")
    assert sentence.endswith(", once for each order id")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"entry": {"field": "wealth", "op": "is", "value": "1"}}, "trigger.entry: "),
        ({"keyed_by": "a b"}, "trigger.keyed_by: String should match pattern"),
    ],
)
def test_a_bad_filter_or_key_is_refused(db, more, told):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "Bad", **cart(**more)})
    assert told in str(refused.value)


def test_why_says_what_was_seen_of_the_latest_fact(publish):
    workflow = publish(bought(entry={"field": "number:amount", "op": ">=", "value": 100}))
    account = factories.account().pk
    trigger = definition.parse({"name": "x", **workflow.version.definition}).trigger
    why = trigger_kinds["fact"].why
    assert [verdict.holds for verdict in why(trigger, workflow, account, NOON)] == [False]
    record(Fact(account, "purchase.made", "Bought", NOON - DAY, payload={"amount": 80}))
    verdicts = why(trigger, workflow, account, NOON)
    assert [(verdict.value, verdict.holds) for verdict in verdicts] == [
        ("31 May, 12:00", True), ("on since 1 June, 12:00", False), ("80", False),
    ]  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=25)
@given(
    facts=st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, "a", "b"]), st.integers(-1, 3)), max_size=10),
    cuts=st.sets(st.integers(0, 9)),
)
def test_the_same_facts_enroll_the_same_however_they_are_read(facts, cuts):
    """One start for each customer's cart, and one for each fact without: whatever lies in one batch or in another."""
    with transaction.atomic():
        published_at(NOON, cart())
        accounts = [factories.account().pk for _ in range(3)]
        expected, loose = set(), 0
        for number, (who, key, day) in enumerate(facts):
            fact = Fact(accounts[who], "cart.updated", "Cart", NOON + day * DAY, payload={"cart": key} if key else {})
            record(fact, now=NOON)
            if day >= 0:
                expected |= {(accounts[who], f"keyed:cart.updated:{key}")} if key else set()
                loose += not key
            if number in cuts:
                work_at(NOON + 3 * DAY)
        for _ in range(2):
            work_at(NOON + 3 * DAY)
        entered = set(Enrollment.objects.values_list("account", "trigger_key"))
        assert {each for each in entered if each[1].startswith("keyed:")} == expected
        assert len(entered) == len(expected) + loose
        transaction.set_rollback(True)


def test_facts_of_the_api_start_by_name(publish, run_at):
    """Any kind that programs record is a kind to wait for."""
    publish({"trigger": {"when": "fact", "kind": "machine.jammed"}, "steps": [TASK]})
    record(Fact(factories.account().pk, "machine.jammed", "Paper jam", NOON))
    run_at(NOON)
    assert Enrollment.objects.count() == 1
    assert Workflow.objects.get().version is not None
