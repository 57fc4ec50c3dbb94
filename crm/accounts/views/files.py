"""A customer's folder: put a file in, take it out, fetch it. Nothing of it is reachable without passing the gate."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.accounts import sniffing
from crm.accounts.actions import files
from crm.accounts.forms import FileForm
from crm.accounts.models import Account, AccountFile
from crm.accounts.views.profile import tabs
from crm.accounts.views.reaching import account_of
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.templatetags import ui
from crm.web import clock
from crm.web.keeping import to_keep
from crm.web.toasts import toast

#: Files that a folder shows; older ones are found through the timeline.
SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
def folder(request: HttpRequest, pk: int) -> HttpResponse:
    """The files of a customer, and a place to add one."""
    account = account_of(request, pk)
    if request.method == "POST":
        answer: HttpResponse = _put(request, account)
        return answer
    return _folder(request, account)


@requires("edit")
def _put(request: HttpRequest, account: Account) -> HttpResponse:
    form = FileForm(request.POST, request.FILES)
    limit = settings.FILE_SIZE_LIMIT
    if form.is_valid() and form.cleaned_data["file"].size > limit:
        size, most = filesizeformat(form.cleaned_data["file"].size), filesizeformat(limit)
        form.add_error("file", f"This file has {size}; {most} is the most. Make it smaller, or link to it in a note.")
    if not form.is_valid():
        return _folder(request, account, form)
    kept = files.put(account, form.cleaned_data["file"], viewer_of(request), clock.now())
    toast(request, f"{kept.name} is in the folder.")
    return redirect("accounts:files", account.pk)


def _folder(request: HttpRequest, account: Account, form: FileForm | None = None) -> HttpResponse:
    rows = account.files.visible_to(request.user).kept().select_related("added_by").order_by("-added_at", "-id")
    context: dict[str, Any] = {
        "account": account, "tabs": tabs(account.pk), "tab": "files", "form": form or FileForm(),
        "limit": settings.FILE_SIZE_LIMIT,
        "lines": [
            {
                "name": row.name, "url": reverse("accounts:file", args=[account.pk, row.pk]),
                "delete": reverse("accounts:file_deletion", args=[account.pk, row.pk]),
                "about": f"{sniffing.words(row.content_type)}, {filesizeformat(row.size)}",
                "icon": "image" if row.content_type.startswith("image/") else "file-text",
                "by": str(row.added_by or ""), "at": ui.ago(row.added_at),
            }
            for row in rows[:SHOWN]
        ],
    }  # fmt: skip
    part = "#story" if request.htmx and form is None else ""  # type: ignore[attr-defined]
    answer = render(request, f"crm/accounts/files.html{part}", context, status=422 if form else 200)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@require_safe
def file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponseBase:
    """The bytes, always as something to keep."""
    row = _file(AccountFile.objects.visible_to(request.user).kept(), pk, file_pk)
    return to_keep(row)


@require_POST
@requires("edit")
def deletion(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    row = _file(AccountFile.objects.visible_to(request.user), pk, file_pk)
    if files.delete(row, viewer_of(request), clock.now()):
        toast(request, f"{row.name} is deleted.", undo=reverse("accounts:file_restoration", args=[pk, file_pk]))
    else:
        toast(request, f"{row.name} was deleted already. Nothing changed.", level=messages.INFO)
    return redirect("accounts:files", pk)


@require_POST
@requires("edit")
def restoration(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    row = _file(AccountFile.objects.visible_to(request.user), pk, file_pk)
    if files.put_back(row, viewer_of(request), clock.now()):
        toast(request, f"{row.name} is back in the folder.")
    else:
        toast(request, f"{row.name} is in the folder, or has been deleted for too long.", level=messages.INFO)
    return redirect("accounts:files", pk)


def _file(visible: Any, pk: int, file_pk: int) -> AccountFile:
    found: AccountFile = get_object_or_404(visible, pk=file_pk, account_id=pk)
    return found
