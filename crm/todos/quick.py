"""A task from one line: what `rules.quick` understood, with the customer whom its words name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q

from crm.accounts.models import Account
from crm.segments.filters import OPERATORS
from crm.team.models import User, hours_of
from crm.todos.actions import NewTask
from crm.todos.rules.quick import Line, read

#: Words that no customer is looked for by.
_SMALL = frozenset({
    "a", "about", "again", "and", "at", "by", "for", "from", "her", "him", "his", "if", "in", "of", "on", "or", "our",
    "the", "their", "them", "to", "up", "with", "whether",
})  # fmt: skip
#: Words of a line at which a customer's name may begin, and names that are looked at.
_STARTS, _NAMES = 8, 60


@dataclass(frozen=True)
class QuickTask:
    """What would be saved. `doubt` says why no customer was chosen although the words name some."""

    line: Line
    account: tuple[int, str] | None
    doubt: str = ""

    def task(self, viewer: User) -> NewTask:
        return NewTask(
            self.line.title, self.line.due_at, self.account and self.account[0], owner_id=viewer.pk,
            created_by_id=viewer.pk, kind=self.line.kind, repeats=str(self.line.repeat or ""),
        )  # fmt: skip


def understood(text: str, viewer: User, now: datetime) -> QuickTask | None:
    """None for a line without a title."""
    line = read(text.replace("\0", "")[:200], now, viewer.zone, lambda: hours_of(viewer))
    if not line.title:
        return None
    found = _named(line, viewer, now)
    if len(found) > 1:
        names = " or ".join(f"“{name}”" for _, name in found[:3])
        return QuickTask(line, None, f"Several customers fit, such as {names}. Write more of the name.")
    return QuickTask(line, found[0] if found else None)


def _named(line: Line, viewer: User, now: datetime) -> list[tuple[int, str]]:
    """The customers whose names fit most words of the line: one, or several between which it does not choose."""
    words = [word.casefold() for word in line.about]
    starts = [at for at, word in enumerate(words) if len(word) > 1 and word not in _SMALL][:_STARTS]
    best: tuple[int, bool] = (0, False)
    found: list[tuple[int, str]] = []
    for pk, name in _beginning_with(
        [" ".join(words[at : at + 2]) for at in starts], [words[at] for at in starts], viewer, now
    ):
        fit = max((_fit(name.casefold().split(), words, at, line) for at in starts), default=best)
        if fit[0] and fit > best:
            best, found = fit, []
        if fit[0] and fit == best:
            found.append((pk, name))
    return found


def _beginning_with(pairs: list[str], singles: list[str], viewer: User, now: datetime) -> list[tuple[int, str]]:
    """Customers whose names begin with two of the words, and with one, by the index of names in one query."""
    if not singles:
        return []
    visible = Account.objects.visible_to(viewer).order_by()
    by_two, by_one = (
        visible.filter(_any(texts, now)).values_list("pk", "name")[:_NAMES]
        for texts in (sorted({*pairs}), sorted({*singles}))
    )
    return sorted(set(by_two.union(by_one)))


def _any(texts: list[str], now: datetime) -> Q:
    begins: Any = OPERATORS["text"]["starts_with"]
    return reduce(or_, (Q(begins.sql(F("name"), text, now)) for text in texts))


def _fit(name: list[str], words: list[str], at: int, line: Line) -> tuple[int, bool]:
    """How many words of the name stand in the line from there on, and whether that is the whole name.

    A part of a name only counts where it is written as one, or right after “call”: “report” is not Report Ltd.
    """
    same = 0
    while same < len(name) and at + same < len(words) and name[same] == words[at + same]:
        same += 1
    whole = same == len(name)
    as_name = line.about[at][:1].isupper() and not (at == 0 and not line.kind) if at < len(line.about) else False
    return (same, whole) if whole or as_name or (line.kind and at == 0) else (0, False)
