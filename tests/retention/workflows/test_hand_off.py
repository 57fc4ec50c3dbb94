"""Onboarding that waits for the hand-off: the recipe's switch, what becomes of customers, and where pages say so."""

from datetime import date, timedelta

import pytest
from django.test import Client

from crm import slots
from crm.accounts.actions.papers import hand_off
from crm.accounts.models import Account
from crm.duplicates import merging
from crm.history.actions import undo
from crm.outbox.models import OutboundMessage
from crm.todos.models import Task
from retention.workflows import actions, recipes
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.panels import waits_for
from retention.workflows.recipes import RecipeError
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY

ON = {"wait_for_hand_off": True}
SAID = {"goals": "Grow", "roadblocks": "", "decision_makers": "", "promised": ""}
SWITCHED = """
name: Test
settings: {wanted: {label: Wanted, default: false}, days: {label: Days, default: 3}}
trigger: {when: silence, days: "${days}"}
steps:
  - {id: gate, only_with: wanted, do: await, fact: call.logged, called: a call, at_most_days: "${days}"}
  - {id: call, do: task, title: Call}
"""


def dumped(chosen):
    plan = recipes.load("onboarding").with_settings(chosen)
    return plan.model_dump(mode="json", by_alias=True, exclude_none=True)


def test_off_it_is_the_onboarding_without_its_first_step():
    off, on = dumped({}), dumped(ON)
    assert off == dumped({"wait_for_hand_off": False})
    assert [step["id"] for step in off["steps"]] == [
        "day-1", "welcome", "case-study-day", "case-study", "check-in-day", "check-in",
    ]  # fmt: skip
    assert on["steps"][1:] == off["steps"]
    gate = on["steps"][0]
    assert (gate["id"], gate["do"], gate["fact"], gate["at_most_days"]) == ("hand-off", "await", "hand_off.written", 14)
    assert [step["id"] for step in gate["late"]] == ["hand-off-missing"]
    assert {name: on[name] for name in on if name not in ("steps", "settings")} == {
        name: off[name] for name in off if name not in ("steps", "settings")
    }


@pytest.mark.parametrize(("said", "steps"), [("yes", 2), ("ON", 2), (True, 2), ("no", 1), ("false", 1), (False, 1)])
def test_a_switch_takes_words(said, steps):
    assert len(recipes.read("test", SWITCHED).with_settings({"wanted": said}).steps) == steps


def test_a_switch_takes_no_other_word():
    with pytest.raises(RecipeError, match=r"test\.wanted must be yes or no, not 'perhaps'"):
        recipes.read("test", SWITCHED).with_settings({"wanted": "perhaps"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("only_with: wanted", "only_with: days"), "recipe test: only_with: days is no switch of it; it has: wanted"),
        (("only_with: wanted", "only_with: wonted"), "only_with: wonted is no switch of it; it has: wanted"),
        (("called: a call, ", ""), "recipe test: steps[0].called: Field required"),
    ],
)
def test_a_step_behind_a_switch_is_checked_although_it_is_off(change, reason):
    with pytest.raises(RecipeError) as refused:
        recipes.read("test", SWITCHED.replace(*change))
    assert reason in str(refused.value)


@pytest.fixture
def begun(mira):
    """The onboarding is on, with its switch; a customer's first contract begins tomorrow."""
    actions.configure("onboarding", ON, NOON - 2 * DAY)
    actions.enable("onboarding", NOON - 2 * DAY)
    account = factories.account("Kelp", owner=mira)
    factories.contact(account, timezone="America/Los_Angeles")
    factories.contract(account, date(2026, 6, 2), date(2027, 6, 2))
    return account


def test_a_new_customer_waits_for_sales(begun, run_at, mira):
    run_at(NOON)  # the second of June has begun somewhere
    run_at(NOON + 9 * DAY)
    assert not OutboundMessage.objects.exists()
    written = NOON + 9 * DAY + timedelta(hours=3)  # eight in the morning in Los Angeles
    hand_off(begun, SAID, 0, mira, written)
    run_at(written)
    assert not OutboundMessage.objects.exists()
    run_at(written + timedelta(hours=1))
    first = OutboundMessage.objects.get()
    assert first.planned_for == written + timedelta(hours=1)
    run_at(first.planned_for + 2 * DAY - timedelta(seconds=1))
    assert OutboundMessage.objects.count() == 1
    run_at(first.planned_for + 2 * DAY)
    assert OutboundMessage.objects.latest("id").planned_for == first.planned_for + 2 * DAY
    assert not Task.objects.exists()


def test_day_one_is_never_before_the_contract_begins(begun, run_at, mira):
    run_at(NOON)
    hand_off(begun, SAID, 0, mira, NOON + timedelta(hours=1))  # still the first of June in Los Angeles
    run_at(NOON + timedelta(hours=1))
    assert Enrollment.objects.get().anchor == date(2026, 6, 2)


def test_without_a_hand_off_the_owner_is_told_and_it_begins(begun, run_at, mira):
    run_at(NOON)
    over = Enrollment.objects.get().awaits_until
    assert over == NOON + 14 * DAY
    run_at(over)
    task = Task.objects.get()
    assert (task.title, task.owner) == ("Write the hand-off of Kelp", mira)
    assert task.body.startswith("Onboarding has waited 14 days for what sales agreed with them")
    assert Enrollment.objects.get().step_id == "welcome"


def test_whose_hand_off_comes_with_a_merge_goes_on(begun, run_at, mira):
    twin = factories.account("Kelp Ltd")
    hand_off(twin, SAID, 0, mira, NOON - DAY)
    run_at(NOON)
    made = merging.merge("account", begun.pk, twin.pk, {}, mira, NOON + DAY)
    assert Enrollment.objects.get().due_at == NOON + DAY
    undo(made.act, mira, NOON + DAY)
    run_at(NOON + DAY)
    assert (Enrollment.objects.get().step_id, Enrollment.objects.get().due_at) == ("hand-off", NOON + 14 * DAY)
    merging.merge("account", begun.pk, twin.pk, {}, mira, NOON + 2 * DAY)
    run_at(NOON + 2 * DAY)
    enrollment = Enrollment.objects.get()
    assert (enrollment.step_id, enrollment.anchor) == ("welcome", date(2026, 6, 3))


def test_who_waits_finishes_on_the_old_setting(begun, run_at):
    run_at(NOON)
    actions.configure("onboarding", {"wait_for_hand_off": "no"}, NOON + DAY)
    run_at(NOON + DAY)
    assert Enrollment.objects.get().step_id == "hand-off"


def browse(user):
    client = Client()
    client.force_login(user)
    return client


def test_pages_say_what_it_waits_for(begun, run_at, mira):
    run_at(NOON)
    client, enrollment = browse(mira), Enrollment.objects.get()
    words = "“Onboarding” waits for the hand-off"
    assert f'{words}, until <time datetime="2026-06-15">' in client.get(f"/accounts/{begun.pk}/").content.decode()
    assert f"<b>{words}.</b>" in client.get(f"/workflows/onboarding/enrollments/{enrollment.pk}/").content.decode()
    assert "Wait for the hand-off" in client.get("/workflows/onboarding/?tab=people").content.decode()
    hand_off(begun, SAID, 0, mira, NOON + DAY)
    run_at(NOON + DAY)
    assert words not in client.get(f"/accounts/{begun.pk}/").content.decode()
    page = client.get(f"/workflows/onboarding/enrollments/{enrollment.pk}/").content.decode()
    assert words not in page
    assert "Waited for the hand-off until 2 June, 05:00 (America/Los Angeles)" in page


def test_today_says_what_a_missing_hand_off_keeps_waiting(begun, run_at, mira):
    factories.account("Other", owner=mira, lifecycle="customer", mrr=1, customer_since=NOON.date())
    Account.objects.filter(pk=begun.pk).update(lifecycle="customer", mrr=100, customer_since=NOON.date())
    missing = "Since today a customer, and nothing was handed over"
    assert [row[1] for row in slots.today_reasons["hand_off"].find(mira, NOON, 9)] == [missing, missing]
    run_at(NOON)
    found = list(slots.today_reasons["hand_off"].find(mira, NOON, 9))
    assert [row[1] for row in found] == [f"{missing}; Onboarding waits for it", missing]


def test_another_fact_than_the_one_it_waits_for_is_no_wait(begun, run_at):
    run_at(NOON)
    rows = Account.objects.annotate(hand_off=waits_for("hand_off.written"), call=waits_for("call.logged"))
    assert rows.values_list("hand_off", "call").get() == ("Onboarding", None)
    Enrollment.objects.update(state="exited")
    assert rows.values_list("hand_off", "call").get() == (None, None)


def test_the_flow_draws_both_ways(begun, mira):
    page = browse(mira).get("/workflows/onboarding/").content.decode()
    assert "It goes on by itself when that is there, and waits 14 days at most." in page
    assert page.index("when it is there") < page.index("not there after 14 days") < page.index("Write the hand-off of")


def test_an_admin_sets_the_switch(ada):
    client = browse(ada)
    page = client.get("/workflows/onboarding/?tab=settings").content.decode()
    assert "a task tells the owner that the hand-off is missing, and the onboarding begins without it." in page
    rest = {"case_study_day": 3, "check_in_day": 7, "success_feature": "x", "success_count": 1, "hand_off_days": 5}
    client.post("/workflows/onboarding/activation/")
    client.post("/workflows/onboarding/settings/", rest | {"wait_for_hand_off": "on"})
    workflow = Workflow.objects.get()
    assert workflow.settings["wait_for_hand_off"] is True
    assert workflow.version.definition["steps"][0]["at_most_days"] == 5
    changed = client.get("/workflows/onboarding/?tab=versions").context["lines"][0]["settings"]
    assert [(s["value"], s["was"]) for s in changed if s["label"] == "Wait for the hand-off"] == [("yes", "no")]
    client.post("/workflows/onboarding/settings/", rest)
    workflow.refresh_from_db()
    assert workflow.settings["wait_for_hand_off"] is False
    assert workflow.version.definition["steps"][0]["id"] == "day-1"
