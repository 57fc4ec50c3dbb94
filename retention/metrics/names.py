"""Who is behind a figure: a filter that finds exactly as many customers as the figure counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from crm.ledger.rules import add_months
from crm.segments.filters import Filter, parse
from retention.metrics.fields import BOUGHT, FIRST_BOUGHT, FIRST_ON, MRR_ON, ON, moved
from retention.metrics.reading import Period


def _was(field: str, day: Any, value: bool = True) -> dict[str, Any]:
    return {"field": f"{field}:{day}", "op": "is", "value": value}


def _paid(day: Any) -> dict[str, Any]:
    return {"field": f"{MRR_ON}:{day}", "op": ">", "value": 0}


def of_cohort(first: date) -> list[dict[str, Any]]:
    """Who joined in the month of `first`, its first day."""
    before, after = first - timedelta(days=1), add_months(first, 1)
    return [
        {"field": FIRST_ON, "op": "after", "value": str(before)},
        {"field": FIRST_ON, "op": "before", "value": str(after)},
    ]


def of_cell(first: date, month: date) -> list[dict[str, Any]]:
    """Who joined in the month of `first` and was a customer on `month`, the last day of one."""
    return [*of_cohort(first), _was(ON, month)]


def of_leavers(first: date, months: int, period: Period) -> list[dict[str, Any]]:
    """Who joined in these months, was a customer at the start of the period and is none at its end."""
    before, after = first - timedelta(days=1), add_months(first, months)
    return [
        {"field": FIRST_ON, "op": "after", "value": str(before)},
        {"field": FIRST_ON, "op": "before", "value": str(after)},
        *behind("customers_lost", period),
    ]


def of_moves(kind: str, period: Period) -> list[dict[str, Any]]:
    """Who had MRR of this kind come or go."""
    return [{"field": f"{moved(kind)}:{period.start}..{period.end}", "op": "is", "value": True}]


def of_buyers(day: date, times: int = 1, product: str = "") -> list[dict[str, Any]]:
    """Who had bought so often by the end of a day, first of all this product."""
    bought = {"field": f"{BOUGHT}:{day}", "op": ">=", "value": times}
    return [bought, {"field": FIRST_BOUGHT, "op": "is", "value": product}] if product else [bought]


def of_month(first: date) -> list[dict[str, Any]]:
    """Who was a customer at the end of the month before and still at the end of this one."""
    return [_was(ON, first - timedelta(days=1)), _was(ON, add_months(first, 1) - timedelta(days=1))]


def filtered(conditions: list[dict[str, Any]]) -> Filter:
    return parse({"all": conditions}, "account")


def of_renewals(days: int) -> list[dict[str, Any]]:
    """Whose term ends in the days to come."""
    return [
        {"field": "lifecycle", "op": "is", "value": "customer"},
        {"field": "renews_on", "op": "in_next_days", "value": days},
    ]


def behind(figure: str, period: Period) -> list[dict[str, Any]]:
    """The conditions, all of which hold for them. Raises KeyError for a figure that counts no customers."""
    start, end = period.start, period.end
    return {
        "customers_start": [_was(ON, start)],
        "customers_end": [_was(ON, end)],
        "customers_new": [_was(ON, start, False), _was(ON, end)],
        "customers_lost": [_was(ON, start), _was(ON, end, False)],
        "customers_kept": [_was(ON, start), _was(ON, end)],
        "mrr_start": [_paid(start)],
        "mrr_end": [_paid(end)],
        "buyers": of_buyers(end),
        "repeat_buyers": of_buyers(end, 2),
    }[figure]
