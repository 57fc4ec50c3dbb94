"""The same clearing for a rehearsal: what passes the guards counts as sent at its moment, and nothing leaves.

Only for a session in which shadows stand in front of the outbox's tables (see retention.workflows.rehearsal): there
nobody else sends, so that nothing is claimed, leased or handed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from crm.outbox.models import MailPolicy, OutboundMessage
from crm.outbox.rules import MINUTE, minute_of
from crm.outbox.sending import guards
from crm.outbox.sending.clear import Cleared, passes, save, within_the_cap, write_down
from crm.outbox.sending.guards import Move, Verdict
from crm.outbox.sending.letters import Letter, lettered
from crm.web.attaching import attach

#: Letters that are looked at in one go.
SLICE = 2000
#: So many letters are written, to see whether their text can be filled in; beyond, that would take most of the time.
WRITTEN = 500
#: A guard that knows no better moment, such as a switch that is thrown, is asked again so much later.
ASK_AGAIN = timedelta(days=1)

_SENT = """
    UPDATE crm_outboundmessage m SET state = 'sent', sending_at = n.at, settled_at = n.at, contact_id = n.contact_id,
        attempts = m.attempts + 1, guard = '', reason = ''
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[]) AS n (id, at, contact_id) WHERE m.id = n.id
"""


@dataclass
class Pace:
    """What a sender has left of one minute of the clock."""

    minute: datetime
    free: int


@dataclass
class Sending:
    """The way out of one rehearsal."""

    written: int = 0
    paces: dict[int, Pace] = field(default_factory=dict)  # by sender

    def leave(self, begin: datetime, until: datetime) -> int:
        """Clear all that is due by `until`, each at its own moment from `begin` on. Returns how many rows moved.

        What waits for somebody's yes gets it at once.
        """
        moved = 0
        OutboundMessage.objects.filter(state=OutboundMessage.State.ASKED).update(state=OutboundMessage.State.DUE)
        while messages := self._due(until):
            cleared = self._clear(messages, begin, until)
            moved += cleared
            if not cleared:
                break
        return moved

    def next_due(self) -> datetime | None:
        """When the next message may leave, as far as that is known."""
        due = OutboundMessage.objects.filter(state=OutboundMessage.State.DUE)
        moment: datetime | None = due.aggregate(at=Min("due_at"))["at"]
        return moment

    def _due(self, until: datetime) -> list[OutboundMessage]:
        rows = OutboundMessage.objects.filter(state=OutboundMessage.State.DUE, due_at__lte=until)
        found = list(rows.defer("rendered_body", "rendered_subject").order_by("due_at", "id")[:SLICE])
        attach(found, "sender", "template")
        return found

    @transaction.atomic
    def _clear(self, messages: Sequence[OutboundMessage], begin: datetime, until: datetime) -> int:
        policy = MailPolicy.shared()
        assert policy is not None, "nobody else can hold the policy of a rehearsal"
        cleared = Cleared()
        letters = lettered(messages, policy, begin, hold=False)  # nobody else can hold them
        for letter in letters:
            letter.moment = max(letter.message.due_at, begin)
            letter.got = [at for at in letter.got if at <= letter.moment]
        verdicts = {pk: _with_a_moment(verdict, begin) for pk, verdict in guards.judge(letters).items()}
        standing = [one for one in letters if passes(one, verdicts[one.message.pk], cleared)]
        passing = []
        for letter in within_the_cap(standing, cleared):
            waited = self._take_slot(letter)
            if (not waited or _still_in_time(letter, cleared)) and self._can_be_written(letter, cleared):
                passing.append(letter)
        save(cleared)
        _sent(passing)
        return len(passing) + len(cleared.rows)

    def _take_slot(self, letter: Letter) -> bool:
        """A sender sends so many in a minute of the clock; what is over leaves in a later one, in its order. Returns
        whether this one has to wait for that."""
        sender, minute = letter.sender, minute_of(letter.moment)
        pace = self.paces.setdefault(sender.pk, Pace(minute, max(sender.per_minute, 1)))
        if pace.minute < minute:
            pace.minute, pace.free = minute, max(sender.per_minute, 1)
        elif not pace.free:
            pace.minute, pace.free = pace.minute + MINUTE, max(sender.per_minute, 1)
        pace.free -= 1
        waits = pace.minute > letter.moment
        letter.moment = max(letter.moment, pace.minute)
        return waits

    def _can_be_written(self, letter: Letter, cleared: Cleared) -> bool:
        if self.written >= WRITTEN:
            return True
        self.written += 1
        return write_down(letter, cleared)


def _still_in_time(letter: Letter, cleared: Cleared) -> bool:
    """The guards that ask the clock are asked once more, since it has moved on; else that is noted."""
    known = letter.known()
    return passes(letter, guards.in_time(known, guards.first(guards.TIMELY, known)), cleared)


def _with_a_moment(verdict: Verdict, begin: datetime) -> Verdict:
    """A "not now" that knows no later moment is asked again after a while."""
    if isinstance(verdict, Move) and verdict.until <= begin:
        return replace(verdict, until=begin + ASK_AGAIN)
    return verdict


def _sent(letters: Sequence[Letter]) -> None:
    values: list[Any] = [
        [letter.message.pk for letter in letters],
        [letter.moment for letter in letters],
        [letter.message.contact_id for letter in letters],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SENT, values)
