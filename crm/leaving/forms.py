"""What customers fill in on the page, and what admins set about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms

from crm.leaving import rules
from crm.leaving.actions import Answer
from crm.leaving.models import LeavingOffer, LeavingPolicy
from crm.ledger.models import CancelReason


class WhyForm(forms.Form):
    """The reason, in a choice and in their own words."""

    reason = forms.ModelChoiceField(
        CancelReason.objects.none(), label="Why do you want to leave?", empty_label=None, widget=forms.RadioSelect,
        error_messages={"required": "Choose the reason that fits best.", "invalid_choice": "Choose one of these."},
    )  # fmt: skip
    note = forms.CharField(
        label="Would you like to say more?", max_length=400, required=False, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        reasons: Any = self.fields["reason"]
        reasons.queryset = CancelReason.objects.filter(archived_at=None)


class DecideForm(WhyForm):
    """The same, with what they decided; `shown` is the day that the page had named."""

    took = forms.ChoiceField(choices=[*rules.OFFERS.items(), (rules.END, "It ends")])
    shown = forms.DateField(required=False)

    @property
    def answer(self) -> Answer:
        said = self.cleaned_data
        return Answer(said["reason"], said["note"], said["took"], said["shown"])


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = LeavingPolicy
        fields: ClassVar[list[str]] = ["link_days", "every_days", "afterwards"]
        labels: ClassVar[dict[str, str]] = {
            "link_days": "A link opens the page for so many days",
            "every_days": "A pause, or a discount, is offered to a customer once in so many days",
            "afterwards": "What happens when a contract has ended",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "afterwards": "To the customer, on the page and in the confirmation: “We keep your data for 90 days; "
            "until then you can have it as a file.”",
        }
        widgets: ClassVar[dict[str, Any]] = {"afterwards": forms.Textarea({"rows": 3})}


class OfferForm(forms.Form):
    """What fits one reason."""

    kind = forms.ChoiceField(label="Offer", required=False, choices=[("", "Nothing"), *rules.OFFERS.items()])
    percent = forms.IntegerField(label="Percent less", min_value=1, max_value=100, required=False)
    months = forms.IntegerField(label="For months", min_value=1, max_value=24, required=False)
    words = forms.CharField(label="In your words", max_length=300, required=False)

    def __init__(self, reason: CancelReason, row: LeavingOffer | None, data: Any) -> None:
        self.reason = reason
        first = {"kind": row.kind, "percent": row.percent or None, "months": row.months or None, "words": row.words}\
            if row else {}  # fmt: skip
        super().__init__(data, initial=first, prefix=f"r{reason.pk}")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("kind") == rules.DISCOUNT:
            for name in ("percent", "months"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, "A discount needs this.")
        return data

    @property
    def offer(self) -> rules.Offer | None:
        said = self.cleaned_data
        if not said["kind"]:
            return None
        of_discount = said["kind"] == rules.DISCOUNT
        percent, months = (said["percent"], said["months"]) if of_discount else (0, 0)
        return rules.Offer(said["kind"], percent, months, said["words"])


def offer_forms(data: Any) -> Sequence[OfferForm]:
    """One for each reason in use, in their order."""
    rows = {row.reason_id: row for row in LeavingOffer.objects.all()}
    reasons = CancelReason.objects.filter(archived_at=None)
    return [OfferForm(reason, rows.get(reason.pk), data) for reason in reasons]
