"""Far more tickets about one thing than usual, of one customer or of all: looked for every hour, told once a spell."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.urls import reverse

from crm.accounts.models import Account
from crm.slots import tell
from crm.team.leading import leads
from crm.tickets.models import TicketCategory, TicketOverload
from crm.tickets.rules import overload as rules
from crm.timeline.actions import Fact, record
from crm.web.models import Pulse

LOOK_EVERY = timedelta(hours=1)
_PULSE = "ticket-overload"

# Of all customers, and of each; of the past only of those who bring enough just now, or whose spell is open.
_COUNTED = """
    WITH lately AS (
        SELECT category_id, account_id, GROUPING(account_id) = 1 AS of_all, count(*) AS found
        FROM crm_ticket
        WHERE created_at > %(since)s AND created_at <= %(now)s AND category_id IS NOT NULL
            AND NOT is_spam AND merged_into_id IS NULL
        GROUP BY GROUPING SETS ((category_id), (category_id, account_id))
    ), asked AS (
        SELECT category_id, account_id, of_all, found FROM lately
        WHERE found >= CASE WHEN of_all THEN %(all)s ELSE %(one)s END AND (of_all OR account_id IS NOT NULL)
        UNION
        SELECT o.category_id, o.account_id, o.account_id IS NULL, coalesce(l.found, 0)
        FROM crm_ticketoverload o LEFT JOIN lately l ON l.category_id = o.category_id
            AND l.account_id IS NOT DISTINCT FROM o.account_id AND l.of_all = (o.account_id IS NULL)
        WHERE o.ended_at IS NULL
    )
    SELECT a.category_id, a.account_id, a.found, (
        SELECT count(*) FROM crm_ticket t
        WHERE t.category_id = a.category_id AND (a.of_all OR t.account_id = a.account_id)
            AND t.created_at > %(past)s AND t.created_at <= %(since)s
            AND NOT t.is_spam AND t.merged_into_id IS NULL
    ) AS before
    FROM asked a ORDER BY a.category_id, a.account_id NULLS FIRST
"""


def look(now: datetime) -> int:
    """Begin and end spells of overload; returns how many did. Once an hour, by whoever comes first."""
    if Pulse.objects.filter(name=_PULSE, ran_at__gt=now - LOOK_EVERY).exists():
        return 0
    with transaction.atomic():
        Pulse.objects.bulk_create([Pulse(name=_PULSE, ran_at=now - LOOK_EVERY)], ignore_conflicts=True)
        due = Pulse.objects.select_for_update(skip_locked=True).filter(name=_PULSE, ran_at__lte=now - LOOK_EVERY)
        if due.first() is None:
            return 0
        Pulse.objects.filter(name=_PULSE).update(ran_at=now)
        return _compare(now)


def next_look(now: datetime) -> datetime | None:
    """It is due whenever the clock stops: nothing waits for it."""
    return None


def _compare(now: datetime) -> int:
    open_now = {(one.category_id, one.account_id): one for one in TicketOverload.objects.filter(ended_at=None)}
    moved = 0
    for category, account, found, before in _counted(now):
        known = open_now.get((category, account))
        fewest = rules.FEWEST_OF_ONE if account else rules.FEWEST_OF_ALL
        if known is None and rules.begins(found, before, fewest):
            _begin(category, account, found, before, now)
            moved += 1
        elif known and not rules.goes_on(found, before):
            known.ended_at = now
            known.save(update_fields=["ended_at"])
            moved += 1
        elif known and found > known.found:
            known.found = found
            known.save(update_fields=["found"])
    return moved


def _counted(now: datetime) -> list[tuple[int, int | None, int, int]]:
    since = now - timedelta(days=rules.LOOKED_AT)
    values: dict[str, Any] = {
        "now": now, "since": since, "past": since - timedelta(days=rules.PAST), "one": rules.FEWEST_OF_ONE,
        "all": rules.FEWEST_OF_ALL,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, values)
        found: list[tuple[int, int | None, int, int]] = cursor.fetchall()
        return found


def _begin(category_id: int, account_id: int | None, found: int, before: int, now: datetime) -> None:
    row = TicketOverload.objects.create(
        category_id=category_id, account_id=account_id, began_at=now, found=found, usual=rules.usual(before)
    )
    category = TicketCategory.objects.get(pk=category_id)
    account = Account.objects.get(pk=account_id) if account_id else None
    words = f"{found} tickets about “{category}” in {rules.LOOKED_AT} days; {row.usual_words} would be usual"
    key = f"overload:{row.pk}"
    if account:
        payload = {"category": str(category), "found": found, "usual": round(row.usual, 1), "overload": row.pk}
        record(
            Fact(account.pk, "ticket.overload", f"Support overload: {words}", now, payload=payload, key=key), now=now
        )
    owner = {account.owner_id} if account and account.owner_id else set()
    people = leads([category.team_id])[category.team_id] | owner
    text = f"{account}: {words}" if account else words
    url = account.get_absolute_url() if account else reverse("tickets:insight")
    tell(people, "ticket.overload", text, url, now, key=key, account_id=account_id)
