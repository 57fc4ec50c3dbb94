"""A handful of customers in zones with crooked clocks, four workflows, and an empty database to begin with."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection

from crm.accounts.models import Account, Contact
from crm.team.models import User
from retention.workflows import actions, definition
from retention.workflows.models import Workflow, WorkflowVersion
from tests import database

#: A week before clocks change in Kyiv, two before they do on Lord Howe and in Santiago.
START = datetime(2028, 3, 20, 12, tzinfo=UTC)
RECIPES = ("onboarding", "renewal-reminder", "inactivity")
DEALS = "deals"
OWNER = "mira@example.com"


@dataclass(frozen=True)
class Person:
    name: str
    zone: str

    @property
    def email(self) -> str:
        return f"{self.name}@customer.example"


CONTACTS = (
    Person("hanna", "Australia/Lord_Howe"),
    Person("oksana", "Europe/Kyiv"),
    Person("pablo", "America/Santiago"),
)

#: A workflow of the shop's own: two mails and a call for every deal, given up when the deal is lost.
_DEALS = {
    "name": "Deals",
    "trigger": {"when": "fact", "kind": "deal.won"},
    "exits": [{"because": "The deal was lost", "fact": "deal.lost"}],
    "steps": [
        {"id": "thanks", "do": "message", "subject": "Thank you, {{ contact.first_name }}", "body": "Thank you."},
        {"id": "two-days", "do": "wait", "for": {"days": 2, "at": "09:00"}},
        {"id": "next", "do": "message", "subject": "What comes next", "body": "This comes next."},
        {"id": "call", "do": "task", "title": "Call {{ account.name }}", "due_in_days": 1},
    ],
}


def clear() -> None:
    """All tables as migrations leave them; ids go on, since definitions are remembered by them."""
    with connection.cursor() as cursor:
        cursor.execute(database.emptying(connection.introspection.table_names(cursor)))


def people() -> list[tuple[int, int]]:
    """Users, and the customers as (account, contact)."""
    mira = User.objects.create_user(OWNER, "correct horse", name="Mira", role="manager")
    User.objects.create_user("ada@example.com", "correct horse", name="Ada", role="admin")
    ids = []
    for person in CONTACTS:
        account = Account.objects.create(name=person.name, external_id=person.name, owner=mira)
        contact = Contact.objects.create(
            account=account, external_id=person.name, first_name=person.name.title(), email=person.email,
            timezone=person.zone, is_primary=True,
        )  # fmt: skip
        ids.append((account.pk, contact.pk))
    return ids


def workflows(now: datetime) -> None:
    for slug in RECIPES:
        actions.enable(slug, now)
    plan = definition.parse(_DEALS)
    deals = Workflow.objects.create(slug=DEALS, name=plan.name, state="on", enabled_at=now, swept_until=now)
    data = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    deals.version = WorkflowVersion.objects.create(workflow=deals, number=1, definition=data)
    deals.save()


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
