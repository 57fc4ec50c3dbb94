"""Who is behind a figure: a filter that finds exactly as many customers as the figure counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from crm.ledger.rules import add_months
from retention.metrics.fields import FIRST_ON, MRR_ON, ON
from retention.metrics.reading import Period


def _was(field: str, day: Any, value: bool = True) -> dict[str, Any]:
    return {"field": f"{field}:{day}", "op": "is", "value": value}


def _paid(day: Any) -> dict[str, Any]:
    return {"field": f"{MRR_ON}:{day}", "op": ">", "value": 0}


def of_cell(first: date, month: date) -> list[dict[str, Any]]:
    """Who joined in the month of `first` and was a customer on `month`, the last day of one."""
    before, after = first - timedelta(days=1), add_months(first, 1)
    return [
        {"field": FIRST_ON, "op": "after", "value": str(before)},
        {"field": FIRST_ON, "op": "before", "value": str(after)},
        _was(ON, month),
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
    }[figure]
