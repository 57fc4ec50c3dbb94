"""A person leaves the mail: that it was sent stays, not to whom and not what it said."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.accounts.models import Contact
from crm.outbox.models import Suppression
from crm.slots import Person
from crm.timeline.erasing import known_by, naming, without

#: Why a message that had not left never will.
ERASED = "Its reader was erased on request."

# The caller has closed the gate: nothing of theirs is leaving. Whoever was written to beside them has read the same.
_FORGET = f"""
    WITH named AS (
        SELECT id, origin, origin_id FROM crm_outboundmessage WHERE contact_id = %(contact)s
        UNION SELECT id, origin, origin_id FROM crm_outboundmessage
        WHERE addressed_to = ANY(%(addresses)s) AND addressed_to <> ''
    ), beside AS (
        SELECT m.id FROM crm_outboundmessage m JOIN named n ON m.origin = n.origin AND m.origin_id = n.origin_id
        WHERE m.addressed_to <> '' AND n.origin <> ''
    ), theirs AS (
        SELECT id, state IN ('asked', 'due', 'claimed') AS waits, id IN (SELECT id FROM named) AS own
        FROM crm_outboundmessage
        WHERE id IN (SELECT id FROM named UNION SELECT id FROM beside)
        ORDER BY id FOR UPDATE)
    UPDATE crm_outboundmessage m SET
        contact_id = CASE WHEN own THEN NULL ELSE contact_id END,
        addressed_to = CASE WHEN own THEN '' ELSE addressed_to END,
        to_address = CASE WHEN own THEN '' ELSE to_address END, facts = '{{}}', rendered_body = '',
        rendered_subject = CASE WHEN rendered_subject = '' THEN '' ELSE %(said)s END,
        state = CASE WHEN waits THEN 'cancelled' ELSE state END,
        settled_at = CASE WHEN waits THEN %(now)s ELSE settled_at END,
        lease_until = CASE WHEN waits THEN NULL ELSE lease_until END,
        reason = CASE WHEN waits THEN %(why)s ELSE left({without("reason")}, 300) END
    FROM theirs WHERE m.id = theirs.id RETURNING m.id
"""  # noqa: S608  (columns of ours)
# The verdict and its moment are figures; the words around them name the address.
_DECISIONS = """
    UPDATE crm_decision SET reason = %(said)s, facts = '{}' WHERE message_id = ANY(%(messages)s)
"""
# Whoever may not see the customer is told under no customer, as of a ticket that they handle.
_NOTIFICATIONS = f"""
    UPDATE crm_notification SET text = left({without("text")}, 300)
    WHERE (account_id = ANY(%(accounts)s) OR account_id IS NULL) AND {naming("text")}
"""  # noqa: S608  (columns of ours)


def forget_in_mail(person: Person, now: datetime) -> None:
    """Empty their mail, call off what has not left, and keep their address only as a digest that gets no mail."""
    address = Contact.objects.values_list("email", flat=True).get(pk=person.contact_id)
    addresses = [word.lower() for word in person.words if "@" in word]
    values = known_by(person) | {"why": ERASED, "now": now, "addresses": addresses}
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, values)
        cursor.execute(_DECISIONS, values | {"messages": [row[0] for row in cursor.fetchall()]})
        cursor.execute("DELETE FROM crm_switch WHERE scope = %s", [f"contact:{person.contact_id}"])
    if address:
        never_again(address, now)


def never_again(address: str, now: datetime) -> None:
    """Nothing leaves for an address any more, and it is nowhere to be read."""
    Suppression.objects.filter(address=address.lower()).delete()
    kept = Suppression(address=Suppression.digest(address), reason="Erased on request", created_at=now)
    Suppression.objects.bulk_create([kept], ignore_conflicts=True)


def forget_in_notifications(person: Person, now: datetime) -> None:
    """What colleagues were told about them no longer names them."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTIFICATIONS, known_by(person))
