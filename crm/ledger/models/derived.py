"""What follows from the facts. All of it can be thrown away and derived again, but movements, which say what was known
when."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from crm.team.models import VisibleQuerySet


class SpanQuerySet(VisibleQuerySet["CustomerSpan"]):
    def covering(self, day: date) -> Self:
        """Whoever was, is or, as far as terms are booked, will be a customer on that day."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=day), starts_on__lte=day)


class CustomerSpan(models.Model):
    """A stretch of days on which an account was a customer, at one MRR. Written by `project` alone.

    Spans of an account never overlap, since one query makes them all of each account, in the order of days; adjoining
    ones differ in MRR. Those to come are in it as well.
    """

    account = models.ForeignKey("crm.Account", models.CASCADE, db_index=False, related_name="spans")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)  # the first day on which it is over; null: open
    mrr = models.DecimalField(max_digits=16, decimal_places=2)  # reporting currency

    objects = SpanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("account", "starts_on", name="span_start_once"),
            models.CheckConstraint(condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")), name="span_ends_later"),
            models.CheckConstraint(condition=Q(mrr__gte=0), name="span_mrr_not_negative"),
        ]
        indexes = [
            models.Index(fields=["starts_on"], name="span_by_start"),
            models.Index(fields=["ends_on"], name="span_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.ends_on or 'open'}: {self.mrr}"


_update_of: Any = pgtrigger.UpdateOf
_NEVER_CHANGED = _update_of("day", "kind", "amount", "customers", "known_at")


class MrrMovement(models.Model):
    """What changed on a day in who is a customer and what they bring, as it was known at a moment. Append-only.

    The sum of `amount` up to a day is the MRR of that day, that of `customers` the number of customers; with
    `known_at` ≤ T as it was known at T. What turns out otherwise is further rows for the same day.
    """

    class Kind(models.TextChoices):
        NEW = "new", "New"
        EXPANSION = "expansion", "Expansion"
        CONTRACTION = "contraction", "Contraction"
        CHURN = "churn", "Churn"
        REACTIVATION = "reactivation", "Reactivation"

    account = models.ForeignKey("crm.Account", models.CASCADE, db_index=False, related_name="movements")
    day = models.DateField()
    kind = models.CharField(max_length=12, choices=Kind)
    amount = models.DecimalField(max_digits=16, decimal_places=2)  # a month, reporting currency, signed
    customers = models.SmallIntegerField()
    known_at = models.DateTimeField()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "day"], name="movement_of_account"),
            models.Index(fields=["day"], name="movement_by_day"),
            BrinIndex(fields=["known_at"], name="movement_known", autosummarize=True),  # they come in this order
        ]
        triggers = [
            pgtrigger.Trigger(
                name="keep", when=pgtrigger.Before, operation=_NEVER_CHANGED,
                func="RAISE EXCEPTION 'Movements are never changed: append what differs.' USING ERRCODE = '23514';",
            ),
            # Asked at the end of the transaction, when the account is gone as well or is not.
            pgtrigger.Trigger(
                name="stay", when=pgtrigger.After, operation=pgtrigger.Delete, timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (SELECT FROM crm_account WHERE id = OLD.account_id) THEN
                        RAISE EXCEPTION 'Movements go with their account alone.' USING ERRCODE = '23514';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} on {self.day}"


class EnteredSpend(models.Model):
    """The lifetime spend that somebody had entered for an account before there were facts that it follows from.

    It comes back when the last of them goes.
    """

    account = models.OneToOneField("crm.Account", models.CASCADE, primary_key=True, related_name="+")
    amount = models.DecimalField(max_digits=18, decimal_places=2)  # reporting currency

    def __str__(self) -> str:
        return str(self.amount)


class RfmScore(models.Model):
    """What a customer is worth, by recency, frequency and money: written by a nightly walk (crm.ledger.rfm).

    Beside the wide row of the account, whose updates are dear. Whoever bought nothing within two years has none.
    """

    account = models.OneToOneField("crm.Account", models.CASCADE, primary_key=True, related_name="rfm")
    last_on = models.DateField()  # when they last did something themselves
    times = models.IntegerField()  # purchases within the window
    spent = models.DecimalField(max_digits=16, decimal_places=2)  # reporting currency
    r = models.SmallIntegerField(default=0)  # scores 1…5; 0 until they are first compared
    f = models.SmallIntegerField(default=0)
    m = models.SmallIntegerField(default=0)
    code = models.CharField(max_length=12, blank=True)  # a class of crm.ledger.rfm.rules

    class Meta:
        indexes = [models.Index(fields=["code", "account"], name="rfm_by_class")]

    def __str__(self) -> str:
        return f"{self.code}: {self.r}{self.f}{self.m}"
