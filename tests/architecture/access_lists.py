"""The access matrix of people, and of what goes with every list."""

from __future__ import annotations

from typing import Any

from tests.architecture.access_kinds import MANAGERS, Row, about


def _of_accounts(methods: str = "GET", **more: Any) -> Row:
    return Row(methods, at=lambda world: {"subject": "account", **more})


def _of_view(which: str) -> Row:
    """Nobody but Mira, not even an admin, may know of her private views."""
    return Row("POST", writers=frozenset({"manager"}), at=lambda world: {"pk": getattr(world, which).pk}, foreign=True)


ROWS: dict[str, Row] = {
    "contacts:list": Row(),
    "contacts:new": Row(),
    "contacts:detail": about("contact"),
    "contacts:vcard": about("contact"),
    "contacts:edit": about("contact"),
    "contacts:deletion": about("contact", "GET POST", readers=MANAGERS, writers=MANAGERS),
    "lists:views": _of_accounts("POST"),
    **{f"lists:{verb}": _of_view("view") for verb in ("state", "name", "default", "position", "deletion")},
    "lists:restoration": _of_view("gone_view"),
    "lists:filter": _of_accounts("GET POST"),
    "lists:form": _of_accounts("POST"),
    "lists:columns": _of_accounts("GET POST"),
    "lists:quick": _of_accounts(name="owner"),
}
