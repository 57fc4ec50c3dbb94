"""Deleting somebody who should not be in the record; whoever has a history is erased or merged instead."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import transaction

from crm.accounts.models import Contact, ContactSeen
from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Undone
from crm.slots import owned_rows
from crm.timeline.actions import Fact, record

#: What goes on without the person: it stays with the customer. All else that hangs on somebody forbids a deletion.
_STAYS = frozenset({"crm.TimelineEntry", "crm.Task"})


class StillNeeded(ValueError):
    """Something hangs on the person that would be torn; the message names it."""


def hanging_on(contact: Contact) -> list[str]:
    """What forbids a deletion, in words: “2 mails”."""
    said = []
    for owned in owned_rows:
        one, many = owned.label
        if owned.field != "contact" or owned.model in _STAYS or not one:
            continue
        count = apps.get_model(owned.model)._default_manager.filter(contact=contact.pk)[:1000].count()
        if count:
            said.append(f"{count} {one if count == 1 else many}")
    return said


@transaction.atomic
def delete(contact: Contact, by: Any, now: datetime) -> Act:
    """Entries and tasks about them stay with the customer. Can be undone. Raises StillNeeded."""
    # No workflow may take up somebody who is about to go.
    locked = Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    if hanging := hanging_on(locked):
        raise StillNeeded(
            f"{locked.name} has {' and '.join(hanging)}. Tick “Do not contact” on their form to leave them alone, "
            "or merge them with the person they are."
        )
    with act("contact.deleted", f"deleted {locked.name}", by, now) as made:
        text = f"{locked.name} was deleted"
        record(Fact(locked.account_id, "contact.deleted", text, now, source="person", actor_id=by.pk), now=now)
        made.detail |= {"contact": locked.pk, "last_seen_at": locked.seen.at and locked.seen.at.isoformat()}
        locked.delete()
    return made


def deletion_undone(deletion: Act, by: Any, now: datetime) -> Undone:
    """History has brought back the row; when the person was last seen stands beside it."""
    ContactSeen.objects.filter(contact=deletion.detail["contact"], at=None).update(at=deletion.detail["last_seen_at"])
    return Undone(0)
