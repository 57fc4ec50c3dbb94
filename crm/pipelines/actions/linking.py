"""The people who have to do with a deal, and the tickets that it came from or depends on: of its customer alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from crm.accounts.models import Contact
from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Undone
from crm.pipelines.actions import locking
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.models import Deal, DealContact, DealTicket
from crm.team.models import User
from crm.tickets.models import Ticket

LINKED = "deal.linked"


def add_contacts(row: Deal, ids: Collection[int]) -> None:
    """Those of other customers are left out."""
    theirs = Contact.objects.filter(pk__in=ids, account=row.account_id).values_list("pk", flat=True)
    links = [DealContact(deal=row, contact_id=pk) for pk in sorted(theirs)]
    DealContact.objects.bulk_create(links, ignore_conflicts=True)


def add_tickets(row: Deal, ids: Collection[int]) -> None:
    """Those of other customers are left out."""
    theirs = Ticket.objects.filter(pk__in=ids, account=row.account_id).values_list("pk", flat=True)
    DealTicket.objects.bulk_create([DealTicket(deal=row, ticket_id=pk) for pk in sorted(theirs)], ignore_conflicts=True)


def link_contact(deal_id: int, contact_id: int, on: bool, by: User | None, now: datetime) -> Deal:
    """A person has to do with it, or not any more. Raises DealError for one of another customer."""
    return _link(deal_id, Contact, contact_id, DealContact, "contact", on, by, now)


def link_ticket(deal_id: int, ticket_id: int, on: bool, by: User | None, now: datetime) -> Deal:
    """It came from a ticket or depends on one, or not any more. Raises DealError for another customer's."""
    return _link(deal_id, Ticket, ticket_id, DealTicket, "ticket", on, by, now)


@transaction.atomic
def _link(
    deal_id: int, model: Any, pk: int, beside: Any, name: str, on: bool, by: User | None, now: datetime
) -> Deal:  # fmt: skip
    row = locking.deal(deal_id)
    other = model.objects.filter(pk=pk, account=row.account_id).first()
    if on and other is None:
        raise DealError(f"This {'person' if name == 'contact' else name} is not of {row.account}, whose deal this is.")
    if beside.objects.filter(deal=row, **{name: pk}).exists() == on:
        return row
    label = f"{'linked' if on else 'unlinked'} {other or name} {'to' if on else 'from'} the deal {row}"
    with act(LINKED, label, by, now, {"deal": row.pk, name: pk, "on": on}):
        _set(row.pk, beside, name, pk, on)
        row.updated_at = now
        row.save(update_fields=["updated_at"])
    return row


def _set(deal_id: int, beside: Any, name: str, pk: int, on: bool) -> None:
    if on:
        beside.objects.bulk_create([beside(deal_id=deal_id, **{f"{name}_id": pk})], ignore_conflicts=True)
    else:
        beside.objects.filter(deal=deal_id, **{name: pk}).delete()


def unlink(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of either."""
    return _turn(done, not done.detail["on"])


def link_again(done: Act, by: User | None, now: datetime) -> Undone:
    """For the redo of either."""
    return _turn(done, done.detail["on"])


def _turn(done: Act, on: bool) -> Undone:
    name = "contact" if "contact" in done.detail else "ticket"
    beside, model = _BESIDE[name]
    if not locking.deals(Q(pk=done.detail["deal"])) or not model.objects.filter(pk=done.detail[name]).exists():
        return Undone(0)
    _set(done.detail["deal"], beside, name, done.detail[name], on)
    return Undone(1)


_BESIDE: dict[str, tuple[Any, Any]] = {"contact": (DealContact, Contact), "ticket": (DealTicket, Ticket)}
