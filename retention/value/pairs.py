"""Products that go together, and what to recommend to whom.

Of everybody who bought anything named within WINDOW_DAYS, N customers: of two products with a and b buyers, ab of them
the same, **lift** = ab × N / (a × b). Above 1, whoever bought the one bought the other more often than everybody does.
Pairs of fewer than LEAST_BOTH customers say nothing. Of each product the MOST_OTHERS best are kept, of MOST_PRODUCTS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from crm.segments.rules import day_start
from crm.web import clock, wording

WINDOW_DAYS = 730
LEAST_BOTH = 5
MOST_OTHERS = 5
MOST_PRODUCTS = 500
#: Of a customer's products those bought last, so that a wholesaler does not pair everything with everything.
MOST_OF_ONE = 30
#: To one customer.
MOST_SAID = 3

_DERIVE = """
    WITH bought AS (
        SELECT p.account_id, i.product, max(p.purchased_at) AS at
        FROM crm_purchase p JOIN crm_purchaseitem i ON i.purchase_id = p.id
        WHERE p.purchased_at >= %(since)s AND i.product <> '' GROUP BY p.account_id, i.product
    ), basket AS MATERIALIZED (
        SELECT account_id, product FROM (
            SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY at DESC, product) AS place FROM bought
        ) AS placed WHERE place <= %(of_one)s
    ), product AS MATERIALIZED (
        SELECT product, count(*) AS buyers FROM basket GROUP BY product HAVING count(*) >= %(least)s
        ORDER BY count(*) DESC, product LIMIT %(products)s
    ), everybody AS (
        SELECT count(DISTINCT account_id) AS n FROM basket
    ), pair AS (
        SELECT one.product, other.product AS other, count(*) AS together FROM basket one
        JOIN basket other ON other.account_id = one.account_id AND other.product <> one.product
        WHERE one.product IN (SELECT product FROM product) AND other.product IN (SELECT product FROM product)
        GROUP BY one.product, other.product HAVING count(*) >= %(least)s
    ), lifted AS (
        SELECT pair.product, pair.other, pair.together, a.buyers,
            round(pair.together * everybody.n::numeric / (a.buyers * b.buyers), 2) AS lift
        FROM pair JOIN product a ON a.product = pair.product JOIN product b ON b.product = pair.other, everybody
        WHERE pair.together * everybody.n > a.buyers * b.buyers
    ), best AS MATERIALIZED (
        SELECT * FROM (
            SELECT *, row_number() OVER (PARTITION BY product ORDER BY lift DESC, together DESC, other) AS place
            FROM lifted
        ) AS placed WHERE place <= %(others)s
    ), gone AS (
        DELETE FROM retention_productpair p
        WHERE NOT EXISTS (SELECT FROM best WHERE best.product = p.product AND best.other = p.other)
    )
    INSERT INTO retention_productpair AS p (product, other, buyers, together, lift)
    SELECT product, other, buyers, together, lift FROM best ORDER BY product, other
    ON CONFLICT (product, other) DO UPDATE
    SET buyers = EXCLUDED.buyers, together = EXCLUDED.together, lift = EXCLUDED.lift
    WHERE (p.buyers, p.together, p.lift) IS DISTINCT FROM (EXCLUDED.buyers, EXCLUDED.together, EXCLUDED.lift)
"""

_FOR = """
    WITH bought AS MATERIALIZED (
        SELECT DISTINCT p.account_id, i.product FROM crm_purchase p JOIN crm_purchaseitem i ON i.purchase_id = p.id
        WHERE p.account_id = ANY(%(ids)s) AND i.product <> ''
    ), offered AS (
        SELECT b.account_id, r.other, max(r.lift) AS lift,
            (array_agg(b.product ORDER BY r.lift DESC, b.product))[1] AS because
        FROM bought b JOIN retention_productpair r ON r.product = b.product
        WHERE NOT EXISTS (SELECT FROM bought has WHERE has.account_id = b.account_id AND has.product = r.other)
        GROUP BY b.account_id, r.other
    )
    SELECT account_id, other, because, lift FROM (
        SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY lift DESC, other) AS place FROM offered
    ) AS placed WHERE place <= %(most)s ORDER BY account_id, place
"""


@dataclass(frozen=True, slots=True)
class Recommended:
    """A product that they do not have, since they have `because`; `lift` as it reads."""

    product: str
    because: str
    lift: str


def derive(today: date) -> None:
    """Which products go together today; what does not any more goes. Written is only what differs."""
    since = day_start(today - timedelta(days=WINDOW_DAYS), clock.zone())
    with connection.cursor() as cursor:
        cursor.execute(_DERIVE, {
            "since": since, "least": LEAST_BOTH, "others": MOST_OTHERS, "products": MOST_PRODUCTS,
            "of_one": MOST_OF_ONE,
        })  # fmt: skip


def recommended(account_ids: Sequence[int]) -> dict[int, list[Recommended]]:
    """The best for each account, the best first; who bought nothing, or has it all, is missing."""
    found: dict[int, list[Recommended]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_FOR, {"ids": list(account_ids), "most": MOST_SAID})
        for account_id, other, because, lift in cursor.fetchall():
            found.setdefault(account_id, []).append(Recommended(other, because, f"{lift:.1f}"))
    return found


def said(account_ids: Sequence[int], now: datetime) -> Mapping[int, str]:
    """For mails: “Exports, Reports and Alerts”; blank for whom nothing is known."""
    found = recommended(account_ids)
    return {pk: wording.listed([one.product for one in found.get(pk, [])]) for pk in account_ids}
