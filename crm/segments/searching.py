"""What the search finds of segments: by name and description."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Lower

from crm.segments.models import Segment
from crm.slots import Found, filter_subjects
from crm.team.models import User
from crm.web.addresses import address


def called(viewer: User, text: str, limit: int) -> list[Found]:
    """Few enough to look at all of them."""
    if not text:
        return []
    rows = Segment.objects.visible_to(viewer).in_use()
    rows = rows.filter(Q(name__icontains=text) | Q(description__icontains=text)).order_by(Lower("name"), "pk")
    return [
        Found(segment.name, address("segments:detail", segment.pk), "layers", filter_subjects[segment.subject].label)
        for segment in rows[:limit]
    ]
