"""Why deals are lost: the list that people choose from, the same in all pipelines. It stands on the page of a shape."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from crm.history.toasts import undoable
from crm.pipelines.actions import reasons as verbs
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.forms.shaping import ReasonForm
from crm.pipelines.models import LossReason
from crm.pipelines.views.shape import form_of
from crm.pipelines.views.stages import reordered, wanted_order
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.returning import next_url
from crm.web.toasts import toast


def _back(request: HttpRequest) -> str:
    return next_url(request, "/pipelines/")


@require_POST
@requires("shape")
def add(request: HttpRequest) -> HttpResponse:
    """At the end; one of the archive comes back."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        toast(request, f"Reason: {form.errors['name'][0]}", level=messages.ERROR)
        return redirect(_back(request))
    try:
        row, deed = verbs.add_reason(form.cleaned_data["name"], viewer_of(request), clock.now())
        undoable(request, deed, f"“{row}” can be chosen.")
    except DealError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return redirect(_back(request))


@form_of
@requires("shape")
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(LossReason, pk=pk, archived_at=None)
    form = ReasonForm(request.POST) if request.method == "POST" else ReasonForm(initial={"name": row.name})
    if form.is_bound and form.is_valid():
        name = form.cleaned_data["name"]
        try:
            undoable(request, verbs.rename_reason(pk, name, viewer_of(request), clock.now()), f"It is “{name}” now.")
            return done(request, _back(request))
        except DealError as refusal:
            form.add_error("name", str(refusal))
    context = {"form": form, "next": _back(request), "label": "Rename"}
    status = 422 if form.is_bound else 200
    return dialog(
        request, "crm/pipelines/reason_form.html", context, heading="Rename a reason", back=_back(request),
        status=status,
    )  # fmt: skip


@require_POST
@requires("shape")
def archival(request: HttpRequest, pk: int) -> HttpResponse:
    """Deals that were lost for it keep it."""
    row = get_object_or_404(LossReason, pk=pk)
    try:
        deed = verbs.archive_reason(pk, viewer_of(request), clock.now())
        undoable(request, deed, f"“{row}” is archived. Deals that were lost for it keep it.")
    except DealError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return redirect(_back(request))


@require_POST
@requires("shape")
def order(request: HttpRequest) -> HttpResponse:
    """As the `item`s stand; or `reason` one place up or down by `way`."""
    there = list(LossReason.objects.filter(archived_at=None).values_list("pk", flat=True))
    wanted = wanted_order(request, there, "reason")
    return reordered(
        request, _back(request), "The reasons are in their new order.",
        lambda: verbs.reorder_reasons(wanted, viewer_of(request), clock.now()),
    )  # fmt: skip
