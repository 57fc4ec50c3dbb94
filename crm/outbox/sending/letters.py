"""One message's decision: lock what it depends on, ask the guards, write the letter. One short transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from crm.accounts.models import Contact
from crm.outbox import mime, rendering, unsubscribing
from crm.outbox.mime import Envelope
from crm.outbox.models import Decision, MailPolicy, OutboundMessage, Sender
from crm.outbox.rules import MAX_ATTEMPTS
from crm.outbox.sending.claim import LEASE, Claim
from crm.outbox.sending.guards import Letter, Move, judge
from crm.slots import Refusal

Category = OutboundMessage.Category
State = OutboundMessage.State

#: The guard noted for a message that failed over its own text or address, before anybody was asked to take it.
UNWRITABLE = "text"


class GateClosed(Exception):
    """Somebody changes what may leave, or imports: nothing can be decided until that is done."""


@transaction.atomic
def decide(claim: Claim, moment: datetime, default: Sender | None = None) -> Envelope | None:
    """The letter to hand over, with its row in state `sending`; None when it must not leave now, or is not ours.

    `default` sends what names no sender; a batch looks it up once and hands it in. Raises GateClosed rather than wait.
    """
    # The policy comes first: whoever closes the gate locks it and then perhaps messages, in that order.
    policy = MailPolicy.shared()
    if policy is None:
        raise GateClosed
    message = _ours(claim, moment)
    if message is None:
        return None
    if message.attempts > message.attempts_limit:
        # Nobody noted a failure, so each sender died before it could.
        _fail(message, moment, "It was taken again and again, but each time the sender died before it was done.")
        return None
    letter = _letter(message, policy, moment, default or Sender.the_default())
    verdict = judge(letter)
    if isinstance(verdict, Refusal):
        _settle(message, State.SKIPPED, moment, verdict.guard, verdict.reason, dict(verdict.facts))
        return None
    if isinstance(verdict, Move):
        _move(message, verdict, moment)
        return None
    try:
        return _write(letter)
    except rendering.TemplateError as error:
        _fail(message, moment, f"The text cannot be filled in: {error}", UNWRITABLE, {"place": error.place})
    except ValueError as error:
        _fail(message, moment, f"The mail cannot be written: {error}", UNWRITABLE)
    return None


def _ours(claim: Claim, moment: datetime) -> OutboundMessage | None:
    rows = OutboundMessage.objects.select_for_update(of=("self",)).select_related("template", "sender", "user")
    fence = {"state": State.CLAIMED, "attempts": claim.attempts, "lease_until__gt": moment}
    return rows.filter(pk=claim.message_id, **fence).first()


def _letter(message: OutboundMessage, policy: MailPolicy, moment: datetime, default: Sender) -> Letter:
    if message.contact_id is None and message.account_id and message.user_id is None:
        # Account mail finds its reader now; kept, so that cap and switches see it.
        reader = Contact.objects.readers_of([message.account_id]).get(message.account_id)
        message.contact_id = reader.pk if reader else None
    people = Contact.objects.select_for_update(no_key=True, of=("self",)).select_related("account")
    contact = people.filter(pk=message.contact_id).first() if message.contact_id else None
    message.contact = contact
    account = contact.account if contact else message.account
    letter = Letter(message, policy, message.sender or default, moment, account, contact, message.user)
    with connection.cursor() as cursor:
        cursor.execute(_STOPS, {"address": letter.address.lower(), "scopes": letter.scopes})
        letter.suppressed, letter.stopped, letter.stopped_because = cursor.fetchone()
    return letter


# One look for both, since each message pays for it; none of the rows is there as a rule.
_STOPS = """
    SELECT (SELECT reason FROM crm_suppression WHERE address = %(address)s), scope, reason
    FROM (VALUES (1)) AS one LEFT JOIN LATERAL (
        SELECT scope, reason FROM crm_switch WHERE scope = ANY(%(scopes)s) ORDER BY scope LIMIT 1) AS thrown ON true
"""


def _write(letter: Letter) -> Envelope:
    """Fill in the template, keep what was written, and take the step to `sending`. Raises TemplateError, ValueError."""
    message, redirected = letter.message, letter.redirected
    facts = _facts(letter)
    subject, text = rendering.render(message.template.subject, message.template.body, facts)
    headers = _headers(letter, facts)
    if "unsubscribe_url" in facts and letter.careful and facts["unsubscribe_url"] not in text:
        text += f"\n--\nNo more mail like this: {facts['unsubscribe_url']}\n"
    if redirected:
        text = (
            f"Redirected by Holdfast. This was meant for {mime.clean(f'{letter.reader} <{letter.address}>')}\n\n{text}"
        )
    message.to_address = letter.policy.redirect_to if redirected else letter.address
    envelope = mime.envelope(
        message_id=_message_id(message, letter.sender.address), from_header=letter.sender.address,
        to_name="" if redirected else str(letter.reader), to_address=message.to_address, subject=subject, text=text,
        date=letter.moment, headers=headers,
    )  # fmt: skip
    message.message_id, message.rendered_subject = envelope.message_id, envelope.subject
    # A way to sign in is for its reader alone: the row keeps no copy of it.
    message.rendered_body = "" if message.is_secret else text
    message.state, message.sending_at, message.lease_until = State.SENDING, letter.moment, letter.moment + LEASE
    message.guard = message.reason = ""
    message.save(update_fields=_WRITTEN)
    if redirected:
        letter.seen |= {"redirected": True, "meant_for": letter.address}
    note(message, "sending", letter.moment, "", f"Nothing stands against it: handed over for {message.to_address}.",
         letter.seen)  # fmt: skip
    return envelope


_WRITTEN = ("contact", "to_address", "message_id", "rendered_subject", "rendered_body", "state", "sending_at",
            "lease_until", "guard", "reason")  # fmt: skip


def _facts(letter: Letter) -> dict[str, Any]:
    facts = letter.message.known_facts()
    if letter.contact is None:
        return facts
    # Whoever tries things out must not unsubscribe a customer.
    url = unsubscribing.dead_url() if letter.redirected else unsubscribing.url_for(letter.contact.pk)
    return facts | {"unsubscribe_url": url}


def _headers(letter: Letter, facts: dict[str, Any]) -> dict[str, str]:
    headers = {} if letter.message.category == Category.REPLY else {"Auto-Submitted": "auto-generated"}
    if letter.careful and letter.contact and not letter.redirected:
        headers["List-Unsubscribe"] = f"<{facts['unsubscribe_url']}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _message_id(message: OutboundMessage, from_header: str) -> str:
    domain = mime.clean(from_header).rstrip("> ").rpartition("@")[2] or "localhost"
    return f"<{message.to_hash()}@{domain}>"


def _move(message: OutboundMessage, move: Move, moment: datetime) -> None:
    message.state, message.due_at, message.lease_until = State.DUE, move.until, None
    message.attempts_limit += 1  # waiting is not failing
    again = (message.guard, message.reason) == (move.guard, move.reason[:300])
    message.guard, message.reason = move.guard, move.reason[:300]
    message.save()
    if not again:  # a paused workflow says the same every hour
        note(message, "moved", moment, move.guard, move.reason, move.facts | {"until": move.until})


def _fail(
    message: OutboundMessage, moment: datetime, reason: str, guard: str = "", facts: dict[str, Any] | None = None
) -> None:
    _settle(message, State.FAILED, moment, guard, reason, facts or {})


def _settle(
    message: OutboundMessage, state: str, moment: datetime, guard: str, reason: str, facts: dict[str, Any]
) -> None:
    message.state, message.settled_at, message.lease_until = state, moment, None
    message.guard, message.reason = guard, reason[:300]
    message.save()
    note(message, state, moment, guard, reason, facts)


def note(
    message: OutboundMessage, verdict: str, at: datetime, guard: str, reason: str, facts: dict[str, Any],
    by_id: int | None = None,
) -> None:  # fmt: skip
    """Keep a decision, with the facts as JSON."""
    kept = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in facts.items()}
    Decision.objects.create(
        message=message, verdict=verdict, at=at, guard=guard, reason=reason[:300], facts=kept, by_id=by_id
    )


def requeued(message: OutboundMessage) -> None:
    """As many attempts again as a new message has; the count itself never goes back."""
    message.attempts_limit = message.attempts + MAX_ATTEMPTS
