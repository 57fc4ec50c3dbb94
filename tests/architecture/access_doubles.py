"""Who may look at duplicates and gaps, merge, export and erase a person. A part of the table in `access`."""

from __future__ import annotations

from tests.architecture.access_kinds import ADMINS, MANAGERS, Row, about


def _of_pair() -> Row:
    return Row("POST", writers=MANAGERS, at=lambda world: {"subject": "account", "pk": world.pair.pk}, foreign=True)


ROWS: dict[str, Row] = {
    "duplicates:list": Row(readers=MANAGERS),
    "duplicates:like": Row(at=lambda world: {"subject": "account"}),
    "duplicates:apart": _of_pair(),
    "duplicates:later": _of_pair(),
    "duplicates:again": _of_pair(),
    "duplicates:choose": Row(
        readers=MANAGERS, at=lambda world: {"subject": "contact", "pk": world.contact.pk}, foreign=True
    ),
    "duplicates:merge": Row(
        "GET POST", readers=MANAGERS, writers=MANAGERS, foreign=True,
        at=lambda world: {"subject": "account", "keeper": world.account.pk, "loser": world.pair.second_id},
    ),
    "quality:report": Row(),
    "quality:counting": Row("POST"),
    "privacy:person": about("contact", readers=MANAGERS),
    "privacy:export": about("contact", readers=MANAGERS),
    "privacy:erasure": about("contact", "GET POST", readers=ADMINS, writers=ADMINS),
}  # fmt: skip
