"""What RFM gives to others: the facts that the record has, filter fields, a column, a segment to begin with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import DateField, F, Func, IntegerField, Value
from django.utils.html import format_html

from crm import slots
from crm.ledger.models import RfmScore
from crm.ledger.rfm import rules, walking
from crm.slots import FilterField, ListColumn, OwnedRows, SegmentIdea, ValueFacts, filter_subjects
from crm.web import clock

# Renewals book further terms by themselves, so only the first day of a contract is something that a customer did.
# Trials, terms without a price and what is still expected are no purchase.
_CONTRACTS = f"""
    SELECT c.account_id, max(c.signed_on) AS last_on,
        sum(greatest(1, round(c.days / {rules.DAYS_A_MONTH})))::int AS times,
        sum(c.days * c.a_month / {rules.DAYS_A_MONTH}) AS spent
    FROM (
        SELECT contract.account_id, t.mrr * t.rate AS a_month,
            (SELECT min(e.starts_on) FROM crm_contractterm e WHERE e.contract_id = t.contract_id) AS signed_on,
            least(coalesce(t.ends_on, 'infinity'), %(today)s::date + 1) - greatest(t.starts_on, %(since)s::date) AS days
        FROM crm_contract contract JOIN crm_contractterm t ON t.contract_id = contract.id
        WHERE contract.account_id = ANY(%(ids)s) AND contract.status NOT IN ('trial', 'expected') AND t.mrr > 0
            AND t.starts_on <= %(today)s AND coalesce(t.ends_on, 'infinity') > %(since)s::date
    ) AS c
    GROUP BY c.account_id
"""  # noqa: S608  (a number of ours)

_OF_PURCHASE = "(p.purchased_at AT TIME ZONE %(zone)s)::date"
_PURCHASES = f"""
    SELECT p.account_id, max({_OF_PURCHASE}) AS last_on, count(DISTINCT p.id)::int AS times,
        coalesce(sum(i.amount * p.rate), 0) AS spent
    FROM crm_purchase p LEFT JOIN crm_purchaseitem i ON i.purchase_id = p.id
    WHERE p.account_id = ANY(%(ids)s) AND {_OF_PURCHASE} BETWEEN %(since)s AND %(today)s
    GROUP BY p.account_id
"""  # noqa: S608  (an expression of ours)

# Those of a contract are what its terms bring, and where there are purchases they are what was paid for them: each is
# counted once.
_OF_PAYMENT = "(p.paid_at AT TIME ZONE %(zone)s)::date"
_PAYMENTS = f"""
    SELECT p.account_id, max({_OF_PAYMENT}) AS last_on, count(*)::int AS times,
        sum((p.amount - p.refunded) * p.rate) AS spent
    FROM crm_payment p
    WHERE p.account_id = ANY(%(ids)s) AND p.contract_id IS NULL AND p.status IN ('paid', 'partly_refunded')
        AND {_OF_PAYMENT} BETWEEN %(since)s AND %(today)s
        AND NOT EXISTS (SELECT FROM crm_purchase b WHERE b.account_id = p.account_id)
    GROUP BY p.account_id
"""  # noqa: S608  (an expression of ours)

_VISITS = """
    SELECT account_id, (at AT TIME ZONE %(zone)s)::date AS last_on, 0 AS times, 0::numeric AS spent
    FROM crm_accountseen WHERE account_id = ANY(%(ids)s) AND at IS NOT NULL
"""

_CHOICES = tuple((code, label) for code, (label, _, _) in rules.CLASSES.items())


def _recency(argument: str | None, now: datetime) -> Any:
    """Days since they last did something; 0 is today."""
    return Func(
        Value(clock.today(now), DateField()), F("rfm__last_on"), arg_joiner=" - ", output_field=IntegerField(),
        template="(%(expressions)s)",
    )  # fmt: skip


def _badge(row: dict[str, Any]) -> str:
    label, tone, hint = rules.CLASSES.get(row["rfm__code"] or "", ("", "", ""))
    return format_html('<span class="badge {}" title="{}">{}</span>', tone, hint, label) if label else ""


def _forget(loser: int, keeper: int, now: datetime) -> None:
    """The next walk says what both are worth together, and each of them should they part again."""
    RfmScore.objects.filter(account_id__in=[loser]).delete()


def _come_back(done: None, loser: int, keeper: int) -> list[str]:
    return []


def register_rfm() -> None:
    """All of it. Until the first walk nobody has a class, and for whom nothing was bought nobody ever has."""
    slots.work.register("rfm", slots.Work(walking.RFM.run, walking.RFM.next_due, order=92))
    slots.value_facts.register("contracts", ValueFacts("Paid terms of contracts", _CONTRACTS, order=10))
    zone = {"zone": clock.zone().key}
    slots.value_facts.register("purchases", ValueFacts("Purchases", _PURCHASES, order=12, parameters=zone))
    slots.value_facts.register("payments", ValueFacts("Other payments", _PAYMENTS, order=14, parameters=zone))
    slots.value_facts.register(
        "visits", ValueFacts("Visits", _VISITS, order=20, parameters=zone)
    )  # fmt: skip
    fields = filter_subjects["account"].fields
    for name, label, kind, expression, more in (
        ("rfm", "RFM class", "choice", lambda argument, now: F("rfm__code"), {"choices": _CHOICES}),
        ("recency_days", "Days since the last activity", "number", _recency, {"unit": "days"}),
        ("frequency", "Purchases in two years", "number", lambda argument, now: F("rfm__times"), {}),
        ("monetary", "Spent in two years", "number", lambda argument, now: F("rfm__spent"), {"unit": "money"}),
        ("rfm_r", "Recency score", "number", lambda argument, now: F("rfm__r"), {}),
        ("rfm_f", "Frequency score", "number", lambda argument, now: F("rfm__f"), {}),
        ("rfm_m", "Monetary score", "number", lambda argument, now: F("rfm__m"), {}),
    ):  # fmt: skip
        fields.register(name, FilterField(label, kind, expression, group="Value (RFM)", order=80, **more))
    slots.list_columns.register(
        "account.rfm", ListColumn("RFM class", _badge, ("rfm__code",), shown=False, order=20)
    )  # fmt: skip
    slots.owned_rows.register(
        "rfm", OwnedRows("crm.RfmScore", "account", ("", ""), slots.Moving(_forget, _come_back), "keep")
    )
    slots.segment_ideas.register("best-customers", _BEST)


_BEST = SegmentIdea(
    "Best customers (RFM)",
    "Champions and loyal ones, by recency, frequency and money. Thank them, and ask them for references.",
    {"all": [
        {"field": "lifecycle", "op": "is", "value": "customer"},
        {"field": "rfm", "op": "in", "value": ["champions", "loyal"]},
    ]},
    order=20,
)  # fmt: skip
