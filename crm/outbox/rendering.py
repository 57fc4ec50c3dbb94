"""Liquid for mail that users write: plain facts in, text out, within limits, without a loader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import takewhile
from typing import Any

from liquid import BoundTemplate, Environment, Node, RenderContext
from liquid.builtin.expressions.primitive import IntegerLiteral, RangeLiteral
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.expression import Expression

from crm.outbox.metering import MeteredTemplate

#: Characters of a subject or a body. Reading a text takes time that grows faster than its length.
LONGEST_SOURCE = 20_000


class TemplateError(ValueError):
    """A template that cannot be read or filled in. `place` names the part and the line, such as "body, line 3"."""

    def __init__(self, part: str, line: int | None, message: str) -> None:
        self.part, self.line, self.message = part, line, message
        self.place = part if line is None else f"{part}, line {line}"
        super().__init__(f"{self.place}: {message}")


class _Limited(Environment):
    """No template can loop, nest or write without end: three of the four limits are off by default."""

    template_class = MeteredTemplate
    context_depth_limit = 20
    loop_iteration_limit = 10_000
    local_namespace_limit = 100_000  # bytes
    output_stream_limit = 200_000  # bytes


_environment = _Limited()

#: In a tag, each would be tried as its end.
MOST_BLANKS = 500
_BLANKS = re.compile(rf"\s{{{MOST_BLANKS}}}")

TOO_DEEP = "too many tags stand inside one another"

#: What filters raise over values that they cannot work with.
_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, TypeError, ValueError)

#: A range is a list to every filter, and the limits above count none of it.
LONGEST_RANGE = 10_000


def _bounded(literal: RangeLiteral, start: Any, stop: Any) -> range:
    made = _unbounded(literal, start, stop)
    if made.stop - made.start > LONGEST_RANGE:
        message = f"a range may hold {LONGEST_RANGE:,} numbers, and ({made.start}..{made.stop - 1}) holds more"
        raise ResourceLimitError(message, token=literal.token)
    return made


# The library makes every range here, and has no setting for their length.
_unbounded = RangeLiteral._make_range
RangeLiteral._make_range = _bounded  # type: ignore[method-assign,assignment]


def check(subject: str, body: str) -> None:
    """Raise TemplateError unless both parts can be read, with filters that exist and without other templates."""
    for part, source in (("subject", subject), ("body", body)):
        used = _parse(part, source).analyze(include_partials=False)
        unknown = {name: spans for name, spans in used.filters.items() if name not in _environment.filters}
        for name, spans in unknown.items():
            raise TemplateError(part, _line(source, spans[0].index), f"there is no filter named {name}")
        for name in used.tags.keys() & {"include", "render"}:
            raise TemplateError(part, _line(source, used.tags[name][0].index), f"{name}: mail has no other templates")
        _check_ranges(part, source)


def names(part: str, source: str) -> list[tuple[int, list[str]]]:
    """The facts that a text names, each with its line: (3, ["contact", "first_name"]). Raises TemplateError.

    Names that the text gives itself are left out, and so is what follows a place that is only known when it is filled.
    """
    found = []
    for spans in _parse(part, source).analyze(include_partials=False).globals.values():
        for named in spans:
            plain = list(takewhile(lambda segment: isinstance(segment, str), named.segments))
            found.append((_line(source, named.span.index), [str(segment) for segment in plain]))
    return found


def render(subject: str, body: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Subject (one line) and plain text, filled in; a fact that is missing is blank. Raises TemplateError."""
    return " ".join(_fill("subject", subject, facts).split()), _fill("body", body, facts).strip() + "\n"


def _check_ranges(part: str, source: str) -> None:
    """Ranges whose ends are written out are checked before anything is sent."""
    template = _parse(part, source)
    context = RenderContext(template)
    todo: list[Node | Expression] = list(template.nodes)
    while todo:
        here = todo.pop()
        if isinstance(here, Node):
            todo += [*here.expressions(), *here.children(context, include_partials=False)]
            continue
        todo += here.children()
        if isinstance(here, RangeLiteral) and all(isinstance(end, IntegerLiteral) for end in here.children()):
            try:
                here.evaluate(context)
            except LiquidError as error:
                raise _named(part, source, error) from error


def _check_readable(part: str, source: str) -> None:
    """Raise TemplateError for what the library would take seconds to refuse, and for what no column holds."""
    if len(source) > LONGEST_SOURCE:
        raise TemplateError(part, None, f"it has {len(source):,} characters; {LONGEST_SOURCE:,} are read")
    if "\0" in source:
        raise TemplateError(part, _line(source, source.index("\0")), "it has a NUL character, which no text may have")
    if blanks := _BLANKS.search(source):
        raise TemplateError(part, _line(source, blanks.start()), f"{MOST_BLANKS} blanks stand in a row")
    for start, end in (("{{", "}}"), ("{%", "%}")):
        # The end would be looked for from every start, to the end of the text each time.
        if (last := source.rfind(start)) >= 0 and source.find(end, last) < 0:
            raise TemplateError(part, _line(source, last), f"{start} is never closed by {end}")


@lru_cache(maxsize=512)
def _parse(part: str, source: str) -> BoundTemplate:
    _check_readable(part, source)
    try:
        return _environment.from_string(source)
    except LiquidError as error:
        raise _named(part, source, error) from error
    except RecursionError as error:
        raise TemplateError(part, None, TOO_DEEP) from error


def _fill(part: str, source: str, facts: Mapping[str, Any]) -> str:
    try:
        return _parse(part, source).render(**facts)
    except LiquidError as error:
        raise _named(part, source, error) from error
    except RecursionError as error:
        raise TemplateError(part, None, TOO_DEEP) from error
    except _UNFORESEEN as error:
        if isinstance(error, TemplateError):
            raise
        # A filter met a value it cannot work with; the message fails, not the sender.
        raise TemplateError(part, None, f"{type(error).__name__}: {error}") from error


def _named(part: str, source: str, error: LiquidError) -> TemplateError:
    token = error.token
    index = token.start_index if token else -1
    return TemplateError(part, _line(source, index), str(error.message))


def _line(source: str, index: int) -> int:
    """The line of a place; what goes wrong at the end of the text has no place of its own."""
    return source.count("\n", 0, index if index >= 0 else None) + 1
