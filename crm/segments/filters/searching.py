"""Looking for records by what somebody types: what holds the text, and when nothing does, what resembles it."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import BooleanField, Expression, Func, QuerySet, Value

from crm.segments.filters.operators import OPERATORS, Folded
from crm.segments.rules import fold
from crm.web import clock


def holds(column: Any, text: str) -> Expression:
    """That the column holds the text; begins with it when it has one or two letters, too few for trigrams."""
    return OPERATORS["text"]["contains" if len(text) > 2 else "starts_with"].sql(column, text, clock.now())


def alike[Rows: QuerySet[Any]](rows: Rows, column: Any, text: str) -> Rows:
    """Whose column has words much like it, the likest first; `likeness` is a trigram word similarity from 0 to 1.

    An index with trigrams over `Folded(column)` serves it.
    """
    said, typed = Folded(column), Value(fold(text))
    close = Func(typed, said, template="(%(expressions)s)", arg_joiner=" <%% ", output_field=BooleanField())
    likeness = TrigramWordSimilarity(fold(text), said)
    return rows.filter(close).annotate(likeness=likeness).order_by("-likeness", "id")
