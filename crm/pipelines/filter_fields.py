"""What filters ask of deals, with every field of their customer; and what they ask of customers about their deals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    DateTimeField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from crm.accounts.filter_fields import FieldsThroughAccount
from crm.accounts.lists import colleagues_by_email
from crm.ledger.models import Contract
from crm.pipelines.models import Deal, LossReason, Outcome, Pipeline, Stage
from crm.pipelines.values import SUBJECT
from crm.slots import FilterField, FilterSubject, filter_subjects

_MONEY: Any = DecimalField(max_digits=20, decimal_places=2)


def pipeline_names() -> list[tuple[str, str]]:
    """What a filter may suggest."""
    return [(one.name, one.name) for one in Pipeline.objects.in_use()]


def stage_names() -> list[tuple[str, str]]:
    rows = Stage.objects.in_use().filter(pipeline__archived_at=None).select_related("pipeline")
    return [(one.name, f"{one.name} ({one.pipeline})") for one in rows.order_by("pipeline__order", "order", "pk")]


def reason_names() -> list[tuple[str, str]]:
    return [(one.name, one.name) for one in LossReason.objects.filter(archived_at=None)]


def _is(condition: Q) -> Any:
    """Of conditions that are never null: what is not so can be asked too."""
    return lambda argument, now: ExpressionWrapper(condition, output_field=BooleanField())


def _stuck(argument: str | None, now: datetime) -> Any:
    late = Q(outcome=Outcome.OPEN, stuck_at__isnull=False, stuck_at__lte=now)
    return ExpressionWrapper(late, output_field=BooleanField())


def _days_in_stage(argument: str | None, now: datetime) -> Any:
    """Whole days, of closed ones too: since they were closed."""
    return Func(
        Value(now, DateTimeField()), F("entered_at"), arg_joiner=" - ", output_field=IntegerField(),
        template="floor(extract(epoch FROM %(expressions)s) / 86400)::integer",
    )  # fmt: skip


def _weighted(argument: str | None, now: datetime) -> Any:
    """The value times how likely it is."""
    return ExpressionWrapper(F("value") * F("stage__probability") / 100, output_field=_MONEY)


def _column(path: str, argument: str | None, now: datetime) -> Any:
    return F(path)


#: Label, kind, path if it is not the name, and what else there is to say.
_COLUMNS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "title": ("Title", "text", "", {}),
    "pipeline": ("Pipeline", "text", "pipeline__name", {"suggestions": pipeline_names}),
    "purpose": ("Purpose of the pipeline", "choice", "pipeline__purpose", {"choices": tuple(Pipeline.Purpose.choices)}),
    "stage": ("Stage", "text", "stage__name", {"suggestions": stage_names}),
    "outcome": ("Outcome", "choice", "", {"choices": tuple(Outcome.choices)}),
    "probability": ("Probability in per cent", "number", "stage__probability", {}),
    "owner": ("Owner", "text", "owner__email", {"suggestions": colleagues_by_email}),
    "value": ("Amount", "number", "", {"unit": "money", "sort": "value"}),
    "currency": ("Currency", "text", "", {}),
    "expected_on": ("Expected close", "date", "", {"sort": "expected"}),
    "source": ("Source", "text", "", {}),
    "next_step": ("Next step", "text", "", {}),
    "next_on": ("Day of the next step", "date", "", {}),
    "plan": ("Plan", "text", "", {}),
    "mrr": ("MRR in its currency", "number", "", {}),
    "starts_on": ("First day", "date", "", {}),
    "lost_because": ("Reason of the loss", "text", "lost_because__name", {"suggestions": reason_names}),
    "contract": ("Contract", "choice", "contract__status", {"choices": tuple(Contract.Status.choices)}),
    "tags": ("Tags", "tags", "", {}),
    "created_at": ("Opened", "datetime", "", {"sort": "created"}),
    "updated_at": ("Latest change", "datetime", "", {"sort": "updated"}),
    "entered_at": ("Entered its stage", "datetime", "", {}),
    "closed_at": ("Won or lost", "datetime", "", {}),
    "external_id": ("External id", "text", "", {}),
}

#: Label, kind, expression, unit.
_ASKED: dict[str, tuple[str, str, Any, str]] = {
    "open": ("Open", "bool", _is(Q(outcome=Outcome.OPEN)), ""),
    "stuck": ("Stuck", "bool", _stuck, ""),
    "has_owner": ("Has an owner", "bool", _is(Q(owner__isnull=False)), ""),
    "days_in_stage": ("Time in its stage", "number", _days_in_stage, "days"),
    "weighted": ("Weighted amount", "number", _weighted, "money"),
}


def _of_deals(condition: Q, figure: Any, output: Any) -> Callable[[str | None, datetime], Any]:
    """A figure over an account's deals; null where it has none of these."""

    def asked(argument: str | None, now: datetime) -> Any:
        theirs = Deal.objects.filter(condition, account=OuterRef("pk")).order_by().values("account")
        return Subquery(theirs.annotate(figure=figure).values("figure"), output_field=output)

    return asked


def _or_none(asked: Callable[[str | None, datetime], Any], output: Any) -> Callable[[str | None, datetime], Any]:
    return lambda argument, now: Coalesce(asked(argument, now), Value(0), output_field=output)


def _has_stuck(argument: str | None, now: datetime) -> Any:
    return Exists(Deal.objects.filter(account=OuterRef("pk"), outcome=Outcome.OPEN, stuck_at__lte=now))


def register_fields() -> None:
    """The filter subject “deal”, and the fields of accounts."""
    fields = FieldsThroughAccount(SUBJECT)
    filter_subjects.register(SUBJECT, FilterSubject("Deals", Deal, Deal.objects.all, "pipelines:list", fields))
    for name, (label, kind, path, more) in _COLUMNS.items():
        fields.register(name, FilterField(label, kind, partial(_column, path or name), **more))
    for name, (label, kind, expression, unit) in _ASKED.items():
        fields.register(name, FilterField(label, kind, expression, unit=unit))
    _register_of_accounts()


def _register_of_accounts() -> None:
    accounts, is_open, won = filter_subjects["account"].fields, Q(outcome=Outcome.OPEN), Q(outcome=Outcome.WON)
    count, total = IntegerField(), _MONEY
    for name, label, kind, expression, unit in (
        ("deals_open", "Open deals", "number", _or_none(_of_deals(is_open, Count("pk"), count), count), ""),
        ("deals_value", "Amount of open deals", "number",
         _or_none(_of_deals(is_open, Sum("value"), total), total), "money"),
        ("deals_stuck", "Has a stuck deal", "bool", _has_stuck, ""),
        ("deals_won", "Deals won", "number", _or_none(_of_deals(won, Count("pk"), count), count), ""),
        ("deal_won_at", "Last won a deal", "datetime", _of_deals(won, Max("closed_at"), DateTimeField()), ""),
    ):  # fmt: skip
        accounts.register(name, FilterField(label, kind, expression, unit=unit, group="Deals"))
    for name, label, kind, path in (
        ("key_plan_review_on", "Review of the key-account plan", "date", "key_plan__review_on"),
        ("key_plan_aimed_on", "Aim of the key-account plan", "date", "key_plan__aimed_on"),
    ):
        accounts.register(name, FilterField(label, kind, partial(_column, path), group="Deals"))
