"""What filters ask of people: fields of their own, and every field of their account through it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, OuterRef, Q, Subquery

from crm.accounts.models import Account, Contact
from crm.accounts.models.contacts import FullName
from crm.fields.asking import FieldsOf
from crm.segments.filters import segment_field
from crm.slots import FilterField, FilterSubject, filter_subjects

THROUGH = "account."


class FieldsThroughAccount(FieldsOf):
    """The fields that are registered, and as `account.<name>` all that the account has, whoever registered them.

    The subject's rows have a key `account`. `apart`: somebody may see a row of it without seeing its account; of that
    the fields tell them nothing.
    """

    def __init__(self, subject: str, *, apart: bool = False) -> None:
        super().__init__(subject)
        self.apart = apart

    def get(self, name: str) -> FilterField | None:
        found = super().get(name)
        if found or not name.startswith(THROUGH):
            return found
        theirs = filter_subjects["account"].fields.get(name.removeprefix(THROUGH))
        return self._through(theirs) if theirs else None

    def items(self) -> list[tuple[str, FilterField]]:
        theirs = filter_subjects["account"].fields.items()
        return [*super().items(), *((f"{THROUGH}{name}", self._through(field)) for name, field in theirs)]

    def names(self) -> list[str]:
        return [*super().names(), *(f"{THROUGH}{name}" for name in filter_subjects["account"].fields.names())]

    def _through(self, field: FilterField) -> FilterField:
        return replace(_through(field), narrowed=partial(_through, field) if self.apart else None)


def _through(field: FilterField, viewer: Any = None) -> FilterField:
    """What the account says; with a viewer only where they see it."""
    accounts = Account.objects.all() if viewer is None else Account.objects.visible_to(viewer)

    def expression(argument: str | None, now: datetime) -> Any:
        asked = field.expression(argument, now)
        column = isinstance(asked, F) and not isinstance(asked, OuterRef)
        if column and viewer is None:  # joined, which an index may serve
            return F(f"account__{asked.name}")
        account = accounts.filter(pk=OuterRef("account_id")).order_by()
        return Subquery(account.annotate(_asked=asked).values("_asked")[:1])

    return replace(field, label=f"Account: {field.label}", expression=expression, group="Their account")


def _column(fields: FieldsThroughAccount, name: str, label: str, kind: str, path: str = "", **more: Any) -> None:
    fields.register(name, FilterField(label, kind, lambda argument, now: F(path or name), **more))


def _has_email(argument: str | None, now: datetime) -> Any:
    return ExpressionWrapper(Q(email__isnull=False), output_field=BooleanField())


def register_people() -> None:
    """The filter subject “contact”."""
    fields = FieldsThroughAccount("contact")
    filter_subjects.register("contact", FilterSubject("People", Contact, Contact.objects.all, "contacts:list", fields))
    fields.register("name", FilterField("Name", "text", lambda argument, now: FullName("first_name", "last_name")))
    _column(fields, "email", "E-mail", "text")
    fields.register("segment", segment_field("contact"))
    fields.register("has_email", FilterField("Has an e-mail", "bool", _has_email))
    _column(fields, "phone", "Phone", "text")
    _column(fields, "title", "Job title", "text")
    _column(fields, "language", "Language", "text")
    _column(fields, "timezone", "Time zone", "text")
    consents = tuple(choice for choice in Contact.Consent.choices if choice[0])
    _column(fields, "consent", "Consent to mail", "choice", "email_consent", choices=consents)
    _column(fields, "do_not_contact", "Do not contact", "bool")
    _column(fields, "is_primary", "Primary contact", "bool")
    _column(fields, "roles", "Roles", "tags", suggestions=lambda: Contact.Role.choices)
    _column(fields, "birthday", "Birthday", "date")
    _column(fields, "last_seen_at", "Last visit", "datetime", "seen__at")
    _column(fields, "automation_paused_until", "Automation paused until", "datetime")
    _column(fields, "created_at", "Creation", "datetime")
