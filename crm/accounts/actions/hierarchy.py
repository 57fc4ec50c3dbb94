"""Which customer belongs to which: never in a circle, and seen only as far as the viewer sees customers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q

from crm.accounts.models import Account

#: Customers below one that its page names.
MOST_CHILDREN = 50
#: Held while somebody changes who belongs to whom: two changes that are right alone may make a circle together.
_LOCK = 4_410_018

_ABOVE = """
    WITH RECURSIVE above AS (
        SELECT id, parent_id, name FROM crm_account WHERE id = %(start)s
        UNION SELECT a.id, a.parent_id, a.name FROM crm_account a JOIN above ON a.id = above.parent_id
    )
    SELECT EXISTS (SELECT FROM above WHERE id = %(account)s)
"""


def circle(account: Account, parent: Account) -> str:
    """Why `account` cannot belong to `parent`; blank if it can. Called in the transaction that saves it."""
    if account.pk is None:
        return ""
    if account.pk == parent.pk:
        return "A customer cannot be a part of itself."
    with connection.cursor() as cursor:
        if transaction.get_connection().in_atomic_block:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_ABOVE, {"start": parent.pk, "account": account.pk})
        if not cursor.fetchone()[0]:
            return ""
    return (
        f"{parent} belongs to {account} already, directly or through others: this would make a circle. "
        f"Take {parent} out of it first."
    )


@dataclass(frozen=True, slots=True)
class Family:
    """The customers around one that the viewer may see."""

    parent: dict[str, Any] | None
    children: list[dict[str, Any]]  # the greatest MRR first
    mrr: Decimal  # of the account and the children together, a month
    more: bool  # there are children that are not named


def family(account: Account, viewer: Any) -> Family:
    """Its parent and its children, in one query."""
    above = Q(pk=account.parent_id or 0)
    around = Account.objects.visible_to(viewer).filter(above | Q(parent=account.pk))
    first = ExpressionWrapper(above, BooleanField()).desc()
    columns = ("id", "name", "mrr", "lifecycle")
    rows = list(around.order_by(first, "-mrr", "name").values(*columns)[: MOST_CHILDREN + 2])
    parent = next((row for row in rows if row["id"] == account.parent_id), None)
    children = [row for row in rows if row is not parent]
    shown = children[:MOST_CHILDREN]
    total = sum((row["mrr"] for row in shown), account.mrr)
    return Family(parent, shown, total, len(children) > len(shown))
