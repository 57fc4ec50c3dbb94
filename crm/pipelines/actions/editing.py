"""Changing what a deal says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.history.actions import act
from crm.history.models import Act
from crm.pipelines import values as fields
from crm.pipelines.actions import linking, locking
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.models import Deal
from crm.pipelines.rules import gates
from crm.slots import tell
from crm.team.models import User

#: What closing asks for, and opening again takes away.
_OF_ITS_END = frozenset({"lost_because", "lost_note"})


@transaction.atomic
def change(deal_id: int, values: Mapping[str, Any], by: User | None, now: datetime) -> tuple[Deal, Act | None]:
    """Set fields by name, cleaned: the columns of `values.COLUMNS` (owner as a User or None), “custom.…”, and
    “contacts”, ids of people who are added. The act is None if all was so already.

    Raises DealError for a currency without a rate, an owner without a sign-in, and a reason for one that is not lost.
    """
    row = locking.deal(deal_id)
    was = row.owner
    if values.keys() & _OF_ITS_END and row.outcome != "lost":
        raise DealError(f"“{row}” is not lost, so it has no reason for it.")
    columns = {name: value for name, value in values.items() if name != fields.CONTACTS}
    if fields.CONTACTS in values:
        linking.add_contacts(row, values[fields.CONTACTS])
    if not (changed := fields.fill(row, columns, now)):
        return row, None
    if "owner" in changed and row.owner and not row.owner.is_active:
        raise DealError(f"{row.owner} has no active sign-in and would never see the deal.")
    with act("deal.changed", f"changed {row}", by, now, {"deal": row.pk}) as deed:
        row.updated_at = now
        row.save(update_fields=[*changed, "updated_at"])
        if row.owner and row.owner != was:
            tell_owner(row, by, now)
    return row, deed


def tell_owner(row: Deal, by: User | None, now: datetime) -> None:
    """Whoever got it from somebody else."""
    if row.owner and row.owner != by and row.owner.is_active:
        words = f"{by or 'A workflow'} gave you the deal {row}"
        url = row.get_absolute_url()
        tell([row.owner], "deal.assigned", words, url, now, account_id=row.account_id, by=by)


@transaction.atomic
def tick(deal_id: int, check: str, on: bool, by: User | None, now: datetime) -> Deal:
    """One line of the checklist of its stage. Raises DealError for one that is not in it."""
    row = locking.deal(deal_id)
    line = next((one for one in gates.checks_of(row.stage.checklist) if one.id == check), None)
    if line is None:
        raise DealError(f"{row.stage} has no such line in its checklist. Reload the page to see those there are.")
    if (check in row.checked) == on:
        return row
    row.checked = [*row.checked, check] if on else [one for one in row.checked if one != check]
    row.updated_at = now
    with act("deal.ticked", f"{'ticked' if on else 'unticked'} “{line.label}” of {row}", by, now, {"deal": row.pk}):
        row.save(update_fields=["checked", "updated_at"])
    return row
