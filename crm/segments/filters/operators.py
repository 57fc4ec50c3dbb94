"""What can be asked of each kind of field: each operator once in SQL and once in Python, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, CharField, Expression, Func, TextField, Value

from crm.segments import rules
from crm.segments.rules import fold
from crm.web import clock

#: Python's `rules.fold` agrees with this collation, whatever the database's own is.
COLLATION = "pg_c_utf8"


@dataclass(frozen=True)
class Operator:
    """One question. `read` takes the JSON value and raises ValueError in words.

    `sql(expression, operand, now)` is a condition that is not true for null; `holds(value, operand, now)` is asked
    of values that are not missing. An operator that denies shares both with its opposite. `takes` tells a form what
    to ask for: nothing, number, numbers, text, texts, day, days, flag, choice, choices,
    segment.
    """

    name: str
    words: str
    denial: str
    read: Callable[[Any], Any]
    sql: Callable[[Any, Any, datetime], Expression]
    holds: Callable[[Any, Any, datetime], bool]
    takes: str
    denies: bool = False

    def opposite(self, name: str) -> Operator:
        return replace(self, name=name, words=self.denial, denial=self.words, denies=not self.denies)


def condition(*sides: Any, joiner: str = "=") -> Expression:
    return Func(*sides, template="(%(expressions)s)", arg_joiner=f" {joiner} ", output_field=BooleanField())


def not_true(test: Expression) -> Expression:
    """The exact complement: true for false and for null."""
    return Func(test, template="(%(expressions)s IS NOT TRUE)", output_field=BooleanField())


def _between(value: Any, low: Any, high: Any) -> Expression:
    ends = Func(Value(low), Value(high), template="%(expressions)s", arg_joiner=" AND ", output_field=BooleanField())
    return condition(value, ends, joiner="BETWEEN")


class Folded(Func):
    """Text as it is compared. An index over it serves every operator of text."""

    # One function, since Django lets a Collate stand in an index on top alone.
    template = f'LOWER((%(expressions)s) COLLATE "{COLLATION}")'
    output_field = TextField()


def _like(text: str) -> str:
    return fold(text).replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _any_of(texts: tuple[str, ...]) -> Expression:
    return Func(Value(list(texts), ArrayField(TextField())), function="ANY", output_field=TextField())


def _tags(tags: tuple[str, ...]) -> Expression:
    return Value(list(tags), ArrayField(CharField()))


def _is_set(sql: Callable[[Any], Expression]) -> list[Operator]:
    is_set = Operator(
        "is_set",
        "is set",
        "is not set",
        rules.read_nothing,
        lambda x, v, now: sql(x),
        lambda x, v, now: True,
        "nothing",
    )
    return [is_set, is_set.opposite("is_not_set")]


_set_if_not_null = _is_set(
    lambda x: Func(x, template="(%(expressions)s IS NOT NULL)", output_field=BooleanField()),
)
_set_if_not_blank = _is_set(lambda x: condition(x, Value(""), joiner="<>"))

# Text -------------------------------------------------------------------------------------------------------------

_text_is = Operator(
    "is", "is {}", "is not {}", rules.read_text,
    lambda x, v, now: condition(Folded(x), Value(fold(v))), lambda x, v, now: fold(x) == fold(v), "text",
)  # fmt: skip
TEXT = [
    _text_is,
    _text_is.opposite("is_not"),
    Operator(
        "contains", "contains {}", "does not contain {}", rules.read_text,
        lambda x, v, now: condition(Folded(x), Value(f"%{_like(v)}%"), joiner="LIKE"),
        lambda x, v, now: fold(v) in fold(x), "text",
    ),
    Operator(
        "starts_with", "starts with {}", "does not start with {}", rules.read_text,
        lambda x, v, now: condition(Folded(x), Value(f"{_like(v)}%"), joiner="LIKE"),
        lambda x, v, now: fold(x).startswith(fold(v)), "text",
    ),
    Operator(
        "in", "is {}", "is not {}", rules.read_texts,
        lambda x, v, now: condition(Folded(x), _any_of(tuple(map(fold, v)))),
        lambda x, v, now: fold(x) in set(map(fold, v)), "texts",
    ),
    *_set_if_not_blank,
]  # fmt: skip

# Choices: codes, compared as they are -------------------------------------------------------------------------------

_choice_is = Operator(
    "is", "is {}", "is not {}", rules.read_text,
    lambda x, v, now: condition(x, Value(v)), lambda x, v, now: x == v, "choice",
)  # fmt: skip
CHOICE = [
    _choice_is,
    _choice_is.opposite("is_not"),
    Operator(
        "in", "is {}", "is not {}", rules.read_texts,
        lambda x, v, now: condition(x, _any_of(v)), lambda x, v, now: x in v, "choices",
    ),
    *_set_if_not_blank,
]  # fmt: skip

# Numbers ----------------------------------------------------------------------------------------------------------


def _like_the_column(column: Any, operand: Any) -> Any:
    """Postgres compares a float column with a float, so Python does too."""
    return float(operand) if isinstance(column, float) else operand


def _number(name: str, words: str, denial: str, holds: Callable[[Any, Any], bool]) -> Operator:
    return Operator(
        name, f"{words} {{}}", f"{denial} {{}}", rules.read_number,
        lambda x, v, now: condition(x, Value(v), joiner=name),
        lambda x, v, now: holds(x, _like_the_column(x, v)), "number",
    )  # fmt: skip


_equals = _number("=", "is", "is not", lambda x, v: x == v)
NUMBER = [
    _equals,
    _equals.opposite("!="),
    _number("<", "is below", "is not below", lambda x, v: x < v),
    _number("<=", "is at most", "is not at most", lambda x, v: x <= v),
    _number(">", "is above", "is not above", lambda x, v: x > v),
    _number(">=", "is at least", "is not at least", lambda x, v: x >= v),
    Operator(
        "between", "is between {}", "is not between {}", rules.read_pair,
        lambda x, v, now: _between(x, *v),
        lambda x, v, now: _like_the_column(x, v[0]) <= x <= _like_the_column(x, v[1]), "numbers",
    ),
    *_set_if_not_null,
]  # fmt: skip

# Dates and moments: a question about days is a stretch of days, open at one end or closed ---------------------------

_ONE_DAY = timedelta(days=1)
#: (first day, last day) that belong; None: no end on that side.
Stretch = tuple[date | None, date | None]


def _date_sql(x: Any, days: Stretch, now: datetime) -> Expression:
    return _within(x, *days)


def _date_holds(x: date, days: Stretch, now: datetime) -> bool:
    return (days[0] is None or days[0] <= x) and (days[1] is None or x <= days[1])


def _moments(days: Stretch) -> tuple[datetime | None, datetime | None]:
    zone = clock.zone()
    first, last = days
    return (
        None if first is None else rules.day_start(first, zone),
        None if last is None else rules.instants(last, last, zone)[1],
    )


def _moment_sql(x: Any, days: Stretch, now: datetime) -> Expression:
    return _within(x, *_moments(days))


def _moment_holds(x: datetime, days: Stretch, now: datetime) -> bool:
    first, last = _moments(days)
    return (first is None or first <= x) and (last is None or x <= last)


def _within(x: Any, first: Any, last: Any) -> Expression:
    if first is None:
        return condition(x, Value(last), joiner="<=")
    if last is None:
        return condition(x, Value(first), joiner=">=")
    return _between(x, first, last)


_STRETCHES: list[tuple[str, str, str, Callable[[Any], Any], Callable[[Any, date], Stretch]]] = [
    ("on", "is on {}", "day", rules.read_day, lambda v, today: (v, v)),
    ("before", "is before {}", "day", rules.read_day, lambda v, today: (None, v - _ONE_DAY)),
    ("after", "is after {}", "day", rules.read_day, lambda v, today: (v + _ONE_DAY, None)),
    ("in_last_days", "is within the last {}", "days", rules.read_days,
     lambda v, today: (today - timedelta(days=v), today)),
    ("in_next_days", "is within the next {}", "days", rules.read_days,
     lambda v, today: (today, today + timedelta(days=v))),
]  # fmt: skip


def _dated(sql: Callable[..., Expression], holds: Callable[..., bool]) -> list[Operator]:
    def one(name: str, words: str, takes: str, read: Callable[[Any], Any], days: Callable[..., Stretch]) -> Operator:
        return Operator(
            name, words, words.replace("is ", "is not ", 1), read,
            lambda x, v, now: sql(x, days(v, clock.today(now)), now),
            lambda x, v, now: holds(x, days(v, clock.today(now)), now), takes,
        )  # fmt: skip

    return [*(one(*stretch) for stretch in _STRETCHES), *_set_if_not_null]


# Flags and tags -----------------------------------------------------------------------------------------------------

_flag_is = Operator(
    "is", "is {}", "is not {}", rules.read_flag,
    lambda x, v, now: condition(x, Value(v)), lambda x, v, now: x is v, "flag",
)  # fmt: skip
_has_any = Operator(
    "has_any", "include {}", "do not include {}", rules.read_texts,
    lambda x, v, now: condition(x, _tags(v), joiner="&&"), lambda x, v, now: not set(v).isdisjoint(x), "texts",
)  # fmt: skip
_has = Operator(
    "has", "include {}", "do not include {}", rules.read_text,
    lambda x, v, now: condition(x, _tags((v,)), joiner="@>"), lambda x, v, now: v in x, "text",
)  # fmt: skip

# Segments: what the field asks is true or false, whatever the segment is; see Membership -----------------------------

_is_in = Operator(
    "is_in", "is in {}", "is not in {}", rules.read_id,
    lambda x, v, now: condition(x, Value(True)), lambda x, v, now: x is True, "segment",
)  # fmt: skip
#: Several of the choices that a field has. Without any it is null, not empty.
_options = [
    replace(_has, takes="choice"), replace(_has_any, takes="choices"),
    replace(_has_any, takes="choices").opposite("has_none"), *_set_if_not_null,
]  # fmt: skip

OPERATORS: dict[str, dict[str, Operator]] = {
    kind: {operator.name: operator for operator in operators}
    for kind, operators in {
        "text": TEXT,
        "choice": CHOICE,
        "number": NUMBER,
        "date": _dated(_date_sql, _date_holds),
        "datetime": _dated(_moment_sql, _moment_holds),
        "bool": [_flag_is, _flag_is.opposite("is_not")],
        "tags": [_has, _has_any, _has_any.opposite("has_none")],
        "options": _options,
        "segment": [_is_in, _is_in.opposite("is_not_in")],
    }.items()
}
