"""Segments: filters with a name that other filters can use, and sets of customers or people chosen by hand."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from crm.history.tracking import changes_of
from crm.team.models import User
from crm.team.permissions import allows
from crm.web import clock
from crm.web.addresses import address


class SegmentQuerySet(models.QuerySet["Segment"]):
    def visible_to(self, user: Any) -> Self:
        """The user's own and those that are shared, archived ones too."""
        if not getattr(user, "is_active", False):
            return self.none()
        return self.filter(Q(owner=user) | Q(shared=True))

    def in_use(self) -> Self:
        """Not archived."""
        return self.filter(archived_at=None)


class Segment(models.Model):
    """Customers or people: those whom a filter finds (dynamic), or those whom somebody put in (static).

    Private to its owner unless shared. A shared one uses only shared ones, so whoever sees it can read all of it.
    """

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", "Dynamic"
        STATIC = "static", "Static"

    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True, db_default="")
    subject = models.CharField(max_length=20)  # account | contact
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.DYNAMIC, db_default=Kind.DYNAMIC)
    tree = models.JSONField(default=dict)  # of a dynamic one
    owner = models.ForeignKey(User, models.CASCADE, related_name="segments")
    shared = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner", "subject", Lower("name"), condition=Q(archived_at=None), name="segment_name_once"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="segment_has_name"),
            models.CheckConstraint(condition=Q(subject__in=["account", "contact"]), name="segment_subject_known"),
            models.CheckConstraint(condition=Q(kind="dynamic") | Q(kind="static", tree={}), name="segment_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("segments:detail", self.pk)

    @property
    def is_static(self) -> bool:
        return self.kind == self.Kind.STATIC

    def may_be_seen_by(self, user: Any) -> bool:
        """As `visible_to`, of one in hand."""
        return bool(getattr(user, "is_active", False)) and (self.shared or self.owner_id == user.pk)

    def may_be_changed_by(self, user: User) -> bool:
        """Its name and its filter."""
        return self.owner_id == user.pk or (self.shared and user.is_admin)

    def may_be_filled_by(self, user: User) -> bool:
        """Whether they may put somebody into it: into a shared one, everybody who may change many records at once."""
        mine = self.owner_id == user.pk
        return self.is_static and not self.archived_at and (mine or (self.shared and allows(user, "bulk")))


class SegmentChange(
    changes_of(  # type: ignore[misc]
        Segment,
        {
            "name": "name", "description": "description", "tree": "filter", "owner": "owner", "shared": "shared",
            "archived_at": "archived",
        },
    )
):  # fmt: skip
    """A segment as it was."""


class SegmentMember(models.Model):
    """That a customer or a person was put into a static segment."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="members", db_index=False)
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="+")
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, related_name="+")
    added_in = models.BigIntegerField(null=True)  # the act of crm.history: its undo takes them out again
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("segment", "account", condition=Q(contact=None), name="segment_account_once"),
            models.UniqueConstraint("segment", "contact", condition=Q(account=None), name="segment_contact_once"),
            models.CheckConstraint(
                condition=Q(account__isnull=False, contact=None) | Q(account=None, contact__isnull=False),
                name="segment_member_is_one",
            ),
        ]
        indexes = [models.Index(fields=["added_in"], name="segment_member_by_act", condition=Q(added_in__isnull=False))]

    def __str__(self) -> str:
        return f"a place in segment {self.segment_id}"


class SegmentMemberChange(changes_of(SegmentMember, {"segment": "segment"})):  # type: ignore[misc]
    """A place in a segment as it was. A merge that gives it to another takes that back by itself."""
