"""Who may bring files in, see what came of them, undo them, and export lists. A part of the table in `access`."""

from __future__ import annotations

from tests.architecture.access_kinds import MANAGERS, Row, about


def _import(methods: str = "GET") -> Row:
    """Only whoever brought the file, and admins."""
    return about("imported", methods, readers=MANAGERS, writers=MANAGERS)


ROWS: dict[str, Row] = {
    "imports:list": Row(readers=MANAGERS),
    "imports:new": Row("GET POST", readers=MANAGERS, writers=MANAGERS),
    "imports:detail": _import(),
    "imports:mapping": _import("GET POST"),
    "imports:loading": _import("POST"),
    "imports:undo": _import("POST"),
    "imports:removal": _import("POST"),
    "imports:rejects": _import(),
    "imports:rows": _import(),
    "imports:kept": _import(),
    "exports:form": Row("GET POST", readers=MANAGERS, writers=MANAGERS, at=lambda world: {"subject": "account"}),
    "api-import-list": Row("GET POST", readers=MANAGERS, writers=MANAGERS),
    "api-import-detail": _import(),
    "api-import-loading": _import("POST"),
    "api-import-undo": _import("POST"),
    "api-import-rejects": _import(),
    "api-import-kept": _import(),
    "api-export-list": Row("POST", readers=MANAGERS, writers=MANAGERS),
    "exports:timeline": about("account", "GET POST", readers=MANAGERS, writers=MANAGERS),
}
