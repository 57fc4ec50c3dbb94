"""Fields that the demo's admin has made for customers and tickets, and what customers hold in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from crm.fields.models import CustomField
from retention.demo.story import Customer

_SUPPORT = ("Standard", "Priority", "Named contact")
_MODULES = ("Routes", "Warehouse", "Customs", "Reports")
_AFFECTED = ("One person", "A team", "Everybody")


def _options(labels: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"code": label.lower().replace(" ", "_"), "label": label} for label in labels]


#: Key → its columns. Seats are sorted by every Monday, so an index keeps them quick.
FIELDS: dict[str, dict[str, Any]] = {
    "support": {"name": "Support level", "type": "choice", "group": "Contract", "options": _options(_SUPPORT)},
    "seats": {"name": "Seats", "type": "number", "group": "Contract", "often": True,
              "help": "As many as may sign in at their side."},
    "modules": {"name": "Modules", "type": "choices", "group": "Contract", "options": _options(_MODULES)},
    "went_live": {"name": "Went live", "type": "date", "group": "Contract"},
    "purchase_portal": {"name": "Purchase portal", "type": "url", "help": "Where invoices have to be handed in."},
    "reference": {"name": "May be named as a reference", "type": "yes_no"},
}  # fmt: skip
#: What whoever logs a call is asked beside.
FOR_TICKETS: dict[str, dict[str, Any]] = {
    "affects": {"name": "Who is affected", "type": "choice", "options": _options(_AFFECTED)},
    "seen_in": {"name": "Seen in version", "type": "text"},
}


def make(now: datetime) -> None:
    CustomField.objects.bulk_create(
        CustomField(subject=subject, key=key, order=place, created_at=now, updated_at=now, **columns)
        for subject, fields in (("account", FIELDS), ("ticket", FOR_TICKETS))
        for place, (key, columns) in enumerate(fields.items(), 1)
    )


def of_account(customer: Customer) -> dict[str, Any]:
    """Values of those who have been customers."""
    if not customer.first_day:
        return {}
    rng = Random(f"own {customer.name}")
    modules = [option["code"] for option in FIELDS["modules"]["options"] if rng.random() < 0.5]
    values = {
        "support": rng.choice(FIELDS["support"]["options"])["code"], "seats": str(rng.choice((5, 12, 20, 40, 60, 150))),
        "modules": modules or None, "went_live": (customer.first_day + timedelta(days=rng.randint(5, 40))).isoformat(),
        "reference": rng.choice((True, False, None)),
    }  # fmt: skip
    return {key: value for key, value in values.items() if value is not None}
