"""How tickets turn from one status into another, and other arithmetic of the desk."""

from __future__ import annotations

from datetime import timedelta

#: Characters of a text that a ticket takes, and of its beginning that the timeline shows.
LONGEST_TEXT, SHOWN = 100_000, 1500
#: What people say more than so long ago starts nothing: a mailbox that is read for the first time holds years of it.
NEWS_FOR = timedelta(days=3)

#: Statuses of `Ticket.Status` by what they wait for.
WAITS_FOR_US = frozenset({"new", "open"})
PAUSES = frozenset({"pending", "on_hold"})
DONE = frozenset({"solved", "closed"})


def after_customer(status: str) -> str:
    """What a ticket turns into when the customer writes. Closed ones stay closed: another one begins."""
    return status if status in ("new", "closed") else "open"


def after_answer(status: str, then: str) -> str:
    """What it turns into when one of ours answers; `then` is what they chose, blank for nothing."""
    return then or ("open" if status == "new" else status)


def reopens(was: str, now: str) -> bool:
    return was in DONE and now not in DONE


def subject_of(text: str) -> str:
    """What a message that brought no subject is about: its first line, ended at a word."""
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    if len(first) <= 80:
        return first or "No subject"
    cut = first[:80]
    return f"{cut[: max(cut.rfind(' '), 40)].rstrip()} …"
