"""How somebody wants to be told: one choice for each kind."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction

from crm import slots
from crm.outbox.models import NotificationPreference
from crm.team.models import User


class PreferencesForm(forms.Form):
    """A field for each kind that any room has registered, named as the kind."""

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        chosen = dict(NotificationPreference.objects.filter(user=viewer).values_list("kind", "way"))
        for name, kind in slots.notification_kinds.items():
            self.fields[name] = forms.ChoiceField(
                label=kind.label, help_text=kind.hint, choices=NotificationPreference.Way.choices,
                initial=chosen.get(name, kind.way), widget=forms.RadioSelect,
            )  # fmt: skip

    @property
    def lines(self) -> list[dict[str, Any]]:
        """For the table: each kind with its choices."""
        return [{"field": self[name], "icon": kind.icon} for name, kind in slots.notification_kinds.items()]

    @transaction.atomic
    def save(self) -> None:
        NotificationPreference.objects.bulk_create(
            [
                NotificationPreference(user=self.viewer, kind=kind, way=way)
                for kind, way in sorted(self.cleaned_data.items())
            ],
            update_conflicts=True, unique_fields=["user", "kind"], update_fields=["way"],
        )  # fmt: skip
