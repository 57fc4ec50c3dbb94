"""What customers bought, once and piece by piece."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crm.history.tracking import changes_of
from crm.team.models import VisibleQuerySet
from crm.web import clock


class Purchase(models.Model):
    """One order: who bought it, when, and at which rate. Its items say what."""

    account = models.ForeignKey("crm.Account", models.CASCADE, db_index=False, related_name="purchases")
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, blank=True, related_name="purchases")
    external_id = models.CharField(max_length=120, null=True, blank=True)
    purchased_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=18, decimal_places=8, default=1)  # to the reporting currency, when booked
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("external_id", name="purchase_external_id_once")]
        indexes = [models.Index(fields=["account", "purchased_at"], name="purchase_of_account")]

    def __str__(self) -> str:
        return self.external_id or f"Purchase {self.pk}"


class PurchaseItemQuerySet(VisibleQuerySet["PurchaseItem"]):
    owner_path = "purchase__account__owner"


class PurchaseItem(models.Model):
    """A line of an order: so many of a product for an amount, all of them together."""

    purchase = models.ForeignKey(Purchase, models.CASCADE, db_index=False, related_name="items")
    place = models.PositiveSmallIntegerField()  # 1 is the first line
    product = models.CharField(max_length=200, blank=True)
    quantity = models.PositiveIntegerField(default=1)
    amount = models.DecimalField(max_digits=14, decimal_places=2)  # of all of them, in the purchase's currency

    objects = PurchaseItemQuerySet.as_manager()

    class Meta:
        ordering = ("purchase", "place")
        constraints = [
            models.UniqueConstraint("purchase", "place", name="item_place_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="item_not_negative"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="item_at_least_one"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}" if self.product else f"Item {self.place}"


class PurchaseChange(
    changes_of(  # type: ignore[misc]
        Purchase,
        {
            "contact": "buyer", "external_id": "external id", "purchased_at": "day of purchase",
            "currency": "currency", "rate": "rate of exchange",
        },
    )
):  # fmt: skip
    """A purchase as it was before somebody changed it."""


class PurchaseItemChange(
    changes_of(  # type: ignore[misc]
        PurchaseItem, {"product": "product", "quantity": "quantity", "amount": "amount"}
    )
):
    """A line of an order as it was before somebody changed it."""
