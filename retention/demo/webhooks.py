"""The demo's webhooks: one that is taken at an address of the demo's own, and one that nobody takes any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from django.conf import settings

from crm.timeline.models import TimelineEntry
from crm.webhooks.actions.endpoints import make
from crm.webhooks.composing import body_of
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookHour, logged

#: What the one asks for, and how many of the latest have been told to it.
_KINDS = ("contract.renewed", "deal.lost", "deal.opened", "deal.won", "ticket.opened", "ticket.rated", "ticket.solved")
_TOLD, _LOST, _WAITING = 60, 3, 9
#: Which of them needed a second try.
_AGAIN = 41
_REFUSED = "It answered 503 Service Unavailable."
#: For so long the other has been off.
_OFF_FOR = timedelta(hours=31)


def tell(now: datetime) -> None:
    """Made by nobody, so that they go with the demo. What is told to the first from now on really leaves, and arrives
    at the demo itself; the second is off."""
    taking = _make("Data warehouse", urljoin(settings.BASE_URL, "/demo/webhooks/"), _KINDS, now - timedelta(days=40))
    entries = TimelineEntry.objects.filter(kind__in=_KINDS).select_related("account", "contact", "actor")
    latest = list(entries.filter(recorded_at__lte=now).order_by("-occurred_at", "-id")[:_TOLD])
    for number, entry in enumerate(reversed(latest)):
        _told(taking, entry, now - (len(latest) - number) * timedelta(minutes=23), taken=True, again=number == _AGAIN)
    _count(taking, now, len(latest), len(latest[_AGAIN : _AGAIN + 1]))
    WebhookEndpoint.objects.filter(pk=taking.pk).update(answered_at=now - timedelta(minutes=23), answer="200 OK")
    silent = _make("Billing bridge", "https://billing.kelp.example/hooks", _KINDS, now - timedelta(days=90))
    off = now - _OFF_FOR
    for number, entry in enumerate(latest[: _LOST + _WAITING]):
        _told(silent, entry, off + (number - _LOST) * timedelta(hours=2), taken=False, waits=number >= _LOST)
    WebhookEndpoint.objects.filter(pk=silent.pk).update(
        is_on=False, off_since=off, off_because=f"Nothing was taken there for a day. The last time: {_REFUSED}",
        failures=11, failing_since=off - timedelta(days=1), answered_at=off, answer=_REFUSED,
    )  # fmt: skip


def _make(name: str, url: str, kinds: Any, at: datetime) -> WebhookEndpoint:
    asked = {"everything": False, "kinds": list(kinds), "tree": {}, "with_texts": False, "is_on": True}
    return make({"name": name, "url": url, **asked}, None, at)[0]


def _told(
    to: WebhookEndpoint, entry: TimelineEntry, at: datetime, *, taken: bool, waits: bool = False, again: bool = False
) -> None:  # fmt: skip
    """`again`: it was refused once, and taken a minute later."""
    ended: dict[str, Any] = {"state": "waiting", "due_at": at}
    if not waits:
        error = "" if taken else _REFUSED
        status, tries = (200, 1 + again) if taken else (503, 10)
        log = [logged(at - timedelta(minutes=1), 503, _REFUSED, 1.2)] if again else []
        ended = {
            "state": "done" if taken else "failed", "due_at": at, "settled_at": at, "tries": tries, "status": status,
            "error": error, "answer": '{"taken": true}' if taken else "upstream connect error", "claims": tries,
            "log": [*log, logged(at, status, error, 0.084)], "body": body_of(entry, with_texts=False),
        }  # fmt: skip
    WebhookDelivery.objects.create(endpoint=to, entry=entry, kind=entry.kind, created_at=at, **ended)


def _count(of: WebhookEndpoint, now: datetime, good: int, bad: int) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    WebhookHour.objects.create(endpoint=of, hour=hour, good=good, bad=bad)
