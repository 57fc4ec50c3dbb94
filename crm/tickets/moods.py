"""How customers feel who write to us: judged as it comes in, told to whoever leads, corrected by people."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.team.models import User
from crm.tickets.actions.saying import lock
from crm.tickets.models import Ticket, TicketMessage
from crm.tickets.rules.mood import CHOICES, FRUSTRATED, mood
from crm.tickets.telling import Readers, tell_of
from crm.web import clock


def judge(row: Ticket, message: TicketMessage, now: datetime, news: bool) -> None:
    """Of a message that has just come, in its transaction; the caller saves the ticket. Arithmetic of a millisecond."""
    found = None if message.automatic else mood(message.fresh)
    if found is None:
        return
    message.mood, message.mood_words = found.score, list(found.words)
    message.save(update_fields=["mood", "mood_words"])
    row.mood = found.score
    if news and found.score <= FRUSTRATED:
        _tell(row, message, now)


def _tell(row: Ticket, message: TicketMessage, now: datetime) -> None:
    """Once for a ticket and day, however often they write."""
    words = ", ".join(f"“{word}”" for word in message.mood_words[:3])
    text = f"{message.sender} is frustrated in {row}: {words}"
    url = f"{row.get_absolute_url()}#message-{message.pk}"
    key = f"ticket-mood:{row.pk}:{clock.today(now)}"
    tell_of(row, Readers([row]).leads(row), "ticket.mood", text, now, url=url, key=key)


@transaction.atomic
def correct(message: TicketMessage, name: str, by: User, now: datetime) -> None:
    """Somebody of ours knows better: a name of `CHOICES`. No lexicon overrules it. Raises KeyError."""
    score = CHOICES[name]
    row = lock(message.ticket_id)
    judged = TicketMessage.objects.select_for_update(no_key=True).filter(pk=message.pk, kind=TicketMessage.Kind.IN)
    judged.update(mood=score, mood_words=[], mood_by=by)
    theirs = row.messages.filter(kind=TicketMessage.Kind.IN, mood__isnull=False)
    row.mood = theirs.order_by("-occurred_at", "-pk").values_list("mood", flat=True).first()
    row.save(update_fields=["mood"])
