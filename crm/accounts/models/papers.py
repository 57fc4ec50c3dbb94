"""What lies in a customer's folder: files that people put there, and what sales handed over to success."""

from __future__ import annotations

from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.accounts.models.accounts import Account
from crm.team.models import VisibleQuerySet
from crm.web import clock

_referencing: Any = pgtrigger.Referencing


def leaves_bytes() -> pgtrigger.Trigger:
    """Of a table with `stored_as`: whichever way a row goes, with its customer too, its bytes follow, in the same
    transaction or not at all."""
    return pgtrigger.Trigger(
        name="bytes_left_over", level=pgtrigger.Statement, when=pgtrigger.After, operation=pgtrigger.Delete,
        referencing=_referencing(old="gone"),
        func="INSERT INTO crm_leftoverfile (stored_as) SELECT stored_as FROM gone ON CONFLICT DO NOTHING;"
        " RETURN NULL;",
    )  # fmt: skip


class FileQuerySet(VisibleQuerySet["AccountFile"]):
    def kept(self) -> Self:
        """Those that nobody has deleted."""
        return self.filter(deleted_at=None)


class AccountFile(models.Model):
    """A file about a customer. Its bytes lie under MEDIA_ROOT, where no web server looks; its page hands them out."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)  # by its first bytes, never as the browser said
    size = models.BigIntegerField()  # bytes
    stored_as = models.CharField(max_length=120, unique=True)  # under MEDIA_ROOT
    added_at = models.DateTimeField(default=clock.now)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    deleted_at = models.DateTimeField(null=True)  # the bytes stay for some days, so that it can be taken back
    deleted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = FileQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "-added_at", "-id"], condition=Q(deleted_at=None), name="file_of_account"),
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="file_deleted"),
        ]
        triggers = [leaves_bytes()]

    def __str__(self) -> str:
        return self.name


class LeftOverFile(models.Model):
    """Bytes under MEDIA_ROOT whose row is gone, until they are removed as well."""

    stored_as = models.CharField(max_length=120, primary_key=True)

    def __str__(self) -> str:
        return self.stored_as


class HandOff(models.Model):
    """What sales tells success about a new customer. A change is a new version; the one that holds has no end."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="hand_offs")
    version = models.PositiveIntegerField()
    goals = models.TextField(blank=True)
    roadblocks = models.TextField(blank=True)
    decision_makers = models.TextField(blank=True)
    promised = models.TextField(blank=True)
    written_at = models.DateTimeField(default=clock.now)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    replaced_at = models.DateTimeField(null=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("account", "version", name="hand_off_version_once"),
            models.UniqueConstraint("account", condition=Q(replaced_at=None), name="hand_off_current_once"),
        ]

    def __str__(self) -> str:
        return f"hand-off of {self.account_id}, version {self.version}"
