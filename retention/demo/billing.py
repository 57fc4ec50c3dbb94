"""The demo's billing: cards of customers, two of whom billing knows and nobody here."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from crm.accounts.models import Account
from crm.billing.actions.taking import take
from crm.billing.models import PaymentMethod
from crm.billing.models.methods import first_day_after
from crm.billing.told import STRIPE, Told, Whose
from crm.web import clock

_BRANDS = ("visa", "mastercard", "visa", "amex")
#: Of every so many customers one pays by card here.
_EVERY = 3
_UNKNOWN = (
    Whose("cus_Qx4rT1", "accounts@birchwood.example", "Birchwood Interiors"),
    Whose("cus_Qx9mB7", "pay@tidal-works.example", "Tidal Works"),
)


def tell(now: datetime) -> None:
    """Some statements for all of the cards, and a handful of facts for the two."""
    today = clock.today(now)
    paying = Account.objects.filter(lifecycle="customer").order_by("pk").values_list("pk", flat=True)[::_EVERY]
    PaymentMethod.objects.bulk_create(_card(pk, place, today, now) for place, pk in enumerate(paying))
    for place, whose in enumerate(_UNKNOWN):
        for told in _subscribed(whose, place, now - timedelta(hours=5 + 21 * place)):
            take(told, now)


def _card(account_id: int, place: int, today: date, now: datetime) -> PaymentMethod:
    """Each month of the next years has some that end in it."""
    years, month = divmod(today.month - 1 + place * 7 % 40, 12)
    year, month = today.year + years, month + 1
    return PaymentMethod(
        account_id=account_id, external_id=f"pm_demo_{account_id}", brand=_BRANDS[place % len(_BRANDS)],
        last4=f"{(place * 2749 + 1117) % 10_000:04}", exp_year=year, exp_month=month,
        expires_on=first_day_after(year, month), is_default=True, added_at=now - timedelta(days=200), known_at=now,
    )  # fmt: skip


def _subscribed(whose: Whose, place: int, at: datetime) -> list[Told]:
    """A subscription, and its first payment."""
    day = clock.today(at)
    contract: dict[str, Any] = {
        "on": day.isoformat(), "status": "paid", "currency": "EUR", "plan": "Team", "mrr": f"{240 + 150 * place}.00",
        "since": day.isoformat(), "period_starts_on": day.isoformat(),
        "period_ends_on": (day + timedelta(days=30)).isoformat(), "auto_renew": True,
    }  # fmt: skip
    payment = {
        "contract": f"sub_demo_{place}", "currency": "EUR", "amount": contract["mrr"], "due_at": at.isoformat(),
        "paid_at": at.isoformat(), "attempts": 1, "status": "paid",
    }  # fmt: skip
    return [
        Told(STRIPE, "contract", f"sub_demo_{place}", "evt_demo_1", at, contract, whose),
        Told(STRIPE, "payment", f"in_demo_{place}", "evt_demo_2", at, payment, whose),
    ]
