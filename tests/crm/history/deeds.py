"""Changes as people make them."""

from __future__ import annotations

from crm.history.actions import act
from tests.conftest import NOON


def change(kind, by, rows, at=NOON, **values):
    with act(kind, f"{kind} by {by}", by, at) as deed:
        rows.update(**values)
    return deed
