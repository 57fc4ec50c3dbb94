"""The signed link to the page on which a customer leaves. Nothing is kept of it: whoever holds it may use it.

It names the contract, who it was made for, and the last day on which it opens the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core import signing

from crm.leaving.models import LeavingPolicy
from crm.web import clock
from crm.web.addresses import address_with

_SIGNER = signing.Signer(salt="crm.leaving.link", sep=".")


@dataclass(frozen=True)
class Link:
    """`contact_id` is 0 for a link that was made for nobody in particular."""

    contract_id: int
    contact_id: int
    last_on: date


def issue(contract_id: int, contact_id: int | None, last_on: date) -> str:
    return _SIGNER.sign_object([contract_id, contact_id or 0, last_on.toordinal()])


def read(token: str) -> Link | None:
    """None: it is none of ours, or damaged."""
    try:
        contract, contact, last = _SIGNER.unsign_object(token)
        return Link(contract, contact, date.fromordinal(last))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def last_day(now: datetime) -> date:
    """Of a link that is made now."""
    return clock.today(now) + timedelta(days=LeavingPolicy.the_only().link_days)


def url_of(contract_id: int, contact_id: int | None, last_on: date) -> str:
    return settings.BASE_URL + address_with("leave:page", issue(contract_id, contact_id, last_on))
