"""Making, changing, archiving and restoring segments, and how many a filter would find."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from crm.history.toasts import undoable
from crm.segments import defining, sizes
from crm.segments.builder import HOW, Builder, Condition
from crm.segments.defining import SegmentError
from crm.segments.filters import FilterError, parse
from crm.segments.forms import SegmentForm
from crm.segments.listing import Listing
from crm.segments.models import Segment
from crm.segments.views.filtering import listing_of
from crm.segments.views.segments import ideas
from crm.slots import filter_subjects, lists, segment_ideas
from crm.team.models import User
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast


def _listing(subject: str) -> Listing:
    """Raises Http404 for a subject whose rows cannot be in segments."""
    found = listing_of(subject)
    if not found.segments:
        raise Http404("There are no segments of these.")
    return found


_form = require_http_methods(["GET", "HEAD", "POST"])


@_form
def new_segment(request: HttpRequest) -> HttpResponse:
    """From nothing, from a ready-made one (`idea`), or from what a list shows (`subject` and the list's parameters)."""
    viewer = viewer_of(request)
    subject = request.GET.get("subject", "account")
    _listing(subject)
    if request.method != "POST":
        return _begun(request, subject, viewer)
    form, builder = SegmentForm(request.POST), Builder.read(request.POST, subject, viewer)
    told = _told(request, form, builder)
    if told is not None:
        try:
            segment = defining.make(viewer, subject, told, clock.now())
        except (SegmentError, FilterError) as error:
            form.add_error(None, str(error))
        else:
            toast(request, f"The segment “{segment}” is there.")
            return redirect(segment)
    return _page(request, subject, form, builder)


def _begun(request: HttpRequest, subject: str, viewer: User) -> HttpResponse:
    """The empty form, filled as the address asks."""
    idea = segment_ideas.get(request.GET.get("idea", ""))
    if idea:
        form = SegmentForm(initial={"name": idea.name, "description": idea.description})
        return _page(request, idea.subject, form, Builder.of(dict(idea.tree), idea.subject, viewer=viewer))
    try:
        tree = _listing(subject).tree(_of_list(request.GET), viewer)
    except FilterError as error:
        toast(request, f"This filter cannot be used: {error}", level=messages.ERROR)
        tree = {}
    builder = Builder.of(tree, subject, viewer=viewer)
    if not builder.root.parts:
        builder.root.parts.append(Condition(builder.subject, place="0-0", viewer=viewer))  # the name comes first
    return _page(request, subject, SegmentForm(), builder, left_out=request.GET.get("q", ""))


def _of_list(given: QueryDict) -> QueryDict:
    """The parameters of the list, without what belongs to this page; what its view keeps is in them already."""
    asked = given.copy()
    for name in ("subject", "idea", "in"):
        asked.pop(name, None)
    return asked


@_form
def edit_segment(request: HttpRequest, pk: int) -> HttpResponse:
    """By its owner; a shared one by admins too."""
    viewer, segment = viewer_of(request), _own(request, pk)
    if request.method != "POST":
        initial = {"name": segment.name, "description": segment.description, "shared": segment.shared}
        form = SegmentForm(initial=initial, segment=segment)
        return _page(request, segment.subject, form, _builder_of(segment, viewer), segment)
    form = SegmentForm(request.POST, segment=segment)
    builder = Builder.read(request.POST, segment.subject, viewer)
    told = _told(request, form, builder, segment)
    if told is not None:
        try:
            deed = defining.change(segment, viewer, told, clock.now())
        except (SegmentError, FilterError) as error:
            form.add_error(None, str(error))
        else:
            undoable(request, deed, f"The segment “{told['name']}” is changed.")
            return redirect(segment)
    return _page(request, segment.subject, form, builder, segment)


def _builder_of(segment: Segment, viewer: User) -> Builder:
    """Empty for a filter that cannot be read any more."""
    try:
        parse(segment.tree, segment.subject)
        return Builder.of(segment.tree, segment.subject, viewer=viewer)
    except FilterError:
        return Builder.of({}, segment.subject, viewer=viewer)


def _told(
    request: HttpRequest, form: SegmentForm, builder: Builder, segment: Segment | None = None
) -> dict[str, Any] | None:
    """What the form says, to be saved; None if it was only rebuilt, or is wrong and says so."""
    if (do := request.POST.get("do", "save")) != "save":
        builder.asked(do)
        return None
    kind = segment.kind if segment else request.POST.get("kind")
    try:
        tree = {} if kind == Segment.Kind.STATIC else builder.tree()
    except FilterError as error:
        form.add_error(None, f"The filter is not finished: {error.message}")
        return None
    if not form.is_valid():
        return None
    if form.cleaned_data["shared"] and not (segment and segment.shared):
        demand(request.user, "share_views")
    return {**form.cleaned_data, "tree": tree}


def _page(
    request: HttpRequest, subject: str, form: SegmentForm, builder: Builder, segment: Segment | None = None,
    left_out: str = "",
) -> HttpResponse:  # fmt: skip
    context = {
        "form": form, "builder": builder, "how": HOW, "segment": segment, "list": lists[subject], "ideas": ideas(),
        "left_out": left_out, "subjects": [(name, filter_subjects[name].label) for name in ("account", "contact")],
        "idea": request.GET.get("idea", ""),
    }  # fmt: skip
    wrong = request.method == "POST" and request.POST.get("do", "save") == "save"
    return render(request, "crm/segments/segment_form.html", context, status=422 if wrong else 200)


@require_POST
def segment_count(request: HttpRequest, subject: str) -> HttpResponse:
    """How many the filter of a form finds, of those whom the viewer may see. Changes nothing."""
    viewer, listing = viewer_of(request), _listing(subject)
    builder = Builder.read(request.POST, subject, viewer)
    try:
        chosen = parse(builder.tree(), subject, viewer)
    except FilterError as error:
        return render(request, "crm/segments/segment_count.html", {"unfinished": error.message})
    number, exact = sizes.about(chosen.apply(listing.base(viewer), clock.now()))
    context = {"said": sizes.in_words(number, exact, listing.one, listing.many), "sentence": chosen.sentence()}
    return render(request, "crm/segments/segment_count.html", context)


@require_POST
def segment_archiving(request: HttpRequest, pk: int) -> HttpResponse:
    segment = _own(request, pk)
    try:
        deed = defining.archive(segment, viewer_of(request), clock.now())
    except SegmentError as error:
        toast(request, str(error), level=messages.ERROR)
        return redirect(segment)
    undoable(request, deed, f"The segment “{segment}” is archived.")
    return redirect(reverse("segments:list"))


@require_POST
def segment_restoration(request: HttpRequest, pk: int) -> HttpResponse:
    segment = _own(request, pk)
    try:
        defining.restore(segment, viewer_of(request), clock.now())
    except (SegmentError, FilterError) as error:
        toast(request, str(error), level=messages.ERROR)
    else:
        toast(request, f"The segment “{segment}” is back.")
    return redirect(segment)


def _own(request: HttpRequest, pk: int) -> Segment:
    segment = get_object_or_404(Segment.objects.visible_to(request.user).select_related("owner"), pk=pk)
    if not segment.may_be_changed_by(viewer_of(request)):
        raise PermissionDenied(
            f"This segment is {segment.owner}’s. Make one of your own, and use theirs in its filter."
        )
    return segment
