"""Days pass: terms begin and end, and what follows from it reaches the accounts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min

from crm.ledger.actions.projection import project
from crm.ledger.models import ContractTerm
from crm.web import clock
from crm.web.models import Pulse, Walk
from crm.web.nightly import next_ids

#: The last day of which all beginnings and ends have reached the accounts.
PROJECTED = "ledger.projection"

_OF_DAY = """
    SELECT c.account_id FROM crm_contractterm t JOIN crm_contract c ON c.id = t.contract_id
    WHERE t.starts_on = %(day)s OR t.ends_on = %(day)s
    UNION SELECT account_id FROM crm_customerspan WHERE starts_on = %(day)s OR ends_on = %(day)s
"""


def project_all_due(now: datetime) -> int:
    """Let terms and purchase windows begin and end: project the accounts of the next day, up to today, on which one
    does.

    Returns the number of accounts looked at; 0 when all days up to today have been seen.
    """
    today, last = clock.today(now), _projected_up_to(now)
    day = next_change(last) if last < today else None
    if day is None or day > today:
        if last < today:
            _mark_projected(today)
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_OF_DAY, {"day": day})
        accounts = [row[0] for row in cursor.fetchall()]
    project(accounts, now)
    _mark_projected(day)
    return len(accounts)


def _projected_up_to(now: datetime) -> date:
    """The last day all of whose changes are projected; at first, the day before the oldest term was booked."""
    pulse = Pulse.objects.filter(name=PROJECTED).first()
    if pulse:
        return clock.today(pulse.ran_at)
    known_at = ContractTerm.objects.aggregate(oldest=Min("known_at"))["oldest"]
    return clock.today(min(known_at or now, now)) - timedelta(days=1)


def _mark_projected(day: date) -> None:
    Pulse.objects.bulk_create(
        [Pulse(name=PROJECTED, ran_at=midnight(day))],
        update_conflicts=True,
        update_fields=["ran_at"],
        unique_fields=["name"],
    )


_NEXT_CHANGE = """
    SELECT least(
        (SELECT min(starts_on) FROM crm_contractterm WHERE starts_on > %(day)s),
        (SELECT min(ends_on) FROM crm_contractterm WHERE ends_on > %(day)s),
        (SELECT min(starts_on) FROM crm_customerspan WHERE starts_on > %(day)s),
        (SELECT min(ends_on) FROM crm_customerspan WHERE ends_on > %(day)s),
        (SELECT min(t.ends_on) - 1 FROM crm_contractterm t JOIN crm_contract c ON c.id = t.contract_id
            WHERE %(renewing)s AND t.ends_on > %(day)s::date + 1 AND c.auto_renew AND c.status = 'paid'))
"""


def next_change(day: date, *, renewing: bool = False) -> date | None:
    """The first day after `day` on which something begins or ends or, with `renewing`, is to be renewed."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_CHANGE, {"day": day, "renewing": renewing})
        (found,) = cursor.fetchone()
    return found  # type: ignore[no-any-return]


def midnight(day: date) -> datetime:
    """When the day begins in the installation's zone."""
    return datetime.combine(day, time.min, clock.zone()).astimezone(UTC)


# Once for all that is there -------------------------------------------------------------------------------------------

#: Accounts of one slice.
SLICE = 10_000

#: How far that has come. A new installation has nothing to derive: its migration says so.
_WALK = "ledger.spans"
_WITH_FACTS = """
    SELECT a.id FROM unnest(%(ids)s::bigint[]) AS a(id)
    WHERE EXISTS (SELECT FROM crm_contract c WHERE c.account_id = a.id)
        OR EXISTS (SELECT FROM crm_purchase p WHERE p.account_id = a.id)
"""


def derive_all(now: datetime) -> int:
    """One slice of all accounts with contracts or purchases: for an installation that is older than its spans, and when
    the window of purchases is set to something else.

    Returns how many accounts it has looked at; 0 when all have been, or somebody else is at it.
    """
    window = settings.PURCHASE_WINDOW_DAYS
    if Walk.objects.filter(name=_WALK, stage=1, found__window=window).exists():
        return 0
    with transaction.atomic():
        Walk.objects.bulk_create([Walk(name=_WALK)], ignore_conflicts=True)
        walk = Walk.objects.select_for_update(skip_locked=True).filter(name=_WALK).first()
        if walk is None:
            return 0
        if walk.found.get("window") != window:
            walk.stage, walk.position, walk.found = 0, 0, {"window": window}
        ids = next_ids("crm_account", "id", walk, SLICE)
        with connection.cursor() as cursor:
            cursor.execute(_WITH_FACTS, {"ids": ids})
            project([row[0] for row in cursor.fetchall()], now)
        walk.stage, walk.day = int(not ids), clock.today(now)
        walk.save()
    return len(ids)
