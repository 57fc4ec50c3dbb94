"""Rows for tests: each with what the table needs and nothing more."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import Model

from crm.accounts.models import Account, AccountSeen, Contact, ContactSeen
from crm.ledger.models import Contract, ContractTerm

_numbers = count(1)


def account(name: str | None = None, *, last_seen_at: datetime | None = None, **fields: Any) -> Account:
    made = Account.objects.create(name=name or f"Account {next(_numbers)}", **fields)
    if last_seen_at:
        seen(last_seen_at, account_id=made.pk)
    return made


def seen(at: datetime | None, **whom: Any) -> None:
    """Everybody, or those of a condition such as account_id=7, was last seen then."""
    rows = ContactSeen if any(name.startswith("contact") for name in whom) else AccountSeen
    rows.objects.filter(**whom).update(at=at)


def contact(of: Account | None = None, *, last_seen_at: datetime | None = None, **fields: Any) -> Contact:
    number = next(_numbers)
    fields.setdefault("email", f"person{number}@customer.example")
    fields.setdefault("first_name", "Anna")
    fields.setdefault("last_name", f"Nr {number}")
    fields.setdefault("is_primary", not of or not of.contacts.filter(is_primary=True).exists())
    made = Contact.objects.create(account=of or account(), **fields)
    if last_seen_at:
        seen(last_seen_at, contact_id=made.pk)
    return made


def contract(of: Account, starts_on: date, ends_on: date | None = None, mrr: int = 100, **fields: Any) -> Contract:
    """A contract with one booked term. Account columns derived from it are not written: see ledger.actions.project."""
    if fields.get("status") == "cancelled":
        fields = {"cancelled_on": date(2026, 6, 1)} | fields
    made = Contract.objects.create(account=of, **({"plan": "Pro", "currency": "EUR"} | fields))
    ContractTerm.objects.create(contract=made, starts_on=starts_on, ends_on=ends_on, mrr=mrr)
    return made


def copies(row: Model, times: int, **instead: str) -> list[int]:
    """So many further rows like this one, made by Postgres itself; their ids, which go on from its own one by one if
    nobody else writes there. What differs from it is SQL over `n`, the number of a copy from 1 on."""
    columns = [
        f'"{field.column}"' for field in row._meta.concrete_fields
        if not (field.primary_key or field.generated or field.column in instead)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {row._meta.db_table} ({', '.join([*instead, *columns])})"
            f" SELECT {', '.join([*instead.values(), *columns])}"
            f" FROM {row._meta.db_table}, generate_series(1, %s) AS n WHERE id = %s ORDER BY n RETURNING id",
            [times, row.pk],
        )
        made = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(f"ANALYZE {row._meta.db_table}")  # which else is planned for as empty, as it just was
    return made
