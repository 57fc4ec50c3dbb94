"""What accounts give to other rooms: the filter subject, whose fields upper rooms extend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    DateField,
    DateTimeField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from crm.accounts import rules
from crm.accounts.actions import files, people
from crm.accounts.actions.imports import register_imports
from crm.accounts.bulk import register_bulk
from crm.accounts.checks import register_checks
from crm.accounts.erasing import register_traces
from crm.accounts.filter_fields import register_people
from crm.accounts.lists import colleagues_by_email, register_lists
from crm.accounts.models import Account, Contact
from crm.accounts.owned import register_owned_rows
from crm.accounts.searching import register_search
from crm.fields.asking import FieldsOf
from crm.fields.bulk import register_subject
from crm.history.undoing import undoers
from crm.segments.filters import segment_field
from crm.slots import (
    CustomSubject,
    FilterField,
    FilterSubject,
    MenuEntry,
    Work,
    filter_subjects,
    menu,
    register_facts,
    work,
)
from crm.web import clock

menu.register("accounts", MenuEntry("Accounts", "building-2", "accounts:list", 20))
menu.register("contacts", MenuEntry("Contacts", "contact-round", "contacts:list", 25))

account_filters = filter_subjects.register(
    "account", FilterSubject("Customers", Account, Account.objects.all, "accounts:list", FieldsOf("account"))
)

for _order, (_name, _label) in enumerate({"account": "Accounts", "contact": "Contacts"}.items()):
    register_subject(_name, CustomSubject(_label, _name, _order))


def _days_silent(argument: str | None, now: datetime) -> Any:
    """Whole days of 24 hours since anybody of the account was seen, or since sign-up."""
    return Func(
        Value(now, DateTimeField()), F("seen__silent_since"), arg_joiner=" - ", output_field=IntegerField(),
        template="floor(extract(epoch FROM %(expressions)s) / 86400)::integer",
    )  # fmt: skip


def _days_to_renewal(argument: str | None, now: datetime) -> Any:
    """Calendar days, negative when it has passed."""
    return Func(
        F("renews_on"), Value(clock.today(now), DateField()), arg_joiner=" - ", output_field=IntegerField(),
        template="(%(expressions)s)",
    )  # fmt: skip


def _has_owner(argument: str | None, now: datetime) -> Any:
    return ExpressionWrapper(Q(owner__isnull=False), output_field=BooleanField())


def _contacts(argument: str | None, now: datetime) -> Any:
    people = Contact.objects.filter(account=OuterRef("pk")).order_by().values("account").annotate(people=Count("pk"))
    return Coalesce(Subquery(people.values("people")), 0)


def _column(name: str, label: str, kind: str, path: str = "", **more: Any) -> None:
    account_filters.fields.register(name, FilterField(label, kind, lambda argument, now: F(path or name), **more))


_column("name", "Name", "text")
_column("kind", "Kind", "choice", choices=tuple(Account.Kind.choices))
_column("domain", "Domain", "text")
_column("industry", "Industry", "text")
_column("country", "Country", "text", suggestions=lambda: rules.country_choices()[1:])
_column("timezone", "Time zone", "text")
_column("owner", "Owner", "text", "owner__email", suggestions=colleagues_by_email)
_column("lifecycle", "Lifecycle", "choice", choices=tuple(Account.Lifecycle.choices))
_column("tier", "Tier", "text")
_column("tags", "Tags", "tags")
_column("risk", "Risk", "number")
_column("mrr", "MRR", "number", unit="money")
_column("lifetime_spend", "Lifetime spend", "number", unit="money")
_column("primary_use_case", "Primary use case", "text")
_column("signed_up_on", "Sign-up", "date")
_column("customer_since", "First day as a customer", "date")
_column("renews_on", "Renewal", "date")
_column("last_seen_at", "Last visit", "datetime", "seen__at")
_column("created_at", "Creation", "datetime")
_column("language", "Language", "text")
_column("parent", "Part of", "text", "parent__name")
_column("suitability", "Fit", "choice", choices=tuple(c for c in Account.Suitability.choices if c[0]))
_column("goal", "Goal", "text")
_column("goal_due_on", "Goal due", "date")
_column("goal_state", "Goal reached", "choice", choices=tuple(c for c in Account.GoalState.choices if c[0]))
_column("do_not_contact", "Do not contact", "bool")
account_filters.fields.register("days_silent", FilterField("Silence", "number", _days_silent, unit="days"))
account_filters.fields.register(
    "days_to_renewal", FilterField("Time to renewal", "number", _days_to_renewal, unit="days")
)
account_filters.fields.register("segment", segment_field("account"))
account_filters.fields.register("has_owner", FilterField("Has an owner", "bool", _has_owner))
account_filters.fields.register("contacts", FilterField("Number of contacts", "number", _contacts))

register_people()
register_checks()
register_lists()
register_imports()
register_bulk()
register_owned_rows()
register_traces()
register_search()
undoers.register("contact.deleted", people.deletion_undone)
work.register("files", Work(files.sweep, files.next_sweep, order=90))
register_facts(
    "Customers",
    {
        "account.added": "Customer added", "account.contacting_changed": "May we contact them: changed",
        "contact.added": "Person added", "contact.consent_changed": "Consent changed",
        "contact.deleted": "Person deleted",
        "hand_off.written": "Hand-off written", "goal.reached": "Goal reached", "goal.missed": "Goal missed",
        "goal.checked": "Goal looked at", "file.added": "File added", "file.deleted": "File deleted",
        "file.restored": "File put back",
    },
)  # fmt: skip
