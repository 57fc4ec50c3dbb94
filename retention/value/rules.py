"""Who should be grown, who costs more than they bring, and who is ready for more. Without a database.

**Lifetime spend** is the ledger's (`crm.ledger.actions.projection`): payments received less what went back, and
purchases; where there are purchases, payments without a contract are what was paid for them and count once. In the
reporting currency at booked rates.

**Cost to serve** is time: each reply to a ticket, each call, meeting and interview, at a cost per hour. Discounts are
no cost of their own: what somebody did not pay is not in what they paid.

**Margin** is the one less the other.

**Ready for more**: a customer without an open complaint, and who has not given notice, of whom at least READY_FROM of
the seven FACTORS hold. What nobody knows does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crm.web import wording

#: Uses of the last 30 days are compared with the plan's median, and with the 30 days before.
USAGE_DAYS = 30
TYPICAL_PERCENT, GROWTH_PERCENT = 80, 120
#: Fewer customers of a plan are compared with everybody.
LEAST_PEERS = 5
#: Answers and payments of so many days count.
LATELY_DAYS = 180
CSAT_FROM = 80
RENEWAL_DAYS = 90
#: A payment is on time until so many days after it was due.
GRACE_DAYS = 7
READY_FROM = 5
#: Whoever became a customer less long ago has cost more than they could bring yet.
TOO_EARLY_DAYS = 90

GROW, COSTS = "grow", "costs"
VERDICTS = ((GROW, "Should be grown"), (COSTS, "Costs more than they bring"))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a customer; None is unknown."""

    lifecycle: str
    customer_days: int | None
    spend: Decimal
    cost: Decimal
    minutes: int
    uses: int
    uses_before: int
    typical: int | None  # uses of the median customer of their plan
    goal_state: str
    complaints: int  # open tickets with a bad mood, or whose limit has passed
    csat: int | None  # per cent of answers that are good
    days_to_renewal: int | None
    payments: int  # that were due
    late: int  # of them, not paid in time
    leaving: bool = False  # they have given notice

    @property
    def margin(self) -> Decimal:
        return self.spend - self.cost


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that speaks for more: `said` gives its value in words whether it holds or not, `why` once it does."""

    label: str
    holds: Callable[[Facts], bool]
    said: Callable[[Facts], str]
    why: Callable[[Facts], str]


def _near_typical(of: Facts) -> bool:
    return of.typical is not None and of.uses > 0 and of.uses * 100 >= of.typical * TYPICAL_PERCENT


def _is_growing(of: Facts) -> bool:
    return of.uses_before > 0 and of.uses * 100 >= of.uses_before * GROWTH_PERCENT


def _renews_soon(of: Facts) -> bool:
    return of.days_to_renewal is not None and 0 <= of.days_to_renewal <= RENEWAL_DAYS


def _said_typical(of: Facts) -> str:
    beside = "nobody to compare with" if of.typical is None else f"typical of their plan {of.typical:,}"
    return f"{_times(of.uses)} in {USAGE_DAYS} days; {beside}"


def _said_renewal(of: Facts) -> str:
    return "none in sight" if of.days_to_renewal is None else wording.in_days(of.days_to_renewal)


def _said_payments(of: Facts) -> str:
    if not of.payments:
        return f"nothing was due in {LATELY_DAYS} days"
    return f"{of.late} of {of.payments} late" if of.late else f"all {of.payments} on time"


def _said_answers(of: Facts) -> str:
    return "nobody answered" if of.csat is None else f"{of.csat} % of answers are good"


def _times(count: int) -> str:
    return f"{count:,} use{'' if count == 1 else 's'}"


_GOALS = {"reached": "reached", "partly": "reached in part", "missed": "not reached"}

#: By code, in the order in which they are read.
FACTORS: dict[str, Factor] = {
    "typical": Factor(
        "Uses what their plan’s customers use", _near_typical, _said_typical,
        lambda of: f"{_times(of.uses)}, typical of their plan {of.typical:,}",
    ),
    "growing": Factor(
        "Uses it more and more", _is_growing, lambda of: f"{of.uses_before:,} before, {of.uses:,} now",
        lambda of: f"Use grows: {of.uses_before:,} before",
    ),
    "goal": Factor(
        "Reached their goal", lambda of: of.goal_state == "reached",
        lambda of: _GOALS.get(of.goal_state, "nobody knows"), lambda of: "Reached their goal",
    ),
    "calm": Factor(
        "No open complaint", lambda of: of.complaints == 0,
        lambda of: f"{of.complaints} open" if of.complaints else "none", lambda of: "No open complaint",
    ),
    "content": Factor(
        "Content with our help", lambda of: of.csat is not None and of.csat >= CSAT_FROM, _said_answers, _said_answers,
    ),
    "renewal": Factor(
        "Renewal is near", _renews_soon, _said_renewal, lambda of: f"Renews {_said_renewal(of)}",
    ),
    "paid": Factor(
        "Pays on time", lambda of: of.payments > 0 and of.late == 0, _said_payments, lambda of: "Pays on time",
    ),
}  # fmt: skip


def met(of: Facts) -> list[str]:
    """The codes of the factors that hold, in their order; their number is the score."""
    return [code for code, factor in FACTORS.items() if factor.holds(of)]


def is_ready(of: Facts) -> bool:
    stays = of.lifecycle == "customer" and not of.leaving
    return stays and of.complaints == 0 and len(met(of)) >= READY_FROM


def verdict(of: Facts) -> str:
    """GROW, COSTS or blank: most customers are neither."""
    settled = of.customer_days is not None and of.customer_days >= TOO_EARLY_DAYS
    if of.lifecycle in ("customer", "paused") and settled and of.margin < 0:
        return COSTS
    return GROW if is_ready(of) else ""


def hours(minutes: int) -> str:
    """“1 h 40 min”, as people say it."""
    whole, rest = divmod(minutes, 60)
    parts = (f"{whole:,} h" if whole else "", f"{rest} min" if rest or not whole else "")
    return " ".join(part for part in parts if part)


def reasons(of: Facts, judged: str, currency: str) -> Sequence[str]:
    """Why they were judged so, each a phrase with its figure; `currency` is the reporting one. What is known of the
    customer since may judge otherwise, in the next count."""
    if judged == COSTS:
        spent = f"{wording.money(of.cost, currency)} to serve them, {wording.money(of.spend, currency)} paid"
        found = [spent, f"{hours(of.minutes)} of replies, calls and meetings"]
        if of.complaints:
            found.append(f"{of.complaints} open complaint{'' if of.complaints == 1 else 's'}")
        return found
    return [FACTORS[code].why(of) for code in met(of)]


_JOINED = re.compile(r"[\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def feature_said(name: str) -> str:
    """A feature's name in events, as a customer reads it: “report_exported”, “reports.csvExport” and “/api/keys” become
    “Report exported”, “Reports csv export” and “Api keys”. One that is words already stays as it was written."""
    if " " in name.strip():
        return name.strip()
    words = _JOINED.sub(" ", _HUMP.sub(" ", name)).split()
    said = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return said[:1].upper() + said[1:] or name
