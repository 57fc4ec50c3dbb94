"""Who may do what with the figures of retention: everybody reads those of the customers whom they see."""

from __future__ import annotations

from tests.architecture.access_kinds import Row

ROWS: dict[str, Row] = {
    "retention:dashboard": Row(),
    "retention:recount": Row("POST"),
    "api-metrics-list": Row(),
}
