"""Why somebody got something of a workflow, and why not: one sentence, and everything that was asked."""

from datetime import timedelta

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.outbox.models import OutboundMessage, Suppression
from crm.web import clock
from retention.workflows import actions
from retention.workflows.experiments import actions as experiments
from retention.workflows.experiments.places import EVERYTHING, is_held
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, MAIL, TASK, silent

ANNA = "anna@acme.example"
SHIPPING = {"field": "industry", "op": "is", "value": "Shipping"}
PLAN = {**silent(14, where=SHIPPING), "steps": [MAIL, {"id": "rest", "do": "wait", "for": {"days": 2}}, TASK],
        "exits": [{"because": "Seen again", "where": {"field": "days_silent", "op": "<", "value": 14}}]}  # fmt: skip


@pytest.fixture
def acme(db):
    account = factories.account("Acme", industry="Shipping", last_seen_at=NOON)
    factories.contact(account, first_name="Anna", last_name="Ahlers", email=ANNA)
    return account


@pytest.fixture
def ask(ada, acme):
    client = Client()
    client.force_login(ada)

    def asked(**more):
        values = {"workflow": "test", "account": acme.pk, **more}
        answer = client.get("/workflows/why/", {name: value for name, value in values.items() if value is not None})
        assert answer.status_code == 200, answer.content
        return answer

    return asked


def headline(answer):
    return answer.context["answer"].headline


def part(answer, name):
    return next(one for one in answer.context["answer"].parts if one.name == name)


def test_off_is_said_first(publish, ask):
    publish(PLAN)
    Workflow.objects.update(state="off")
    assert headline(ask()) == "Acme does not get “Test”: the workflow is off."


def test_a_condition_that_does_not_hold_is_named_with_what_was_seen(publish, ask, acme):
    publish(PLAN)
    Account.objects.update(industry="Dairy")
    found = part(ask(), "condition")
    assert [(line.label, line.value, line.holds) for line in found.lines] == [
        ("Industry is “Shipping”", "“Dairy”", False)
    ]
    assert found.holds is False


def test_who_is_in_it_is_told_since_when_and_where(publish, run_at, ask):
    publish(PLAN)
    run_at(NOON + 14 * DAY)
    assert headline(ask()).startswith("Acme is in “Test” since ")
    assert part(ask(), "ways").lines[0].value == "Under way"


@pytest.mark.parametrize(
    ("change", "guard_label", "value"),
    [
        (lambda: Contact.objects.update(email_consent="no"), "Consent", "said no"),
        (lambda: Contact.objects.update(email=None), "Who reads it", "nobody"),
        (lambda: Account.objects.update(do_not_contact=True), "May be contacted", "no"),
        (lambda: Suppression.objects.create(address=ANNA, reason="It bounced."), "Address gets mail", "no"),
    ],
)  # fmt: skip
def test_what_keeps_their_mail_back_is_asked_of_the_guards(publish, ask, change, guard_label, value):
    publish(PLAN)
    change()
    line = next(one for one in part(ask(), "mail").lines if one.label == guard_label)
    assert (line.value, line.holds) == (value, False)
    assert line.more


def test_the_mails_that_used_up_the_cap_are_named(publish, ask, run_at, acme):
    publish(PLAN)
    run_at(NOON + 14 * DAY)
    OutboundMessage.objects.update(state="sent", sending_at=NOON - timedelta(hours=1), rendered_subject="Hello Anna")
    lines = part(ask(), "mail").lines
    assert next(one.value for one in lines if one.label == "Mails lately") == "1 of 3 in 7 days"
    assert "Counted: Hello Anna" in [one.label for one in lines]


def test_who_is_held_out_of_everything_is_told_so(publish, ask, acme):
    publish(PLAN)
    experiments.hold_out(50, None, NOON)
    assert part(ask(), "group").holds is not is_held(EVERYTHING, acme.pk, 50)


def test_a_step_says_what_became_of_its_mail(publish, run_at, ask):
    publish(PLAN)
    run_at(NOON + 14 * DAY)
    assert "is planned for" in headline(ask(step="hello"))
    OutboundMessage.objects.update(state="skipped", reason="Anna Ahlers wants no such mail.", settled_at=NOON)
    assert (
        headline(ask(step="hello")) == "Anna Ahlers did not get “Hello Anna”: not sent: Anna Ahlers wants no such mail."
    )


def test_a_step_that_is_still_to_come(publish, run_at, ask):
    publish(PLAN)
    run_at(NOON + 14 * DAY)
    assert "have not come to this step" in headline(ask(step="call"))


def test_a_recipe_that_was_never_on_answers_too(ask):
    assert headline(ask(workflow="inactivity")).endswith("the workflow is off.")


def test_typing_finds_customers_and_people(publish, ask):
    publish(PLAN)
    found = ask(account=None, q="ann").content.decode()
    assert "Anna Ahlers" in found
    answered = ask(account=None, workflow="inactivity", q="Ahlers")  # one match answers at once
    assert headline(answered)


def test_nobody_is_asked_about_who_is_not_seen(publish, olaf, acme):
    publish(PLAN)
    Account.objects.update(owner=None)
    client = Client()
    client.force_login(olaf)
    seen = Account.objects.visible_to(olaf).filter(pk=acme.pk).exists()
    answer = client.get("/workflows/why/", {"workflow": "test", "account": acme.pk})
    assert (answer.status_code == 200) == seen
    page = client.get("/workflows/why/", {"q": "Acme"}).content.decode()
    assert ("<b>Acme</b>" in page) == seen


@pytest.mark.parametrize("bad", [{"account": "x"}, {"account": "99999999"}, {"workflow": "nothing"}, {"contact": "7"}])
def test_what_is_not_there_is_404(publish, ada, acme, bad):
    publish(PLAN)
    client = Client()
    client.force_login(ada)
    assert client.get("/workflows/why/", {"workflow": "test", "account": acme.pk} | bad).status_code == 404


def test_the_tab_and_the_account_page_lead_there(publish, ada, acme):
    publish(PLAN)
    client = Client()
    client.force_login(ada)
    assert "Say why" in client.get("/workflows/test/?tab=why").content.decode()
    assert client.get(f"/workflows/test/?tab=why&account={acme.pk}").context["answer"].headline
    assert f"/workflows/why/?account={acme.pk}" in client.get(f"/accounts/{acme.pk}/").content.decode()


def test_a_page_asks_few_questions(publish, run_at, ask, django_assert_max_num_queries):
    publish(PLAN)
    run_at(NOON + 14 * DAY)
    ask()
    with django_assert_max_num_queries(24):
        ask(step="hello")
    assert Enrollment.objects.count() == 1


def test_nothing_is_written_by_asking(publish, run_at, ask):
    publish(PLAN)
    run_at(NOON + 14 * DAY)
    before = list(Enrollment.objects.values()), list(OutboundMessage.objects.values())
    ask(step="hello")
    assert before == (list(Enrollment.objects.values()), list(OutboundMessage.objects.values()))
    actions.pause(Workflow.objects.get(), NOON)
    assert headline(ask())


def test_hours_of_the_workflow_and_whether_they_may_enter_again_are_told(publish, run_at, ask):
    publish(PLAN | {"hours": {"from": "13:00", "to": "14:00"}, "again": {"may": "never"}})
    run_at(NOON + 14 * DAY)
    line = next(one for one in part(ask(), "mail").lines if one.label == "Hours of this workflow")
    assert (line.value, line.holds) == ("from 1 June, 13:00", False)  # it is noon
    assert part(ask(), "ways").lines[-1].value == "Nobody enters twice."


@pytest.mark.parametrize(("days", "said", "holds"), [
    (30, "entered 15 June, so from 15 July on", False), (1, "entered 15 June, so from 16 June on", True),
])  # fmt: skip
def test_from_which_day_on_they_may_enter_again_is_said(publish, run_at, ask, time_machine, days, said, holds):
    publish(PLAN | {"again": {"may": "after", "days": days}})
    run_at(NOON + 14 * DAY)
    with clock.travelling(NOON + 16 * DAY):
        line = part(ask(), "ways").lines[-1]
    assert (line.value, line.holds) == (said, holds)
    assert line.more.startswith("Nobody enters again until")
