"""The verbs of saved views. Another's private view is not there; a shared one is changed by its owner and admins."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.segments import actions
from crm.segments.defining import SegmentError
from crm.segments.filters import FilterError
from crm.segments.listing.declaration import WHOLE, Listing
from crm.segments.listing.state import kept
from crm.segments.models import SavedView
from crm.segments.views.filtering import leading_back, listing_of
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast

LONGEST_NAME = 80


@require_POST
def keep_view(request: HttpRequest, subject: str) -> HttpResponse:
    """Keep what `back`, a list's address, asks for under a name."""
    listing, viewer = listing_of(subject), viewer_of(request)
    back, name, shared = _back(request), _name(request), "shared" in request.POST
    if shared:
        demand(viewer, "share_views")
    if not name:
        return _refused(request, leading_back(listing, back), "Give the view a name.")
    try:
        view = actions.keep(viewer, listing.subject, name, shared, kept(back, listing, viewer), clock.now())
    except (actions.NameTaken, SegmentError, FilterError) as error:
        return _refused(request, leading_back(listing, back), str(error))
    toast(request, f"The view “{view.name}” is saved.")
    return redirect(_address(listing, view, back))


@require_POST
def view_state(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the view show what `back` asks for."""
    (view, listing), back = _own(request, pk), _back(request)
    try:
        actions.change(view, kept(back, listing, viewer_of(request)), clock.now())
    except (SegmentError, FilterError) as error:
        return _refused(request, leading_back(listing, back), str(error))
    toast(request, f"The view “{view.name}” is saved.")
    return redirect(_address(listing, view, back))


@require_POST
def view_name(request: HttpRequest, pk: int) -> HttpResponse:
    """Its name, and whether everybody finds it."""
    view, listing = _own(request, pk)
    name, shared = _name(request), "shared" in request.POST
    if shared and not view.shared:
        demand(viewer_of(request), "share_views")
    if not name:
        return _refused(request, _address(listing, view), "Give the view a name.")
    try:
        actions.rename(view, name, shared, clock.now())
    except (actions.NameTaken, SegmentError) as error:
        return _refused(request, _address(listing, view), str(error))
    if not shared and view.owner_id != viewer_of(request).pk:
        toast(request, f"The view “{view.name}” is {view.owner}’s alone now.")
        return redirect(f"{listing.url}?view={WHOLE}")
    toast(request, f"The view is called “{view.name}”{' and shared with everybody' if shared else ''}.")
    return redirect(_address(listing, view))


@require_POST
def view_default(request: HttpRequest, pk: int) -> HttpResponse:
    """Open it first from now on, for oneself; with `lift` the whole list again."""
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    listing, lift = listing_of(view.subject), bool(request.POST.get("lift"))
    actions.open_first(viewer_of(request), view.subject, None if lift else view)
    told = f"all {listing.many}" if lift else f"“{view.name}”"
    toast(request, f"{listing.many.capitalize()} open with {told} from now on.")
    return redirect(_address(listing, view))


@require_POST
def view_position(request: HttpRequest, pk: int) -> HttpResponse:
    """One place to the left (`to=earlier`) or to the right."""
    view, listing = _own(request, pk)
    actions.move(view, -1 if request.POST.get("to") == "earlier" else 1)
    return redirect(_address(listing, view))


@require_POST
def view_deletion(request: HttpRequest, pk: int) -> HttpResponse:
    view, listing = _own(request, pk)
    actions.delete(view, clock.now())
    toast(request, f"The view “{view.name}” is deleted.", undo=reverse("lists:restoration", args=[view.pk]))
    return redirect(f"{listing.url}?view={WHOLE}")


@require_POST
def view_restoration(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring back a view that was deleted."""
    gone = get_object_or_404(SavedView.objects.exclude(deleted_at=None), pk=pk)
    if not gone.may_be_changed_by(viewer_of(request)):
        raise Http404("There is no such view.")
    listing = listing_of(gone.subject)
    try:
        actions.restore(gone)
    except (SegmentError, FilterError) as error:
        return _refused(request, f"{listing.url}?view={WHOLE}", f"The view cannot come back. {error}")
    toast(request, f"The view “{gone.name}” is back.")
    return redirect(_address(listing, gone))


def _own(request: HttpRequest, pk: int) -> tuple[SavedView, Listing]:
    view = get_object_or_404(SavedView.objects.visible_to(request.user).select_related("owner"), pk=pk)
    if not view.may_be_changed_by(viewer_of(request)):
        raise PermissionDenied(f"This view is {view.owner}’s. Save a copy, and change that.")
    return view, listing_of(view.subject)


def _back(request: HttpRequest) -> QueryDict:
    return QueryDict(request.POST.get("back", ""))


def _name(request: HttpRequest) -> str:
    return " ".join(request.POST.get("name", "").replace("\0", "").split())[:LONGEST_NAME]


def _address(listing: Listing, view: SavedView, back: QueryDict | None = None) -> str:
    """The list with this view, or whichever of its pages somebody comes from."""
    asked = QueryDict(f"view={view.pk}", mutable=True)
    for name in listing.placing:
        if back and (value := back.get(name)):
            asked[name] = value
    return listing.address(asked)


def _refused(request: HttpRequest, where: str, why: str) -> HttpResponse:
    toast(request, why, level=messages.ERROR)
    return redirect(where)
