"""Taking people under way to another version: what was previewed is what happens, nothing twice, and back again."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from unittest import mock

import pytest

from crm.history.actions import act, undo
from crm.outbox.models import OutboundMessage
from crm.todos.models import Task
from retention.workflows import actions, definition, guard
from retention.workflows.changing import flight, moving
from retention.workflows.models import Enrollment, Move, StepRun
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, MAIL, TASK

REST = {"id": "rest", "do": "wait", "for": {"days": 3}}
BYE = {**MAIL, "id": "bye", "subject": "Goodbye"}
EXTRA = {**MAIL, "id": "extra", "subject": "One more thing"}
FIRST = {"trigger": {"when": "fact", "kind": "deal.won"}, "steps": [MAIL, REST, BYE]}


@pytest.fixture
def workflow(publish):
    return publish(FIRST)


def move(workflow, by=None, *, visit_added=False):
    with act("workflow.moved", "moved", by, NOON) as deed:
        return moving.begin(workflow, deed, NOON, visit_added=visit_added)


def plan_of(workflow):
    return definition.parse(workflow.version.definition)


def test_an_added_step_reaches_exactly_the_previewed_people(workflow, republish, stand, run_at):
    fresh = [stand(workflow, "hello") for _ in range(3)]
    waiting = [stand(workflow, "bye", "hello", "rest", due_at=NOON + DAY) for _ in range(4)]
    republish(workflow, MAIL, EXTRA, REST, BYE)
    seen = flight.groups(workflow, plan_of(workflow), workflow.version_id)
    assert [(group.at.step_id, group.place.step_id, group.count) for group in seen] == [
        ("hello", "hello", 3), ("bye", "bye", 4),
    ]  # fmt: skip
    assert move(workflow).moved == 7
    run_at(NOON + 10 * DAY)
    got = StepRun.objects.filter(step_id="extra").values_list("enrollment_id", flat=True)
    assert set(got) == {row.pk for row in fresh}
    assert set(Enrollment.objects.values_list("state", "version_id")) == {("done", workflow.version_id)}
    assert StepRun.objects.filter(step_id="bye").count() == 7
    assert StepRun.objects.filter(enrollment__in=waiting, step_id="hello", kind="message").count() == 0


def test_asked_to_visit_what_was_added_it_reaches_them_too_and_sends_nothing_twice(workflow, republish, stand, run_at):
    waiting = stand(workflow, "bye", "hello", "rest", due_at=NOON + DAY)
    republish(workflow, MAIL, EXTRA, REST, BYE)
    move(workflow, visit_added=True)
    run_at(NOON + DAY - timedelta(seconds=1))
    assert not OutboundMessage.objects.exists()
    run_at(NOON + DAY)
    assert [mail.title for mail in OutboundMessage.objects.order_by("id")] == ["One more thing", "Goodbye"]
    waiting.refresh_from_db()
    assert waiting.state == "done"


def test_who_stands_before_a_removed_step_goes_on_with_the_next_and_who_has_none_finishes(workflow, republish, stand):
    first, last = stand(workflow, "rest", "hello"), stand(workflow, "bye", "hello", "rest")
    republish(workflow, MAIL, {**TASK, "id": "call"})
    made = move(workflow)
    rows = dict(Enrollment.objects.values_list("pk", "step_id"))
    assert rows == {first.pk: "call", last.pk: "call"}
    republish(workflow, MAIL)
    made = move(workflow)
    assert (made.moved, made.ended) == (2, 2)
    assert set(Enrollment.objects.values_list("state", "ended_because")) == {("done", moving.ENDED)}


def test_those_who_finished_or_left_and_those_of_the_version_stay(workflow, republish, stand):
    ended = [stand(workflow, "bye", state=state, ended_at=NOON) for state in ("done", "exited", "reached")]
    old = workflow.version_id
    republish(workflow, MAIL, BYE)
    current = stand(workflow, "hello")
    assert move(workflow).moved == 0
    assert set(Enrollment.objects.exclude(pk=current.pk).values_list("version_id")) == {(old,)}
    assert len(ended) == 3


def test_planned_mail_of_a_step_that_was_taken_out_does_not_leave(workflow, republish, stand, run_at):
    stand(workflow, "hello")
    run_at(NOON)
    mail = OutboundMessage.objects.get()
    assert list(flight.planned(workflow)) == [("hello", workflow.version_id, 1)]
    republish(workflow, REST, BYE)
    assert guard.refuse([mail], NOON) == {}  # who stays on theirs gets it
    move(workflow)
    assert guard.refuse([mail], NOON)[mail.pk].reason == guard.TAKEN_OUT


def test_planned_mail_of_a_step_with_other_words_leaves_as_it_was_planned(workflow, republish, stand, run_at):
    stand(workflow, "hello")
    run_at(NOON)
    republish(workflow, {**MAIL, "subject": "Other words"}, REST, BYE)
    move(workflow)
    mail = OutboundMessage.objects.get()
    assert guard.refuse([mail], NOON) == {}
    assert mail.title.startswith("Hello")


def test_a_parked_one_moves_and_stays_parked(workflow, republish, stand):
    row = stand(workflow, "hello", state="parked", attempts=5, ended_because="Broken")
    republish(workflow, {**MAIL, "subject": "Mended"}, REST, BYE)
    move(workflow)
    row.refresh_from_db()
    assert (row.state, row.version_id, row.ended_because) == ("parked", workflow.version_id, "Broken")


AWAIT = {"id": "seen", "do": "await", "fact": "account.seen", "called": "a visit", "at_most_days": 7, "late": [TASK]}


@pytest.mark.parametrize(("days", "anew"), [(7, False), (10, True)])
def test_who_waits_for_a_fact_waits_on_or_anew_where_the_step_is_another(publish, republish, stand, days, anew):
    workflow = publish({**FIRST, "steps": [AWAIT, BYE]})
    until = NOON + 5 * DAY
    row = stand(workflow, "seen", due_at=until, awaits_until=until)
    republish(workflow, {**AWAIT, "at_most_days": days}, BYE)
    move(workflow)
    row.refresh_from_db()
    assert (row.due_at, row.awaits_until) == ((NOON, None) if anew else (until, until))


def test_undone_those_go_back_who_have_done_nothing_since(workflow, republish, stand, run_at, ada):
    still, acting = (stand(workflow, "bye", "hello", "rest", due_at=NOON + days * DAY) for days in (5, 1))
    ending = stand(workflow, "rest", "hello", due_at=NOON + 9 * DAY)
    first = workflow.version_id
    republish(workflow, MAIL, EXTRA, BYE)
    made = move(workflow, ada)
    run_at(NOON + DAY)
    undone = undo(made.act, ada, NOON + DAY)
    assert undone.reverted == 2
    assert [(one.pk, one.because) for one in undone.kept] == [(acting.pk, "they have gone on since")]
    for row, step in ((still, "bye"), (ending, "rest")):
        row.refresh_from_db()
        assert (row.version_id, row.step_id, row.state, row.passes) == (first, step, "active", None)
    acting.refresh_from_db()
    assert acting.version_id == workflow.version_id


def test_undone_those_come_back_for_whom_nothing_was_left(workflow, republish, stand, ada):
    row = stand(workflow, "bye", "hello", "rest")
    republish(workflow, MAIL)
    made = move(workflow, ada)
    undo(made.act, ada, NOON)
    row.refresh_from_db()
    assert (row.state, row.step_id, row.ended_at, row.ended_because) == ("active", "bye", None, "")


def test_many_are_moved_by_the_worker_slice_by_slice_in_one_act(workflow, republish, stand, ada):
    rows = [stand(workflow, "bye", "hello", "rest", due_at=NOON + DAY) for _ in range(7)]
    republish(workflow, MAIL, EXTRA, BYE)
    with mock.patch.multiple(moving, SLICE=3, AT_ONCE=5):
        made = move(workflow, ada)
        assert made.state == "running"
        assert Enrollment.objects.filter(version=workflow.version_id).count() == 0
        looked = []
        while step := moving.work(NOON):
            looked.append(step)
    made.refresh_from_db()
    assert (looked, made.state, made.moved) == ([3, 3, 1], "done", 7)
    assert Enrollment.objects.filter(version=workflow.version_id).count() == len(rows)
    assert Move.objects.count() == 1


def test_who_enters_while_it_is_at_work_is_left_alone(workflow, republish, stand):
    stand(workflow, "bye", "hello", "rest")
    old = workflow.version_id
    republish(workflow, MAIL, BYE)
    with mock.patch.object(moving, "AT_ONCE", 0):
        move(workflow)
    late = stand(workflow, "hello")
    Enrollment.objects.filter(pk=late.pk).update(version=old)
    while moving.work(NOON):
        pass
    assert Counter(Enrollment.objects.values_list("version_id", flat=True)) == {old: 1, workflow.version_id: 1}


def test_the_work_of_workflows_includes_it(workflow, republish, stand):
    stand(workflow, "bye", "hello", "rest", due_at=NOON + DAY)
    republish(workflow, MAIL, BYE)
    with mock.patch.object(moving, "AT_ONCE", 0):
        move(workflow)
    while actions.work(NOON):
        pass
    assert Move.objects.get().state == "done"
    assert not Task.objects.exists()
