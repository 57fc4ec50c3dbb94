"""The page behind the link at the foot of a mail. Opening it changes nothing; mailboxes and people post to it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.accounts.models import Contact
from crm.outbox import unsubscribing as verbs
from crm.web import clock

#: What a mailbox posts by itself (RFC 8058). It wants a plain 200, no page and no redirect.
ONE_CLICK = ("List-Unsubscribe", "One-Click")


@csrf_exempt  # the token is the proof, and mailboxes bring no cookie
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribing(request: HttpRequest, token: str) -> HttpResponse:
    contact = verbs.contact_of(token)
    if contact is None:
        return render(request, "crm/outbox/no_such_link.html", status=404)
    if request.method == "POST":
        undo = "undo" in request.POST
        (verbs.undo if undo else verbs.unsubscribe)(contact, clock.now())
        if request.POST.get(ONE_CLICK[0]) == ONE_CLICK[1]:
            return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
        contact.refresh_from_db()
    out = contact.email_consent == Contact.Consent.NO
    undoable = out and verbs.consent_before(contact) is not None
    return render(request, "crm/outbox/unsubscribe.html", {"contact": contact, "out": out, "undoable": undoable})
