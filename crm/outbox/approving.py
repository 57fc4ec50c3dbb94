"""Mail that a person reads before it may leave: yes, no, other words, and a yes thought better of.

Whoever is named says it, whoever stands in for them while they are away, or an admin. A yes only lets the message wait
for its turn: every guard is asked as of all mail.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, Q
from django.urls import reverse

from crm import slots
from crm.outbox import rendering
from crm.outbox.models import Decision, MessageQuerySet, Notification, OutboundMessage
from crm.outbox.sending import guards
from crm.outbox.sending.decisions import decision
from crm.outbox.settling import NotPossible
from crm.team.models import User

State = OutboundMessage.State

#: A yes can be taken back for so long, whatever was due before.
UNDO_FOR = timedelta(seconds=10)
#: So many can be decided at once: what one reads on one page.
MOST = 100
#: Messages that become too late in one transaction.
_BATCH = 500
_LONGEST_SUBJECT = 300

APPROVED, REFUSED, REWORDED, ASKED_AGAIN = "approved", "refused", "reworded", "asked again"
KIND = "mail.to_approve"


def may_be_approved_by(rows: MessageQuerySet, user: User, now: datetime) -> MessageQuerySet:
    """Those of these that wait for a yes that this user may give."""
    waiting = rows.asked().visible_to(user)
    return waiting if user.is_admin else waiting.filter(approver__in=[user.pk, *stood_in_for(user, now)])


def stood_in_for(user: User, now: datetime) -> set[int]:
    """Whose yes this user may give as well, since they are away and gave theirs to this user."""
    return {giver for find in slots.stand_ins for giver in find(user.pk, now)}


@dataclass(frozen=True)
class Said:
    """What became of what somebody decided: ids of messages."""

    done: tuple[int, ...] = ()
    late: tuple[int, ...] = ()  # it was too late for them already


@transaction.atomic
def approve(pks: Collection[int], by: User, now: datetime) -> Said:
    """These may leave when their time has come, at the earliest when `UNDO_FOR` is over.

    What is too late by now is not sent, and what waits for no yes of theirs is left alone.
    """
    done, late, decisions = [], [], []
    for message in _locked(pks, by, now):
        if is_late(message, now):
            late.append(message)
            continue
        decisions.append(decision(message, APPROVED, now, "", f"{by} said yes.", {"due_at": message.due_at}, by.pk))
        message.due_at = max(message.due_at, now + UNDO_FOR)
        message.state, message.reason, message.guard = State.DUE, "", ""
        done.append(message)
    OutboundMessage.objects.bulk_update(done, ["state", "due_at", "reason", "guard"])
    Decision.objects.bulk_create(decisions)
    _skip(late, now)
    return Said(tuple(one.pk for one in done), tuple(one.pk for one in late))


@transaction.atomic
def refuse(pks: Collection[int], reason: str, by: User, now: datetime) -> Said:
    """These are not sent. What waits for no yes of theirs is left alone. Raises ValueError without a reason."""
    if not reason.strip():
        raise ValueError("Say why: colleagues will ask.")
    rows = _locked(pks, by, now)
    for message in rows:
        message.state, message.settled_at, message.reason, message.guard = State.CANCELLED, now, reason[:300], ""
    OutboundMessage.objects.bulk_update(rows, ["state", "settled_at", "reason", "guard"])
    Decision.objects.bulk_create([decision(one, REFUSED, now, "", reason, {}, by.pk) for one in rows])
    return Said(tuple(one.pk for one in rows))


@transaction.atomic
def reconsider(pks: Collection[int], by: User, now: datetime) -> Said:
    """What they said yes or no to waits for a yes again, as long as nobody has taken it up or decided on it since."""
    rows = OutboundMessage.objects.select_for_update(of=("self",), no_key=True).order_by("id")
    rows = rows.filter(pk__in=_few(pks), state__in=[State.DUE, State.CANCELLED], attempts=0)
    last = Decision.objects.filter(message__in=rows).order_by("message_id", "-id").distinct("message_id")
    said = {one.message_id: one for one in last if one.verdict in (APPROVED, REFUSED) and one.by_id == by.pk}
    back = [message for message in rows if message.pk in said]
    for message in back:
        if (due_at := said[message.pk].facts.get("due_at")) is not None:
            message.due_at = datetime.fromisoformat(due_at)
        message.state, message.settled_at, message.reason = State.ASKED, None, ""
    OutboundMessage.objects.bulk_update(back, ["state", "due_at", "settled_at", "reason"])
    words = f"{by} thought better of it."
    Decision.objects.bulk_create([decision(one, ASKED_AGAIN, now, "", words, {}, by.pk) for one in back])
    return Said(tuple(one.pk for one in back))


@transaction.atomic
def reword(pk: int, subject: str, body: str, by: User, now: datetime) -> None:
    """The reader gets these words instead. Raises NotPossible when it waits for no yes of theirs, and ValueError."""
    subject, body = " ".join(subject.split()), body.replace("\r\n", "\n").strip()
    if not subject or not body:
        raise ValueError("A mail needs a subject and a text.")
    if len(subject) > _LONGEST_SUBJECT or len(body) > rendering.LONGEST_SOURCE:
        raise ValueError(f"A subject has {_LONGEST_SUBJECT} characters at most, a text {rendering.LONGEST_SOURCE:,}.")
    found = _locked([pk], by, now)
    if not found:
        raise NotPossible("It waits for no yes of yours any more.")
    message = found[0]
    was = dict(zip(("subject", "body"), message.preview(), strict=True))
    if was == {"subject": subject, "body": f"{body}\n"}:
        return
    message.word(subject, f"{body}\n")
    message.save(update_fields=["facts"])
    decision(message, REWORDED, now, "", f"{by} put it in other words.", {"was": was}, by.pk).save()


def is_late(message: OutboundMessage, now: datetime) -> bool:
    return message.expires_at is not None and now > message.expires_at


def work(now: datetime) -> int:
    """What nobody has said yes to in time is not sent; a batch of it. Returns how many."""
    with transaction.atomic():
        rows = OutboundMessage.objects.asked().filter(expires_at__lt=now).order_by("expires_at", "id")
        return _skip(list(rows.select_for_update(of=("self",), skip_locked=True)[:_BATCH]), now)


def next_due(now: datetime) -> datetime | None:
    """When the next one becomes too late."""
    waiting = OutboundMessage.objects.asked().filter(expires_at__gte=now)
    first: datetime | None = waiting.aggregate(at=Min("expires_at"))["at"]
    return first + timedelta(microseconds=1) if first else None


def tell(approvers: Iterable[int], now: datetime) -> None:
    """These people have mail to read; whoever has not read that they have is told no second time."""
    wanted = set(approvers)
    unread = Notification.objects.filter(Q(user__in=wanted), kind=KIND, read_at=None)
    if new := wanted - set(unread.values_list("user_id", flat=True)):
        slots.tell(new, KIND, "Mail waits for your yes before it is sent", reverse("approvals:list"), now)


def _few(pks: Collection[int]) -> list[int]:
    if len(pks) > MOST:
        raise ValueError(f"At most {MOST} are decided at once.")
    return sorted(pks)


def _locked(pks: Collection[int], by: User, now: datetime) -> list[OutboundMessage]:
    rows = may_be_approved_by(OutboundMessage.objects.filter(pk__in=_few(pks)), by, now).prefetch_related("template")
    return list(rows.select_for_update(of=("self",), no_key=True).order_by("id"))


def _skip(messages: list[OutboundMessage], now: datetime) -> int:
    because = "nobody had said yes to it."
    decisions = []
    for message in messages:
        refusal = guards.late(message, now, because)
        message.state, message.settled_at = State.SKIPPED, now
        message.guard, message.reason = refusal.guard, refusal.reason[:300]
        decisions.append(decision(message, State.SKIPPED, now, refusal.guard, refusal.reason, refusal.facts))
    OutboundMessage.objects.bulk_update(messages, ["state", "settled_at", "guard", "reason"])
    Decision.objects.bulk_create(decisions)
    return len(messages)
