"""A new deal, and one field of a deal in its place."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.conf import settings

from crm.accounts.forms.versioned import VersionedForm
from crm.accounts.models import Account
from crm.fields.asking import PREFIX
from crm.fields.forms import NAMED, changed, fields_for, grouped
from crm.pipelines.actions.opening import NewDeal
from crm.pipelines.forms.fields import field_of
from crm.pipelines.models import Deal, Outcome, Pipeline, Stage
from crm.pipelines.values import SUBJECT
from crm.team.models import User

#: Fields that are changed on the deal's page, in the order of its card.
FACTS = (
    "owner", "amount", "currency", "expected_on", "source", "plan", "mrr", "months", "starts_on", "tags", "next_step",
    "next_on", "title",
)  # fmt: skip
_NEEDED = ("title", "currency")
#: What a new deal may say besides.
_TOLD = ("amount", "expected_on", "next_step", "next_on", "source", "plan", "mrr")


class FactForm(VersionedForm):
    """One field of a deal. Two people who change different ones both get their way."""

    subject = SUBJECT

    class Meta:
        model = Deal
        fields: ClassVar[list[str]] = list(FACTS)

    def __init__(self, *args: Any, viewer: User, only: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        for name in FACTS:
            self.fields[name] = field_of(name, self.instance, required=name in _NEEDED)
        self.only(only)

    def values(self, name: str) -> dict[str, Any]:
        """Of a valid form: what the verb takes."""
        value = self.cleaned_data[name]
        return {f"{PREFIX}{name.removeprefix(NAMED)}" if name.startswith(NAMED) else name: value}


class NewDealForm(forms.Form):
    """For one customer. Behind its own fields stand those that admins have made."""

    bundle = forms.UUIDField(widget=forms.HiddenInput)
    stage = forms.ModelChoiceField(Stage.objects.none(), empty_label=None, label="Stage")

    def __init__(self, *args: Any, account: Account, viewer: User, **more: Any) -> None:
        row = Deal(account=account)
        first = {"bundle": uuid4(), "owner": account.owner_id or viewer.pk, "currency": settings.CURRENCY}
        more["initial"] = first | more.get("initial", {})
        super().__init__(*args, **more)
        self.account = account
        for name in (*_NEEDED, *_TOLD, "owner"):
            self.fields[name] = field_of(name, row, required=name in _NEEDED)
        self.fields["next_on"].label = "On"
        stages: Any = self.fields["stage"]
        stages.queryset = Stage.objects.in_use().filter(outcome=Outcome.OPEN, pipeline__archived_at=None)
        stages.choices = _by_pipeline()
        self.fields.update(fields_for(SUBJECT, {}, new=True))

    def custom_groups(self) -> list[tuple[str, list[Any]]]:
        return grouped(self)

    def deal(self, contacts: tuple[int, ...], tickets: tuple[int, ...]) -> NewDeal:
        """Of a valid form."""
        data = self.cleaned_data
        owner: User | None = data["owner"]
        return NewDeal(
            self.account.pk, data["stage"].pipeline_id, stage_id=data["stage"].pk, owner_id=owner.pk if owner else None,
            custom=changed({}, data), contact_ids=contacts, ticket_ids=tickets, key=f"form:{data['bundle']}",
            **{name: data[name] for name in (*_NEEDED, *_TOLD)},
        )  # fmt: skip


def _by_pipeline() -> list[tuple[str, list[tuple[int, str]]]]:
    """Open stages under the names of their pipelines."""
    rows = Stage.objects.in_use().filter(outcome=Outcome.OPEN, pipeline__in=Pipeline.objects.in_use())
    groups: dict[str, list[tuple[int, str]]] = {}
    for stage in rows.select_related("pipeline").order_by("pipeline__order", "pipeline__name", "order", "id"):
        groups.setdefault(stage.pipeline.name, []).append((stage.pk, stage.name))
    return list(groups.items())
