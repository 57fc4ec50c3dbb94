"""One customer in a workflow: paused, going on, past a step, or out, each with a reason and its way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.history.models import Act
from crm.history.toasts import undoable
from crm.team.models import User
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.returning import next_url
from crm.web.toasts import toast
from retention.workflows.changing import persons
from retention.workflows.models import Enrollment

#: A reason is a sentence.
LONGEST = 200


def _verb(change: Callable[..., Act], said: str, *, needs_reason: bool) -> Any:
    @require_POST
    def view(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
        demand(request.user, "steer_people")
        rows = Enrollment.objects.visible_to(request.user).select_related("account", "workflow")
        found = get_object_or_404(rows, pk=pk, workflow__slug=slug)
        by: User = viewer_of(request)
        reason = request.POST.get("reason", "").replace("\0", "").strip()[:LONGEST]
        if needs_reason and not reason:
            toast(request, "Say why: it is kept with your name. Nothing was changed.", level=40)
        else:
            try:
                undoable(request, change(found, reason, by, clock.now()), said.format(who=found.account))
            except persons.PersonError as refusal:
                toast(request, str(refusal), level=40)
        return redirect(next_url(request, reverse("workflows:enrollment", args=[slug, pk])))

    return view


hold = _verb(persons.hold, "{who} is paused in it, until somebody lets them go on.", needs_reason=True)
release = _verb(persons.release, "{who} goes on.", needs_reason=False)
skip = _verb(persons.skip, "The step is left out for {who}.", needs_reason=True)
leave = _verb(persons.leave, "{who} has left the workflow.", needs_reason=True)
