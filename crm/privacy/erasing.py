"""A person is forgotten: everything that names them goes, and what counts stays. It cannot be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection

from crm import slots
from crm.accounts.models import Account, Alias, Contact, ContactHandle
from crm.duplicates.merging import locks
from crm.duplicates.models import Merge
from crm.history.actions import act
from crm.history.tracking import tracked_as
from crm.slots import OwnedRows, Person
from crm.team.models import User
from crm.timeline.actions import Fact, record

#: Shorter words are no names: replacing them would tear texts apart.
_SHORTEST = 3


def person_of(contact: Contact) -> Person:
    """The person, with the words that name them in texts: names, addresses and numbers, not a first name alone.

    Also those they had before somebody changed them, and those of whoever was merged into them.
    """
    merges = Merge.objects.filter(subject="contact", keeper_id=contact.pk).exclude(detail={})
    former = [merge.detail["loser"] for merge in merges if merge.undone_at is None]
    ids = [contact.pk, *(row["id"] for row in former)]
    remembered: Any = tracked_as(Contact).change._default_manager
    changes = remembered.filter(pgh_obj_id__in=ids)
    states = [*former, *changes.values(*_NAMING), {name: getattr(contact, name) for name in _NAMING}]
    addresses = Alias.objects.filter(contact=contact, kind=Alias.Kind.EMAIL).values_list("value", flat=True)
    handles = ContactHandle.objects.filter(contact__in=ids).values_list("handle", flat=True)
    words = {*addresses, *handles, *(word for state in states for word in _words(state))}
    homes = {contact.account_id, *(row["account_id"] for row in former), *changes.values_list("account", flat=True)}
    return Person(
        contact.pk, tuple(homes),
        tuple(sorted((word for word in words if len(word) >= _SHORTEST), key=len, reverse=True)),
        tuple({state["last_name"] for state in states if len(state["last_name"]) >= _SHORTEST}), tuple(ids[1:]),
    )  # fmt: skip


_NAMING = ("first_name", "last_name", "email", "phone", "match_phone")


def _words(state: Mapping[str, Any]) -> list[str]:
    first, last = state["first_name"], state["last_name"]
    named = [f"{first} {last}", f"{last}, {first}"] if first and last else [last]  # a first name is many people's
    return [*named, state["email"] or "", state["phone"], state["match_phone"] or ""]


@locks.undeterred
def erase(contact_id: int, by: User, now: datetime) -> None:
    """Forget a person for good. What is kept about the act itself names nobody.

    No file is read meanwhile and no mail leaves, so that nothing comes back behind us. Raises Contact.DoesNotExist, and
    merging.Busy when somebody else is at work on the same rows: nothing has changed then.
    """
    with locks.alone():
        people = Contact.objects.select_for_update(of=("self",), no_key=True)
        contact = people.get(pk=contact_id)
        person = person_of(contact)
        with act("contact.erased", f"erased a person at {_customer(contact)}", by, now):
            _forget_rows(person, now)
            locks.last("contact", contact_id)
            _forget_rows(person, now)  # what others were adding when we came
            for trace in slots.traces:
                trace(person, now)
            _forget_account(contact, person, now)
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM crm_contact WHERE id = %s", [contact_id])
            record(
                Fact(contact.account_id, "contact.erased", "A person was erased on request", now, source="person",
                     actor_id=by.pk),
                now=now,
            )  # fmt: skip


def _customer(contact: Contact) -> str:
    """The customer's name, unless it is the person's own."""
    return "a customer who is a person" if contact.account.kind == Account.Kind.PERSON else str(contact.account)


def _of_contacts() -> list[OwnedRows]:
    return [
        owned for owned in slots.owned_rows
        if apps.get_model(owned.model)._meta.get_field(owned.field).related_model is Contact
    ]  # fmt: skip


def _forget_rows(person: Person, now: datetime) -> None:
    for owned in _of_contacts():
        _forget(owned, person, now)


def _forget(owned: OwnedRows, person: Person, now: datetime) -> None:
    if callable(owned.on_erase):
        owned.on_erase(person, now)
        return
    rows: Any = apps.get_model(owned.model)._default_manager.filter(**{owned.field: person.contact_id})
    if owned.on_erase == "delete":
        rows.delete()
    else:
        rows.update(**{owned.field: None})


def _forget_account(contact: Contact, person: Person, now: datetime) -> None:
    """A customer who is the person goes by no name any more; its figures stay."""
    account = contact.account
    if account.kind == Account.Kind.PERSON:
        Account.objects.filter(pk=account.pk).update(
            name=Person.STAND_IN,
            domain="",
            external_id=None,
            tags=[],
            goal="",
            primary_use_case="",
            expected_benefit="",
            custom={},
            updated_at=now,
        )  # fmt: skip
        remembered: Any = tracked_as(Account).change._default_manager
        remembered.filter(pgh_obj_id=account.pk).delete()
