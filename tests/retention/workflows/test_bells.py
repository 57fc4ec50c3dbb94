"""What a bell costs when nothing is due: a few statements, however many workflows there are."""

from datetime import timedelta

import pytest
from django.db import DatabaseError

from crm.todos.models import Task
from retention.workflows import actions, triggers
from retention.workflows.models import Workflow
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, WON, reminder, silent


@pytest.mark.parametrize("each", [1, 10])
def test_an_idle_bell_asks_the_same_few_questions_however_many_workflows_there_are(
    publish, django_assert_num_queries, each
):
    for number in range(each):
        publish(WON, slug=f"won-{number}")
        publish(silent(), slug=f"silent-{number}")
        publish(reminder(), slug=f"reminder-{number}")
    factories.account(last_seen_at=NOON)
    # Pending facts within a savepoint of two, who is to be swept, fallen trials, and who has somebody due.
    with django_assert_num_queries(5):
        assert actions.work(NOON) == 0


def test_what_waits_for_facts_is_never_swept(publish, django_assert_num_queries):
    workflow = publish(WON)
    with django_assert_num_queries(1):
        assert triggers.sweep(NOON + DAY) == 0
    workflow.refresh_from_db()
    assert workflow.swept_until == NOON


def test_a_sweep_that_fails_stops_no_other(publish, run_at, monkeypatch):
    broken = publish(silent(), slug="broken")
    publish(silent(), slug="sound")
    factories.account(last_seen_at=NOON)
    sweep_one = triggers.sweeping._sweep_one

    def fails(workflow, now):
        if workflow.pk == broken.pk:
            raise DatabaseError("this filter cannot be asked")
        return sweep_one(workflow, now)

    monkeypatch.setattr(triggers.sweeping, "_sweep_one", fails)
    run_at(NOON + 14 * DAY)
    assert Task.objects.count() == 1
    assert Workflow.objects.get(slug="broken").swept_until == NOON


def test_a_silence_that_became_known_late_is_found_in_the_next_hour(publish, run_at):
    publish(silent(days=3))
    late = factories.account(signed_up_on=None)
    run_at(NOON + 9 * DAY)
    factories.seen(NOON + 2 * DAY, account=late)
    run_at(NOON + 9 * DAY + timedelta(minutes=58))
    assert not Task.objects.exists()
    run_at(NOON + 9 * DAY + timedelta(hours=1))
    assert Task.objects.get().account == late
