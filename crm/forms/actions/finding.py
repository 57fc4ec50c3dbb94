"""Who somebody is, as a form tells it: a known person by their address, a customer by its domain, else somebody new.

Whoever fills in a form proves nothing. So of a known record only blanks are filled; what differs is given back, for
people to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models.functions import Lower

from crm.accounts.matching.rules import domain_key
from crm.accounts.models import Account, Contact
from crm.correspondence.filing import contacts_by
from crm.fields import columns, known
from crm.forms import rules
from crm.forms.targets import EMAIL, NAME
from crm.slots import FormEntered
from crm.web.locks import take_turns

_PERSON = ("first_name", "last_name", "phone", "title", "language")
_COMPANY = ("domain", "industry", "country", "primary_use_case")


@dataclass
class Found:
    """Who it is. `notes`: what differs from what is known, each a sentence."""

    account: Account
    contact: Contact
    new_account: bool = False
    new_contact: bool = False
    notes: list[str] = field(default_factory=list)


def find_or_make(entered: FormEntered, now: datetime) -> Found:
    """In the caller's transaction, which then holds both rows. Two entries of one address find one person."""
    email = str(entered.answers[EMAIL]).lower()
    take_turns(f"contact:{email}")
    person, company = _values(entered, "contact", _PERSON), _values(entered, "account", _COMPANY)
    if NAME in entered.answers:
        first, last = rules.parts_of(str(entered.answers[NAME]))
        person = {"first_name": first, "last_name": last} | person
    if contact := contacts_by([email]).get(email):
        return _known(contact, entered, person, company, now)
    account, is_new, notes = _home(email, entered, person, company, now)
    custom = _defaults("contact") | _own(entered, "contact")
    language = person.pop("language", "") or entered.form.language
    made = Contact.objects.create(
        account=account, email=email, **person, language=language, custom=custom, is_primary=is_new, created_at=now,
        updated_at=now,
    )  # fmt: skip
    return Found(account, made, is_new, True, notes)


def _values(entered: FormEntered, subject: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: entered.answers[f"{subject}.{name}"] for name in names if f"{subject}.{name}" in entered.answers}


def _own(entered: FormEntered, subject: str) -> dict[str, Any]:
    return own_values(entered.answers, subject)


def own_values(answers: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """Of fields that admins have made: value by key."""
    before = f"{subject}.custom."
    return {name.removeprefix(before): value for name, value in answers.items() if name.startswith(before)}


def _defaults(subject: str) -> dict[str, Any]:
    return dict(columns.defaults(subject).obj)


# Somebody known -------------------------------------------------------------------------------------------------------


def _known(
    contact: Contact, entered: FormEntered, person: dict[str, Any], company: dict[str, Any], now: datetime
) -> Found:
    account = Account.objects.select_for_update(of=("self",), no_key=True).get(pk=contact.account_id)
    contact = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    notes = _fill(contact, "contact", person, _own(entered, "contact"), now)
    if "account.name" in entered.answers:
        company = {"name": entered.answers["account.name"]} | company
    notes += _fill(account, "account", company, _own(entered, "account"), now)
    return Found(account, contact, notes=notes)


def _fill(row: Any, subject: str, values: dict[str, Any], own: dict[str, Any], now: datetime) -> list[str]:
    """Blanks alone. Gives back what differs from what is there."""
    notes, changed = [], []
    for name, value in values.items():
        held = str(getattr(row, name))
        if not held:
            setattr(row, name, value)
            changed.append(name)
        elif not rules.same(held, str(value)):
            notes.append(
                f"{row._meta.get_field(name).verbose_name.capitalize()}: they wrote “{value}”, known is “{held}”"
            )
    for key, value in own.items():
        of = known.field(subject, key)
        if of is None:
            continue
        if row.custom.get(key) is None:
            row.custom[key] = value
            changed.append("custom")
        elif row.custom[key] != value:
            notes.append(f"{of.name}: they wrote “{of.said(value)}”, known is “{of.said(row.custom[key])}”")
    if changed:
        row.updated_at = now
        row.save(update_fields=[*dict.fromkeys(changed), "updated_at"])
    return notes


# Somebody new ---------------------------------------------------------------------------------------------------------


def _home(
    email: str, entered: FormEntered, person: dict[str, Any], company: dict[str, Any], now: datetime
) -> tuple[Account, bool, list[str]]:
    """Where they belong: the one customer of their domain, or one that is made, a person where no company is named."""
    domain = domain_key(email.rpartition("@")[2])
    said = str(entered.answers.get("account.name", ""))
    if found := _by_domain(domain):
        note = f"Placed here by the address’s domain, {domain}"
        return found, False, [f"{note}; they wrote “{said}”" if said and not rules.same(said, found.name) else note]
    name = said or f"{person.get('first_name', '')} {person.get('last_name', '')}".strip() or email
    kind = Account.Kind.COMPANY if said else Account.Kind.PERSON
    if said and domain:
        company = {"domain": domain} | company
    made = Account.objects.create(
        name=name[:200], kind=kind, **company, language=entered.form.language,
        custom=_defaults("account") | _own(entered, "account"), created_at=now, updated_at=now,
    )  # fmt: skip
    return made, True, []


def _by_domain(domain: str) -> Account | None:
    """The customer of a company's domain, if there is one alone: a domain that several share tells nothing."""
    if not domain:
        return None
    rows = Account.objects.annotate(lower=Lower("domain")).filter(lower__in=[domain, f"www.{domain}"])
    found = list(rows.exclude(domain="").values_list("pk", flat=True)[:2])
    if len(found) != 1:
        return None
    return Account.objects.select_for_update(of=("self",), no_key=True).get(pk=found[0])
