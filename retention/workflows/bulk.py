"""Enrolling many customers by hand, from a list, into a workflow that is on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db import connection
from psycopg.types.json import Jsonb

from crm.history.actions import present_act
from crm.history.bulk.acting import Refused
from crm.history.models import Act
from crm.history.undoing import Kept, Undone, undoers
from crm.outbox.actions import close_the_gate
from crm.slots import BulkAction, bulk_actions
from crm.team.models import User
from crm.web import clock
from retention.workflows import published
from retention.workflows.experiments import holdout
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.rules import BY_HAND

#: More that are kept are counted, not named.
_NAMED = 200


class EnrollForm(forms.Form):
    workflow = forms.ModelChoiceField(Workflow.objects.none(), empty_label=None, help_text="Those that are on.")

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, **more)
        running = Workflow.objects.filter(state=Workflow.State.ON, version__isnull=False, room="").order_by("name")
        self.fields["workflow"].queryset = running  # type: ignore[attr-defined]


# Whoever is in it already goes on where they are: nobody walks the same way twice at once.
_ENROLL = """
    INSERT INTO retention_enrollment
        (workflow_id, version_id, account_id, trigger_key, anchor, facts, state, step_id, visit, due_at, attempts,
        entered_at, ended_because, held_out)
    SELECT %(workflow)s, %(version)s, account.id, %(key)s, %(today)s, %(facts)s, 'active', %(step)s, 1, %(now)s, 0,
        %(now)s, '', {held_out}
    FROM crm_account account WHERE account.id = ANY(%(ids)s) AND NOT EXISTS (
        SELECT FROM retention_enrollment present
        WHERE present.account_id = account.id AND present.workflow_id = %(workflow)s
            AND present.state IN ('active', 'parked'))
    ORDER BY account.id
    ON CONFLICT DO NOTHING
"""


def enroll(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    """Those who are not in it already begin at its first step; its own conditions for leaving hold for them too."""
    act = present_act()
    assert act is not None
    workflow = Workflow.objects.select_for_update(of=("self",)).get(pk=data["workflow"].pk)
    if workflow.state != Workflow.State.ON or workflow.version_id is None:
        raise Refused(f"{workflow} is not on any more.")
    plan = published.of_version(workflow.version_id)
    values: dict[str, Any] = {
        "workflow": workflow.pk, "version": workflow.version_id, "key": f"{BY_HAND}{act.pk}", "today": clock.today(now),
        "facts": Jsonb({"when": "hand", "by": str(by), "act": act.pk}), "now": now, "ids": list(ids),
        "step": plan.steps[0].id,
    }  # fmt: skip
    held_out = holdout.entering(workflow.pk, plan.holdout_percent, "account.id")
    with connection.cursor() as cursor:
        cursor.execute(_ENROLL.format(held_out=held_out), values)
        return int(cursor.rowcount)


def leave(act: Act, by: User | None, now: datetime) -> Undone:
    """Whoever is still under way leaves; what they got until then they got, and whoever is through is named."""
    close_the_gate()  # before those who are in it, as in `workflows.actions.disable`
    entered = Enrollment.objects.filter(trigger_key=f"{BY_HAND}{act.pk}")
    inside = entered.filter(state__in=[Enrollment.State.ACTIVE, Enrollment.State.PARKED])
    locked = list(inside.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    through = entered.exclude(pk__in=locked).exclude(state=Enrollment.State.EXITED)
    kept = [
        Kept(str(row.account), str(row.workflow), None, "", row.ended_at, "they had gone through it already",
             "retention.Enrollment", row.pk)
        for row in through.select_related("account", "workflow").order_by("pk")[:_NAMED]
    ]  # fmt: skip
    because = f"Enrolled by hand, and undone by {by}" if by else "Enrolled by hand, and undone"
    Enrollment.objects.filter(pk__in=locked).update(
        state=Enrollment.State.EXITED, ended_at=now, ended_because=because[:300]
    )
    return Undone(len(locked), kept, max(through.count() - len(kept), 0))


def register_bulk() -> None:
    bulk_actions.register(
        "account.enroll",
        BulkAction(
            "Enroll in a workflow", "workflow", "account", enroll,
            lambda data, rows: f"enrolled {rows} in {data['workflow']}", EnrollForm,
            hint="Whoever is in it already goes on where they are. Consent, caps and quiet hours hold as always.",
            order=27,
        ),
    )  # fmt: skip
    undoers.register("bulk.enroll", leave)
