"""Liquid for mail that users write: plain facts in, text out, within limits, without a loader."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError


class TemplateError(ValueError):
    """A template that cannot be read or filled in. `place` names the part and the line, such as "body, line 3"."""

    def __init__(self, part: str, line: int | None, message: str) -> None:
        self.part, self.line, self.message = part, line, message
        self.place = part if line is None else f"{part}, line {line}"
        super().__init__(f"{self.place}: {message}")


class _Limited(Environment):
    """No template can loop, nest or write without end: three of the four limits are off by default."""

    context_depth_limit = 20
    loop_iteration_limit = 10_000
    local_namespace_limit = 100_000  # bytes
    output_stream_limit = 200_000  # bytes


_environment = _Limited()


def check(subject: str, body: str) -> None:
    """Raise TemplateError unless both parts can be read, with filters that exist and without other templates."""
    for part, source in (("subject", subject), ("body", body)):
        used = _parse(part, source).analyze(include_partials=False)
        unknown = {name: spans for name, spans in used.filters.items() if name not in _environment.filters}
        for name, spans in unknown.items():
            raise TemplateError(part, _line(source, spans[0].index), f"there is no filter named {name}")
        for name in used.tags.keys() & {"include", "render"}:
            raise TemplateError(part, _line(source, used.tags[name][0].index), f"{name}: mail has no other templates")


def render(subject: str, body: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Subject (one line) and plain text, filled in; a fact that is missing is blank. Raises TemplateError."""
    return " ".join(_fill("subject", subject, facts).split()), _fill("body", body, facts).strip() + "\n"


@lru_cache(maxsize=512)
def _parse(part: str, source: str) -> BoundTemplate:
    try:
        return _environment.from_string(source)
    except LiquidError as error:
        raise _named(part, source, error) from error


def _fill(part: str, source: str, facts: Mapping[str, Any]) -> str:
    try:
        return _parse(part, source).render(**facts)
    except LiquidError as error:
        raise _named(part, source, error) from error
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
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
