"""Steps that change something: fields, deals, webhooks, other workflows. Once each, whatever is repeated."""

import json

import pytest

from crm.fields.models import CustomField
from crm.pipelines.models import Deal
from crm.timeline.actions import Fact, record
from crm.timeline.models import Pending
from crm.webhooks.models import WebhookDelivery
from retention.workflows import definition, published
from retention.workflows.definition import DefinitionError
from retention.workflows.models import Enrollment, StepRun, Workflow
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK, silent
from tests.retention.workflows.steps.conftest import DUE, again, outcomes


def refused(step, says):
    with pytest.raises(DefinitionError) as error:
        definition.parse({"name": "Test", **silent(), "steps": [step]})
    assert says in str(error.value)


# Fields ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def seats(db):
    return CustomField.objects.create(subject="account", key="seats", name="Seats", type="number", created_at=NOON,
                                      updated_at=NOON)  # fmt: skip


def setting(**fields):
    named = [{"field": name.replace("__", "."), "value": value} for name, value in fields.items()]
    return {"id": "set", "do": "set", "fields": named}


def test_fields_are_set_emptied_and_seen_by_the_next_step(walk, seats):
    account = factories.account(last_seen_at=NOON, industry="Optics", tags=["old"])
    step = {**setting(custom__seats="12", industry="", language="de"), "add_tags": ["big"], "remove_tags": ["old"]}
    asks = {"field": "custom.seats", "op": ">", "value": 11}
    said = walk(step, {"id": "if", "do": "branch", "if": asks, "then": [TASK]})
    assert said[0] == (
        "Added the tag big, took off the tag old, set Seats to “12”, emptied Industry, set Language to “de”"
    )
    assert said[1] == "Took the way “yes”"
    account.refresh_from_db()
    assert (account.custom, account.industry, account.language, account.tags) == ({"seats": "12"}, "", "de", ["big"])


def test_what_is_so_already_is_left_alone(walk, seats):
    account = factories.account(last_seen_at=NOON, language="de", custom={"seats": "3"}, tags=["big"])
    before = type(account).objects.get(pk=account.pk).updated_at
    walk({**setting(custom__seats=3, language="de"), "add_tags": ["big"]})
    again()
    account.refresh_from_db()
    assert (account.updated_at, account.tags) == (before, ["big"])


def test_a_field_that_has_gone_is_said_and_all_go_on(publish, run_at, seats):
    publish(silent() | {"steps": [setting(custom__seats=3, language="de"), TASK]})
    seats.archived_at = NOON
    seats.save()
    published.of_version.cache_clear()
    factories.account(last_seen_at=NOON)
    run_at(DUE)
    said = outcomes()
    assert said[0] == "Could not set custom.seats: there is no such field of your own, set Language to “de”"
    assert Enrollment.objects.get().state == "done"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"lifecycle": "churned"}, "steps[0].fields[0]: no workflow sets “lifecycle”; it sets industry, "),
        ({"risk": "high"}, "no workflow sets “risk”"),
        ({"owner": 1}, "no workflow sets “owner”"),
        ({"custom__colour": "red"}, "there is no such field of your own"),
        ({"custom__seats": "many"}, "steps[0].fields[0]: Seats "),
        ({"timezone": "Mars/Olympus"}, "“Mars/Olympus” is no time zone"),
        ({"country": "XX"}, "“XX” is no country"),
        ({"language": "x" * 11}, "steps[0].fields[0]: At most 10 characters fit here"),
    ],
)
def test_a_value_must_fit_its_field(seats, fields, says):
    refused(setting(**fields), says)


def test_a_field_is_set_once(seats):
    named = [{"field": "language", "value": "de"}, {"field": "language", "value": "fr"}]
    refused({"id": "set", "do": "set", "fields": named}, "a field is set twice")


# Deals ----------------------------------------------------------------------------------------------------------------


def opening(stage, **more):
    return {"id": "deal", "do": "deal", "stage": stage.pk, "title": "Renewal of {{ account.name }}", **more}


def test_a_deal_is_opened_once(walk, sales, mira):
    factories.account("Small", last_seen_at=NOON, owner=mira)
    assert walk(opening(sales.talk, amount="120.50", close_in_days=30)) == [
        "Opened the deal “Renewal of Small” in Talk"
    ]
    deal = Deal.objects.get()
    assert (deal.owner, deal.stage, str(deal.amount)) == (mira, sales.talk, "120.50")
    deal.delete()
    again()
    again()
    assert Deal.objects.count() == 1
    assert outcomes() == ["No deal opened: “Renewal of Small” is open in Sales"]


def test_another_one_is_opened_only_if_asked_and_never_twice_for_one_step(walk, sales):
    factories.account("Small", last_seen_at=NOON)
    walk(opening(sales.talk), {**opening(sales.talk, if_open="open"), "id": "second"})
    again()
    assert Deal.objects.count() == 2


def test_the_open_deal_is_moved_by_the_pipelines_own_rules(walk, sales):
    sales.demo.required = ["amount"]
    sales.demo.save()
    factories.account("Small", last_seen_at=NOON)
    factories.account("Big", last_seen_at=NOON)
    to_demo = {"id": "move", "do": "deal", "way": "move", "stage": sales.demo.pk}
    big = {"field": "name", "op": "is", "value": "Big"}
    said = walk({"id": "if", "do": "branch", "if": big, "then": [opening(sales.talk, amount=5)]}, to_demo)
    assert "No deal moved: none is open in Sales" in said
    assert "Moved the deal “Renewal of Big” to Demo" in said
    assert Deal.objects.get().stage == sales.demo


def test_what_the_stage_asks_for_is_told_and_nothing_half_done(walk, sales):
    sales.demo.required = ["amount"]
    sales.demo.save()
    factories.account("Small", last_seen_at=NOON)
    move = {"id": "move", "do": "deal", "way": "move", "stage": sales.demo.pk}
    said = walk(opening(sales.talk), move, {**opening(sales.demo, if_open="open"), "id": "more"}, TASK)
    assert said[1].startswith("No deal moved: Demo asks for something")
    assert said[2].startswith("No deal opened: Demo asks for something")
    assert Deal.objects.get().stage == sales.talk
    assert Enrollment.objects.get().state == "done"


def test_where_a_deal_goes_must_be_there(sales):
    refused({"id": "deal", "do": "deal", "stage": 999, "title": "X"}, "steps[0].stage: this stage is not in use")
    refused(opening(sales.won), "a deal begins in an open stage")
    refused({**opening(sales.lost), "way": "move"}, "a person says what became of a deal before it goes to Lost")
    refused({"id": "deal", "do": "deal", "stage": sales.talk.pk}, "say what the deal is called")


# Webhooks -------------------------------------------------------------------------------------------------------------


def test_a_webhook_is_told_once_with_the_step(walk, warehouse):
    account = factories.account("Small", last_seen_at=NOON)
    factories.contact(account)
    step = {"id": "tell", "do": "webhook", "endpoint": warehouse.pk, "note": "{{ account.name }} is quiet"}
    assert walk(step) == ["Told Warehouse"]
    again()
    row = WebhookDelivery.objects.get()
    told = json.loads(row.body)
    assert (row.kind, told["type"], told["data"]["note"]) == ("workflow.step", "workflow.step", "Small is quiet")
    assert told["data"]["account"] == {"id": account.pk, "name": "Small"}


def test_a_webhook_that_is_gone_is_said(publish, run_at, warehouse):
    publish(silent() | {"steps": [{"id": "tell", "do": "webhook", "endpoint": warehouse.pk}]})
    warehouse.removed_at = NOON
    warehouse.save()
    factories.account(last_seen_at=NOON)
    run_at(DUE)
    assert outcomes() == ["Nobody told: the webhook is gone"]
    assert not WebhookDelivery.objects.exists()
    refused({"id": "tell", "do": "webhook", "endpoint": warehouse.pk}, "steps[0].endpoint: there is no such webhook")


# Other workflows ------------------------------------------------------------------------------------------------------

HAND = {"when": "fact", "kind": "never.told"}


def other(publish, slug, *steps):
    return publish({"trigger": HAND, "steps": list(steps)}, slug)


def into(slug, step_id="into"):
    return {"id": step_id, "do": "enroll", "workflow": slug}


def test_a_customer_is_enrolled_elsewhere_once_and_taken_out_again(publish, walk, run_at):
    other(publish, "care", {"id": "three", "do": "wait", "for": {"days": 3}}, TASK)
    factories.account(last_seen_at=NOON)
    said = walk(into("care"), into("care", "again"), {"id": "rest", "do": "wait", "for": {"days": 1}},
                {"id": "out", "do": "leave", "workflow": "care"})  # fmt: skip
    assert said[:2] == ["Enrolled in Care", "Was in Care already"]
    inside = Enrollment.objects.get(workflow__slug="care")
    assert (inside.depth, inside.facts["when"], inside.facts["workflow"]) == (1, "step", "Test")
    run_at(DUE + DAY)
    inside.refresh_from_db()
    assert (inside.state, inside.ended_because) == ("exited", "The workflow Test took them out")
    assert outcomes()[-1] == "Taken out of Care"


def test_whether_somebody_may_enter_again_holds_for_steps_too_and_some_are_held_out(publish, walk, run_at):
    publish({"trigger": HAND, "steps": [TASK], "again": {"may": "never"}, "holdout_percent": 50}, "care")
    for number in range(12):
        factories.account(f"No. {number}", last_seen_at=NOON)
    said = walk(into("care"), {"id": "day", "do": "wait", "for": {"days": 1}}, into("care", "again"))
    assert said.count("Enrolled in Care") == 12
    assert 0 < Enrollment.objects.filter(workflow__slug="care", held_out=True).count() < 12
    run_at(DUE + DAY)
    assert outcomes()[-1] == "Was in Care already, or may not enter again yet"
    assert Enrollment.objects.filter(workflow__slug="care").count() == 12


def test_a_workflow_that_is_off_takes_nobody_in(publish, walk):
    other(publish, "care", TASK)
    Workflow.objects.filter(slug="care").update(state="off")
    factories.account(last_seen_at=NOON)
    assert walk(into("care"), {"id": "out", "do": "leave", "workflow": "care"}) == [
        "Not enrolled: Care is not on", "Was not in Care",
    ]  # fmt: skip
    assert not Enrollment.objects.filter(workflow__slug="care").exists()


def rewritten(workflow, *steps):
    """Published with these steps, whatever they name."""
    workflow.version.definition["steps"] = list(steps)
    workflow.version.save()
    published.of_version.cache_clear()


def test_it_is_not_enrolled_into_itself_and_what_it_names_must_be_there(publish, run_at):
    refused(into("nothing"), "steps[0].workflow: there is no workflow 'nothing'")
    rewritten(publish(silent(), "loop"), into("loop"), into("nothing", "more"))
    factories.account(last_seen_at=NOON)
    run_at(DUE)
    assert outcomes("loop") == ["Not enrolled: this is the same workflow", "Not enrolled: nothing is not on"]


def test_two_workflows_that_enroll_each_other_end_after_five(publish, walk):
    ping = other(publish, "ping", TASK)
    other(publish, "pong", into("ping"))
    rewritten(ping, into("pong"))
    factories.account(last_seen_at=NOON)
    walk(into("ping"))
    assert sorted(Enrollment.objects.values_list("depth", flat=True)) == [0, 1, 2, 3, 4, 5]
    assert not Enrollment.objects.exclude(state="done").exists()
    assert StepRun.objects.order_by("-id").first().outcome == (
        "Not enrolled in Pong: 5 workflows in a row have set each other off, and that is enough"
    )


def test_facts_that_steps_record_carry_how_deep_they_are_and_a_loop_of_them_ends(publish, run_at, sales):
    loop = {"trigger": {"when": "fact", "kind": "deal.opened"}, "steps": [opening(sales.talk, if_open="open")]}
    publish(loop, "loop")
    account = factories.account(last_seen_at=NOON)
    record(Fact(account.pk, "deal.opened", "Opened by hand", NOON), now=NOON)
    run_at(NOON)
    assert Deal.objects.count() == 6
    assert sorted(Enrollment.objects.values_list("depth", flat=True)) == [0, 1, 2, 3, 4, 5, 6]
    last = Enrollment.objects.get(depth=6)
    assert (last.state, last.ended_because) == (
        "exited", "Stopped: 5 workflows in a row have set each other off, and that is enough",
    )  # fmt: skip
    assert last.runs.get().outcome == last.ended_because
    assert not Pending.objects.exists()


def test_what_people_record_afterwards_is_not_deep(publish, run_at, sales):
    publish(silent() | {"steps": [opening(sales.talk)]})
    account = factories.account(last_seen_at=NOON)
    run_at(DUE)
    record(Fact(account.pk, "note.written", "A word", DUE), now=DUE)
    assert Pending.objects.get().depth == 0
