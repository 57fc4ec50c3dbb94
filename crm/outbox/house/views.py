"""One place for what holds of all mail, and for stopping what is automatic; and what one person hears."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.accounts.models import Contact
from crm.history.actions import act
from crm.outbox import policy, pressure
from crm.outbox.actions import gate_closed
from crm.outbox.house.forms import RestForm, SendingForm, SwitchForm
from crm.outbox.models import MailPolicy, Switch
from crm.outbox.public_views import page_of
from crm.team.permissions import demand, requires
from crm.team.viewer import viewer_of
from crm.web import clock, standing
from crm.web.faults import first_fault
from crm.web.returning import next_url
from crm.web.toasts import toast

CHANGED = "mail.limits_changed"


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_mail")
def sending(request: HttpRequest) -> HttpResponse:
    """Caps, quiet hours and rests; and above them the switches."""
    now, row = clock.now(), MailPolicy.the_only()
    form = SendingForm(request.POST if request.method == "POST" else None, instance=row)
    if form.is_valid():
        # With the gate closed: no letter leaves by the old rules after this.
        with gate_closed() as held, act(CHANGED, "changed the rules of mail", viewer_of(request), now) as made:
            made.detail = {"before": {name: str(getattr(held, name)) for name in form.cleaned_data}}
            for name, value in form.cleaned_data.items():
                setattr(held, name, value)
            held.save(update_fields=[*form.cleaned_data])
        toast(request, "Saved. It holds from the next mail on.")
        return redirect("sending:settings")
    thrown = {one.scope: one for one in Switch.objects.filter(scope__in=SwitchForm.SCOPES).select_related("thrown_by")}
    context: dict[str, Any] = {
        "form": form,
        "switches": [
            {"scope": scope, "label": label, "what": what, "thrown": thrown.get(scope)}
            for scope, (label, what) in SwitchForm.SCOPES.items()
        ],
    }
    return render(request, "crm/outbox/house/settings.html", context, status=422 if form.errors else 200)


@require_POST
@requires("manage_mail")
def stopping(request: HttpRequest) -> HttpResponse:
    """Stop one of them at once, for a reason; or with `lift` let it go on."""
    admin, now, back = viewer_of(request), clock.now(), next_url(request, reverse("sending:settings"))
    scope = request.POST.get("lift", "")
    if scope:
        if scope in SwitchForm.SCOPES and policy.lift(scope, now, admin):
            toast(request, "It goes on. What has become too late meanwhile is skipped.")
        else:
            toast(request, "It was not stopped any more.", level=messages.ERROR)
        return redirect(back)
    form = SwitchForm(request.POST)
    if form.is_valid():
        policy.throw(form.cleaned_data["scope"], form.cleaned_data["reason"], now, admin)
        toast(request, f"{SwitchForm.SCOPES[form.cleaned_data['scope']][0]}: stopped.")
    else:
        toast(request, first_fault(form), level=messages.ERROR)
    standing.forget()
    return redirect(back)


@require_POST
def resting(request: HttpRequest, pk: int) -> HttpResponse:
    """Let automation leave somebody alone until a day, or with `lift` write to them again; with a reason."""
    viewer, now = viewer_of(request), clock.now()
    contact = get_object_or_404(Contact.objects.visible_to(viewer), pk=pk)
    demand(viewer, "edit")
    try:
        if "lift" in request.POST:
            lifted = pressure.lift(contact, request.POST.get("reason", "")[:150], viewer, now)
            toast(request, "Automation may write to them again." if lifted else "It did not rest any more.")
        else:
            form = RestForm(request.POST)
            if not form.is_valid():
                raise ValueError(first_fault(form))
            pressure.let_rest(contact, form.moment(), form.cleaned_data["reason"], viewer, now)
            toast(request, f"Automation leaves {contact} alone.")
    except ValueError as error:
        toast(request, str(error), level=messages.ERROR)
    return redirect(next_url(request, contact.get_absolute_url()))


@require_GET
def wishes(request: HttpRequest, pk: int) -> HttpResponse:
    """The page at the foot of a person's mail as they see it; nothing can be changed from here."""
    contact = get_object_or_404(Contact.objects.visible_to(request.user).select_related("account"), pk=pk)
    context = page_of(contact, clock.now()) | {"preview": True, "said": ""}
    return render(request, "crm/outbox/unsubscribe.html", context)
