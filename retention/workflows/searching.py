"""What the search finds of workflows: by name."""

from __future__ import annotations

from django.urls import reverse

from crm.slots import Found
from crm.team.models import User
from retention.workflows.models import Workflow


def called(viewer: User, text: str, limit: int) -> list[Found]:
    """Few enough to look at all of them."""
    if not text:
        return []
    rows = Workflow.objects.filter(name__icontains=text).order_by("name", "id").values_list("name", "slug")[:limit]
    return [Found(name, reverse("workflows:detail", args=[slug]), "workflow") for name, slug in rows]
