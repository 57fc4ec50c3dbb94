"""Entries of public forms become deals: a lead of crm.forms, and a deal of it in a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.db import transaction

from crm import slots
from crm.forms.actions.finding import own_values
from crm.forms.actions.leading import lead
from crm.forms.forms.outcomes import LeadSettings
from crm.pipelines.actions.opening import NewDeal, open_deal
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.models import Outcome, Pipeline, Stage
from crm.slots import FormEntered, FormMade
from crm.todos.actions import NewTask, create

OUTCOME = "deal"
_LONGEST_TITLE, _LONGEST_SOURCE = 200, 60


def _pipelines() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Pipeline.objects.in_use().values_list("pk", "name")]


def _stages() -> list[tuple[str, str]]:
    rows = Stage.objects.in_use().filter(outcome=Outcome.OPEN, pipeline__archived_at=None).select_related("pipeline")
    named = [(str(row.pk), f"{row.pipeline}: {row}") for row in rows.order_by("pipeline__order", "pipeline", "order")]
    return [("", "The first one"), *named]


class DealSettingsForm(LeadSettings):
    """What an admin sets of deals that a form brings."""

    pipeline = forms.TypedChoiceField(choices=_pipelines, coerce=int, label="Pipeline")
    stage = forms.TypedChoiceField(choices=_stages, coerce=int, empty_value=None, required=False, label="Stage")
    amount = forms.DecimalField(
        min_value=0, max_digits=14, decimal_places=2, required=False, label="Value",
        help_text="Of each deal, in the reporting currency. Blank: not known yet.",
    )  # fmt: skip
    field_order = ("pipeline", "stage", "amount", "task", "days")

    def clean_amount(self) -> str | None:
        """As JSON."""
        amount = self.cleaned_data["amount"]
        return None if amount is None else str(amount)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        stage, pipeline = data.get("stage"), data.get("pipeline")
        if stage and pipeline and not Stage.objects.filter(pk=stage, pipeline=pipeline).exists():
            self.add_error("stage", "This stage is of another pipeline. Choose one of its own.")
        return data


def make(entered: FormEntered, now: datetime) -> FormMade:
    """A lead, and its deal. Where the pipeline refuses the deal the lead stays, and a task says why there is none."""
    brought, wanted = lead(entered, now), entered.form.outcome_settings
    made, account = brought.made, brought.found.account
    new = NewDeal(
        account.pk, wanted.get("pipeline") or 0, f"{entered.form}: {account}"[:_LONGEST_TITLE], wanted.get("stage"),
        made.owner_id, _amount(wanted), source=str(entered.form)[:_LONGEST_SOURCE],
        custom=own_values(entered.answers, "deal"), contact_ids=(brought.found.contact.pk,), key=f"deal:{entered.key}",
    )  # fmt: skip
    try:
        with transaction.atomic():
            deal = open_deal(new, None, now)
    except DealError as refusal:
        title = f"Open the deal of “{entered.form}” by hand: {refusal}"
        create([NewTask(title, now, account.pk, owner_id=made.owner_id, key=f"deal:{entered.key}")], now=now)
        return replace(made, words=f"{made.words}. No deal: {refusal}")
    return replace(made, words=f"{made.words}, and a deal", url=deal.get_absolute_url())


def _amount(wanted: Mapping[str, Any]) -> Decimal | None:
    return Decimal(wanted["amount"]) if wanted.get("amount") else None


def register_form() -> None:
    slots.form_outcomes.register(
        OUTCOME,
        slots.FormOutcome(
            "A lead and a deal", "A customer and a person on record, and a deal of theirs in a pipeline.", make,
            DealSettingsForm, ("person", "contact", "account", "message", "deal"), order=15,
        ),
    )  # fmt: skip
