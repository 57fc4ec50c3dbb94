"""A contract, as all that was said of it adds up: when it ran, at which price, and how it stands.

Two ways of saying it are understood. *Terms*, as files and other systems say them: `starts_on` names the term, and its
`ends_on` and `mrr` are the term's. *Periods*, as Stripe says them: `since` when it began, `period_starts_on` and
`period_ends_on` of the period that runs, and the `mrr` of that moment: a price that came with its period holds from its
first day on, another from the day on which it was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from crm.billing.rules.facts import Said, steps

#: It may never begin: nobody has paid for the first time yet.
INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Term:
    """Half-open, as everywhere. `period_starts_on` where it is the later part of a period."""

    starts_on: date
    ends_on: date | None
    mrr: Decimal
    period_starts_on: date | None = None


@dataclass(frozen=True, slots=True)
class Contracted:
    """What the ledger is to hold of a contract."""

    plan: str
    status: str
    currency: str
    auto_renew: bool
    paid_from: date | None
    cancelled_on: date | None
    terms: tuple[Term, ...]


def contract(facts: Iterable[Said]) -> Contracted | None:
    """None: it has not begun, or it cannot be said when and for how much."""
    book, holds = _Book(), dict[str, Any]()
    for one, now in steps(facts):
        if now.get("status", "paid") != INCOMPLETE:
            holds = now
            book.take(one.said, now)
    terms = book.in_order()
    if not terms or not holds.get("currency"):
        return None
    status = "cancelled" if book.ended else str(holds.get("status") or "paid")
    return Contracted(
        plan=str(holds.get("plan") or ""), status=status, currency=str(holds["currency"]),
        auto_renew=bool(holds.get("auto_renew")) and not book.ended, paid_from=book.paid_from(status, holds),
        cancelled_on=book.ended, terms=terms,
    )  # fmt: skip


@dataclass
class _Book:
    """The terms while facts are read, by their first day."""

    terms: dict[date, Term] = field(default_factory=dict)
    ended: date | None = None
    tried: bool = False
    first_paid_on: date | None = None  # after a trial

    def take(self, said: Mapping[str, Any], holds: Mapping[str, Any]) -> None:
        status, on = holds.get("status") or "paid", date.fromisoformat(said["on"])
        if status == "trial":
            self.tried, self.first_paid_on = True, None
        elif self.tried and self.first_paid_on is None:
            self.first_paid_on = on
        if status == "cancelled":
            self.ended = min(self.ended, on) if self.ended else _day(said.get("ended_on")) or on
            if not self.terms:
                self._write(said, holds, on)
            return
        if self.ended:
            self._leave_gap(self.ended, on)
            self.ended = None
        self._write(said, holds, on)

    def paid_from(self, status: str, holds: Mapping[str, Any]) -> date | None:
        """What came before was a trial, and counts for nothing."""
        if status == "trial":
            return None
        return _day(holds.get("trial_ends_on")) or self.first_paid_on

    def in_order(self) -> tuple[Term, ...]:
        """One after the other: each ends at the latest where the next begins."""
        rows = [self.terms[day] for day in sorted(self.terms)]
        followed = [_cut(row, later.starts_on) for row, later in pairwise(rows)]
        return tuple(row for row in [*followed, *rows[-1:]] if row.ends_on is None or row.ends_on > row.starts_on)

    def _write(self, said: Mapping[str, Any], holds: Mapping[str, Any], on: date) -> None:
        mrr = Decimal(str(holds.get("mrr") or 0))
        if starts_on := _day(said.get("starts_on")):
            known = self.terms.get(starts_on)
            ends_on = _day(said["ends_on"]) if "ends_on" in said else known.ends_on if known else None
            self.terms[starts_on] = Term(starts_on, ends_on, mrr, known.period_starts_on if known else None)
        elif said.get("period_starts_on"):
            self._period(said, mrr, on)
        elif self.terms:
            self._from_then_on(said, mrr, on)

    def _period(self, said: Mapping[str, Any], mrr: Decimal, on: date) -> None:
        starts_on, ends_on = date.fromisoformat(said["period_starts_on"]), _day(said.get("period_ends_on"))
        since = _day(said.get("since")) or starts_on
        if not self.terms and since < starts_on:
            self.terms[since] = Term(since, starts_on, mrr)
        self._up_to(starts_on)
        running = self._covering(max(on, starts_on)) or self.terms.get(starts_on)
        if running is None or running.starts_on < starts_on:
            self.terms[starts_on] = Term(starts_on, ends_on, mrr)
        elif running.mrr != mrr:
            self._split(running, max(on, starts_on), mrr, starts_on)
        self._end(starts_on, ends_on)
        if later := said.get("later"):
            day = _day(later[0])
            if day and (part := self._covering(day)) and part.starts_on >= starts_on:
                self._split(part, day, Decimal(str(later[1])), starts_on)

    def _up_to(self, day: date) -> None:
        """What ended before a period began of which we were told went on until then: somebody has missed a period."""
        before = [one for one in self.terms.values() if one.starts_on < day]
        if before and (last := max(before, key=lambda one: one.starts_on)).ends_on != day:
            self.terms[last.starts_on] = replace(last, ends_on=day)

    def _end(self, period: date, ends_on: date | None) -> None:
        """The period ends there: so does its last part, and nothing comes behind it any more."""
        for day in [day for day in self.terms if ends_on and day >= ends_on]:
            del self.terms[day]
        last = self.terms[max(self.terms)]
        if last.starts_on >= period:
            self.terms[last.starts_on] = replace(last, ends_on=ends_on)

    def _from_then_on(self, said: Mapping[str, Any], mrr: Decimal, on: date) -> None:
        """A term that nobody names is the one that runs then, or else the last one."""
        last = self._covering(on) or self.terms[max(self.terms)]
        if "ends_on" in said:
            last = self.terms[last.starts_on] = replace(last, ends_on=_day(said["ends_on"]))
        if "mrr" in said and last.mrr != mrr:
            self._split(last, max(on, last.starts_on), mrr, last.period_starts_on or last.starts_on)

    def _split(self, term: Term, day: date, mrr: Decimal, period: date) -> None:
        """From the day on another price, to the same end."""
        if day <= term.starts_on:
            self.terms[term.starts_on] = replace(term, mrr=mrr)
        elif term.ends_on is None or day < term.ends_on:
            self.terms[term.starts_on] = replace(term, ends_on=day)
            self.terms[day] = Term(day, term.ends_on, mrr, period)

    def _covering(self, day: date) -> Term | None:
        running = (
            one for one in self.terms.values() if one.starts_on <= day and (not one.ends_on or day < one.ends_on)
        )
        return max(running, key=lambda one: one.starts_on, default=None)

    def _leave_gap(self, gap_from: date, back_on: date) -> None:
        """They were gone from a day to another: no term runs between."""
        for term in list(self.terms.values()):
            goes_on = term.ends_on is None or term.ends_on > back_on
            if term.starts_on >= back_on or (term.ends_on and term.ends_on <= gap_from):
                continue
            del self.terms[term.starts_on]
            if term.starts_on < gap_from:
                self.terms[term.starts_on] = replace(term, ends_on=gap_from)
            if goes_on:
                began = term.period_starts_on or term.starts_on
                self.terms[back_on] = Term(back_on, term.ends_on, term.mrr, began if began < back_on else None)


def _cut(term: Term, day: date) -> Term:
    return replace(term, ends_on=day) if term.ends_on is None or term.ends_on > day else term


def _day(said: Any) -> date | None:
    return date.fromisoformat(said) if said else None
