"""The verbs of reviews: count one when its month is over, send it to whoever wants it, ask for it and not any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from crm.ledger.rules import add_months
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.slots import Explanation
from crm.team.models import User
from crm.team.models.hours import house_hours
from crm.web import clock, wording
from retention.metrics.rules import rate_words
from retention.reports import rules
from retention.reports.models import MonthlyReview, ReviewReader
from retention.reports.reading import facts, kept, read

ORIGIN = "review"
#: Mails of one slice, in one transaction.
BATCH = 50

_SUBJECT = "{{ month }}: how customers were kept"
_BODY = """Hello {{ name }},

{% if sections %}{% for section in sections %}{{ section.title }}
{% for line in section.lines %}- {{ line }}
{% endfor %}
{% endfor %}{% else %}nothing notable happened in {{ month }}.

{% endif %}{% for line in figures %}{{ line }}
{% endfor %}
Every figure with its names, to print for the meeting:
{{ base_url }}{{ page }}

You asked for this review each month. Not any more? {{ base_url }}{{ all }}
"""


def last_month(now: datetime) -> date:
    """The first day of the month that was over last."""
    return add_months(clock.today(now).replace(day=1), -1)


def working_day(month: date) -> date:
    """The first one after a month, as the house is open."""
    hours = house_hours()
    return rules.first_working_day(month, lambda day: bool(hours.intervals(day)))


def work(now: datetime) -> int:
    """One slice of what is due; returns how many reviews and mails were written. Twice at once writes each once."""
    month = last_month(now)
    day = working_day(month)
    counted = rules.counted_at(day, clock.zone())
    if now < counted:
        return 0
    return _count(month, now) or _send(month, day, counted, now)


def next_due(now: datetime) -> datetime | None:
    """When the next review is counted, or the next mail of the last one is due."""
    month = last_month(now)
    moments = []
    for each in (month, add_months(month, 1)):
        day = working_day(each)
        counted = rules.counted_at(day, clock.zone())
        waiting = ReviewReader.objects.exclude(told_until__gte=each).filter(user__is_active=True)
        zones = {reader.user.zone for reader in waiting.select_related("user")}
        moments += [counted, *(rules.sent_at(day, zone, counted) for zone in zones)]
    return min((moment for moment in moments if moment > now), default=None)


def _count(month: date, now: datetime) -> int:
    """Keep the review of a month; 0 if it is there, or there is nothing to report yet."""
    if MonthlyReview.objects.filter(month=month).exists():
        return 0
    found = facts(month, now)
    if not (found.figures["customers_start"] or found.figures["customers_end"] or found.tickets):
        return 0
    rows = [MonthlyReview(month=month, facts=kept(found), made_at=now)]
    MonthlyReview.objects.bulk_create(rows, ignore_conflicts=True)
    return 1


@transaction.atomic
def _send(month: date, day: date, counted: datetime, now: datetime) -> int:
    """To those whose morning has come. Who asked later, or may not see all customers, is passed over for good."""
    review = MonthlyReview.objects.filter(month=month).first()
    if review is None:
        return 0
    waiting = ReviewReader.objects.exclude(told_until__gte=month).select_for_update(of=("self",), skip_locked=True)
    due = {
        reader: at
        for reader in waiting.prefetch_related("user").order_by("pk")
        if (at := rules.sent_at(day, reader.user.zone, counted)) <= now
    }
    readers = list(due)[:BATCH]
    drafts = [_draft(review, reader.user, due[reader], now) for reader in readers if _wants(reader, due[reader], now)]
    enqueue(drafts, now=now)
    ReviewReader.objects.filter(pk__in=[reader.pk for reader in readers]).update(told_until=month)
    return len(readers)


def _wants(reader: ReviewReader, due_at: datetime, now: datetime) -> bool:
    asked_before = reader.since <= due_at
    return asked_before and now < due_at + rules.STALE and reader.user.is_active and reader.user.sees_everything


def _draft(review: MonthlyReview, user: User, due_at: datetime, now: datetime) -> Draft:
    return Draft(
        key=f"review:{user.pk}:{review.month:%Y-%m}", category=OutboundMessage.Category.TRANSACTIONAL,
        template_id=template(_SUBJECT, _BODY), due_at=now, user_id=user.pk, facts=_told(review, user),
        expires_at=due_at + rules.STALE, origin=ORIGIN, origin_id=review.pk,
    )  # fmt: skip


def money(amount: Any) -> str:
    return wording.money(amount, settings.CURRENCY)


def _told(review: MonthlyReview, user: User) -> Mapping[str, Any]:
    """What the mail says: the same sentences as the page."""
    found = read(review.month, review.facts)
    said = rules.said(found, money)
    sections = [
        {"title": title, "lines": [str(sentence) for sentence in sentences]} for _, title, sentences in said.sections
    ]
    lost, start = found.figures["customers_lost"], found.figures["customers_start"]
    rate = found.rate("crr")
    left = f"{lost:,} of {start:,} customers left"
    said_of = f"n/a, {found.unsaid['crr']}" if rate is None else f"{rate_words(rate)}, {left}"
    return {
        "name": str(user), "month": f"{review.month:%B %Y}", "sections": sections,
        "figures": [f"Kept: {said_of}", f"MRR at the end: {money(found.money('mrr_end'))}"],
        "page": reverse("reports:review", args=[f"{review.month:%Y-%m}"]), "all": reverse("reports:list"),
    }  # fmt: skip


def subscribe(user: User, now: datetime) -> None:
    """From the next review on. Who has asked already keeps the moment."""
    ReviewReader.objects.bulk_create([ReviewReader(user=user, since=now)], ignore_conflicts=True)


def unsubscribe(user: User) -> None:
    ReviewReader.objects.filter(user=user).delete()


def explain(ids: Sequence[int]) -> dict[int, Explanation]:
    """Why the mail of a review exists."""
    lines = [("When", "on the first working day of each month, at 08:00 by the reader's clock, to those who asked")]
    return {pk: Explanation("Monthly review", reverse("reports:list"), lines) for pk in ids}
