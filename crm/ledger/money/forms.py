"""What somebody enters about money. Each form has a key: sent twice, it enters once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Min

from crm.accounts.models import Account, Contact
from crm.ledger.actions.by_hand import NewPayment, NewPurchase
from crm.ledger.actions.deals import Booking
from crm.ledger.forms import ShownFirst
from crm.ledger.models import Contract, Payment
from crm.web import wording
from crm.web.fields import CurrencyField, amount_input, day_input

#: Lines of a purchase that the form has; longer ones come by file or API.
LINES = 4
_LONGEST_TERM, _MOST = 120, 1_000_000
_EARLIEST, _LATEST = date(1970, 1, 1), date(2199, 12, 31)


def _amount(label: str, least: str = "0.01", **more: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, max_digits=14, decimal_places=2, min_value=Decimal(least), widget=amount_input(), **more
    )


def _day(label: str) -> forms.DateField:
    kept = [
        MinValueValidator(_EARLIEST, f"Write a day from {wording.day(_EARLIEST)} on."),
        MaxValueValidator(_LATEST, f"Write a day up to {wording.day(_LATEST)}."),
    ]
    return forms.DateField(label=label, widget=day_input(), validators=kept)


def _first(today: date, **more: Any) -> dict[str, Any]:
    """What an empty form begins with."""
    return {"key": uuid4(), "currency": settings.CURRENCY, "day": today} | more


class _Entered(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if "key" in self.errors:  # which stands beside no field
            self.add_error(None, "This form has lost its number. Open it anew.")
        return data

    @property
    def form_key(self) -> str:
        """Of the form as it was filled in: who goes back to it and says something else enters that as well."""
        said = sorted((name, str(self.data.get(name, ""))) for name in self.fields if name not in ("key", "shown"))
        return f"{self.cleaned_data['key']}:{hashlib.sha256(repr(said).encode()).hexdigest()[:16]}"


class ContractForm(ShownFirst, _Entered):
    """A contract and its first term; what follows for MRR is shown before it is entered."""

    plan = forms.CharField(max_length=120, widget=forms.TextInput({"autocomplete": "off"}))
    mrr = _amount("A month", "0")
    currency = CurrencyField()
    status = forms.ChoiceField(
        label="It is", widget=forms.RadioSelect, initial="paid", choices=(("paid", "Paid"), ("trial", "A trial"))
    )
    day = _day("First day")
    months = forms.IntegerField(
        label="Runs for months", required=False, min_value=1, max_value=_LONGEST_TERM, help_text="Blank: open end."
    )
    auto_renew = forms.BooleanField(label="Renews by itself", required=False)

    @classmethod
    def empty(cls, today: date) -> ContractForm:
        return cls(initial=_first(today))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("auto_renew") and not data.get("months") and "months" not in self.errors:
            self.add_error("months", "Say for how long, since it is to renew then; without an end it goes on anyway.")
        return data

    def booking(self) -> Booking:
        data = self.cleaned_data
        return Booking(
            " ".join(data["plan"].split()), data["mrr"], data["currency"], data["day"], data["months"],
            data["auto_renew"],
        )  # fmt: skip


class _ContractChoice(forms.ModelChoiceField):
    """Two of the same plan are told apart by their first days."""

    def label_from_instance(self, row: Any) -> str:
        return f"{row}, from {wording.day(row.begins)}" if row.begins else str(row)


class PaymentForm(_Entered):
    amount = _amount("Amount")
    currency = CurrencyField()
    state = forms.ChoiceField(
        label="It", widget=forms.RadioSelect, initial="paid", choices=(("paid", "Came in"), ("due", "Is due"))
    )
    day = _day("On")
    contract = _ContractChoice(Contract.objects.none(), required=False, empty_label="Of none in particular")

    def __init__(self, *args: Any, account: Account, today: date, **more: Any) -> None:
        contracts = Contract.objects.filter(account=account).annotate(begins=Min("terms__starts_on")).order_by("-id")
        latest = contracts.filter(status__in=Contract.COUNTS).first()
        own = {"contract": latest.pk, "currency": latest.currency} if latest else {}
        super().__init__(*args, initial=_first(today, **own), **more)
        self.fields["contract"].queryset = contracts  # type: ignore[attr-defined]

    def payment(self) -> NewPayment:
        data = self.cleaned_data
        return NewPayment(data["amount"], data["currency"], data["day"], data["state"] == "paid", data["contract"])


class SettleForm(_Entered):
    """That money has come in."""

    day = _day("It came in on")

    def __init__(self, *args: Any, today: date, **more: Any) -> None:
        super().__init__(*args, initial=_first(today), **more)


class RefundForm(_Entered):
    """How much of a payment went back."""

    amount = _amount("Amount")
    day = _day("It went back on")

    def __init__(self, *args: Any, payment: Payment, today: date, **more: Any) -> None:
        super().__init__(*args, initial=_first(today, amount=payment.amount - payment.refunded), **more)
        self.fields["amount"].label = f"Amount in {payment.currency}"


class PurchaseForm(_Entered):
    """What somebody bought: up to `LINES` lines, of which the first is filled."""

    day = _day("Bought on")
    currency = CurrencyField()
    contact = forms.ModelChoiceField(
        Contact.objects.none(), label="Who bought", required=False, empty_label="Nobody in particular"
    )

    def __init__(self, *args: Any, account: Account, today: date, **more: Any) -> None:
        super().__init__(*args, initial=_first(today), **more)
        people: Any = self.fields["contact"]
        people.queryset = Contact.objects.filter(account=account).order_by("-is_primary", "created_at", "id")
        for line in range(1, LINES + 1):
            needed, nth = line == 1, f", line {line}"
            self.fields[f"product_{line}"] = forms.CharField(
                label=f"What{nth}", max_length=200, required=needed, widget=forms.TextInput({"autocomplete": "off"})
            )
            self.fields[f"quantity_{line}"] = forms.IntegerField(
                label=f"How many{nth}", min_value=1, max_value=_MOST, initial=1 if needed else None, required=False
            )
            self.fields[f"amount_{line}"] = _amount(f"For how much{nth}", "0", required=needed)

    def lines(self) -> list[list[forms.BoundField]]:
        return [[self[f"{name}_{n}"] for name in ("product", "quantity", "amount")] for n in range(1, LINES + 1)]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for line in range(2, LINES + 1):
            what, amount = data.get(f"product_{line}"), data.get(f"amount_{line}")
            if (what or data.get(f"quantity_{line}")) and amount is None and f"amount_{line}" not in self.errors:
                self.add_error(f"amount_{line}", "Say for how much, all of them together.")
            if amount is not None and not what:
                self.add_error(f"product_{line}", "Say what it was.")
        return data

    def purchase(self) -> NewPurchase:
        data = self.cleaned_data
        items: list[Mapping[str, Any]] = [
            {
                "product": data[f"product_{line}"], "quantity": data[f"quantity_{line}"] or 1,
                "amount": data[f"amount_{line}"],
            }
            for line in range(1, LINES + 1) if data.get(f"product_{line}")
        ]  # fmt: skip
        return NewPurchase(data["day"], data["currency"], items, data["contact"].pk if data["contact"] else None)
