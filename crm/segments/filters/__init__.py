"""The filter language: one JSON tree that chooses rows in SQL and explains itself in Python.

A tree is `{"all": […]}`, `{"any": […]}`, `{"not": tree}`, `{"field": "mrr", "op": ">=", "value": 500}`, or `{}`,
which every row matches. Fields are those that rooms registered in `slots.filter_subjects`.

Truth has two values. A test of a missing value (null; for text and choices also blank) is false, and the operators
that deny (`is_not`, `!=`, `is_not_set`, `has_none`) are the exact complements of `is`, `=`, `is_set`, `has_any`: so
they hold for a missing value. `not` is the exact complement of what it holds.

Text is compared without regard to case, tags and choices as they are written. Days are calendar days of the
installation's zone: `in_last_days` 7 is today and the seven days before it, `in_next_days` 7 today and the seven after.

`{"field": "segment", "op": "is_in", "value": 7}` asks for a segment by its number. A dynamic one is put in as the
filter that it is, so the whole stays one condition; segments may be made of segments, but never of themselves.
"""

from crm.segments.filters.filter import Asked, Filter
from crm.segments.filters.operators import OPERATORS, Folded, Operator
from crm.segments.filters.parsing import named_in, parse, segment_field
from crm.segments.filters.tree import FilterError

__all__ = ["OPERATORS", "Asked", "Filter", "FilterError", "Folded", "Operator", "named_in", "parse", "segment_field"]
