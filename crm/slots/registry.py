"""Named entries in a stated order: what every slot is made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class AlreadyRegistered(ValueError):
    """Two rooms took the same name in one registry."""


class Registry[T]:
    """Named entries in a stated order; a name can be taken once."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, T] = {}
        self._ordered: list[tuple[str, T]] | None = None

    def register(self, name: str, entry: T) -> T:
        if name in self._entries:
            raise AlreadyRegistered(f"{self.what} {name!r} is registered already")
        self._entries[name] = entry
        self._ordered = None
        return entry

    def get(self, name: str) -> T | None:
        return self._entries.get(name)

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter([entry for _, entry in self.items()])

    def items(self) -> list[tuple[str, T]]:
        """Names with their entries, in the stated order."""
        if self._ordered is None:
            self._ordered = sorted(self._entries.items(), key=lambda item: getattr(item[1], "order", 0))
        return list(self._ordered)

    def names(self) -> list[str]:
        """As they were registered."""
        return list(self._entries)

    @contextmanager
    def temporarily(self, name: str, entry: T) -> Iterator[T]:
        """For tests: the entry exists inside the block only."""
        self.register(name, entry)
        try:
            yield entry
        finally:
            del self._entries[name]
            self._ordered = None
