"""From a demo to one's own data: what goes, the question, and how far it is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from crm.settings.actions import emptying
from crm.settings.forms import EmptyForm
from crm.settings.models import Emptying
from crm.team.actions import TeamError
from crm.team.models import Organisation
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def page(request: HttpRequest) -> HttpResponse:
    """What would go, or how far it has come; a POST begins it. For htmx only how far it is."""
    begun = Emptying.objects.select_related("by").filter(pk=Emptying.ONLY).first()
    name = Organisation.the_only().name or "Holdfast"
    form = EmptyForm(request.POST if request.method == "POST" else None, name=name)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                emptying.ask(viewer_of(request), backup=form.cleaned_data["backup"], now=clock.now())
                return redirect("settings:emptying")
            status = 422
        except TeamError as error:
            form.add_error(None, str(error))
            status = 409
    is_demo = emptying.told_at() is not None
    context: dict[str, Any] = {
        "form": form, "name": name, "begun": begun, "is_demo": is_demo, "most": emptying.COUNTED,
        "counts": emptying.what_goes(viewer_of(request)) if is_demo and not begun else {}, "stages": _stages(begun),
    }  # fmt: skip
    part = "#progress" if request.htmx and begun else ""
    return render(request, f"crm/settings/emptying.html{part}", context, status=status)


def _stages(begun: Emptying | None) -> list[dict[str, str]]:
    """Each with its state: done, now or to come."""
    if begun is None:
        return []
    wanted = [stage for stage in Emptying.Stage if stage != Emptying.Stage.BACKUP or begun.backup]
    here = wanted.index(Emptying.Stage(begun.stage))
    done = begun.finished_at is not None
    return [
        {"label": str(stage.label), "state": "done" if number < here or done else "now" if number == here else ""}
        for number, stage in enumerate(wanted)
        if stage != Emptying.Stage.DONE
    ]


@require_POST
@requires("manage_settings")
def calling_off(request: HttpRequest) -> HttpResponse:
    if emptying.call_off(viewer_of(request)):
        toast(request, "Called off. Everything is as it was.")
    else:
        toast(request, "It is too late for that: the demo is going already.", level=messages.ERROR)
    return redirect("settings:emptying")
