"""Who is in which group: a place for each customer, the same for ever, worked out alike in SQL and in Python.

A place is a number below PLACES, as if drawn by lot for each `salt` (a workflow, or everything that runs by itself). A
group of so many per cent are the lowest places, so that a group that grows keeps whoever is in it.
"""

from __future__ import annotations

from hashlib import md5

PLACES = 10_000
#: Places that make one per cent.
A_PERCENT = PLACES // 100

#: The salt of the group that gets nothing that runs by itself at all.
EVERYTHING = "everything"


def place_sql(salt: str, account: str) -> str:
    """The place of the account whose id stands in this column; to be executed with values. The salt is one of ours."""
    return f"(('x' || left(md5('{salt}:' || {account}), 8))::bit(32)::bigint %% {PLACES})"


def place(salt: str, account_id: int) -> int:
    digest = md5(f"{salt}:{account_id}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % PLACES


def of_workflow(workflow_id: int) -> str:
    """The salt of one workflow, whose groups have nothing to do with those of others."""
    return f"workflow:{workflow_id}"


def is_held(salt: str, account_id: int, percent: int) -> bool:
    """Whether the account is among so many per cent."""
    return percent > 0 and place(salt, account_id) < percent * A_PERCENT
