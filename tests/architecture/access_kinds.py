"""The kinds of rows in the access matrix: who may read, who may write, and what the address is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

EVERYBODY = frozenset({"admin", "manager", "agent"})
MANAGERS = frozenset({"admin", "manager"})
ADMINS = frozenset({"admin"})


@dataclass(frozen=True)
class Row:
    """`at` gives the URL's arguments; `foreign` says that they name rows Olaf must not see."""

    methods: str = "GET"
    readers: frozenset[str] = EVERYBODY
    writers: frozenset[str] = EVERYBODY
    at: Callable[[Any], dict[str, Any]] = lambda world: {}
    foreign: bool = False
    public: bool = False


def about(what: str, methods: str = "GET", **more: Any) -> Row:
    """An address under one foreign row, by its number."""
    return Row(methods, at=lambda world: {"pk": getattr(world, what).pk}, foreign=True, **more)


def public(methods: str = "GET", **more: Any) -> Row:
    return Row(methods, public=True, **more)


def for_admins(methods: str = "GET", **at: Any) -> Row:
    """`at`: argument of the URL → how it comes from the world."""
    return Row(methods, readers=ADMINS, writers=ADMINS, at=lambda world: {name: of(world) for name, of in at.items()})
