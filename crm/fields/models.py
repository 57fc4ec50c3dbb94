"""Fields that admins have made, and the column of a record that holds their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from django.db import models
from django.db.models import Q

from crm.fields.rules import LONGEST_KEY, TYPES
from crm.history.tracking import Part, Parted, changes_of
from crm.web import clock


class CustomFieldQuerySet(models.QuerySet["CustomField"]):
    def in_order(self) -> Self:
        return self.order_by("group", "order", "name", "id")


class CustomField(models.Model):
    """A field of an account, a contact or another subject. It is archived, never deleted: its key keeps its meaning."""

    subject = models.CharField(max_length=20)  # of slots.custom_subjects
    key = models.CharField(max_length=LONGEST_KEY)
    name = models.CharField(max_length=80)
    type = models.CharField(max_length=10, choices=[(name, kind.label) for name, kind in TYPES.items()])
    help = models.CharField(max_length=200, blank=True)
    required = models.BooleanField(default=False)  # of whoever writes a new record
    default = models.JSONField(null=True, blank=True)  # of new records; as values are stored
    options = models.JSONField(default=list, blank=True)  # code, label and whether it is gone, of each, in order
    decimals = models.PositiveSmallIntegerField(default=0)
    group = models.CharField(max_length=60, blank=True)  # the heading under which it stands
    order = models.PositiveSmallIntegerField(default=0)  # inside its group
    often = models.BooleanField(default=False)  # filtered and sorted by: an index serves it
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = CustomFieldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("subject", "key", name="customfield_key_once"),
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z][a-z0-9_]*$"), name="customfield_key_is_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class CustomFieldChange(
    changes_of(  # type: ignore[misc]
        CustomField,
        {
            "name": "name", "help": "help", "required": "required", "default": "default", "options": "options",
            "decimals": "decimals", "group": "group", "order": "order", "often": "often filtered",
            "archived_at": "archived",
        },
    )
):  # fmt: skip
    """A field as it was defined."""


class CustomValues(Parted):
    """What a record holds in the fields of its subject: value by key, as `Definition.clean` gives it."""

    def __init__(self, subject: str, **options: Any) -> None:
        self.subject = subject
        preset: dict[str, Any] = {"default": dict, "db_default": {}, "blank": True}
        super().__init__(**(preset | options))

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, [self.subject, *args], options

    def parts(self) -> Mapping[str, Part]:
        from crm.fields.known import every  # which reads the table above

        return {one.key: Part(one.name, one.said) for one in every(self.subject)}
