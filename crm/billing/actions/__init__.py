"""The verbs of billing that other rooms call: to have a payment tried again, and not any more.

    from crm.billing.actions import NotRetried, retry
    attempt = retry(payment, key="dunning:case:7:2", now=now)   # crm.billing.models.PaymentAttempt

It writes one row in the caller's transaction and sends nothing: a worker asks the billing system afterwards, once, with
the row's own idempotency key. The same key gives the same row back, whatever has become of it. `attempt.state` goes
waiting → sending → succeeded | declined (`reason`, `code`) | uncertain | cancelled | failed. A billing system that we
cannot call is told by the fact `payment.retry_wanted` (a webhook that its bridge obeys): `told`, until what it reports
next of the payment makes it succeeded or declined. The payment itself, and the timeline's `payment.paid` and
`payment.failed`, follow from what billing reports, never from the attempt. Raises NotRetried for a payment that wants
no money any more. `withdraw(key, now)` calls it off, as far as nobody was asked yet.
"""

from crm.billing.actions.attempts import RETRY_WANTED, NotRetried, can_be_retried, retry, withdraw

__all__ = ["RETRY_WANTED", "NotRetried", "can_be_retried", "retry", "withdraw"]
