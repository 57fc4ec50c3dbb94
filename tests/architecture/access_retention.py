"""Who may read what retention counts: everybody, of the customers that they see; reviews only who sees all of them."""

from __future__ import annotations

from typing import Any

from retention.reports.models import MonthlyReview
from tests.architecture.access_kinds import MANAGERS, Row
from tests.conftest import NOON


def report(world: Any) -> None:
    """A review of May, in which nothing was counted."""
    figures = {
        "customers_start": 0, "customers_end": 0, "customers_new": 0, "customers_lost": 0, "crr": None,
        "mrr_start": "0", "mrr_end": "0", "nrr": None, "grr": None,
    }  # fmt: skip
    facts = {
        "figures": figures, "before": figures, "reasons": [], "categories": [], "saved": 0, "reinstated": 0,
        "renewing": 1, "renewing_mrr": "9", "renewals": [[world.account.pk, "9"]], "leavers": [],
    }  # fmt: skip
    MonthlyReview.objects.create(month=NOON.date().replace(month=5), facts=facts, made_at=NOON)


ROWS: dict[str, Row] = {
    "cohorts:map": Row(),
    "cohorts:file": Row(readers=MANAGERS),
    "cohorts:joined": Row(at=lambda world: {"first": "2026-01"}),
    "cohorts:cell": Row(at=lambda world: {"first": "2026-01", "month": "2026-03"}),
    "apart:of": Row(at=lambda world: {"by": "plan"}),
    "known:page": Row(),
    "reports:list": Row(),
    "reports:review": Row(at=lambda world: {"month": "2026-05"}, foreign=True),
    "reports:names": Row(at=lambda world: {"month": "2026-05", "what": "renewing"}, foreign=True),
    "reports:reading": Row("POST"),
    "api-cohort-list": Row(),
}
