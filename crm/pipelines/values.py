"""A deal's fields by name: what a stage may require, and what forms and programs fill in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q

from crm.fields import known
from crm.fields.asking import PREFIX
from crm.ledger.actions.rates import rate_on
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.models import Deal, DealContact
from crm.web import clock

SUBJECT = "deal"
#: Of people who have to do with it: no column, but rows beside it.
CONTACTS = "contacts"

#: Columns that people fill in, with their labels.
COLUMNS: Mapping[str, str] = {
    "title": "Title", "owner": "Owner", "amount": "Amount", "currency": "Currency", "expected_on": "Expected close",
    "source": "Source", "next_step": "Next step", "next_on": "Day of the next step", "plan": "Plan", "mrr": "MRR",
    "months": "Months of the term", "starts_on": "First day", "tags": "Tags", "lost_because": "Reason",
    "lost_note": "Note on the loss",
}  # fmt: skip
_OF_A_LOSS = ("lost_because", "lost_note")
#: What a new deal has anyway.
_GIVEN = ("title", "currency")


def requirable() -> list[tuple[str, str]]:
    """What a stage may require: names and labels, those that admins have made among them."""
    own = [(name, label) for name, label in COLUMNS.items() if name not in (*_GIVEN, *_OF_A_LOSS)]
    return [*own, (CONTACTS, "Person"), *((f"{PREFIX}{of.key}", of.name) for of in known.fields(SUBJECT))]


def labels(names: Collection[str]) -> list[str]:
    """As people read them, in this order; one that is archived meanwhile by its key."""
    said = {**dict(requirable()), **COLUMNS}
    return [said.get(name, name.removeprefix(PREFIX)) for name in names]


def held(row: Deal, names: Collection[str]) -> dict[str, Any]:
    """What it holds of these. A field that is archived counts as filled in: nobody could."""
    found: dict[str, Any] = {}
    for name in names:
        if name == CONTACTS:
            found[name] = list(row.people.values_list("contact", flat=True)) if row.pk else []
        elif name.startswith(PREFIX):
            key = name.removeprefix(PREFIX)
            found[name] = row.custom.get(key) if known.field(SUBJECT, key) else True
        else:
            found[name] = getattr(row, name, True)
    return found


def lacks(names: Collection[str]) -> Q:
    """A condition on deals: one of these is empty, as `held` and the gate would say of each."""
    found = Q(pk=None)
    for name in names:
        if name == CONTACTS:
            found |= Q(~Exists(DealContact.objects.filter(deal=OuterRef("pk"))))
        elif name.startswith(PREFIX):
            key = name.removeprefix(PREFIX)
            found |= ~Q(custom__has_key=key) if known.field(SUBJECT, key) else Q(pk=None)
        elif name == "tags":
            found |= Q(tags=[])
        elif isinstance(Deal._meta.get_field(name), CharField):
            found |= Q(**{f"{name}__regex": r"^\s*$"})
        else:
            found |= Q(**{name: None})
    return found


def fill(row: Deal, values: Mapping[str, Any], now: datetime) -> set[str]:
    """Set columns and “custom.…”, cleaned; not saved. Returns the columns that changed.

    An amount is booked with the rate of its day. Raises DealError for a currency without one.
    """
    changed = set()
    for name, value in values.items():
        if name.startswith(PREFIX):
            key = name.removeprefix(PREFIX)
            if row.custom.get(key) != value:
                kept = {other: was for other, was in row.custom.items() if other != key}
                row.custom = kept if value is None else kept | {key: value}
                changed.add("custom")
        elif getattr(row, name) != value:
            setattr(row, name, value)
            changed.add(name)
    if changed & {"amount", "currency"}:
        book_rate(row, now)
        changed.add("rate")
    return changed


def book_rate(row: Deal, now: datetime) -> None:
    rate = rate_on(row.currency, clock.today(now))
    if rate is None:
        raise DealError(f"{row.currency} has no rate to the reporting currency. Add it under Settings, Currencies.")
    row.rate = rate
