"""The figures as the page shows them: in words, each with the way to the deals behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from crm.pipelines.insight import touches
from crm.pipelines.insight.asking import SALES, Scope
from crm.pipelines.insight.figures import Customers, Decided, Outcomes, Stages
from crm.pipelines.insight.period import Period
from crm.pipelines.models import Stage
from crm.pipelines.rules.insight import FEW, Journey, Passage, days_words, promises, share, weaknesses
from crm.web import wording

#: (what is counted, of which this is so by column) → the address of the deals behind it.
type Way = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Figure:
    """What stands in a cell, with how many deals are behind it and where they are. `was`: in the period before."""

    words: str = ""
    count: int = 0
    url: str = ""
    second: str = ""
    was: str = ""
    few: bool = False


def percent(part: float | None) -> str:
    return "" if part is None else f"{100 * part:.0f} %"


def number(count: int, way: Way, what: str, *, second: str = "", was: str = "", **where: str) -> Figure:
    return Figure(f"{count:,}", count, way(what, **where) if count else "", second, was)


def rate(part: int, whole: int, way: Way, what: str, *, second: str = "", was: str = "", **where: str) -> Figure:
    """A share of `whole` deals, which it opens; of nothing there is none."""
    if not whole:
        return Figure(was=was)
    return Figure(percent(share(part, whole)), whole, way(what, **where), second, was, few=whole < FEW)


# Stages ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StageLine:
    stage: Stage
    passage: Passage
    figures: tuple[Figure, ...]
    weak: tuple[str, ...]


def stage_lines(scope: Scope, found: Stages, way: Way) -> list[StageLine]:
    """Of the open stages in use, in their order."""
    running = scope.running

    def line(stage: Stage, promised: float | None) -> StageLine:
        (now, _), (before, _) = found[False, stage.pk], found[True, stage.pk]
        return StageLine(stage, now, tuple(_stage(stage, found, way)), tuple(weaknesses(now, before, promised)))

    return list(map(line, running, promises([stage.probability for stage in running])))


def _stage(stage: Stage, found: Stages, way: Way) -> Iterator[Figure]:
    """Entered, conversion, went on, lost, under way, time, standing now."""
    (one, stayed), (before, _) = found[False, stage.pk], found[True, stage.pk]
    of = {"stage": str(stage.pk)}
    yield number(one.entered, way, "passed", was=f"{before.entered:,}", **of)
    yield Figure(
        percent(one.conversion), one.decided, way("settled", **of) if one.decided else "",
        was=percent(before.conversion) or "n/a", few=0 < one.decided < FEW,
    )  # fmt: skip
    for fate in ("on", "lost", "under"):
        yield number(getattr(one, fate), way, "passed", fate=fate, **of)
    if one.left:
        second = f"9 of 10 within {days_words(stayed.ninth)}"
        was = days_words(before.median)
        yield Figure(days_words(one.median), one.left, way("took", **of), second, was, few=one.left < FEW)
    else:
        yield Figure(was=days_words(before.median))
    yield number(stayed.standing, way, "standing", **of)
    yield number(stayed.late, way, "standing", late="true", **of) if stage.expected_days is not None else Figure()


# Won and lost ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """Of one owner, source, month, reason or such; `bar` is its share of the longest one, 0…100."""

    name: str
    figures: tuple[Figure, ...]
    bar: int = 0


def tiles(found: Outcomes, way: Way) -> dict[str, Figure]:
    now, before = found.now, found.before
    took = Figure(was=days_words(before.days))
    if now.won:
        took = Figure(days_words(now.days), now.won, way("decided", fate="won"), "", days_words(before.days))
    return {
        "rate": rate(now.won, now.all, way, "decided", second=f"of {now.all:,} decided", was=percent(before.rate)),
        "won": number(now.won, way, "decided", fate="won", second=_money(now.won_sum),
                      was=f"{before.won:,}, {_money(before.won_sum)}"),
        "lost": number(now.lost, way, "decided", fate="lost", second=_money(now.lost_sum), was=f"{before.lost:,}"),
        "took": took,
        "opened": number(found.opened, way, "opened", was=f"{found.opened_before:,}"),
    }  # fmt: skip


def _money(sum_: Decimal) -> str:
    return wording.money(sum_.quantize(Decimal(1)), settings.CURRENCY)


def apart(outcomes: Outcomes, by: str, way: Way) -> list[Line]:
    """Won and lost by owner, source or month: rate, won, lost, amount won. Those who decided most first, months in
    their order."""
    found = outcomes.by[by]

    def order(key: str | None) -> tuple[Any, ...]:
        return (key,) if by == "month" else (-found[key].all, key or "")

    def line(key: str | None, one: Decided) -> Line:
        name = _named(by, key, outcomes.names[by, key])
        return Line(name, tuple(_decided(one, by, key or "", way)), round(100 * (one.rate or 0)))

    return [line(key, one) for key, one in sorted(found.items(), key=lambda item: order(item[0]))]


def _named(by: str, key: str | None, name: str) -> str:
    if by == "month":
        return f"{date.fromisoformat(f'{key}-01'):%B %Y}"
    return name or {"owner": "Nobody", "source": key or "Not said", "reason": "Not said"}[by]


def _decided(one: Decided, by: str, key: str, way: Way) -> Iterator[Figure]:
    where = {by: key}
    yield rate(one.won, one.all, way, "decided", **where)
    yield number(one.won, way, "decided", fate="won", **where)
    yield number(one.lost, way, "decided", fate="lost", **where)
    yield Figure(_money(one.won_sum), one.won, way("decided", fate="won", **where) if one.won else "")


def reasons(found: Outcomes, way: Way) -> list[Line]:
    """Why deals were lost, the commonest first: how many, which share of the lost, and their amount."""
    lost = {key: one for key, one in found.by["reason"].items() if one.lost}
    most = max((one.lost for one in lost.values()), default=0)
    return [
        Line(
            _named("reason", key, found.names["reason", key]),
            (
                number(one.lost, way, "decided", fate="lost", reason=key or "",
                       second=percent(share(one.lost, found.now.lost))),
                Figure(_money(one.lost_sum), one.lost, way("decided", fate="lost", reason=key or "")),
            ),
            round(100 * one.lost / most),
        )
        for key, one in sorted(lost.items(), key=lambda item: (-item[1].lost, item[0] or ""))
    ]  # fmt: skip


#: Whose deals: key → label, and what that means.
WHOSE = {
    "existing": ("Existing customers", "was a customer when the deal was opened"),
    "former": ("Former customers", "had been one before"),
    "new": ("New customers", "never was one"),
}


def whose_lines(customers: Customers, way: Way) -> list[Line]:
    """Existing, former and new customers: rate, won, lost here, and the rate in all pipelines."""
    lines = []
    for key, (label, _) in WHOSE.items():
        here, everywhere = (customers.whose.get((key, place), Decided()) for place in (True, False))
        lines.append(Line(label, (
            rate(here.won, here.all, way, "whose", whose=key, here="true"),
            number(here.won, way, "whose", whose=key, here="true", fate="won"),
            number(here.lost, way, "whose", whose=key, here="true", fate="lost"),
            rate(everywhere.won, everywhere.all, way, "whose", whose=key, second=f"{everywhere.all:,} decided"),
        ), round(100 * (here.rate or 0))))  # fmt: skip
    return lines


# After the sale, and before it ----------------------------------------------------------------------------------------

FATES = ("stayed", "left", "early")


def stayed_lines(customers: Customers, way: Way) -> tuple[list[Line], Line]:
    """Of each seller: which share stayed, how many stayed, left, and are too young; and of all of them."""
    found = customers.stayed

    def line(name: str, many: Mapping[str, int], **where: str) -> Line:
        stayed, left = many.get("stayed", 0), many.get("left", 0)
        shared = rate(stayed, stayed + left, way, "judged", **where)
        counts = (number(many.get(fate, 0), way, "stayed", fate=fate, **where) for fate in FATES)
        return Line(name, (shared, *counts))

    sellers = sorted(found, key=lambda key: (-sum(found[key].values()), key or ""))
    whole = {fate: sum(one.get(fate, 0) for one in found.values()) for fate in FATES}
    return (
        [line(_named("owner", key, customers.names[key]), found[key], owner=key or "") for key in sellers],
        line("All", whole),
    )


@dataclass(frozen=True, slots=True)
class Before:
    """The touchpoints before the sales of a period, with what is said of all of them."""

    deals: int
    capped: bool
    median: str
    days: str
    lines: Sequence[Line]


def before(found: Journey, way: Way) -> Before:
    """By kind and channel: before how many sales there was one, which share of them that is, and how many usually."""
    return Before(
        found.deals, found.deals >= SALES, f"{found.median:g}" if found.median is not None else "n/a",
        days_words(found.days), [
            Line(
                touches.words(point.kind, point.channel),
                (
                    number(point.deals, way, "touched", kind=point.kind, channel=point.channel,
                           second=percent(share(point.deals, found.deals))),
                    Figure(f"{point.median:g}", point.deals, way("touched", kind=point.kind, channel=point.channel)),
                ),
                round(100 * point.deals / found.deals),
            )
            for point in found.points
        ],
    )  # fmt: skip


def way_of(url: str, period: Period, asked: Mapping[str, str]) -> Way:
    """Addresses of the list of deals behind a figure."""

    def way(what: str, **where: str) -> str:
        return f"{url}?{urlencode({**period.asked, **asked, 'what': what, **{f'is_{k}': v for k, v in where.items()}})}"

    return way
