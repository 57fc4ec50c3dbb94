"""What customers read: kind first, firmer later, nothing any more once the money is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from crm.accounts.models import Account
from crm.billing.models import PaymentMethod
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.web import clock
from retention.dunning import story
from retention.dunning.actions import deciding
from retention.dunning.models import DunningCase, DunningSettings
from retention.workflows import actions as workflows
from retention.workflows.models import Enrollment
from tests.conftest import NOON
from tests.retention.dunning.conftest import DAY, HOUR, case_of, declined, paid

Run = Callable[[datetime], None]


def run_all(moment: datetime, work_at: Run) -> None:
    work_at(moment)
    with clock.travelling(moment):
        for _ in range(30):
            if not workflows.work(moment):
                return


def subjects(kelp: Account) -> list[str]:
    rows = OutboundMessage.objects.filter(account=kelp).select_related("template").order_by("pk")
    return [row.template.subject for row in rows]


def test_friendly_then_firmer(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    workflows.enable("payment-failed", NOON - DAY)
    declined(kelp, NOON)
    for hours in range(0, 24 * 9, 3):
        run_all(NOON + hours * HOUR, work_at)
    assert subjects(kelp) == [
        "Your last payment did not go through", "Your payment is still open",
        "Access of {{ account.name }} ends on {{ failed_payment.grace_until }}",
    ]  # fmt: skip
    last = OutboundMessage.objects.latest("pk")
    assert (last.facts["failed_payment"]["amount"], last.facts["failed_payment"]["link"]) == (
        "120.00", "https://pay.example/card",
    )  # fmt: skip


def test_it_stops_at_once_when_it_is_paid(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    """Billing has said so; nobody has closed the case yet."""
    workflows.enable("payment-failed", NOON - DAY)
    payment = declined(kelp, NOON)
    run_all(NOON, work_at)
    run_all(NOON + DAY, work_at)
    assert len(subjects(kelp)) == 1
    paid(payment, NOON + DAY + HOUR)
    with clock.travelling(NOON + 5 * DAY):
        while workflows.work(NOON + 5 * DAY):
            pass
    assert len(subjects(kelp)) == 1
    row = Enrollment.objects.get()
    assert (row.state, row.ended_because) == ("reached", "The payment came in")


def test_the_page_of_the_case_tells_of_each_mail_that_asked_for_it(
    on: DunningSettings, kelp: Account, work_at: Run, mira: User, olaf: User
) -> None:
    workflows.enable("payment-failed", NOON - DAY)
    declined(kelp, NOON)
    earlier = declined(kelp, NOON - 9 * DAY)
    for hours in range(0, 24, 3):
        run_all(NOON + hours * HOUR, work_at)
    message = OutboundMessage.objects.get(account=kelp, facts__failed_payment__isnull=False, origin_id__isnull=False)
    case = DunningCase.objects.exclude(payment=earlier).get()
    told = [one for one in story.of_case(case, mira) if one.url]
    assert [(one.url, one.words) for one in told] == [
        (f"/mail/{message.pk}/", "“Your last payment did not go through” – planned")
    ]
    OutboundMessage.objects.update(state="skipped", reason="they asked for nothing", settled_at=NOON + 2 * DAY)
    first, *_ = story.of_case(case, mira)
    assert (first.words, first.at) == (
        "“Your last payment did not go through” – not sent: they asked for nothing", NOON + 2 * DAY,
    )  # fmt: skip
    assert not [one for one in story.of_case(case, olaf) if one.url]


def test_whoever_is_forgiven_has_not_reached_the_goal(
    on: DunningSettings, kelp: Account, work_at: Run, mira: Any
) -> None:
    workflows.enable("payment-failed", NOON - DAY)
    payment = declined(kelp, NOON)
    run_all(NOON, work_at)
    deciding.forgive(case_of(payment), "Our mistake", mira, NOON + HOUR)
    run_all(NOON + DAY, work_at)
    row = Enrollment.objects.get()
    assert (row.state, row.ended_because, subjects(kelp)) == ("exited", "Nothing is failing any more", [])


def test_a_lost_card_is_asked_for_at_once(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    workflows.enable("payment-failed", NOON - DAY)
    declined(kelp, NOON, failure_reason="lost_card")
    run_all(NOON, work_at)
    assert subjects(kelp) == ["We need another card for {{ account.name }}"]


def test_a_card_that_ends_is_asked_for_a_month_and_a_week_before(kelp: Account, work_at: Run) -> None:
    workflows.enable("card-expiring", NOON)
    PaymentMethod.objects.create(
        account=kelp, external_id="pm_1", is_default=True, expires_on=(NOON + 31 * DAY).date(), known_at=NOON
    )
    found = []
    for hours in range(0, 24 * 33, 6):
        before = len(subjects(kelp))
        run_all(NOON + timedelta(hours=hours), work_at)
        found += [(NOON + timedelta(hours=hours)).date()] * (len(subjects(kelp)) - before)
    assert [((NOON + 31 * DAY).date() - day).days for day in found] == [30, 7]


def test_a_second_way_to_pay_is_suggested_once_the_money_is_there(
    on: DunningSettings, kelp: Account, work_at: Run
) -> None:
    workflows.enable("backup-method", NOON - DAY)
    payment = declined(kelp, NOON)
    run_all(NOON, work_at)
    paid(payment, NOON + HOUR)
    for hours in range(1, 24 * 4, 6):
        run_all(NOON + hours * HOUR, work_at)
    assert subjects(kelp) == ["So that it does not happen again"]
