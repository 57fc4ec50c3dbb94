"""The pages of duplicates: pairs to look at, a merge to decide, and the word below a form that is just being filled."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from crm.accounts.matching.finding import like_account, like_contact
from crm.accounts.models import Account
from crm.duplicates import merging, rules, sides
from crm.duplicates.models import PAIRS, RECORDS
from crm.history.toasts import undoable
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast

SIZE = 20
#: More pairs than this are not counted.
MOST = 1_000
#: That many records are offered to merge with.
OFFERED = 10


@require_GET
@vary_on_headers("HX-Request")
@requires("merge")
def pair_list(request: HttpRequest) -> HttpResponse:
    """Pairs, the strongest first; for htmx with a cursor only the next ones."""
    subject = request.GET.get("of", "account")
    if subject not in PAIRS:
        raise Http404
    viewer, now = viewer_of(request), clock.now()
    waiting = {name: model.objects.visible_to(viewer).waiting(now) for name, model in PAIRS.items()}
    rows = waiting[subject].select_related(*sides.JOINED[subject])
    try:
        page = keyset_page(rows, Sort("strength", descending=True), request.GET.get("cursor"), SIZE)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    context = {"subject": subject, "pairs": [_shown(pair) for pair in page.rows], "next": page.next}
    if request.htmx:
        return render(request, "crm/duplicates/list.html#pairs", context)
    tabs = [{"name": name, "label": _LABELS[name], "count": _counted(rows)} for name, rows in waiting.items()]
    return render(request, "crm/duplicates/list.html", context | {"tabs": tabs})


_LABELS = {"account": "Accounts", "contact": "Contacts"}


def _counted(rows: Any) -> str:
    found = rows[: MOST + 1].count()
    return "none" if not found else f"more than {MOST:,}" if found > MOST else f"{found:,}"


def _shown(pair: Any) -> dict[str, Any]:
    return {"pair": pair, "subject": pair.subject, "sides": sides.beside(pair.first, pair.second)}


@require_POST
@requires("merge")
def keep_apart(request: HttpRequest, subject: str, pk: int) -> HttpResponse:
    """They are two: nobody is asked about them again, until somebody takes it back."""
    return _decide(request, subject, pk, "They are two. Nobody is asked about them again.",
                   apart_at=clock.now(), apart_by=request.user)  # fmt: skip


@require_POST
@requires("merge")
def put_off(request: HttpRequest, subject: str, pk: int) -> HttpResponse:
    words = f"Put off for {rules.PUT_OFF.days // 7} weeks."
    return _decide(request, subject, pk, words, put_off_until=clock.now() + rules.PUT_OFF)


@require_POST
@requires("merge")
def ask_again(request: HttpRequest, subject: str, pk: int) -> HttpResponse:
    """Take back what was said about a pair: it stands in the list again."""
    return _decide(request, subject, pk, "", apart_at=None, apart_by=None, put_off_until=None)


def _decide(request: HttpRequest, subject: str, pk: int, words: str, **fields: Any) -> HttpResponse:
    """`words` say what became of the pair; blank: it waits for a decision as before."""
    model = PAIRS[subject]
    rows = model.objects.visible_to(request.user)
    pair = get_object_or_404(rows.select_related(*sides.JOINED[subject]), pk=pk)
    model.objects.filter(pk=pair.pk).update(**fields)
    if not request.htmx:
        back = reverse("duplicates:again", args=[subject, pk]) if words else ""
        toast(request, words or "It is in the list again.", undo=back)
        return redirect(f"{reverse('duplicates:list')}?of={subject}")
    part = "decided" if words else "pair"
    return render(request, f"crm/duplicates/pair.html#{part}", {"row": _shown(pair), "words": words})


@require_GET
@requires("merge")
def choose(request: HttpRequest, subject: str, pk: int) -> HttpResponse:
    """With whom to merge a record: those that look like it, and those that a search finds."""
    record = _record(request, subject, pk)
    asked = request.GET.get("q", "").strip().replace("\0", "")
    alike = [] if asked else [
        {"record": match.record, "why": match.reason} for match in _like(request, subject, record)
    ]  # fmt: skip
    found = [{"record": row, "why": ""} for row in _called(request, subject, asked, pk)] if asked else alike
    context = {"record": record, "subject": subject, "found": found, "asked": asked}
    return render(request, "crm/duplicates/choose.html", context)


def _like(request: HttpRequest, subject: str, record: Any) -> Any:
    viewer = viewer_of(request)
    if subject == "account":
        return like_account(viewer, record.name, record.domain, record.country, record.industry, but=record.pk)
    return like_contact(viewer, record.first_name, record.last_name, record.email or "", record.phone, record.account,
                        but=record.pk)  # fmt: skip


def _called(request: HttpRequest, subject: str, text: str, but: int) -> Any:
    rows: Any = RECORDS[subject].objects.visible_to(request.user).exclude(pk=but)
    if subject == "contact":
        rows = rows.select_related("account")
    return rows.called(text).order_by("pk")[:OFFERED]


@require_http_methods(["GET", "HEAD", "POST"])
@requires("merge")
def merge(request: HttpRequest, subject: str, keeper: int, loser: int) -> HttpResponse:
    """What a merge would do, and doing it. Turned round, the other record stays."""
    keeps, goes = _record(request, subject, keeper), _record(request, subject, loser)
    if request.method != "POST":
        return _merge_page(request, subject, keeps, goes)
    chosen = {name.removeprefix("keep_"): str(side) for name, side in request.POST.items() if name.startswith("keep_")}
    try:
        made = merging.merge(subject, keeper, loser, chosen, viewer_of(request), clock.now())
    except merging.Gone as gone:
        toast(request, str(gone), level=messages.WARNING)
        return redirect(f"{reverse('duplicates:list')}?of={subject}")
    except merging.NotPossible as refused:
        return _merge_page(request, subject, keeps, goes, str(refused))
    assert made.act
    undoable(request, made.act, f"{goes} is merged into {keeps}.")
    return redirect(keeps.get_absolute_url())


def _merge_page(request: HttpRequest, subject: str, keeps: Any, goes: Any, refused: str = "") -> HttpResponse:
    until = clock.now() + rules.UNDO
    context = {
        "subject": subject, "keeper": keeps, "loser": goes, "sides": sides.beside(keeps, goes), "refused": refused,
        "preview": merging.preview(subject, keeps, goes), "until": until,
    }  # fmt: skip
    return render(request, "crm/duplicates/merge.html", context, status=409 if refused else 200)


def _record(request: HttpRequest, subject: str, pk: int) -> Any:
    rows = RECORDS[subject].objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("owner" if subject == "account" else "account"), pk=pk)


#: The fields of a form that say whom it is about.
_WATCHED = {
    "account": ("name", "domain", "country", "industry"),
    "contact": ("first_name", "last_name", "email", "phone"),
}


def _id(text: str) -> int | None:
    """A number that an id can be."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


@require_GET
def looks_like(request: HttpRequest, subject: str) -> HttpResponse:
    """Below a form that is being filled: who is there already and looks like this."""
    asked = request.GET
    but = _id(asked.get("but", ""))
    viewer = viewer_of(request)
    typed: dict[str, Any] = {name: asked.get(name, "").replace("\0", "")[:200] for name in _WATCHED[subject]}
    if subject == "account":
        found = like_account(viewer, but=but, **typed)
    else:
        account = Account.objects.visible_to(viewer).filter(pk=_id(asked.get("account", "")) or 0).first()
        found = like_contact(viewer, account=account, but=but, **typed)
    context = {"found": found, "subject": subject, "but": but, "may_merge": but and allows(viewer, "merge")}
    return render(request, "crm/duplicates/like.html", context)
