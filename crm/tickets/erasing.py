"""A person leaves the tickets: those they asked for stay, for the figures, and say nothing of them any more."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import Q

from crm.slots import Person
from crm.tickets.models import BlockedSender, Ticket, TicketChange, TicketDraft, TicketFile, TicketMessage, TicketRating
from crm.timeline.erasing import known_by, naming, without

# Theirs, of record or not, whatever they say; in other tickets of the customer their name is taken out.
_THEIRS = "contact_id = %(contact)s OR requester_handle = ANY(%(addresses)s)"
_FORGET = f"""
    UPDATE {{table}} SET subject = CASE WHEN {_THEIRS} THEN %(stand_in)s ELSE left({without("subject")}, 300) END,
        requester_name = CASE WHEN {_THEIRS} THEN '' ELSE requester_name END,
        requester_handle = CASE WHEN {_THEIRS} THEN '' ELSE requester_handle END,
        custom = CASE WHEN {_THEIRS} THEN '{{{{}}}}' ELSE custom END,
        copied = array(SELECT one FROM unnest(copied) AS one WHERE one != ALL(%(addresses)s)),
        contact_id = CASE WHEN contact_id = %(contact)s THEN NULL ELSE contact_id END
    WHERE {_THEIRS} OR copied && %(addresses)s::varchar[]
        OR (account_id = ANY(%(accounts)s) AND {naming("subject")})
"""  # noqa: S608  (columns of ours)
# Where it was folded has moved with the words; what came as HTML cannot be searched for names, and goes.
_IN_OTHERS = f"""
    UPDATE crm_ticketmessage m SET text = {without("m.text")}, sender_name = left({without("m.sender_name")}, 120),
        html = '', folded_at = NULL, subject = left({without("m.subject")}, 300),
        recipients = {without("m.recipients::text")}::jsonb
    FROM crm_ticket t
    WHERE t.id = m.ticket_id AND t.account_id = ANY(%(accounts)s)
        AND ({naming("m.text")} OR {naming("m.html")} OR {naming("m.sender_name")} OR {naming("m.subject")}
            OR {naming("m.recipients::text")})
"""  # noqa: S608  (columns of ours)


def forget_messages(person: Person, now: datetime) -> None:
    """What they said, and what was said in tickets of theirs; files go, of messages only that there were some stays."""
    addresses = _addresses(person)
    theirs = Q(contact=person.contact_id) | Q(sender_handle__in=addresses)
    asked = Ticket.objects.filter(Q(contact=person.contact_id) | Q(requester_handle__in=addresses))
    messages = TicketMessage.objects.filter(theirs | Q(ticket__in=asked))
    TicketFile.objects.filter(message__in=messages).delete()
    TicketDraft.objects.filter(ticket__in=asked).delete()
    messages.update(
        contact=None, sender_name="", sender_handle="", recipients=[], subject="", text=person.STAND_IN, html="",
        folded_at=None, mood_words=[], lacking=[],
    )  # fmt: skip


def forget_tickets(person: Person, now: datetime) -> None:
    """Then the tickets, and what they were before each change."""
    addresses = _addresses(person)
    TicketRating.objects.filter(contact=person.contact_id).update(contact=None, comment="")
    BlockedSender.objects.filter(handle__in=addresses).delete()
    values = known_by(person) | {"addresses": addresses, "stand_in": person.STAND_IN}
    with connection.cursor() as cursor:
        for model in (Ticket, TicketChange):
            cursor.execute(_FORGET.format(table=model._meta.db_table), values)


def forget_in_others(person: Person, now: datetime) -> None:
    """What others said that names them."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_OTHERS, known_by(person))


def _addresses(person: Person) -> list[str]:
    """By which they may be known where no key is: addresses in lower case, handles of chats as they are."""
    return [*person.words, *(word.lower() for word in person.words if "@" in word)]
