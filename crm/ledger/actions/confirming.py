"""That what was sold is confirmed is told once, whoever reports it: a person, billing, a program or a file.

It stands in the audit log as one act, and on the customer's timeline as one entry; both go when it is undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection

from crm.history.actions import act
from crm.history.models import Act
from crm.ledger.actions.starting import tell_started
from crm.ledger.models import Contract
from crm.team.models import User
from crm.timeline.actions import found, record, recording_found

CONFIRMED = "contract.confirmed"

#: Facts of the contracts among {which}, as `recording_found` takes them; it wants `now`.
_FACTS = """
    SELECT c.account_id, NULL::bigint AS contact_id, 'contract.confirmed' AS kind, %(now)s AS at, {source} AS source,
        {actor}::bigint AS actor_id, '' AS channel,
        'Contract ' || coalesce(nullif(c.plan, ''), c.id::text) || ' confirmed' AS text,
        jsonb_build_object('contract', c.id, 'contract_id', c.id, 'plan', c.plan, 'currency', c.currency) AS payload,
        'contract.confirmed:' || c.id AS key
    FROM crm_contract c WHERE c.id IN ({which})
"""

_ONE = _FACTS.format(which="SELECT %(contract)s::bigint", source="%(source)s", actor="%(actor)s")

_MANY = recording_found(_FACTS.format(which="SELECT unnest(%(contracts)s::bigint[])", source="'import'", actor="NULL"))


@contextmanager
def confirming(
    sold: Contract,
    by: User | None,
    now: datetime,
    *,
    source: str = "automatic",
    detail: Mapping[str, Any] | None = None,
) -> Iterator[Act]:
    """What is written inside confirms this contract, which is locked and expected."""
    about = {"contract": sold.pk, **(detail or {})}
    with act(CONFIRMED, f"confirmed the contract {sold.plan or sold.pk}", by, now, about) as deed:
        yield deed
        told = [*_tell(sold.pk, by, now), *tell_started(sold.pk, by, now)]
        deed.detail["told"] = [*deed.detail.get("told", ()), *told]


def tell_confirmed(contract_ids: Sequence[int], now: datetime) -> list[int]:
    """As `confirming` does, for those that a file confirms: history, to which nothing reacts. Returns the entries.

    The file's own act says how many they were.
    """
    if not contract_ids:
        return []
    with act(CONFIRMED, "confirmed contracts", None, now) as deed, connection.cursor() as cursor:
        deed.label = _with_count(deed.label, len(contract_ids))
        cursor.execute(_MANY, {"contracts": list(contract_ids), "now": now})
        return [row[0] for row in cursor.fetchall()]


def _with_count(label: str, many: int) -> str:
    said = f", confirming {many:,} sold contract{'' if many == 1 else 's'}"
    return label[: (Act._meta.get_field("label").max_length or 0) - len(said)] + said


def _tell(contract_id: int, by: User | None, now: datetime) -> list[int]:
    values: dict[str, Any] = {
        "contract": contract_id, "source": "person" if by else "automatic", "actor": by.pk if by else None,
    }  # fmt: skip
    return record(found(_ONE, values, now=now), now=now)
