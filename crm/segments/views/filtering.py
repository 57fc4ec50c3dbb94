"""The filter builder: a page that leads back to its list, and the bare form for whatever page holds one."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from crm.segments import filterbar
from crm.segments.builder import HOW, Builder
from crm.segments.filters import FilterError
from crm.segments.listing.declaration import Listing
from crm.slots import filter_subjects, lists
from crm.team.viewer import viewer_of
from crm.web.dialogs import dialog, done


def listing_of(subject: str) -> Listing:
    """Raises Http404 for a subject that no page lists."""
    found = lists.get(subject)
    if not isinstance(found, Listing):
        raise Http404("There is no such list.")
    return found


def leading_back(listing: Listing, back: QueryDict, **changes: str) -> str:
    """The list again, with its parameters changed; blank ones go, and it begins at its first page."""
    asked = back.copy()
    for name, value in ({"cursor": ""} | changes).items():
        asked[name] = value
    for name in [name for name, value in asked.items() if not value]:
        del asked[name]
    return listing.address(asked)


@require_http_methods(["GET", "HEAD", "POST"])
def filter_page(request: HttpRequest, subject: str) -> HttpResponse:
    """The builder about the filter of a list's address. `at` names the condition to look at, `new` begins another one.

    Changes nothing but what is shown: applying it leads to the list's address with the new filter.
    """
    listing, back = listing_of(subject), request.GET.copy()
    at = (back.pop("at", None) or [""])[-1]
    if request.method != "POST":
        return _opened(request, listing, back, at)
    builder, do = Builder.read(request.POST, subject, viewer_of(request)), request.POST.get("do", "apply")
    if do != "apply":
        builder.asked(do)
        return _page(request, listing, builder, back)
    try:
        tree = builder.tree()
    except FilterError as error:
        return _page(request, listing, builder, back, refused=error)
    return done(request, leading_back(listing, back, f=filterbar.written(tree)))


def _opened(request: HttpRequest, listing: Listing, back: QueryDict, at: str) -> HttpResponse:
    viewer = viewer_of(request)
    try:
        chosen = listing.filter(back, viewer)
    except FilterError as error:
        return _page(request, listing, Builder.of({}, listing.subject, viewer=viewer), back, refused=error)
    builder = Builder.of(chosen.tree, listing.subject, "" if at == "new" else at, viewer)
    if at == "new" or not builder.root.parts:
        builder.asked("add:0")
    return _page(request, listing, builder, back)


def _page(
    request: HttpRequest, listing: Listing, builder: Builder, back: QueryDict, refused: FilterError | None = None
) -> HttpResponse:
    beside = any(condition.error for condition in builder.root.conditions())
    told = f"{refused.place} {refused.message}".strip() if refused and not beside else ""
    context = {"list": listing, "builder": builder, "how": HOW, "refused": told}
    heading, whence, status = f"Filter {listing.many}", leading_back(listing, back), 422 if refused else 200
    return dialog(request, "crm/segments/filter.html", context, heading=heading, back=whence, status=status)


@require_POST
def builder_form(request: HttpRequest, subject: str) -> HttpResponse:
    """The builder alone, after what a button or a changed field asked. Changes nothing."""
    if subject not in filter_subjects:
        raise Http404("There is nothing of this kind to filter.")
    do = request.POST.get("do", "")
    builder = Builder.read(request.POST, subject, viewer_of(request), do.rpartition("|")[0])
    builder.asked(do)
    return render(request, "crm/segments/builder.html", {"builder": builder, "how": HOW})
