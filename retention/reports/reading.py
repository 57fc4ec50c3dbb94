"""The facts of a month: figures of retention.metrics, and by one statement of ours what stands beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from crm.ledger.actions.effective import EFFECTIVE
from crm.ledger.rules import SHORT_TERM, add_months, cents
from crm.team.models import User
from crm.tickets.insight import figures as desk
from crm.tickets.insight.stretch import Stretch
from crm.tickets.models import TicketCategory
from retention.metrics.figures import of_period
from retention.metrics.reading import Period
from retention.reports.rules import MOST_NAMES, Category, Facts, Reason

_RENEWING = EFFECTIVE.format(
    only=f"""
    c.status = 'paid' AND NOT (
        c.auto_renew AND t.ends_on - coalesce(t.period_starts_on, t.starts_on) < {SHORT_TERM.days})
"""
)
# Each row: what, id, name, count, amount. A cancellation counts in the month from which the contract is over; what was
# withdrawn does not. A renewal is a term that ends and none of its contract follows yet; contracts that renew by
# themselves every month or so have none.
_BESIDE = f"""
    SELECT 'reason', r.id, r.name, count(*), 0::numeric
    FROM crm_cancellation c JOIN crm_cancelreason r ON r.id = c.reason_id
    WHERE c.effective_on >= %(first)s AND c.effective_on < %(next)s AND c.withdrawn_on IS NULL
    GROUP BY r.id, r.name
    UNION ALL SELECT 'saved', 0, '', count(*), 0 FROM crm_cancellation
    WHERE saved_by IS NOT NULL AND asked_on >= %(first)s AND asked_on < %(next)s
    UNION ALL SELECT 'reinstated', 0, '', count(*), 0 FROM crm_cancellation
    WHERE withdrawn_on >= %(first)s AND withdrawn_on < %(next)s
    UNION ALL (SELECT 'renewal', account_id, '', count(*) OVER (), mrr FROM (
        SELECT e.account_id, sum(e.mrr) AS mrr FROM ({_RENEWING}) AS e
        WHERE e.ends_on >= %(next)s AND e.ends_on < %(after)s AND NOT EXISTS (
            SELECT FROM crm_contractterm l WHERE l.contract_id = e.contract_id AND l.starts_on >= e.ends_on)
        GROUP BY e.account_id, e.contract_id) AS ending ORDER BY mrr DESC, account_id LIMIT %(most)s)
    UNION ALL SELECT 'renewing', 0, '', count(*), coalesce(sum(e.mrr), 0)
    FROM ({_RENEWING}) AS e
    WHERE e.ends_on >= %(next)s AND e.ends_on < %(after)s AND NOT EXISTS (
        SELECT FROM crm_contractterm l WHERE l.contract_id = e.contract_id AND l.starts_on >= e.ends_on)
    UNION ALL (SELECT 'leaver', s.account_id, '', 1, s.mrr FROM crm_customerspan s
        WHERE s.starts_on <= %(before)s AND (s.ends_on IS NULL OR s.ends_on > %(before)s) AND NOT EXISTS (
            SELECT FROM crm_customerspan n WHERE n.account_id = s.account_id
                AND n.starts_on <= %(last)s AND (n.ends_on IS NULL OR n.ends_on > %(last)s))
        ORDER BY s.mrr DESC, s.account_id LIMIT %(most)s)
"""  # noqa: S608  (constants of ours)


def period_of(month: date) -> Period:
    """From the last day of the month before to its own."""
    return Period(month - timedelta(days=1), add_months(month, 1) - timedelta(days=1))


def facts(month: date, now: datetime) -> Facts:
    """What is known of a month now, of all customers."""
    beside = _beside(month)
    reasons = [Reason(pk, name, count) for pk, name, count, _ in beside["reason"]]
    (_, _, saved, _), (_, _, reinstated, _) = beside["saved"][0], beside["reinstated"][0]
    (_, _, renewing, renewing_mrr) = beside["renewing"][0]
    return Facts(
        month, of_period(period_of(month), now).told(), of_period(period_of(add_months(month, -1)), now).told(),
        sorted(reasons, key=lambda reason: (-reason.count, reason.name)), _categories(month), saved, reinstated,
        renewing, cents(renewing_mrr), [(pk, str(cents(mrr))) for pk, _, _, mrr in beside["renewal"]],
        [(pk, str(mrr)) for pk, _, _, mrr in beside["leaver"]],
    )  # fmt: skip


def _beside(month: date) -> Mapping[str, list[tuple[int, str, int, Decimal]]]:
    period, following = period_of(month), add_months(month, 1)
    values: dict[str, Any] = {
        "first": month, "next": following, "after": add_months(month, 2), "before": period.start, "last": period.end,
        "most": MOST_NAMES,
    }  # fmt: skip
    found = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_BESIDE, values)
        for what, *row in cursor.fetchall():
            found[what].append(tuple(row))
    return found


def _categories(month: date) -> list[Category]:
    """Those of which anything is known, the most asked about first."""
    stretch = Stretch(month, add_months(month, 1) - timedelta(days=1), "category")
    counted = desk.counted(User(role=User.Role.ADMIN), stretch)  # a review counts what everybody sees together
    names = {str(row.pk): row.name for row in TicketCategory.objects.all()}
    keys = {key for _, total, key in counted if not total}

    def category(key: str | None) -> Category:
        (opened, _), (again, _), (answers, good) = (
            counted.get((what, False, key), (0, 0)) for what in ("opened", "again", "rated")
        )
        return Category(int(key or 0), names.get(key or "", "Nothing in particular"), opened, again, answers, good)

    return sorted(map(category, keys), key=lambda one: (-one.opened, one.id))


def kept(facts: Facts) -> dict[str, Any]:
    """For the row of a review: plain values."""
    return {
        "figures": dict(facts.figures), "before": dict(facts.before),
        "reasons": [[one.id, one.name, one.count] for one in facts.reasons],
        "categories": [
            [one.id, one.name, one.opened, one.reopened, one.answers, one.good] for one in facts.categories
        ],
        "saved": facts.saved, "reinstated": facts.reinstated, "renewing": facts.renewing,
        "renewing_mrr": str(facts.renewing_mrr), "renewals": [list(one) for one in facts.renewals],
        "leavers": [list(one) for one in facts.leavers],
    }  # fmt: skip


def read(month: date, values: Mapping[str, Any]) -> Facts:
    """What `kept` has written."""
    return Facts(
        month, values["figures"], values["before"], [Reason(*one) for one in values["reasons"]],
        [Category(*one) for one in values["categories"]], values["saved"], values["reinstated"], values["renewing"],
        Decimal(values["renewing_mrr"]), [tuple(one) for one in values["renewals"]],
        [tuple(one) for one in values["leavers"]],
    )  # fmt: skip
