"""Which columns a list shows, and what its menus offer beyond what stands in them at once."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from crm.segments import actions
from crm.segments.listing import columns
from crm.segments.listing.declaration import Listing
from crm.segments.listing.state import state_of
from crm.segments.views.filtering import leading_back, listing_of
from crm.team.viewer import viewer_of
from crm.web.dialogs import dialog, done


@require_http_methods(["GET", "HEAD", "POST"])
def columns_page(request: HttpRequest, subject: str) -> HttpResponse:
    """Choose and order them. On a view they are part of what it shows; else they are this person's own."""
    listing, viewer = listing_of(subject), viewer_of(request)
    state = state_of(request.GET, listing, viewer)
    if request.method != "POST":
        names = columns.known(subject, state.columns) or columns.usual(subject)
        return _page(request, listing, names)
    names = columns.known(subject, request.POST.getlist("cols"))
    do, _, name = request.POST.get("do", "apply").partition(":")
    if do in ("up", "down") and name in names:
        at = names.index(name)
        names.insert(max(at + (-1 if do == "up" else 1), 0), names.pop(at))
        return _page(request, listing, names)
    if do == "usual":
        names = []
    if state.view:
        return done(request, leading_back(listing, state.asked, cols=",".join(names or columns.usual(subject))))
    actions.choose_columns(viewer, subject, names)
    return done(request, leading_back(listing, request.GET, cols=""))


def _page(request: HttpRequest, listing: Listing, names: list[str]) -> HttpResponse:
    every = columns.columns_of(listing.subject)
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, column in every.items():
        if name not in names:
            groups.setdefault(column.field.group if column.field else "", []).append((name, column.shown.label))
    chosen = [(name, every[name].shown.label) for name in names]
    context = {"list": listing, "most": columns.MOST, "chosen": chosen, "groups": groups.items()}
    whence = leading_back(listing, request.GET)
    return dialog(request, "crm/segments/columns.html", context, heading="Columns", back=whence)


@require_GET
def quick_options(request: HttpRequest, subject: str, name: str) -> HttpResponse:
    """All that a menu of the bar can offer, such as every colleague; the address is the list's."""
    listing = listing_of(subject)
    quick = listing.quick.get(name)
    if quick is None or quick.more is None:
        raise Http404("There is no such menu.")
    offered = [
        (label, leading_back(listing, request.GET, **{name: value}), value == request.GET.get(name))
        for value, label in quick.more(viewer_of(request))
    ]
    context = {"quick": quick, "offered": offered, "back": leading_back(listing, request.GET)}
    return render(request, f"crm/segments/quick.html{'#items' if request.htmx else ''}", context)
