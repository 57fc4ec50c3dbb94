"""What pages and the API say of customers' worth: rows with their reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from crm.accounts.models import Account
from crm.outbox import rendering
from crm.segments import filterbar
from retention.value import rules
from retention.value.models import AccountValue
from retention.workflows import recipes
from retention.workflows.batch import Batch
from retention.workflows.definition import walk
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.steps.messages import MessageStep

#: Of each list, so many stand on the page; the rest is in the list of customers.
SHOWN = 20


@dataclass(frozen=True)
class Line:
    """A customer with what speaks for their verdict."""

    value: AccountValue
    reasons: Sequence[str]


@dataclass(frozen=True)
class FactorLine:
    """One factor of the score, as it stands for one customer."""

    label: str
    holds: bool
    said: str


def facts_of(row: AccountValue, today: date) -> rules.Facts:
    """As the rules read them; of the account, what stands there now."""
    account = row.account
    since = (today - account.customer_since).days if account.customer_since else None
    renews = (account.renews_on - today).days if account.renews_on else None
    return rules.Facts(
        account.lifecycle, since, row.spend, row.cost, row.minutes, row.uses, row.uses_before, row.typical,
        account.goal_state, row.complaints, row.csat, renews, row.payments, row.late,
    )  # fmt: skip


def verdicts(viewer: Any, today: date) -> dict[str, Sequence[Line]]:
    """The first of each verdict: whom it costs most, and who spent most. Two queries."""
    rows = _visible(viewer).select_related("account__owner")
    found = {
        rules.GROW: rows.filter(verdict=rules.GROW).order_by("-spend", "account_id")[:SHOWN],
        rules.COSTS: rows.filter(verdict=rules.COSTS).order_by("margin", "account_id")[:SHOWN],
    }
    return {
        verdict: [Line(row, rules.reasons(facts_of(row, today), verdict, settings.CURRENCY)) for row in lines]
        for verdict, lines in found.items()
    }


def counts(viewer: Any) -> dict[str, int]:
    """How many of each verdict: by the indexes of both, in one query."""
    some = _visible(viewer).filter(verdict__in=[rules.GROW, rules.COSTS])
    return some.aggregate(**{verdict: Count("pk", filter=Q(verdict=verdict)) for verdict, _ in rules.VERDICTS})


def _visible(viewer: Any) -> QuerySet[AccountValue]:
    rows: Any = AccountValue.objects
    return rows.visible_to(viewer)  # type: ignore[no-any-return]


def factors(of: rules.Facts) -> Sequence[FactorLine]:
    """All seven, whether they hold or not."""
    return [FactorLine(one.label, one.holds(of), one.said(of)) for one in rules.FACTORS.values()]


def names_of(verdict: str) -> str:
    """The list of the customers behind the number."""
    asked = filterbar.write([{"field": "value.verdict", "op": "is", "value": verdict}])
    return f"{reverse('accounts:list')}?{urlencode({'view': 'all', 'f': asked})}"


#: The recipe by which customers get their report.
MONTHLY = "monthly-value"


def letter(account: Account, now: datetime) -> tuple[str, str, dict[str, Any]]:
    """Subject and text of the customer's report as the recipe would write it now, and the facts that it may name;
    nothing is planned by it."""
    kept = Workflow.objects.filter(slug=MONTHLY).first()
    plan = recipes.load(MONTHLY).with_settings(kept.settings if kept else {})
    step = next(step for step in walk(plan.steps) if isinstance(step, MessageStep))
    batch = Batch(MONTHLY, plan, [Enrollment(account=account, facts={}, entered_at=now)], now)
    facts = batch.facts(batch.enrollments[0])
    return *rendering.render(step.subject, step.body, facts), facts
