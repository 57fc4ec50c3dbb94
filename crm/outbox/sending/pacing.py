"""How many a sender sends in a minute of the clock: asked last, when nothing else can stop a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from django.db import connection

from crm.outbox import rules
from crm.outbox.models import OutboundMessage, Sender
from crm.outbox.sending.guards import Move
from crm.outbox.sending.letters import Letter

# A sender whose clock is a little behind counts into the minute that another has begun.
_TAKE_SLOTS = """
    WITH sender AS (
        SELECT id, per_minute, CASE WHEN minute >= %(minute)s THEN used ELSE 0 END AS used
        FROM crm_sender WHERE id = %(sender)s FOR NO KEY UPDATE
    ), urgent AS (
        SELECT *, least(%(urgent)s, greatest(greatest(per_minute, 1) - used, 0)) AS first FROM sender
    ), free AS (
        SELECT id, used, first + least(%(others)s, greatest(
            greatest(per_minute, 1) - least(per_minute / 10, %(reserved)s) - used - first, 0)) AS granted
        FROM urgent
    )
    UPDATE crm_sender s SET minute = greatest(s.minute, %(minute)s), used = free.used + free.granted
    FROM free WHERE s.id = free.id AND free.granted > 0
    RETURNING free.granted
"""

#: So many slots of each minute, though no more than a tenth, are kept for what is urgent.
RESERVED = 10


def rate(letters: Sequence[Letter]) -> dict[int, Move]:
    """A sender sends so many in a minute of the clock. What is over is spread over later minutes.

    What is urgent takes its slots first; else it waits for the next minute, behind nothing. What counts is what was
    sent in this minute, not what had been moved to it: after an outage nothing waits for slots that passed unused.
    Returns moves by message id.
    """
    moves: dict[int, Move] = {}
    for sender_id, group in _by_sender(letters):
        wanting = sorted(group, key=lambda one: one.message.urgency)
        urgent = sum(one.message.urgency == OutboundMessage.URGENT for one in wanting)
        with connection.cursor() as cursor:
            minute = rules.minute_of(wanting[0].moment)
            cursor.execute(
                _TAKE_SLOTS,
                {"minute": minute, "sender": sender_id, "urgent": urgent, "others": len(wanting) - urgent,
                 "reserved": RESERVED},
            )  # fmt: skip
            granted = (cursor.fetchone() or (0,))[0]
        if over := wanting[granted:]:
            moves |= _spread(sender_id, over, granted)
    return moves


def _by_sender(letters: Sequence[Letter]) -> list[tuple[int, list[Letter]]]:
    """In the order of the senders' ids, in which their rows are locked."""
    ordered = sorted(letters, key=lambda letter: letter.sender.pk)
    return [(pk, list(group)) for pk, group in groupby(ordered, key=lambda letter: letter.sender.pk)]


def _spread(sender_id: int, letters: Sequence[Letter], granted: int) -> Iterator[tuple[int, Move]]:
    sender = Sender.objects.select_for_update(no_key=True).get(pk=sender_id)
    for place, letter in enumerate(letters, granted):
        minute = rules.minute_of(letter.moment + rules.MINUTE)
        if letter.message.urgency != OutboundMessage.URGENT:
            slots_a_minute = sender.per_minute - min(sender.per_minute // 10, RESERVED)
            minute, sender.next_at = rules.next_slot(sender.next_at, minute, slots_a_minute)
        reason = f"{sender} sends {sender.per_minute} messages a minute."
        yield (
            letter.message.pk,
            Move("rate", reason, minute, {"sender": sender.name, "granted": granted, "place": place}),
        )
    sender.save(update_fields=["next_at"])


_GIVE_BACK = """
    UPDATE crm_sender SET used = greatest(used - %(count)s, 0) WHERE id = %(sender)s AND minute = %(minute)s
"""


def give_back(letters: Sequence[Letter]) -> None:
    """These letters did not leave: their slots are for others."""
    for sender_id, unused in _by_sender(letters):
        values: dict[str, Any] = {
            "count": len(unused),
            "sender": sender_id,
            "minute": rules.minute_of(unused[0].moment),
        }
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, values)
