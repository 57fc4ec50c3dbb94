"""What can be done with an endpoint: test, switch, show and change its secret, send again, remove."""

from __future__ import annotations

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from crm.history.toasts import undoable
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock, wording
from crm.web.returning import next_url
from crm.web.toasts import toast
from crm.webhooks.actions import endpoints as verbs
from crm.webhooks.actions import replaying, switching, trying
from crm.webhooks.actions.endpoints import WebhookError
from crm.webhooks.forms import ReplayForm
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint
from crm.webhooks.sending.posting import said
from crm.webhooks.views.endpoints import endpoint_of, page_of

#: So many are tested at once.
_TESTED = 5


@require_POST
@requires("manage_settings")
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """A webhook at once, also while it is off."""
    row = endpoint_of(request, pk)
    made = trying.send_test(row, viewer_of(request), clock.now())
    if made.state == WebhookDelivery.State.DONE:
        toast(request, f"“{row}” took the test: {said(made.status or 0)}.")
    else:
        toast(request, f"“{row}” did not take the test. {made.error}", level=messages.ERROR)
    return redirect(next_url(request, row.get_absolute_url()))


@require_POST
@requires("manage_settings")
def test_all(request: HttpRequest) -> HttpResponse:
    """A webhook to each that is on; of very many to the first few, since somebody waits."""
    viewer, now = viewer_of(request), clock.now()
    rows = WebhookEndpoint.objects.visible_to(viewer).running().order_by("name", "pk")[:_TESTED]
    made = [(row, trying.send_test(row, viewer, now)) for row in rows]
    failed = [f"“{row}”: {one.error}" for row, one in made if one.state != WebhookDelivery.State.DONE]
    if failed:
        toast(request, f"Of {len(made)}, {len(failed)} did not take the test. {' '.join(failed)}", level=messages.ERROR)
    elif made:
        names = wording.listed(f"“{row}”" for row, _ in made)
        toast(request, f"{names} took the test.")
    else:
        toast(request, "No webhook is on. Switch one on, or make one.", level=messages.ERROR)
    return redirect(next_url(request, reverse("webhooks:list")))


@require_POST
@requires("manage_settings")
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Off; or on again (`on`), with what it missed (missed=send) or without."""
    row, by, now = endpoint_of(request, pk), viewer_of(request), clock.now()
    if "on" not in request.POST:
        undoable(request, switching.switch_off(row, by, now), f"“{row}” is off. What happens meanwhile waits.")
        return redirect(row)
    send = request.POST.get("missed") == "send"
    done = switching.switch_on(row, by, now, send_missed=send)
    undoable(request, done, f"“{row}” is on{', and gets what it missed' if send else ' from now on'}.")
    return redirect(row)


@never_cache
@require_POST
@requires("manage_settings")
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Show it, to somebody who has just proven who they are."""
    raise_if_reauthentication_required(request, app="allauth.mfa")
    row = endpoint_of(request, pk)
    return page_of(request, row, secret=verbs.reveal(row, viewer_of(request), clock.now()))


@never_cache
@require_POST
@requires("manage_settings")
def rotation(request: HttpRequest, pk: int) -> HttpResponse:
    """Another secret, on the page that answers; the former one signs too for a day."""
    raise_if_reauthentication_required(request, app="allauth.mfa")
    row = endpoint_of(request, pk)
    fresh = verbs.rotate(row, viewer_of(request), clock.now())
    row.refresh_from_db()
    return page_of(request, row, secret=fresh, rotated=True)


@require_POST
@requires("manage_settings")
def removal(request: HttpRequest, pk: int) -> HttpResponse:
    row = endpoint_of(request, pk)
    undoable(request, verbs.remove(row, viewer_of(request), clock.now()), f"“{row}” is removed.")
    return redirect(reverse("webhooks:list"))


@require_POST
@requires("manage_settings")
def replays(request: HttpRequest, pk: int) -> HttpResponse:
    """All that failed lately, by a worker."""
    row, now, form = endpoint_of(request, pk), clock.now(), ReplayForm(request.POST)
    if not form.is_valid():
        return page_of(request, row, 422, replaying=form)
    try:
        asked = replaying.replay_failed(row, form.since(now), now, viewer_of(request), now)
    except WebhookError as error:
        toast(request, str(error), level=messages.ERROR)
    else:
        many = f"{replaying.COUNTED:,}+" if asked.total > replaying.COUNTED else f"{asked.total:,}"
        toast(request, f"{many} {'goes' if asked.total == 1 else 'go'} out again, under the old ids.")
    return redirect(row)
