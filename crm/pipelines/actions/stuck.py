"""Telling of deals that have been in their stage for too long: on the timeline, and whoever works on them, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.urls import reverse

from crm.pipelines.actions.telling import fact
from crm.pipelines.models import Deal, DealSpell, Outcome
from crm.slots import tell
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry

#: Deals in one transaction.
SLICE = 500

_FIND = """
    UPDATE crm_deal SET told_stuck = TRUE WHERE id IN (
        SELECT id FROM crm_deal WHERE outcome = 'open' AND NOT told_stuck AND stuck_at <= %(now)s
        ORDER BY stuck_at, id LIMIT %(slice)s FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id
"""


@transaction.atomic
def work(now: datetime) -> int:
    """A slice of those that are stuck and of which nobody has been told. Of each stay in a stage it is told once, also
    if the deal leaves it and is put back."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"now": now, "slice": SLICE})
        ids = [row[0] for row in cursor.fetchall()]
    rows = Deal.objects.select_related("stage__pipeline", "account").filter(pk__in=ids).order_by("pk")
    keys = {deal: f"deal.stuck:{spell}" for deal, spell in _open_spells(ids)}
    told = set(TimelineEntry.objects.filter(key__in=keys.values()).values_list("key", flat=True))
    fresh = [row for row in rows if keys[row.pk] not in told]
    record([_fact(row, keys[row.pk], now) for row in fresh], now=now)
    theirs: dict[int | None, list[Deal]] = defaultdict(list)
    for row in fresh:
        theirs[row.owner_id or row.account.owner_id].append(row)
    for owner, deals in theirs.items():
        if owner:
            _tell(owner, deals, now)
    return len(ids)


def _open_spells(ids: list[int]) -> Iterable[tuple[int, int]]:
    return DealSpell.objects.filter(deal__in=ids, ended_at=None).values_list("deal", "pk")


def _fact(row: Deal, key: str, now: datetime) -> Fact:
    days = (now - row.entered_at).days
    return fact(row, "deal.stuck", f"Deal stuck in {row.stage} for {days} days", now, key=key, days=days)


def _tell(owner: int, deals: list[Deal], now: datetime) -> None:
    """Once for all that got stuck together."""
    first = deals[0]
    if len(deals) == 1:
        text, url, account = f"{first} is stuck in {first.stage}", str(first.get_absolute_url()), first.account_id
    else:
        text, url, account = f"{len(deals)} of your deals are stuck", f"{reverse('pipelines:list')}?view=stuck", None
    tell([owner], "deal.stuck", text, url, now, account_id=account)


def next_due(now: datetime) -> datetime | None:
    open_ones = Deal.objects.filter(outcome=Outcome.OPEN, told_stuck=False, stuck_at__gt=now)
    return open_ones.order_by("stuck_at").values_list("stuck_at", flat=True).first()
