"""Doing a bulk action: at once when the rows are few, by a worker when they are many. Both go through `act_on`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import QueryDict

from crm.history import rules
from crm.history.actions import act
from crm.history.bulk.choosing import Chosen
from crm.history.models import Act, Run
from crm.slots import BulkAction, bulk_actions, filter_subjects
from crm.team.models import User
from crm.team.permissions import allows


class Refused(ValueError):
    """The bulk action cannot be done, or not any more; the message is for the person who asked."""


def form_of(action: BulkAction, viewer: User, data: Mapping[str, Sequence[str]] | None = None) -> forms.Form | None:
    """What the action asks; bound to `data` (name → values as a browser sends them), if given."""
    if action.form is None:
        return None
    if data is None:
        return action.form(viewer=viewer)  # type: ignore[no-any-return]
    sent = QueryDict(mutable=True)
    for name, values in data.items():
        sent.setlist(name, list(values))
    return action.form(sent, viewer=viewer)  # type: ignore[no-any-return]


def may(viewer: User, action: BulkAction) -> bool:
    return allows(viewer, action.right) and viewer.role in action.roles


def begin(name: str, chosen: Chosen, form: forms.Form | None, by: User, now: datetime) -> Act:
    """Do it to the chosen rows, or leave it to a worker if they are many: the act then has a `run`.

    The form is valid. Its `detail` tells how many rows were chosen and changed.
    """
    action = bulk_actions[name]
    data = {} if form is None else _sent(form)
    cleaned = form.cleaned_data if form else {}
    with transaction.atomic():
        total = chosen.count
        label = action.past(cleaned, rules.number_of(total, action.subject))
        with act(f"bulk.{name.rpartition('.')[2]}", label, by, now, {"subject": action.subject, "rows": total}) as deed:
            if total > rules.AT_ONCE:
                _leave_to_a_worker(deed, name, data, chosen.rows, now)
            else:
                deed.detail["changed"] = act_on(name, chosen.ids(), data, by, now)
        return deed


def act_on(name: str, ids: Sequence[int], data: Mapping[str, Sequence[str]], by: User | None, now: datetime) -> int:
    """One slice, inside its act: rows that `by` may still see. Returns how many changed. Raises Refused."""
    action = bulk_actions.get(name)
    if action is None or by is None or not by.is_active or not may(by, action):
        raise Refused("Whoever began this may not do it any more.")
    form = form_of(action, by, data)
    if form is not None and not form.is_valid():
        raise Refused("; ".join(error for errors in form.errors.values() for error in map(str, errors)))
    model = filter_subjects[action.subject].model
    visible = model._default_manager.visible_to(by).filter(pk__in=ids)  # type: ignore[attr-defined]
    own = list(visible.order_by("pk").values_list("pk", flat=True))
    return action.run(own, form.cleaned_data if form else {}, by, now) if own else 0


def _sent(form: forms.Form) -> dict[str, list[str]]:
    """What the browser sent for the form's own fields: a worker reads it again as it was."""
    sent: Any = form.data
    return {form.add_prefix(name): sent.getlist(form.add_prefix(name)) for name in form.fields}


def _leave_to_a_worker(deed: Act, name: str, data: dict[str, list[str]], rows: QuerySet[Any], now: datetime) -> None:
    """The ids are fixed now, in one statement: what matches later was not what somebody agreed to."""
    run = Run.objects.create(act=deed, name=name, data=data, due_at=now)
    statement, parameters = rows.order_by("pk").values_list("pk", flat=True).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE crm_run SET ids = ARRAY({statement}), total = 0 WHERE id = %s",  # noqa: S608  (a queryset's own)
            [*parameters, run.pk],
        )
        cursor.execute("UPDATE crm_run SET total = cardinality(ids) WHERE id = %s", [run.pk])
