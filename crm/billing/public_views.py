"""Where billing systems post: checked, stored, answered. Nothing is made of it here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from crm.billing import hooks
from crm.billing.stripe import incoming
from crm.inbox.channels import chat
from crm.web import clock

logger = logging.getLogger(__name__)


@csrf_exempt  # the signature is the proof
@login_not_required
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """An event of Stripe."""
    if not incoming.is_open(now := clock.now()):
        raise Http404("This installation takes nothing from Stripe.")
    return _stored(request, incoming.store, now)


@csrf_exempt
@login_not_required
@require_POST
def billing(request: HttpRequest) -> HttpResponse:
    """Facts of another billing system."""
    if not hooks.is_open(now := clock.now()):
        raise Http404("This installation takes nothing from other billing systems.")
    return _stored(request, hooks.store, now)


def _stored(
    request: HttpRequest, store: Callable[[bytes, Mapping[str, str], datetime], None], now: datetime
) -> HttpResponse:
    """403 for a request that proves nothing, 413 for one that is too large; nothing is kept of either."""
    body = request.read(chat.MOST_BYTES + 1)
    if len(body) > chat.MOST_BYTES:
        logger.warning("A request to %s was refused: it is larger than %d bytes", request.path, chat.MOST_BYTES)
        return HttpResponse("Too large.\n", status=413, content_type="text/plain")
    try:
        store(body, request.headers, now)
    except (incoming.Forged, chat.Forged) as error:
        logger.warning("A request to %s was refused: %s", request.path, error)
        return HttpResponse("Refused.\n", status=403, content_type="text/plain")
    return HttpResponse("Stored.\n", content_type="text/plain")
