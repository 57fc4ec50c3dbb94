"""Who may do what with segments: nobody but Mira, not even an admin, may know of her private ones."""

from __future__ import annotations

from typing import Any

from tests.architecture.access_kinds import Row

_HER = frozenset({"manager"})


def _hers(methods: str = "GET", **more: Any) -> Row:
    return Row(methods, readers=_HER, writers=_HER, at=lambda world: {"pk": world.segment.pk}, foreign=True, **more)


ROWS: dict[str, Row] = {
    "segments:list": Row(),
    "segments:new": Row("GET POST"),
    "segments:count": Row("POST", at=lambda world: {"subject": "account"}),
    "segments:detail": _hers(),
    "segments:edit": _hers("GET POST"),
    "segments:archiving": _hers("POST"),
    "segments:restoration": _hers("POST"),
    "api-segment-list": Row("GET POST"),
    "api-segment-detail": _hers("GET PUT PATCH"),
    "api-segment-members": _hers("POST"),
}
