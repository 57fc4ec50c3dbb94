"""What somebody is writing, kept as they write, and with the conversation wherever that goes on.

Whoever writes on the page of a ticket that is merged meanwhile goes on writing there, perhaps beside what they had
begun in the other one. So each of their texts is kept as a draft of its own until it is sent, or stands in what is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Coalesce

from crm.team.models import User
from crm.tickets.actions.saying import lock_where_it_goes_on
from crm.tickets.models import Macro, Ticket, TicketDraft, TicketMessage


@transaction.atomic
def keep(
    ticket: Ticket, user: User, is_note: bool, text: str, now: datetime, bundle: UUID | None = None,
    macro: Macro | None = None,
) -> bool:  # fmt: skip
    """What they have written so far on this ticket's page, and the macro that sending it uses; blank: nothing any more.
    False: its form, which has this bundle, was sent meanwhile, so it is no draft."""
    row = lock_where_it_goes_on(ticket)
    if bundle and TicketMessage.objects.filter(bundle=bundle, user=user, called_off_at=None).exists():
        return False
    begun_in = None if row.pk == ticket.pk else ticket
    if begun_in is None:
        drop(row, user, is_note, text)
    if not text.strip():
        TicketDraft.objects.filter(ticket=row, user=user, is_note=is_note, begun_in=begun_in).delete()
        return True
    TicketDraft.objects.update_or_create(
        ticket=row, user=user, is_note=is_note, begun_in=begun_in,
        defaults={"text": text, "macro": macro, "saved_at": now},
    )  # fmt: skip
    return True


def drop(row: Ticket, user: User, is_note: bool, text: str) -> None:
    """What was begun elsewhere and stands in this text. Whoever has another page open may not have seen the rest."""
    others = TicketDraft.objects.filter(ticket=row, user=user, is_note=is_note).exclude(begun_in=None)
    others.filter(pk__in=[one.pk for one in others if one.text.strip() in text]).delete()


def sent(row: Ticket, user: User, is_note: bool, text: str) -> None:
    """It is no draft any more."""
    TicketDraft.objects.filter(ticket=row, user=user, is_note=is_note, begun_in=None).delete()
    drop(row, user, is_note, text)


def take_along(gone: Ticket, stays: Ticket) -> None:
    """Two tickets become one. The caller has locked both."""
    TicketDraft.objects.filter(ticket=gone).update(ticket=stays, begun_in=Coalesce("begun_in", Value(gone.pk)))


def give_back(gone: Ticket) -> None:
    """And two again: with what was begun in those that go on in the one that was gone."""
    same = TicketDraft.objects.filter(ticket=gone, user=OuterRef("user"), is_note=OuterRef("is_note"), begun_in=None)
    TicketDraft.objects.filter(~Exists(same), begun_in=gone).update(ticket=gone, begun_in=None)
    TicketDraft.objects.filter(begun_in__in=_merged_into(gone)).update(ticket=gone)


def _merged_into(row: Ticket) -> set[int]:
    """Those that go on in it, also by way of others."""
    found = newest = set(Ticket.objects.filter(merged_into=row).values_list("pk", flat=True))
    while newest := set(Ticket.objects.filter(merged_into__in=newest).values_list("pk", flat=True)) - found:
        found = found | newest
    return found


def joined(rows: Iterable[Mapping[str, Any]]) -> dict[bool, dict[str, Any]]:
    """By is_note all that is kept, as one text; rows of is_note, text, macro, saved_at, in the order in which they go.
    Of their macros the first counts: an answer has one."""
    found: dict[bool, dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(row["is_note"], {"text": "", "macro": None, "saved_at": row["saved_at"]})
        one["text"] = "\n\n".join(filter(None, (one["text"].rstrip(), row["text"])))
        one["macro"] = one["macro"] or row["macro"]
        one["saved_at"] = max(one["saved_at"], row["saved_at"])
    return found
