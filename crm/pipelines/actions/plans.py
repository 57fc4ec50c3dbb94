"""Plans for key accounts: one for each customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.pipelines.actions import locking
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.models import KeyAccountPlan, KeyAccountPlanChange
from crm.team.models import User

BEGUN = "plan.begun"
COLUMNS = (
    "goal", "from_plan", "to_plan", "mrr_now", "mrr_aimed", "aimed_on", "review_on", "in_the_way", "next_step",
)  # fmt: skip


class PlanMovedError(DealError):
    """Somebody has written the plan since the person saw it, and nothing was done. `plan`: as it is now, or None."""

    def __init__(self, message: str, plan: KeyAccountPlan | None) -> None:
        super().__init__(message)
        self.plan = plan


@locking.persistent
def write_plan(
    account_id: int, values: Mapping[str, Any], by: User, now: datetime, *, seen: str | None = None
) -> tuple[KeyAccountPlan, Act | None]:  # fmt: skip
    """Make or change the customer's plan; `values` by column, cleaned. The act is None if all was so already.

    `seen`: the version that the person had before them, blank for none; raises PlanMovedError if it is another by now.
    """
    account = locking.account(account_id)
    row = KeyAccountPlan.objects.select_related("written_by").filter(account=account).first()
    if seen is not None and seen != (row.version if row else ""):
        who = row.written_by if row else None
        raise PlanMovedError(f"{who or 'Somebody'} has {'changed' if row else 'dropped'} the plan meanwhile.", row)
    kind, label = "plan.changed", f"changed the key account plan for {account}"
    if row is None:
        row = KeyAccountPlan(account=account, created_at=now)
        kind, label = BEGUN, f"wrote a key account plan for {account}"
    changed = [name for name in COLUMNS if name in values and getattr(row, name) != values[name]]
    if not changed and row.pk:
        return row, None
    with act(kind, label, by, now, {"account": account.pk}) as deed:
        for name in changed:
            setattr(row, name, values[name])
        row.updated_at, row.written_by = now, by
        row.save()
    return row, deed


@transaction.atomic
def drop_plan(account_id: int, by: User, now: datetime) -> Act | None:
    """It is no key account any more; undone, the plan is there again. None: it had none."""
    row = KeyAccountPlan.objects.select_related("account").filter(account=account_id).first()
    if row is None:
        return None
    with act("plan.dropped", f"dropped the key account plan for {row.account}", by, now) as deed:
        row.delete()
    return deed


def unbegin(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo: a plan that nobody has changed since goes."""
    row = KeyAccountPlan.objects.select_for_update().filter(account=done.detail["account"]).first()
    if row is None:
        return Undone(0)
    if KeyAccountPlanChange.objects.filter(pgh_obj=row.pk).exists():
        return Undone(0, [Kept(str(row), "", None, "", None, "somebody has changed it since")])
    row.delete()
    return Undone(1)
