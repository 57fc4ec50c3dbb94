"""By what customers are told apart: in SQL for all of them at once, and as conditions that find those of one group.

Both fold text alike, so that “Shipping” and “shipping” are one group. Who has several plans belongs to the one that
brings most, of equals to the first in the alphabet; and to that of the period's first day, or of its last for who was
no customer on the first. Where a customer came from is the source of the first deal that was won with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery, Sum

from crm.accounts.rules import country_choices
from crm.ledger.actions.effective import EFFECTIVE
from crm.ledger.models import Contract, ContractTerm
from crm.pipelines.models import Deal, Outcome
from crm.segments.filters import Folded
from crm.slots import FilterField, filter_subjects
from retention.metrics.fields import ON
from retention.metrics.reading import Period

PLAN_ON, SOURCE = "customer.plan_on", "customer.source"

FOLDED = 'lower(({}) COLLATE "pg_c_utf8")'
_COLUMN = "SELECT id AS account_id, {column} AS text, {column} AS label FROM crm_account"
_OWNER = """
    SELECT a.id AS account_id, u.email AS text, coalesce(nullif(u.name, ''), u.email) AS label
    FROM crm_account a JOIN crm_user u ON u.id = a.owner_id
"""
_SOURCE = """
    SELECT DISTINCT ON (account_id) account_id, source AS text, source AS label
    FROM crm_deal WHERE outcome = 'won' ORDER BY account_id, closed_at, id
"""
# One for each of both days: whoever was a customer on the first belongs to the plan of that day.
_PLAN = """
    SELECT DISTINCT ON (account_id, place) account_id, place, text, label FROM (
        SELECT e.account_id, place, {folded} AS text, min(c.plan) AS label, sum(e.mrr) AS mrr
        FROM ({effective}) AS e JOIN crm_contract c ON c.id = e.contract_id
        JOIN (VALUES (true, %s::date), (false, %s::date)) AS asked (place, day)
            ON e.starts_on <= day AND (e.ends_on IS NULL OR e.ends_on > day)
        WHERE e.counts GROUP BY 1, 2, 3
    ) AS plan ORDER BY account_id, place, mrr DESC, text
"""


@dataclass(frozen=True)
class Dimension:
    """`sql` has account_id, text (to be folded), label, and for two days (`by_day`) place: whether it is of the first.

    `field` is asked by filters; for two days it takes the day.
    """

    label: str
    nobody: str  # what those are called who have no value
    field: str
    sql: str
    by_day: bool = False
    named: Callable[[str], str] = str

    def conditions(self, key: str, period: Period) -> list[dict[str, Any]]:
        """Who belongs to a group; blank: to none."""
        if not self.by_day:
            return [_leaf(self.field, key)]
        first = _leaf(f"{self.field}:{period.start}", key)
        last = _leaf(f"{self.field}:{period.end}", key)
        was, was_none = (
            {"field": f"{ON}:{period.start}", "op": "is", "value": value} for value in (True, False)
        )  # fmt: skip
        return [{"any": [{"all": [was, first]}, {"all": [was_none, last]}]}]


def _leaf(field: str, key: str) -> dict[str, Any]:
    return {"field": field, "op": "is", "value": key} if key else {"field": field, "op": "is_not_set"}


def _country(code: str) -> str:
    return dict(country_choices()).get(code.upper(), code)


def _of_column(column: str) -> str:
    return _COLUMN.format(column=column)


#: By their names in addresses.
DIMENSIONS: Mapping[str, Dimension] = {
    "plan": Dimension(
        "Plan", "No plan", PLAN_ON, by_day=True,
        sql=_PLAN.format(folded=FOLDED.format("c.plan"), effective=EFFECTIVE.format(only="TRUE")),
    ),
    "industry": Dimension("Industry", "No industry", "industry", _of_column("industry")),
    "owner": Dimension("Owner", "Nobody", "owner", _OWNER),
    "source": Dimension("Source", "No source known", SOURCE, _SOURCE),
    "country": Dimension("Country", "No country", "country", _of_column("country"), named=_country),
    "tier": Dimension("Tier", "No tier", "tier", _of_column("tier")),
}  # fmt: skip


def _plan_on(day: str | None, now: Any) -> Any:
    """Null for who had none that counts."""
    on = date.fromisoformat(day or "")
    terms = ContractTerm.objects.filter(contract__account=OuterRef("pk")).covering(on)
    terms = terms.exclude(contract__status__in=(Contract.Status.TRIAL, Contract.Status.EXPECTED)).filter(
        Q(contract__paid_from=None) | Q(contract__paid_from__lte=on),
        Q(contract__cancelled_on=None) | Q(contract__cancelled_on__gt=on),
    )
    plans = terms.order_by().annotate(plan=Folded(F("contract__plan"))).values("plan")
    plans = plans.annotate(brings=Sum(F("mrr") * F("rate"))).order_by("-brings", "plan")
    return Subquery(plans.values("plan")[:1])


def _source(argument: str | None, now: Any) -> Any:
    won = Deal.objects.filter(account=OuterRef("pk"), outcome=Outcome.WON).order_by("closed_at", "pk")
    return Subquery(won.values("source")[:1])


def register_dimensions() -> None:
    fields = filter_subjects["account"].fields
    fields.register(PLAN_ON, FilterField("Plan on {}", "text", _plan_on, takes_argument=True, argument="day", order=63))
    fields.register(SOURCE, FilterField("Source of the first deal won", "text", _source, order=64))
