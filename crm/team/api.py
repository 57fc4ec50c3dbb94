"""How the API names people of ours: by e-mail."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.team.models import User


@extend_schema_field(OpenApiTypes.EMAIL)
class UserField(serializers.RelatedField):  # type: ignore[type-arg]
    """The e-mail of an active user."""

    def get_queryset(self) -> Any:
        return User.objects.filter(is_active=True)

    def to_internal_value(self, data: Any) -> User:
        user = self.get_queryset().filter(email=data.strip().lower()).first() if isinstance(data, str) else None
        if user is None:
            raise serializers.ValidationError("There is no active user with this e-mail.")
        return user  # type: ignore[no-any-return]

    def to_representation(self, value: Any) -> str:
        return str(value.email)
