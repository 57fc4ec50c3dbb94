"""Why nothing that runs by itself reaches a customer's people, until when, and who may say otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject
from django.http import HttpRequest

from crm.accounts.models import Account, Contact
from crm.team.permissions import allows
from crm.web import clock

#: What is read along with the customer's page, so that it costs no question of its own.
READ = "resting_people"
#: So many people are named.
MOST = 10


@dataclass(frozen=True, slots=True)
class Rest:
    """One reason. `who` None: the customer as a whole; `until` None: until somebody changes it."""

    who: str | None
    pk: int | None
    why: str
    until: datetime | None = None
    liftable: bool = False  # a pause of the house's; what a person wants for themselves only they can change


def read() -> Any:
    """Whoever of a customer's people is or was told to be left alone; whether it still holds, `panel` decides."""
    resting = Q(automation_paused_until__isnull=False) | Q(mail_paused_until__isnull=False)
    closed = Q(do_not_contact=True) | Q(email_consent=Contact.Consent.NO)
    people = Contact.objects.filter(resting | closed, account=OuterRef("pk")).order_by("-is_primary", "id")
    of_each = JSONObject(
        id="id", first="first_name", last="last_name", email="email", silent="do_not_contact", consent="email_consent",
        paused="automation_paused_until", why="automation_paused_why", own="mail_paused_until",
    )  # fmt: skip
    return ArraySubquery(people.values_list(of_each)[: MOST * 3])


def panel(account: Account, request: HttpRequest) -> dict[str, Any] | None:
    """Shown only while something keeps automation from somebody there."""
    now = clock.now()
    found = [Rest(None, None, "The customer is marked “do not contact”: only replies and receipts reach them.")] * bool(
        account.do_not_contact
    )
    for row in getattr(account, READ, None) or []:
        found += _of(row, now)
    if not found:
        return None
    return {"rests": found[:MOST], "more": len(found) - MOST, "account": account, "may": allows(request.user, "edit")}


def _of(row: dict[str, Any], now: datetime) -> list[Rest]:
    name = f"{row['first']} {row['last']}".strip() or row["email"] or "Somebody"
    found = []
    paused, own = _moment(row["paused"]), _moment(row["own"])
    if paused and paused > now:
        found.append(Rest(name, row["id"], row["why"] or "Automation was told to rest.", paused, liftable=True))
    if own and own > now:
        found.append(Rest(name, row["id"], "They asked for a pause themselves.", own))
    if row["silent"]:
        found.append(Rest(name, row["id"], "Marked “do not contact”: only replies and receipts reach them."))
    elif row["consent"] == Contact.Consent.NO:
        found.append(Rest(name, row["id"], "They refused such mail: only replies and receipts reach them."))
    return found


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
