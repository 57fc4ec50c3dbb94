"""What a workflow does: groups by the ledger's own spans, names behind every figure, forty thousand customers."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client

from crm.accounts.models import Account
from crm.ledger.models import CustomerSpan
from crm.outbox.actions import work
from crm.outbox.models import OutboundMessage
from crm.web import clock
from retention.workflows import actions as workflows
from retention.workflows import definition
from retention.workflows.experiments import actions, before, effect, wording
from retention.workflows.experiments.places import EVERYTHING, is_held, of_workflow
from retention.workflows.experiments.rules import Share
from retention.workflows.models import Enrollment, StepRun, Workflow, WorkflowVersion
from tests import factories
from tests.conftest import NOON
from tests.crm.conftest import Server
from tests.retention.workflows.plans import MAIL, silent

DAY = timedelta(days=1)
START = date(2026, 6, 1)
HALF = {**silent(14), "steps": [MAIL], "holdout_percent": 50}

#: Of each hundred on either side so many have no end, and all others the same.
SHARES_STAY = """
    UPDATE crm_customerspan span
    SET ends_on = CASE
        WHEN place %% 100 >= CASE WHEN held_out THEN %(held)s ELSE %(treated)s END THEN %(until)s::date
    END
    FROM (
        SELECT account_id, held_out, row_number() OVER (PARTITION BY held_out ORDER BY account_id) - 1 AS place
        FROM retention_enrollment
    ) entered
    WHERE entered.account_id = span.account_id
"""


@pytest.fixture
def server(settings):
    """Somebody who takes mail."""
    found = Server()
    found.start()
    settings.EMAIL_URL = found.url
    yield found
    found.stop()


def client(user):
    found = Client()
    found.force_login(user)
    return found


def enter(workflow, account, *, held=False, at=NOON, **more):
    return Enrollment.objects.create(
        workflow=workflow, version=workflow.version, account=account, trigger_key=f"test:{at}", step_id="hello",
        due_at=at, entered_at=at, held_out=held, **more,
    )  # fmt: skip


def customer(until=None, since=date(2026, 1, 1)):
    account = factories.account()
    CustomerSpan.objects.create(account=account, starts_on=since, ends_on=until, mrr=100)
    return account


def found(workflow, now):
    return {(row.days, arm): (share.of, share.kept) for row in effect.rows(effect.of_workflow(workflow), now)
            for arm, share in (("treated", row.treated), ("held", row.held))}  # fmt: skip


def test_who_is_still_a_customer_is_asked_of_the_spans_on_that_day(publish):
    workflow = publish(HALF)
    enter(workflow, customer(until=START + 31 * DAY))  # still one on day 30
    enter(workflow, customer(until=START + 30 * DAY))  # the first day without
    enter(workflow, customer(), held=True)
    enter(workflow, customer(until=START))  # none any more when they entered: not counted
    enter(workflow, factories.account())
    seen = found(workflow, NOON + 90 * DAY)
    assert seen[30, "treated"] == (2, 1)
    assert seen[90, "treated"] == (2, 0)
    assert seen[30, "held"] == (1, 1)
    assert seen[180, "treated"] == (0, 0)  # nobody has been in for so long


def test_a_month_counts_when_it_is_over(publish):
    workflow = publish(HALF)
    enter(workflow, customer())
    assert found(workflow, NOON + 29 * DAY)[30, "treated"] == (0, 0)
    assert found(workflow, NOON + 30 * DAY)[30, "treated"] == (1, 1)


def test_each_counts_once_with_the_first_time(publish):
    workflow = publish(HALF)
    account = customer()
    enter(workflow, account, held=True)
    enter(workflow, account, at=NOON + DAY)
    assert found(workflow, NOON + 60 * DAY)[30, "held"] == (1, 1)
    assert found(workflow, NOON + 60 * DAY)[30, "treated"] == (0, 0)


def test_who_entered_while_nobody_was_held_out_is_in_no_group(publish):
    workflow = publish({**silent(14), "steps": [MAIL]})
    enter(workflow, customer())
    plan = definition.parse({"name": "Test", **HALF}).model_dump(mode="json", by_alias=True, exclude_none=True)
    workflow.version = WorkflowVersion.objects.create(workflow=workflow, number=2, definition=plan)
    workflow.save()
    enter(workflow, customer(), held=True)
    assert effect.versions(workflow)[0] == 50
    assert found(workflow, NOON + 60 * DAY)[30, "treated"] == (0, 0)
    assert found(workflow, NOON + 60 * DAY)[30, "held"] == (1, 1)


def test_who_is_held_out_of_everything_is_in_neither_group(publish):
    workflow = publish(HALF)
    rows = [customer() for _ in range(8)]
    for account in rows:
        enter(workflow, account)
    actions.hold_out(50, None, NOON)
    seen = sum(not is_held(EVERYTHING, account.pk, 50) for account in rows)
    assert found(workflow, NOON + 60 * DAY)[30, "treated"] == (seen, seen)


def test_the_group_of_everything_is_measured_from_its_day(db):
    rows = [customer(until=START + 10 * DAY) for _ in range(6)]
    customer(since=START + DAY)  # became one later
    actions.hold_out(50, None, NOON)
    measured = effect.rows(effect.of_everything(), NOON + 30 * DAY)[0]
    held = sum(is_held(EVERYTHING, account.pk, 50) for account in rows)
    assert (measured.held, measured.treated) == (Share(held, 0), Share(6 - held, 0))


@pytest.mark.parametrize("kept", ["", "yes", "no"])
@pytest.mark.parametrize("arm", ["treated", "held"])
def test_every_figure_opens_its_names(publish, ada, arm, kept):
    workflow = publish(HALF)
    for number in range(6):
        enter(workflow, customer(until=None if number % 2 else START + 5 * DAY), held=number > 3)
    with clock.travelling(NOON + 40 * DAY):
        figures = effect.rows(effect.of_workflow(workflow), NOON + 40 * DAY)[0]
        address = f"/workflows/test/?tab=effect&arm={arm}&days=30&kept={kept}"
        people = client(ada).get(address).context["people"]
    share = getattr(figures, arm)
    assert len(people) == {"": share.of, "yes": share.kept, "no": share.of - share.kept}[kept]


def test_names_are_those_that_one_may_see(publish, ada, olaf):
    workflow = publish(HALF)
    account = customer()
    enter(workflow, account)
    with clock.travelling(NOON + 40 * DAY):
        address = "/workflows/test/?tab=effect&arm=treated&days=30"
        assert [row.pk for row in client(ada).get(address).context["people"]] == [account.pk]
        seen = Account.objects.visible_to(olaf).filter(pk=account.pk).exists()
        assert bool(client(olaf).get(address).context["people"]) == seen


@pytest.mark.parametrize(
    "bad", ["arm=treated", "arm=treated&days=31", "arm=treated&days=30&kept=x", "arm=a&days=30&step=x"]
)
def test_an_address_of_no_figure_is_404(publish, ada, bad):
    publish(HALF)
    assert client(ada).get(f"/workflows/test/?tab=effect&{bad}").status_code == 404


@pytest.mark.parametrize(("percent", "kept"), [("10", 10), ("0", 0), ("50", 50), ("51", None), ("x", None), ("", None)])
def test_an_admin_holds_out_so_many_of_a_recipe(ada, percent, kept):
    workflows.enable("inactivity", NOON)
    client(ada).post("/workflows/inactivity/holdout/", {"percent": percent})
    workflow = Workflow.objects.get()
    assert workflow.version.definition["holdout_percent"] == (kept or 0)
    workflows.enable("inactivity", NOON)  # what is set stays
    assert Workflow.objects.get().version.definition["holdout_percent"] == (kept or 0)


def test_an_own_workflow_holds_out_too(publish, ada, mira):
    publish({**silent(14), "steps": [MAIL]})
    assert client(mira).post("/workflows/test/holdout/", {"percent": 20}).status_code == 403
    client(ada).post("/workflows/test/holdout/", {"percent": 20})
    assert Workflow.objects.get().version.definition["holdout_percent"] == 20
    assert WorkflowVersion.objects.count() == 2


def test_the_ways_of_a_split_are_counted_by_goal_answer_and_stay(publish):
    workflow = publish({**silent(14), "steps": [MAIL]})
    for number in range(4):
        row = enter(workflow, customer(), state="reached" if number < 3 else "done")
        StepRun.objects.create(enrollment=row, step_id="try", kind="split", ran_at=NOON, outcome="",
                               detail={"arm": "A" if number < 2 else "B"})  # fmt: skip
    fixed = enter(workflow, customer())
    StepRun.objects.create(enrollment=fixed, step_id="try", kind="split", ran_at=NOON, outcome="",
                           detail={"arm": "A", "fixed": True})  # fmt: skip
    seen = effect.arms(workflow, "try", NOON + 31 * DAY)
    assert [(one.name, one.reached, one.kept) for one in seen] == [
        ("A", Share(2, 2), Share(2, 2)), ("B", Share(2, 1), Share(2, 2)),
    ]  # fmt: skip


def test_the_month_before_and_after_a_version(publish):
    workflow = publish({**silent(14), "steps": [MAIL]})
    WorkflowVersion.objects.update(published_at=NOON)
    enter(workflow, customer(), state="reached", at=NOON - 5 * DAY)
    enter(workflow, customer(until=START + 3 * DAY), state="done", at=NOON + 5 * DAY)
    (change,) = before.changes(workflow, NOON + 30 * DAY)
    assert (change.reached_before, change.reached_after) == (Share(1, 1), Share(1, 0))
    assert (change.stayed_before, change.stayed_after, change.whole) == (Share(2, 2), Share(2, 1), True)
    (early,) = before.changes(workflow, NOON + 29 * DAY)
    assert not early.whole


@pytest.mark.parametrize(("better", "sure"), [(330, True), (210, False)])
def test_what_is_said_of_the_best_way_names_it(publish, ada, monkeypatch, better, sure):
    ways = [{"name": name, "weight": 50, "steps": [{**MAIL, "id": f"mail-{name}"}]} for name in ("first", "second")]
    publish({**silent(14), "steps": [{"id": "try", "do": "split", "arms": ways}]})
    none = Share(0, 0)
    found = [effect.Arm("first", Share(1000, 200), none, none), effect.Arm("second", Share(1000, better), none, none)]
    monkeypatch.setattr(effect, "arms", lambda *asked: found)
    page = client(ada).get("/workflows/test/?tab=effect").content.decode()
    assert "Of each 100 who go the way “second”" in page
    assert ("“second” wins" in page) == sure
    assert page.count("Best</span>") == page.count("btn small primary") == sure
    assert "1,000" in page


def test_the_page_warns_that_before_and_after_is_no_proof(publish, ada):
    publish(HALF)
    page = client(ada).get("/workflows/test/?tab=effect").content.decode()
    assert "Before and after is no proof." in page
    assert "Not enough people yet" in page


def test_twenty_thousand_on_each_side(publish):
    """Entered by the real draw, half held out; of each half a known share stays."""
    workflow = publish(HALF)
    first = Account.objects.create(name="A 0")
    accounts = [first.pk, *factories.copies(first, 39_999, name="'A ' || n")]
    held = [pk for pk in accounts if is_held(of_workflow(workflow.pk), pk, 50)]
    assert abs(len(held) - 20_000) < 300
    entered = enter(workflow, first, held=first.pk in held, state="done")
    factories.copies(entered, 39_999, account_id=f"{first.pk} + n",
                     held_out=f"{first.pk} + n = ANY('{{{','.join(map(str, held))}}}')")  # fmt: skip
    CustomerSpan.objects.create(account=first, starts_on=START - DAY, mrr=1)
    factories.copies(CustomerSpan.objects.get(), 39_999, account_id=f"{first.pk} + n")
    for percent, said in [(6, "More stay with it"), (0, "No difference seen"), (-6, "Fewer stay with it")]:
        with connection.cursor() as cursor:
            cursor.execute(SHARES_STAY, {"treated": 70 + percent, "held": 70, "until": START + 10 * DAY})
        row = effect.rows(effect.of_workflow(workflow), NOON + 30 * DAY)[0]
        assert (row.treated.of, row.held.of) == (40_000 - len(held), len(held))
        assert wording.said(row.verdict) == said
        assert row.verdict.interval.low <= percent / 100 <= row.verdict.interval.high


def test_nobody_held_out_has_a_sent_message(publish, run_at, server, ada):
    publish(HALF)
    for number in range(30):
        account = factories.account(last_seen_at=NOON)
        factories.contact(account, email=f"p{number}@kelp.example")
    run_at(NOON + 14 * DAY)

    with clock.travelling(NOON + 14 * DAY):
        while work(NOON + 14 * DAY):
            pass
    held = set(Enrollment.objects.filter(held_out=True).values_list("account_id", flat=True))
    states = dict(OutboundMessage.objects.values_list("account_id", "state"))
    assert held
    assert {state for pk, state in states.items() if pk in held} == {"skipped"}
    assert {state for pk, state in states.items() if pk not in held} == {"sent"}
    assert set(OutboundMessage.objects.filter(state="skipped").values_list("guard", flat=True)) == {"holdout"}
