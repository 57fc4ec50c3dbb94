"""Cases are opened for payments that failed: by what payments say now, so that the order of facts cannot matter."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from crm.ledger.models import Payment
from crm.web import clock
from retention.dunning import rules
from retention.dunning.models import FAILING, DunningCase, DunningSettings
from retention.dunning.planning import Desk, Kind, amount

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('retention.dunning'))"
#: Cases opened in one transaction.
BATCH = 300

# A payment that was paid before anybody had noticed its failure has a case too, which is over at once. One that was
# recovered and failed again has another; one that was given up or forgiven has not, while it goes on failing.
_NEW = """
    SELECT p.id, coalesce(latest.episode, 0) + 1
    FROM crm_payment p LEFT JOIN LATERAL (
        SELECT k.episode, k.state, k.why FROM retention_dunningcase k WHERE k.payment_id = p.id
        ORDER BY k.episode DESC LIMIT 1) AS latest ON TRUE
    WHERE p.failed_at >= %(since)s AND p.failed_at <= %(now)s AND CASE
        WHEN latest.episode IS NULL
            THEN p.status = 'failed' OR (p.status = ANY(%(received)s) AND p.paid_at >= p.failed_at)
        ELSE p.status = 'failed' AND (latest.state = 'recovered' OR latest.why = 'void') END
    ORDER BY p.failed_at, p.id LIMIT %(batch)s
"""


def look(now: datetime) -> int:
    """Open what is to be opened: as far back as billing tells late, and once an hour as far as anybody chases."""
    chosen = DunningSettings.the_only()
    if chosen.on_since is None:
        return 0
    whole = chosen.looked_at is None or now - chosen.looked_at >= timedelta(hours=1)
    since = max(chosen.on_since, now - (rules.LOOKS_FAR_BACK if whole else rules.LOOKS_BACK))
    opened = _look(since, now)
    if whole and not opened:
        opened = _welcome_late(now)
        DunningSettings.objects.filter(pk=chosen.pk).update(looked_at=now)
    return opened


@transaction.atomic
def _look(since: datetime, now: datetime) -> int:
    """One worker at a time: each sees what the one before has opened."""
    values: dict[str, Any] = {"since": since, "now": now, "received": list(Payment.RECEIVED), "batch": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_NEW, values)
        found = dict(cursor.fetchall())
    return open_for(found, now) if found else 0


def open_for(found: dict[int, int], now: datetime) -> int:
    """By payments' ids, the number of the case that each gets."""
    # Nobody's verb may say paid meanwhile, so that what is decided here is decided on what is written.
    payments = list(Payment.objects.select_for_update().filter(pk__in=found).order_by("pk"))
    chosen = DunningSettings.the_only()
    made = [_case(payment, found[payment.pk], chosen, now) for payment in payments if payment.failed_at]
    DunningCase.objects.bulk_create(made)
    rows = DunningCase.objects.filter(pk__in=[row.pk for row in made])
    _begin(list(rows.select_related("account__owner", "payment", "payment__contract").order_by("pk")), now)
    return len(made)


def _case(payment: Payment, episode: int, chosen: DunningSettings, now: datetime) -> DunningCase:
    assert payment.failed_at
    grace = rules.end_of_grace(payment.failed_at, chosen.grace_days, clock.zone())
    ends_at = max(grace, payment.failed_at + chosen.longest * rules.DAY)
    return DunningCase(
        account_id=payment.account_id, payment=payment, episode=episode, failed_at=payment.failed_at,
        last_failed_at=payment.failed_at, last_at=payment.failed_at, reason=payment.failure_reason,
        grace_ends_at=grace, ends_at=ends_at, opened_at=now,
    )  # fmt: skip


def _begin(cases: Sequence[DunningCase], now: datetime) -> None:
    """What is paid by now is closed by whoever follows; of the others the first of a customer's is told."""
    desk = Desk.of(cases, now)
    troubled = _others_open(cases)
    for case in cases:
        because = f": {case.reason}" if case.reason else ""
        desk.tell(case, Kind.OPENED, f"{amount(case)} failed on {rules.said(case.failed_at, clock.zone())}{because}")
        if case.payment.status not in FAILING:
            continue
        if case.account_id not in troubled:
            troubled.add(case.account_id)
            desk.fact(case, "dunning.opened", f"A payment of {amount(case)} is followed up")
        desk.plan(case)
    DunningCase.objects.bulk_update(cases, ["next_at", "next_why", "provider_at", "wants_card", "zone"])
    desk.write()


def _others_open(cases: Collection[DunningCase]) -> set[int]:
    """Accounts that have a case already: they are being written to."""
    others = DunningCase.objects.failing().filter(account__in={case.account_id for case in cases})
    return set(others.exclude(pk__in=[case.pk for case in cases]).values_list("account_id", flat=True))


def _welcome_late(now: datetime) -> int:
    """What was given up or forgiven, and came in after all, is taken up again, so that whoever follows closes it. Of
    several cases of a payment the last one: money comes in once."""
    later = DunningCase.objects.filter(payment=OuterRef("payment"), episode__gt=OuterRef("episode"))
    late = DunningCase.objects.filter(
        ~Exists(later), state__in=[DunningCase.State.LOST, DunningCase.State.FORGIVEN],
        payment__status__in=Payment.RECEIVED,
        closed_at__gte=now - rules.COMES_IN_LATE, payment__paid_at__isnull=False,
    )  # fmt: skip
    with transaction.atomic():
        rows = late.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:BATCH]
        ids = [row.pk for row in rows]
        DunningCase.objects.filter(pk__in=ids).update(state="open", why="", closed_at=None, closed_by=None)
    return len(ids)
