"""A message that is about something else becomes a ticket of its own."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Undone
from crm.team.models import User
from crm.tickets.actions import drafting
from crm.tickets.actions.reviving import close, keep
from crm.tickets.actions.saying import TicketError, lock, tell_timeline
from crm.tickets.actions.turning import begin_spell
from crm.tickets.models import Ticket, TicketMessage

KIND = "ticket.split"


@transaction.atomic
def split(message: TicketMessage, subject: str, by: User, now: datetime, *, rest: bool = False) -> tuple[Ticket, Act]:
    """With `rest` also whatever was said after it. Who handles it stays. Raises TicketError."""
    row = lock(message.ticket_id)
    fresh = row.messages.filter(pk=message.pk, kind=TicketMessage.Kind.IN).select_related("contact__account").first()
    if fresh is None:
        raise TicketError("Only what a customer wrote in this ticket can become a ticket of its own.")
    if row.merged_into_id:
        raise TicketError(f"#{row.pk} was merged into #{row.merged_into_id}. Split it off there.")
    later = Q(occurred_at__gt=fresh.occurred_at) | Q(occurred_at=fresh.occurred_at, pk__gt=fresh.pk)
    taken = row.messages.filter(Q(pk=fresh.pk) | later if rest else Q(pk=fresh.pk))
    if not row.messages.exclude(pk__in=taken.values("pk")).exists():
        raise TicketError("Nothing would be left of this ticket. Change its subject instead.")
    with act(KIND, "", by, now) as made:
        new = _begin(row, fresh, subject, by, now)
        made.label, made.detail = f"split {new} off #{row.pk}", {"ticket": new.pk, "of": row.pk}
        taken.move(new, origin=row)
        keep(new, now)
        keep(row, now)
    return new, made


def _begin(row: Ticket, message: TicketMessage, subject: str, by: User, now: datetime) -> Ticket:
    contact = message.contact or row.contact
    new = Ticket.objects.create(
        subject=subject[:300], priority=row.priority, category=row.category, channel=message.channel,
        reply_channel=message.channel, account=contact.account if contact else row.account, contact=contact,
        requester_name=message.sender_name or row.requester_name,
        requester_handle=message.sender_handle or row.requester_handle, team=row.team, assignee=row.assignee,
        assigned_because=f"It was split off #{row.pk}", tags=row.tags, token=secrets.token_hex(10), created_at=now,
        updated_at=now, asked_at=message.occurred_at, paused_until=row.paused_until, created_by=by,
    )  # fmt: skip
    begin_spell(new, by, now, f"split off #{row.pk}")
    tell_timeline(new, "ticket.opened", "Ticket opened", now, now, by=by, note=message.fresh, channel=message.channel,
                  key=f"ticket-split:{message.pk}:{new.pk}")  # fmt: skip
    return new


def join(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo: all that was said in it by now goes back, and what comes for it later too."""
    rows = {pk: lock(pk) for pk in sorted((done.detail["ticket"], done.detail["of"]))}
    new, row = rows[done.detail["ticket"]], rows[done.detail["of"]]
    new.messages.filter(origin=row).move(row, origin=None)
    new.messages.move(row, origin=new)
    drafting.take_along(new, row)
    close(new, by, now, f"taken back into #{row.pk}")
    new.merged_into = row
    keep(new, now)
    keep(row, now)
    return Undone(1)
