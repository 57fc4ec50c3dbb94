"""Lists as files: which columns, and the file itself. A GET shows the form; a POST lets the file leave, audited."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from crm import slots
from crm.accounts.models import Account
from crm.imports.actions.exporting import SUBJECTS, stream
from crm.imports.attachments import attached
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.timeline.models import TimelineEntry
from crm.web import clock

#: Chosen rows that one form carries.
_MOST_IDS = 10_000

_form = require_http_methods(["GET", "HEAD", "POST"])


@_form
@requires("export")
def export(request: HttpRequest, subject: str) -> HttpResponseBase:
    """The rows of a list: those chosen (`ids`), or all that its address asks for (`query`)."""
    if subject not in SUBJECTS or subject == "entry":
        raise Http404("There is no such list.")
    given = request.POST if request.method == "POST" else request.GET
    # The bar below a list sends the chosen rows, or that all of them are meant, and the list's address as `asked`.
    ids = [] if given.get("all") else _ids(given)
    sent = given.get("query", given.get("asked"))
    asked = _of_the_list(given) if sent is None else QueryDict(sent)
    rows = _rows(request, subject, asked, ids)
    if request.method == "POST" and "download" in given:
        detail: dict[str, Any] = {"chosen": len(ids)} if ids else {"list": asked.urlencode()}
        return _file(request, subject, rows, detail, f"{subject}s")
    return _page(request, subject, {"query": asked.urlencode(), "ids": ids, "total": _total(rows, ids)})


@_form
@requires("export")
def export_timeline(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Everything that happened to one customer."""
    viewer = viewer_of(request)
    account = get_object_or_404(Account.objects.visible_to(viewer), pk=pk)
    rows = TimelineEntry.objects.visible_to(viewer).filter(account=account)
    if request.method == "POST":
        return _file(request, "entry", rows, {"account": account.pk}, f"timeline-{account.pk}")
    return _page(request, "entry", {"account": account, "total": _total(rows, [])})


def _of_the_list(given: QueryDict) -> QueryDict:
    """The list's own parameters, without what belongs to this form."""
    asked = given.copy()
    for name in ("ids", "all", "columns", "csrfmiddlewaretoken", "download", "cursor"):
        asked.pop(name, None)
    return asked


def _ids(given: QueryDict) -> list[int]:
    texts = [text for part in given.getlist("ids") for text in part.split(",") if text.strip()]
    if len(texts) > _MOST_IDS or not all(text.isascii() and text.isdecimal() and len(text) < 19 for text in texts):
        raise BadRequest("These rows cannot be exported one by one. Choose all that match instead.")
    return [int(text) for text in texts]


def _rows(request: HttpRequest, subject: str, asked: QueryDict, ids: list[int]) -> Any:
    viewer = viewer_of(request)
    if not ids and (listed := slots.lists.get(subject)):
        try:
            return listed.rows(asked, viewer, clock.now())
        except ValueError as error:
            raise BadRequest(str(error)) from error
    visible = SUBJECTS[subject].model.objects.visible_to(viewer)
    return visible.filter(pk__in=ids) if ids else visible


#: Rows are counted up to here.
_COUNTED = 10_000


def _total(rows: Any, ids: list[int]) -> int:
    """How many rows the file will have; _COUNTED + 1 for more."""
    return len(ids) or rows.order_by()[: _COUNTED + 1].count()


def _page(request: HttpRequest, subject: str, context: dict[str, Any]) -> HttpResponseBase:
    exported = SUBJECTS[subject]
    more = f"more than {_COUNTED:,} {exported.noun[1]}"
    context |= {
        "exported": exported, "subject": subject, "columns": exported.columns.items(),
        "many": exported.words(context["total"]) if context["total"] <= _COUNTED else more,
    }  # fmt: skip
    return render(request, "crm/imports/export.html", context)


def _file(
    request: HttpRequest, subject: str, rows: Any, detail: dict[str, Any], name: str
) -> StreamingHttpResponse:  # fmt: skip
    known = SUBJECTS[subject].columns
    chosen = [column for column in known if column in request.POST.getlist("columns")] or list(known)
    now = clock.now()
    lines = stream(subject, rows, chosen, viewer_of(request), now, detail)
    return attached(lines, name, now)
