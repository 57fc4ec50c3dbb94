"""Going on after a pause or a stop: what came due meanwhile, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from crm.history.undoing import UndoError
from crm.team.models import User
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock, standing
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast
from retention.workflows import actions
from retention.workflows.changing import resuming, stopping
from retention.workflows.changing.resuming import CHOICES, SKIP, SPREAD, Choice, Overdue
from retention.workflows.models import Workflow
from retention.workflows.recipes import RecipeError

_UNITS = {"hours": "hours", "days": "days"}


class ChoiceForm(forms.Form):
    """What becomes of what came due; spreading asks over how long."""

    how = forms.ChoiceField(choices=list(CHOICES.items()), initial=SKIP, required=False)
    over = forms.IntegerField(label="Over", initial=2, min_value=1, max_value=720, required=False)
    unit = forms.ChoiceField(label="Unit", choices=list(_UNITS.items()), initial="days", required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        number, unit = data.get("over") or 2, data.get("unit") or "days"
        over = timedelta(days=number) if unit == "days" else timedelta(hours=number)
        if not self.errors:
            how = data.get("how") or SKIP
            try:
                data["choice"] = Choice(how, over) if how == SPREAD else Choice(how)
            except resuming.ResumeError as error:
                self.add_error("over", str(error))
        return data


def _choose(
    request: HttpRequest, workflow: Workflow, found: Overdue, heading: str, go_on: Callable[[Choice, User], str]
) -> HttpResponse:
    back = reverse("workflows:detail", args=[workflow.slug])
    form = ChoiceForm()
    if request.method == "POST":
        form = ChoiceForm(request.POST)
        if form.is_valid():
            try:
                toast(request, go_on(form.cleaned_data["choice"], viewer_of(request)))
                standing.forget()
            except UndoError as refusal:
                toast(request, str(refusal), level=40)
            return done(request, back)
    shown = {"workflow": workflow, "overdue": found, "form": form, "rates": _rates(found)}
    status = 422 if request.method == "POST" else 200
    template = "retention/workflows/changing/choice.html"
    return dialog(request, template, shown, heading=heading, back=back, status=status)


def _rates(found: Overdue) -> list[tuple[str, str]]:
    """Over so long, at such a rate: to choose by."""
    spans = {"1 day": timedelta(days=1), "2 days": timedelta(days=2), "1 week": timedelta(days=7)}
    return [(words, found.rate(over)) for words, over in spans.items()]


@require_http_methods(["GET", "POST"])
def resumption(request: HttpRequest, slug: str) -> HttpResponse:
    """A paused workflow goes on, as chosen."""
    demand(request.user, "manage_workflows")
    workflow, now = get_object_or_404(Workflow, slug=slug), clock.now()

    def go_on(choice: Choice, by: User) -> str:
        if not actions.resume(workflow, now, choice, by):
            return f"{workflow} was not paused."
        return f"{workflow} goes on. {_SAID[choice.how]}"

    return _choose(request, workflow, resuming.overdue(workflow, now), f"Let “{workflow}” go on", go_on)


_SAID = {
    "skip": "What came due meanwhile is left out, not sent in a burst.",
    "spread": "What came due meanwhile follows little by little, in its order.",
    "send": "What came due meanwhile is done now, within caps and quiet hours.",
}


@require_http_methods(["GET", "POST"])
def deactivation(request: HttpRequest, slug: str) -> HttpResponse:
    """What switching off would do; posted to, it is off."""
    demand(request.user, "manage_workflows")
    back = reverse("workflows:detail", args=[slug])
    if request.method == "POST":
        try:
            workflow = actions.disable(slug, clock.now(), viewer_of(request))
            toast(request, f"{workflow} is off. Nothing of it leaves any more. Everybody can be brought back.")
            standing.forget()
        except RecipeError as refusal:
            toast(request, str(refusal), level=40)
        return done(request, back)
    workflow = get_object_or_404(Workflow, slug=slug)
    shown = {"workflow": workflow, "stop": stopping.would_stop(workflow)}
    template = "retention/workflows/changing/stop.html"
    return dialog(request, template, shown, heading=f"Switch off “{workflow}”", back=back)


@require_http_methods(["GET", "POST"])
def bringing_back(request: HttpRequest, slug: str) -> HttpResponse:
    """A workflow that was switched off is on again, with everybody who was under way."""
    demand(request.user, "manage_workflows")
    workflow, now = get_object_or_404(Workflow, slug=slug), clock.now()
    stopped = stopping.last_stop(workflow, now)
    at = stopping.moment(stopped) if stopped else now

    def go_on(choice: Choice, by: User) -> str:
        many = stopping.bring_back(workflow, choice, by, now)
        return f"{workflow} is on again, with {many:,} who were under way. {_SAID[choice.how]}"

    found = resuming.overdue(workflow, now, stopped_at=at)
    return _choose(request, workflow, found, f"Switch “{workflow}” on again, with everybody", go_on)
