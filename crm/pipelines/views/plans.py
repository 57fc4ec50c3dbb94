"""The plan for a key account: where the customer is to be, who decides it, what stands in the way, what is next."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.accounts.models import Account, Contact
from crm.accounts.views.reaching import account_of
from crm.history.toasts import undoable
from crm.pipelines.actions import plans
from crm.pipelines.forms.plans import KeyPlanForm
from crm.pipelines.models import Deal, KeyAccountPlan, Outcome
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.todos.models import Task
from crm.web import clock
from crm.web.addresses import address
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast

#: So many tasks, deals and people stand beside it.
_LINES = 8


def _plan_of(request: HttpRequest, account: Account) -> KeyAccountPlan | None:
    rows = KeyAccountPlan.objects.visible_to(request.user).filter(account=account)
    return rows.select_related("written_by").first()


@require_safe
@requires("view")
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    account, viewer = account_of(request, pk), viewer_of(request)
    people = Contact.objects.visible_to(viewer).filter(account=account).exclude(roles=[])
    tasks = Task.objects.visible_to(viewer).filter(account=account).open().for_list().order_by("due_at", "id")
    deals = Deal.objects.visible_to(viewer).filter(account=account, outcome=Outcome.OPEN).select_related("stage")
    row = _plan_of(request, account)
    today = clock.today()
    context = {
        "account": account, "plan": row, "may_work": allows(viewer, "deals"), "here": address_of(pk),
        "due": bool(row and row.review_on and row.review_on <= today),
        "late": bool(row and row.aimed_on and row.aimed_on < today),
        "people": sorted(people.order_by("-is_primary", "pk")[:_LINES], key=_weight),
        "tasks": tasks[:_LINES], "deals": deals.order_by("-value", "-id")[:_LINES],
        "history": f"{account.get_absolute_url()}history/",
    }  # fmt: skip
    return render(request, "crm/pipelines/key_plan.html", context)


def address_of(pk: int) -> str:
    return address("pipelines:key_plan", pk)


def _weight(person: Contact) -> int:
    """Who decides and pays before all others."""
    order: list[str] = [Contact.Role.DECIDES, Contact.Role.PAYS, Contact.Role.BLOCKS, Contact.Role.CHAMPION]
    return min((order.index(role) for role in person.roles if role in order), default=len(order))


@require_http_methods(["GET", "HEAD", "POST"])
@requires("deals")
def writing(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the plan, or change it; not over what somebody else has written meanwhile."""
    account, viewer = account_of(request, pk), viewer_of(request)
    row = _plan_of(request, account)
    first: dict[str, Any] = {"version": row.version if row else ""} | ({} if row else _known(account))
    form = KeyPlanForm(request.POST if request.method == "POST" else None, instance=row, initial=first)
    context: dict[str, Any] = {"form": form, "account": account}
    if form.is_valid():
        try:
            seen = form.cleaned_data["version"]
            _, deed = plans.write_plan(pk, form.values(), viewer, clock.now(), seen=seen)
        except plans.PlanMovedError as moved:
            form.add_error(None, f"{moved} What you wrote stands below; save again to put it in its place.")
            form.data = form.data.copy()  # type: ignore[attr-defined]
            form.data["version"] = moved.plan.version if moved.plan else ""  # type: ignore[index]
            context["theirs"] = moved.plan
        else:
            if deed:
                undoable(request, deed, f"The plan for {account} is written.")
            return done(request, address_of(pk))
    status = 422 if form.is_bound else 200
    heading = f"Plan for {account}"
    return dialog(request, "crm/pipelines/key_plan_form.html", context, heading=heading, back=address_of(pk),
                  status=status)  # fmt: skip


def _known(account: Account) -> dict[str, Any]:
    """What a new plan begins with: where the customer is now, and the goal that they named."""
    running = account.contracts.filter(status__in=("paid", "paused")).order_by("-created_at").first()
    return {"goal": account.goal, "mrr_now": account.mrr or None, "from_plan": running.plan if running else ""}


@require_POST
@requires("deals")
def dropping(request: HttpRequest, pk: int) -> HttpResponse:
    """It is no key account any more."""
    account = account_of(request, pk)
    deed = plans.drop_plan(pk, viewer_of(request), clock.now())
    if deed:
        undoable(request, deed, f"The plan for {account} is dropped.")
    else:
        toast(request, "There was no plan any more.", level=messages.INFO)
    return redirect(address_of(pk))
