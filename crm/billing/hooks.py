"""Any other billing system, by a signed hook as Standard Webhooks has it, in plain words.

`data` is one object or a list; `type` says of what: contract, payment, refund, payment_method or customer.

    {"type": "contract", "data": {
        "id": "sub-7", "occurred_at": "2026-06-01T12:00:00Z",
        "customer": {"id": "c-1", "external_id": "acme-1", "email": "kim@acme.example", "name": "Acme"},
        "plan": "Team", "status": "paid", "starts_on": "2026-06-01", "ends_on": "2027-06-01", "mrr": "250.00",
        "currency": "EUR", "auto_renew": true}}
    {"type": "payment", "data": {
        "id": "inv-9", "occurred_at": "…", "customer": {"id": "c-1"}, "contract": "sub-7", "due_at": "…",
        "amount": "250.00", "currency": "EUR", "status": "failed", "attempts": 1,
        "failure_reason": "Your card has expired.", "failure_code": "expired_card"}}
    {"type": "refund", "data": {"id": "ref-3", "occurred_at": "…", "payment": "inv-9", "amount": "50.00"}}

What a fact leaves out is as it was said before. `occurred_at` orders facts of one object: they may come in any order,
any number of times. Columns mean what they mean in files: `starts_on` names a term of the contract, `ends_on` is the
first day without service, `mrr` is a month's. A fact without `starts_on` is about the term that runs then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from crm.billing import secrets
from crm.billing.actions.taking import take_all
from crm.billing.told import HOOK, Told, Unreadable, Whose
from crm.inbox import actions as inbox
from crm.inbox.channels.chat import Forged, number, thing, things, words
from crm.ledger.models import Contract
from crm.slots import Arrived, Handled
from crm.web import clock
from crm.web.bridges import Unsigned, proven
from crm.web.days import BEYOND, within

KIND = "billing.hook"
_KEY = "webhook-id"
#: Objects of one payload: all of them are written in one transaction.
MOST = 500
#: Clocks differ by so much; what is said to happen later is no fact yet.
SKEW = timedelta(minutes=10)
_CODE = re.compile(r"[A-Z]{3}")
_PAYMENT_STATUSES = ("open", "paid", "failed", "void")


def is_open(now: datetime) -> bool:
    return bool(secrets.hook(now))


def store(body: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """Store a request, once for its webhook-id. Raises Forged, with nothing stored."""
    try:
        key = proven(secrets.hook(now), headers, body, now)
    except Unsigned as error:
        raise Forged(str(error)) from error
    inbox.store(HOOK, KIND, f"hook:{key}", body, {_KEY: key}, now)


def unpack(arrived: Arrived, now: datetime) -> Handled:
    """Each object of `data` is a fact. Raises Unreadable for one that cannot be read, and then none is kept."""
    said = thing(json.loads(arrived.body))
    kind = words(said.get("type"), 40)
    if kind not in _READERS:
        return Handled(f"“{kind}” is nothing to us; {', '.join(_READERS)} are.", ignored=True)
    data = things(said.get("data")) or [thing(said.get("data"))]
    if len(data) > MOST:
        raise Unreadable(f"data has {len(data)} objects: send at most {MOST} at once.")
    told = [
        _fact(kind, one, said, f"{arrived.headers.get(_KEY, arrived.id)}:{place}", arrived)
        for place, one in enumerate(data)
    ]
    outcomes = take_all(told, now)
    emails = sorted({one.whose.email for one in told if one.whose and one.whose.email})
    return Handled(f"{kind}: {'; '.join(dict.fromkeys(outcomes))}", addresses=emails)


def _fact(kind: str, one: dict[str, Any], envelope: dict[str, Any], key: str, arrived: Arrived) -> Told:
    id_ = number(one.get("id"))[:120]
    if not id_:
        raise Unreadable(f"The {kind} has no id.")
    at = _moment(one, "occurred_at") or _moment(envelope, "timestamp") or arrived.received_at
    if at > arrived.received_at + SKEW:
        raise Unreadable(f"occurred_at is {at.isoformat()}, which is still to come: say when it was, with its offset.")
    names = (number(one.get("payment"))[:120],) if kind == "refund" and one.get("payment") else ()
    if kind == "refund" and not names:
        raise Unreadable("The refund names no payment.")
    of = _whose(one, id_ if kind == "customer" else "")
    if of is None and kind in ("contract", "payment_method"):
        raise Unreadable(f"The {kind} names no customer: give customer.id, or account_external_id.")
    named = "method" if kind == "payment_method" else kind
    return Told(HOOK, named, id_, key[:160], at, _READERS[kind](one, at), of, names=names)


def _whose(one: dict[str, Any], id_: str) -> Whose | None:
    """Who it is: by their id there, or by the account's external id here alone."""
    of = thing(one.get("customer")) if not id_ else one
    account = number(of.get("external_id"))[:120] or number(one.get("account_external_id"))[:120]
    found = id_ or number(of.get("id"))[:120] or (f"account:{account}"[:120] if account else "")
    if not found:
        return None
    return Whose(found, words(of.get("email"), 254).lower(), words(of.get("name"), 200), account)


# Each kind, field by field --------------------------------------------------------------------------------------------


def _contract(one: dict[str, Any], at: datetime) -> dict[str, Any]:
    said: dict[str, Any] = {"on": clock.today(at).isoformat()}
    if "plan" in one:
        said["plan"] = words(one["plan"], 120)
    if "status" in one:
        said["status"] = _one_of(one, "status", tuple(str(status) for status in Contract.REPORTED))
    if "auto_renew" in one:
        said["auto_renew"] = one["auto_renew"] is True
    for name in ("starts_on", "ends_on"):
        if name in one:
            said[name] = _day(one, name)
    if "starts_on" in said and said["starts_on"] is None:
        raise Unreadable("starts_on is blank: leave it out, or say the first day of the term.")
    if said.get("ends_on") and said.get("starts_on") and said["ends_on"] <= said["starts_on"]:
        raise Unreadable("ends_on is not after starts_on: it is the first day without service.")
    return said | _money(one, "mrr") | _currency(one)


def _payment(one: dict[str, Any], at: datetime) -> dict[str, Any]:
    said: dict[str, Any] = _money(one, "amount") | _currency(one)
    if "contract" in one:
        said["contract"] = number(one["contract"])[:120] or None
    if "status" in one:
        said["status"] = _one_of(one, "status", _PAYMENT_STATUSES)
    for name in ("due_at", "paid_at", "failed_at", "next_attempt_at"):
        if found := _moment(one, name):
            said[name] = found.isoformat()
    if isinstance(one.get("attempts"), int) and 0 <= one["attempts"] < 1000:
        said["attempts"] = one["attempts"]
    if "failure_reason" in one:
        said["failure_reason"] = words(one["failure_reason"], 200)
        said["failure_code"] = words(one.get("failure_code"), 60)
    return said


def _refund(one: dict[str, Any], at: datetime) -> dict[str, Any]:
    return _money(one, "amount") | _currency(one) | {"at": at.isoformat(), "gone": one.get("failed") is not True}


def _method(one: dict[str, Any], at: datetime) -> dict[str, Any]:
    year, month = one.get("exp_year"), one.get("exp_month")
    ends = isinstance(year, int) and isinstance(month, int) and 2000 <= year <= 2200 and 1 <= month <= 12
    return {
        "brand": words(one.get("brand"), 40).lower(), "last4": words(one.get("last4"), 4),
        "exp_year": year if ends else None, "exp_month": month if ends else None,
        "removed": one.get("removed") is True, "default": one.get("is_default") is True,
    }  # fmt: skip


def _customer(one: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "email": words(one.get("email"), 254).lower(), "name": words(one.get("name"), 200),
        "account_external_id": number(one.get("external_id"))[:120], "deleted": one.get("deleted") is True,
    }  # fmt: skip


_READERS: dict[str, Callable[[dict[str, Any], datetime], dict[str, Any]]] = {
    "contract": _contract, "payment": _payment, "refund": _refund, "payment_method": _method, "customer": _customer,
}  # fmt: skip


def _one_of(one: dict[str, Any], name: str, choices: tuple[str, ...]) -> str:
    if one[name] not in choices:
        raise Unreadable(f"{name} is “{words(one[name], 40)}”; {', '.join(choices)} are known.")
    return str(one[name])


def _money(one: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in one:
        return {}
    try:
        found = Decimal(str(one[name]))
    except InvalidOperation:
        raise Unreadable(f"{name} is no amount: write it as “250.00”.") from None
    if not found.is_finite() or found < 0 or found >= 10**12 or isinstance(one[name], bool):
        raise Unreadable(f"{name} is less than nothing, or too much to be kept.")
    return {name: str(found.quantize(Decimal("0.01")))}


def _currency(one: dict[str, Any]) -> dict[str, Any]:
    if "currency" not in one:
        return {}
    if not _CODE.fullmatch(words(one["currency"], 10)):
        raise Unreadable("currency is no code of three capital letters, such as EUR.")
    return {"currency": one["currency"]}


def _day(one: dict[str, Any], name: str) -> str | None:
    if not one[name]:
        return None
    try:
        found = date.fromisoformat(words(one[name], 10))
    except ValueError:
        raise Unreadable(f"{name} is no day: write it as 2026-06-01.") from None
    if not within(found):
        raise Unreadable(f"{name} {BEYOND}.")
    return found.isoformat()


def _moment(one: dict[str, Any], name: str) -> datetime | None:
    """ISO 8601, UTC where it says no offset."""
    if not one.get(name):
        return None
    try:
        found = datetime.fromisoformat(words(one[name], 40))
    except ValueError:
        raise Unreadable(f"{name} is no moment: write it as 2026-06-01T12:00:00Z.") from None
    if not within(found.date()):
        raise Unreadable(f"{name} {BEYOND}.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
