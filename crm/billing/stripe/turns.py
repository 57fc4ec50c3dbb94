"""How Stripe is asked to do something, whatever it is: claim → ask → note what came of it.

A row is committed as `sending` before Stripe is asked, and the number of its claim fences off whoever comes back too
late. Stripe knows an idempotency key for 24 hours: while it surely does, asking again does nothing twice. After that
what nobody knows stays uncertain, and what billing reports next settles it.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from crm.billing.models.asking import Asked
from crm.billing.told import Told

#: A worker that has not noted what became of its row by then is taken for dead: well over what its calls may take.
LEASE = timedelta(seconds=90)
#: How long after the first time something is asked for again under its key: half of what Stripe remembers.
KEY_HOLDS = timedelta(hours=12)
#: It is tried so often, and rests so long between.
MAX_TRIES = 5
_RESTS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
#: Seconds after which a slice takes nothing more.
_SLICE = 8.0

_CLAIM = """
    WITH next AS MATERIALIZED (
        SELECT q.id FROM {table} q WHERE q.state IN ('waiting', 'sending') AND q.due_at <= %(now)s AND {also}
        ORDER BY q.due_at, q.id LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE {table} a SET state = 'sending', due_at = %(until)s, tries = tries + 1, claims = claims + 1
    FROM next WHERE a.id = next.id RETURNING a.id
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """`what` is all that the asking needs, read while it was claimed."""

    pk: int
    claims: int
    key: str
    what: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. A blank state: it is to be asked again, after a rest."""

    state: str
    reason: str = ""
    code: str = ""
    rest: int = 0  # seconds that Stripe asks for
    told: Told | None = None  # what it is about, as Stripe says it is now
    sure: bool = True  # False: perhaps it was done


class Errand[Row: Asked]:
    """One kind of thing that Stripe is asked to do. A kind says what is asked, and when nobody wants it any more."""

    model: type[Row]
    also = "TRUE"  # SQL: which rows `q` may be taken
    #: The states of a row of which nobody knows what became, and of one about which nobody could be asked.
    uncertain, failed = "uncertain", "failed"

    def rows(self) -> Any:
        return self.model._default_manager

    def over(self, row: Row) -> tuple[str, str] | None:
        """The state, and why, of one that needs no asking any more."""
        raise NotImplementedError

    def what(self, row: Row) -> Any:
        raise NotImplementedError

    def key(self, row: Row) -> str:
        """Said twice with it, it is done once."""
        raise NotImplementedError

    def ask(self, one: Claimed, now: datetime) -> Outcome:
        """Never raises for what the other side does."""
        raise NotImplementedError

    def settle(self, row: Row, state: str, reason: str, code: str, now: datetime) -> None:
        """Nothing more comes of it; in the transaction in which that is known."""
        row.state, row.reason, row.code, row.settled_at = state, reason[:300], code, now  # type: ignore[attr-defined]
        row.save(update_fields=["state", "reason", "code", "settled_at"])

    def after(self, one: Claimed, outcome: Outcome, now: datetime) -> None:
        """Once it is noted."""


def work(errand: Errand[Any], now: datetime) -> int:
    """Ask for what is due, one after the other, for some seconds. Returns how many were taken.

    Not to be called inside a transaction: nothing is held while Stripe is asked."""
    began, taken = time.monotonic(), 0
    while time.monotonic() - began < _SLICE:
        found, one = claim(errand, now)
        if not found:
            break
        taken += 1
        if one:
            note(errand, one, errand.ask(one, now), now)
    return taken


def next_due(errand: Errand[Any], now: datetime) -> datetime | None:
    """The first moment after `now` at which `work` will find something."""
    waiting = errand.model._default_manager.filter(state__in=["waiting", "sending"], due_at__gt=now)
    found: datetime | None = waiting.aggregate(at=Min("due_at"))["at"]
    return found


@transaction.atomic
def claim(errand: Errand[Any], now: datetime) -> tuple[bool, Claimed | None]:
    """Whether one was taken, and what is to be asked for it: nothing where it is not wanted any more."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"now": now, "until": now + LEASE}
        cursor.execute(_CLAIM.format(table=errand.model._meta.db_table, also=errand.also), values)
        if (found := cursor.fetchone()) is None:
            return False, None
    row = errand.rows().get(pk=found[0])
    if over := _over(errand, row, now):
        state, reason = over
        errand.settle(row, state, reason, "", now)
        return True, None
    if row.first_sent_at is None:
        row.first_sent_at = now
        row.save(update_fields=["first_sent_at"])
    return True, Claimed(row.pk, row.claims, errand.key(row)[:255], errand.what(row))


def _over(errand: Errand[Any], row: Any, now: datetime) -> tuple[str, str] | None:
    if over := errand.over(row):
        return over
    if row.first_sent_at and (row.tries > MAX_TRIES or now - row.first_sent_at > KEY_HOLDS):
        return errand.uncertain, row.reason or "Stripe was asked, and nobody knows what became of it."
    if row.tries > MAX_TRIES:
        return errand.failed, row.reason or "Stripe could not be asked."
    return None


def note(errand: Errand[Any], one: Claimed, outcome: Outcome, now: datetime) -> None:
    """Whoever comes back after somebody else has taken over says nothing."""
    with transaction.atomic():
        found = errand.model._default_manager.select_for_update(of=("self",), no_key=True)
        row = found.filter(pk=one.pk, claims=one.claims, state="sending").first()
        if row is None:
            return
        if outcome.state:
            errand.settle(row, outcome.state, outcome.reason, outcome.code, now)
        else:
            _rest(row, outcome, now)
    errand.after(one, outcome, now)


def _rest(row: Any, outcome: Outcome, now: datetime) -> None:
    if outcome.sure:
        row.first_sent_at = None if row.tries == 1 else row.first_sent_at
    rest = _RESTS[min(row.tries, len(_RESTS)) - 1] * (1 + random.random() / 5)
    row.state, row.reason, row.code = "waiting", outcome.reason[:300], outcome.code
    row.due_at = now + max(rest, timedelta(seconds=outcome.rest))
    row.save(update_fields=["state", "reason", "code", "due_at", "first_sent_at"])
