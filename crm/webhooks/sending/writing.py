"""What is sent: the body, written once, and the headers, anew for each try."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import InvalidToken

from crm.accounts.models import Account
from crm.segments.filters import FilterError, parse
from crm.timeline.models import TimelineEntry
from crm.webhooks import rules, secrets
from crm.webhooks.composing import body_of
from crm.webhooks.models import WebhookDelivery

State = WebhookDelivery.State

GONE = "What it tells of was taken back before it was sent."
NOT_ASKED = "It is about a customer whom the filter does not want."
SEALED = "Its secret was sealed with another SECRET_KEY. Give the webhook a new secret."
DIED = "Each process that worked on it died."


@dataclass(frozen=True, slots=True)
class Letter:
    """A request to make: all of it, so that who makes it asks no database."""

    delivery_id: int
    claims: int  # it is ours while this is what it was
    tries: int
    endpoint_id: int
    url: str
    headers: dict[str, str]
    body: bytes


def write(ids: Sequence[int], now: datetime) -> list[Letter]:
    """Of deliveries that the caller has claimed. Those of which nothing is to be sent are settled, and left out."""
    rows = list(WebhookDelivery.objects.filter(pk__in=ids).select_related("endpoint").order_by("due_at", "pk"))
    unwritten = [row for row in rows if row.body is None]
    entries = TimelineEntry.objects.select_related("account", "contact", "actor")
    told = entries.in_bulk([row.entry_id for row in unwritten if row.entry_id])
    unwanted = _unwanted(unwritten, told, now)
    letters = []
    for row in rows:
        if row.tries > rules.MAX_TRIES:
            _settle(row, State.FAILED, row.error or DIED, now)
        elif row.body is None and (entry := told.get(row.entry_id or 0)) is None:
            _settle(row, State.SKIPPED, GONE, now)
        elif row.pk in unwanted:
            _settle(row, State.SKIPPED, NOT_ASKED, now)
        else:
            if row.body is None and entry:
                row.body = body_of(entry, with_texts=row.endpoint.with_texts)
            letters += _letter(row, now)
    WebhookDelivery.objects.bulk_update(rows, ["body", "state", "error", "due_at", "settled_at"])
    return letters


def _letter(row: WebhookDelivery, now: datetime) -> list[Letter]:
    """None while its secret cannot be opened: then it rests as if it had been tried."""
    body = (row.body or "").encode()
    try:
        headers = secrets.headers(row.endpoint, row.webhook_id, body, now)
    except InvalidToken:
        rest = rules.backoff(row.tries, 0)
        if rest is None:
            _settle(row, State.FAILED, SEALED, now)
        else:
            row.state, row.due_at, row.error = State.WAITING, now + rest, SEALED
        return []
    return [Letter(row.pk, row.claims, row.tries, row.endpoint_id, row.endpoint.url, headers, body)]


def _unwanted(rows: Iterable[WebhookDelivery], told: dict[int, TimelineEntry], now: datetime) -> set[int]:
    """Deliveries about customers whom their endpoint's filter does not find; one query for each filter."""
    of_endpoint: dict[int, list[WebhookDelivery]] = defaultdict(list)
    for row in rows:
        if row.endpoint.tree and row.entry_id in told:
            of_endpoint[row.endpoint_id].append(row)
    unwanted: set[int] = set()
    for group in of_endpoint.values():
        about = {row.pk: told[row.entry_id or 0].account_id for row in group}
        try:
            found = parse(group[0].endpoint.tree, "account").apply(Account.objects.filter(pk__in=about.values()), now)
            wanted = set(found.values_list("pk", flat=True))
        except FilterError:  # what it names is gone: better told too much of than nothing
            continue
        unwanted |= {pk for pk, account in about.items() if account not in wanted}
    return unwanted


def _settle(row: WebhookDelivery, state: str, why: str, now: datetime) -> None:
    row.state, row.error, row.settled_at = state, why[:300], now
