"""The floors write what the product writes, row by row: else the bench would compare two different things."""

from datetime import date, timedelta

import pytest

from crm.outbox.models import OutboundMessage
from crm.todos.models import Task
from retention.workflows import triggers
from retention.workflows.models import Enrollment, StepRun, Workflow
from tests import factories
from tests.bench import engine
from tests.conftest import NOON

DAYS = timedelta(days=14)

#: Numbers that each run counts on.
COUNTED = ("id", "enrollment_id", "origin_id", "key")


def rows(model, *without):
    hidden = (*COUNTED, *without)
    found = [{name: value for name, value in row.items() if name not in hidden} for row in model.objects.values()]
    return sorted(found, key=str)


@pytest.fixture
def bench(transactional_db, mira):
    """The bench's workflow, with customers of each kind: owned and not, with a use case and without."""
    for number in range(6):
        account = factories.account(
            f"Customer {number}", last_seen_at=NOON - DAYS - timedelta(minutes=number), lifecycle="customer",
            created_at=NOON - 2 * DAYS,
            owner=mira if number % 2 else None, primary_use_case="reports" if number % 3 else "",
        )  # fmt: skip
        factories.contact(account)
        factories.contract(account, date(2026, 1, 1), date(2027, 1, 1) if number % 2 else None, mrr=12345)
    with engine._workflow(NOON) as workflow:
        yield workflow


def test_the_sweep_and_its_floor_write_the_same_enrollments(bench):
    since = engine._since(5, NOON)
    Workflow.objects.filter(pk=bench.pk).update(enabled_at=since, swept_until=since)
    assert engine._run(engine._floor("sweep.sql"), engine._of_the_sweep(bench, since, NOON)) == 5
    floor = rows(Enrollment)
    engine._forget(bench)
    assert triggers.sweep(NOON) == 5
    assert rows(Enrollment) == floor


def test_the_engine_and_its_floor_write_the_same_rows(bench):
    written = []
    for kind in ("floor", "ours"):
        engine._enroll(bench, 6, NOON)
        assert engine.work(kind, NOON) == 6
        written.append([rows(Enrollment), rows(StepRun), rows(OutboundMessage), rows(Task)])
        engine._forget(bench)
    for floor, ours in zip(*written, strict=True):
        assert ours == floor
    assert not Task.objects.exists()


def test_what_was_not_done_has_no_figure(bench):
    engine._enroll(bench, 6, NOON)
    assert engine.work("ours", NOON) == 6
    engine._see_what_was_done(bench, 6)
    Enrollment.objects.filter(pk=Enrollment.objects.first().pk).update(state="active")
    with pytest.raises(RuntimeError, match="5 of 6 enrollments were done, with 6 mails and 6 tasks"):
        engine._see_what_was_done(bench, 6)
