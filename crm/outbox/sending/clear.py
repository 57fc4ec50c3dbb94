"""A slice is cleared in one short transaction: lock what it depends on, ask the guards, write what may leave."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from crm.outbox import rendering
from crm.outbox.models import Decision, MailPolicy, OutboundMessage, Slice
from crm.outbox.sending import guards, pacing
from crm.outbox.sending.decisions import as_json, decision
from crm.outbox.sending.guards import Move, Verdict
from crm.outbox.sending.letters import Letter, read
from crm.outbox.sending.mark import doubt
from crm.outbox.sending.returning import DEADLY, DIED, Claim
from crm.outbox.sending.writing import address_of, write
from crm.slots import Refusal

State = OutboundMessage.State

#: The guard noted for a message that failed over its own text or address, before anybody was asked to take it.
UNWRITABLE = "text"
_EXHAUSTED = "It was taken again and again, but never got done. The last time: {}"
_MAYBE_LEFT = "It may have left before, without an answer, and cannot be sent again now: {}"


class GateClosed(Exception):
    """Somebody changes what may leave, or imports: nothing can be cleared or handed over until that is done."""


@dataclass
class Cleared:
    """What a clearing came to: letters that may leave, and claims to clear again when those have left."""

    letters: list[Letter] = field(default_factory=list)
    later: list[Claim] = field(default_factory=list)
    held: list[Claim] = field(default_factory=list)  # somebody else works on them, or they are not ours any more
    rows: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def clear(claims: Sequence[Claim], moment: datetime, *, slice_id: int | None = None, same_key: bool = False) -> Cleared:
    """Settle or move what must not leave now, and write the letters that may. What is not ours any more is left out.

    `same_key`: the way out recognises a message that it has taken before. Raises GateClosed rather than wait.
    """
    with transaction.atomic():
        cleared = _clear(claims, moment, slice_id, same_key)
    done = time.monotonic()
    for letter in cleared.letters:
        letter.cleared_at = done
    return cleared


def _clear(claims: Sequence[Claim], moment: datetime, slice_id: int | None, same_key: bool) -> Cleared:
    # The policy comes first: whoever closes the gate locks it and then perhaps messages, in that order.
    policy = MailPolicy.shared()
    if policy is None:
        raise GateClosed
    cleared = Cleared()
    trying = []
    letters = read(claims, policy, moment)
    ours = {letter.claim for letter in letters}
    cleared.held = [mine for mine in claims if mine not in ours]
    for letter in letters:
        message = letter.message
        if message.attempts > message.attempts_limit:
            last = message.reason if message.guard == DEADLY else DIED
            _fail(letter, _EXHAUSTED.format(last), cleared, DEADLY)
        else:
            trying.append(letter)
    verdicts = guards.judge(trying)
    for letter in trying:
        if letter.message.resend_until and (no := _cannot_repeat(letter, verdicts[letter.message.pk], same_key)):
            doubt(letter.message, _MAYBE_LEFT.format(no), moment)
            trying = [other for other in trying if other is not letter]
    passing = within_the_cap([one for one in trying if passes(one, verdicts[one.message.pk], cleared)], cleared)
    # Slots come last: whoever takes some keeps the other senders waiting until the commit.
    written = [letter for letter in passing if write_down(letter, cleared)]
    late_slots = pacing.rate(written)
    for letter in written:
        move = late_slots.get(letter.message.pk)
        letter.rated = {**move.facts, "until": move.until.isoformat(), "reason": move.reason} if move else {}
        if passes(letter, move and guards.in_time(letter.known(), move), cleared):
            cleared.letters.append(letter)
    save(cleared)
    if slice_id:
        Slice.objects.filter(pk=slice_id).update(cleared=True)
    return cleared


def _cannot_repeat(letter: Letter, verdict: Verdict, same_key: bool) -> str:
    """Why a message that may have left already cannot go again under its key; blank if it can."""
    until = letter.message.resend_until
    if not same_key or until is None or letter.moment >= until:
        return "the way out would not know it again."
    if isinstance(verdict, Refusal) or (isinstance(verdict, Move) and verdict.until >= until):
        return verdict.reason
    return "" if address_of(letter) == letter.message.to_address else "its reader has another address now."


def within_the_cap(letters: Sequence[Letter], cleared: Cleared) -> list[Letter]:
    """Those that may leave even if all before them do. The others are asked again when it is known what left."""
    taken: dict[int | None, int] = {}
    passing = []
    for letter in letters:
        who = letter.message.contact_id
        if letter.capped and not letter.has_room(taken.get(who, 0)):
            cleared.later.append(letter.claim)
            continue
        taken[who] = taken.get(who, 0) + letter.capped
        passing.append(letter)
    return passing


def passes(letter: Letter, verdict: Verdict, cleared: Cleared) -> bool:
    """Whether nothing was said against it; else that is noted."""
    if isinstance(verdict, Refusal):
        _settle(letter, State.SKIPPED, verdict.guard, verdict.reason, verdict.facts, cleared)
    if isinstance(verdict, Move):
        _move(letter, verdict, cleared)
    return verdict is None


def write_down(letter: Letter, cleared: Cleared) -> bool:
    try:
        letter.written = write(letter)
    except rendering.TemplateError as error:
        _fail(letter, f"The text cannot be filled in: {error}", cleared, UNWRITABLE, {"place": error.place})
    except ValueError as error:
        _fail(letter, f"The mail cannot be written: {error}", cleared, UNWRITABLE)
    return letter.written is not None


def _move(letter: Letter, move: Move, cleared: Cleared) -> None:
    message, reason = letter.message, move.reason[:300]
    if (message.guard, message.reason) != (move.guard, reason):  # a paused workflow says the same every hour
        facts = move.facts | {"until": move.until} | letter.kept()
        cleared.decisions.append(decision(message, "moved", letter.moment, move.guard, reason, facts))
    cleared.rows.append(
        {"id": message.pk, "state": State.DUE, "due_at": move.until, "guard": move.guard, "reason": reason,
         "contact_id": message.contact_id, "waited": 1}  # waiting is not failing
    )  # fmt: skip


def _fail(letter: Letter, reason: str, cleared: Cleared, guard: str = "", facts: Mapping[str, Any] = {}) -> None:
    _settle(letter, State.FAILED, guard, reason, facts, cleared)


def _settle(letter: Letter, state: str, guard: str, reason: str, facts: Mapping[str, Any], cleared: Cleared) -> None:
    message = letter.message
    cleared.decisions.append(decision(message, state, letter.moment, guard, reason, {**facts, **letter.kept()}))
    cleared.rows.append(
        {"id": message.pk, "state": state, "settled_at": letter.moment, "guard": guard, "reason": reason[:300],
         "contact_id": message.contact_id, "waited": 0}
    )  # fmt: skip


_SAVE = """
    UPDATE crm_outboundmessage m SET state = n.state, due_at = coalesce(n.due_at, m.due_at), settled_at = n.settled_at,
        lease_until = NULL, guard = n.guard, reason = n.reason, contact_id = n.contact_id,
        attempts_limit = m.attempts_limit + n.waited
    FROM jsonb_to_recordset(%(rows)s) AS n(id bigint, state text, due_at timestamptz, settled_at timestamptz,
        guard text, reason text, contact_id bigint, waited integer)
    WHERE m.id = n.id
"""


def save(cleared: Cleared) -> None:
    if not cleared.rows:
        return
    Decision.objects.bulk_create(cleared.decisions)
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"rows": Jsonb([as_json(row) for row in cleared.rows])}
        cursor.execute(_SAVE, values)
