"""When customers and their people were last seen: beside the wide rows, since every file of product usage moves it.

A move of a wide row would write all of its indexes anew. Everybody has one row here; Postgres makes it together with
theirs and takes it away with theirs (`beside`, among the triggers of those tables).
"""

from __future__ import annotations

from django.db import models
from django.db.models import DO_NOTHING, F, Func, Value
from django.db.models.functions import Coalesce

from crm.accounts.models.accounts import Account
from crm.accounts.models.contacts import Contact


class AccountSeen(models.Model):
    """When somebody of the account was last seen."""

    account = models.OneToOneField(Account, DO_NOTHING, primary_key=True, db_constraint=False, related_name="seen")
    at = models.DateTimeField(null=True)
    signed_up_on = models.DateField(null=True)  # the account's, kept in step by a trigger

    #: Since when nobody of the account has been seen; an account never seen counts from its sign-up day.
    silent_since = models.GeneratedField(
        expression=Coalesce(
            F("at"),
            Func(Value("UTC"), Func(F("signed_up_on"), function="", template="%(expressions)s::timestamp"),
                 function="timezone"),
        ),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )  # fmt: skip

    class Meta:
        indexes = [models.Index(fields=["silent_since", "account"], name="account_by_silence")]

    def __str__(self) -> str:
        return f"account {self.account_id}, silent since {self.silent_since}"


class ContactSeen(models.Model):
    """When a person was last seen."""

    contact = models.OneToOneField(Contact, DO_NOTHING, primary_key=True, db_constraint=False, related_name="seen")
    at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["at", "contact"], name="contact_by_last_seen")]

    def __str__(self) -> str:
        return f"contact {self.contact_id}, last seen at {self.at}"
