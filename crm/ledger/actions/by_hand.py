"""What people enter themselves: contracts, payments and purchases that no billing system, file or won deal brings.

Each is an act under the key of its form, so that a form which is sent twice enters once. Its undo takes away what it
made, unless somebody has built on it since; what was undone is entered anew, not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from crm.accounts.models import Account
from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Kept, UndoError, Undone, any_stands
from crm.ledger.actions import payments, purchases
from crm.ledger.actions.changing import ChangeError
from crm.ledger.actions.days import midnight
from crm.ledger.actions.deals import Booking, BookingError, book, expected_for
from crm.ledger.actions.payments import PaymentError
from crm.ledger.actions.projection import project
from crm.ledger.actions.renewals import MOST_MISSED, book_renewals, last_day_to_cover
from crm.ledger.actions.starting import NEWS, tell_started
from crm.ledger.models import (
    Contract,
    ContractChange,
    ContractTermChange,
    Payment,
    PaymentChange,
    Purchase,
    PurchaseChange,
    PurchaseItemChange,
    Refund,
)
from crm.ledger.rules import add_months
from crm.slots import deciding
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from crm.web import clock, wording
from crm.web.locks import held, take_turns

BEGUN, PAID, SETTLED, REFUNDED = "contract.entered", "payment.entered", "payment.settled", "refund.entered"
BOUGHT = "purchase.entered"

#: A form that is sent again within this time is the same one.
SAME_FORM = timedelta(days=1)


def begin(account: Account, new: Booking, status: str, key: str, by: User, now: datetime) -> Act:
    """A contract that is paid, or tried, from its first day on, with the terms in which it has renewed since. Raises
    ChangeError: no rate for its currency, more terms than one contract has, or the same plan was sold already and is
    expected."""

    def enter(done: Act) -> None:
        if new.auto_renew and new.months and _is_forgotten(new.starts_on, new.months, now):
            raise ChangeError(f"It would have renewed more than {MOST_MISSED} times since. Say a later day.", "day")
        if expected_for(account.pk, new.plan, status):
            raise ChangeError(f"“{new.plan}” was sold already, and is expected. Confirm that one instead.", "plan")
        try:
            row = book(account.pk, new, now, status)
        except BookingError as error:
            raise ChangeError(str(error), "currency") from None
        told = tell_started(row.pk, by, now)
        while book_renewals(now, only=[row.pk], react=False):
            pass
        project([account.pk], now)
        terms = list(row.terms.order_by("pk").values_list("pk", "starts_on"))
        told += [pk for _, day in terms for pk in _told(f"contract.renewed:{row.pk}:{day}", now)]
        done.detail |= {"contract": row.pk, "booked": [pk for pk, _ in terms], "told": told}

    return _entered(BEGUN, f"entered the contract {new.plan} of {account}", account, key, enter, by, now)


def _is_forgotten(starts_on: date, months: int, now: datetime) -> bool:
    """Whether so many terms ended since that the first day is a mistake."""
    return add_months(starts_on, months * (MOST_MISSED + 1)) <= last_day_to_cover(now)


@dataclass(frozen=True)
class NewPayment:
    """An amount that came in on a day, or is due on it."""

    amount: Decimal
    currency: str
    day: date
    is_paid: bool
    contract: Contract | None = None


def pay(account: Account, new: NewPayment, key: str, by: User, now: datetime) -> Act:
    """Raises PaymentError: paid on a day to come, no rate for its currency, another customer's contract."""

    def enter(done: Act) -> None:
        if new.contract and not held(Contract.objects.filter(pk=new.contract.pk), no_key=True).first():
            raise PaymentError("contract", "Somebody has just taken this contract back. Choose again.")
        at = _moment(new.day, now) if new.is_paid else midnight(new.day)
        row = payments.save(Payment(account=account, created_at=now), {
            "amount": new.amount, "currency": new.currency, "contract": new.contract, "due_at": at,
            "paid_at": at if new.is_paid else None, "status": "paid" if new.is_paid else "open",
        }, now, react=_is_news(at, now), by=by)  # fmt: skip
        done.detail |= {"payment": row.pk, "told": _told(f"payment.paid:{row.pk}", now)}

    said = wording.money(new.amount, new.currency)
    label = f"entered a payment of {said} by {account}" if new.is_paid else f"entered {said} due by {account}"
    return _entered(PAID, label, account, key, enter, by, now)


def settle(payment: Payment, day: date, key: str, by: User, now: datetime) -> Act:
    """What was due, or failed, has come in. Raises PaymentError."""

    def enter(done: Act) -> None:
        row, at = _locked(payment), _moment(day, now)
        if row.status not in (Payment.Status.OPEN, Payment.Status.FAILED):
            raise PaymentError("day", f"It is {row.get_status_display().lower()} already. Nothing was changed.")
        payments.save(row, {"status": "paid", "paid_at": at}, now, react=_is_news(at, now), by=by)
        done.detail |= {"told": _told(f"payment.paid:{row.pk}", now)}

    return _entered(SETTLED, f"noted that {payment} of {payment.account} came in", payment.account, key, enter, by, now)


def give_back(payment: Payment, amount: Decimal, day: date, key: str, by: User, now: datetime) -> Act:
    """Money of a payment went back on a day. Raises PaymentError: more than is left, nothing paid, a day to come."""

    def enter(done: Act) -> None:
        row, at = _locked(payment), _moment(day, now)
        if row.paid_at and day < clock.today(row.paid_at):
            raise PaymentError("day", f"It was paid on {wording.day(clock.today(row.paid_at))}: not before.")
        at = max(at, row.paid_at or at)  # of a day that began before it was paid
        made = payments.refund(row, amount, at, None, now, by, react=_is_news(at, now))
        key = f"payment.refunded:{row.pk}:{made.pk}"
        done.detail |= {"payment": row.pk, "refund": made.pk, "told": _told(key, now)}

    said = wording.money(amount, payment.currency)
    return _entered(REFUNDED, f"entered {said} back to {payment.account}", payment.account, key, enter, by, now)


@dataclass(frozen=True)
class NewPurchase:
    """What somebody bought on a day. Each item has product, quantity and amount: of all of them together."""

    day: date
    currency: str
    items: Sequence[Mapping[str, Any]]
    contact_id: int | None = None


def buy(account: Account, new: NewPurchase, key: str, by: User, now: datetime) -> Act:
    """Raises PaymentError: bought on a day to come, no rate for its currency."""

    def enter(done: Act) -> None:
        at = _moment(new.day, now)
        values = {"purchased_at": at, "currency": new.currency, "contact_id": new.contact_id}
        row = Purchase(account=account, created_at=now)
        purchases.save(row, values, new.items, now, react=_is_news(at, now), by=by)
        done.detail |= {"purchase": row.pk, "told": _told(f"purchase.made:{row.pk}", now)}

    return _entered(BOUGHT, f"entered a purchase of {account}", account, key, enter, by, now)


@transaction.atomic
def _entered(
    kind: str, label: str, account: Account, key: str, enter: Callable[[Act], None], by: User, now: datetime
) -> Act:
    """A form that was sent before, or is being sent beside, finds what it did then.

    It waits by its key and holds no row: what it enters locks its rows in the order in which billing does.
    """
    take_turns(f"entered by hand: {by.pk} {key}")
    before = Act.objects.filter(kind=kind, by=by, at__gt=now - SAME_FORM, detail__key=key, undone_at=None).first()
    if before:
        return before
    with act(kind, label, by, now, {"key": key}) as done:
        enter(done)
    return done


def _locked(payment: Payment) -> Payment:
    """Raises PaymentError for one of which a billing system tells by itself: it would count twice."""
    row = held(Payment.objects.filter(pk=payment.pk), no_key=True).first()
    if row is None:
        raise PaymentError("", "Somebody has just taken this payment back. Nothing was changed.")
    if says := row.external_id and deciding.reporters([row.external_id]).get(row.external_id):
        raise PaymentError(
            "", f"{says} tells by itself what becomes of this payment. Note it there, and it stands here."
        )
    return row


def _moment(day: date, now: datetime) -> datetime:
    """When on that day: now, if it is today. Raises PaymentError for a day to come."""
    today = clock.today(now)
    if day > today:
        raise PaymentError("day", "That day has not come yet.")
    return now if day == today else midnight(day)


def _is_news(at: datetime, now: datetime) -> bool:
    """Of what happened longer ago workflows are not told: it is history."""
    return at > now - NEWS


def _told(key: str, now: datetime) -> list[int]:
    """The entry of the timeline that has just been written under this key, if one has."""
    return list(TimelineEntry.objects.filter(key=key, recorded_at=now).values_list("pk", flat=True))


# Taking it back -------------------------------------------------------------------------------------------------------

_WORKED = "somebody has worked with it since"


def unbegin(done: Act, by: User | None, now: datetime) -> Undone:
    """It goes, unless it or a term was changed since and is so still, or it was billed or given notice, or renewed."""
    row = held(Contract.objects.filter(pk=done.detail["contract"])).first()
    if row is None:
        return Undone(0)
    terms = row.terms.values("pk")
    changes = ContractChange.objects.filter(pgh_obj=row.pk), ContractTermChange.objects.filter(pgh_obj__in=terms)
    others = row.terms.exclude(pk__in=done.detail["booked"])
    if any(map(any_stands, changes)) or others.exists() or row.payments.exists() or row.cancellations.exists():
        return _kept(row)
    row.delete()
    project([row.account_id], now)
    return Undone(1)


def unpay(done: Act, by: User | None, now: datetime) -> Undone:
    """It goes, unless it was changed since and is so still, or money of it went back."""
    row = held(Payment.objects.filter(pk=done.detail["payment"])).first()
    if row and (any_stands(PaymentChange.objects.filter(pgh_obj=row.pk)) or row.refunds.exists()):
        return _kept(row)
    return _gone(row, now)


def unbuy(done: Act, by: User | None, now: datetime) -> Undone:
    """It goes, unless it or what was bought was changed since and is so still."""
    row = held(Purchase.objects.filter(pk=done.detail["purchase"])).first()
    if row is None:
        return Undone(0)
    items = PurchaseItemChange.objects.filter(purchase=row.pk)
    changed = any(map(any_stands, (PurchaseChange.objects.filter(pgh_obj=row.pk), items)))
    return _kept(row) if changed else _gone(row, now)


def stay_settled(done: Act) -> None:
    """Of what came in something went back since: then it has come in."""
    ids = PaymentChange.objects.filter(act=done).values("pgh_obj")
    for row in held(Payment.objects.filter(pk__in=ids)):
        if row.refunds.exists():
            raise UndoError("Money of this payment went back since. Take that back first.")


def take_refund(done: Act) -> None:
    """The refund goes before any column does: what it says of the payment follows from the refunds that stay."""
    row = held(Payment.objects.filter(pk=done.detail["payment"])).first()
    gone = Refund.objects.filter(pk=done.detail["refund"]).first()
    if row and gone:
        payments.take_back(row, gone, clock.now())


def unrefund(done: Act, by: User | None, now: datetime) -> Undone:
    """Where other refunds stay, the columns of this one's act say too little."""
    row = held(Payment.objects.filter(pk=done.detail["payment"]), no_key=True).first()
    if row is None:
        return Undone(0)
    payments.add_up(row, now)
    return Undone(1)


def _gone(row: Payment | Purchase | None, now: datetime) -> Undone:
    if row is None:
        return Undone(0)
    row.delete()
    project([row.account_id], now)
    return Undone(1)


def _kept(row: Contract | Payment | Purchase) -> Undone:
    return Undone(0, [Kept(str(row), "", None, "", None, _WORKED)])


#: By the kind of act; the undo of a settled payment is what its columns say.
UNDOERS = {BEGUN: unbegin, PAID: unpay, BOUGHT: unbuy, REFUNDED: unrefund}
FORELOCKS = {SETTLED: stay_settled, REFUNDED: take_refund}
