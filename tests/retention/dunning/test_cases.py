"""A case from the first failure to its end, whatever billing says, in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from crm.accounts.models import Account
from crm.billing.models import BillingObject, PaymentAttempt, PaymentMethod
from crm.ledger.actions import payments
from crm.ledger.models import Payment
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from crm.web import clock
from retention.dunning.actions.following import next_due
from retention.dunning.models import DunningCase, DunningSettings
from tests import factories
from tests.conftest import NOON
from tests.retention.dunning.conftest import DAY, HOUR, again, case_of, declined, paid, say, story

Run = Callable[[datetime], None]
TICK = timedelta(microseconds=1)


def walk(run: Run, until: datetime, start: datetime = NOON) -> list[datetime]:
    """As tick does: from one due moment to the next. Returns where it stopped."""
    now, stops = start, []
    run(now)
    while (following := next_due(now)) and following <= until:
        now = following
        stops.append(now)
        run(now)
        assert len(stops) < 60, stops[-5:]
    return stops


def facts(account: Account) -> list[str]:
    entries = TimelineEntry.objects.filter(account=account, kind__startswith="dunning.")
    return list(entries.order_by("id").values_list("kind", flat=True))


def test_nothing_is_followed_up_until_somebody_says_so(kelp: Account, work_at: Run) -> None:
    declined(kelp, NOON)
    work_at(NOON)
    assert not DunningCase.objects.exists()


def test_failures_before_the_switch_stay_as_they_are(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    declined(kelp, on.on_since - TICK, "10.00")
    declined(kelp, on.on_since, "11.00")
    work_at(NOON)
    assert [case.payment.amount for case in DunningCase.objects.all()] == [Decimal("11.00")]


def test_a_case_is_opened_once_and_plans_its_first_try(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    payment = declined(kelp, NOON)
    work_at(NOON)
    work_at(NOON + HOUR)
    case = DunningCase.objects.get()
    assert case.payment == payment
    # Monday 1 June in Lisbon: from Wednesday on, in the first fifth of what is left.
    assert (case.next_at, case.next_why) == (datetime.fromisoformat("2026-06-05T07:00Z"), "4 days after it failed")
    assert case.grace_ends_at == datetime.fromisoformat("2026-06-09T00:00Z")
    assert facts(kelp) == ["dunning.opened"]


def test_the_timeline_of_a_month(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    """Each try is asked for at its moment and fails an hour later; then time is over."""
    payment = declined(kelp, NOON)
    work_at(NOON)
    now, asked = NOON, []
    while case_of(payment).is_open:
        now = next_due(now) or now
        work_at(now)
        case = case_of(payment)
        if case.asked_at == now:
            asked.append(now)
            again(payment, now + HOUR)
            work_at(now + HOUR)
    assert [f"{at:%d %H:%M}" for at in asked] == ["05 07:00", "10 08:00", "15 09:00", "19 10:00"]
    assert now == NOON + 21 * DAY
    assert [kind for kind, _ in story(case)] == [
        "opened", "planned", "asked", "failed", "planned", "grace", "asked", "failed", "planned", "asked", "failed",
        "planned", "asked", "failed", "planned", "closed",
    ]  # fmt: skip
    assert story(case)[-1] == ("closed", "Given up: time is over")
    assert facts(kelp) == ["dunning.opened", "dunning.grace_over", "dunning.lost"]
    assert PaymentAttempt.objects.count() == 4
    assert [task.title for task in Task.objects.all()] == ["Talk to Kelp & Co about a failed payment"]


def test_a_try_that_brings_the_money(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    payment = declined(kelp, NOON)
    work_at(NOON)
    work_at(datetime.fromisoformat("2026-06-05T06:59:59.999999Z"))
    assert not PaymentAttempt.objects.exists()
    due = datetime.fromisoformat("2026-06-05T07:00Z")
    work_at(due)
    work_at(due)
    assert PaymentAttempt.objects.get().key == f"dunning:{case_of(payment).pk}:1"
    paid(payment, due + HOUR)
    work_at(due + HOUR)
    case = case_of(payment)
    assert (case.state, case.why, case.closed_at) == ("recovered", "retry", due + HOUR)
    assert facts(kelp) == ["dunning.opened", "dunning.recovered"]


def test_whoever_pays_unasked_did_it_themselves(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    payment = declined(kelp, NOON)
    work_at(NOON)
    paid(payment, NOON + DAY)
    work_at(NOON + DAY)
    assert (case_of(payment).state, case_of(payment).why) == ("recovered", "themselves")


@pytest.mark.parametrize("order", list(permutations(("failed", "again", "paid"))))
def test_the_end_is_the_same_in_whatever_order_it_is_told(
    on: DunningSettings, kelp: Account, work_at: Run, order: tuple[str, ...]
) -> None:
    """Billing folds what it knows by now into one state; work runs after each fact."""
    told: set[str] = set()
    payment = Payment(account=kelp, external_id="in_1")
    for n, fact in enumerate(order):
        told.add(fact)
        values: dict[str, Any] = {"amount": Decimal(80), "currency": "EUR", "due_at": NOON}
        fails = [at for name, at in (("failed", NOON), ("again", NOON + HOUR)) if name in told]
        if fails:
            values |= {"failed_at": max(fails), "attempts": len(fails), "status": "failed"}
        if "paid" in told:
            values |= {"status": "paid", "paid_at": NOON + 2 * HOUR}
        payment = say(payment, NOON + 3 * HOUR, **values)
        work_at(NOON + 3 * HOUR + n * timedelta(minutes=1))
    case = DunningCase.objects.get()
    assert (case.state, case.why) == ("recovered", "themselves")


def test_a_payment_that_was_paid_and_fails_again_has_another_case(
    on: DunningSettings, kelp: Account, work_at: Run
) -> None:
    payment = declined(kelp, NOON)
    work_at(NOON)
    paid(payment, NOON + HOUR)
    work_at(NOON + HOUR)
    say(payment, NOON + DAY, status="failed", failed_at=NOON + DAY, paid_at=None, attempts=2)
    work_at(NOON + DAY)
    assert list(DunningCase.objects.order_by("episode").values_list("episode", "state")) == [
        (1, "recovered"), (2, "open"),
    ]  # fmt: skip


def test_what_was_given_up_and_fails_again_stays_given_up(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    payment = declined(kelp, NOON)
    walk(work_at, NOON + 22 * DAY)
    assert case_of(payment).state == "lost"
    again(payment, NOON + 23 * DAY)
    work_at(NOON + 23 * DAY)
    assert DunningCase.objects.get().state == "lost"


def test_what_comes_in_after_it_was_given_up_counts_as_recovered(
    on: DunningSettings, kelp: Account, work_at: Run
) -> None:
    payment = declined(kelp, NOON)
    walk(work_at, NOON + 22 * DAY)
    paid(payment, NOON + 40 * DAY)
    work_at(NOON + 40 * DAY)
    assert case_of(payment).state == "recovered"


def test_a_voided_payment_is_lost_and_a_refund_changes_nothing(
    on: DunningSettings, kelp: Account, work_at: Run
) -> None:
    void, back = declined(kelp, NOON, "10.00"), declined(kelp, NOON, "20.00")
    work_at(NOON)
    say(void, NOON + HOUR, status="void")
    payments.refund(paid(back, NOON + HOUR), Decimal(20), NOON + HOUR, None, NOON + HOUR)
    work_at(NOON + HOUR)
    assert (case_of(void).state, case_of(void).why) == ("lost", "void")
    assert case_of(back).state == "recovered"


def test_a_cancelled_contract_ends_the_case(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    held = factories.contract(kelp, NOON.date(), None)
    payment = declined(kelp, NOON, contract=held)
    work_at(NOON)
    held.turn("cancelled", clock.today(NOON))
    held.save()
    work_at(NOON + HOUR)
    assert (case_of(payment).state, case_of(payment).why) == ("lost", "contract")


def test_grace_is_over_at_its_moment_and_not_a_tick_before(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    payment = declined(kelp, NOON, failure_reason="lost_card")
    work_at(NOON)
    ends = case_of(payment).grace_ends_at
    work_at(ends - TICK)
    assert case_of(payment).grace_told_at is None
    work_at(ends)
    work_at(ends + TICK)
    assert case_of(payment).grace_told_at == ends
    assert facts(kelp) == ["dunning.opened", "dunning.card_wanted", "dunning.grace_over"]


def test_a_hard_decline_is_not_tried_and_the_owner_hears_of_it(
    on: DunningSettings, kelp: Account, work_at: Run, mira: Any
) -> None:
    payment = declined(kelp, NOON, failure_reason="Your card was declined (stolen_card).")
    walk(work_at, NOON + 10 * DAY)
    case = case_of(payment)
    assert (case.wants_card, case.next_at, case.tries) == (True, None, 0)
    task = Task.objects.get()
    assert (task.title, task.owner) == ("Ask Kelp & Co for another card", mira)
    assert task.due_at == datetime.fromisoformat("2026-06-02T07:00Z")  # 09:00 in Berlin
    assert "from the card on file: Your card was declined (stolen_card). It is not" in task.body
    assert task.body.startswith("€\u202f")


def test_a_hard_decline_is_known_by_the_code_that_billing_reports_beside_its_words(
    on: DunningSettings, kelp: Account, work_at: Run
) -> None:
    """The words alone would be tried again."""
    payment = declined(kelp, NOON, failure_reason="Your card has expired.")
    payment.external_id = "in_1"
    payment.save()
    BillingObject.objects.create(
        source="stripe", kind="payment", external_id="in_1", state={"failure_code": "expired_card"}, told_at=NOON
    )
    walk(work_at, NOON + 10 * DAY)
    assert (case_of(payment).wants_card, case_of(payment).tries) == (True, 0)
    assert "from the card on file: Your card has expired. It is not" in Task.objects.get().body


def test_another_card_is_tried_in_their_next_morning(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    payment = declined(kelp, NOON, failure_reason="lost_card")
    work_at(NOON)
    PaymentMethod.objects.create(account=kelp, external_id="pm_2", added_at=NOON + 6 * HOUR)
    work_at(NOON + 6 * HOUR)
    case = case_of(payment)
    assert (case.wants_card, case.next_at) == (False, datetime.fromisoformat("2026-06-02T07:00Z"))
    work_at(case.next_at)
    assert PaymentAttempt.objects.count() == 1


def test_where_billing_tries_by_itself_we_do_not(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    own = NOON + 3 * DAY
    BillingObject.objects.create(
        source="stripe", kind="payment", external_id="in_own", told_at=NOON,
        state={"next_attempt_at": own.isoformat()},
    )  # fmt: skip
    payment = declined(kelp, NOON)
    Payment.objects.filter(pk=payment.pk).update(external_id="in_own")
    work_at(NOON)
    case = case_of(payment)
    assert (case.provider_at, case.next_at) == (own, None)
    work_at(own + DAY - TICK)
    assert case_of(payment).next_at is None
    work_at(own + DAY)  # nobody has heard of that try: it is ours again
    assert case_of(payment).provider_at is None
    assert case_of(payment).next_at


def test_billing_s_own_tries_are_no_matter_where_an_admin_says_so(
    on: DunningSettings, kelp: Account, work_at: Run
) -> None:
    DunningSettings.objects.update(leave_to_provider=False)
    payment = declined(kelp, NOON)
    BillingObject.objects.create(
        source="stripe", kind="payment", external_id=payment.external_id, told_at=NOON,
        state={"next_attempt_at": (NOON + DAY).isoformat()},
    )  # fmt: skip
    work_at(NOON)
    assert case_of(payment).next_at


@pytest.mark.parametrize(("state", "days"), [("sending", 1), ("told", 7), ("uncertain", 7)])
def test_a_try_without_any_answer_is_followed_by_another_after_a_day_or_a_week_where_it_takes_days(
    on: DunningSettings, kelp: Account, work_at: Run, state: str, days: int
) -> None:
    payment = declined(kelp, NOON)
    work_at(NOON)
    due = case_of(payment).next_at
    assert due
    work_at(due)
    PaymentAttempt.objects.update(state=state)
    work_at(due + days * DAY - TICK)
    assert case_of(payment).asked_at == due
    work_at(due + days * DAY)
    case = case_of(payment)
    assert (case.asked_at, case.tries) == (None, 1)
    assert case.next_at
    assert case.next_at > due + days * DAY


def test_a_payment_that_no_system_knows_is_planned_and_says_why_it_was_not_tried(
    on: DunningSettings, kelp: Account, work_at: Run
) -> None:
    payment = declined(kelp, NOON)
    Payment.objects.filter(pk=payment.pk).update(external_id=None)
    work_at(NOON)
    due = case_of(payment).next_at
    assert due
    work_at(due)
    assert ("unasked", "The payment has no id of a billing system: somebody wrote it down here.") in story(
        case_of(payment)
    )
    assert case_of(payment).asked_at is None


def test_a_try_that_nobody_made_in_time_waits_for_a_morning(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    payment = declined(kelp, NOON)
    work_at(NOON)
    due = case_of(payment).next_at
    assert due
    work_at(due + 9 * HOUR)  # the house stood still all day
    case = case_of(payment)
    assert case.tries == 0
    assert case.next_at
    assert case.next_at > due + 9 * HOUR
    assert case.next_at.hour in range(7, 11)


def test_two_payments_of_one_customer_are_written_about_once(on: DunningSettings, kelp: Account, work_at: Run) -> None:
    declined(kelp, NOON, "10.00")
    declined(kelp, NOON + HOUR, "20.00")
    work_at(NOON + HOUR)
    assert DunningCase.objects.open().count() == 2
    assert facts(kelp) == ["dunning.opened"]
