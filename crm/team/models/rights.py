"""What admins changed in the matrix of roles, and what holds for the whole installation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject


class RoleRight(models.Model):
    """A cell of `rules.MATRIX` that an admin has changed. Cells without a row stand as the matrix has them."""

    role = models.CharField(max_length=10)
    permission = models.CharField(max_length=40)
    allowed = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint("role", "permission", name="roleright_once")]

    def __str__(self) -> str:
        return f"{self.role} {'may' if self.allowed else 'may not'} {self.permission}"

    @classmethod
    def changed_for(cls, role: str) -> ArraySubquery:
        """To annotate rows with: what was changed for the role to which this path leads; `read` makes it a dict."""
        cell = JSONObject(permission="permission", allowed="allowed")
        return ArraySubquery(cls.objects.filter(role=OuterRef(role)).values(cell=cell))

    @staticmethod
    def read(cells: Iterable[Mapping[str, Any]]) -> dict[str, bool]:
        return {cell["permission"]: cell["allowed"] for cell in cells}


class Organisation(models.Model):
    """Whose installation it is, in one row."""

    class SecondFactor(models.TextChoices):
        OPTIONAL = "optional", "Whoever wants to"
        ADMINS = "admins", "All admins"
        EVERYBODY = "everybody", "Everybody"

    name = models.CharField(max_length=120, blank=True)
    second_factor = models.CharField(max_length=10, choices=SecondFactor, default=SecondFactor.OPTIONAL)
    start_put_away_at = models.DateTimeField(null=True)  # the checklist of the first run

    ONLY: ClassVar = 1

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="organisation_one_row")]

    def __str__(self) -> str:
        return self.name or "An organisation without a name"

    @classmethod
    def the_only(cls) -> Self:
        """The row; one with the defaults, not stored, while there is none."""
        return cls.objects.filter(pk=cls.ONLY).first() or cls(pk=cls.ONLY)
