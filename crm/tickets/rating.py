"""How content customers are: one question after each solving by a person, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from crm.correspondence.rules import LOOP_HEADER, with_token
from crm.inbox.models import InboxSettings
from crm.outbox import pressure, settling
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.slots import Enclosed, Explanation, Refusal
from crm.team.models import User
from crm.tickets.actions.saying import lock, tell_timeline
from crm.tickets.letters import address_of, own_loop
from crm.tickets.models import Ticket, TicketRating, TicketSettings, TicketSpell
from crm.tickets.rules.rating import ASKED_AFTER, CHANGED_FOR, KEEPS, LONGEST_COMMENT, LOW, SCORES
from crm.tickets.telling import Readers, tell_of
from crm.web.addresses import address_with
from crm.web.locks import take_turns

ORIGIN = "rating"
_NEVER_LEFT = (OutboundMessage.State.SKIPPED, OutboundMessage.State.CANCELLED)

_SUBJECT = "How did we do? {{ subject }}"
_TEXT = """\
Hello{% if contact.first_name != blank %} {{ contact.first_name }}{% endif %},

we have solved “{{ subject }}” (#{{ number }}). How content are you with our help?

{% for choice in choices %}- {{ choice.label }}: {{ choice.url }}
{% endfor %}
If it is not solved, answer to this mail: that opens it again.
"""


class NotTaken(ValueError):
    """An answer that is not kept; the message is for whoever gave it."""


class TooLate(NotTaken):
    """One that was given long ago stays."""


def url_of(rating: TicketRating) -> str:
    return settings.BASE_URL + address_with("rating:page", rating.token)


# Asking ---------------------------------------------------------------------------------------------------------------


def ask(row: Ticket, spell: TicketSpell, by: User | None, now: datetime) -> None:
    """Plan the question after a solving, in its transaction; or keep why nobody is asked.

    What closes by itself asks nothing and says nothing: that was no help of ours.
    """
    if by is None:
        return
    rating = TicketRating(
        ticket=row, spell=spell, account=row.account, contact=row.contact, agent=row.assignee or by, team=row.team,
        category=row.category, asked_at=now, because=_refusal(row, now)[:200],
    )  # fmt: skip
    rating.save()
    if rating.because:
        return
    url, contact = url_of(rating), row.contact
    draft = Draft(
        key=f"rating:{spell.pk}", category="service", template_id=template(_SUBJECT, _TEXT), due_at=now + ASKED_AFTER,
        account_id=row.account_id, contact_id=row.contact_id, expires_at=now + KEEPS, origin=ORIGIN,
        origin_id=rating.pk, addressed_to=address_of(row),
        facts={
            "subject": row.subject, "number": row.pk,
            "contact": {"first_name": contact.first_name if contact else ""},
            "choices": [{"label": label, "url": f"{url}?score={score}"} for score, label in reversed(SCORES)],
        },
    )  # fmt: skip
    rating.outbound_id = enqueue([draft], now=now)[draft.key]
    rating.save(update_fields=["outbound"])


def _refusal(row: Ticket, now: datetime) -> str:
    """Why nobody is asked, for people; blank: they are. Holds the person's turn until the transaction ends."""
    desk = TicketSettings.the_only()
    if not desk.asks_for_rating:
        return "The desk asks nobody."
    if row.is_spam or row.merged_into_id:
        return "It is spam." if row.is_spam else "It was merged into another ticket."
    if not (to := address_of(row)):
        return "No e-mail address of whoever asked is known."
    if row.contact is None:
        return f"{to} is nobody on record, who could have agreed to such mail."
    take_turns(f"rating:{row.contact_id}")
    since = now - timedelta(days=desk.rates_every_days)
    asked = TicketRating.objects.filter(contact=row.contact, because="", asked_at__gt=since).exclude(ticket=row)
    # What never left was asked of nobody.
    asked = asked.exclude(outbound__state__in=_NEVER_LEFT)
    if last := asked.order_by("-asked_at").first():
        return f"{row.requester} was asked on {last.asked_at:%-d %B} about #{last.ticket_id}."
    return ""


def withdraw(spell: TicketSpell, by: User | None, now: datetime) -> bool:
    """Nobody is asked about this solving, which goes: its question with it. False: that has left, or may have."""
    found = TicketRating.objects.filter(spell=spell).first()
    if found is None or found.outbound_id is None:
        return True
    asked = OutboundMessage.objects.select_for_update(no_key=True, of=("self",)).get(pk=found.outbound_id)
    if asked.state == OutboundMessage.State.DUE:
        settling.cancel(asked.pk, "The solving that it asks about was taken back.", by, now)
        return True
    return asked.state in _NEVER_LEFT


# What the outbox asks while it sends ----------------------------------------------------------------------------------


def guard(messages: Sequence[Any], now: datetime) -> dict[int, Refusal]:
    """Nobody is asked about what is open again, turned out to be spam, or has become part of another ticket."""
    asked = {m.origin_id: m.pk for m in messages if m.origin == ORIGIN}
    if not asked:
        return {}
    refusals = {}
    for rating in TicketRating.objects.filter(pk__in=asked).select_related("ticket", "spell"):
        ticket = rating.ticket
        opened = not ticket.solved_at or ticket.solved_at != rating.spell.began_at
        if opened or ticket.is_spam or ticket.merged_into_id:
            why = "is open again" if opened else "is spam" if ticket.is_spam else "was merged into another one"
            refusals[asked[rating.pk]] = Refusal("not-solved", f"The ticket #{ticket.pk} {why}.")
    return refusals


def enclose(message: OutboundMessage) -> Enclosed:
    """An answer to the mail comes home into its ticket."""
    headers = {LOOP_HEADER: own_loop(), "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    rating = TicketRating.objects.select_related("ticket").filter(pk=message.origin_id or 0).first()
    own = InboxSettings.the_only().address
    return Enclosed(headers | ({"Reply-To": with_token(own, "s", rating.ticket.token)} if rating and own else {}))


def explain(ids: Sequence[int]) -> dict[int, Explanation]:
    """Why such a message exists."""
    rows = TicketRating.objects.filter(pk__in=list(ids)).select_related("ticket", "agent")
    return {
        row.pk: Explanation(
            "One question after a ticket was solved", row.ticket.get_absolute_url(),
            [("Ticket", str(row.ticket)), ("Solved by", str(row.agent or "somebody of ours")),
             ("Obeys", "consent, the cap, quiet hours, and that the ticket stays solved")],
        )
        for row in rows
    }  # fmt: skip


# The answer -----------------------------------------------------------------------------------------------------------


def of_token(token: str) -> TicketRating | None:
    """The question behind a link."""
    return TicketRating.objects.filter(token=token, because="").select_related("ticket", "account").first()


def may_change(rating: TicketRating, now: datetime) -> bool:
    return rating.answered_at is None or now - rating.answered_at < CHANGED_FOR


@transaction.atomic
def answer(rating: TicketRating, score: int, comment: str, now: datetime) -> None:
    """What the customer says; again within some days it replaces what they said before. Raises NotTaken."""
    ticket = lock(rating.ticket_id)
    row = TicketRating.objects.select_for_update(no_key=True).get(pk=rating.pk)
    if not may_change(row, now):
        raise TooLate("You answered some time ago, and your answer stands. Write to us if you see it otherwise now.")
    if _was_redirected(row):  # whoever tries things out must not answer for a customer
        raise NotTaken("Mail is being tried out here, so this question went to somebody else. Its answer is not kept.")
    row.score, row.comment, row.answered_at = score, comment.strip()[:LONGEST_COMMENT], row.answered_at or now
    row.save(update_fields=["score", "comment", "answered_at"])
    latest = TicketRating.objects.filter(ticket=ticket, score__isnull=False).order_by("-asked_at", "-pk").first()
    ticket.score, ticket.updated_at = latest.score if latest else score, now
    ticket.save(update_fields=["score", "updated_at"])
    if score <= LOW and row.contact_id:
        pressure.rest(pressure.RATING, [row.contact_id], f"They gave {score} of 5 in #{ticket.pk}.", now)
    _tell(ticket, row, now)


def _was_redirected(row: TicketRating) -> bool:
    sent = OutboundMessage.objects.filter(pk=row.outbound_id or 0)
    return sent.filter(decisions__facts__redirected=True).exists()


def _tell(ticket: Ticket, row: TicketRating, now: datetime) -> None:
    """The timeline is told of each answer; people, of one that is not content."""
    words = dict(SCORES)[row.score or 1].lower()
    tell_timeline(
        ticket, "ticket.rated", f"{row.score} of 5, {words}", now, now, source="customer",
        key=f"rating:{row.pk}:{row.score}", note=row.comment, score=row.score, rating=row.pk,
    )  # fmt: skip
    if (row.score or 0) > LOW:
        return
    people = Readers([ticket]).leads(ticket)
    if ticket.account and ticket.account.owner_id:
        people = people | {ticket.account.owner_id}
    text = f"{ticket.requester} gives {row.score} of 5: {ticket}"
    tell_of(ticket, people, "ticket.rated", text, now, key=f"rating-low:{row.pk}")
