"""What a rehearsal says, comes true; and it touches nothing."""

from datetime import timedelta

import pytest

from crm.outbox.models import OutboundMessage
from crm.todos.models import Task
from retention.workflows.models import Enrollment
from retention.workflows.rehearsal.models import Rehearsal
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import MAIL, TASK

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def test_who_falls_silent_is_rehearsed(rehearse):
    account = factories.account(last_seen_at=NOON - 10 * DAY)
    factories.contact(account)
    done = rehearse({"trigger": {"when": "silence", "days": 14}, "steps": [MAIL, TASK]})
    assert (done.state, done.error) == (Rehearsal.State.DONE, "")
    lines = list(done.lines.order_by("at", "id"))
    assert [(line.outcome, line.kind, line.account_id) for line in lines] == [
        ("entered", "", account.pk), ("sent", "message", account.pk), ("task", "task", account.pk),
    ]  # fmt: skip
    assert lines[1].at == NOON + 4 * DAY
    assert not OutboundMessage.objects.exists()
    assert not Enrollment.objects.exists()
    assert not Task.objects.exists()


def test_what_waits_for_a_yes_is_taken_to_get_it_and_a_team_takes_turns(rehearse, make_user):
    names = {make_user(name).pk for name in ("Ben", "Cleo")}
    for _ in range(4):
        factories.contact(factories.account(last_seen_at=NOON - 10 * DAY))
    steps = [{**MAIL, "approval": True}, {**TASK, "to": "turn", "group": "role:manager"},
             {**TASK, "id": "more", "to": "least", "group": "role:manager"}]  # fmt: skip
    done = rehearse({"trigger": {"when": "silence", "days": 14}, "steps": steps})
    assert done.lines.filter(outcome="sent", kind="message").count() == 4
    assert not done.lines.filter(outcome="failed").exists()
    for step in ("call", "more"):
        owners = list(done.lines.filter(outcome="task", step_id=step).values_list("user_id", flat=True))
        assert len(owners) == 4
        assert set(owners) == names
