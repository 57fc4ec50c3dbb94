"""What campaigns give to others: a menu entry, their trigger and step, a filter field, a notification, search."""

from __future__ import annotations

from django.urls import reverse

from crm import slots
from crm.history.undoing import echoes, irrevocable
from crm.team.models import User
from retention.campaigns import actions, audience, broadcasting
from retention.campaigns.models import Campaign

__all__ = ["audience", "broadcasting"]  # which register a trigger, fields of filters, and a step


def _called(viewer: User, text: str, limit: int) -> list[slots.Found]:
    """Few enough to look at all of them."""
    if not text:
        return []
    found = Campaign.objects.filter(name__icontains=text).order_by("-id")[:limit]
    return [slots.Found(str(row), reverse("campaigns:campaign", args=[row.pk]), "megaphone") for row in found]


slots.menu.register("campaigns", slots.MenuEntry("Campaigns", "megaphone", "campaigns:list", 41))
slots.notification_kinds.register(
    actions.ASKED,
    slots.NotificationKind(
        "A campaign waits for your yes", "What is to leave in a crisis, past caps. Told to admins.", "megaphone",
        "bell", 46,
    ),
)  # fmt: skip
echoes.register("campaigns", actions.kept_as_read)
slots.search_sources.register("campaigns", slots.SearchSource("Campaigns", _called, order=45))
for _kind, _because in {
    actions.MADE: "Call it off, or leave it as a draft.",
    actions.PLANNED: "Call it off instead: what has left cannot be called back.",
    actions.ASKED: "Take it back on its page.",
    actions.APPROVED: "Call it off instead: what has left cannot be called back.",
    actions.CALLED_OFF: "Open it again on its page, or make a copy.",
}.items():
    irrevocable.register(_kind, _because)
