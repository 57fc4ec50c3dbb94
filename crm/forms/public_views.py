"""Public forms: pages without sign-in, also in a frame on pages that the form names. What is sent is stored first.

They set and ask for no cookie, and work without scripts. Parameters of the address say where somebody came from and,
with embed=1, that the page stands in a frame.
"""

from __future__ import annotations

from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from crm.forms import rules, targets
from crm.forms.actions.arriving import Sent, store
from crm.forms.answers import MOST_BYTES
from crm.forms.forms.entry import EntryForm
from crm.forms.models import FormEntry, PublicForm
from crm.outbox.formatting import as_html
from crm.team.permissions import allows
from crm.web import clock

#: From one address of the internet, to one form.
_RATE = "10/10m/ip"
#: Bytes of a request: the files, if it may bring any, and far more text than is taken.
_LARGEST_TEXT = 1024 * 1024
_THEMES = ("light", "dark")


@csrf_exempt  # no cookie says who it is, so no other page could send it in somebody's name; its token is signed
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, slug: str) -> HttpResponse:
    """The form, and where it is sent to. A trapped program is thanked like everybody."""
    shown, now = get_object_or_404(PublicForm, slug=slug), clock.now()
    if shown.archived_at:
        return _framable(render(request, "crm/forms/public/closed.html", _standing(request, shown), status=410), shown)
    if int(request.META.get("CONTENT_LENGTH") or 0) > _largest(shown):
        return _page(request, shown, EntryForm(shown, now), "That was too large. Send smaller files, or fewer.", 413)
    if request.method != "POST":
        return _page(request, shown, EntryForm(shown, now, referrer=request.headers.get("Referer", "")))
    if not _is_from_here(request):
        return _page(request, shown, EntryForm(shown, now), "This form is sent from its own page alone.", 403)
    filled = EntryForm(shown, now, request.POST, request.FILES)
    if not _may_send(request, shown):
        because = "Many messages came from where you are. Wait ten minutes, then send it again; nothing is lost here."
        return _page(request, shown, filled, because, 429)
    if not filled.is_valid():
        return _page(request, shown, filled, status=422)
    if not filled.is_trapped:
        store(shown, _sent(request, filled), now)
    return _onward(request, shown)


def _may_send(request: HttpRequest, shown: PublicForm) -> bool:
    action = f"form-{shown.pk}"
    return bool(ratelimit.consume(request, app="crm.forms", action=action, config={action: _RATE}))


def _largest(shown: PublicForm) -> int:
    kinds = {found.kind for one in shown.asked if (found := targets.target(one.target))}
    return _LARGEST_TEXT + (MOST_BYTES if "files" in kinds else 0)


def _is_from_here(request: HttpRequest) -> bool:
    """A browser says which page sends it; programs and sandboxed frames say none, and have our token all the same."""
    origin = request.headers.get("Origin", "null")
    return origin == "null" or rules.origin_of(origin) in (f"{request.scheme}://{request.get_host()}".lower(), _base())


def _base() -> str:
    return rules.origin_of(settings.BASE_URL)


def _sent(request: HttpRequest, filled: EntryForm) -> Sent:
    given = {name: request.GET.get(name, "") for name in rules.SOURCES}
    framed = "embed" in request.GET
    came = filled.cleaned_data["referrer"]
    if framed and not given["page"]:  # a frame without our script: the browser has said which page it is on
        given["page"] = came
    elif not framed:
        given["page"], given["referrer"] = request.build_absolute_uri(request.path), given["referrer"] or came
    return Sent(
        filled.number, filled.answers, filled.said, filled.agreed, filled.brought, rules.source_of(given),
        FormEntry.Door.FRAME if framed else FormEntry.Door.PAGE, filled.suspicion, _is_test(request),
    )  # fmt: skip


def _is_test(request: HttpRequest) -> bool:
    """Only one of ours who may set forms can try one."""
    return "test" in request.GET and allows(request.user, "manage_settings")


def _onward(request: HttpRequest, shown: PublicForm) -> HttpResponse:
    """To the thanks, or to the page that the admin named; in a frame our script leads there."""
    if shown.goes_to and "embed" not in request.GET:
        return _framable(HttpResponseRedirect(shown.goes_to), shown)
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return _framable(HttpResponseRedirect(reverse("public_forms:thanks", args=[shown.slug]) + query), shown)


@login_not_required
@require_safe
def thanks(request: HttpRequest, slug: str) -> HttpResponse:
    shown = get_object_or_404(PublicForm, slug=slug)
    context = _standing(request, shown) | {"words": as_html(shown.thanks)}
    return _framable(render(request, "crm/forms/public/thanks.html", context), shown)


@login_not_required
@require_safe
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """The script that other pages load; it is the same for all forms, and finds its form by its own address."""
    get_object_or_404(PublicForm, slug=slug)
    answer = render(request, "crm/forms/public/embed.js", content_type="text/javascript; charset=utf-8")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # it holds nothing of anybody's
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


def _page(
    request: HttpRequest, shown: PublicForm, filled: EntryForm, alarm: str = "", status: int = 200
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = _standing(request, shown) | {
        "form": filled, "alarm": alarm, "words": as_html(shown.intro), "lost": bool(request.FILES),
        "test": _is_test(request),
    }  # fmt: skip
    return _framable(render(request, "crm/forms/public/form.html", context, status=status), shown)


def _standing(request: HttpRequest, shown: PublicForm) -> dict[str, Any]:
    """Whether it stands in a frame, and whose page our script may speak to: one that the form names, or our own."""
    framed, parent = "embed" in request.GET, rules.origin_of(request.GET.get("page", ""))
    context: dict[str, Any] = {"shown": shown, "framed": framed, "query": request.GET.urlencode()}
    context["parent"] = parent if framed and parent in (*shown.origins, _base()) else ""
    if framed:
        theme = request.GET.get("theme", "")
        context["theme"] = theme if theme in _THEMES else ""
    return context


def _framable(answer: HttpResponse, shown: PublicForm) -> HttpResponse:
    """Pages that the form names may show it in a frame; others may not. It may lead where its admin said."""
    policy = dict(settings.SECURE_CSP)
    if shown.goes_to:
        policy["form-action"] = [CSP.SELF, rules.origin_of(shown.goes_to)]
    if shown.origins:
        policy["frame-ancestors"] = [CSP.SELF, *shown.origins]
        answer.xframe_options_exempt = True  # type: ignore[attr-defined]  # browsers that know no frame-ancestors are gone
    answer._csp_config = policy  # type: ignore[attr-defined]
    return answer
