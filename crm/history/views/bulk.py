"""A bulk action: what will happen to how many rows, then that it happened, with the way back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from crm.history import rules
from crm.history.bulk.acting import Refused, begin, form_of, may
from crm.history.bulk.choosing import Chosen, chosen_by
from crm.history.models import Act, Run
from crm.history.toasts import undoable
from crm.slots import BulkAction, bulk_actions, filter_subjects, lists
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast


@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: HttpRequest, subject: str, name: str) -> HttpResponse:
    """Asks first: a POST without `confirmed` changes nothing, since a browser cannot GET five hundred ids."""
    viewer, now, action = viewer_of(request), clock.now(), bulk_actions.get(f"{subject}.{name}")
    if action is None:
        raise Http404("There is no such bulk action.")
    demand(viewer, action.right)
    if not may(viewer, action):
        raise Http404("This bulk action is not yours.")
    sent = request.POST if request.method == "POST" else request.GET
    try:
        chosen = chosen_by(sent, subject, viewer, now)
    except ValueError as error:
        return _refused(request, subject, sent, str(error))
    if not chosen.count:
        return _refused(request, subject, sent, "Nothing is chosen that you may change. Choose rows first.")
    if request.method != "POST" or "confirmed" not in sent:
        return _asks(request, action, chosen, form_of(action, viewer), sent)
    form = form_of(action, viewer, dict(sent.lists()))
    if form is not None and not form.is_valid():
        return _asks(request, action, chosen, form, sent)
    try:
        deed = begin(f"{subject}.{name}", chosen, form, viewer, now)
    except Refused as refusal:
        return _refused(request, subject, sent, str(refusal))
    if Run.objects.filter(act=deed).exists():
        return done(request, reverse("history:act", args=[deed.pk]))
    undoable(request, deed, _said(deed, chosen.count))
    return done(request, _list(subject, sent))


def _said(deed: Act, chosen: int) -> str:
    """“You assigned 23 customers to Mira. 2 were so already.”"""
    same = chosen - deed.detail["changed"]
    if same == chosen:
        return f"Nothing changed: {f'all {chosen:,} were' if chosen > 1 else 'it was'} so already."
    return f"You {deed.label}.{f' {same:,} {"was" if same == 1 else "were"} so already.' if same > 0 else ''}"


def _asks(request: HttpRequest, action: BulkAction, chosen: Chosen, form: Any, sent: QueryDict) -> HttpResponse:
    names = chosen.names()
    context = {
        "action": action, "form": form, "chosen": chosen, "names": names, "others": chosen.count - len(names),
        "number": rules.number_of(chosen.count, action.subject), "slow": chosen.count > rules.AT_ONCE,
    }  # fmt: skip
    status = 422 if form is not None and form.is_bound else 200
    heading = f"{action.label} · {rules.number_of(chosen.count, action.subject)}"
    return dialog(
        request, "crm/history/bulk.html", context, heading=heading, back=_list(action.subject, sent), status=status
    )


def _refused(request: HttpRequest, subject: str, sent: QueryDict, why: str) -> HttpResponse:
    toast(request, why, level=messages.ERROR)
    return done(request, _list(subject, sent))


def _list(subject: str, sent: QueryDict) -> str:
    """The list as it was when the rows were chosen."""
    asked = QueryDict(sent.get("asked", "") or sent.get("list", ""))
    if subject in lists:
        return lists[subject].address(asked)
    return reverse(filter_subjects[subject].list_url)
