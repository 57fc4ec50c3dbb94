"""How a customer feels in one message: by which words, and the correction by whoever knows better."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets import moods as verbs
from crm.tickets.models import TicketMessage
from crm.tickets.rules.mood import CHOICES, FRUSTRATED, NEGATIVE, POSITIVE, label
from crm.web import clock
from crm.web.toasts import toast


@require_http_methods(["GET", "HEAD", "POST"])
@requires("tickets")
def mood(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment that a message's badge opens; a POST says how it really was."""
    viewer = viewer_of(request)
    heard = TicketMessage.objects.visible_to(viewer).filter(kind=TicketMessage.Kind.IN)
    message = get_object_or_404(heard.select_related("ticket", "mood_by"), pk=pk)
    if request.method == "POST":
        name = request.POST.get("mood", "")
        if name not in CHOICES:
            raise BadRequest(f"“{name}” is no mood that one can choose.")
        verbs.correct(message, name, viewer, clock.now())
        message.refresh_from_db()
        if not request.htmx:  # type: ignore[attr-defined]
            toast(request, "Noted. No reading of words changes it any more.")
            return redirect(f"{message.ticket.get_absolute_url()}#message-{message.pk}")
    context = {"message": message, "badge": badge(message.mood), "choices": list(CHOICES)}
    return render(request, "crm/tickets/mood.html", context)


def badge(score: int | None) -> dict[str, str]:
    """Words and tone of the badge; blank where nothing is judged."""
    if score is None:
        return {"words": "", "tone": ""}
    tone = "bad" if score <= FRUSTRATED else "warn" if score <= NEGATIVE else "good" if score >= POSITIVE else ""
    return {"words": label(score), "tone": tone}
