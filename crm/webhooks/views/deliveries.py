"""One delivery: what was sent, each try, the last answer; and the guide for those who write the other side."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from crm import slots
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.timeline.models import TimelineEntry
from crm.web import clock
from crm.web.toasts import toast
from crm.webhooks import kinds, reading, rules
from crm.webhooks.actions import replaying
from crm.webhooks.actions.endpoints import WebhookError
from crm.webhooks.models import WebhookDelivery
from crm.webhooks.sending.posting import said


def _delivery(request: HttpRequest, pk: int) -> WebhookDelivery:
    rows = WebhookDelivery.objects.visible_to(request.user).select_related("endpoint")
    return get_object_or_404(rows, pk=pk)


@require_safe
@requires("manage_settings")
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """With its payload and the last answer."""
    row = _delivery(request, pk)
    entry = (
        TimelineEntry.objects.visible_to(request.user).filter(pk=row.entry_id or 0).select_related("account").first()
    )
    tries = [one | {"at": datetime.fromisoformat(one["at"]), "said": _said(one)} for one in reversed(row.log)]
    context: dict[str, Any] = {
        "row": row, "entry": entry, "label": kinds.label(row.kind), "tone": reading.TONES[row.state], "tries": tries,
        "body": reading.pretty(row.body), "most": rules.MAX_TRIES,
    }  # fmt: skip
    return render(request, "crm/webhooks/delivery.html", context)


def _said(one: dict[str, Any]) -> str:
    return said(one["status"]) if one["status"] else str(one["error"])


@require_POST
@requires("manage_settings")
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    row = _delivery(request, pk)
    try:
        replaying.replay(row, viewer_of(request), clock.now())
    except WebhookError as error:
        toast(request, str(error), level=messages.ERROR)
    else:
        toast(request, "It goes out again within seconds, under its old id.")
    return redirect(row)


@require_safe
@requires("manage_settings")
def guide(request: HttpRequest) -> HttpResponse:
    """What is sent, when it is tried again, how to prove that it is ours, and an example of each kind (`kind`)."""
    chosen = request.GET.get("kind", "")
    chosen = chosen if chosen in slots.fact_kinds else next(iter(sorted(slots.fact_kinds.names())), "")
    context: dict[str, Any] = {
        "kinds": kinds.offered(), "chosen": chosen, "days": settings.WEBHOOK_DAYS, "delays": rules.DELAYS,
        "example": reading.example(chosen, clock.now(), with_texts=True) if chosen else "", "most": rules.MAX_TRIES,
        "rest": rules.FAILS_FOR,
    }  # fmt: skip
    return render(request, "crm/webhooks/guide.html", context)
