"""New tasks: by the form, and from one line."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from crm.accounts.models import Account
from crm.accounts.naming import customers_like
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.todos import bulk, rules
from crm.todos.forms import NewTaskForm
from crm.todos.models import Task
from crm.todos.quick import QuickTask, understood
from crm.todos.views.changing import back, refused, undo_of
from crm.web import clock
from crm.web.toasts import toast


@require_http_methods(["GET", "POST"])
def new_task(request: HttpRequest) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    if request.method == "POST":
        form = NewTaskForm(request.POST, viewer=viewer)
        if form.is_valid():
            token = bulk.make(form.task(now), viewer, now)
            made = _made(form.cleaned_data["title"], form.cleaned_data["customer"])
            toast(request, made, undo=undo_of(token, request))
            return redirect(back(request))
        return render(request, "crm/todos/new.html", {"form": form, "next": back(request)}, status=422)
    due = rules.tomorrow_morning(now, viewer.zone).astimezone(viewer.zone)
    initial = {
        "due_on": due.date(), "due_time": due.time(), "owner": viewer, "customer": _customer(request, viewer),
        "kind": request.GET.get("kind", ""), "title": request.GET.get("title", "")[:200],
    }  # fmt: skip
    return render(
        request, "crm/todos/new.html", {"form": NewTaskForm(initial=initial, viewer=viewer), "next": back(request)}
    )


def _customer(request: HttpRequest, viewer: User) -> str:
    """As the form writes the customer of `?account=`; nothing for one that the viewer may not see."""
    number = request.GET.get("account", "")
    account = (
        Account.objects.visible_to(viewer).filter(pk=number).first()
        if number.isdecimal() and len(number) <= 18
        else None
    )
    return f"{account.name} #{account.pk}" if account else ""


@require_GET
def customers(request: HttpRequest) -> HttpResponse:
    """Options for the form's customer field."""
    names = customers_like(request.GET.get("customer", ""), viewer_of(request))
    return render(request, "crm/todos/customers.html", {"names": names})


@require_http_methods(["GET", "POST"])
def quick(request: HttpRequest) -> HttpResponse:
    """A GET shows what the line would become, a POST makes it."""
    viewer, now = viewer_of(request), clock.now()
    made = understood((request.POST or request.GET).get("line", ""), viewer, now)
    if request.method == "GET":
        context = {"made": made and _shown(made, viewer, now)}
        return render(request, "crm/todos/quick.html", context)
    if made is None:
        return refused(request, "Write what is to be done, such as “call Kelp tomorrow 10:00”.")
    token = bulk.make(made.task(viewer), viewer, now)
    title = f"{made.line.title}, {rules.due_words(made.line.due_at, now, viewer.zone)}"
    toast(request, _made(title, made.account and made.account[1]), undo=undo_of(token, request))
    return redirect(back(request))


def _made(title: str, customer: Any) -> str:
    """With the customer it is about, so that a wrong guess is seen while it can still be undone."""
    return f"Task made for {customer}: {title}" if customer else f"Task made: {title}"


def _shown(made: QuickTask, viewer: User, now: Any) -> dict[str, Any]:
    return {
        "title": made.line.title, "icon": Task.ICONS[made.line.kind], "doubt": made.doubt,
        "account": made.account and made.account[1], "due": rules.due_words(made.line.due_at, now, viewer.zone),
        "repeats": made.line.repeat.words if made.line.repeat else "",
    }  # fmt: skip
