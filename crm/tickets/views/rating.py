"""The one question after a solving. Opening the page changes nothing, whatever its address says; people post to it."""

from __future__ import annotations

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.tickets import rating as verbs
from crm.tickets.rules.rating import LONGEST_COMMENT, SCORES
from crm.web import clock


class RatingForm(forms.Form):
    score = forms.TypedChoiceField(
        choices=SCORES, coerce=int, widget=forms.RadioSelect, error_messages={"required": "Choose one of the five."}
    )
    comment = forms.CharField(
        required=False, max_length=LONGEST_COMMENT, label="Would you like to add anything?",
        widget=forms.Textarea({"rows": 4}),
    )  # fmt: skip


@csrf_exempt  # the token is the proof, and whoever comes from a mail brings no cookie
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    found, now = verbs.of_token(token), clock.now()
    if found is None:
        return render(request, "crm/tickets/no_such_rating.html", status=404)
    open_to_change = verbs.may_change(found, now)
    chosen = request.GET.get("score", "")
    first = {"score": found.score or (chosen if chosen in "12345" else ""), "comment": found.comment}
    form = RatingForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and open_to_change and form.is_valid():
        try:
            verbs.answer(found, form.cleaned_data["score"], form.cleaned_data["comment"], now)
        except verbs.NotTaken as error:
            form.add_error(None, str(error))
        else:
            return redirect(request.path)
    wrong = request.method == "POST"
    context = {"rating": found, "form": form, "may_change": open_to_change}
    return render(request, "crm/tickets/rate.html", context, status=422 if wrong else 200)
