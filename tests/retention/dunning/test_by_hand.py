"""A failed payment that no billing reports, and that somebody notes as paid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crm.accounts.models import Account
from crm.history.actions import undo
from crm.ledger.actions import by_hand
from crm.web import clock
from retention.dunning.models import DunningCase, DunningSettings
from retention.workflows import actions as workflows
from tests.conftest import NOON
from tests.retention.dunning.conftest import case_of, declined
from tests.retention.dunning.test_recipes import Run, run_all, subjects

DAY = timedelta(days=1)


def test_no_mail_goes_once_it_came_in_days_ago(on: DunningSettings, kelp: Account, mira: Any, work_at: Run) -> None:
    workflows.enable("payment-failed", NOON - DAY)
    payment = declined(kelp, NOON)
    run_all(NOON, work_at)
    run_all(NOON + DAY, work_at)
    assert len(subjects(kelp)) == 1
    now = NOON + 5 * DAY
    done = by_hand.settle(payment, clock.today(NOON), "s", mira, now)
    run_all(now, work_at)
    case = case_of(payment)
    assert (case.state, len(subjects(kelp))) == (DunningCase.State.RECOVERED, 1)
    undo(done, mira, now)
    run_all(now + DAY, work_at)
    payment.refresh_from_db()
    assert payment.status == "failed"
    assert list(DunningCase.objects.order_by("episode").values_list("state", flat=True)) == ["recovered", "open"]
