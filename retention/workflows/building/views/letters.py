"""A look at the words of a step with the facts of a customer, and a letter of them to oneself. Neither changes it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from crm.accounts.models import Account
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast
from retention.workflows.building import drafts, letters
from retention.workflows.building.drafts import DraftError
from retention.workflows.building.views import desk, edits

#: So many customers are offered to a search.
OFFERED = 8


@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """As somebody would read it. What is typed and not kept yet counts."""
    demand(request.user, "manage_workflows")
    subject, body = _words(request)
    data = drafts.current(desk.own(slug))
    facts, to = letters.facts_for(data, _account(request), viewer_of(request), clock.now())
    shown = letters.look(subject, body, facts, to, data.get("settings") or {})
    sent = "v.subject" in request.POST
    named = {"sent": sent, "titled": sent or "v.title" in request.POST}
    blank = "(no subject yet)" if sent else "(nothing to do yet)"
    return render(request, "retention/workflows/building/look.html", {"look": shown, "blank": blank} | named)


@require_POST
def trial(request: HttpRequest, slug: str) -> HttpResponse:
    """To oneself, through the outbox, as every mail goes."""
    demand(request.user, "manage_workflows")
    subject, body = _words(request)
    data, viewer, now = drafts.current(desk.own(slug)), viewer_of(request), clock.now()
    facts, _ = letters.facts_for(data, _account(request), viewer, now)
    said, level = "", 25
    try:
        said = letters.send_to_oneself(subject, body, facts, viewer, now)
    except DraftError as error:
        said, level = str(error), 40
    if request.htmx:
        return render(request, "retention/workflows/building/tried.html", {"said": said, "wrong": level == 40})
    toast(request, said, level=level)
    return redirect(edits.at_page(slug, str(request.POST.get("at", ""))))


@require_GET
def customers(request: HttpRequest) -> HttpResponse:
    """Those whose name contains what is typed, to look at words with their facts."""
    demand(request.user, "manage_workflows")
    text = request.GET.get("find", "").strip()
    rows = Account.objects.visible_to(request.user)
    found = list(rows.filter(name__icontains=text).order_by("name", "id")[:OFFERED]) if text else []
    return render(request, "retention/workflows/building/customers.html", {"found": found, "text": text})


def _account(request: HttpRequest) -> Account | None:
    text = str(request.POST.get("about", ""))
    rows = Account.objects.visible_to(request.user)
    return rows.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 18 else None


def _words(request: HttpRequest) -> tuple[str, str]:
    """Of the language that is open, or of the step itself. A webhook's note is a text without a subject."""
    language = str(request.POST.get("language", ""))
    at = f"v.languages.{language}." if language else "v."
    subject = request.POST.get(f"{at}subject") or request.POST.get(f"{at}title") or ""
    body = request.POST.get(f"{at}body") or request.POST.get(f"{at}note") or ""
    return str(subject), str(body).replace("\r\n", "\n")
