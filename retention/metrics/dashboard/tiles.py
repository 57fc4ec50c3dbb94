"""The figures of a board in words: each beside the time before, what it is made of, and the way to the names behind."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from crm.web import wording
from retention.metrics import names, rules
from retention.metrics.asking import DAY, Asked
from retention.metrics.board import Board
from retention.metrics.figures import Figures, figured
from retention.metrics.rules import Counts

NONE = "n/a"
#: What is called the same: differences that round to nothing, in points and of money.
_POINT, _BANDS = Fraction(5, 10000), {"great": "great, above 90", "good": "good, above 85", "low": "below 85"}


@dataclass(frozen=True, slots=True)
class Turn:
    """How a figure stands beside the time before. `way`: up, down or same; `good`: whether that is welcome."""

    way: str
    words: str
    good: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """`names` are as many customers as `counted` says, or what else it opens."""

    name: str
    label: str
    value: str
    second: str
    turn: Turn | None = None
    url: str = ""
    counted: str = ""  # what the link says
    title: str = ""  # the formula


def tiles(board: Board, asked: Asked) -> list[Tile]:
    now, was = figured(board.counts, asked.period), figured(board.before, asked.before)
    return [
        *_of_customers(board.counts, now, was, asked), *_of_revenue(board.counts, now, was, asked),
        *_of_answers(board.counts, now, was, asked),
    ]  # fmt: skip


def _of_customers(counts: Counts, now: Figures, was: Figures, asked: Asked) -> list[Tile]:
    start, lost, kept = counts.customers_start, counts.customers_lost, counts.customers_start - counts.customers_lost
    called = _BANDS.get(rules.band(now.crr)) or now.unsaid["crr"]
    return [
        Tile(
            "crr", "Kept (CRR)", percent(now.crr), called, _points(now.crr, was.crr), _behind(asked, "customers_kept"),
            f"{kept:,} kept", "Customers at the end without the new ones ÷ customers at the start",
        ),
        Tile(
            "churn", "Churned", percent(now.churn_rate), f"{lost:,} of {start:,} {_many(start, 'customer')}",
            _points(now.churn_rate, was.churn_rate, down_is_good=True), _behind(asked, "customers_lost"),
            f"{lost:,} lost", "Lost customers ÷ customers at the start",
        ),
    ]  # fmt: skip


def _of_revenue(counts: Counts, now: Figures, was: Figures, asked: Asked) -> list[Tile]:
    everybody = f"{counts.customers_end:,} {_many(counts.customers_end, 'customer')}"
    paid, there = _behind(asked, "mrr_start"), _behind(asked, "customers_end")
    unsaid = now.unsaid
    ltv = unsaid.get("ltv") or _by_chance(counts.customers_lost) or f"{money(now.arpa)} a month ÷ churn a month"
    return [
        Tile(
            "nrr", "Net revenue (NRR)", percent(now.nrr), unsaid.get("nrr") or _grown(now.nrr),
            _points(now.nrr, was.nrr), paid, "who paid at the start",
            "MRR at the end of those who paid at the start ÷ what they paid then",
        ),
        Tile(
            "grr", "Gross revenue (GRR)", percent(now.grr), unsaid.get("grr", "growth left out"),
            _points(now.grr, was.grr), paid, "who paid at the start",
            "As net revenue, each customer counting for at most what they paid at the start",
        ),
        Tile(
            "ltv", "Lifetime value (LTV)", money(now.ltv), ltv, _amount(now.ltv, was.ltv), there, everybody,
            "Average revenue per customer a month × months of the period ÷ churn of the period",
        ),
        Tile(
            "arpa", "Per customer (ARPA)", money(now.arpa), unsaid.get("arpa", "a month, at the end"),
            _amount(now.arpa, was.arpa), there, everybody, "MRR at the end ÷ customers at the end",
        ),
    ]  # fmt: skip


def _of_answers(counts: Counts, now: Figures, was: Figures, asked: Asked) -> list[Tile]:
    bought = f"{counts.repeat_buyers:,} of {counts.buyers:,} {_many(counts.buyers, 'buyer')}"
    unsaid = now.unsaid
    good = f"{counts.good_answers:,} good of {counts.answers:,} {_many(counts.answers, 'answer')}"
    found = [
        Tile(
            "repeat_purchase_rate", "Bought again", percent(now.repeat_purchase_rate),
            unsaid.get("repeat_purchase_rate", bought),
            _points(now.repeat_purchase_rate, was.repeat_purchase_rate), _behind(asked, "repeat_buyers"),
            f"{counts.repeat_buyers:,} bought twice or more", "Buyers with two orders or more ÷ all buyers so far",
        ),
        Tile(
            "csat", "Content (CSAT)", percent(now.csat), unsaid.get("csat", good),
            _points(now.csat, was.csat), *_ratings(asked, counts), "Answers of 4 and 5 of 5 ÷ all answers",
        ),
    ]  # fmt: skip
    if now.nps is not None:
        found.append(Tile("nps", "Recommend (NPS)", f"{float(now.nps * 100):+.0f}", "promoters − detractors"))
    return found


def _by_chance(lost: int) -> str:
    """A rate by which something is divided says little while it hangs on a few."""
    return f"of {lost} lost alone: too few to rely on" if lost < rules.FEW else ""


def _behind(asked: Asked, figure: str) -> str:
    return asked.names(names.behind(figure, asked.period))


def percent(rate: Fraction | None) -> str:
    """To a tenth, as tiles stand beside those of the period before."""
    return NONE if rate is None else rules.rate_words(rate)


def money(amount: Decimal | None) -> str:
    """Whole: cents say nothing here."""
    return NONE if amount is None else wording.money(amount.quantize(Decimal(1)), settings.CURRENCY)


def _ratings(asked: Asked, counts: Counts) -> tuple[str, str]:
    """The answers themselves; their page is not narrowed by customers."""
    if not counts.answers or asked.sliced or not asked.of.viewer.sees_everything:
        return "", ""
    days = {"from": str(asked.period.start + DAY), "to": str(asked.period.end)}
    return f"{reverse('tickets:ratings')}?{urlencode(days)}", f"{counts.answers:,} {_many(counts.answers, 'answer')}"


def _grown(nrr: Fraction | None) -> str:
    return "grows without new customers" if nrr and nrr > 1 else "with what grew and shrank"


def _points(now: Fraction | None, was: Fraction | None, *, down_is_good: bool = False) -> Turn | None:
    """In points of a hundred; None where either has nothing to say."""
    if now is None or was is None:
        return None
    change = now - was
    if abs(change) < _POINT:
        return Turn("same", "as before", True)
    way = "up" if change > 0 else "down"
    return Turn(way, f"{abs(float(change * 100)):.1f} points {way}", (change > 0) != down_is_good)


def _amount(now: Decimal | None, was: Decimal | None) -> Turn | None:
    if now is None or was is None:
        return None
    change = (now - was).quantize(Decimal(1))
    if not change:
        return Turn("same", "as before", True)
    way = "up" if change > 0 else "down"
    return Turn(way, f"{wording.money(abs(change), settings.CURRENCY)} {way}", change > 0)


def _many(count: int, what: str) -> str:
    return what if count == 1 else f"{what}s"


def finding(board: Board, asked: Asked) -> dict[str, Any] | None:
    """What changed, if it is more than chance: the quarter of joining whose customers leave much faster."""
    found = rules.fast_leavers(board.joined)
    if found is None:
        return None
    quarter = f"Q{(found.first.month + 2) // 3} {found.first.year}"
    faster = f"{float(found.times):.1f} times as often as the others" if found.times else "while nobody else does"
    return {
        "head": f"Customers who joined in {quarter} leave {faster}.",
        "text": f"{found.lost:,} of {found.customers:,} left in these days, beside {found.others_lost:,} of "
        f"{found.others:,} others. Chance alone makes such a difference at most once in a hundred times.",
        "url": asked.names(names.of_leavers(found.first, 3, asked.period)), "count": found.lost,
    }  # fmt: skip
