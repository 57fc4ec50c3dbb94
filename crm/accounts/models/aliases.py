"""What a record was known by before it became part of another."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crm.accounts.models.accounts import Account
from crm.accounts.models.contacts import Contact
from crm.web import clock


class Alias(models.Model):
    """A number, an id elsewhere or an address of a record that was merged: it still finds the one that stayed.

    Of numbers, so that old links lead on; of ids and addresses, so that files and mail about the old one arrive.
    """

    class Kind(models.TextChoices):
        ID = "id", "Number here"
        EXTERNAL_ID = "external_id", "Id in another system"
        EMAIL = "email", "E-mail"

    subject = models.CharField(max_length=10)  # account | contact
    kind = models.CharField(max_length=12, choices=Kind)
    value = models.CharField(max_length=254)
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="aliases")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="aliases")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("subject", "kind", "value", name="alias_once"),
            models.CheckConstraint(
                condition=Q(subject="account", account__isnull=False, contact=None)
                | Q(subject="contact", contact__isnull=False, account=None),
                name="alias_of_one",
            ),
        ]

    def __str__(self) -> str:
        return self.value

    @classmethod
    def holder(cls, subject: str, kind: str, value: str) -> int | None:
        """The id of the record that is known by it since a merge, if any."""
        found = cls.objects.filter(subject=subject, kind=kind, value=value)
        return found.values_list(f"{subject}_id", flat=True).first()
