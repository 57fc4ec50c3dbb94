"""What the search finds of forms: for whoever may set them, those whose name or address holds the text."""

from __future__ import annotations

from django.db.models import Q

from crm.forms.models import PublicForm
from crm.slots import Found, SearchSource, search_sources
from crm.team.models import User
from crm.team.permissions import allows
from crm.web.addresses import address

_SHORTEST = 3


def find(viewer: User, text: str, limit: int) -> list[Found]:
    if len(text) < _SHORTEST or not allows(viewer, "manage_settings"):
        return []
    holds = Q(name__icontains=text) | Q(title__icontains=text) | Q(slug__icontains=text)
    rows = PublicForm.objects.filter(holds).order_by("name", "id").values_list("pk", "name", "slug")[:limit]
    return [Found(name, address("forms:form", pk), "clipboard-pen", f"/f/{slug}/") for pk, name, slug in rows]


def register_search() -> None:
    search_sources.register("forms", SearchSource("Public forms", find, order=60))
