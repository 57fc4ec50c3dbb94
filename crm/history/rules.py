"""How long an act can be taken back and is remembered, and what is done at once. Arithmetic alone."""

from __future__ import annotations

from datetime import datetime, timedelta

#: An act can be undone for so many days.
UNDO_DAYS = 30
#: More rows than this are changed, or taken back, by a worker, slice by slice.
AT_ONCE = 2_000
#: Rows of one slice: some seconds of work, and a few megabytes.
SLICE = 1_000
#: What an undo kept is named up to here, and counted beyond.
NAMED = 1_000


def may_still_be_undone(at: datetime, now: datetime) -> bool:
    """To the second: thirty days after the act it is too late."""
    return now - at < timedelta(days=UNDO_DAYS)


def forgotten_before(now: datetime, keep_days: int) -> datetime:
    """Acts older than this are removed, with the changes they made."""
    return now - timedelta(days=max(keep_days, UNDO_DAYS))


#: What a subject's rows are called inside a sentence.
NOUNS = {
    "account": ("customer", "customers"), "contact": ("person", "people"), "task": ("task", "tasks"),
    "ticket": ("ticket", "tickets"),
}  # fmt: skip


def number_of(rows: int, subject: str) -> str:
    """“1 customer”, “23,451 people”."""
    one, many = NOUNS.get(subject, ("row", "rows"))
    return f"{rows:,} {one if rows == 1 else many}"
