"""The fields of a deal as forms ask them, each in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.db.models import Q

from crm.accounts import rules as account_rules
from crm.accounts.models import Contact
from crm.fields.asking import PREFIX
from crm.fields.forms import NAMED, fields_for
from crm.pipelines.models import Deal
from crm.pipelines.values import COLUMNS, CONTACTS, SUBJECT
from crm.team.models import User
from crm.web.fields import CurrencyField, amount_input, day_input

_LONGEST_TAG, _LONGEST_TERM = 60, 120


class TagsField(forms.CharField):
    """Tags between commas."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        tags = account_rules.tag_list(super().clean(", ".join(value) if isinstance(value, list) else value))
        if too_long := next((tag for tag in tags if len(tag) > _LONGEST_TAG), None):
            raise forms.ValidationError(f"“{too_long[:30]}…” is too long for a tag. Keep to {_LONGEST_TAG} characters.")
        return tags


def _money(row: Deal) -> forms.Field:
    return forms.DecimalField(min_value=0, max_digits=14, decimal_places=2, widget=amount_input())


def _day(row: Deal) -> forms.Field:
    return forms.DateField(widget=day_input())


def _text(longest: int) -> Callable[[Deal], forms.Field]:
    return lambda row: forms.CharField(max_length=longest, widget=forms.TextInput({"autocomplete": "off"}))


def _owner(row: Deal) -> forms.Field:
    offered = User.objects.filter(Q(is_active=True) | Q(pk=row.owner_id)).order_by("name", "id")
    return forms.ModelChoiceField(offered, empty_label="Nobody yet")


def _people(row: Deal) -> forms.Field:
    theirs = Contact.objects.filter(account=row.account_id).order_by("-is_primary", "created_at", "id")
    return forms.ModelMultipleChoiceField(theirs, label="Who has to do with it", widget=forms.CheckboxSelectMultiple)


_MADE: Mapping[str, Callable[[Deal], forms.Field]] = {
    "title": _text(200), "amount": _money, "mrr": _money, "expected_on": _day, "next_on": _day, "starts_on": _day,
    "owner": _owner, "source": _text(60), "next_step": _text(200), "plan": _text(120), CONTACTS: _people,
    "currency": lambda row: CurrencyField(),
    "months": lambda row: forms.IntegerField(min_value=1, max_value=_LONGEST_TERM),
    "tags": lambda row: TagsField(help_text="Separated by commas."),
}  # fmt: skip
#: What a field needs to be said about.
_HELP = {"months": "Blank: until somebody ends it.", "mrr": "A month, in the deal’s currency."}


def field_of(name: str, row: Deal, *, required: bool = False) -> forms.Field:
    """A column, or “custom.…”, or the people, of a deal that has its account. Raises KeyError for any other name."""
    if name.startswith(PREFIX):
        own: forms.Field = fields_for(SUBJECT, row.custom, new=row.pk is None)[form_name(name)]
        own.required = required or own.required
        return own
    made = _MADE[name](row)
    made.required = required
    made.label = made.label or COLUMNS[name]
    made.help_text = made.help_text or ("" if required else _HELP.get(name, ""))
    return made


def form_name(name: str) -> str:
    """What a form calls a field: a point stands in no name of HTML’s scripts."""
    return f"{NAMED}{name.removeprefix(PREFIX)}" if name.startswith(PREFIX) else name
