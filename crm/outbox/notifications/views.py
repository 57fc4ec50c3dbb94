"""The pages of notifications: what is new, what was, and how one wants to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from crm import slots
from crm.outbox.models import Notification
from crm.outbox.notifications import mark_read, mark_unread
from crm.outbox.notifications.forms import PreferencesForm
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.context import MOST_COUNTED
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.returning import is_ours, next_url
from crm.web.toasts import toast

SECTIONS = {"new": "New", "earlier": "Earlier"}
_SIZE, _IN_PANEL = 30, 8
_NEWEST = Sort("id", descending=True)


@require_GET
@vary_on_headers("HX-Request")
def notification_list(request: HttpRequest) -> HttpResponse:
    """The unread first, then the others; `section` is a further page of one, `part=panel` what hangs from the bell."""
    viewer, only = viewer_of(request), request.GET.get("section", "")
    if request.GET.get("part") == "panel":
        rows = _of(viewer, "new")[:_IN_PANEL]
        lines = [_line(row) for row in rows] or [_line(row) for row in _of(viewer, "earlier")[:_IN_PANEL]]
        context = {"lines": lines, "newest": max((line["pk"] for line in lines), default=0)}
        return render(request, "crm/outbox/notifications/panel.html", context)
    if only and only not in SECTIONS:
        raise Http404
    try:
        sections = [_section(viewer, name, request.GET.get("cursor")) for name in ([only] if only else SECTIONS)]
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    if request.htmx and only:  # type: ignore[attr-defined]
        return render(request, "crm/outbox/notifications/list.html#rows", {"section": sections[0]})
    new = sections[0]["lines"] if not only else []
    context = {
        "sections": [section for section in sections if section["lines"] or only],
        "newest": max((line["pk"] for line in new), default=0),
        "only": only,
    }
    return render(request, "crm/outbox/notifications/list.html", context)


def _of(viewer: User, section: str) -> Any:
    rows = Notification.objects.visible_to(viewer).order_by("-id")
    return rows.unread() if section == "new" else rows.exclude(read_at=None)


def _section(viewer: User, name: str, cursor: str | None) -> dict[str, Any]:
    page = keyset_page(_of(viewer, name), _NEWEST, cursor, _SIZE)
    lines = [_line(row) for row in page.rows]
    return {"name": name, "label": SECTIONS[name], "lines": lines, "next": page.next, "continued": bool(cursor)}


def _line(row: Notification) -> dict[str, Any]:
    kind = slots.notification_kinds.get(row.kind)
    return {
        "pk": row.pk, "text": row.text, "url": row.url, "at": row.created_at, "unread": row.read_at is None,
        "icon": kind.icon if kind else "bell", "kind": kind.label if kind else "",
    }  # fmt: skip


@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """The number of unread ones, asked for every so often; 204 while it is the one that the page shows (`seen`)."""
    unread = Notification.objects.visible_to(viewer_of(request)).unread().order_by()[:MOST_COUNTED].count()
    if request.GET.get("seen") == str(unread):
        return HttpResponse(status=204)
    return render(request, "crm/outbox/notifications/count.html", {"count": unread})


@require_POST
def opening(request: HttpRequest, pk: int) -> HttpResponse:
    """Read it, and go where it leads."""
    viewer = viewer_of(request)
    row = get_object_or_404(Notification.objects.visible_to(viewer), pk=pk)
    mark_read(viewer, clock.now(), only=row.pk)
    return redirect(row.url if is_ours(request, row.url) else reverse("notifications:list"))


@require_POST
def reading(request: HttpRequest) -> HttpResponse:
    """Mark all read that the page showed, up to the newest of them: what has come in since stays unread."""
    viewer, now, newest = viewer_of(request), clock.now(), request.POST.get("newest", "")
    if not (newest.isascii() and newest.isdecimal() and len(newest) < 19):
        raise BadRequest("The form does not say up to where.")
    back = next_url(request, reverse("notifications:list"))
    if count := mark_read(viewer, now, upto=int(newest)):
        undo = f"{reverse('notifications:unreading')}?{urlencode({'at': now.isoformat(), 'next': back})}"
        toast(request, "1 notification is read." if count == 1 else f"{count} notifications are read.", undo=undo)
    return redirect(back)


@require_POST
def unreading(request: HttpRequest) -> HttpResponse:
    """Take back a marking, known by its moment (`at`)."""
    try:
        at = datetime.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        raise BadRequest("The address does not say which marking to take back.") from None
    if at.tzinfo is None:
        raise BadRequest("The address does not say which marking to take back.")
    mark_unread(viewer_of(request), at)
    return redirect(next_url(request, reverse("notifications:list")))


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """How one is told of each kind."""
    form = PreferencesForm(request.POST if request.method == "POST" else None, viewer=viewer_of(request))
    if form.is_valid():
        form.save()
        toast(request, "How you are told is saved.")
        return redirect("notifications:preferences")
    status = 422 if form.is_bound else 200
    return render(request, "crm/outbox/notifications/preferences.html", {"form": form}, status=status)
