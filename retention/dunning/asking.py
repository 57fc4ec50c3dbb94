"""What dunning knows of billing: when it tries by itself, what came of the tries that we asked for, and asking it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from crm.billing import actions as billing
from crm.billing.models import BillingObject, PaymentAttempt, PaymentMethod
from crm.ledger.models import Payment
from crm.web import clock

if TYPE_CHECKING:
    from retention.dunning.models import DunningCase

NotRetried = billing.NotRetried
can_be_retried = billing.can_be_retried
#: What billing answered by which nothing has come in, nor will.
_NO = (PaymentAttempt.State.DECLINED, PaymentAttempt.State.FAILED, PaymentAttempt.State.CANCELLED)

#: Begun, and answered by what billing reports some day.
_SLOW = (PaymentAttempt.State.TOLD, PaymentAttempt.State.UNCERTAIN)

#: Of cases: the key of the try that is under way, as `DunningCase.ask_key` has it.
_KEY = Concat(Value("dunning:"), Cast("pk", CharField()), Value(":"), Cast("tries", CharField()))


def ask(payment: Payment, key: str, now: datetime) -> str:
    """Have a payment tried again, in the caller's transaction. Raises NotRetried. Returns why nobody can be asked;
    blank: it is under way."""
    row = billing.retry(payment, key, now)
    return row.reason or "Nobody could be asked." if row.state == PaymentAttempt.State.FAILED else ""


def withdraw(case: DunningCase, now: datetime) -> None:
    """The try that is under way is not wanted any more, as far as nobody was asked yet."""
    if case.asked_at:
        billing.withdraw(case.ask_key, now)


def answered(cases: QuerySet[Any]) -> QuerySet[Any]:
    """The cases with whether the try that is under way has come to nothing (`refused`) or takes days
    (`slow`), and whether the customer has given another way to pay since the last one (`mended`)."""
    refused = PaymentAttempt.objects.filter(key=OuterRef("asking"), state__in=_NO)
    slow = PaymentAttempt.objects.filter(key=OuterRef("asking"), state__in=_SLOW)
    newer = PaymentMethod.objects.filter(
        account=OuterRef("account"), removed_at=None, added_at__gt=OuterRef("last_failed_at")
    )
    found: QuerySet[Any] = cases.annotate(asking=_KEY, refused=Exists(refused), slow=Exists(slow), mended=Exists(newer))
    return found


def answers(keys: Sequence[str]) -> Mapping[str, PaymentAttempt]:
    """By their keys, those that came to nothing."""
    return {row.key: row for row in PaymentAttempt.objects.filter(key__in=keys, state__in=_NO)}


def told_of(payments: Sequence[Payment]) -> Mapping[str, Mapping[str, Any]]:
    """What billing last said of payments, by their external ids."""
    ids = [payment.external_id for payment in payments if payment.external_id]
    rows = BillingObject.objects.filter(kind=BillingObject.Kind.PAYMENT, external_id__in=ids) if ids else []
    return {row.external_id: row.state for row in rows}


def own_try(said: Mapping[str, Any]) -> datetime | None:
    """When the billing system tries a payment by itself, by what it said of it."""
    try:
        return clock.parse(str(said["next_attempt_at"])) if said.get("next_attempt_at") else None
    except ValueError:
        return None


def decline(payment: Payment, said: Mapping[str, Any], code: str = "") -> str:
    """All that is known of why it failed, by code and in words, for rules to look through."""
    return " ".join(filter(None, (code, str(said.get("failure_code") or ""), payment.failure_reason)))


__all__ = ["NotRetried", "answered", "answers", "ask", "can_be_retried", "decline", "own_try", "told_of", "withdraw"]
