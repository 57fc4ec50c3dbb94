"""The pages of campaigns: all of them, one as it is written, how it reads, and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.history.toasts import undoable
from crm.outbox import stopping, trying
from crm.outbox.models import Sender, Topic
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast
from retention.campaigns import actions, audience, reading
from retention.campaigns.actions import CampaignError
from retention.campaigns.forms import CampaignForm
from retention.campaigns.models import Campaign
from retention.workflows.building.letters import variables
from retention.workflows.wording import in_words


@require_safe
def campaigns(request: HttpRequest) -> HttpResponse:
    rows = reading.standing(Campaign.objects.all())
    try:
        page = keyset_page(rows, Sort("id", descending=True), request.GET.get("cursor"))
    except BadCursor as error:
        return HttpResponse(str(error), status=400)
    now = clock.now()
    lines = [(row, reading.stand(row, now), in_words(row.subject)) for row in page.rows]
    context = {"lines": lines, "next": page.next, "may": allows(viewer_of(request), "manage_workflows")}
    return render(request, "retention/campaigns/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_workflows")
def new(request: HttpRequest) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    asked = request.GET.get("kind", "")
    kind = asked if asked in Campaign.Kind.values else Campaign.Kind.NEWS
    form = CampaignForm(request.POST or None, viewer=viewer, instance=Campaign(kind=kind))
    if request.method == "POST" and form.is_valid():
        return redirect("campaigns:campaign", actions.make(form.written, viewer, now).pk)
    context = {"form": form, "row": form.instance, "heading": "New campaign", "variables": variables()}
    return render(request, "retention/campaigns/write.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_workflows")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    row = _found(pk)
    if not row.is_open:
        toast(request, f"“{row}” is {row.get_state_display().lower()}: what it says cannot be changed now.", level=40)
        return redirect("campaigns:campaign", pk)
    form = CampaignForm(request.POST or None, viewer=viewer, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            undoable(request, actions.write(pk, form.written, viewer, now), "The campaign is kept.")
        except CampaignError as error:
            toast(request, str(error), level=40)
        return redirect("campaigns:campaign", pk)
    context = {
        "form": form,
        "row": row,
        "heading": row.name if not form.errors else "Campaign",
        "variables": variables(),
    }
    return render(request, "retention/campaigns/write.html", context, status=422 if form.errors else 200)


@require_safe
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    viewer, now, row = viewer_of(request), clock.now(), _found(pk)
    reader = reading.somebody(row, viewer, now)
    asked = row.state == Campaign.State.ASKED and row.asked_by_id == viewer.pk
    alone = asked and not actions.is_another_admin(viewer)
    context: dict[str, Any] = {
        "row": row, "stand": reading.stand(row, now), "reader": reader, "letters": reading.letters(row, reader, now),
        "reach": audience.reach(row, now) if viewer.sees_everything and _is_ahead(row) else None,
        "outcomes": reading.outcomes(row, now), "may": allows(viewer, "manage_workflows"),
        "may_approve": row.asked_by_id != viewer.pk or alone, "alone": alone,
        "topic": Topic.objects.filter(slug=row.topic).first() if row.topic else None,
        "follow_ups": Campaign.objects.filter(follows=row).order_by("id"),
    }  # fmt: skip
    return render(request, "retention/campaigns/campaign.html", context)


def _is_ahead(row: Campaign) -> bool:
    """Nobody has entered yet: the audience is still to be taken."""
    return row.state != Campaign.State.CALLED_OFF and not row.entered  # type: ignore[attr-defined]


def _found(pk: int) -> Any:
    return get_object_or_404(reading.standing(Campaign.objects.all()), pk=pk)


def _verb(view: Callable[[HttpRequest, int], str]) -> Callable[..., HttpResponse]:
    """An admin's POST; what cannot be done is said on the page that one comes back to."""

    @require_POST
    @requires("manage_workflows")
    @wraps(view)
    def guarded(request: HttpRequest, pk: int) -> HttpResponse:
        get_object_or_404(Campaign, pk=pk)
        try:
            toast(request, view(request, pk))
        except CampaignError as error:
            toast(request, str(error), level=40)
        return redirect("campaigns:campaign", pk)

    return guarded  # type: ignore[no-any-return]


@_verb
def planning(request: HttpRequest, pk: int) -> str:
    row = actions.plan(pk, viewer_of(request), clock.now())
    if not row.is_crisis:
        return f"“{row}” is planned."
    others = actions.is_another_admin(viewer_of(request))
    return "Another admin is asked for a yes." if others else "It waits for a yes: there is no other admin, so yours."


@_verb
def approval(request: HttpRequest, pk: int) -> str:
    read = str(request.POST.get("read", ""))
    row = actions.approve(pk, viewer_of(request), clock.now(), read)
    if why := stopping.now_thrown().because(Sender.DEFAULT):
        return f"“{row}” has its yes, and waits: no mail leaves. {why}"
    return f"“{row}” leaves now."


@_verb
def calling_off(request: HttpRequest, pk: int) -> str:
    asked = Campaign.objects.filter(pk=pk, state=Campaign.State.ASKED).exists()
    found = actions.call_off(pk, viewer_of(request), clock.now())
    if asked:
        return "Taken back: it is a draft again, and nobody is asked any more."
    return f"Called off. {found.mails} planned mails do not leave." if found.mails else "Called off."


@_verb
def reopening(request: HttpRequest, pk: int) -> str:
    return f"“{actions.reopen(pk, viewer_of(request), clock.now())}” is a draft again."


@_verb
def trial(request: HttpRequest, pk: int) -> str:
    """Each wording to oneself, filled in for one of the audience."""
    viewer, now, row = viewer_of(request), clock.now(), _found(pk)
    for number, letter in enumerate(reading.letters(row, reading.somebody(row, viewer, now), now)):
        if letter.error or not letter.body.strip():
            raise CampaignError(letter.error or "It says nothing yet. Write a subject and a text.")
        key = f"campaign-trial:{row.pk}:{viewer.pk}:{number}:{now:%Y%m%d%H%M}"  # at most one a minute
        said = {"subject": letter.subject, "body": letter.body}
        trying.write_to_oneself(viewer, key, ("{{ subject }}", "{{ body }}"), now, said)
    return trying.outlook(viewer)


@require_POST
@requires("manage_workflows")
def copies(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Campaign, pk=pk)
    return redirect("campaigns:edit", actions.copy(pk, viewer_of(request), clock.now()).pk)


@require_POST
@requires("manage_workflows")
def follow_ups(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Campaign, pk=pk)
    try:
        return redirect("campaigns:edit", actions.follow_up(pk, viewer_of(request), clock.now()).pk)
    except CampaignError as error:
        toast(request, str(error), level=40)
        return redirect("campaigns:campaign", pk)
