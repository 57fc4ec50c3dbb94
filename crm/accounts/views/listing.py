"""The list of customers: searched, filtered, sorted, a keyset page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from crm.accounts import filterbar
from crm.accounts.models import Account
from crm.segments.filters import Filter, FilterError
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.templatetags import ui
from crm.web import clock
from crm.web.pagination import BadCursor, Page, Sort, keyset_page
from crm.web.patience import answers_or_asks_to_narrow

PAGE_SIZE = 50
#: Beyond it a total is said, not counted.
COUNTED = 1000


@dataclass(frozen=True)
class Column:
    """A way to sort. Each is one range of one index, so each goes one way only where values may be missing."""

    label: str
    sort: Sort


SORTS = {
    "name": Column("Name", Sort("name_key")),
    "-name": Column("Name, backwards", Sort("name_key", descending=True)),
    "owner": Column("By owner", Sort("owner_id", groups=lambda: User.objects.order_by(Lower("name"), "id"))),
    "-mrr": Column("Highest MRR", Sort("mrr", descending=True)),
    "mrr": Column("Lowest MRR", Sort("mrr")),
    "renewal": Column("Renews soonest", Sort("renews_on", nullable=True)),
    "silence": Column("Silent longest", Sort("silent_since", nullable=True)),
    "-created": Column("Newest", Sort("created_at", descending=True)),
}
DEFAULT_SORT = "name"
#: Parameters that leave fewer rows.
NARROWING = ("q", "owner", "lifecycle", "tag", "f")
#: Parameters of the bar's form, which turns into `f`.
FORM_FIELDS = ("add", "field", "argument", "op", "value", "value_to")


@require_GET
@vary_on_headers("HX-Request")
@answers_or_asks_to_narrow(*NARROWING)
def account_list(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only its rows."""
    if "add" in request.GET:
        try:
            return _with_condition(request)
        except FilterError as error:
            return _listed(request, refused=error)
    return _listed(request)


def _with_condition(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    kept = asked.copy()
    for name in (*FORM_FIELDS, "cursor"):
        kept.pop(name, None)
    kept["f"] = filterbar.added(asked.get("f", ""), asked)
    return redirect(f"{request.path}?{kept.urlencode()}")


def _listed(request: HttpRequest, refused: FilterError | None = None) -> HttpResponse:
    asked = request.GET
    chosen: Filter | None = None
    try:
        chosen = filterbar.read(asked.get("f", ""))
    except FilterError as error:
        refused = error
    # An address whose filter cannot be read shows nothing rather than everything.
    rows = _rows(request, chosen) if chosen else Account.objects.none().for_list()
    sort = asked.get("sort") or DEFAULT_SORT
    if sort not in SORTS:
        raise Http404("There is no such order.")
    column = SORTS[sort]
    try:
        page = keyset_page(rows, column.sort, asked.get("cursor"), PAGE_SIZE)
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    context: dict[str, Any] = {"page": page, "lines": [_line(account) for account in page.rows]}
    if request.htmx and "cursor" in asked:  # the next rows, added to those on the page
        return render(request, "crm/accounts/list.html#rows", context)
    context |= _around(request, chosen, sort)
    context["total"] = _total(request, rows, page)
    context["refused"] = f"{refused.place} {refused.message}".strip() if refused else ""
    return render(request, "crm/accounts/list.html", context, status=400 if refused else 200)


def _line(account: Account) -> dict[str, Any]:
    """What the table says about one of its many rows: a dict, since a template looks up nothing as quickly."""
    return {
        "url": account.get_absolute_url(), "avatar": ui.avatar(account.name, "square"), "name": account.name,
        "second": account.second_line, "owner": account.owner and str(account.owner),
        "owner_avatar": account.owner and ui.avatar(account.owner, "small"),
        "tone": account.lifecycle_tone, "lifecycle": account.lifecycle_label,
        "mrr": account.mrr and ui.money(account.mrr), "renews": ui.day(account.renews_on),
        "seen": ui.ago(account.last_seen_at),
    }  # fmt: skip


def _rows(request: HttpRequest, chosen: Filter) -> Any:
    asked, viewer = request.GET, viewer_of(request)
    rows = Account.objects.visible_to(viewer).for_list()
    if text := asked.get("q", "").strip().replace("\0", ""):
        rows = rows.called(text)
    match asked.get("owner", ""):
        case "me":
            rows = rows.filter(owner=viewer)
        case "nobody":
            rows = rows.filter(owner=None)
        case number if number.isascii() and number.isdecimal() and len(number) < 19:
            rows = rows.filter(owner=int(number))
        case unknown if unknown:
            raise Http404("There is no such owner.")
    if lifecycle := asked.get("lifecycle"):
        if lifecycle not in Account.Lifecycle:
            raise Http404("There is no such lifecycle.")
        rows = rows.filter(lifecycle=lifecycle)
    if tag := asked.get("tag", "").strip().replace("\0", ""):
        rows = rows.filter(tags__contains=[tag])
    return chosen.apply(rows, clock.now())


def _around(request: HttpRequest, chosen: Filter | None, sort: str) -> dict[str, Any]:
    """What stands above the rows."""
    asked, viewer = request.GET, viewer_of(request)
    people = list(User.objects.filter(is_active=True).exclude(pk=viewer.pk).order_by("name", "id"))
    return {
        "filtered": _filtered(request),
        "sorts": [(name, column.label) for name, column in SORTS.items()],
        "sort": sort,
        "sort_label": SORTS[sort].label,
        "people": people,
        "owner_label": _owner_label(asked.get("owner", ""), people),
        "lifecycles": Account.Lifecycle.choices,
        "lifecycle_label": dict(Account.Lifecycle.choices).get(asked.get("lifecycle", ""), ""),
        "chips": filterbar.chips(chosen) if chosen else [],
        "offered": filterbar.offered,  # called once in the life of the process: the form is kept
        "kept": [(name, value) for name, value in asked.items() if name not in (*FORM_FIELDS, "cursor")],
    }


def _owner_label(owner: str, people: list[User]) -> str:
    named = {"": "", "me": "Mine", "nobody": "Nobody’s"} | {str(user.pk): str(user) for user in people}
    return named.get(owner, "somebody who has left" if owner.isdecimal() else "")


def _filtered(request: HttpRequest) -> bool:
    return any(request.GET.get(name) for name in NARROWING)


def _total(request: HttpRequest, rows: Any, page: Page[Account]) -> str:
    """“1 account”, “142 accounts”; above a thousand an estimate, or that there are more."""
    alone = page.next is None and "cursor" not in request.GET
    whole = not alone and not _filtered(request) and viewer_of(request).sees_everything
    about = Account.objects.about() if whole else 0
    if about > 2 * COUNTED:  # so many that nobody has to look whether there are a thousand
        return f"about {_round(about):,} accounts"
    count = len(page.rows) if alone else rows.order_by()[: COUNTED + 1].count()
    if count <= COUNTED:
        return f"{count} account{'' if count == 1 else 's'}"
    return f"about {_round(about):,} accounts" if about > COUNTED else f"more than {COUNTED:,} accounts"


def _round(number: int) -> int:
    """To two figures: an estimate should not look exact."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return int(round(number / step) * step)
