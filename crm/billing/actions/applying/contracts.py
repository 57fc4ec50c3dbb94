"""A contract and its terms, as billing says they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from crm.billing.actions.waiting import Waits, no_rate
from crm.billing.actions.wishing import heeded
from crm.billing.models import BillingObject
from crm.billing.rules.contracts import Contracted, Term, contract
from crm.billing.rules.facts import Said
from crm.ledger.actions.confirming import confirming
from crm.ledger.actions.deals import expected_for
from crm.ledger.actions.rates import rate_on
from crm.ledger.actions.starting import NEWS, tell_started
from crm.ledger.models import Contract, ContractTerm
from crm.timeline.actions import Fact, record
from crm.web import clock, wording

_REPORTED = {"reporter": "Billing"}
_PAUSED, _PAID, _CANCELLED = Contract.Status.PAUSED, Contract.Status.PAID, Contract.Status.CANCELLED


def apply_contract(row: BillingObject, facts: Sequence[Said], account_id: int, now: datetime) -> dict[str, Any]:
    """What people changed of it since stays until billing says something else. Raises Waits or NoRate."""
    wanted = contract(facts)
    if wanted is None:
        raise Waits("It has not begun: nothing was said of a term, or the first payment is still to come.")
    there = Contract.objects.filter(external_id=row.external_id).first()
    if there and there.account_id != account_id:
        raise Waits("The contract with this id is another customer’s here. Correct one of the two ids.")
    if there:
        wanted = heeded(there, wanted, facts, now)
    state = _as_json(wanted)
    if there and row.state == state:
        return state
    sold = None if there else expected_for(account_id, wanted.plan, wanted.status)
    if sold:  # what a person sold counts from here on: the audit log says by whom
        with confirming(sold, None, now, detail=_REPORTED):
            _write_whole(sold, row.external_id, wanted, now)
        return state
    was = (there.status, _price(there, now)) if there else None
    made = _write_whole(there or Contract(account_id=account_id, created_at=now), row.external_id, wanted, now)
    tell_started(made.pk, None, now)
    if was:
        _tell(made, was, facts, now)
    return state


def _write_whole(found: Contract, external_id: str, wanted: Contracted, now: datetime) -> Contract:
    was = None if found._state.adding else found.currency
    made = _write(found, external_id, wanted, now)
    _write_terms(made, wanted, now)
    if was not in (None, made.currency):
        _book_anew(made)
    return made


def _book_anew(made: Contract) -> None:
    """A booked rate stays, unless the contract turns out to be in another currency."""
    terms = list(made.terms.all())
    for term in terms:
        term.rate = _rate(made.currency, term.starts_on)
    ContractTerm.objects.bulk_update(terms, ["rate"])


def _write(found: Contract, external_id: str, wanted: Contracted, now: datetime) -> Contract:
    found.external_id, found.plan, found.status = external_id, wanted.plan or found.plan, wanted.status
    found.auto_renew, found.currency, found.updated_at = wanted.auto_renew, wanted.currency, now
    found.paid_from, found.cancelled_on = wanted.paid_from, wanted.cancelled_on
    found.save()
    return found


def _write_terms(made: Contract, wanted: Contracted, now: datetime) -> None:
    """What is not wanted goes and what is shorter shrinks first, so that two terms never overlap on the way."""
    terms = {term.starts_on: term for term in wanted.terms}
    last = wanted.terms[-1]
    kept: dict[date, ContractTerm] = {}
    for there in made.terms.order_by("starts_on"):
        if there.starts_on in terms:
            kept[there.starts_on] = there
        elif _renewed(there, made, last):  # by us, ahead of billing
            ContractTerm.objects.filter(pk=there.pk).exclude(mrr=last.mrr).update(mrr=last.mrr)
        else:
            there.delete()
    shrinking = sorted(kept.values(), key=lambda one: _end(one.ends_on) < _end(terms[one.starts_on].ends_on))
    for there in shrinking:
        _change(there, terms[there.starts_on], now)
    fresh = [term for day, term in terms.items() if day not in kept]
    rates = {term.starts_on: _rate(made.currency, term.starts_on) for term in fresh}
    ContractTerm.objects.bulk_create(
        ContractTerm(contract=made, rate=rates[term.starts_on], known_at=now, **asdict(term)) for term in fresh
    )


def _renewed(there: ContractTerm, made: Contract, last: Term) -> bool:
    """A term behind the last one that was said of, of a contract that goes on by itself."""
    goes_on = made.auto_renew and made.status == _PAID
    return goes_on and last.ends_on is not None and there.starts_on >= last.ends_on


def _change(there: ContractTerm, term: Term, now: datetime) -> None:
    if there.ends_on != term.ends_on:
        there.known_at = now
    if (there.ends_on, there.mrr, there.period_starts_on) == (term.ends_on, term.mrr, term.period_starts_on):
        return
    there.ends_on, there.mrr, there.period_starts_on = term.ends_on, term.mrr, term.period_starts_on
    there.save(update_fields=["ends_on", "mrr", "period_starts_on", "known_at"])


def _rate(currency: str, day: date) -> Decimal:
    rate = rate_on(currency, day)
    if rate is None:
        raise no_rate(currency, settings.CURRENCY)
    return rate


def _end(day: date | None) -> date:
    return day or date.max


def _as_json(wanted: Contracted) -> dict[str, Any]:
    terms = [{name: _text(value) for name, value in asdict(term).items()} for term in wanted.terms]
    return {name: _text(value) for name, value in asdict(wanted).items() if name != "terms"} | {"terms": terms}


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, date | Decimal) else value


# What the timeline hears ----------------------------------------------------------------------------------------------


def _price(row: Contract, now: datetime) -> Decimal | None:
    """Of its last term that has begun."""
    begun = row.terms.filter(starts_on__lte=clock.today(now)).order_by("-starts_on")
    found: Decimal | None = begun.values_list("mrr", flat=True).first()
    return found


def _tell(made: Contract, was: tuple[str, Decimal | None], facts: Sequence[Said], now: datetime) -> None:
    """That it ended, paused, went on or costs something else, as the latest fact has it."""
    latest = max(facts, key=lambda one: (one.at, one.rank, one.key))
    status, before = was
    after = _price(made, now)
    said = list(_said(made, status, before, after))
    record(
        [
            Fact(made.account_id, kind, text[:400], latest.at, payload={"contract": made.pk, "plan": made.plan, **more},
                 key=f"{kind}:{made.pk}:{latest.key}"[:200])
            for kind, text, more in said
        ],
        react=latest.at > now - NEWS, now=now,
    )  # fmt: skip


def _said(
    made: Contract, status: str, before: Decimal | None, after: Decimal | None
) -> list[tuple[str, str, dict[str, Any]]]:
    if made.status == _CANCELLED:
        if status == _CANCELLED or not made.cancelled_on:
            return []
        words = f"Contract {made} cancelled to {wording.day(made.cancelled_on)}"
        return [("contract.cancelled", words, {"effective_on": made.cancelled_on.isoformat()})]
    found: list[tuple[str, str, dict[str, Any]]] = []
    if made.status == _PAUSED and status == _PAID:
        found.append(("contract.paused", f"Contract {made} paused", {}))
    if made.status == _PAID and status == _PAUSED:
        found.append(("contract.resumed", f"Contract {made} resumed", {}))
    if before is not None and after is not None and before != after:
        money = f"{wording.money(before, made.currency)} → {wording.money(after, made.currency)} a month"
        payload = {"mrr_before": str(before), "mrr": str(after), "currency": made.currency}
        found.append(("contract.changed", f"{made}: {money}", payload))
    return found
