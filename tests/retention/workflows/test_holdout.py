"""Some are held out, to measure: chosen by lot for ever, they walk like everybody and get nothing of it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from crm.accounts.models import Account
from crm.history.models import Act
from crm.outbox.models import OutboundMessage
from crm.todos.models import Task
from retention.workflows import guard, journal
from retention.workflows.experiments import actions, holdout
from retention.workflows.experiments.models import HoldoutSettings
from retention.workflows.experiments.places import (
    A_PERCENT,
    EVERYTHING,
    PLACES,
    is_held,
    of_workflow,
    place,
    place_sql,
)  # fmt: skip
from retention.workflows.models import Enrollment, StepRun
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, MAIL, TASK, silent

STEPS = {"steps": [MAIL, {"id": "tell", "do": "notify", "subject": "Look", "body": "Hi"}, TASK]}


def client(user):
    found = Client()
    found.force_login(user)
    return found


def customers(count, **more):
    made = Account.objects.bulk_create([Account(name=f"Account {n}", **more) for n in range(count)])
    factories.seen(NOON)
    for one in made:
        factories.contact(one)
    return made


@pytest.mark.django_db
def test_sql_and_python_draw_the_same_place():
    for salt in (EVERYTHING, of_workflow(1), of_workflow(98_765)):
        ids = [*range(1, 2000), 2**31, 2**62]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id, {place_sql(salt, 'id')} FROM unnest(%s::bigint[]) AS id", [ids])
            assert dict(cursor.fetchall()) == {pk: place(salt, pk) for pk in ids}


def test_a_place_is_for_ever():
    """These numbers must never change: whoever was held out would not be any more."""
    assert [place(EVERYTHING, 1), place(of_workflow(7), 1), place(of_workflow(7), 2)] == [8675, 1458, 9713]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 2**40))
def test_a_larger_group_keeps_whoever_is_in_it(few, more, pk):
    if few <= more and is_held("salt", pk, few):
        assert is_held("salt", pk, more)


def test_nobody_is_in_a_group_of_none_and_the_share_is_as_asked():
    assert not any(is_held("salt", pk, 0) for pk in range(PLACES))
    held = sum(is_held("salt", pk, 10) for pk in range(100_000))
    assert 9_700 < held < 10_300  # three standard deviations
    both = sum(is_held("salt", pk, 10) and is_held("other", pk, 10) for pk in range(100_000))
    assert 900 < both < 1_100  # groups of two workflows have nothing to do with each other


def test_the_edge_of_a_group_is_sharp():
    inside = next(pk for pk in range(200_000) if place("salt", pk) == 10 * A_PERCENT - 1)
    outside = next(pk for pk in range(200_000) if place("salt", pk) == 10 * A_PERCENT)
    assert is_held("salt", inside, 10)
    assert not is_held("salt", outside, 10)


@pytest.fixture
def half(publish, run_at):
    """Forty customers in a workflow that holds out half of them."""
    workflow = publish({**silent(14), **STEPS, "holdout_percent": 50})
    customers(40)
    run_at(NOON + 14 * DAY)
    return workflow


def test_who_is_held_out_is_chosen_at_entry(half):
    for enrollment in Enrollment.objects.all():
        assert enrollment.held_out == is_held(of_workflow(half.pk), enrollment.account_id, 50)
    assert 0 < Enrollment.objects.filter(held_out=True).count() < 40


def test_the_held_out_walk_to_the_end_and_nothing_is_done(half):
    assert set(Enrollment.objects.values_list("state", flat=True)) == {"done"}
    held = set(Enrollment.objects.filter(held_out=True).values_list("account_id", flat=True))
    assert set(Task.objects.values_list("account_id", flat=True)) == set(
        Enrollment.objects.filter(held_out=False).values_list("account_id", flat=True)
    )
    runs = StepRun.objects.filter(enrollment__account_id__in=held, step_id__in=["tell", "call"])
    assert runs.count() == 2 * len(held)
    assert set(runs.values_list("outcome", flat=True)) == {"Held out: not done, to measure what the workflow does"}


def test_the_gate_refuses_their_mail_and_no_other(half):
    mails = list(OutboundMessage.objects.all())
    refused = guard.refuse(mails, NOON + 14 * DAY)
    held = set(Enrollment.objects.filter(held_out=True).values_list("account_id", flat=True))
    assert {mail.account_id for mail in mails if mail.pk in refused} == held
    refusal = next(iter(refused.values()))
    assert (refusal.guard, refusal.reason, refusal.until) == (
        "holdout", "held out, to measure what “Test” does", None,
    )  # fmt: skip


@pytest.mark.parametrize("category", ["transactional", "reply"])
def test_what_they_need_is_never_held_back(half, category):
    OutboundMessage.objects.update(category=category)
    mails = list(OutboundMessage.objects.all())
    assert guard.refuse(mails, NOON + 14 * DAY) == {}
    actions.hold_out(50, None, NOON)
    assert holdout.refuse(mails, NOON + 14 * DAY) == {}


def test_a_group_made_after_they_entered_counts_at_once(publish, run_at):
    publish({**silent(14), "steps": [MAIL, {"id": "rest", "do": "wait", "for": {"days": 1}}, TASK]})
    customers(40)
    run_at(NOON + 14 * DAY)
    assert not Enrollment.objects.filter(held_out=True).exists()
    actions.hold_out(50, None, NOON + 14 * DAY)
    mails = list(OutboundMessage.objects.all())
    group = {one.account_id for one in mails if is_held(EVERYTHING, one.account_id, 50)}
    refused = holdout.refuse(mails, NOON + 14 * DAY)
    assert {mail.account_id for mail in mails if mail.pk in refused} == group
    assert 0 < len(group) < 40
    run_at(NOON + 15 * DAY)
    assert not Task.objects.filter(account_id__in=group).exists()
    assert Task.objects.count() == 40 - len(group)


def test_mail_of_other_rooms_is_held_back_too(db):
    actions.hold_out(50, None, NOON)
    pk = next(n for n in range(1, 100) if is_held(EVERYTHING, n, 50))
    message = OutboundMessage(pk=1, account_id=pk, category="marketing", origin="campaign")
    assert holdout.refuse([message], NOON)[1].guard == "holdout"


def test_who_enters_while_there_is_such_a_group_is_marked(publish, run_at):
    actions.hold_out(50, None, NOON)
    publish(silent(14))
    customers(20)
    run_at(NOON + 14 * DAY)
    for enrollment in Enrollment.objects.all():
        assert enrollment.held_out == is_held(EVERYTHING, enrollment.account_id, 50)


def test_the_group_has_a_beginning(db):
    actions.hold_out(5, None, NOON)
    actions.hold_out(10, None, NOON + timedelta(days=3))
    assert (HoldoutSettings.the_only().percent, HoldoutSettings.the_only().since) == (10, NOON + timedelta(days=3))
    actions.hold_out(0, None, NOON + timedelta(days=4))
    assert HoldoutSettings.the_only().since is None


@pytest.mark.parametrize(("percent", "status"), [("50", 302), ("51", 422), ("-1", 422), ("x", 422), ("0", 302)])
def test_admins_set_it_within_bounds(ada, percent, status):
    assert client(ada).post("/workflows/holdout/", {"percent": percent}).status_code == status
    assert HoldoutSettings.the_only().percent == (int(percent) if status == 302 else 0)
    assert Act.objects.filter(kind=actions.SET).count() == (status == 302)


def test_nobody_else_does(mira):
    assert client(mira).post("/workflows/holdout/", {"percent": 5}).status_code == 403
    assert not HoldoutSettings.objects.exists()


def test_pages_say_who_is_held_out(half, ada):
    browser, held = client(ada), Enrollment.objects.filter(held_out=True)
    page = browser.get("/workflows/test/?tab=people&state=held-out").content.decode()
    assert page.count("Held out</span>") == held.count()
    first, other = held[0], Enrollment.objects.filter(held_out=False)[0]
    assert "Held out, to measure" in browser.get(f"/workflows/test/enrollments/{first.pk}/").content.decode()
    assert "Held out, to measure" not in browser.get(f"/workflows/test/enrollments/{other.pk}/").content.decode()


def test_the_customer_page_says_who_gets_nothing_at_all(ada):
    actions.hold_out(50, None, NOON)
    pages = {
        one: client(ada).get(f"/accounts/{one.pk}/").content.decode()
        for one in (factories.account(), factories.account(), factories.account(), factories.account())
    }
    for one, page in pages.items():
        assert ("Gets nothing that runs by itself" in page) == is_held(EVERYTHING, one.pk, 50)


def test_a_task_that_was_held_out_is_not_missing(half):
    assert journal.check(NOON + 14 * DAY)["lost"] == []
