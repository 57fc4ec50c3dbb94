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
from crm.web.counting import how_many

#: What goes on without the person: it stays with the customer. All else that hangs on somebody forbids a deletion.
_STAYS = frozenset({"crm.TimelineEntry", "crm.Task"})
#: Of each kind of thing that hangs on somebody no more are counted.
_COUNTED = 1000


class StillNeeded(ValueError):
    """Something hangs on the person that would be torn; the message names it."""


def hanging_on(contact: Contact) -> list[str]:
    """What forbids a deletion, in words: “2 mails”."""
    forbids = [
        owned for owned in owned_rows if owned.field == "contact" and owned.model not in _STAYS and owned.label[0]
    ]
    rows = [apps.get_model(owned.model)._default_manager.filter(contact=contact.pk) for owned in forbids]
    return [
        f"{count} {owned.label[count != 1]}"
        for owned, count in zip(forbids, how_many(rows, _COUNTED), strict=True)
        if count
    ]


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
