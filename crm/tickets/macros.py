"""Canned answers: filled in for the ticket at hand, edited by whoever sends them, and what they set beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from crm.history.actions import Undone, act, undo
from crm.history.models import Act
from crm.outbox import rendering
from crm.team.models import User
from crm.tickets import clocks
from crm.tickets.actions import answering, drafting
from crm.tickets.actions.answering import Written, write
from crm.tickets.actions.saying import lock
from crm.tickets.models import Macro, Ticket, TicketCategory, TicketMessage


def known_to(viewer: User) -> QuerySet[Macro]:
    """Everybody's, and one's own, those that nobody is offered any more among them."""
    return Macro.objects.filter(Q(owner=None) | Q(owner=viewer))


def offered(viewer: User) -> QuerySet[Macro]:
    return known_to(viewer).filter(archived_at=None).order_by("name", "id")


#: Of the act that sets what a macro sets.
USED = "ticket.macro"
#: Of the act that removes one of one's own.
REMOVED = "macro.removed"


def remove(macro: Macro, by: User, now: datetime) -> Act | None:
    """Of one's own: nobody is offered it any more. None: it was removed already."""
    with act(REMOVED, f"removed the macro “{macro}”", by, now, {"macro": macro.pk}) as made:
        gone = Macro.objects.filter(pk=macro.pk, owner=by, archived_at=None).update(archived_at=now)
    return made if gone else None


def put_back(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of a removal."""
    return Undone(Macro.objects.filter(pk=done.detail["macro"]).update(archived_at=None))


def facts(ticket: Ticket, viewer: User) -> Mapping[str, Any]:
    """What a macro may name."""
    contact, account = ticket.contact, ticket.account
    first, _, last = (ticket.requester_name or "").partition(" ")
    return {
        "contact": {
            "first_name": contact.first_name if contact else first, "last_name": contact.last_name if contact else last,
            "name": contact.name if contact else ticket.requester_name,
            "email": (contact.email if contact else ticket.requester_handle) or "",
        },
        "account": {"name": account.name if account else ""},
        "ticket": {"number": ticket.pk, "subject": ticket.subject},
        "agent": {"name": str(viewer), "first_name": str(viewer).split(" ")[0], "email": viewer.email},
    }  # fmt: skip


def filled(macro: Macro, ticket: Ticket, viewer: User) -> str:
    """Its text for this ticket. Raises rendering.TemplateError."""
    return rendering.render("", macro.body, facts(ticket, viewer))[1].strip()


def category_names(rows: Iterable[Macro]) -> dict[int, str]:
    """Of the categories that these set, by their ids."""
    ids = [pk for row in rows if (pk := row.sets.get("category"))]
    return dict(TicketCategory.objects.filter(pk__in=ids, archived_at=None).values_list("pk", "name"))


def sets(macro: Macro, categories: Mapping[int, str]) -> list[str]:
    """In words: what sending it changes beside."""
    said = []
    if status := dict(Ticket.Status.choices).get(macro.sets.get("status", "")):
        said.append(f"Status: {status}")
    if priority := dict(Ticket.Priority.choices).get(macro.sets.get("priority", 0)):
        said.append(f"Priority: {priority}")
    if category := categories.get(macro.sets.get("category", 0)):
        said.append(f"Category: {category}")
    return said + [f"Tag: {tag}" for tag in macro.sets.get("tags", ())]


def _category(macro: Macro) -> TicketCategory | None:
    pk = macro.sets.get("category")
    return TicketCategory.objects.filter(pk=pk, archived_at=None).first() if pk else None


@transaction.atomic
def send(ticket: Ticket, written: Written, macro: Macro | None, by: User, now: datetime) -> TicketMessage:
    """As `answering.write`, with what the macro sets: all or nothing."""
    again = TicketMessage.objects.filter(bundle=written.bundle).exists()
    message = write(ticket, written, by, now)
    if macro and not again:
        _apply(macro, message, by, now)
    return message


def _apply(macro: Macro, message: TicketMessage, by: User, now: datetime) -> None:
    row = lock(message.ticket_id)
    with act(USED, f"used “{macro}” in {row}", by, now, {"ticket": row.pk, "message": message.pk, "macro": macro.pk}):
        row.priority = macro.sets.get("priority", row.priority)
        row.category = _category(macro) or row.category
        row.tags = list(dict.fromkeys([*row.tags, *macro.sets.get("tags", ())]))
        clocks.wind(row, now)
        row.save()


@transaction.atomic
def call_off(message: TicketMessage, by: User, now: datetime) -> bool:
    """As `answering.call_off`; what a macro set with it goes back as well, but for what somebody changed since, and
    the draft uses that macro again."""
    if not answering.call_off(message, by, now):
        return False
    used = Act.objects.filter(kind=USED, by=by, at__gte=message.occurred_at, detail__message=message.pk)
    if done := used.filter(undone_at=None).first():
        undo(done, by, now)
        macro = offered(by).filter(pk=done.detail["macro"]).first()
        drafting.keep(message.ticket, by, False, message.text, now, macro=macro)
    return True
