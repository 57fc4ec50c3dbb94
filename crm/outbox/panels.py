"""What mail shows on the pages of others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from crm.outbox.models import OutboundMessage
from crm.web import clock

#: Older refusals are history, which the mail page keeps.
LATELY = timedelta(days=90)
_MOST = 20
_SHOWN = 3


def held_back(account: Any, request: HttpRequest) -> dict[str, Any] | None:
    """Mail that did not reach the customer lately, or waits, and why."""
    rows = OutboundMessage.objects.visible_to(request.user).filter(
        Q(state="skipped") | (Q(state="due") & ~Q(guard="")),
        account=account, planned_for__gt=clock.now() - LATELY,
    )  # fmt: skip
    said = rows.select_related("contact", "template").defer("rendered_body")  # the account is known
    found = list(said.order_by("-planned_for", "-id")[:_MOST])
    if not found:
        return None
    count = f"{_MOST}+" if len(found) == _MOST else str(len(found))
    return {"held": found[:_SHOWN], "held_count": count, "held_one": len(found) == 1}
