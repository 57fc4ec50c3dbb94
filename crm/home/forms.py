"""What people fill in in the engine room, and about their day."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from crm.accounts.models import Contact
from crm.outbox.models import Sender, Switch
from crm.team.models import User


class StopForm(forms.Form):
    """What shall stop, and why. `scope` is a switch's, or `person` with somebody's address."""

    scope = forms.CharField(max_length=120, error_messages={"required": "Choose what shall stop."})
    address = forms.CharField(max_length=254, required=False)
    reason = forms.CharField(
        max_length=200, strip=True, error_messages={"required": "Say why it shall stop: colleagues will ask."}
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        scope = data.get("scope", "")
        kind, _, name = scope.partition(":")
        if kind == "person":
            data["scope"] = self._person(data.get("address", ""))
        elif kind == "sender" and name != Sender.DEFAULT and not Sender.objects.filter(name=name).exists():
            self.add_error("scope", f"There is no sender called {name}.")
        elif kind == "contact" and not (name.isascii() and name.isdigit() and len(name) <= 18):
            self.add_error("scope", "There is no such person.")
        elif scope and kind not in ("sender", "contact") and scope not in ("all", "channel:email"):
            self.add_error("scope", "That cannot be stopped.")
        return data

    def _person(self, address: str) -> str:
        found = Contact.objects.filter(email=address.strip().lower()).first() if address.strip() else None
        if found is None:
            self.add_error("address", f"Nobody has the address {address or '(none)'}.")
            return ""
        return f"contact:{found.pk}"

    @property
    def words(self) -> str:
        """What has stopped, as a toast says it."""
        return Switch(scope=self.cleaned_data["scope"]).words


class DayForm(forms.ModelForm):
    """How large somebody's day is."""

    day_capacity = forms.IntegerField(
        label="Customers a day",
        min_value=1,
        max_value=100,
        error_messages={"min_value": "A day has room for one customer at least.", "max_value": "At most 100 a day."},
    )
    untouched_days = forms.IntegerField(
        label="Nobody is left alone for more than … days", min_value=1, max_value=730,
        error_messages={"min_value": "From one day on.", "max_value": "At most 730 days."},
    )  # fmt: skip

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["day_capacity", "untouched_days"]
