"""Who may do what on the desk of an account manager: the rows of a customer's page and of its dialogs."""

from __future__ import annotations

from tests.architecture.access_kinds import Row, about

#: Whoever wrote a note, and nobody else.
_WRITER = frozenset({"manager"})


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
}
