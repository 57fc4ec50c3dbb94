"""The daily digest: on each reader's own morning one mail about what they have not read, exactly once a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.urls import reverse

from crm import slots
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import Notification, NotificationPreference, OutboundMessage
from crm.outbox.notifications import rules
from crm.slots import Explanation
from crm.team.models import User

#: Digests of one slice, each in a transaction of its own.
BATCH = 50
#: Old rows that go at once.
_SWEPT = 5000

ORIGIN = "digest"

_SUBJECT = "{{ count }} new in Holdfast"
_BODY = """Hello {{ name }},

this has come in for you and you have not read it yet:

{% for line in lines %}- {{ line.text }}
  {{ base_url }}{{ line.url }}
{% endfor %}{% if more %}
… and {{ more }} more: {{ base_url }}{{ page }}
{% endif %}
What you want to be told, and how: {{ base_url }}{{ settings }}
"""


def work(now: datetime) -> int:
    """Write the digests that are due, at most BATCH; returns how many. Twice at once writes each once."""
    written = 0
    for user, kinds in _waiting().items():
        day, due_at = rules.last_morning(now, user.zone)
        if written < BATCH and _write(user, kinds, day, due_at, now):
            written += 1
    return written


def next_due(now: datetime) -> datetime | None:
    """The next morning of somebody for whom something waits."""
    return min((rules.next_morning(now, user.zone) for user in _waiting()), default=None)


def _waiting() -> dict[User, list[str]]:
    """Who has unread rows of kinds that they want to read in a digest, and which kinds."""
    waiting = Notification.objects.filter(read_at=None, mailed_at=None, user__is_active=True)
    pairs = set(waiting.order_by().values_list("user_id", "kind").distinct())
    users = User.objects.in_bulk({user for user, _ in pairs})
    chosen = {
        (row.user_id, row.kind): row.way for row in NotificationPreference.objects.filter(user_id__in=list(users))
    }
    found: defaultdict[User, list[str]] = defaultdict(list)
    for user_id, kind in sorted(pairs):
        known = slots.notification_kinds.get(kind)
        if chosen.get((user_id, kind), known.way if known else "bell") == NotificationPreference.Way.DIGEST:
            found[users[user_id]].append(kind)
    return found


@transaction.atomic
def _write(user: User, kinds: Sequence[str], day: date, due_at: datetime, now: datetime) -> bool:
    """The digest of one day, of what there was on its morning. False: it has been written, or there is nothing in it.

    The rows are locked, so that a second worker waits and then finds them mailed.
    """
    key = f"digest:{user.pk}:{day}"
    rows = Notification.objects.filter(
        user=user, kind__in=kinds, read_at=None, mailed_at=None, created_at__lt=due_at
    ).select_for_update()
    found = list(rows.order_by("id"))
    if not found or OutboundMessage.objects.filter(key=key).exists():
        return False
    rows = Notification.objects.filter(pk__in=[row.pk for row in found])
    visible = set(rows.visible_to(user).values_list("pk", flat=True))
    rows.update(mailed_at=now)
    shown = [row for row in reversed(found) if row.pk in visible]
    if shown:
        enqueue([_draft(user, key, shown, due_at, now)], now=now)
    return bool(shown)


def _draft(user: User, key: str, rows: Sequence[Notification], due_at: datetime, now: datetime) -> Draft:
    lines = [{"text": row.text, "url": row.url} for row in rows[: rules.MOST_LINES]]
    facts = {
        "name": str(user), "count": len(rows), "lines": lines, "more": max(0, len(rows) - rules.MOST_LINES),
        "page": reverse("notifications:list"), "settings": reverse("notifications:preferences"),
    }  # fmt: skip
    return Draft(
        key=key, category=OutboundMessage.Category.TRANSACTIONAL, template_id=template(_SUBJECT, _BODY), due_at=now,
        user_id=user.pk, facts=facts, expires_at=due_at + rules.STALE, origin=ORIGIN, origin_id=user.pk,
    )  # fmt: skip


def sweep(now: datetime) -> None:
    """Delete what was read long ago."""
    old = Notification.objects.filter(read_at__lt=now - rules.KEPT).order_by("read_at").values("pk")[:_SWEPT]
    Notification.objects.filter(pk__in=old).delete()


def explain(ids: Sequence[int]) -> dict[int, Explanation]:
    """Why the mail of a digest exists."""
    lines = [("When", f"every morning at {rules.DIGEST_HOUR:%H:%M} by the reader's clock, if something is unread")]
    return {pk: Explanation("Daily digest", reverse("notifications:preferences"), lines) for pk in ids}
