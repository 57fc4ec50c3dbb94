"""Endpoints for admins: the list, the form of one, its page, and what can be done with it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from crm.history.toasts import undoable
from crm.segments.builder import HOW, Builder
from crm.segments.filters import FilterError, parse
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast
from crm.webhooks import kinds, reading
from crm.webhooks.actions import endpoints as verbs
from crm.webhooks.actions.endpoints import WebhookError
from crm.webhooks.forms import EndpointForm, ReplayForm
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookReplay

_form = require_http_methods(["GET", "HEAD", "POST"])
_NEWEST = Sort("id", descending=True)
#: Tab → its label, the state of its deliveries, and what an empty one says.
TABS = {
    "all": ("All", "", "Nothing has happened yet that it asks for. Send a test to see how it answers."),
    "failed": ("Failed", "failed", "Nothing failed. What is given up after three days of trying waits here for you."),
    "waiting": ("Waiting", "waiting", "Nothing waits."),
    "done": ("Delivered", "done", "Nothing has been delivered yet."),
    "skipped": ("Not sent", "skipped", "Everything it asks for was sent."),
}


def endpoint_of(request: HttpRequest, pk: int) -> WebhookEndpoint:
    """One that is there. Raises Http404."""
    return get_object_or_404(WebhookEndpoint.objects.visible_to(request.user).there(), pk=pk)


@require_safe
@requires("manage_settings")
def endpoints(request: HttpRequest) -> HttpResponse:
    """All of them, with how they stand."""
    rows = WebhookEndpoint.objects.visible_to(request.user).there().order_by("name")
    return render(request, "crm/webhooks/list.html", {"lines": reading.lines(rows, clock.now())})


@_form
@requires("manage_settings")
def new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _editing(request, EndpointForm(), Builder.of({}, "account", viewer=viewer_of(request)))
    form, builder = EndpointForm(request.POST), Builder.read(request.POST, "account", viewer_of(request))
    if told := _told(request, form, builder):
        try:
            row, _ = verbs.make(told, viewer_of(request), clock.now())
        except WebhookError as error:
            _refused(form, error)
        else:
            toast(request, f"“{row}” is there. Show its secret, give it to the other side, and send a test.")
            return redirect(row)
    return _editing(request, form, builder)


@_form
@requires("manage_settings")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = endpoint_of(request, pk)
    if request.method != "POST":
        return _editing(request, EndpointForm.of(row), _builder(request, row), row)
    form, builder = EndpointForm(request.POST), Builder.read(request.POST, "account", viewer_of(request))
    if told := _told(request, form, builder):
        try:
            done = verbs.change(row, told, viewer_of(request), clock.now())
        except WebhookError as error:
            _refused(form, error)
        else:
            undoable(request, done, f"“{row}” is changed.")
            return redirect(row)
    return _editing(request, form, builder, row)


def _builder(request: HttpRequest, row: WebhookEndpoint) -> Builder:
    """Empty for a filter that cannot be read any more."""
    try:
        parse(row.tree, "account")
        return Builder.of(row.tree, "account", viewer=viewer_of(request))
    except FilterError:
        return Builder.of({}, "account", viewer=viewer_of(request))


def _told(request: HttpRequest, form: EndpointForm, builder: Builder) -> dict[str, Any] | None:
    """What is to be saved; None if the filter was only rebuilt, or something is wrong and says so."""
    if (do := request.POST.get("do", "save")) != "save":
        builder.asked(do)
        return None
    try:
        tree = builder.tree()
    except FilterError as error:
        form.add_error(None, f"The filter is not finished: {error.message}")
        return None
    return {**form.told(), "tree": tree} if form.is_valid() else None


def _refused(form: EndpointForm, error: WebhookError) -> None:
    form.add_error(error.field if error.field in form.fields else None, str(error))


def _editing(
    request: HttpRequest, form: EndpointForm, builder: Builder, row: WebhookEndpoint | None = None
) -> HttpResponse:  # fmt: skip
    wrong = request.method == "POST" and request.POST.get("do", "save") == "save"
    context: dict[str, Any] = {"form": form, "builder": builder, "how": HOW, "endpoint": row}
    return render(request, "crm/webhooks/edit.html", context, status=422 if wrong else 200)


@never_cache
@require_safe
@requires("manage_settings")
def endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    """How it stands, and what was told to it, the newest first."""
    return page_of(request, endpoint_of(request, pk))


def page_of(request: HttpRequest, row: WebhookEndpoint, status: int = 200, **more: Any) -> HttpResponse:
    """The page of an endpoint; a form on it that is wrong, or a secret to show, come in `more`."""
    now, tab = clock.now(), request.GET.get("tab", "all")
    if tab not in TABS:
        raise Http404("There is no such tab.")
    deliveries = WebhookDelivery.objects.filter(endpoint=row).defer("body", "answer", "log")
    if state := TABS[tab][1]:
        deliveries = deliveries.filter(state=state)
    try:
        page = keyset_page(deliveries, _NEWEST, request.GET.get("cursor"), 30)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    for one in page.rows:
        one.label, one.tone = kinds.label(one.kind), reading.TONES[one.state]
    context: dict[str, Any] = {"page": page, "endpoint": row, "tab": tab, "now": now}
    if request.htmx and request.GET.get("cursor"):
        return render(request, "crm/webhooks/endpoint.html#rows", context)
    (line,) = reading.lines([row], now)
    context |= {
        "line": line, "tabs": [(name, label) for name, (label, _, _) in TABS.items()], "nothing": TABS[tab][2],
        "failed": reading.failed(row), "filter": reading.filter_words(row), "replaying": ReplayForm(),
        "replay": WebhookReplay.objects.filter(endpoint=row).order_by("-pk").first(),
        "labels": sorted(map(kinds.label, row.kinds)), **more,
    }  # fmt: skip
    return render(request, "crm/webhooks/endpoint.html", context, status=status)
