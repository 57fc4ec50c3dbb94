"""Of whose deals insight is, and how its relations are asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from crm.pipelines.insight.period import Period
from crm.pipelines.insight.touches import KINDS
from crm.pipelines.models import Outcome, Stage
from crm.pipelines.rules.insight import STAYING_MONTHS
from crm.web import clock
from crm.web.narrowed import fetch_among

#: Sales whose touchpoints are looked at, the latest ones.
SALES = 1000
#: The level of stages that lose.
LOST = -1
_NAMED = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Scope:
    """The stages of all pipelines in their order, archived ones too, of which those of one are meant; `rows` are the
    deals that count, None: all there are."""

    pipeline_id: int
    every: Sequence[Stage]
    rows: QuerySet[Any] | None

    @property
    def stages(self) -> list[Stage]:
        return [stage for stage in self.every if stage.pipeline_id == self.pipeline_id]

    @property
    def running(self) -> list[Stage]:
        """Its open stages in use."""
        return [stage for stage in self.stages if stage.outcome == Outcome.OPEN and stage.archived_at is None]

    def values(self, period: Period) -> dict[str, Any]:
        """The parameters of all relations."""
        stages, until = self.stages, period.until
        return {
            "pipeline": self.pipeline_id, "stages": [stage.pk for stage in stages], "levels": levels(stages),
            "lost": LOST,
            "open": [stage.pk for stage in stages if stage.outcome == Outcome.OPEN],
            "won": [stage.pk for stage in stages if stage.outcome == Outcome.WON],
            "winning": [stage.pk for stage in self.every if stage.outcome == Outcome.WON],
            "closing": [stage.pk for stage in stages if stage.outcome != Outcome.OPEN],
            "everywhere": [stage.pk for stage in self.every if stage.outcome != Outcome.OPEN],
            "begin": period.begin, "until": until, "first": period.first, "zone": clock.zone().key,
            "known": min(period.last, clock.today(period.now)), "months": STAYING_MONTHS, "sales": SALES,
            "touches": list(KINDS),
        }  # fmt: skip


def levels(stages: Sequence[Stage]) -> list[int]:
    """How far each is, of stages in their order: losing ones before all others, winning ones behind them."""
    ends = {Outcome.LOST: LOST, Outcome.WON: len(stages)}
    return [ends.get(Outcome(stage.outcome), place) for place, stage in enumerate(stages)]


def scope(pipeline_id: int, rows: QuerySet[Any] | None) -> Scope:
    return Scope(pipeline_id, list(Stage.objects.order_by("pipeline", "order", "pk")), rows)


def ask(scope: Scope, *parts: tuple[str, Mapping[str, Any]]) -> list[Any]:
    """All parts in one statement, each with its values; `{mine}` in them stands behind the id of a deal."""
    placed = [_placed(sql, values) for sql, values in parts]
    sql, given = " UNION ALL ".join(sql for sql, _ in placed), [value for _, values in placed for value in values]
    return fetch_among(scope.rows, sql, given, "{mine}")


def _placed(sql: str, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Named parameters by their places, as a queryset has its own."""
    return _NAMED.sub("%s", sql), [values[name] for name in _NAMED.findall(sql)]


def behind(
    rows: QuerySet[Any], scope: Scope, period: Period, relation: str, where: Mapping[str, str]
) -> QuerySet[Any]:  # fmt: skip
    """Of these rows the deals of a relation of which all this is so, by column; blank: it has none."""
    values = scope.values(period) | {f"is_{column}": value for column, value in where.items()}
    conditions = "".join(f" AND coalesce(r.{column}::text, '') = %(is_{column})s" for column in where)
    sql, given = _placed(f"SELECT r.deal_id FROM ({relation}) r WHERE TRUE{conditions}", values)  # noqa: S608
    return rows.filter(pk__in=RawSQL(sql.replace("{mine}", "IS NOT NULL"), given))  # noqa: S611  columns of ours
