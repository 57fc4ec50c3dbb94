"""The figures of a pipeline: sums over the relations, each statement with all that belongs together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crm.pipelines.insight import relations
from crm.pipelines.insight.asking import Scope, ask
from crm.pipelines.insight.period import Period
from crm.pipelines.rules.insight import Journey, Passage, Touched, journey, share

_PASSED = """
    SELECT {before}, 'passed', stage, count(*) FILTER (WHERE fate = 'on'), count(*) FILTER (WHERE fate = 'lost'),
        count(*) FILTER (WHERE fate = 'under'), NULL::float8[]
    FROM ({passed}) x GROUP BY stage
"""
_TOOK = """
    SELECT {before}, 'took', stage, count(*), count(*) FILTER (WHERE late = 'true'), 0,
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY days)
    FROM ({took}) x GROUP BY stage
"""
_STANDING = """
    SELECT FALSE, 'standing', stage, count(*), count(*) FILTER (WHERE late = 'true'), 0, NULL::float8[]
    FROM ({standing}) x GROUP BY stage
"""


@dataclass(frozen=True, slots=True)
class Stayed:
    """How long deals were in a stage: what nine of ten stay below, and how many stand there, `late` too long."""

    ninth: float | None = None
    standing: int = 0
    late: int = 0


#: What there is of a stage in the period and in the one before it: (it is before, stage) → figures.
type Stages = dict[tuple[bool, int], tuple[Passage, Stayed]]


def stages(scope: Scope, period: Period) -> Stages:
    now, before = scope.values(period), scope.values(period.before)
    passed = {before: _named(_PASSED, before=str(before), passed=relations.PASSED) for before in (True, False)}
    took = {before: _named(_TOOK, before=str(before), took=relations.TOOK) for before in (True, False)}
    rows = ask(
        scope, (passed[False], now), (passed[True], before), (took[False], now), (took[True], before),
        (_named(_STANDING, standing=relations.STANDING), now),
    )  # fmt: skip
    found = {(was, what, stage): tuple(rest) for was, what, stage, *rest in rows}
    expected = {stage.pk: stage.expected_days for stage in scope.running}

    def of(was: bool, stage: int) -> tuple[Passage, Stayed]:
        on, lost, under, _ = found.get((was, "passed", stage), (0, 0, 0, None))
        left, over, _, (middle, ninth) = found.get((was, "took", stage), (0, 0, 0, (None, None)))
        standing, late, *_ = found.get((was, "standing", stage), (0, 0))
        return Passage(on, lost, under, left, middle, expected[stage], over), Stayed(ninth, standing, late)

    return {(was, stage): of(was, stage) for was in (False, True) for stage in expected}


@dataclass(slots=True)
class Decided:
    """Deals that were won and lost; their amounts in the reporting currency."""

    won: int = 0
    lost: int = 0
    won_sum: Decimal = Decimal(0)
    lost_sum: Decimal = Decimal(0)
    days: float | None = None  # the median from the opening to the sale

    @property
    def all(self) -> int:
        return self.won + self.lost

    @property
    def rate(self) -> float | None:
        """won / (won + lost)."""
        return share(self.won, self.all)


@dataclass(slots=True)
class Outcomes:
    """What was decided and opened, beside the period before; told apart by what `by` names (owner, source, reason,
    month), keys as text: None of a deal without one. `names` are those of owners and reasons."""

    now: Decided = field(default_factory=Decided)
    before: Decided = field(default_factory=Decided)
    opened: int = 0
    opened_before: int = 0
    by: dict[str, dict[str | None, Decided]] = field(default_factory=dict)
    names: dict[tuple[str, str | None], str] = field(default_factory=dict)


_COUNTS = """count(*) FILTER (WHERE fate = 'won') AS won, count(*) FILTER (WHERE fate = 'lost') AS lost,
    coalesce(sum(value) FILTER (WHERE fate = 'won'), 0) AS won_sum,
    coalesce(sum(value) FILTER (WHERE fate = 'lost'), 0) AS lost_sum"""
_ALL = """
    SELECT {before}, 'all', NULL, NULL, {counts},
        percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE fate = 'won')
    FROM {decided} x
"""
_APART = """
    SELECT FALSE, what, coalesce(owner::text, source, reason::text, month),
        CASE what WHEN 'owner' THEN (SELECT coalesce(nullif(u.name, ''), u.email) FROM crm_user u WHERE u.id = owner)
            WHEN 'reason' THEN (SELECT l.name FROM crm_lossreason l WHERE l.id = reason) END,
        won, lost, won_sum, lost_sum, NULL::float8
    FROM (
        SELECT owner, source, reason, month, {counts}, CASE GROUPING(owner, source, reason)
            WHEN 3 THEN 'owner' WHEN 5 THEN 'source' WHEN 6 THEN 'reason' ELSE 'month' END AS what
        FROM {decided} x GROUP BY GROUPING SETS ((owner), (source), (reason), (month))
    ) y
"""
#: What was decided in a period is looked for once, for all that is told of it.
_ONCE = f"SELECT * FROM (WITH once AS MATERIALIZED ({{relation}}) {_ALL} UNION ALL {_APART}) z"  # noqa: S608  (constants of ours)
_OPENED = "SELECT {before}, 'opened', NULL, NULL, count(*), 0, 0, 0, NULL::float8 FROM ({opened}) x"


def outcomes(scope: Scope, period: Period) -> Outcomes:
    now, before = scope.values(period), scope.values(period.before)
    said = {"counts": _COUNTS, "opened": relations.OPENED}
    once = _named(_ONCE, before="FALSE", relation=relations.DECIDED, decided="once", **said)
    ago = _named(_ALL, before="TRUE", decided=f"({relations.DECIDED})", **said)
    rows = ask(
        scope, (once, now), (ago, before), (_named(_OPENED, before="FALSE", **said), now),
        (_named(_OPENED, before="TRUE", **said), before),
    )  # fmt: skip
    found = Outcomes(by={name: {} for name in ("owner", "source", "reason", "month")})
    for was, what, key, name, *counts in rows:
        if what == "opened":
            found.opened, found.opened_before = (found.opened, counts[0]) if was else (counts[0], found.opened_before)
        elif what == "all":
            found.now, found.before = (found.now, Decided(*counts)) if was else (Decided(*counts), found.before)
        else:
            found.by[what][key] = Decided(*counts)
            found.names[what, key] = name or ""
    return found


@dataclass(slots=True)
class Customers:
    """`whose`: (existing, former or new; in this pipeline, else in all of them) → what was decided. `stayed`: seller →
    how many deals whose customer stayed, left, or may do either (early), and `names` of sellers. `journey`: what was
    before the latest sales."""

    whose: dict[tuple[str, bool], Decided] = field(default_factory=dict)
    stayed: dict[str | None, dict[str, int]] = field(default_factory=dict)
    names: dict[str | None, str] = field(default_factory=dict)
    journey: Journey = field(default_factory=lambda: journey(0, ()))


_CUSTOMERS = """
    SELECT 'whose', here, whose, fate, NULL, count(*), NULL::bigint, NULL::float8
    FROM ({whose}) x GROUP BY here, whose, fate
"""
_STAYED = """
    SELECT 'stayed', NULL::boolean, owner::text, fate,
        (SELECT coalesce(nullif(u.name, ''), u.email) FROM crm_user u WHERE u.id = owner), count(*), NULL, NULL
    FROM ({stayed}) x GROUP BY owner, fate
"""
_TOUCHED = "SELECT 'touched', NULL::boolean, kind, channel, NULL, many, deal_id, days FROM ({touched}) x"


def customers(scope: Scope, period: Period) -> Customers:
    values, found, touched = scope.values(period), Customers(), []
    asked = (
        (_CUSTOMERS, {"whose": relations.WHOSE}), (_STAYED, {"stayed": relations.STAYED}),
        (_TOUCHED, {"touched": relations.TOUCHED}),
    )  # fmt: skip
    rows = ask(scope, *((_named(sql, **names), values) for sql, names in asked))
    for what, here, key, fate, name, many, deal, days in rows:
        if what == "touched":
            touched.append((deal, key, fate, many, days))  # of these two the kind and the channel
        elif what == "stayed":
            found.stayed.setdefault(key, {})[fate] = many
            found.names[key] = name or ""
        else:
            for place in {here, False}:
                one = found.whose.setdefault((key, place), Decided())
                setattr(one, fate, getattr(one, fate) + many)
    found.journey = journey(len({deal for deal, *_ in touched}), _touched(touched))
    return found


def _touched(rows: list[Any]) -> Iterator[Touched]:
    return (Touched(*row) for row in rows if row[1] is not None)


def _named(sql: str, **names: str) -> str:
    """With relations in it, whose own places stay open."""
    for name, text in names.items():
        sql = sql.replace(f"{{{name}}}", text)
    return sql
