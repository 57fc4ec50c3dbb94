"""What forms can ask for: targets that rooms have registered, and fields that admins have made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.conf.global_settings import LANGUAGES

from crm import slots
from crm.accounts.rules import country_choices
from crm.fields import known
from crm.fields.rules import Definition
from crm.forms.models import Asked
from crm.slots import FormOutcome, FormTarget

#: Between a subject and the key of a field of one's own: “account.custom.seats”.
_OWN = ".custom."
EMAIL, MESSAGE, NAME = "contact.email", "message", "contact.name"
#: Of fields of one's own that strangers must not be offered: their options are our colleagues.
_INSIDE = frozenset({"user"})


def definition(name: str) -> Definition | None:
    """The field of one's own that a target's name means, while it is in use."""
    subject, own, key = name.partition(_OWN)
    of = known.field(subject, key) if own else None
    return None if of is None or of.type in _INSIDE else of


def target(name: str) -> FormTarget | None:
    """What a name means now; None: it is gone, or nobody has registered it (yet)."""
    if found := slots.form_targets.get(name):
        return found
    of = definition(name)
    return FormTarget(of.name, of.subject, of.type, help=of.help, order=100) if of else None


def offered(outcome: FormOutcome) -> dict[str, FormTarget]:
    """All that a form of this outcome may ask for, in order."""
    found = {name: one for name, one in slots.form_targets.items() if one.of in outcome.takes}
    for subject in outcome.takes:
        for of in known.fields(subject) if subject in slots.custom_subjects else ():
            name = f"{subject}{_OWN}{of.key}"
            if one := target(name):
                found[name] = one
    return found


def asked(name: str) -> Asked:
    """A field that asks for a target, as a form begins with it. Raises KeyError."""
    found = target(name)
    if found is None:
        raise KeyError(name)
    of = definition(name)
    return Asked(name, found.label, found.help, required=bool(of and of.required))


def headings(outcome: FormOutcome) -> list[tuple[str, list[tuple[str, str]]]]:
    """For a select: what a form of this outcome may ask for, by what it is about."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, one in offered(outcome).items():
        groups.setdefault(_HEADINGS.get(one.of, one.of.capitalize()), []).append((name, one.label))
    return list(groups.items())


_HEADINGS = {"person": "Who they are", "contact": "More about the person", "account": "About the company",
             "message": "What they say", "deal": "About the deal", "ticket": "About the ticket"}  # fmt: skip


def _countries() -> Sequence[tuple[str, str]]:
    return country_choices()


def _languages() -> Sequence[tuple[str, str]]:
    return LANGUAGES


def _choice(label: str, of: str, choices: Callable[[], Sequence[tuple[str, str]]], order: int, auto: str) -> FormTarget:
    return FormTarget(label, of, "choice", choices=choices, order=order, autocomplete=auto)


def register_targets() -> None:
    """What the record of a customer and a person has room for."""
    for name, one in {
        NAME: FormTarget("Your name", "person", longest=120, autocomplete="name", order=1),
        "contact.first_name": FormTarget("First name", "person", longest=100, autocomplete="given-name", order=2),
        "contact.last_name": FormTarget("Last name", "person", longest=100, autocomplete="family-name", order=3),
        EMAIL: FormTarget(
            "Your e-mail address", "person", "email", 254, help="We answer to it.",
            missing="Give us an address to answer to.", autocomplete="email", order=4,
        ),
        "contact.phone": FormTarget("Phone", "contact", "phone", 40, autocomplete="tel", order=5),
        "contact.title": FormTarget("Job title", "contact", longest=120, autocomplete="organization-title", order=6),
        "contact.language": _choice("Language", "contact", _languages, 7, "language"),
        "account.name": FormTarget("Company", "account", longest=200, autocomplete="organization", order=10),
        "account.domain": FormTarget("Website", "account", "domain", 253, autocomplete="url", order=11),
        "account.industry": FormTarget("Industry", "account", longest=80, order=12),
        "account.country": _choice("Country", "account", _countries, 13, "country"),
        "account.primary_use_case": FormTarget("What you want to use it for", "account", order=14),
        MESSAGE: FormTarget(
            "Your message", "message", "long", 20_000, missing="Tell us what it is about.", order=20
        ),
    }.items():  # fmt: skip
        slots.form_targets.register(name, one)
