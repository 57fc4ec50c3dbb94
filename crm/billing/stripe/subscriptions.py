"""A subscription of Stripe, as of the moment at which it looked like this."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from itertools import chain
from typing import Any

from crm.billing.rules.contracts import INCOMPLETE
from crm.billing.rules.money import UnknownInterval, cents, monthly, units
from crm.billing.rules.wishes import UNSAID
from crm.billing.told import Unreadable, json_day
from crm.inbox.channels.chat import number, thing, things, words
from crm.web import clock
from crm.web.days import LATEST_DAY

#: Stripe pauses a subscription whose trial ended without a way to pay: nobody has paid yet. One that is `unpaid` goes
#: on without being charged, and is theirs again when they pay.
_STATUS = {
    "trialing": "trial", "active": "paid", "past_due": "paid", "unpaid": "paused", "paused": "trial",
    "canceled": "cancelled", "incomplete": INCOMPLETE, "incomplete_expired": INCOMPLETE,
}  # fmt: skip


_LAST = datetime(LATEST_DAY.year, 12, 31, tzinfo=UTC).timestamp()


def said_of(one: dict[str, Any], at: datetime) -> dict[str, Any]:
    """In the words of `crm.billing.rules.contracts`, as periods. Raises Unreadable."""
    items = things(thing(one.get("items")).get("data"))
    starts_on, ends_on = _period(one, items)
    status = _STATUS.get(words(one.get("status"), 40), INCOMPLETE)
    if one.get("pause_collection") and status == "paid":
        status = "paused"
    currency = words(one.get("currency"), 3).upper() or _currency(items)
    mrr, notes = _mrr(one, items, currency, at)
    said: dict[str, Any] = {
        "on": json_day(clock.today(at)), "status": status, "currency": currency, "plan": _plan(one, items),
        "mrr": str(mrr), "notes": notes, "since": json_day(day(one.get("start_date"))),
        "period_starts_on": json_day(starts_on), "period_ends_on": json_day(ends_on),
        "trial_ends_on": json_day(day(one.get("trial_end"))), "later": _later(one, items, currency, at),
        "auto_renew": status != "cancelled" and not _has_notice(one, ends_on),
    }  # fmt: skip
    if status == "cancelled":
        said["ended_on"] = json_day(day(one.get("ended_at")) or day(one.get("canceled_at")) or clock.today(at))
    return said


def moment(value: Any) -> datetime | None:
    """Seconds since 1970; None for what is none, or lies beyond the calendar."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LAST:
        return None
    return datetime.fromtimestamp(value, UTC)


def day(value: Any) -> date | None:
    """The civil day of such a moment."""
    found = moment(value)
    return clock.today(found) if found else None


def _period(one: dict[str, Any], items: list[dict[str, Any]]) -> tuple[date, date | None]:
    """Of the subscription, where older versions of the API say it, else of its items."""
    starts = [found for part in [one, *items] if (found := day(part.get("current_period_start")))]
    ends = [found for part in [one, *items] if (found := day(part.get("current_period_end")))]
    starts_on = min(starts, default=day(one.get("start_date")) or day(one.get("created")))
    if starts_on is None:
        raise Unreadable("The subscription does not say when it began.")
    ends_on = max(ends, default=None)
    leaves = day(one.get("cancel_at"))
    if leaves and starts_on < leaves and (ends_on is None or leaves < ends_on):
        ends_on = leaves  # it ends within the period
    return starts_on, ends_on if ends_on and ends_on > starts_on else None


def _has_notice(one: dict[str, Any], ends_on: date | None) -> bool:
    cancel_on = day(one.get("cancel_at"))
    return bool(one.get("cancel_at_period_end")) or bool(cancel_on and ends_on and cancel_on <= ends_on)


def _currency(items: list[dict[str, Any]]) -> str:
    codes = {words(price_of(item).get("currency"), 3).upper() for item in items} - {""}
    return codes.pop() if len(codes) == 1 else ""


def price_of(item: dict[str, Any]) -> dict[str, Any]:
    """Of an item, by its present name or its older one."""
    return thing(item.get("price")) or thing(item.get("plan"))


def _plan(one: dict[str, Any], items: list[dict[str, Any]]) -> str:
    """What it is called: by us in its metadata, else as its prices are. Several are listed."""
    if named := words(thing(one.get("metadata")).get("plan"), 120):
        return named
    found = dict.fromkeys(name for item in items if (name := _price_name(price_of(item))))
    return ", ".join(found)[:120]


def _price_name(price: dict[str, Any]) -> str:
    product = price.get("product")
    called = words(thing(product).get("name"), 100) or words(product, 100)
    return words(price.get("nickname"), 100) or words(price.get("lookup_key"), 100) or called


# What it brings a month -----------------------------------------------------------------------------------------------


def _mrr(one: dict[str, Any], items: list[dict[str, Any]], currency: str, at: datetime) -> tuple[Decimal, list[str]]:
    """All its items, less what discounts take off each time. What is metered, and tiers that are not said, count for
    nothing: nobody knows beforehand what they bring. So does a discount of which only the id is said."""
    notes: list[str] = []
    whole = Decimal(0)
    for item in items:
        price = price_of(item)
        if (amount := _amount(item, price, notes)) is None:
            continue
        interval, count = _interval(price)
        try:
            month = monthly(units(amount, currency), interval, count)
        except UnknownInterval as error:
            raise Unreadable(str(error)) from error
        whole += _discounted(month, item, price, currency, at, notes)  # before those of the whole
    first = price_of(items[0]) if items else {}
    return cents(_discounted(whole, one, first, currency, at, notes)), notes


def _amount(item: dict[str, Any], price: dict[str, Any], notes: list[str]) -> Decimal | None:
    """Minor units each time that it is due, for all of them."""
    named = _price_name(price) or number(price.get("id"))
    if thing(price.get("recurring")).get("usage_type") == "metered" or price.get("usage_type") == "metered":
        notes.append(f"{named} is metered and counts for nothing")
        return None
    quantity = Decimal(item["quantity"]) if isinstance(item.get("quantity"), int) else Decimal(1)
    if price.get("billing_scheme") == "tiered" or price.get("unit_amount_decimal", price.get("unit_amount")) is None:
        found = _tiers(things(price.get("tiers")), quantity, words(price.get("tiers_mode"), 20))
        if found is None:
            notes.append(f"{named} has tiers that were not said, and counts for nothing until the next look")
        return found
    try:
        each = Decimal(str(price.get("unit_amount_decimal") or price.get("unit_amount")))
    except InvalidOperation as error:
        raise Unreadable(f"The price {named} is no number.") from error
    return each * _packs(quantity, thing(price.get("transform_quantity")))


def _packs(quantity: Decimal, packs: dict[str, Any]) -> Decimal:
    """A price may be of a pack of so many: what is begun counts whole, or not at all."""
    size = packs.get("divide_by")
    if not isinstance(size, int) or size < 2:
        return quantity
    rounding = ROUND_FLOOR if packs.get("round") == "down" else ROUND_CEILING
    return (quantity / size).to_integral_value(rounding)


def _tiers(tiers: list[dict[str, Any]], quantity: Decimal, mode: str) -> Decimal | None:
    """All at the price of the tier that is reached (volume), or each part at its own (graduated)."""
    total, below = Decimal(0), Decimal(0)
    for tier in tiers:
        up_to = Decimal(tier["up_to"]) if isinstance(tier.get("up_to"), int) else None
        each = Decimal(str(tier.get("unit_amount_decimal") or tier.get("unit_amount") or 0))
        flat = Decimal(str(tier.get("flat_amount_decimal") or tier.get("flat_amount") or 0))
        reached = up_to is None or quantity <= up_to
        if mode == "volume" and reached:
            return quantity * each + flat
        if mode != "volume":
            part = (quantity if up_to is None or reached else up_to) - below
            total += part * each + flat
            if reached:
                return total
        below = up_to or below
    return None


def _interval(price: dict[str, Any]) -> tuple[str, int]:
    recurring = thing(price.get("recurring")) or price
    count = recurring.get("interval_count")
    return words(recurring.get("interval"), 10), count if isinstance(count, int) else 1


def _discounts(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of a subscription, or of one item of it. Versions of the API that know both places say the same one in each."""
    alone, listed = thing(one.get("discount")), things(one.get("discounts"))
    if alone and not (alone.get("id") and any(each.get("id") == alone["id"] for each in listed)):
        yield alone
    yield from filter(None, listed)


def _is_unsaid(one: dict[str, Any]) -> bool:
    """Whether one is listed by its id, and is not the one that stands beside the list."""
    listed, alone = one.get("discounts"), thing(one.get("discount")).get("id")
    return isinstance(listed, list) and any(isinstance(each, str) and each != alone for each in listed)


def coupon_of(discount: dict[str, Any]) -> dict[str, Any] | str:
    """What it takes off, or the id of it, where only that is said."""
    named = discount.get("coupon") or thing(discount.get("source")).get("coupon")
    return words(named, 120) if isinstance(named, str) else thing(named)


def _discounted(
    whole: Decimal, one: dict[str, Any], price: dict[str, Any], currency: str, at: datetime, notes: list[str]
) -> Decimal:
    """What a month brings less the discounts of a subscription, or of an item; `price` says how often an amount goes
    off. Those that are for the first time alone change nothing of a month."""
    if _is_unsaid(one):
        notes.append(UNSAID)
    for discount in _discounts(one):
        if isinstance(coupon := coupon_of(discount), str):
            notes.append(UNSAID)
            continue
        end = moment(discount.get("end"))
        if coupon.get("duration") == "once" or (end and end <= at):
            continue
        if (percent := coupon.get("percent_off")) is not None:
            whole -= whole * Decimal(str(percent)) / 100
        elif (off := _amount_off(coupon, currency)) and price:
            whole -= monthly(units(off, currency), *_interval(price))
    return max(whole, Decimal(0))


def _amount_off(coupon: dict[str, Any], currency: str) -> int:
    """Minor units of this currency; a coupon says its own, and those of others it may be used with."""
    own = words(coupon.get("currency"), 3).upper()
    said = coupon if own in ("", currency) else thing(thing(coupon.get("currency_options")).get(currency.lower()))
    off = said.get("amount_off")
    return off if isinstance(off, int) and not isinstance(off, bool) else 0


def _later(one: dict[str, Any], items: list[dict[str, Any]], currency: str, at: datetime) -> list[str] | None:
    """From which day on the price is another, since a discount ends within the period: Stripe says nothing then."""
    discounts = chain.from_iterable(_discounts(part) for part in (one, *items))
    ends = [end for discount in discounts if (end := moment(discount.get("end"))) and end > at]
    if not ends:
        return None
    first = min(ends)
    mrr, _ = _mrr(one, items, currency, first)
    return [clock.today(first).isoformat(), str(mrr)]
