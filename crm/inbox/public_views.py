"""Where providers post what has come in: checked, stored, answered. Nothing is made of it here."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.inbox import rules
from crm.inbox.channels import bridge, hooks, meta, telegram
from crm.inbox.channels.chat import MOST_BYTES, Forged
from crm.web import clock

logger = logging.getLogger(__name__)


@csrf_exempt  # the provider's signature or secret is the proof
@login_not_required
@require_http_methods(["HEAD", "POST"])
def mail(request: HttpRequest, provider: str) -> HttpResponse:
    """A provider's request. 403 for one that is not theirs, 413 for one that is too large to keep."""
    if not hooks.is_open(provider):
        raise Http404("This installation takes no mail from there.")
    if request.method == "HEAD":  # some look first whether anybody is there
        return HttpResponse()
    body = request.read(rules.MOST_BYTES + 1)
    if len(body) > rules.MOST_BYTES:
        logger.warning("A request of %s was refused: it is larger than %d bytes", provider, rules.MOST_BYTES)
        return HttpResponse("Too large.\n", status=413, content_type="text/plain")
    try:
        hooks.take(provider, request, body, clock.now())
    except hooks.Forged as error:
        logger.warning("A request to the hook of %s was refused: %s", provider, error)
        return HttpResponse("Refused.\n", status=403, content_type="text/plain")
    return HttpResponse("Stored.\n", content_type="text/plain")


@csrf_exempt
@login_not_required
@require_http_methods(["POST"])
def telegram_updates(request: HttpRequest) -> HttpResponse:
    """An update for the bot."""
    if not telegram.is_open():
        raise Http404("This installation has no Telegram bot.")
    return _stored(request, lambda body: telegram.take(body, request.headers, clock.now()))


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "POST"])
def meta_hook(request: HttpRequest, source: str) -> HttpResponse:
    """The handshake by GET, then what happens there by POST."""
    app = meta.APPS[source]
    if not app.is_open:
        raise Http404(f"This installation has no account of {source}.")
    if request.method == "POST":
        return _stored(request, lambda body: app.take(body, request.headers, clock.now()))
    try:
        return HttpResponse(app.shake(request.GET), content_type="text/plain")
    except Forged as error:
        return _refused(request, error)


@csrf_exempt
@login_not_required
@require_http_methods(["POST"])
def bridge_hook(request: HttpRequest, name: str) -> HttpResponse:
    """A bridge of one's own."""
    if not bridge.is_open(name):
        raise Http404("This installation knows no such bridge.")
    return _stored(request, lambda body: bridge.take(name, body, request.headers, clock.now()))


def _stored(request: HttpRequest, take: Callable[[bytes], None]) -> HttpResponse:
    """403 for a request that proves nothing, 413 for one that is too large; nothing is kept of either."""
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        logger.warning("A request to %s was refused: it is larger than %d bytes", request.path, MOST_BYTES)
        return HttpResponse("Too large.\n", status=413, content_type="text/plain")
    try:
        take(body)
    except Forged as error:
        return _refused(request, error)
    return HttpResponse("Stored.\n", content_type="text/plain")


def _refused(request: HttpRequest, error: Forged) -> HttpResponse:
    logger.warning("A request to %s was refused: %s", request.path, error)
    return HttpResponse("Refused.\n", status=403, content_type="text/plain")
