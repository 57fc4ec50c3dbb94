"""One budget of pressure for machine and people: when automation leaves somebody alone, how long, and who says else.

A customer who writes, complains or is not content hears nothing automatic for a while. The pause is written in the
transaction of what brings it, on the contact's row, which senders hold while a letter leaves: nothing that is careful
(service and marketing mail) leaves after the commit. Answers of people and receipts are never held back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from crm.accounts.models import Contact
from crm.history.actions import act
from crm.outbox.models import MailPolicy
from crm.team.models import User
from crm.timeline.actions import Fact, record

REPLY, TICKET, RATING, COMPLAINT = "reply", "ticket", "rating", "complaint"

PAUSED, LIFTED = "automation.paused", "automation.resumed"

_PAUSE = """
    WITH locked AS (
        SELECT id FROM crm_contact WHERE id = ANY(%(contacts)s)
            AND (automation_paused_until IS NULL OR automation_paused_until < %(until)s) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE crm_contact c SET automation_paused_until = %(until)s, automation_paused_why = %(why)s
    FROM locked WHERE c.id = locked.id RETURNING c.id
"""


def rest_of(kind: str) -> timedelta:
    """For how long automation rests after a REPLY, TICKET, RATING or COMPLAINT, as admins have set it."""
    days: int = getattr(MailPolicy.the_only(), f"rest_after_{kind}")
    return timedelta(days=days)


def pause_automation(contacts: Collection[int], until: datetime, why: str) -> list[int]:
    """Nothing automatic reaches these people until then: in the caller's transaction. A longer pause stays as it is.

    `why` is a sentence for people: “Anna wrote.” Returns the ids of those whose pause this is.
    """
    if not contacts:
        return []
    values: dict[str, Any] = {"contacts": sorted(contacts), "until": until, "why": why[:200]}
    with connection.cursor() as cursor:
        cursor.execute(_PAUSE, values)
        return [row[0] for row in cursor.fetchall()]


def rest(kind: str, contacts: Collection[int], why: str, now: datetime) -> datetime | None:
    """The same for as long as admins have set for what happened. None: not at all."""
    length = rest_of(kind)
    if not length:
        return None
    pause_automation(contacts, now + length, why)
    return now + length


@transaction.atomic
def let_rest(contact: Contact, until: datetime, reason: str, by: User, now: datetime) -> None:
    """A person of ours wants automation to leave somebody alone. Raises ValueError."""
    if not reason.strip():
        raise ValueError("Say why: colleagues will ask.")
    if until <= now:
        raise ValueError("That has passed already. Choose a day that is still to come.")
    Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    why = f"{by}: {reason}"[:200]
    Contact.objects.filter(pk=contact.pk).update(automation_paused_until=until, automation_paused_why=why)
    text = f"Automation rests for {contact} until {until:%-d %B %Y}: {reason}"
    _tell(contact, PAUSED, text, reason, by, now)


@transaction.atomic
def lift(contact: Contact, reason: str, by: User, now: datetime) -> bool:
    """Automation may write to somebody again. False: nothing was paused. Raises ValueError without a reason."""
    if not reason.strip():
        raise ValueError("Say why: colleagues will ask.")
    locked = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    if locked.automation_paused_until is None or locked.automation_paused_until <= now:
        return False
    Contact.objects.filter(pk=contact.pk).update(automation_paused_until=None, automation_paused_why="")
    _tell(contact, LIFTED, f"Automation may write to {contact} again: {reason}", reason, by, now)
    return True


def _tell(contact: Contact, kind: str, text: str, reason: str, by: User, now: datetime) -> None:
    """On the timeline, and in the audit log."""
    with act(kind, f"said: {text}", by, now) as deed:
        deed.detail = {"contact": contact.pk, "account": contact.account_id, "reason": reason}
    fact = Fact(contact.account_id, kind, text[:300], now, contact_id=contact.pk, source="person", actor_id=by.pk)
    record(fact, now=now)
