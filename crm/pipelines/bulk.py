"""What can be done to many deals at once. Each verb locks its rows in the order of their ids and leaves alone what is
so already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse

from crm.accounts.bulk import OwnerForm, ViewedForm, tagging
from crm.history.actions import present_act
from crm.history.bulk.acting import Refused
from crm.pipelines.actions import locking, placing
from crm.pipelines.actions.moving import owing
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.actions.telling import fact
from crm.pipelines.models import Deal, Outcome, Stage
from crm.pipelines.values import SUBJECT
from crm.slots import BulkAction, bulk_actions, tell
from crm.team.models import User
from crm.timeline.actions import record
from crm.web.fields import day_input


class StageForm(ViewedForm):
    stage = forms.ModelChoiceField(
        Stage.objects.in_use().filter(outcome=Outcome.OPEN, pipeline__archived_at=None).select_related("pipeline"),
        help_text="Of open deals. Those of which the stage asks something first stay where they are.",
    )

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, viewer=viewer, **more)
        field: Any = self.fields["stage"]
        field.label_from_instance = lambda stage: f"{stage.pipeline}: {stage}"


class ExpectedForm(ViewedForm):
    expected_on = forms.DateField(label="Expected close", widget=day_input(), required=False, help_text="Blank: none.")


def _set(ids: Sequence[int], differing: Q, now: datetime, **values: Any) -> int:
    locked = locking.deals(Q(pk__in=ids))
    return Deal.objects.filter(differing, pk__in=locked).update(**values, updated_at=now)


def assign(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    owner: User | None = data["owner"]
    others = Q(owner__isnull=False) if owner is None else Q(owner=None) | ~Q(owner=owner)
    changed = _set(ids, others, now, owner=owner)
    if changed and owner and owner != by:
        deed = present_act()
        key = f"deals:{deed.pk}:{owner.pk}" if deed else None  # of an act that comes slice by slice, once
        text = f"{by} gave you a deal" if changed == 1 else f"{by} gave you {changed:,} deals"
        tell([owner], "deal.assigned", text, f"{reverse('pipelines:list')}?view=mine", now, key=key, by=by)
    return changed


def set_expected(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    day = data["expected_on"]
    others = Q(expected_on__isnull=False) if day is None else Q(expected_on=None) | ~Q(expected_on=day)
    return _set(ids, others, now, expected_on=day)


def move(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    """Open deals go on top of the stage, in the order of their ids. Raises Refused for one that is not in use."""
    try:
        stage = locking.stage(data["stage"].pk)
    except DealError as error:
        raise Refused(str(error)) from None
    locked = locking.deals(Q(pk__in=ids, outcome=Outcome.OPEN) & ~Q(stage=stage))
    rows = Deal.objects.select_related("stage__pipeline", "owner").filter(pk__in=locked).order_by("pk")
    free = {row.pk: row for row in rows if not owing(row, stage)}
    if not free:
        return 0
    placing.place(placing.tops(stage, list(free)), stage, by, now)
    record([_moved(row, stage, by, now) for row in free.values()], now=now)
    return len(free)


def _moved(row: Deal, stage: Stage, by: User, now: datetime) -> Any:
    was, days = row.stage, max((now - row.entered_at).days, 0)
    row.stage = stage
    left: dict[str, Any] = {"from": was.name, "from_id": was.pk}
    return fact(row, "deal.stage", f"Deal moved to {stage}", now, by, days=days, **left)


def register_bulk() -> None:
    for order, (name, (label, icon, run, past, form)) in enumerate(_ACTIONS.items()):
        action = BulkAction(label, icon, SUBJECT, run, past, form, right="deals", order=5 * order)
        bulk_actions.register(f"{SUBJECT}.{name}", action)


_TAG, _UNTAG = tagging(Deal)
_ACTIONS: dict[str, tuple[str, str, Any, Any, type[forms.Form]]] = {
    "owner": (
        "Assign owner", "user-round", assign, lambda data, rows: f"gave {rows} to {data['owner'] or 'nobody'}",
        OwnerForm,
    ),
    "stage": (
        "Move to a stage", "columns-3", move, lambda data, rows: f"moved {rows} to {data['stage']}", StageForm,
    ),
    "expected": (
        "Set expected close", "calendar", set_expected,
        lambda data, rows: f"set the expected close of {rows} to {data['expected_on'] or 'no day'}", ExpectedForm,
    ),
    "tag": _TAG,
    "untag": _UNTAG,
}  # fmt: skip
