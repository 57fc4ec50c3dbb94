"""What one rendering of a user's template may use: processor time, and how large a value may grow on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import thread_time
from typing import Any

from liquid import BoundTemplate, RenderContext
from liquid.exceptions import ResourceLimitError
from liquid.token import Token

#: Of the processor, not of the wall: a busy machine fails no mail. An honest letter takes a hundredth of it.
MOST_SECONDS = 0.25
#: Characters of a text, elements of a list with theirs.
LARGEST_VALUE = 50_000
#: Whoever looks for doubles compares each with each.
MOST_COMPARED = 1_000
#: Digits; money needs fewer.
LONGEST_NUMBER = 60
#: Reading a date takes longer than its length would let one think.
LONGEST_DATE = 60

#: Nodes between two looks at the clock, each of which asks the system.
_STRIDE = 16


def size(value: Any) -> int:
    match value:
        case str():
            return len(value)
        case int():
            return value.bit_length() * LARGEST_VALUE // (LONGEST_NUMBER * 10 // 3)
        case range():
            return len(value)
        case Mapping():
            return len(value)
        case list() | tuple():
            return len(value) + sum(len(part) for part in value if isinstance(part, (str, list, tuple)))
    return 1


def _of_join(value: Any, separator: Any = " ", *_: Any) -> int:
    return size(value) + (len(value) if hasattr(value, "__len__") else 1) * size(str(separator))


def _of_replace(value: Any, old: Any = "", new: Any = "", *_: Any) -> int:
    text = str(value)
    return len(text) + text.count(str(old)) * len(str(new))


def _of_uniq(value: Any, *_: Any) -> int:
    return size(value) if not isinstance(value, list) or len(value) <= MOST_COMPARED else LARGEST_VALUE + 1


def _of_date(value: Any, form: Any = "", *_: Any) -> int:
    return size(value) + size(form) if max(size(str(value)), size(str(form))) <= LONGEST_DATE else LARGEST_VALUE + 1


#: What a filter is about to make or to do, where that is more than a few times what it is given.
_BEFORE: dict[str, Callable[..., int]] = {
    "join": _of_join, "replace": _of_replace, "uniq": _of_uniq, "date": _of_date,
}  # fmt: skip


class MeteredContext(RenderContext):
    """Looks at clock and sizes while a template is filled in. Raises ResourceLimitError."""

    __slots__ = ("_disabled", "_nodes", "_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._until, self._nodes = thread_time() + MOST_SECONDS, 0
        super().__init__(*args, **kwargs)

    # The library asks for this before it renders a node, and nothing else is asked for each.
    @property
    def disabled_tags(self) -> list[str]:
        self._nodes += 1
        if self._nodes % _STRIDE == 0:
            self._look(None)
        return self._disabled

    @disabled_tags.setter
    def disabled_tags(self, tags: list[str]) -> None:
        self._disabled = tags

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        apply = super().filter(name, token)

        def metered(*values: Any, **named: Any) -> object:
            self._look(token)
            if name in _BEFORE:
                _check(name, _BEFORE[name](*values), token)
            made = apply(*values, **named)
            _check(name, size(made), token)
            return made

        return metered

    def _look(self, token: Token | None) -> None:
        if thread_time() > self._until:
            raise ResourceLimitError("it takes too long to fill in: it repeats too much", token=token)


def _check(name: str, made: int, token: Token | None) -> None:
    if made > LARGEST_VALUE:
        raise ResourceLimitError(f"{name} would make or work through too much for a mail", token=token)


class MeteredTemplate(BoundTemplate):
    context_class = MeteredContext
