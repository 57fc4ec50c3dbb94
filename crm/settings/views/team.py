"""The team: everybody with role, sight and state; inviting; and the groups they form."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.settings.actions import invitations
from crm.settings.forms import InviteForm, TeamForm, teams_for
from crm.team.actions import TeamError
from crm.team.backends import FACTORS
from crm.team.models import Team, User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.todos.models import Task
from crm.web import clock
from crm.web.faults import first_fault
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast

#: tab → label and who is on it. Whoever was invited and withdrawn, and never came, is on none.
TABS: dict[str, tuple[str, Q]] = {
    "active": ("Active", Q(is_active=True)),
    "invited": ("Invited", Q(is_active=False, invitation__isnull=False)),
    "closed": ("Closed", Q(is_active=False, invitation=None) & ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)),
}


@require_safe
@requires("manage_team")
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, by name."""
    tab = request.GET.get("tab", "active")
    if tab not in TABS:
        raise Http404
    try:
        page = keyset_page(_rows(tab), Sort("name"), request.GET.get("cursor"))
    except BadCursor as error:
        return HttpResponseBadRequest(str(error))
    ids = [user.pk for user in page.rows]
    tasks = Task.objects.filter(owner__in=ids).open().order_by().values("owner").annotate(many=Count("pk"))
    open_tasks = dict(tasks.values_list("owner", "many"))
    for user in page.rows:
        user.open_tasks = open_tasks.get(user.pk, 0)
    context: dict[str, Any] = {"page": page, "tab": tab, "tabs": _counted(), "now": clock.now()}
    if request.htmx and request.GET.get("cursor"):
        return render(request, "crm/settings/team.html#rows", context)
    return render(request, "crm/settings/team.html", context)


def _rows(tab: str) -> QuerySet[User]:
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    rows = User.objects.filter(TABS[tab][1]).annotate(has_second_factor=Exists(factor))
    return rows.select_related("invitation").prefetch_related("teams")


def _counted() -> list[tuple[str, str, int]]:
    found = User.objects.aggregate(**{name: Count("pk", filter=which) for name, (_, which) in TABS.items()})
    return [(name, label, found[name]) for name, (label, _) in TABS.items()]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_team")
def invite(request: HttpRequest) -> HttpResponse:
    """Somebody new. The link is shown on the page that answers, for when mail does not leave yet."""
    first = {"role": User.Role.MANAGER, "sees": User.Sees.ALL}
    teams = teams_for()
    form = InviteForm(request.POST if request.method == "POST" else None, initial=first, teams=teams)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            user, link = invitations.invite(**form.cleaned_data, by=viewer_of(request), now=clock.now())
        except TeamError as error:
            form.add_error("email", str(error))
        else:
            context = {"form": InviteForm(initial=first, teams=teams), "invited": user, "link": link}
    return render(request, "crm/settings/invite.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_team")
def groups(request: HttpRequest) -> HttpResponse:
    """Teams: make one, see who is in them."""
    form = TeamForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _saved(form):
        toast(request, f"The team {form.instance} is made. Who is in it, say on each person’s page.")
        return redirect("settings:groups")
    teams = Team.objects.prefetch_related("members").order_by("name")
    context = {"form": form, "teams": teams}
    return render(request, "crm/settings/groups.html", context, status=422 if form.errors else 200)


@require_POST
@requires("manage_team")
def group(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a team another name."""
    form = TeamForm(request.POST, instance=get_object_or_404(Team, pk=pk))
    if form.is_valid() and _saved(form):
        toast(request, f"The team is called {form.instance} now.")
    else:
        toast(request, first_fault(form), level=messages.ERROR)
    return redirect("settings:groups")


def _saved(form: TeamForm) -> bool:
    try:
        with transaction.atomic():
            form.save()
    except IntegrityError:
        form.add_error("name", "There is a team of this name already. Choose another.")
        return False
    return True


@require_POST
@requires("manage_team")
def remove_group(request: HttpRequest, pk: int) -> HttpResponse:
    """A team goes; its people stay, and see less from now on if they saw by it."""
    team = get_object_or_404(Team, pk=pk)
    team.delete()
    toast(request, f"The team {team} is gone. Its people see their own customers, and those of their other teams.")
    return redirect("settings:groups")
