"""The page of the group that gets nothing that runs by itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from crm.history.toasts import undoable
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from retention.workflows.experiments import actions
from retention.workflows.experiments.forms import HoldoutForm
from retention.workflows.experiments.models import HoldoutSettings


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_workflows")
def holdout(request: HttpRequest) -> HttpResponse:
    form = HoldoutForm(request.POST if request.method == "POST" else None, instance=HoldoutSettings.the_only())
    if form.is_bound and form.is_valid():
        done = actions.hold_out(form.cleaned_data["percent"], viewer_of(request), clock.now())
        undoable(request, done, "Kept. It counts from now on.")
        return redirect("workflows:holdout")
    return render(request, "retention/workflows/holdout.html", {"form": form}, status=422 if form.errors else 200)
