"""What admins say about a webhook, and which of its failures they want again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms

from crm.webhooks import kinds
from crm.webhooks.actions.endpoints import WebhookError, check_url
from crm.webhooks.models import WebhookEndpoint


class EndpointForm(forms.Form):
    """Name, address and what it asks for; the filter stands beside it, in a builder."""

    name = forms.CharField(max_length=80, label="Name here", help_text="What is at the other end: “Data warehouse”.")
    url = forms.CharField(
        max_length=500, label="Address", widget=forms.URLInput(attrs={"placeholder": "https://", "inputmode": "url"}),
        help_text="Each webhook is posted there. Redirects are not followed.",
    )  # fmt: skip
    everything = forms.ChoiceField(
        label="What it is told", choices=[("", "Some kinds of facts"), ("yes", "Everything, also what comes later")],
        required=False, widget=forms.RadioSelect,
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(required=False, label="Kinds", widget=forms.CheckboxSelectMultiple)
    others = forms.CharField(
        required=False, max_length=600, label="Kinds of your own",
        help_text="Those that your programs record through the API, such as order.shipped, between commas.",
    )  # fmt: skip
    with_texts = forms.BooleanField(
        required=False, label="Also what people wrote",
        help_text="The words of notes, mails and tickets. Without it only that there was one is told.",
    )  # fmt: skip

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        offered = [(group, [(name, label) for name, label in of]) for group, of in kinds.offered()]
        self.fields["kinds"].choices = offered  # type: ignore[attr-defined]

    @classmethod
    def of(cls, row: WebhookEndpoint) -> EndpointForm:
        known = {name for _, group in kinds.offered() for name, _ in group}
        return cls(initial={
            "name": row.name, "url": row.url, "everything": "yes" if row.everything else "",
            "kinds": [kind for kind in row.kinds if kind in known],
            "others": ", ".join(kind for kind in row.kinds if kind not in known), "with_texts": row.with_texts,
        })  # fmt: skip

    def groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """For the page: the kinds, group by group."""
        return kinds.offered()

    def chosen(self) -> list[str]:
        """The kinds that are ticked as the form stands, right or wrong."""
        return list(self["kinds"].value() or [])

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_url(self) -> str:
        try:
            return check_url(self.cleaned_data["url"])
        except WebhookError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_others(self) -> list[str]:
        given = [word for word in re.split(r"[\s,]+", self.cleaned_data["others"]) if word]
        for word in given:
            if len(word) > 60 or not re.fullmatch(kinds.SHAPE, word):
                raise forms.ValidationError(f"“{word[:60]}” is no kind: write noun.verb, such as order.shipped.")
        return given

    def told(self) -> dict[str, Any]:
        """Of a valid form, for `make` and `change`."""
        data = self.cleaned_data
        everything = data["everything"] == "yes"
        chosen = sorted({*data["kinds"], *data["others"]})
        return {
            "name": data["name"], "url": data["url"], "everything": everything, "kinds": [] if everything else chosen,
            "with_texts": data["with_texts"],
        }  # fmt: skip


class ReplayForm(forms.Form):
    """Which failures: those of the last so many hours."""

    hours = forms.TypedChoiceField(
        label="Failed within", coerce=int, initial=24,
        choices=[(1, "the last hour"), (24, "the last day"), (72, "the last three days"), (720, "the last 30 days")],
    )  # fmt: skip

    def since(self, now: datetime) -> datetime:
        return now - timedelta(hours=self.cleaned_data["hours"])
