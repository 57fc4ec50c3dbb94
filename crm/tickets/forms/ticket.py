"""What is known of a ticket, each field changed in its place."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.validators import validate_email
from django.db.models import Q

from crm.accounts import rules as account_rules
from crm.accounts.forms.versioned import VersionedForm
from crm.team.models import Team, User
from crm.tickets.models import Ticket, TicketCategory

#: Readers in copy of one ticket.
MOST_COPIED = 20


class FactForm(VersionedForm):
    """One field of a ticket. Two people who change different ones both get their way."""

    subject = "ticket"

    tags = forms.CharField(required=False, help_text="Separated by commas.")
    copied = forms.CharField(required=False, label="Reads along", help_text="E-mail addresses, separated by commas.")

    class Meta:
        model = Ticket
        fields: ClassVar[list[str]] = ["subject", "priority", "category", "team", "assignee", "tags", "copied"]

    def __init__(self, *args: Any, viewer: User, only: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        self.only(only)
        for name in ("tags", "copied"):
            if name in self.fields:
                self.initial[name] = ", ".join(getattr(self.instance, name))
        self._offer("assignee", "Nobody yet", User.objects.filter(_kept(is_active=True, pk=self.instance.assignee_id)))
        self._offer("team", "No team", Team.objects.all())
        offered = _kept(archived_at=None, pk=self.instance.category_id)
        self._offer("category", "None", TicketCategory.objects.filter(offered))

    def _offer(self, name: str, empty: str, rows: Any) -> None:
        """What a ticket has stays choosable when it is offered no more."""
        field = self.fields.get(name)
        if isinstance(field, forms.ModelChoiceField):
            field.queryset, field.empty_label = rows, empty

    def clean_tags(self) -> list[str]:
        tags = account_rules.tag_list(self.cleaned_data["tags"])
        if too_long := next((tag for tag in tags if len(tag) > 60), None):
            raise forms.ValidationError(f"“{too_long[:30]}…” is too long for a tag. Keep to 60 characters.")
        return tags

    def clean_copied(self) -> list[str]:
        typed = [one.strip().lower() for one in self.cleaned_data["copied"].split(",")]
        found = list(dict.fromkeys(one for one in typed if one))
        for one in found:
            try:
                validate_email(one)
            except forms.ValidationError:
                raise forms.ValidationError(f"“{one[:60]}” is no e-mail address.") from None
        if len(found) > MOST_COPIED:
            raise forms.ValidationError(f"{MOST_COPIED} addresses are the most that read along.")
        return found


def _kept(*, pk: int | None, **offered: Any) -> Q:
    return Q(**offered) | Q(pk=pk)
