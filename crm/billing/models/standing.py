"""How billing is connected, in one row."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q


class BillingSettings(models.Model):
    """Secrets are sealed: see crm.billing.secrets. What is blank here may stand in the environment."""

    ONLY: ClassVar = 1

    stripe_signing = models.TextField(blank=True)
    stripe_signing_former = models.TextField(blank=True)  # of before the rotation; believed too, until …
    stripe_former_until = models.DateTimeField(null=True)
    stripe_key = models.TextField(blank=True)
    hook_secret = models.TextField(blank=True)
    hook_secret_former = models.TextField(blank=True)
    hook_former_until = models.DateTimeField(null=True)
    #: Whether a customer whom nobody knows becomes a new account; else they wait for a person.
    makes_accounts = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="billingsettings_one_row")]

    def __str__(self) -> str:
        return "Billing"

    @classmethod
    def the_only(cls) -> Self:
        """The row; one with the defaults, not stored, while there is none."""
        return cls.objects.filter(pk=cls.ONLY).first() or cls(pk=cls.ONLY)
