"""What was decided here, while billing still says what was before: what of a report is believed, and when it has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from crm.billing.rules.contracts import Contracted, Term

#: Of a subscription whose discounts were named and not said: the price is the one without them.
UNSAID = "a discount was not said, and is not taken off until the next look"

_CANCELLED, _PAUSED, _PAID = "cancelled", "paused", "paid"


@dataclass(frozen=True, slots=True)
class Wish:
    """As `crm.slots.deciding.Decided`. `price` is a month's, without the discount."""

    what: str
    asked_on: date
    on: date | None = None
    percent: int = 0
    price: Decimal | None = None

    @property
    def reduced(self) -> Decimal | None:
        if self.price is None:
            return None
        return (self.price * (100 - self.percent) / 100).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def has(said: Contracted, wish: Wish) -> bool:
    """Whether billing has what was wished. Of one that is over there nothing is left to wish, but that it goes on."""
    if said.status == _CANCELLED and wish.what != "stay":
        return True
    return _HAS[wish.what](said, wish)


def held(said: Contracted, wishes: Sequence[Wish]) -> Contracted | None:
    """What billing says, with what it does not know yet. None: nothing of it can be believed until it does."""
    for wish in wishes:
        if has(said, wish):
            continue
        if said.status == _CANCELLED:
            return None
        said = _HELD[wish.what](said, wish)
    return said


def _ends(said: Contracted, wish: Wish) -> bool:
    last = said.terms[-1].ends_on
    return not said.auto_renew and last is not None and wish.on is not None and last <= wish.on


def _stays(said: Contracted, wish: Wish) -> bool:
    if said.status == _CANCELLED:
        return False
    last = said.terms[-1].ends_on
    return said.auto_renew or last is None or (wish.on is not None and last > wish.on)


def _costs(said: Contracted, wish: Wish, price: Decimal | None) -> bool:
    return any(term.mrr == price for term in said.terms if _within(term, wish))


def _within(term: Term, wish: Wish) -> bool:
    begun = wish.on is None or term.starts_on < wish.on
    return begun and (term.ends_on is None or term.ends_on > wish.asked_on)


_HAS: dict[str, Callable[[Contracted, Wish], bool]] = {
    "end": _ends,
    "stay": _stays,
    "pause": lambda said, wish: said.status != _PAID,
    "go_on": lambda said, wish: said.status != _PAUSED,
    "less": lambda said, wish: not _costs(said, wish, wish.price),
    "full": lambda said, wish: not _costs(said, wish, wish.reduced),
}


def _end(said: Contracted, wish: Wish) -> Contracted:
    assert wish.on
    if wish.on <= wish.asked_on:
        return replace(said, status=_CANCELLED, auto_renew=False, cancelled_on=wish.on)
    kept = [
        replace(term, ends_on=wish.on) if term.ends_on is None or term.ends_on > wish.on else term
        for term in said.terms if term.starts_on < wish.on
    ]  # fmt: skip
    return replace(said, auto_renew=False, terms=tuple(kept) or said.terms)


def _priced(said: Contracted, wish: Wish, was: Decimal | None, price: Decimal | None) -> Contracted:
    """Within the days of the wish, terms that cost what was cost what is wished."""
    if was is None or price is None:
        return said
    terms: list[Term] = []
    for term in said.terms:
        if term.mrr != was or not _within(term, wish):
            terms.append(term)
            continue
        began = term.period_starts_on or term.starts_on
        first = max(term.starts_on, wish.asked_on)
        last = min(term.ends_on or date.max, wish.on or date.max)
        if first > term.starts_on:
            terms.append(replace(term, ends_on=first))
        terms.append(Term(first, None if last == date.max else last, price, began if first > began else None))
        if last < (term.ends_on or date.max):
            terms.append(Term(last, term.ends_on, was, began))
    return replace(said, terms=tuple(terms))


_HELD: dict[str, Callable[[Contracted, Wish], Contracted]] = {
    "end": _end,
    "stay": lambda said, wish: replace(said, auto_renew=True),
    "pause": lambda said, wish: replace(said, status=_PAUSED),
    "go_on": lambda said, wish: replace(said, status=_PAID),
    "less": lambda said, wish: _priced(said, wish, wish.price, wish.reduced),
    "full": lambda said, wish: _priced(said, wish, wish.reduced, wish.price),
}
