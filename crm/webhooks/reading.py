"""What the pages show of endpoints: words, figures of the last day, examples."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum

from crm import slots
from crm.segments.filters import FilterError, parse
from crm.web.encoding import dumps
from crm.webhooks import kinds
from crm.webhooks.composing import payload, wrapped
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookHour

DAY = timedelta(hours=24)
#: State of an endpoint → what is said, the badge's tone, an icon.
STATES = {
    "good": ("Delivers", "good", "circle-check"),
    "new": ("Nothing sent yet", "", "circle-dashed"),
    "failing": ("Fails", "bad", "circle-alert"),
    "pausing": ("Takes a break", "warn", "circle-pause"),
    "off": ("Off", "", "circle-off"),
}
#: State of a delivery → the badge's tone.
TONES = {"waiting": "info", "sending": "info", "done": "good", "failed": "bad", "skipped": "plain"}
#: More that waits than this is not counted.
_COUNTED = 1000


@dataclass(frozen=True)
class Line:
    """An endpoint as lists show it."""

    endpoint: WebhookEndpoint
    state: str
    good: int  # tries of the last day that were taken
    bad: int
    waiting: int

    @property
    def words(self) -> str:
        return "Switched off by itself" if self.state == "off" and self.endpoint.off_because else STATES[self.state][0]

    @property
    def tone(self) -> str:
        return "bad" if self.state == "off" and self.endpoint.off_because else STATES[self.state][1]

    @property
    def icon(self) -> str:
        return STATES[self.state][2]

    @property
    def rate(self) -> int | None:
        """Per cent of the tries of the last day that were taken; None without any."""
        return self.good * 100 // (self.good + self.bad) if self.good + self.bad else None

    @property
    def many(self) -> str:
        return f"{_COUNTED:,}+" if self.waiting > _COUNTED else f"{self.waiting:,}"

    @property
    def asks_for(self) -> str:
        return "Everything" if self.endpoint.everything else kinds.in_words(self.endpoint.kinds)


def lines(endpoints: Iterable[WebhookEndpoint], now: datetime) -> list[Line]:
    """In two queries beside that of the endpoints."""
    rows = list(endpoints)
    hours = WebhookHour.objects.filter(endpoint__in=rows, hour__gt=now - DAY).values("endpoint").order_by()
    figures = {one["endpoint"]: one for one in hours.annotate(all_good=Sum("good"), all_bad=Sum("bad"))}
    none = {"all_good": 0, "all_bad": 0}
    waiting = _waiting([row.pk for row in rows])
    return [
        Line(row, row.state(now), of["all_good"], of["all_bad"], waiting.get(row.pk, 0))
        for row in rows
        if (of := figures.get(row.pk, none))
    ]


_WAITING = f"""
    SELECT e.id, (SELECT count(*) FROM (
        SELECT FROM crm_webhookdelivery d WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'sending')
        LIMIT {_COUNTED + 1}) AS open)
    FROM unnest(%(ids)s::bigint[]) AS e (id)
"""  # noqa: S608  (a number of ours)


def _waiting(ids: list[int]) -> dict[int, int]:
    """How many wait at each, up to _COUNTED + 1: a range of the index."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"ids": ids})
        return dict(cursor.fetchall())


def failed(endpoint: WebhookEndpoint) -> int:
    """How many of its deliveries have failed, up to _COUNTED + 1."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint, state=WebhookDelivery.State.FAILED)
    return rows.order_by()[: _COUNTED + 1].count()


def filter_words(endpoint: WebhookEndpoint) -> str:
    """Whose facts, as a sentence; blank: everybody's."""
    if not endpoint.tree:
        return ""
    try:
        return parse(endpoint.tree, "account").sentence()
    except FilterError as error:
        return f"The filter cannot be read any more ({error}), so nothing is left out."


def pretty(body: str | None) -> str:
    """A body for people to read."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False) if body else ""


def example(kind: str, at: datetime, *, with_texts: bool = False) -> str:
    """What a webhook of a kind looks like."""
    known = slots.fact_kinds[kind]
    data: dict[str, Any] = {
        "entry": 4711, "recorded_at": at, "text": known.label, "source": "person", "channel": "",
        "actor": "Mira Okafor",
        "url": "https://crm.example/accounts/42/",
        "account": {"id": 42, "external_id": "C-1042", "name": "Nordwind Logistics"},
        "contact": {"id": 7, "external_id": None, "name": "Sofia Lind", "email": "sofia@nordwind.example"},
        "payload": payload(json.loads(dumps(known.example)), with_texts=with_texts),
    }  # fmt: skip
    return pretty(wrapped(kind, at, data))
