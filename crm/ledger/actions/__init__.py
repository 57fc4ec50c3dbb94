"""The ledger's verbs: what an account's contracts say about it today, and the booking of terms that renew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import batched
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from crm.ledger.models import Contract, ContractTerm
from crm.ledger.rules import Stretch, renewals
from crm.timeline.actions import Fact, record
from crm.web import clock
from crm.web.models import Pulse

#: Accounts projected, and contracts renewed, in one statement and transaction.
BATCH = 2000

#: The last day of which all beginnings and ends have reached the accounts.
PROJECTED = "ledger.projection"

_LOCK = "SELECT id FROM crm_account WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"

# A term counts for what its contract's status says. Trial terms make a trial, never MRR. A cancelled contract covers
# nothing any more, but its begun terms show that there was a customer to lose. An account between two booked terms is
# paused. A contract that has not begun yet, like a trial that ran out, leaves a lead a lead.
_PROJECT = """
    WITH contract AS (
        SELECT c.account_id, c.status, c.status = ANY(%(counts)s) AS counts,
            min(t.starts_on) AS first_start, max(t.starts_on) AS last_start,
            max(coalesce(t.ends_on, 'infinity')) AS last_end,
            bool_or(t.starts_on <= %(day)s AND coalesce(t.ends_on, 'infinity') > %(day)s) AS covers,
            sum(t.mrr * t.rate) FILTER (
                WHERE t.starts_on <= %(day)s AND coalesce(t.ends_on, 'infinity') > %(day)s) AS mrr
        FROM crm_contract c JOIN crm_contractterm t ON t.contract_id = c.id
        WHERE c.account_id = ANY(%(ids)s)
        GROUP BY c.id
    ), derived AS (
        SELECT a.id,
            CASE
                WHEN bool_or(c.covers AND c.status = 'paid') THEN 'customer'
                WHEN bool_or(c.covers AND c.status = 'paused') THEN 'paused'
                WHEN bool_or(c.covers AND c.status = 'trial') THEN 'trial'
                WHEN bool_or(c.counts AND c.last_start > %(day)s)
                    AND bool_or(c.status <> 'trial' AND c.first_start <= %(day)s) THEN 'paused'
                WHEN bool_or(c.status <> 'trial' AND c.first_start <= %(day)s) THEN 'churned'
                ELSE 'lead'
            END AS lifecycle,
            min(c.first_start) FILTER (WHERE c.counts AND c.first_start <= %(day)s) AS customer_since,
            coalesce(round(sum(c.mrr) FILTER (WHERE c.counts), 2), 0) AS mrr,
            nullif(min(c.last_end) FILTER (WHERE c.counts AND c.covers), 'infinity') AS renews_on
        FROM unnest(%(ids)s::bigint[]) AS a(id) LEFT JOIN contract c ON c.account_id = a.id
        GROUP BY a.id
    )
    UPDATE crm_account a
    SET lifecycle = d.lifecycle, customer_since = d.customer_since, mrr = d.mrr, renews_on = d.renews_on
    FROM derived d
    WHERE a.id = d.id AND (a.lifecycle, a.customer_since, a.mrr, a.renews_on)
        IS DISTINCT FROM (d.lifecycle, d.customer_since, d.mrr, d.renews_on)
"""


def project(account_ids: Iterable[int], now: datetime) -> int:
    """Write lifecycle, customer_since, mrr and renews_on of these accounts as their contracts say today.

    Returns how many accounts changed. Runs in the caller's transaction, if there is one.
    """
    changed = 0
    for batch in batched(sorted(set(account_ids)), BATCH, strict=False):
        parameters: dict[str, Any] = {
            "ids": list(batch),
            "day": clock.today(now),
            "counts": [status.value for status in Contract.COUNTS],
        }
        with transaction.atomic(), connection.cursor() as cursor:
            # Locked in a statement of its own: the next one sees terms that were committed while we waited.
            cursor.execute(_LOCK, parameters)
            cursor.execute(_PROJECT, parameters)
            changed += cursor.rowcount
    return changed


_OF_DAY = """
    SELECT DISTINCT c.account_id
    FROM crm_contractterm t JOIN crm_contract c ON c.id = t.contract_id
    WHERE t.starts_on = %(day)s OR t.ends_on = %(day)s
"""


def project_all_due(now: datetime) -> int:
    """Let terms begin and end: project the accounts of the next day, up to today, on which one does.

    Returns the number of accounts looked at; 0 when all days up to today have been seen.
    """
    today, last = clock.today(now), _projected_up_to(now)
    day = _next_change(last) if last < today else None
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
        [Pulse(name=PROJECTED, ran_at=_midnight(day))],
        update_conflicts=True,
        update_fields=["ran_at"],
        unique_fields=["name"],
    )


_TO_RENEW = """
    SELECT c.id
    FROM crm_contract c
    WHERE c.auto_renew AND c.status = 'paid' AND (%(only)s::bigint[] IS NULL OR c.id = ANY(%(only)s))
        AND EXISTS (SELECT 1 FROM crm_contractterm t WHERE t.contract_id = c.id)
        AND NOT EXISTS (SELECT 1 FROM crm_contractterm t
            WHERE t.contract_id = c.id AND (t.ends_on IS NULL OR t.ends_on > %(until)s))
    ORDER BY c.id
    LIMIT %(limit)s
    FOR NO KEY UPDATE OF c SKIP LOCKED
"""


@transaction.atomic
def book_renewals(now: datetime, *, only: Sequence[int] | None = None, react: bool = True) -> int:
    """Book the next terms of paid contracts that renew by themselves and end tomorrow or have ended.

    One bounded batch; returns the number of terms booked, 0 when none is due. After an outage the missed terms
    follow one another up to tomorrow. `only` narrows it to these contracts; `react=False` fires no workflow.
    """
    until = clock.today(now) + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(_TO_RENEW, {"until": until, "limit": BATCH, "only": only if only is None else list(only)})
        locked = [row[0] for row in cursor.fetchall()]
    # Read after the lock: another worker may have booked and committed between our snapshot and it.
    contracts = Contract.objects.filter(pk__in=locked).prefetch_related("terms").order_by("pk")
    booked = [term for contract in contracts for term in _next_terms(contract, until, now)]
    ContractTerm.objects.bulk_create(booked, batch_size=BATCH)
    record([_renewed(term, now) for term in booked], react=react, now=now)
    project([term.contract.account_id for term in booked], now)
    return len(booked)


def _next_terms(contract: Contract, until: date, now: datetime) -> list[ContractTerm]:
    terms = sorted(contract.terms.all(), key=lambda term: term.starts_on)
    last = terms[-1]
    if last.ends_on is None:
        return []
    stretches = renewals([term.starts_on for term in terms], Stretch(last.starts_on, last.ends_on), until)
    return [
        ContractTerm(
            contract=contract, starts_on=new.starts_on, ends_on=new.ends_on, mrr=last.mrr, rate=last.rate, known_at=now
        )
        for new in stretches
    ]


def _renewed(term: ContractTerm, now: datetime) -> Fact:
    contract = term.contract
    payload: dict[str, Any] = {
        "contract_id": contract.pk, "plan": contract.plan, "starts_on": term.starts_on, "ends_on": term.ends_on,
        "mrr": str(term.mrr), "currency": contract.currency,
    }  # fmt: skip
    return Fact(
        contract.account_id,
        "contract.renewed",
        f"{contract.plan or 'The contract'} renewed from {term.starts_on} to {term.ends_on}",
        occurred_at=now,
        payload=payload,
        key=f"contract.renewed:{contract.pk}:{term.starts_on}",
    )


def run(now: datetime) -> int:
    """One slice of the ledger's work: renewals, then beginnings and ends."""
    return book_renewals(now) or project_all_due(now)


def next_due(now: datetime) -> datetime | None:
    """The next midnight, in the installation's zone, at which a term begins, ends or is to be renewed."""
    day = _next_change(clock.today(now), renewing=True)
    return _midnight(day) if day else None


_NEXT_CHANGE = """
    SELECT least(
        (SELECT min(starts_on) FROM crm_contractterm WHERE starts_on > %(day)s),
        (SELECT min(ends_on) FROM crm_contractterm WHERE ends_on > %(day)s),
        (SELECT min(t.ends_on) - 1 FROM crm_contractterm t JOIN crm_contract c ON c.id = t.contract_id
            WHERE %(renewing)s AND t.ends_on > %(day)s::date + 1 AND c.auto_renew AND c.status = 'paid'))
"""


def _next_change(day: date, *, renewing: bool = False) -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_CHANGE, {"day": day, "renewing": renewing})
        (found,) = cursor.fetchone()
    return found  # type: ignore[no-any-return]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, clock.zone()).astimezone(UTC)
