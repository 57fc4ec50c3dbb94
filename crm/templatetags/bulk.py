"""What a list offers for chosen rows: `{% load bulk %}{% bulk_actions_of "account" as actions %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse

from crm.history.bulk.acting import may
from crm.slots import bulk_actions

register = template.Library()


@register.simple_tag(takes_context=True)
def bulk_actions_of(context: Context, subject: str) -> list[dict[str, Any]]:
    """Those that this viewer may do, in order; no query of its own."""
    viewer = context["request"].user
    return [
        {
            "label": action.label,
            "icon": action.icon,
            "url": reverse("history:bulk", args=[subject, name.partition(".")[2]]),
        }
        for name, action in bulk_actions.items()
        if action.subject == subject and action.listed and may(viewer, action)
    ]
