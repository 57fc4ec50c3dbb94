"""What a board reads: true totals of its columns, the first cards of each, the next ones, what has changed since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from crm.pipelines.cards import FIELDS, Card, moment_of
from crm.pipelines.models import Deal, Outcome, Stage
from crm.pipelines.rules.versions import version
from crm.team.models import User
from crm.web import clock
from crm.web.rules import local_moment

#: Cards of a column at first, and as many with each press.
SHOWN = 20
#: Columns of what is won and lost go back so many days.
CLOSED_DAYS = 30
#: A change is seen when it is committed, which may be so much later than the moment it bears.
LATE = timedelta(seconds=30)
#: When more has changed than this, the whole board is asked for instead.
MOST_NEWS = 200


class BadPlace(ValueError):
    """The place in the address is not one of ours."""


@dataclass(frozen=True)
class Column:
    """A stage with its first cards. `total`, `sum` (reporting currency) and `stuck` count all of its cards that the
    viewer may see and the filter lets through; of a stage that closes, those since `since`."""

    stage: Stage
    since: date | None = None
    total: int = 0
    sum: Decimal = Decimal(0)
    stuck: int = 0
    cards: Sequence[Card] = field(default=())

    @property
    def more(self) -> int:
        return self.total - len(self.cards)


def shape_of(stages: Iterable[Stage]) -> str:
    """Another one as soon as an admin has changed the columns."""
    return version({str(place): (one.pk, one.name, one.colour) for place, one in enumerate(stages)})


def since(now: datetime) -> date:
    """The first day of which columns of closed deals tell."""
    return clock.today(now) - timedelta(days=CLOSED_DAYS)


def columns(pipeline_id: int, rows: QuerySet[Any], now: datetime) -> list[Column]:
    """All stages in use. `rows` are the deals that may be shown, of any pipeline. Three statements."""
    stages = list(_with_first_cards(Stage.objects.in_use().filter(pipeline=pipeline_id), rows, now))
    found = cards_of(rows, (pk for stage in stages for pk in stage.first))  # type: ignore[attr-defined]
    by_stage: dict[int, list[Card]] = defaultdict(list)
    for card in sorted(found, key=lambda card: (card.place, -card.id)):
        by_stage[card.stage_id].append(card)
    return totals(stages, rows, now, by_stage)


def _with_first_cards(stages: QuerySet[Stage], rows: QuerySet[Any], now: datetime) -> QuerySet[Stage]:
    """Each with the ids of its `first` cards: a short range of an index for each."""
    here = rows.order_by().filter(stage=OuterRef("pk"))
    open_ones = here.order_by("rank").values("pk")[:SHOWN]
    closed = _closed(here, now).order_by("-closed_at", "-id").values("pk")[:SHOWN]
    ids = Case(When(outcome=Outcome.OPEN, then=ArraySubquery(open_ones)), default=ArraySubquery(closed))
    return stages.annotate(first=ids)


def _begins(now: datetime) -> datetime:
    return local_moment(since(now), time(0), clock.zone())


def _closed(rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    return rows.exclude(outcome=Outcome.OPEN).filter(closed_at__gte=_begins(now))


def cards_of(rows: QuerySet[Any], ids: Iterable[int]) -> list[Card]:
    return [Card(*row) for row in rows.order_by().filter(pk__in=list(ids)).values_list(*FIELDS)]


def totals(
    stages: Sequence[Stage], rows: QuerySet[Any], now: datetime, cards: dict[int, list[Card]] | None = None
) -> list[Column]:
    """The columns with their figures, in one statement."""
    open_ids = [stage.pk for stage in stages if stage.outcome == Outcome.OPEN]
    closing = [stage.pk for stage in stages if stage.outcome != Outcome.OPEN]
    in_order = rows.order_by()
    running = in_order.filter(stage__in=open_ids, outcome=Outcome.OPEN).values_list("stage_id").annotate(
        many=Count("*"), worth=Sum("value"), waiting=Count("stuck_at", filter=Q(stuck_at__lte=now))
    )  # fmt: skip
    closed = _closed(in_order, now).filter(stage__in=closing).values_list("stage_id").annotate(
        many=Count("*"), worth=Sum("value"), waiting=Value(0)
    )  # fmt: skip
    figures: dict[int, tuple[int, Decimal, int]] = {stage: rest for stage, *rest in running.union(closed, all=True)}
    return [
        Column(
            stage, since(now) if stage.outcome != Outcome.OPEN else None,
            *figures.get(stage.pk, (0, Decimal(0), 0)), cards=(cards or {}).get(stage.pk, ()),
        )
        for stage in stages
    ]  # fmt: skip


def further(stage: Stage, rows: QuerySet[Any], below: str, now: datetime) -> list[Card]:
    """The cards under the one at `below` (place:id); blank: from the top. Raises BadPlace."""
    here = rows.order_by().filter(stage=stage)
    if stage.outcome == Outcome.OPEN:
        found = here.order_by("rank", "id")
        edge, under = Tuple(F("rank"), F("id")), cast(Any, TupleGreaterThan)
    else:
        found = _closed(here, now).order_by("-closed_at", "-id")
        edge, under = Tuple(F("closed_at"), F("id")), TupleLessThan
    if below:
        found = found.filter(under(edge, _edge(below, is_open=stage.outcome == Outcome.OPEN)))
    return [Card(*row) for row in found.values_list(*FIELDS)[:SHOWN]]


def _edge(below: str, *, is_open: bool) -> tuple[Any, int]:
    place, _, pk = below.partition(":")
    digits = place.removeprefix("-")
    if not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (digits, pk)):
        raise BadPlace("That place of the board is damaged. Load the board again.")
    try:
        return int(place) if is_open else moment_of(int(place)), int(pk)
    except OverflowError:
        raise BadPlace("There is no such place on the board. Load it again.") from None


@dataclass(frozen=True)
class News:
    """What has changed: cards as they stand now, and deals that this board shows no more, or never did.

    `too_much`: so many that the board is better loaded again.
    """

    cards: Sequence[Card] = ()
    gone: Sequence[int] = ()
    too_much: bool = False

    def __bool__(self) -> bool:
        return bool(self.cards or self.gone or self.too_much)


def news(pipeline_id: int, rows: QuerySet[Any], viewer: User, mark: datetime, now: datetime) -> News:
    """Since somebody looked at `mark`; what was told of the last moments before is told again."""
    touched = Deal.objects.visible_to(viewer).filter(updated_at__gt=mark - LATE).order_by("-updated_at", "-id")
    ids = list(touched.values_list("pk", flat=True)[: MOST_NEWS + 1])
    if len(ids) > MOST_NEWS:
        return News(too_much=True)
    here = rows.filter(Q(outcome=Outcome.OPEN) | Q(closed_at__gte=_begins(now)), pipeline=pipeline_id)
    found = cards_of(here, ids) if ids else []
    shown = {card.id for card in found}
    return News(found, [pk for pk in ids if pk not in shown])
