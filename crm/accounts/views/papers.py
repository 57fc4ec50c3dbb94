"""The hand-off document, and how it stands with the customer's goal."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from crm.accounts.actions import papers
from crm.accounts.forms import GoalForm, HandOffForm
from crm.accounts.models import HandOff
from crm.accounts.views.profile import tabs
from crm.accounts.views.reaching import account_of
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.templatetags import ui
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast

#: Versions that a page shows in full.
VERSIONS = 20


@require_safe
def hand_offs(request: HttpRequest, pk: int) -> HttpResponse:
    """The hand-off that holds, and what it said before."""
    account = account_of(request, pk)
    rows = account.hand_offs.visible_to(request.user).select_related("written_by").order_by("-version")[:VERSIONS]
    labels = HandOffForm.Meta.labels
    versions = [
        {
            "number": row.version, "by": str(row.written_by or "somebody who has left"), "at": ui.ago(row.written_at),
            "parts": [(labels[part], getattr(row, part)) for part in papers.PARTS if getattr(row, part)],
        }
        for row in rows
    ]  # fmt: skip
    context = {"account": account, "tabs": tabs(account.pk), "tab": "hand-off", "versions": versions}
    part = "#story" if request.htmx else ""  # type: ignore[attr-defined]
    answer = render(request, f"crm/accounts/hand_offs.html{part}", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@requires("edit")
def hand_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the first version, or one that replaces the present one."""
    account = account_of(request, pk)
    current = account.hand_offs.visible_to(request.user).filter(replaced_at=None).first()
    context: dict[str, Any] = {"account": account, "current": current}
    form = HandOffForm(request.POST if request.method == "POST" else None, instance=current or HandOff(account=account))
    if form.is_valid():
        seen = form.cleaned_data["version"] or 0
        try:
            said = {part: form.cleaned_data[part].strip() for part in papers.PARTS}
            written = papers.hand_off(account, said, seen, viewer_of(request), clock.now())
        except papers.Overtaken as overtaken:
            context |= _theirs(form, overtaken.current)
        else:
            toast(request, "The hand-off is written." if written else "The hand-off says this already.")
            return done(request, account.get_absolute_url())
    heading, status = f"Hand-off of {account.name}", 422 if form.is_bound else 200
    context["form"] = form
    return dialog(
        request, "crm/accounts/hand_off.html", context, heading=heading, back=account.get_absolute_url(), status=status
    )


def _theirs(form: HandOffForm, current: HandOff) -> dict[str, Any]:
    """What somebody else wrote meanwhile, part by part beside what was typed; sending again replaces it."""
    typed: Any = form.data.copy()  # type: ignore[attr-defined]
    typed["version"] = str(current.version)
    form.data = typed
    labels = HandOffForm.Meta.labels
    parts = [(part, getattr(current, part), form.cleaned_data[part].strip()) for part in papers.PARTS]
    different = [(labels[part], theirs, yours) for part, theirs, yours in parts if theirs != yours]
    return {"differences": different, "current": current}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("edit")
def goal(request: HttpRequest, pk: int) -> HttpResponse:
    """A check-in: what the customer says of their goal."""
    account, now = account_of(request, pk), clock.now()
    form = GoalForm(request.POST or None, initial={"asked_on": clock.today(now)}, now=now)
    if form.is_valid():
        data = form.cleaned_data
        papers.check_goal(account, data["state"], data["note"].strip(), data["asked_on"], viewer_of(request), now)
        toast(request, "The answer is noted.")
        return done(request, account.get_absolute_url())
    back, status = account.get_absolute_url(), 422 if form.is_bound else 200
    context = {"form": form, "account": account}
    heading = f"Check in with {account.name}"
    return dialog(request, "crm/accounts/goal.html", context, heading=heading, back=back, status=status)
