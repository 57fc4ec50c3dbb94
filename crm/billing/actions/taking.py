"""A fact is kept, and the ledger is given what all facts of its customer add up to, in one transaction.

The customer's row is locked first, so that facts of one customer follow one another, whoever brings them; then the
contracts and payments that are written, each in the order of their ids, and their account last, by `project`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from crm.billing.actions import applying, matching
from crm.billing.actions.waiting import Waits
from crm.billing.models import BillingCustomer, BillingFact, BillingObject
from crm.billing.rules.facts import Said
from crm.billing.told import Told
from crm.ledger.actions import project
from crm.ledger.models import Contract, Payment
from crm.web.locks import take_turns

Kind = BillingObject.Kind
_NAMED = (Kind.PAYMENT, Kind.REFUND)
#: In this order: a payment wants its contract, a refund its payment.
_ORDER = [Kind.CONTRACT, Kind.PAYMENT, Kind.REFUND, Kind.METHOD, Kind.CUSTOMER]
#: Objects of one customer that are written in one transaction; the rest follow with the next fact, or a look.
_MOST = 500


@transaction.atomic
def take_all(told: Sequence[Told], now: datetime) -> list[str]:
    """Several facts in one transaction: as `take`, all or none. What they name is locked first and in one order,
    whatever theirs is, so that two payloads about the same never wait for each other."""
    for name in sorted({f"{one.source} {name}" for one in told if one.kind in _NAMED for name in (one.id, *one.names)}):
        take_turns(f"billing {name}")
    named = sorted({(one.source, one.whose.id) for one in told if one.whose})
    fresh = [BillingCustomer(source=source, external_id=id_) for source, id_ in named]
    BillingCustomer.objects.bulk_create(fresh, ignore_conflicts=True)
    sources, ids = {one.source for one in told}, {one.id for one in told}
    known = Q(pk__in=BillingObject.objects.filter(source__in=sources, external_id__in=ids).values("customer"))
    for source, id_ in named:
        known |= Q(source=source, external_id=id_)
    customers = BillingCustomer.objects.select_for_update(of=("self",), no_key=True).filter(known).order_by("pk")
    list(customers.values_list("pk", flat=True))
    return [take(one, now) for one in told]


@transaction.atomic
def take(told: Told, now: datetime) -> str:
    """Keep a fact and let the ledger follow. Returns what became of it, in words. Raises NoRate, with nothing kept."""
    if told.kind in _NAMED:  # whoever names the same payment waits here, so that neither misses the other
        for name in sorted({told.id, *told.names}):
            take_turns(f"billing {told.source} {name}")
    customer = _customer(told)
    about = _about(told, customer)
    if not _keep(told, about):
        return "known already"
    if told.kind == Kind.PAYMENT:
        _call_refunds(about)
    if customer is None:
        return "waits for what it belongs to"
    settle(customer, now)
    about.refresh_from_db(fields=["stale", "waits"])
    if customer.account_id is None:
        return "waits until somebody says who the customer is"
    return f"waits: {about.waits}" if about.stale else "in the ledger"


def _customer(told: Told) -> BillingCustomer | None:
    """Locked. Of a fact that names none, the one of its object, or of the payment that it names."""
    if told.whose:
        return matching.known(told.source, told.whose)
    same = BillingObject.objects.filter(source=told.source, kind=told.kind, external_id=told.id)
    owner = same.values_list("customer", flat=True).first()
    if owner is None and told.kind == Kind.REFUND:
        owner = _named(told.source, told.names).values_list("customer", flat=True).first()
    if owner is None:
        return None
    return BillingCustomer.objects.select_for_update(of=("self",), no_key=True).get(pk=owner)


def _named(source: str, names: Iterable[str]):  # type: ignore[no-untyped-def]
    """The payments that are known by one of these names; their own id is one."""
    return BillingObject.objects.filter(source=source, kind=Kind.PAYMENT, names__overlap=list(names))


def _about(told: Told, customer: BillingCustomer | None) -> BillingObject:
    names = {told.id, *told.names} if told.kind in _NAMED else set()
    fresh = BillingObject(
        source=told.source, kind=told.kind, external_id=told.id, customer=customer, names=sorted(names), told_at=told.at
    )
    BillingObject.objects.bulk_create([fresh], ignore_conflicts=True)
    row = BillingObject.objects.select_for_update(of=("self",), no_key=True).get(
        source=told.source, kind=told.kind, external_id=told.id
    )
    row.names, row.told_at = sorted(names | set(row.names)), max(row.told_at, told.at)
    row.customer = row.customer or customer
    row.save(update_fields=["names", "told_at", "customer"])
    return row


def _keep(told: Told, about: BillingObject) -> bool:
    """Whether it is new; then its object is stale."""
    if about.facts.filter(key=told.key).exists():  # its object is locked
        return False
    BillingFact.objects.create(about=about, key=told.key, at=told.at, rank=told.rank, said=dict(told.said))
    about.stale = True
    about.save(update_fields=["stale"])
    return True


def _call_refunds(payment: BillingObject) -> None:
    """What went back of it and had nobody to belong to does now."""
    refunds = BillingObject.objects.filter(source=payment.source, kind=Kind.REFUND, names__overlap=payment.names)
    refunds.update(customer=payment.customer, stale=True)


def settle(customer: BillingCustomer, now: datetime) -> None:
    """Give the ledger what it does not know yet of a customer, who is locked and known here. Raises NoRate."""
    if customer.account_id is None:
        return
    found = BillingObject.objects.select_related("customer").filter(customer=customer, stale=True)
    rows = sorted(found.order_by("pk")[:_MOST], key=lambda row: (_ORDER.index(Kind(row.kind)), row.pk))
    if not rows:
        return
    _lock(customer.account_id, rows)
    for row in rows:
        facts = [Said(one.at, one.rank, one.key, one.said) for one in row.facts.all()]
        try:
            with transaction.atomic():
                row.state = applying.apply(row, facts, customer.account_id, now)
        except Waits as reason:
            row.waits = str(reason)[:300]
        else:
            row.stale, row.waits = False, ""
        row.save(update_fields=["state", "stale", "waits"])
    project([customer.account_id], now)


def _lock(account_id: int, rows: list[BillingObject]) -> None:
    """Contracts, then payments: as people's verbs have them, and before the account."""
    list(Contract.objects.select_for_update(of=("self",), no_key=True).filter(account=account_id).order_by("pk")
         .values_list("pk", flat=True))  # fmt: skip
    named = {name for row in rows if row.kind in _NAMED for name in row.names}
    list(Payment.objects.select_for_update(of=("self",), no_key=True).filter(external_id__in=named).order_by("pk")
         .values_list("pk", flat=True))  # fmt: skip
