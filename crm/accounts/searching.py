"""What the search finds of the record: customers by name or domain, people by name, e-mail or phone number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F

from crm.accounts.models import Account, AccountQuerySet, Contact
from crm.segments.filters import OPERATORS
from crm.segments.rules import fold
from crm.slots import Found, SearchSource, search_sources
from crm.team.models import User
from crm.web import clock
from crm.web.addresses import address

#: So many rows are looked at for each line shown, so that the best of them stand first.
_LOOKED_AT = 8
#: Texts that are shorter are like too much.
_SHORTEST_ALIKE = 4


def accounts(viewer: User, text: str, limit: int) -> list[Found]:
    """Those whose names begin with the text, then those that hold it in name or domain."""
    if not text:
        return []
    visible = Account.objects.visible_to(viewer).order_by()
    begins = OPERATORS["text"]["starts_with"].sql(F("name"), text, clock.now())
    rows = _accounts(visible.filter(begins), limit * _LOOKED_AT)
    rows = rows.union(_accounts(visible.called(text), limit * _LOOKED_AT))
    ranked = sorted(rows, key=lambda row: (not fold(row[1]).startswith(fold(text)), row[1].casefold(), row[0]))
    return [_account(*row) for row in ranked[:limit]]


def accounts_alike(viewer: User, text: str, limit: int) -> list[Found]:
    """Those whose names are written much like it."""
    if len(text) < _SHORTEST_ALIKE:
        return []
    found = Account.objects.visible_to(viewer).alike(text)
    return [_account(*row) for row in _accounts(found, limit)]


def _accounts(rows: AccountQuerySet, limit: int) -> Any:
    return rows.values_list("pk", "name", "domain", "industry")[:limit]


def _account(pk: int, name: str, domain: str, industry: str) -> Found:
    return Found(name, address("accounts:detail", pk), "building-2", domain or industry)


def contacts(viewer: User, text: str, limit: int) -> list[Found]:
    """Those whose names begin with the text, then the others that hold it."""
    if not text:
        return []
    found = Contact.objects.visible_to(viewer).called(text).order_by()
    rows = found.values("id", "first_name", "last_name", "email", "phone", "account_id", "account__name")
    lines = sorted(
        map(_person, rows[: limit * _LOOKED_AT]), key=lambda hit: (not _begins(hit, text), hit.title.casefold())
    )
    return lines[:limit]


def contacts_alike(viewer: User, text: str, limit: int) -> list[Found]:
    """Those whose names are written much like it."""
    if len(text) < _SHORTEST_ALIKE:
        return []
    found = Contact.objects.visible_to(viewer).alike(text)
    rows = found.values("id", "first_name", "last_name", "email", "phone", "account_id", "account__name")
    return [_person(row) for row in rows[:limit]]


def _begins(hit: Found, text: str) -> bool:
    return any(word.startswith(fold(text)) for word in fold(hit.title).split()) or fold(hit.title).startswith(
        fold(text)
    )


def _person(row: Mapping[str, Any]) -> Found:
    name = f"{row['first_name']} {row['last_name']}".strip() or row["email"] or "Somebody without a name"
    second = " · ".join(filter(None, [row["account__name"], row["email"] or row["phone"]]))
    return Found(name, address("contacts:detail", row["id"]), "user-round", second)


def register_search() -> None:
    search_sources.register("accounts", SearchSource("Accounts", accounts, accounts_alike, order=10))
    search_sources.register("contacts", SearchSource("People", contacts, contacts_alike, order=20))
