"""What the page of a customer reads, each part in one statement that is composed once (`crm.web.composed`)."""

from __future__ import annotations

from collections import namedtuple
from datetime import date
from itertools import groupby
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet, TextField
from django.db.models.expressions import RawSQL

from crm import slots
from crm.accounts.models import Account, Contact
from crm.fields import known
from crm.team.models import User
from crm.team.viewer import SIGHT
from crm.timeline.models import TimelineEntry
from crm.web.composed import Composed

#: More people than this are found by searching, not by scrolling.
PEOPLE = 50
CONTRACTS = 20

_OWN = [field.attname for field in Account._meta.concrete_fields]
_OWNER = ["id", "email", "name", "is_active"]  # in the order of the table, as from_db takes them
_BESIDE = [
    "agreed_goals", "agreed_roadblocks", "agreed_decision_makers", "agreed_promised", "agreed_written_at",
    "agreed_version", "leads", "seen_at",
]  # fmt: skip


def _page_row(rows: Any, pk: int) -> QuerySet[Any, Any]:
    versions = RawSQL(f"({known.VERSIONS})", [], TextField())  # noqa: S611  (a constant of ours)
    others = {name: read() for name, read in slots.account_reads.items()}
    asked = (*_OWN, *(f"owner__{name}" for name in _OWNER), *_BESIDE, *others, "field_versions")
    return rows.filter(pk=pk).for_page().annotate(field_versions=versions, **others).values_list(*asked)  # type: ignore[no-any-return]


_account = Composed(lambda pk, viewer: _page_row(Account.objects.visible_to(viewer), pk), int, SIGHT)


def account(pk: int, viewer: User) -> Account | None:
    """With its owner, the hand-off that holds (`agreed_…`), whether others belong to it (`leads`), `seen_at`, and what
    other rooms read along (`slots.account_reads`)."""
    rows = _account.rows(pk, viewer)
    if not rows:
        return None
    *row, versions = rows[0]
    known.told(versions)
    own, owner = len(_OWN), len(_OWN) + len(_OWNER)
    found: Account = Account.from_db(DEFAULT_DB_ALIAS, _OWN, row[:own])
    found.owner = User.from_db(DEFAULT_DB_ALIAS, _OWNER, row[own:owner]) if found.owner_id else None
    for name, value in zip([*_BESIDE, *slots.account_reads.names()], row[owner:], strict=True):
        setattr(found, name, value)
    return found


_PERSON = [field.attname for field in Contact._meta.concrete_fields]
_people = Composed(
    lambda account: (
        Contact.objects.filter(account_id=account)
        .order_by("-is_primary", "created_at", "id")
        .values_list(*_PERSON, "seen__at")[:PEOPLE]
    ),
    int,
)


def people(account_id: int) -> list[Contact]:
    """Whom the page names, with `seen_at`: the primary contact first, then the oldest. The customer passed the gate."""
    found = []
    for *row, seen_at in _people.rows(account_id):
        found.append(person := Contact.from_db(DEFAULT_DB_ALIAS, _PERSON, row))
        person.seen_at = seen_at  # type: ignore[attr-defined]
    return found


_TERMS = ("id", "plan", "status", "auto_renew", "currency", "terms__starts_on", "terms__ends_on", "terms__mrr")
_terms = Composed(
    lambda account: (
        Account.contracts.rel.related_model._default_manager.filter(account_id=account)
        .order_by("-id", "terms__starts_on")
        .values_list(*_TERMS)[: CONTRACTS * 10]
    ),
    int,
)


def contracts(account_id: int, today: date) -> list[dict[str, Any]]:
    """Each contract with its latest term, and whether that has ended; those that run come first."""
    found = []
    for _, terms in groupby(_terms.rows(account_id), key=lambda row: row[0]):
        every = [dict(zip(_TERMS, term, strict=True)) for term in terms]
        last = every[-1]
        ends = last["terms__ends_on"]
        status = "ended" if ends and ends <= today else last["status"]
        found.append(last | {"since": every[0]["terms__starts_on"], "ends": ends, "mrr": last["terms__mrr"],
                             "status": status})  # fmt: skip
    return sorted(found, key=lambda contract: contract["status"] in ("ended", "cancelled"))[:CONTRACTS]


#: What a line of the timeline needs of an entry.
ENTRY = ("pk", "kind", "source", "text", "occurred_at", "payload", "actor_id", "actor__name", "actor__email")
Entry = namedtuple("Entry", ENTRY)  # type: ignore[misc]
#: Entries of one page.
ENTRIES = 20
_newest = Composed(
    lambda account: TimelineEntry.objects.filter(account_id=account).newest_first().values_list(*ENTRY)[: ENTRIES + 1],
    int,
)


def newest(account_id: int) -> list[Any]:
    """The first page of the timeline with nothing left out, and one entry more if there is one."""
    return [Entry(*row) for row in _newest.rows(account_id)]
