"""The demo's failed payments: a year of months in which some came in and some did not, and a handful that fail now."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from django.conf import settings

from crm.accounts.models import Account
from crm.billing.models import BillingObject
from crm.ledger.models import Payment
from retention.dunning import rules
from retention.dunning.actions.opening import open_for
from retention.dunning.models import DunningCase, DunningEvent, DunningSettings
from retention.dunning.planning import Desk, Kind
from retention.workflows import recipes

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_YEAR = 330
_WHY = DunningCase.Why
#: What became of those of long ago, as often as it stands here.
_ENDS = (
    *[("recovered", _WHY.RETRY)] * 5, *[("recovered", _WHY.MESSAGE)] * 3, *[("recovered", _WHY.THEMSELVES)] * 2,
    ("recovered", _WHY.PERSON), ("lost", _WHY.TIME), ("lost", _WHY.CONTRACT), ("forgiven", _WHY.DECIDED),
)  # fmt: skip
_DECLINES = ("Your card has insufficient funds.", "Your card was declined.", "The bank did not answer in time.")
#: Of those that fail now: days since, and why.
_NOW = (
    (0.2, "Your card has insufficient funds."), (1.1, "Your card was declined."), (3.4, "Your card was declined."),
    (5.6, "Your card was reported lost."), (6.3, "Your card has insufficient funds."),
    (9.2, "Your card has expired."), (11.4, "Your card was declined."),
    (15.2, "Your card has insufficient funds."),
)  # fmt: skip
_CODES = {"Your card was reported lost.": "lost_card", "Your card has expired.": "expired_card"}


def tell(now: datetime) -> None:
    """Made by nobody. Those that fail now are followed up like any other from here on."""
    if "payment-failed" not in recipes.names():
        return
    DunningSettings.objects.create(
        pk=DunningSettings.ONLY, on_since=now - (_YEAR + 1) * DAY, looked_at=now, mend_url=f"{settings.BASE_URL}/pay/"
    )
    customers = list(Account.objects.filter(lifecycle="customer", mrr__gt=0).order_by("pk"))
    if not customers:
        return
    rng = Random(91)
    ends: list[tuple[str, str]] = []
    payers: list[Account] = []
    for number in range(_YEAR // 12):
        at = now - timedelta(days=_YEAR - number * 11, hours=rng.randint(0, 20))
        if not ends:
            ends, payers = rng.sample(_ENDS, len(_ENDS)), rng.sample(customers, len(customers))
        _ended(payers.pop(), at, *ends.pop(), rng, now)
    for customer, (days, reason) in zip(rng.sample(customers, min(len(_NOW), len(customers))), _NOW, strict=False):
        failed_at = now - timedelta(days=days)
        _tried(_opened(customer, failed_at, reason, min(failed_at + timedelta(minutes=1), now)), now)


def _opened(customer: Account, failed_at: datetime, reason: str, now: datetime) -> DunningCase:
    payment = Payment.objects.create(
        account=customer, external_id=f"in_demo_{customer.pk}_{failed_at:%y%m%d%H}", due_at=failed_at,
        amount=customer.mrr, currency=settings.CURRENCY, status="failed", failed_at=failed_at, attempts=1,
        failure_reason=reason, created_at=failed_at,
    )  # fmt: skip
    if code := _CODES.get(reason):
        BillingObject.objects.create(
            source="demo", kind=BillingObject.Kind.PAYMENT, external_id=str(payment.external_id), stale=False,
            state={"failure_code": code}, told_at=failed_at,
        )  # fmt: skip
    open_for({payment.pk: 1}, now)
    return DunningCase.objects.select_related("payment").get(payment=payment)


def _tried(case: DunningCase, now: datetime) -> None:
    """In vain, each time that it was planned up to now."""
    while case.next_at and case.next_at < now:
        desk = Desk.of([case], case.next_at)
        case.tries, case.last_at, case.last_failed_at = case.tries + 1, case.next_at, case.next_at
        desk.tell(case, Kind.ASKED, "Tried as planned")
        desk.tell(case, Kind.FAILED, f"It failed again: {case.reason}")
        case.next_at = None
        desk.plan(case)
        desk.write()
        case.save()
        Payment.objects.filter(pk=case.payment_id).update(attempts=case.tries + 1, failed_at=case.last_at)


def _ended(
    customer: Account, at: datetime, state: str, why: str, rng: Random, now: datetime
) -> None:  # fmt: skip
    case = _opened(customer, at, rng.choice(_DECLINES), at + timedelta(minutes=1))
    days = {"retry": rng.choice((4, 9)), "message": 4, "themselves": 1, "person": 6}.get(why, 20)
    end = min(at + days * DAY + 3 * HOUR, now - HOUR)
    if state == "recovered":
        Payment.objects.filter(pk=case.payment_id).update(status="paid", paid_at=end)
    elif why != _WHY.TIME:
        Payment.objects.filter(pk=case.payment_id).update(status="void")
    tried = why in (_WHY.RETRY, _WHY.PERSON, _WHY.TIME)
    DunningCase.objects.filter(pk=case.pk).update(
        state=state, why=why, closed_at=end, next_at=None, next_why="", tries=int(tried), grace_told_at=end,
    )  # fmt: skip
    words = f"Paid on {rules.said(end, case.clock)}" if state == "recovered" else state.capitalize()
    tried_at = [("asked", "Tried as planned", end - HOUR)] if tried else []
    DunningEvent.objects.bulk_create(
        DunningEvent(case=case, kind=kind, at=when, words=said)
        for kind, said, when in [*tried_at, ("closed", f"{words}, {_WHY(why).label}", end)]
    )
