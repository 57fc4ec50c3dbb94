"""Stripe is told what was decided about a subscription, as `turns` has it.

It is looked at first: what is so already is not asked for, so that asking once more, even after Stripe has forgotten a
key, does nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from crm.billing.actions import wishing
from crm.billing.actions.taking import take
from crm.billing.actions.waiting import NoRate
from crm.billing.models import BillingWish
from crm.billing.stripe import asking, events, turns
from crm.billing.stripe.invoices import id_of
from crm.billing.stripe.subscriptions import coupon_of, day
from crm.billing.stripe.turns import Claimed, Outcome
from crm.billing.told import Told, Unreadable
from crm.inbox.channels.chat import thing, things, words
from crm.ledger.actions.days import midnight
from crm.slots import deciding
from crm.web import clock

State = BillingWish.State
_OVER = ("canceled", "incomplete_expired")
#: Behind whatever else is said of the same second: it says discounts whole.
_LAST = 99

type _Said = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked of which subscription, on which day."""

    what: str
    subscription: str
    on: date | None
    percent: int
    months: int
    coupon: str
    today: date

    @property
    def path(self) -> str:
        return f"/v1/subscriptions/{asking.in_path(self.subscription)}"

    @property
    def at_once(self) -> bool:
        return self.what == deciding.END and self.on is not None and self.on <= self.today


class _Errand(turns.Errand[BillingWish]):
    model = BillingWish
    #: What was decided first is asked first.
    also = """NOT EXISTS (SELECT FROM crm_billingwish e WHERE e.contract_id = q.contract_id AND e.id < q.id
        AND e.state IN ('waiting', 'sending'))"""
    failed = State.TOLD

    def over(self, row: BillingWish) -> tuple[str, str] | None:
        return None

    def what(self, row: BillingWish) -> _Wish:
        today = clock.today(row.asked_at)
        return _Wish(row.what, row.external_id, row.on, row.percent, row.months, row.coupon, today)

    def key(self, row: BillingWish) -> str:
        return f"holdfast-wish-{row.pk}-{row.rounds}"

    def ask(self, one: Claimed, now: datetime) -> Outcome:
        try:
            return _asked(replace(one.what, today=clock.today(now)), one.key, now)
        except asking.Refused as error:
            return Outcome(State.TOLD, str(error))
        except asking.NotAsked as error:
            return Outcome("", str(error), rest=error.rest)
        except asking.Unanswered as error:
            return Outcome("", str(error), sure=False)

    def settle(self, row: BillingWish, state: str, reason: str, code: str, now: datetime) -> None:
        wishing.settle(row, state, reason, code, now)

    def after(self, one: Claimed, outcome: Outcome, now: datetime) -> None:
        """The ledger need not wait for the webhook."""
        if outcome.told is None:
            return
        try:
            take(replace(outcome.told, key=f"wish:{one.pk}:{one.claims}", rank=_LAST), now)
        except NoRate:
            return  # the webhook says the same, and is parked until somebody has given the rate


ERRAND = _Errand()


def work(now: datetime) -> int:
    """See `turns.work`."""
    return turns.work(ERRAND, now)


def next_due(now: datetime) -> datetime | None:
    return turns.next_due(ERRAND, now)


def _asked(wish: _Wish, key: str, now: datetime) -> Outcome:
    seen = asking.read(wish.path, {"expand[0]": "discounts"}, now)
    if seen.status >= 400:
        return _complained(seen)
    if _has(wish, seen.said):
        return Outcome(State.DONE, told=_told(seen))
    if words(seen.said.get("status"), 40) in _OVER:
        if wish.what == deciding.STAY:
            return Outcome(State.TOLD, "Stripe has ended the subscription: it has to be sold anew there.")
        return Outcome(State.CANCELLED, "Stripe has ended the subscription meanwhile.", told=_told(seen))
    if wish.what == deciding.LESS:
        if seen.said.get("discount") and not isinstance(seen.said.get("discounts"), list):
            return Outcome(State.TOLD, "It has a discount at Stripe already, and can have one only.")
        made = asking.post("/v1/coupons", f"{key}-coupon", now, _coupon(wish))
        if made.status >= 400 and made.code != "resource_already_exists":
            return _complained(made)
    if wish.at_once:
        answer = asking.delete(wish.path, now)
    else:
        said = {**_HOW[wish.what](wish, seen.said), "expand[0]": "discounts"}
        mark = hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()[:12]
        answer = asking.post(wish.path, f"{key}-{mark}", now, said)
    if answer.status >= 400:
        return _complained(answer)
    if _has(wish, answer.said):
        return Outcome(State.DONE, told=_told(answer))
    return Outcome(State.UNCERTAIN, "Stripe took it, and its answer does not say so.", told=_told(answer))


def _complained(answer: asking.Answered) -> Outcome:
    if answer.is_in_the_way:
        return Outcome("", answer.reason, answer.code, sure=False)
    return Outcome(State.TOLD, f"Stripe refused it: {answer.reason}", answer.code)


def _told(answer: asking.Answered) -> Told | None:
    try:
        return events.subscription(dict(answer.said), answer.at)
    except Unreadable:
        return None


# What it says, and what it is asked -----------------------------------------------------------------------------------


def _has(wish: _Wish, one: Mapping[str, Any]) -> bool:
    """Whether the subscription is as wished."""
    over = words(one.get("status"), 40) in _OVER
    leaves = _leaves(one)
    if wish.what == deciding.END:
        return over or (not wish.at_once and leaves is not None and wish.on is not None and leaves <= wish.on)
    if over:
        return False
    match wish.what:
        case deciding.STAY:
            return leaves is None and not one.get("cancel_at_period_end")
        case deciding.PAUSE:
            return bool(one.get("pause_collection"))
        case deciding.GO_ON:
            return not one.get("pause_collection")
    return (wish.coupon in _coupons(one)) == (wish.what == deciding.LESS)


def _leaves(one: Mapping[str, Any]) -> date | None:
    """The first day without it, where it ends."""
    if found := day(one.get("cancel_at")):
        return found
    return _period_end(one) if one.get("cancel_at_period_end") else None


def _period_end(one: Mapping[str, Any]) -> date | None:
    """Of the subscription, or in newer versions of the API of its items."""
    parts = [one, *things(thing(one.get("items")).get("data"))]
    return max((found for part in parts if (found := day(part.get("current_period_end")))), default=None)


def _discounts(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The id of each, and that of its coupon; blank where it is not said."""
    listed = one.get("discounts")
    for each in listed if isinstance(listed, list) else [one.get("discount")]:
        if isinstance(each, str):
            yield each, ""
        elif found := thing(each):
            coupon = coupon_of(found)
            yield id_of(found), coupon if isinstance(coupon, str) else words(coupon.get("id"), 120)


def _coupons(one: Mapping[str, Any]) -> set[str]:
    return {coupon for _, coupon in _discounts(one)}


def _coupon(wish: _Wish) -> _Said:
    return {
        "id": wish.coupon, "percent_off": wish.percent, "duration": "repeating", "duration_in_months": wish.months,
        "max_redemptions": 1, "name": f"{wish.percent} % less",
    }  # fmt: skip


def _end(wish: _Wish, one: Mapping[str, Any]) -> _Said:
    assert wish.on
    if _period_end(one) == wish.on:
        return {"cancel_at_period_end": "true"}
    return {"cancel_at": int(midnight(wish.on).timestamp())}


def _stay(wish: _Wish, one: Mapping[str, Any]) -> _Said:
    return {"cancel_at_period_end": "false"} if one.get("cancel_at_period_end") else {"cancel_at": ""}


def _pause(wish: _Wish, one: Mapping[str, Any]) -> _Said:
    """Bills of the time between are void: nothing is charged later for it."""
    until = {"pause_collection[resumes_at]": int(midnight(wish.on).timestamp())} if wish.on else {}
    return {"pause_collection[behavior]": "void", **until}


def _less(wish: _Wish, one: Mapping[str, Any]) -> _Said:
    """Beside whatever else is taken off."""
    if not isinstance(one.get("discounts"), list):
        return {"coupon": wish.coupon}
    kept = [found for found, _ in _discounts(one)]
    return {f"discounts[{n}][discount]": id_ for n, id_ in enumerate(kept)} | {
        f"discounts[{len(kept)}][coupon]": wish.coupon
    }


def _full(wish: _Wish, one: Mapping[str, Any]) -> _Said:
    if not isinstance(one.get("discounts"), list):
        return {"coupon": ""}
    kept = [found for found, coupon in _discounts(one) if coupon != wish.coupon]
    return {f"discounts[{n}][discount]": id_ for n, id_ in enumerate(kept)} or {"discounts": ""}


_HOW: dict[str, Callable[[_Wish, Mapping[str, Any]], _Said]] = {
    deciding.END: _end, deciding.STAY: _stay, deciding.PAUSE: _pause, deciding.LESS: _less, deciding.FULL: _full,
    deciding.GO_ON: lambda wish, one: {"pause_collection": ""},
}  # fmt: skip
