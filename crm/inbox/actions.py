"""The verbs of the inbox: store first, answer, and make something of it later; and what a person decides."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.models import Min
from psycopg.types.json import Jsonb

from crm import slots
from crm.history.actions import act
from crm.inbox import rules
from crm.inbox.models import InboundPayload, InboxSettings
from crm.team.models import User
from crm.web.locks import alone

State = InboundPayload.State
logger = logging.getLogger(__name__)

#: Seconds after which a slice takes no further payload.
SLICE = 8.0
_DIED = "Each process that worked on it died."


class TooLarge(ValueError):
    """Nothing so large is kept."""


class NotPossible(ValueError):
    """The payload is no longer in a state that allows it; the message is for whoever asked."""


class NoHandler(LookupError):
    """No room makes anything of such a payload."""


_STORE = """
    INSERT INTO crm_inboundpayload
        (source, kind, external_key, headers, body, size, addresses, received_at, state, due_at, tries, error, note,
        raw_kept, fetches)
    VALUES (%(source)s, %(kind)s, %(key)s, %(headers)s, %(body)s, %(size)s, '{}', %(now)s, 'new', %(now)s, 0, '', '',
        true, %(fetches)s)
    ON CONFLICT (source, external_key) DO NOTHING RETURNING id
"""


def store(
    source: str, kind: str, key: str, body: bytes, headers: Mapping[str, str], now: datetime, size: int | None = None
) -> int | None:
    """Keep a payload in the caller's transaction; the next bell makes something of it. None: it is there already.

    `key` is what the source knows it by; `size` counts more than the body when the source gave only its beginning.
    Raises TooLarge.
    """
    if len(body) > rules.MOST_BYTES:
        raise TooLarge(f"{len(body):,} bytes; {rules.MOST_BYTES:,} are the most.")
    if len(key) > 160:
        key = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    values: dict[str, Any] = {
        "source": source, "kind": kind, "key": key, "headers": Jsonb(rules.bounded(headers)), "body": body,
        "size": len(body) if size is None else size, "now": now, "fetches": kind in slots.inbox_fetchers,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_STORE, values)
        row = cursor.fetchone()
    return int(row[0]) if row else None


# Making something of it -----------------------------------------------------------------------------------------------


def work(now: datetime) -> int:
    """Handle what is due for some seconds, each payload in a transaction of its own. Returns how many were taken."""
    return _slice(now, _CLAIM)


def fetch(now: datetime) -> int:
    """The same for what must be fetched over a network first: beside all else, so that nothing waits for it, and in one
    process at a time, so that those at work here are never all waiting for somebody else's machine."""
    with alone("inbox files") as mine:
        return _slice(now, _CLAIM_FETCH) if mine else 0


def _slice(now: datetime, claim: str) -> int:
    began, taken = time.monotonic(), 0
    while time.monotonic() - began < SLICE and (claimed := _claim(now, claim)):
        taken += 1
        _handle(*claimed, now)
    return taken


# The payload that waits longest; which try this is, is noted before anything else happens. What kills its process is so
# counted too, and rests before the next try, as nobody takes it before `due_at`.
_CLAIM = """
    WITH next AS MATERIALIZED (
        SELECT id FROM crm_inboundpayload WHERE state = 'new' AND NOT fetches AND due_at <= %(now)s
        ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE crm_inboundpayload p SET
        state = CASE WHEN p.tries < %(most)s THEN 'new' ELSE 'failed' END, tries = least(p.tries + 1, %(most)s),
        due_at = CASE WHEN p.tries < %(most)s THEN %(now)s + (%(rests)s::interval[])[p.tries + 1] ELSE p.due_at END,
        error = CASE WHEN p.tries < %(most)s OR p.error <> '' THEN p.error ELSE %(died)s END
    FROM next WHERE p.id = next.id RETURNING p.id, p.tries, p.state
"""
# Those that were never tried first: what is slow again and again keeps nobody else's waiting.
_CLAIM_FETCH = _CLAIM.replace("NOT fetches", "fetches").replace("ORDER BY due_at", "ORDER BY tries, due_at")


def _claim(now: datetime, claim: str) -> tuple[int, int] | None:
    """Its id and its try. One that has had all its tries is parked on the way."""
    rests = [rules.retry_after(tries) for tries in range(1, rules.MAX_TRIES + 1)]
    values: dict[str, Any] = {"now": now, "most": rules.MAX_TRIES, "rests": rests, "died": _DIED}
    with connection.cursor() as cursor:
        while True:
            cursor.execute(claim, values)
            if (row := cursor.fetchone()) is None:
                return None
            pk, tries, state = row
            if state == State.NEW:
                return pk, tries


def _handle(pk: int, tries: int, now: datetime) -> None:
    try:
        if wanted := _make(pk, tries, now):  # from a network, for which nothing is held
            _make(pk, tries, now, slots.inbox_fetchers[wanted.kind](wanted))
    except Exception as error:
        logger.warning("Payload %d could not be handled (try %d)", pk, tries, exc_info=True)
        words = f"{type(error).__name__}: {error}".replace("\0", "")[:2000]
        failed = InboundPayload.objects.filter(pk=pk, state=State.NEW, tries=tries)
        failed.update(error=words, state=State.FAILED if tries >= rules.MAX_TRIES else State.NEW)
        if isinstance(error, SoftTimeLimitExceeded):
            raise


@transaction.atomic
def _make(pk: int, tries: int, now: datetime, fetched: Any = None) -> slots.Arrived | None:
    """Make something of it. Gives it back, with nothing made, where something must be fetched for it first."""
    # A claim that came a moment too late holds it until it has seen that: it is waited for, not skipped.
    row = InboundPayload.objects.select_for_update().filter(pk=pk, state=State.NEW, tries=tries).first()
    if row is None:
        return None  # somebody let it go meanwhile, or was quicker
    arrived = replace(row.arrived, is_last_try=tries >= rules.MAX_TRIES, fetched=fetched)
    if fetched is None and row.kind in slots.inbox_fetchers:
        return arrived
    handled = _handler(row.kind)(arrived, now)
    row.settle(State.IGNORED if handled.ignored else State.DONE, handled.note, now)
    row.addresses = sorted({address.lower()[:254] for address in handled.addresses})
    row.save(update_fields=["state", "note", "handled_at", "error", "addresses"])
    return None


def _handler(kind: str) -> slots.InboxHandler:
    handler = slots.inbox_handlers.get(kind)
    if handler is None:
        raise NoHandler(f"No room of this installation makes anything of “{kind}”.")
    return handler


def next_due(now: datetime) -> datetime | None:
    """The first moment after `now` at which `work` will find something."""
    return _next(now, fetches=False)


def next_fetch(now: datetime) -> datetime | None:
    """The same of `fetch`."""
    return _next(now, fetches=True)


def _next(now: datetime, *, fetches: bool) -> datetime | None:
    waiting = InboundPayload.objects.filter(state=State.NEW, fetches=fetches, due_at__gt=now)
    moment: datetime | None = waiting.aggregate(at=Min("due_at"))["at"]
    return moment


# What a person decides ------------------------------------------------------------------------------------------------


@transaction.atomic
def replay(pk: int, by: User, now: datetime) -> None:
    """It is handled again, with as many tries as a new one. Harmless for one that was done. Raises NotPossible."""
    row = _locked(pk)
    if not row.raw_kept:
        raise NotPossible("Its bytes have been removed, as they are after some time: there is nothing to read again.")
    if row.state == State.NEW:
        raise NotPossible("It waits to be handled anyway.")
    row.state, row.due_at, row.tries, row.error, row.handled_at = State.NEW, now, 0, "", None
    row.note = f"Read again for {by}."[:300]
    with act("inbox.replayed", f"had {row} read again", by, now, {"payload": pk}):
        row.save(update_fields=["state", "due_at", "tries", "error", "handled_at", "note"])


@transaction.atomic
def discard(pk: int, reason: str, by: User, now: datetime) -> None:
    """Nobody needs it; who said so and why is kept. Until its bytes go it can be read again. Raises NotPossible."""
    row = _locked(pk)
    if row.state not in (State.NEW, State.FAILED):
        raise NotPossible("It is done with already.")
    with act("inbox.discarded", f"discarded {row}: {reason}", by, now, {"payload": pk}):
        row.settle(State.IGNORED, f"Discarded by {by}: {reason}", now)
        row.save(update_fields=["state", "note", "handled_at", "error"])


def _locked(pk: int) -> InboundPayload:
    row = InboundPayload.objects.select_for_update(no_key=True).defer("body").filter(pk=pk).first()
    if row is None:
        raise NotPossible("It is gone.")
    return row


# Letting go -----------------------------------------------------------------------------------------------------------

#: Payloads emptied or removed in one transaction.
_SWEPT = 200


@transaction.atomic
def sweep(now: datetime) -> int:
    """Remove the bytes of what was handled long ago, and what is older than any repeat. Returns how many rows.

    What nobody has made anything of stays, however old.
    """
    handled = InboundPayload.objects.exclude(handled_at=None).order_by("handled_at").defer("body")
    old = handled.filter(raw_kept=True, handled_at__lte=now - timedelta(days=InboxSettings.the_only().raw_days))
    ids = [row.pk for row in old.select_for_update(skip_locked=True)[:_SWEPT]]
    InboundPayload.objects.filter(pk__in=ids).update(body=b"", headers={}, raw_kept=False)
    past = handled.filter(raw_kept=False, handled_at__lte=now - timedelta(days=rules.KEY_DAYS))
    gone = [row.pk for row in past.select_for_update(skip_locked=True)[:_SWEPT]]
    InboundPayload.objects.filter(pk__in=gone).delete()
    return len(ids) + len(gone)


def next_sweep(now: datetime) -> datetime | None:
    """When the next bytes go."""
    days = timedelta(days=InboxSettings.the_only().raw_days)
    kept = InboundPayload.objects.filter(raw_kept=True, handled_at__gt=now - days)
    oldest: datetime | None = kept.aggregate(at=Min("handled_at"))["at"]
    return oldest + days if oldest else None
