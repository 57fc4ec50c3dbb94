"""The signed link to the page on which a customer leaves. Nothing is kept of it: whoever holds it may use it.

It names the contract, who it was made for, and the last day on which it opens the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core import signing

from crm.leaving.models import LeaveLinks, LeavingPolicy
from crm.web import clock
from crm.web.addresses import address_with

_SIGNER = signing.Signer(salt="crm.leaving.link", sep=".")


@dataclass(frozen=True)
class Link:
    """`contact_id` is 0 for a link that was made for nobody in particular."""

    contract_id: int
    contact_id: int
    last_on: date
    edition: int = 0  # of the contract's links; one that was revoked is of an earlier one


def issue(contract_id: int, contact_id: int | None, last_on: date, edition: int = 0) -> str:
    return _SIGNER.sign_object([contract_id, contact_id or 0, last_on.toordinal(), *([edition] if edition else [])])


def read(token: str) -> Link | None:
    """None: it is none of ours, or damaged."""
    try:
        contract, contact, last, *edition = _SIGNER.unsign_object(token)
        return Link(contract, contact, date.fromordinal(last), *edition)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def last_day(now: datetime) -> date:
    """Of a link that is made now."""
    return clock.today(now) + timedelta(days=LeavingPolicy.the_only().link_days)


def editions(contract_ids: Iterable[int]) -> Mapping[int, int]:
    """Of contracts whose links were revoked once; of all others it is 0."""
    rows = LeaveLinks.objects.filter(contract__in=list(contract_ids))
    return dict(rows.values_list("contract_id", "edition"))


def url_of(contract_id: int, contact_id: int | None, last_on: date, edition: int | None = None) -> str:
    """Without an edition it is the present one, which is asked for."""
    of = editions([contract_id]).get(contract_id, 0) if edition is None else edition
    return settings.BASE_URL + address_with("leave:page", issue(contract_id, contact_id, last_on, of))
