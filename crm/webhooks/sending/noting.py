"""What became of requests, noted on deliveries and endpoints, and what follows: a break, another try, the end."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from crm.webhooks import rules
from crm.webhooks.actions.switching import give_up
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint, logged
from crm.webhooks.sending.posting import Outcome
from crm.webhooks.sending.writing import Letter

State = WebhookDelivery.State

#: Tries that the log of a delivery keeps.
_LOGGED = 20

_COUNT = """
    INSERT INTO crm_webhookhour (endpoint_id, hour, good, bad)
    VALUES (%(endpoint)s, date_trunc('hour', %(now)s::timestamptz), %(good)s, %(bad)s)
    ON CONFLICT (endpoint_id, hour) DO UPDATE
        SET good = crm_webhookhour.good + excluded.good, bad = crm_webhookhour.bad + excluded.bad
"""


@transaction.atomic
def note(came: Sequence[tuple[Letter, Outcome]], now: datetime) -> None:
    """Of requests that have come back. One whose delivery somebody else has taken over meanwhile says nothing."""
    wanted = {letter.endpoint_id for letter, _ in came}
    # Endpoints before deliveries, both in the order of their ids, as the claim has them.
    rows = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    endpoints = {row.pk: row for row in rows}
    ids = sorted(letter.delivery_id for letter, _ in came)
    found = WebhookDelivery.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids).order_by("pk")
    ours = {(row.pk, row.claims): row for row in found if row.state == State.SENDING}
    for letter, outcome in came:
        row, endpoint = ours.get((letter.delivery_id, letter.claims)), endpoints.get(letter.endpoint_id)
        if row is None or endpoint is None:
            continue
        rest = rules.rest_asked(outcome.retry_after, now) if outcome.asks_for_rest else timedelta(0)
        _of_delivery(row, outcome, rest, now)
        _of_endpoint(endpoint, outcome, rest, now)


def _of_delivery(row: WebhookDelivery, outcome: Outcome, rest: timedelta, now: datetime) -> None:
    row.status, row.error, row.answer = outcome.status, outcome.error, outcome.answer
    row.log = [*row.log, logged(now, outcome.status, outcome.error, outcome.seconds)][-_LOGGED:]
    again = rules.backoff(row.tries, random.random())
    if outcome.taken:
        row.state, row.settled_at = State.DONE, now
    elif outcome.gone or again is None:
        row.state, row.settled_at = State.FAILED, now
    else:
        row.state, row.due_at = State.WAITING, now + max(again, rest)
    row.save(update_fields=["status", "error", "answer", "log", "state", "due_at", "settled_at"])


def _of_endpoint(row: WebhookEndpoint, outcome: Outcome, rest: timedelta, now: datetime) -> None:
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "endpoint": row.pk, "now": now, "good": int(outcome.taken), "bad": int(not outcome.taken),
        }  # fmt: skip
        cursor.execute(_COUNT, values)
    row.answered_at, row.answer = now, outcome.words[:300]
    if outcome.taken:
        row.failures, row.failing_since, row.paused_until = 0, None, None
    else:
        row.failures, row.failing_since = row.failures + 1, row.failing_since or now
        row.paused_until = max(now + max(rules.pause(row.failures), rest), row.paused_until or now)
    row.save(update_fields=["answered_at", "answer", "failures", "failing_since", "paused_until"])
    if row.is_on and outcome.gone:
        give_up(row, "It answered 410 Gone: it wants no more webhooks.", now)
    elif row.is_on and rules.gives_up(row.failures, row.failing_since, now):
        give_up(row, f"Nothing was taken there for a day. The last time: {outcome.words}", now)
