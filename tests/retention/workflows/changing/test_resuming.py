"""A pause of two weeks ends: nothing in a burst, all of it over days, or all of it now; each as it was previewed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from crm.history.models import Act
from crm.outbox.models import OutboundMessage
from crm.todos.models import Task
from retention.workflows import actions, guard
from retention.workflows.changing.resuming import Choice, Overdue, ResumeError, overdue
from retention.workflows.models import Enrollment, StepRun
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, MAIL, TASK

REST = {"id": "rest", "do": "wait", "for": {"days": 20}}
BYE = {**MAIL, "id": "bye", "subject": "Goodbye"}
FIRST = {"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [MAIL, TASK, REST, BYE]}
AGAIN = NOON + 14 * DAY


@pytest.fixture
def paused(publish, stand, ada):
    """Paused for fourteen days, with somebody due on each of them, and one who is due later."""
    workflow = publish(FIRST)
    actions.pause(workflow, NOON, ada)
    rows = [stand(workflow, "hello", due_at=NOON + day * DAY) for day in range(14)]
    rows.append(stand(workflow, "bye", "hello", "call", "rest", due_at=AGAIN + 3 * DAY))
    workflow.refresh_from_db()
    return workflow, rows


def sent():
    return [mail.due_at for mail in OutboundMessage.objects.order_by("due_at", "id")]


def test_the_preview_counts_what_has_come_due(paused):
    found = overdue(paused[0], AGAIN)
    assert (found.people, found.mails, found.tasks, found.late) == (14, 14, 14, 12)
    assert found.first == NOON
    assert found.rate(timedelta(days=7)) == "about 2 people a day"
    assert found.rate(timedelta(hours=2)) == "about 7 people an hour"


def test_whoever_stands_at_no_step_of_their_version_is_counted_and_breaks_no_preview(paused, stand):
    stand(paused[0], "gone", due_at=NOON)
    found = overdue(paused[0], AGAIN)
    assert (found.people, found.mails) == (15, 14)


def test_left_out_nothing_leaves_and_everybody_stands_where_they_would_stand(paused, run_at):
    workflow, rows = paused
    assert actions.resume(workflow, AGAIN)
    run_at(AGAIN)
    assert not OutboundMessage.objects.exists()
    assert not Task.objects.exists()
    assert Counter(StepRun.objects.filter(kind="skipped").values_list("step_id", flat=True)) == {
        "hello": 14, "call": 14,
    }  # fmt: skip
    for day, row in enumerate(rows[:14]):
        row.refresh_from_db()
        assert (row.step_id, row.due_at) == ("bye", NOON + day * DAY + 20 * DAY)


def test_after_that_it_sends_as_ever(paused, stand, run_at):
    workflow, _rows = paused
    actions.resume(workflow, AGAIN)
    run_at(AGAIN)
    stand(workflow, "hello", due_at=AGAIN, entered_at=AGAIN)
    run_at(AGAIN + 3 * DAY)
    assert sent() == [AGAIN, AGAIN + 3 * DAY]
    run_at(AGAIN + 30 * DAY)
    assert len(sent()) == 2 + 14 + 1


def test_spread_they_go_on_in_their_order_one_after_the_other(paused, run_at):
    workflow, rows = paused
    over = timedelta(days=7)
    assert actions.resume(workflow, AGAIN, Choice("spread", over))
    at = [Enrollment.objects.get(pk=row.pk).due_at for row in rows]
    assert at[:14] == [AGAIN + over * place / 14 for place in range(14)]
    assert at[14] == AGAIN + 3 * DAY
    for hours in range(0, 7 * 24 + 1, 6):
        run_at(AGAIN + timedelta(hours=hours))
        assert OutboundMessage.objects.count() <= hours // 12 + 2
    assert max(Counter(moment.date() for moment in sent()).values()) <= 3
    mail = OutboundMessage.objects.order_by("due_at").first()
    assert mail.expires_at > mail.due_at == AGAIN  # not late: it is meant for then


def test_now_all_are_planned_at_once_and_none_is_late(paused, run_at):
    workflow, _ = paused
    assert actions.resume(workflow, AGAIN, Choice("send"))
    run_at(AGAIN + timedelta(seconds=1))
    assert len(sent()) == 14
    assert max(sent()) - min(sent()) < timedelta(seconds=1)
    assert not OutboundMessage.objects.filter(expires_at__lt=AGAIN).exists()
    assert guard.refuse(list(OutboundMessage.objects.all()), AGAIN) == {}


def test_whose_wait_for_a_fact_ran_out_meanwhile_goes_on_at_the_new_time(publish, stand, run_at):
    awaits = {"id": "seen", "do": "await", "fact": "account.seen", "called": "a visit", "at_most_days": 5}
    workflow = publish({**FIRST, "steps": [awaits, BYE]})
    actions.pause(workflow, NOON)
    until = NOON + DAY
    stand(workflow, "seen", due_at=until, awaits_until=until)
    workflow.refresh_from_db()
    actions.resume(workflow, AGAIN, Choice("send"))
    run_at(AGAIN)
    assert sent() == [AGAIN]


@pytest.mark.parametrize("wrong", [{"how": "later"}, {"how": "spread", "over": timedelta(minutes=59)},
                                   {"how": "spread", "over": timedelta(days=30, seconds=1)}])  # fmt: skip
def test_a_choice_that_nobody_has_is_refused(wrong):
    with pytest.raises(ResumeError):
        Choice(**wrong)


def test_it_stands_in_the_log_once_and_is_not_resumed_twice(paused, ada):
    workflow, _ = paused
    assert actions.resume(workflow, AGAIN, by=ada)
    assert not actions.resume(workflow, AGAIN, by=ada)
    assert list(Act.objects.order_by("id").values_list("kind", flat=True)) == ["workflow.paused", "workflow.resumed"]
    workflow.refresh_from_db()
    assert (workflow.state, workflow.paused_at, workflow.opened_at) == ("on", None, AGAIN)


@pytest.mark.parametrize(
    ("many", "said", "late"),
    [
        ({}, "", ""),
        ({"mails": 1, "late": 1}, "1 mail", "too late by now"),
        ({"mails": 5, "late": 5, "tasks": 1}, "5 mails and 1 task", "all of the mails too late by now"),
        ({"mails": 1200, "late": 2, "tasks": 3, "others": 1}, "1,200 mails, 3 tasks and 1 other step",
         "2 of the mails too late by now"),
    ],
)  # fmt: skip
def test_what_came_due_is_said_without_what_there_is_none_of(many, said, late):
    found = Overdue(**many)
    assert (found.at_once, found.too_late) == (said, late)
