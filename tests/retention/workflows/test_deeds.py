"""Did one thing and not another; milestones; at one moment; only by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.timeline.actions import Fact, record
from retention.usage.models import UsageDay
from retention.workflows import actions, definition, wording
from retention.workflows.definition import DefinitionError
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Enrollment, Workflow
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK, published_at, work_at

TICK = timedelta(microseconds=1)
MIDNIGHT = NOON.replace(hour=0)  # the tests' house is in UTC


def lack(days: int = 3, since: str = "first", did=None, lacks=None):
    did, lacks = did or {"feature": "reports"}, lacks or {"feature": "exports"}
    trigger = {"when": "lack", "did": did, "lacks": lacks, "days": days, "since": since}
    return {"trigger": trigger, "steps": [TASK]}


def reach(times: int = 10, **did):
    return {
        "trigger": {"when": "reach", "did": {**(did or {"feature": "contact_added"}), "times": times}},
        "steps": [TASK],
    }


def used(account, day: date, feature: str = "reports", count: int = 1) -> None:
    UsageDay.objects.create(account=account, feature=feature, day=day, count=count)


def _today(days: int = 0) -> date:
    return (NOON + days * DAY).date()


@pytest.mark.parametrize(("at", "entered"), [(MIDNIGHT + 4 * DAY - TICK, 0), (MIDNIGHT + 4 * DAY, 1)])
def test_so_many_days_after_the_first_use(publish, run_at, at, entered):
    publish(lack())
    used(factories.account(), _today(1))
    run_at(at)
    run_at(at)
    assert Enrollment.objects.count() == entered


@pytest.mark.parametrize(("at", "entered"), [(NOON + 3 * DAY - TICK, 0), (NOON + 3 * DAY, 1)])
def test_so_many_days_after_a_fact(publish, run_at, at, entered):
    publish(lack(did={"fact": "deal.won"}, lacks={"fact": "hand_off.written"}))
    record(Fact(factories.account().pk, "deal.won", "Won", NOON))
    run_at(at)
    run_at(at)
    assert Enrollment.objects.count() == entered


@pytest.mark.parametrize(("exported", "entered"), [(-100, 0), (1, 0), (4, 0), (5, 1)])
def test_whoever_has_ever_done_the_other_does_not_enter(publish, run_at, exported, entered):
    publish(lack())
    account = factories.account()
    used(account, _today(1))
    if exported < 5:
        used(account, _today(exported), "exports")
    run_at(NOON + 4 * DAY)
    used(account, _today(5), "exports") if exported == 5 else None
    run_at(NOON + 6 * DAY)
    assert Enrollment.objects.count() == entered


def test_it_enters_once_however_often_they_do_it_by_the_first_time(publish, run_at):
    publish(lack())
    account = factories.account()
    for day in (1, 2, 9, 30):
        used(account, _today(day))
    for day in range(45):
        run_at(NOON + day * DAY)
    assert Enrollment.objects.count() == 1


def test_by_the_last_time_each_spell_enters_once(publish, run_at):
    publish(lack(since="last"))
    account = factories.account()
    used(account, _today(1))
    used(account, _today(3))
    for day in range(9):
        run_at(NOON + day * DAY)
    assert [e.anchor for e in Enrollment.objects.all()] == [_today(6)]
    used(account, _today(9))
    for day in range(9, 20):
        run_at(NOON + day * DAY)
    assert [e.anchor for e in Enrollment.objects.order_by("id")] == [_today(6), _today(12)]
    used(account, _today(20))
    used(account, _today(21), "exports")
    for day in range(20, 30):
        run_at(NOON + day * DAY)
    assert Enrollment.objects.count() == 2


def test_at_least_so_often_and_less_than_so_often(publish, run_at):
    publish(lack(did={"feature": "reports", "times": 5}, lacks={"feature": "exports", "times": 2}))
    often, seldom, tried = (factories.account() for _ in range(3))
    for account, count in ((often, 5), (seldom, 4), (tried, 9)):
        used(account, _today(1), count=count)
    used(often, _today(2), "exports")
    used(tried, _today(2), "exports", 2)
    run_at(NOON + 4 * DAY)
    assert Enrollment.objects.get().account == often


@pytest.mark.parametrize(("brought", "entered"), [(28, 1), (29, 0)])
def test_use_that_a_file_brings_late_counts_for_a_month(publish, run_at, brought, entered):
    """The stretch of a day's first look begins 32 days before the day of the look before it."""
    publish(lack(days=0))
    for day in range(60):
        if day == brought + 5:
            used(factories.account(), _today(0))
        run_at(NOON + day * DAY)
    assert Enrollment.objects.count() == entered


def test_who_did_it_long_ago_enters_only_when_asked_for(publish, run_at):
    workflow = publish(lack())
    used(factories.account(), _today(-100))
    run_at(NOON + DAY)
    assert not Enrollment.objects.exists()
    Workflow.objects.filter(pk=workflow.pk).update(swept_until=None)
    run_at(NOON + DAY)
    assert Enrollment.objects.count() == 1


def test_a_milestone_is_reached_by_the_sum_of_all_days(publish, run_at):
    publish(reach())
    account, short = factories.account(), factories.account()
    used(account, _today(-5), "contact_added", 6)
    used(short, _today(-5), "contact_added", 6)
    run_at(NOON)
    used(account, _today(1), "contact_added", 4)
    used(short, _today(1), "contact_added", 3)
    run_at(NOON + DAY)
    run_at(NOON + 2 * DAY)
    enrollment = Enrollment.objects.get()
    assert enrollment.account == account
    said = wording.cause(enrollment.facts, _today(1))
    assert said == "Used “contact_added” 10 times: 2 June"


def test_who_had_reached_it_before_does_not_enter(publish, run_at):
    account = factories.account()
    used(account, _today(-1), "contact_added", 10)
    publish(reach())
    used(account, _today(1), "contact_added", 10)
    run_at(NOON + 2 * DAY)
    assert not Enrollment.objects.exists()


@pytest.mark.parametrize(("times", "entered"), [(3, 1), (4, 0)])
def test_the_nth_fact_is_a_milestone(publish, run_at, times, entered):
    publish(reach(times, fact="purchase.made"))
    account = factories.account().pk
    for day in range(3):
        record(Fact(account, "purchase.made", "Bought", NOON + day * DAY), react=False)
    for day in range(5):
        run_at(NOON + day * DAY)
    assert Enrollment.objects.count() == entered


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (lack(7), "7 days after they first used “reports”, and have not used “exports”"),
        (
            lack(1, "last", {"fact": "deal.won", "times": 2}),
            "1 day after they last had “Deal won” 2 times, and have not used “exports”",
        ),
        (reach(), "When they have used “contact_added” 10 times"),
    ],
)  # fmt: skip
def test_they_stand_in_words(db, plan, said):
    assert wording.trigger_sentence(definition.parse({"name": "x", **plan})) == said


@pytest.mark.parametrize("did", [{}, {"feature": "a", "fact": "b.c"}, {"feature": "a", "times": 0}])
def test_a_bad_deed_is_refused_with_its_place(db, did):
    with pytest.raises(DefinitionError, match=r"trigger\.did"):
        definition.parse({"name": "Bad", "trigger": {"when": "reach", "did": did}, "steps": [TASK]})


def test_why_says_what_was_done_and_what_not(publish):
    workflow = publish(lack())
    trigger = definition.parse({"name": "x", **lack()}).trigger
    account = factories.account()
    why = trigger_kinds["lack"].why
    assert [each.holds for each in why(trigger, workflow, account.pk, NOON)] == [False, True]
    used(account, _today(-2))
    assert [(each.value, each.holds) for each in why(trigger, workflow, account.pk, NOON)] == [
        ("30 May, 00:00", True), ("0 ×", True), ("on 2 June, 00:00", False),
    ]  # fmt: skip
    milestone = definition.parse({"name": "x", **reach(2, feature="reports")}).trigger
    assert [(each.value, each.holds) for each in trigger_kinds["reach"].why(milestone, workflow, account.pk, NOON)] == [
        ("1 ×", False)
    ]


@pytest.mark.django_db
@settings(max_examples=25)
@given(
    history=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(-6, 20)), max_size=8, unique=True),
    days=st.integers(0, 6), since=st.sampled_from(["first", "last"]), step=st.integers(1, 3),
)  # fmt: skip
def test_lacking_is_as_the_words_say(history, days, since, step):
    """Beside a walk over the days: what is done on a day is known before that day's look; looks come each few days."""
    looks = list(range(0, 31, step))
    expected = set()
    for today in looks:
        did = [day for what, day in history if what == "a" and day <= today]
        if not did:
            continue
        at = min(did) if since == "first" else max(did)
        other = [day for what, day in history if what == "b" and day <= today and (since == "first" or day >= at)]
        if 0 <= at + days <= today and not other:
            expected.add(at)
    with transaction.atomic():
        published_at(MIDNIGHT, lack(days, since, {"feature": "a"}, {"feature": "b"}))
        account = factories.account()
        known = -100
        for today in looks:
            for what, day in history:
                if known < day <= today:
                    used(account, _today(day), what)
            known = today
            work_at(NOON + today * DAY)
        done = {datetime.fromisoformat(e.facts["done_at"]).astimezone(UTC).date() for e in Enrollment.objects.all()}
        assert done == {_today(day) for day in expected}
        assert Enrollment.objects.count() == len(expected)
        transaction.set_rollback(True)


def once(at: datetime, **more):
    return {"trigger": {"when": "once", "at": at.isoformat(), **more}, "steps": [TASK]}


@pytest.mark.parametrize(("at", "entered"), [(NOON + DAY - TICK, 0), (NOON + DAY, 2), (NOON + 9 * DAY, 2)])
def test_at_one_moment_everybody_who_fits_then_enters_once(publish, run_at, at, entered):
    publish(once(NOON + DAY, where={"field": "lifecycle", "op": "is", "value": "customer"}))
    for lifecycle in ("customer", "customer", "lead"):
        factories.account(lifecycle=lifecycle)
    run_at(at)
    run_at(at)
    assert Enrollment.objects.count() == entered
    late = factories.account(lifecycle="customer")
    run_at(NOON + 10 * DAY)
    assert Enrollment.objects.filter(account=late).exists() == (not entered)


def test_it_may_be_the_moment_at_which_it_is_switched_on_and_not_one_before(publish, run_at):
    factories.account()
    publish(once(NOON), slug="now")
    publish(once(NOON - TICK), slug="passed")
    run_at(NOON)
    run_at(NOON + timedelta(minutes=1))
    run_at(NOON + timedelta(minutes=2))
    assert list(Enrollment.objects.values_list("workflow__slug", flat=True)) == ["now"]


def test_a_moment_without_a_zone_is_of_this_house(db):
    plan = definition.parse({"name": "x", **once(datetime(2026, 7, 1, 9))})
    assert wording.trigger_sentence(plan) == "Once, on 1 July 2026 at 09:00, everybody who fits"
    assert plan.trigger.model_dump(mode="json")["at"] == "2026-07-01T09:00:00Z"


def test_one_moment_is_the_next_that_is_due(publish):
    publish(once(NOON + 7 * DAY))
    assert actions.next_due(NOON) == NOON + 7 * DAY


def test_only_by_hand_nobody_enters_by_themselves(publish, run_at):
    publish({"trigger": {"when": "hand"}, "steps": [TASK]})
    record(Fact(factories.account().pk, "deal.won", "Won", NOON))
    run_at(NOON + DAY)
    assert not Enrollment.objects.exists()
    assert wording.cause({"when": "hand", "by": "Ada", "act": 3}, _today()) == "Enrolled by Ada, from a list"
