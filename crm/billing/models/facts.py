"""What was said of objects of billing systems, as it was said; and who their customers are here."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from crm.team.permissions import allows
from crm.web import clock


class CustomerQuerySet(models.QuerySet["BillingCustomer"]):
    def visible_to(self, user: Any) -> Self:
        """Until somebody links them they are nobody's: to whoever may change the settings."""
        return self if allows(user, "manage_settings") else self.none()

    def unmatched(self) -> Self:
        """A person has to say who they are."""
        return self.filter(account=None, put_away_at=None)

    def put_away(self) -> Self:
        """A person has said that they are nothing to us."""
        return self.filter(account=None, put_away_at__isnull=False)


class BillingCustomer(models.Model):
    """A customer as a billing system knows them, and the account that they are here, once that is known."""

    class Matched(models.TextChoices):
        EXTERNAL_ID = "external id", "by the external id"
        EMAIL = "e-mail", "by the e-mail of a person"
        MADE = "made", "made from what billing said"
        PERSON = "person", "by hand"

    source = models.CharField(max_length=40)  # stripe, or hook
    external_id = models.CharField(max_length=120)
    account = models.ForeignKey("crm.Account", models.SET_NULL, null=True, related_name="billing_customers")
    matched_by = models.CharField(max_length=12, choices=Matched, blank=True)
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    account_external_id = models.CharField(max_length=120, blank=True)  # who they are here, as billing says
    put_away_at = models.DateTimeField(null=True)  # a person said that they are nothing to us
    first_seen_at = models.DateTimeField(default=clock.now)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("source", "external_id", name="billingcustomer_once")]
        indexes = [
            models.Index(fields=["-id"], name="billingcustomer_unmatched", condition=Q(account=None, put_away_at=None)),
            models.Index(
                fields=["-id"],
                name="billingcustomer_put_away",
                condition=Q(account=None, put_away_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.external_id


class BillingObject(models.Model):
    """A contract, payment, refund or card of a billing system, as all that was said of it adds up to."""

    class Kind(models.TextChoices):
        CONTRACT = "contract", "Contract"
        PAYMENT = "payment", "Payment"
        REFUND = "refund", "Refund"
        METHOD = "method", "Payment method"
        CUSTOMER = "customer", "Customer"

    customer = models.ForeignKey(BillingCustomer, models.CASCADE, null=True, related_name="objects_told")
    source = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind)
    external_id = models.CharField(max_length=120)  # in the ledger too
    names = ArrayField(models.CharField(max_length=120), default=list)  # a payment is known by several ids
    state: models.JSONField[Any, Any] = models.JSONField(default=dict)  # what the ledger was given last
    stale = models.BooleanField(default=True)  # something was said that the ledger does not know yet
    waits = models.CharField(max_length=300, blank=True)  # why it does not
    told_at = models.DateTimeField()  # the latest moment of which something was said

    class Meta:
        constraints = [models.UniqueConstraint("source", "kind", "external_id", name="billingobject_once")]
        indexes = [
            GinIndex(fields=["names"], name="billingobject_names"),
            models.Index(fields=["customer", "kind"], name="billingobject_stale", condition=Q(stale=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.external_id}"


class BillingFact(models.Model):
    """What was said of an object at a moment. Never changed: said again under its key, it is the same."""

    about = models.ForeignKey(BillingObject, models.CASCADE, related_name="facts", db_index=False)
    key = models.CharField(max_length=160)  # the event's id there
    at = models.DateTimeField()  # when it was so, by the clock of the billing system
    rank = models.SmallIntegerField(default=0)  # among what was said of the same second
    said: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint("about", "key", name="billingfact_once")]

    def __str__(self) -> str:
        return f"{self.key} at {self.at:%Y-%m-%d %H:%M:%S}"
