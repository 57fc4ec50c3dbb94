"""Who may do what on the desk of an account manager, the rows of a customer's page and of its dialogs; and what admins
set about the support desk."""

from __future__ import annotations

from typing import Any

from crm.tickets.models import BlockedSender
from tests.architecture.access_kinds import Row, about, for_admins
from tests.conftest import NOON

#: Whoever wrote a note, and nobody else.
_WRITER = frozenset({"manager"})


def set_up_desk(world: Any) -> None:
    """Somebody whom nobody hears."""
    world.blocked = BlockedSender.objects.create(channel="email", handle="spam@x.example", at=NOON)


def _note(methods: str) -> Row:
    return Row(
        methods,
        readers=_WRITER,
        writers=_WRITER,
        at=lambda world: {"pk": world.account.pk, "entry_pk": world.note.pk},
        foreign=True,
    )


def _file(methods: str) -> Row:
    return Row(methods, at=lambda world: {"pk": world.account.pk, "file_pk": world.file.pk}, foreign=True)


ROWS: dict[str, Row] = {
    "accounts:names": Row(),
    "accounts:fact": Row("GET POST", at=lambda world: {"pk": world.account.pk, "name": "industry"}, foreign=True),
    "accounts:narrowing": about("account"),
    "accounts:files": about("account", "GET POST"),
    "accounts:file": _file("GET"),
    "accounts:file_deletion": _file("POST"),
    "accounts:file_restoration": _file("POST"),
    "accounts:hand_offs": about("account"),
    "accounts:hand_off": about("account", "GET POST"),
    "accounts:goal": about("account", "GET POST"),
    "touches:log": about("account", "GET POST"),
    "touches:plan": about("account", "GET POST"),
    "touches:mentions": Row(),
    "touches:note": _note("GET POST"),
    "touches:note_deletion": _note("POST"),
    "desk:edit": for_admins("GET POST"),
    "desk:macros": for_admins("GET"),
    "desk:new_macro": for_admins("GET POST"),
    "desk:macro": for_admins("GET POST", pk=lambda world: world.macro.pk),
    "desk:switch_macro": for_admins("POST", pk=lambda world: world.macro.pk),
    "desk:preview": for_admins("POST"),
    "desk:block": for_admins("POST"),
    "desk:unblock": for_admins("POST", pk=lambda world: world.blocked.pk),
}
