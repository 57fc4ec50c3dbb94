"""What the demo's customers paid and bought, why some left, and what kept others: so that worth has something to count.

Contracts that another part of the story has paid for already are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from random import Random
from typing import Any

from django.db import connection
from django.db.models import Case, Max, Min, Value, When
from django.db.models.functions import Coalesce

from crm.accounts.models import Account
from crm.leaving.actions import set_offers
from crm.leaving.models import LeavingAnswer
from crm.leaving.rules import DISCOUNT, END, PAUSE, SMALLER, TALK, Offer
from crm.ledger.actions import project
from crm.ledger.actions.leaving import Asked, cancel, end_of_period
from crm.ledger.models import Cancellation, CancelReason, Contract, Purchase, PurchaseItem
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.todos import actions as todos
from crm.todos.models import Task
from crm.web import clock
from retention.value.actions import set_prices
from retention.value.walking import VALUE

# A payment for each month that has begun, two days after it was due or, of one contract in eleven, two weeks.
_PAID = """
    INSERT INTO crm_payment (account_id, contract_id, due_at, paid_at, amount, currency, rate, status, attempts,
        failure_reason, refunded, created_at, updated_at)
    SELECT c.account_id, c.id, month,
        month + CASE WHEN c.id %% 11 = 0 THEN interval '14 days' ELSE interval '2 days' END,
        t.mrr, c.currency, t.rate, 'paid', 1, '', 0, month, month
    FROM crm_contract c JOIN crm_contractterm t ON t.contract_id = c.id, LATERAL generate_series(
        t.starts_on::timestamptz, least(t.ends_on - 1, c.cancelled_on - 1, %(today)s::date - 15)::timestamptz,
        interval '1 month') AS month
    WHERE c.status IN ('paid', 'paused', 'cancelled') AND t.mrr > 0
        AND NOT EXISTS (SELECT FROM crm_payment p WHERE p.contract_id = c.id)
"""

#: What is bought beside contracts: those of a group go together.
_PRODUCTS = (
    ("Onboarding day", "Training for admins", "Template pack"),
    ("Extra storage", "Long-term archive"),
    ("Data migration", "Onboarding day"),
)
_PRICES = {
    "Onboarding day": 900, "Training for admins": 640, "Template pack": 120, "Extra storage": 180,
    "Long-term archive": 260, "Data migration": 1500,
}  # fmt: skip

#: By the place of the reason, said in turn.
_WORDS = (
    ("We pay for more than we use.", "The budget was cut by a third.", "The new price is more than we can carry."),
    ("The export to our accounts is missing.", "We need it in Polish, and it is not.", "Our auditors ask for a log.",
     "Shifts cannot be planned in it.", "It does not talk to our warehouse.", "We had hoped for an app.",
     "Nobody else may see only their own branch."),
    ("Nobody opened it since spring.", "Only one of us ever used it.", "The project that it was for is over."),
    ("Head office decided for another one.", "Our parent company has its own.", "Our tax adviser brings one along.",
     "We now buy everything from one house."),
    ("Three answers in a row came too late.",), ("We close the branch in the north.", "We have been taken over."),
    ("Hard to say, it was fine.",),
)  # fmt: skip


def tell(ours: dict[str, int], now: datetime) -> None:
    """All of it but what everybody is worth by it."""
    rng, today, ada = Random("worth"), clock.today(now), User.objects.get(pk=ours["ada"])
    with connection.cursor() as cursor:
        cursor.execute(_PAID, {"today": today})
    _buy(rng, now)
    reasons = list(CancelReason.objects.filter(archived_at=None).order_by("order"))
    if len(reasons) >= len(_WORDS):
        _offer(reasons, ada, now)
        _leave(rng, _Said(reasons), ada, now)
    set_prices({"cost_per_hour": Decimal(85)}, ada, now)
    project(Account.objects.filter(payments__isnull=False).values_list("pk", flat=True).distinct(), now)


def count(now: datetime) -> None:
    """What everybody is worth, when all of the work that they make is known too."""
    while VALUE.run(now):
        pass


def _buy(rng: Random, now: datetime) -> None:
    """Every second customer bought something beside their contract."""
    buyers = list(Account.objects.filter(lifecycle="customer").order_by("pk").values_list("pk", flat=True))
    chosen = [pk for pk in buyers if rng.random() < 0.5]
    bought = [(pk, group) for pk in chosen for group in rng.sample(_PRODUCTS, rng.choice((1, 1, 2)))]
    made = Purchase.objects.bulk_create(
        Purchase(account_id=pk, purchased_at=now - timedelta(days=rng.randint(3, 500)), currency="EUR")
        for pk, _ in bought
    )
    PurchaseItem.objects.bulk_create(
        PurchaseItem(purchase=one, place=place, product=product, amount=_PRICES[product])
        for one, (_, group) in zip(made, bought, strict=True)
        for place, product in enumerate(rng.sample(group, rng.choice((1, len(group), len(group)))), 1)
    )


def _offer(reasons: Sequence[CancelReason], by: User, now: datetime) -> None:
    policy = {"afterwards": "We keep your data for 90 days; until then you can have it as a file."}
    offers = {
        reasons[0].pk: Offer(DISCOUNT, 20, 3), reasons[1].pk: Offer(TALK, words="Tell us what is missing."),
        reasons[2].pk: Offer(PAUSE, words="It waits for you, with all that is in it."),
        reasons[3].pk: None, reasons[4].pk: Offer(TALK), reasons[5].pk: None, reasons[6].pk: Offer(SMALLER),
    }  # fmt: skip
    set_offers(policy, offers, by, now)


#: 0 where a term has no end.
_IS_CLOSED = Case(When(terms__ends_on=None, then=Value(0)), default=Value(1))


class _Said:
    """Reasons, each with other words every time as far as there are some."""

    def __init__(self, reasons: Sequence[CancelReason]) -> None:
        self.reasons, self.words = reasons, [cycle(lines) for lines in _WORDS]

    def asked(self, place: int, **more: Any) -> Asked:
        return Asked(self.reasons[place], next(self.words[place]), **more)


def _leave(rng: Random, said: _Said, by: User, now: datetime) -> None:
    """Whoever has gone gave a reason, and some who stayed had wanted to go."""
    today = clock.today(now)
    known = Contract.objects.filter(cancellations=None, status__in=["paid", "cancelled"]).order_by("pk")
    ends = known.annotate(over=Coalesce("cancelled_on", Max("terms__ends_on")), closed=Min(_IS_CLOSED))
    gone = ends.filter(over__lte=today).exclude(status="paid", closed=0)
    stay = Contract.objects.filter(status="paid", account__lifecycle="customer").exclude(pk__in=gone)
    rows = [*_gone(rng, said, gone), *_kept(rng, said, stay.order_by("pk")[::7], today)]
    Cancellation.objects.bulk_create(row for row, _ in rows)
    _notices(rng, said, by, now)
    LeavingAnswer.objects.bulk_create(
        LeavingAnswer(
            account_id=row.account_id, contract_id=row.contract_id, reason=row.reason, offered=offered,
            took=row.saved_by or END, asked_on=row.asked_on, effective_on=row.effective_on, created_at=now,
        )
        for row, offered in rows if offered
    )  # fmt: skip


def _gone(rng: Random, said: _Said, contracts: Any) -> Iterator[tuple[Cancellation, str]]:
    offered = (DISCOUNT, TALK, PAUSE, "", TALK, "", SMALLER)
    for contract in contracts:
        place = rng.choices(range(7), (5, 9, 4, 2, 1, 1, 1))[0]
        row = _row(contract, said.asked(place), contract.over - timedelta(days=rng.randint(12, 40)))
        row.effective_on = contract.over
        yield row, offered[place] if rng.random() < 0.6 else ""


def _kept(rng: Random, said: _Said, contracts: Any, today: date) -> Iterator[tuple[Cancellation, str]]:
    for contract in contracts:
        place, kind = rng.choice(((0, DISCOUNT), (2, PAUSE)))
        row = _row(contract, said.asked(place), today - timedelta(days=rng.randint(5, 300)))
        row.saved_by = kind
        yield row, kind if rng.random() < 0.7 else ""


def _notices(rng: Random, said: _Said, by: User, now: datetime) -> None:
    """Some gave notice in the last weeks, and are customers until their term ends; billing was told of it."""
    far = clock.today(now) + timedelta(days=100)
    running = Contract.objects.filter(status="paid", account__renews_on__gt=far).order_by("pk")
    for contract in running[3::14]:
        then = now - timedelta(days=rng.randint(2, 85))
        place = rng.choices(range(4), (2, 3, 1, 1))[0]
        if on := end_of_period(contract, clock.today(then)):
            cancel(contract, said.asked(place, themselves=True), on, None, then)
    for task in Task.objects.open().filter(origin="billing-wish", due_at__lt=now - timedelta(days=3)):
        todos.complete(task, by, task.due_at - timedelta(minutes=50))


def hard_work(ours: dict[str, int], now: datetime) -> None:
    """Those who paid least were called most: nobody had counted it."""
    rng, settled = Random("hard work"), clock.today(now) - timedelta(days=120)
    rows = Account.objects.filter(lifecycle="customer", customer_since__lt=settled, mrr__gt=0).order_by("mrr", "pk")
    calls = [
        Fact(account.pk, "call.logged", f"Call · {minutes} min", now - timedelta(days=rng.randint(5, 200)),
             source="person", actor_id=account.owner_id or ours["mira"], payload={"minutes": minutes})
        for account in rows[:4]
        for minutes in rng.choices((45, 60, 75, 90), k=2 + int(account.mrr // 12))
    ]  # fmt: skip
    record(calls, react=False, now=now)


def _row(contract: Contract, asked: Asked, asked_on: date) -> Cancellation:
    return Cancellation(
        account_id=contract.account_id, contract=contract, reason=asked.reason, note=asked.note, asked_on=asked_on
    )  # fmt: skip
