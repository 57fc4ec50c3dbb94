"""The booking of terms that renew by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import Any

from django.db import connection, transaction

from crm.ledger.actions.projection import project
from crm.ledger.models import Contract, ContractTerm
from crm.ledger.rules import Stretch, renewals
from crm.timeline.actions import Fact, record
from crm.web import clock, wording
from crm.web.models import Pulse

#: Contracts looked at, and terms booked, in one transaction.
BATCH = 2000

#: A contract that has missed more of its terms is a mistake in its dates, which people are asked to correct.
MOST_MISSED = 120

#: SQL: how many terms of as many days as from {starts_on} to the end of `{term}` have to follow it until one covers the
#: day `until`; NULL for an open one.
MISSED = "((%(until)s::date - {term}.ends_on) / ({term}.ends_on - {starts_on}) + 1)"

_DUE = """
    FROM crm_contract c
    WHERE c.auto_renew AND c.status = 'paid' AND (%(only)s::bigint[] IS NULL OR c.id = ANY(%(only)s))
        AND EXISTS (SELECT 1 FROM crm_contractterm t WHERE t.contract_id = c.id)
        AND NOT EXISTS (SELECT 1 FROM crm_contractterm t
            WHERE t.contract_id = c.id AND (t.ends_on IS NULL OR t.ends_on > %(until)s))
"""
_TO_RENEW = f"SELECT c.id {_DUE} ORDER BY c.id LIMIT %(limit)s FOR NO KEY UPDATE OF c SKIP LOCKED"
_ANY_DUE = f"SELECT EXISTS (SELECT 1 {_DUE})"

#: The moment of the last look at all contracts that found nothing to renew.
LOOKED = "ledger.renewals"

#: A change may be committed so long after the moment that it bears.
SETTLED_AFTER = timedelta(minutes=10)


@transaction.atomic
def book_renewals(now: datetime, *, only: Sequence[int] | None = None, react: bool = True) -> int:
    """Book the next terms of paid contracts that renew by themselves and end tomorrow or have ended.

    One batch, bounded by contracts and by terms; returns the number of terms booked, 0 when none is due. After an
    outage the missed terms follow one another up to tomorrow, a long row of them over several batches. `only` narrows
    it to these contracts; `react=False` fires no workflow.
    """
    if only is None and _nothing_new(now):
        return 0
    until = last_day_to_cover(now)
    with connection.cursor() as cursor:
        cursor.execute(_TO_RENEW, {"until": until, "limit": BATCH, "only": only if only is None else list(only)})
        locked = [row[0] for row in cursor.fetchall()]
    if only is None and not locked:
        _note_idle(until, now)
    # Read after the lock: another worker may have booked and committed between our snapshot and it.
    contracts = Contract.objects.filter(pk__in=locked).prefetch_related("terms").order_by("pk")
    booked = list(islice(chain.from_iterable(_next_terms(contract, until, now) for contract in contracts), BATCH))
    ContractTerm.objects.bulk_create(booked, batch_size=BATCH)
    record([_renewed(term, now) for term in booked], react=react, now=now)
    project([term.contract.account_id for term in booked], now)
    return len(booked)


def _nothing_new(now: datetime) -> bool:
    """Whether an earlier look of this day found nothing and no contract has changed since: two index look-ups.

    Imports, which change terms without their contracts, book what they bring themselves.
    """
    looked = Pulse.objects.filter(name=LOOKED).values_list("ran_at", flat=True).first()
    if looked is None or clock.today(looked) != clock.today(now):
        return False
    renewing = Contract.objects.filter(auto_renew=True, status=Contract.Status.PAID)
    return not renewing.filter(updated_at__gt=looked - SETTLED_AFTER).exists()


def _note_idle(until: date, now: datetime) -> None:
    """Unless another worker holds some that are due: it may die, and they must be found again."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY_DUE, {"until": until, "only": None})
        (due,) = cursor.fetchone()
    if not due:
        Pulse.objects.update_or_create(name=LOOKED, defaults={"ran_at": now})


def last_day_to_cover(now: datetime) -> date:
    """Tomorrow: a term that ends by then is followed by the next one."""
    return clock.today(now) + timedelta(days=1)


def _next_terms(contract: Contract, until: date, now: datetime) -> Iterator[ContractTerm]:
    terms = sorted(contract.terms.all(), key=lambda term: term.starts_on)
    last = terms[-1]
    if last.ends_on is None:
        return
    starts = sorted({term.period_start for term in terms})
    for new in renewals(starts, Stretch(last.period_start, last.ends_on), until):
        yield ContractTerm(
            contract=contract, starts_on=new.starts_on, ends_on=new.ends_on, mrr=last.mrr, rate=last.rate, known_at=now
        )


def _renewed(term: ContractTerm, now: datetime) -> Fact:
    contract = term.contract
    until = f" to {wording.day(term.ends_on)}" if term.ends_on else ""
    payload: dict[str, Any] = {
        "contract_id": contract.pk, "plan": contract.plan, "starts_on": term.starts_on, "ends_on": term.ends_on,
        "mrr": str(term.mrr), "currency": contract.currency,
    }  # fmt: skip
    return Fact(
        contract.account_id,
        "contract.renewed",
        f"{contract.plan or 'The contract'} renewed from {wording.day(term.starts_on)}{until}",
        occurred_at=now,
        payload=payload,
        key=f"contract.renewed:{contract.pk}:{term.starts_on}",
    )
