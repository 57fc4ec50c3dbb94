"""What keeps mail from a person keeps it from whoever they become: switches thrown for them, suppressed addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crm.duplicates.merging.rows import ask


def inherit(loser: int, keeper: int, addresses: tuple[str | None, str | None], now: datetime) -> dict[str, Any]:
    """Stop mail to the keeper where mail to either was stopped; returns what was added, for `give_back`.

    `addresses`: the one that stays, and the one that does not.
    """
    stays, goes = addresses
    switched = ask(
        """
        INSERT INTO crm_switch (scope, thrown_at, thrown_by_id, reason)
        SELECT 'contact:' || %(keeper)s, thrown_at, thrown_by_id, reason FROM crm_switch
        WHERE scope = 'contact:' || %(loser)s
        ON CONFLICT (scope) DO NOTHING RETURNING scope
        """,
        loser=loser, keeper=keeper,
    )  # fmt: skip
    suppressed = ask(
        """
        INSERT INTO crm_suppression (address, reason, created_at)
        SELECT %(stays)s::text, left('Taken over from ' || address || ': ' || reason, 200), %(now)s
        FROM crm_suppression WHERE address = %(goes)s::text AND %(stays)s::text IS NOT NULL
        ON CONFLICT (address) DO NOTHING RETURNING address, reason
        """,
        stays=stays, goes=goes, now=now,
    )  # fmt: skip
    return {"switches": [row[0] for row in switched], "suppressions": [list(row) for row in suppressed]}


def give_back(added: dict[str, Any]) -> None:
    """Take away what `inherit` added, where it still is what was added."""
    ask("DELETE FROM crm_switch WHERE scope = ANY(%(scopes)s)", scopes=added.get("switches", []))
    for address, reason in added.get("suppressions", []):
        ask("DELETE FROM crm_suppression WHERE address = %(address)s AND reason = %(reason)s",
            address=address, reason=reason)  # fmt: skip
