"""Filters that people keep as views of a list, and what each person chose for one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Self

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Lower

from crm.team.models import User
from crm.web import clock


@dataclass(frozen=True)
class Choice:
    """What somebody chose for a list: columns by name, none for the list's own; the view that is shown first."""

    columns: list[str]
    view_id: int | None


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: Any) -> Self:
        """The user's own and those that are shared; nothing that was deleted."""
        if not getattr(user, "is_active", False):
            return self.none()
        return self.filter(Q(owner=user) | Q(shared=True), deleted_at=None)

    def in_order(self) -> Self:
        """As tabs stand: by the places that their owners gave them."""
        return self.order_by("position", "id")


#: As `visible_to` and `in_order` say it, with what the person chose beside each view, or alone: every list asks this.
_TABS = """
    SELECT v.id, v.name, v.owner_id, v.shared, v.tree, v.parameters, v.columns, v.sort, c.columns, c.view_id
    FROM (SELECT) AS always
    LEFT JOIN crm_listchoice c ON c.user_id = %(user)s AND c.subject = %(subject)s
    LEFT JOIN crm_savedview v ON v.subject = %(subject)s AND v.deleted_at IS NULL
        AND (v.owner_id = %(user)s OR v.shared)
    ORDER BY v.owner_id <> %(user)s, v.position, v.id
"""


class SavedView(models.Model):
    """How somebody looks at a list, under a name. Private to its owner unless shared."""

    subject = models.CharField(max_length=20)  # a name in `slots.filter_subjects`
    name = models.CharField(max_length=80)
    owner = models.ForeignKey(User, models.CASCADE, related_name="views")
    shared = models.BooleanField(default=False)
    tree = models.JSONField(default=dict)
    parameters = models.JSONField(default=dict)  # the search and what the bar narrows by, as in the address
    columns = models.JSONField(default=list)  # names in their order; none: as the viewer chose for the list
    sort = models.CharField(max_length=40, blank=True)  # blank: the list's own
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True)  # kept, so that it can come back

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner", "subject", Lower("name"), condition=Q(deleted_at=None), name="view_name_once"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="view_has_name"),
        ]
        indexes = [models.Index(fields=["subject"], condition=Q(shared=True, deleted_at=None), name="view_shared")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def tabs_of(cls, user: User, subject: str) -> tuple[list[SavedView], Choice]:
        """The views that a list shows this active person, their own first, and what they chose for it. One query."""
        with connection.cursor() as cursor:
            cursor.execute(_TABS, {"user": user.pk, "subject": subject})
            rows = cursor.fetchall()
        views = [
            cls(
                id=pk, name=name, owner_id=owner, shared=shared, subject=subject, sort=sort, tree=json.loads(tree),
                parameters=json.loads(parameters), columns=json.loads(columns),
            )
            for pk, name, owner, shared, tree, parameters, columns, sort, *_ in rows if pk
        ]  # fmt: skip
        chosen, first = rows[0][-2:]
        return views, Choice(json.loads(chosen) if chosen else [], first)

    def may_be_changed_by(self, user: User) -> bool:
        """Others save a copy of their own."""
        return self.owner_id == user.pk or (self.shared and user.is_admin)


class ListChoice(models.Model):
    """What one person chose for the list of a subject."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    subject = models.CharField(max_length=20)
    columns = models.JSONField(default=list)  # names in their order; none: the list's own
    view = models.ForeignKey(SavedView, models.SET_NULL, null=True, related_name="+")  # shown first

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "subject"], name="list_choice_once")]

    def __str__(self) -> str:
        return f"{self.subject} of {self.user}"
