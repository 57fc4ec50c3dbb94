"""What every customer and every person should have: the audit's checks of the record, and fields that they ask."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import BooleanField, DateField, Exists, ExpressionWrapper, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from crm.accounts.models import Account, Contact
from crm.slots import DataCheck, FilterField, data_checks, filter_subjects
from crm.web import clock

#: Those with whom there is something to keep.
LIVE = {"field": "lifecycle", "op": "in", "value": ["customer", "trial", "paused"]}
_COMPANY = {"field": "kind", "op": "is", "value": Account.Kind.COMPANY.value}
_FILL = "Export them, fill the column in, and import the file: blank cells keep what is there."


def _blank(field: str) -> dict[str, Any]:
    return {"field": field, "op": "is_not_set"}


def _flag(field: str, value: bool) -> dict[str, Any]:
    return {"field": field, "op": "is", "value": value}


def _has_decider(argument: str | None, now: datetime) -> Any:
    return Exists(Contact.objects.filter(account=OuterRef("pk"), roles__contains=[Contact.Role.DECIDES.value]))


def _contradicts(told: Q) -> Any:
    return Coalesce(ExpressionWrapper(told, output_field=BooleanField()), Value(False))


def _account_contradicts(argument: str | None, now: datetime) -> Any:
    """A customer before they signed up."""
    return _contradicts(Q(customer_since__lt=F("signed_up_on")))


def _contact_contradicts(argument: str | None, now: datetime) -> Any:
    """Mail agreed to by somebody who must not be contacted; born tomorrow."""
    today = Value(clock.today(now), DateField())
    return _contradicts(Q(email_consent=Contact.Consent.YES, do_not_contact=True) | Q(birthday__gt=today))


_CUSTOMERS = {
    "owner": DataCheck(
        "without an owner", "account", "Customers", _flag("has_owner", False),
        "Nobody is told when they fall silent, and their tasks land in the pool.",
        "Choose them in the list and give them to somebody.", weight=3,
    ),
    "decider": DataCheck(
        "without somebody who decides", "account", "Customers", _flag("has_decider", False),
        "Renewals are decided by a person; whoever talks to another one learns of it too late.",
        "Open each and tick “Decides” at one of its people.", among=LIVE, action="Open them", weight=2,
    ),
    "domain": DataCheck(
        "companies without a domain", "account", "Customers", _blank("domain"),
        "Duplicates are recognised by it first, and new people are put to the right company.", _FILL,
        among=_COMPANY, mend="import",
    ),
    "industry": DataCheck(
        "without an industry", "account", "Customers", _blank("industry"),
        "Guides, segments and the question who leaves go by it.", _FILL, mend="import",
    ),
    "country": DataCheck(
        "without a country", "account", "Customers", _blank("country"),
        "Phone numbers are read by it, and holidays follow it.", _FILL, mend="import",
    ),
    "timezone": DataCheck(
        "without a time zone", "account", "Customers", _blank("timezone"),
        "Mail then keeps our quiet hours, not theirs.", "Choose them in the list and set the time zone.",
    ),
    "account_facts": DataCheck(
        "with facts that contradict each other", "account", "Customers", _flag("contradicts", True),
        "They were customers before they signed up: silence and cohorts are counted from the wrong day.",
        "Open each and correct the sign-up day.", action="Open them", weight=3,
    ),
}  # fmt: skip
_PEOPLE = {
    "email": DataCheck(
        "without an e-mail address", "contact", "People", _flag("has_email", False),
        "Nothing can reach them: no welcome, no reminder, no invoice.", _FILL, mend="import", weight=3,
    ),
    "phone": DataCheck(
        "without a phone number", "contact", "People", _blank("phone"),
        "When mail is not answered, a call is what is left.", _FILL, mend="import",
    ),
    "consent": DataCheck(
        "never asked for consent", "contact", "People", _blank("consent"),
        "Marketing goes only to those who agreed; of the others nobody knows.",
        "Ask them when you speak next, or import what you know.", among=_flag("has_email", True), mend="import",
        weight=2,
    ),
    "contact_facts": DataCheck(
        "with facts that contradict each other", "contact", "People", _flag("contradicts", True),
        "They agreed to mail but must not be contacted, or were born in the future: one of both is wrong.",
        "Open each and settle which one holds.", action="Open them", weight=3,
    ),
}  # fmt: skip


def register_checks() -> None:
    """The fields that only the audit needed so far, and the checks."""
    accounts, people = filter_subjects["account"].fields, filter_subjects["contact"].fields
    accounts.register("has_decider", FilterField("Has somebody who decides", "bool", _has_decider))
    accounts.register("contradicts", FilterField("Facts contradict each other", "bool", _account_contradicts))
    people.register("contradicts", FilterField("Facts contradict each other", "bool", _contact_contradicts))
    for name, check in (_CUSTOMERS | _PEOPLE).items():
        data_checks.register(name, check)
