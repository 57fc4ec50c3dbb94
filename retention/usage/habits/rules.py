"""The definitions of interests and heavy users, over the last WINDOW_DAYS days, today included.

**Interests**: the features a customer used most, at most MOST_INTERESTS of them, by their number of uses; of equal ones
the first by the alphabet. Each has its share of all the customer's uses, in whole per cent.

**Heavy users**: of the customers with any use, the tenth, rounded up, who used the product on most days; whoever has as
many days as the last of them belongs to it. Compared are customers of the same plan; where fewer than LEAST_PEERS are
on it, or they are on none, all customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

WINDOW_DAYS = 90
WINDOW = timedelta(days=WINDOW_DAYS)
MOST_INTERESTS = 3
HEAVY_ONE_IN = 10
LEAST_PEERS = 20


def heavy_from(active_days: Sequence[int]) -> int:
    """So many days of use, among these customers, make a heavy user; the database says the same for every plan."""
    return sorted(active_days, reverse=True)[-(-len(active_days) // HEAVY_ONE_IN) - 1]
