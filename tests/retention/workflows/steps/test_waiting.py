"""Waiting for the same cart or ticket, for what is new, and until a date of the customer."""

from datetime import date, timedelta

import pytest

from crm.timeline.actions import Fact, record
from retention.workflows import definition, matching
from retention.workflows.definition import DefinitionError
from retention.workflows.models import Enrollment
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import AT_NINE, DAY, TASK, silent
from tests.retention.workflows.steps.conftest import DUE, outcomes

TICK = timedelta(microseconds=1)
BOUGHT = {"id": "bought", "do": "await", "fact": "cart.bought", "called": "the purchase", "at_most_days": 2,
          "late": [{**TASK, "id": "remind"}]}  # fmt: skip
LEFT = {"trigger": {"when": "fact", "kind": "cart.left"}, "steps": [BOUGHT]}


def cart(account, kind, at, **payload):
    record(Fact(account.pk, f"cart.{kind}", "A cart", at, payload=payload), now=at)


@pytest.fixture
def account(db):
    return factories.account(last_seen_at=NOON)


def awaiting(**change):
    return {**LEFT, "steps": [{**BOUGHT, **change}]}


@pytest.mark.parametrize(
    ("bought", "waits"),
    [({"cart": "7"}, False), ({"cart": 7}, False), ({"cart": "8"}, True), ({}, True), ({"cart": None}, True)],
)
def test_only_the_same_cart_ends_the_wait(publish, run_at, account, bought, waits):
    publish(awaiting(same="cart"))
    cart(account, "left", NOON, cart="7")
    run_at(NOON)
    assert Enrollment.objects.get().wait_key == "7"
    cart(account, "bought", NOON + DAY, **bought)
    run_at(NOON + DAY)
    enrollment = Enrollment.objects.get()
    assert (enrollment.awaits_until is not None) == waits
    run_at(NOON + 2 * DAY - TICK)
    assert (Enrollment.objects.get().state == "active") == waits
    run_at(NOON + 2 * DAY)
    assert outcomes()[0] == ("Waited in vain for the purchase" if waits else "Waited for the purchase")
    assert Enrollment.objects.get().wait_key == ""


def test_each_cart_waits_for_itself_and_one_bought_before_does_not_wait(publish, run_at, account):
    publish(awaiting(same="cart.id"))
    for number in ("7", "8"):
        cart(account, "left", NOON, cart={"id": number})
    cart(account, "bought", NOON, cart={"id": "8"})
    run_at(NOON)
    states = dict(Enrollment.objects.values_list("wait_key", "state"))
    assert states == {"7": "active", "": "done"}
    assert outcomes() == ["Did not wait: the purchase was there"]


def test_who_was_not_let_in_by_a_fact_waits_for_any_new_one(publish, run_at, account):
    publish(silent() | {"steps": [{**BOUGHT, "same": "cart"}]})
    cart(account, "bought", NOON, cart="1")
    run_at(DUE)
    assert Enrollment.objects.get().state == "active"
    cart(account, "bought", DUE + DAY, cart="2")
    run_at(DUE + DAY)
    assert Enrollment.objects.get().state == "done"


@pytest.mark.parametrize(("only_new", "waits"), [(False, False), (True, True)])
def test_what_was_before_counts_or_does_not(publish, run_at, account, only_new, waits):
    publish(awaiting(only_new=only_new))
    cart(account, "bought", NOON - DAY)
    cart(account, "left", NOON)
    run_at(NOON)
    assert (Enrollment.objects.get().state == "active") == waits
    if waits:
        cart(account, "bought", NOON + DAY)
        run_at(NOON + DAY)
        assert outcomes() == ["Waited for the purchase"]


def test_a_fact_of_the_kind_that_made_them_enter_is_not_the_one_they_wait_for(publish, run_at, account):
    publish({**awaiting(fact="cart.left", only_new=True)})
    cart(account, "left", NOON, cart="1")
    run_at(NOON)
    assert Enrollment.objects.filter(state="active").count() == 1
    cart(account, "left", NOON + DAY, cart="2")
    run_at(NOON + DAY)
    assert outcomes() == ["Waited for the purchase"]
    assert matching.match(NOON + DAY) == 0


# Dates ----------------------------------------------------------------------------------------------------------------


def until(offset=0, **more):
    at = {"date": "contract.ends_on", "offset_days": offset, "time": "09:00", **more}
    return {"id": "near", "do": "wait", "until": at}


@pytest.mark.parametrize(("offset", "day"), [(0, date(2026, 8, 1)), (-7, date(2026, 7, 25)), (3, date(2026, 8, 4))])
def test_it_waits_until_a_date_is_near(publish, run_at, account, offset, day):
    publish(silent() | {"steps": [until(offset), TASK]})
    factories.contract(account, date(2025, 8, 1), date(2026, 8, 1))
    run_at(DUE)
    due = Enrollment.objects.get().due_at
    assert due == NOON.replace(month=day.month, day=day.day, hour=9)
    run_at(due - TICK)
    assert outcomes() == ["Waited"]
    run_at(due)
    assert len(outcomes()) == 2


def test_of_two_dates_the_next_one_counts_and_of_none_to_come_nobody_waits(publish, run_at, account):
    publish(silent() | {"steps": [until(), TASK]})
    for ends in (date(2026, 3, 1), date(2026, 9, 1), date(2026, 7, 1)):
        factories.contract(account, date(2025, 3, 1), ends)
    other = factories.account("None to come", last_seen_at=NOON)
    factories.contract(other, date(2025, 3, 1), date(2026, 3, 1))
    run_at(DUE)
    assert Enrollment.objects.get(account=account).due_at == NOON.replace(month=7, day=1, hour=9)
    assert Enrollment.objects.get(account=other).runs.order_by("id").first().outcome == (
        "Did not wait: they have no such date to come"
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"date": "payday"}, "steps[0].until.date: there is no such date; there are contract."),
        ({"weekday": "mon"}, "give a day, a weekday or a date, and only one of them"),
        ({"date": None, "offset_days": 3}, "offset_days counts from a `date`"),
    ],
)
def test_a_date_must_be_there(db, change, says):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "Test", **silent(), "steps": [until(**change)]})
    assert says in str(refused.value)


def test_a_version_of_before_says_the_same(db):
    plan = definition.parse({"name": "Test", **silent(), "steps": [AT_NINE, BOUGHT, TASK]})
    dumped = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert definition.parse(dumped, published=True) == plan
