"""Where providers post what has come in: checked, stored, answered. Nothing is made of it here."""

from __future__ import annotations

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.inbox import rules
from crm.inbox.channels import hooks
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
